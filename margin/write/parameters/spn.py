"""Writes SPAN XML risk parameter files (``.spn``, file format 4.00).

Source: CME SPAN XML schema (``spanrisk.xsd``), ``spanFile``: every element in the schema's order, every mandatory
one there. What the schema demands and a set does not say stays empty, or zero where it must be a number that
nothing is computed from.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import polars as pl

from margin.model.parameters import ParameterSet
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.write.parameters._spn.contracts import has_place
from margin.write.parameters._spn.derived_rates import with_derived_rates
from margin.write.parameters._spn.document import Portfolios, document, no_portfolios
from margin.write.parameters._spn.families import FAMILIES
from margin.write.parameters._spn.identifiers import Identifiers, identifiers
from margin.write.parameters._spn.refusals import refuse_what_cannot_be_said
from margin.write.written import Written

TITLE = "SPAN XML risk parameter file"
SUFFIXES = (".spn",)

_WITHOUT_PLACE = MappingProxyType(
    {"t": "time_to_expiry", "pq": "price_quality", "svf": "strike_value_factor", "k": "strike"}
)


def write(parameters: ParameterSet) -> Written:
    """The risk parameters as a SPAN XML document, UTF-8, which reads back as the same parameters.

    Numbers are the shortest decimals of the same doubles. Ids of families and contracts are kept where they are
    whole numbers. Initial ratios and adjustment factors become rate ids that derive from others. The flat rate of a
    spread between commodities that its source counts as a credit changes its sign: here it is a charge.

    Raises:
        InputRefused: With everything that the format cannot say.
    """
    return write_with_portfolios(parameters, no_portfolios)[0]


def write_with_portfolios(parameters: ParameterSet, portfolios: Portfolios) -> tuple[Written, Identifiers]:
    """As `write`, with the portfolios of each point in time behind its clearing organisations.

    Args:
        parameters: The risk parameters.
        portfolios: Gives their lines, from the codes of the clearing organisations of the point in time.

    Returns:
        The document, and the ids that its families and contracts have.

    Raises:
        InputRefused: With everything that the format cannot say.
    """
    faults = Faults()
    refuse_what_cannot_be_said(parameters, faults)
    derived = with_derived_rates(parameters, faults)
    faults.refuse_if_any()
    ids = identifiers(derived)
    return Written(document(derived, ids, portfolios), tuple(_warnings(parameters, ids))), ids


def _warnings(parameters: ParameterSet, ids: Identifiers) -> Iterator[Problem]:
    """What the document says less than its source."""
    if parameters.house is not None:
        yield _warning(
            "the house policy that came with the parameters is not part of a .spn; name it with --house when "
            "calculating with the new file",
            "house",
        )
    if any(commodity.adjustment_factors for commodity in parameters.commodities):
        yield _warning(
            "adjustment factors are written as rates that derive from others (adjRate); a house policy with "
            "adjustment factors of its own, which they took the place of, would multiply them",
            "adjustment_factors",
        )
    if ids.renumbered_contracts:
        yield _warning(
            f"{ids.renumbered_contracts:,} contracts have new ids, because the format numbers them; positions that "
            "name contracts by id must name exchange, product, type, expiry and strike instead",
            "contract_id",
        )
    yield from _contract_warnings(parameters)


def _contract_warnings(parameters: ParameterSet) -> Iterator[Problem]:
    """Columns of contracts that the format has no place for at some types, and prices that it demands."""
    types = pl.Series([product.type for product in parameters.products], dtype=pl.String)
    frame = parameters.contracts.with_columns(type=types.gather(parameters.contracts["product"]))
    for element, column in _WITHOUT_PLACE.items():
        without = [type_ for type_ in FAMILIES if not has_place(type_, element)]
        lost = frame.filter(pl.col(column).is_not_null() & pl.col("type").is_in(without)).height
        if lost:
            kinds = ", ".join(without)
            yield _warning(
                f"{column} of {lost:,} contracts is left out: the format has no <{element}> for {kinds}; nothing is "
                "computed from it there",
                column,
            )
    options = [type_ for type_ in FAMILIES if FAMILIES[type_].startswith("oo")]
    unpriced = frame.filter(pl.col("price").is_null() & pl.col("type").is_in(options)).height
    if unpriced:
        yield _warning(
            f"{unpriced:,} options have no price and are written without <p>, which CME's schema demands; margin reads "
            "them as it did, other readers may not",
            "price",
        )


def _warning(message: str, element: str) -> Problem:
    return Problem(Reason.UNSUPPORTED_RULE, message, Severity.WARNING, attributes={"element": element})
