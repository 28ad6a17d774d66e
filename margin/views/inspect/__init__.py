"""What parameter, position and market data files hold, and what changed between two parameter files: plain documents.

Views decide nothing: names are looked up and rules are refused as a calculation does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from margin.model.house import HousePolicy
    from margin.model.market import MarketData
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
    from margin.resolve.contracts import ResolvedContracts
    from margin.views.inspect.lookup import Found

SCHEMA_VERSION = 1


def _document(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "kind": kind, **content}


def inspected_parameters(parameters: ParameterSet, house: HousePolicy) -> dict[str, Any]:
    """The document of kind ``parameters``."""
    from margin.views.inspect.parameters import parameters_document

    return _document("parameters", parameters_document(parameters, house))


def inspected_name(
    parameters: ParameterSet, house: HousePolicy, name: str, find: Callable[[ResolvedContracts, str], Found]
) -> dict[str, Any]:
    """The document of kind ``name``: the commodities and contracts that a name means.

    Args:
        parameters: The parameters.
        house: The house policy that a calculation would apply.
        name: The name.
        find: A function of `margin.views.inspect.lookup`.

    Raises:
        InputRefused: It means nothing.
    """
    from dataclasses import asdict

    from margin.model.document import problem_document
    from margin.resolve.contracts import resolve_contracts
    from margin.views.inspect.commodity import commodity_documents
    from margin.views.inspect.contract import contract_document
    from margin.views.inspect.refused import holdable

    contracts = resolve_contracts(parameters)
    found = find(contracts, name)
    return _document(
        "name",
        {
            "sources": [asdict(source) for source in parameters.sources],
            "name": name,
            "commodities": commodity_documents(contracts, list(found.commodities), holdable(contracts, house)),
            "contracts": [contract_document(contracts, code) for code in found.contracts],
            "problems": [problem_document(problem) for problem in parameters.problems],
        },
    )


def inspected_positions(book: PositionBook) -> dict[str, Any]:
    """The document of kind ``positions``."""
    from margin.views.inspect.positions import positions_document

    return _document("positions", positions_document(book))


def inspected_market(market: MarketData) -> dict[str, Any]:
    """The document of kind ``market``."""
    from margin.views.inspect.market import market_document

    return _document("market", market_document(market))


def inspected_house(house: HousePolicy) -> dict[str, Any]:
    """The document of kind ``house``."""
    from margin.views.inspect.house import house_document

    return _document("house", house_document(house))


def compared_parameters(before: ParameterSet, after: ParameterSet) -> dict[str, Any]:
    """The document of kind ``changes``."""
    from margin.views.inspect.changes import changes_document

    return _document("changes", changes_document(before, after))
