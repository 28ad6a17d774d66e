"""A whole SPAN XML document, piece by piece, in the order of the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from margin.model.parameters import ClearingOrganisation, ParameterSet
from margin.write.parameters._spn.business_functions import FunctionWriter
from margin.write.parameters._spn.clearing import bond_rates, conversions, definitions, grids, settings
from margin.write.parameters._spn.commodities import CommodityWriter
from margin.write.parameters._spn.families import ExchangeWriter
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.spreads import spread_lists
from margin.write.parameters._spn.text import nested, tag, tags

Portfolios = Callable[[tuple[str, ...]], Iterable[str]]
"""Gives the lines of the portfolios of a point in time, from the codes of its clearing organisations."""

_LINES_PER_PIECE = 2_000


def no_portfolios(_: tuple[str, ...]) -> Iterable[str]:
    """A risk parameter file has no portfolios."""
    return ()


def document(parameters: ParameterSet, ids: Identifiers, portfolios: Portfolios = no_portfolios) -> Iterator[bytes]:
    """The document as UTF-8, in pieces of many lines."""
    lines: list[str] = []
    for line in _lines(parameters, ids, portfolios):
        lines.append(line)
        if len(lines) >= _LINES_PER_PIECE:
            yield _joined(lines)
            lines = []
    yield _joined(lines)


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _lines(parameters: ParameterSet, ids: Identifiers, portfolios: Portfolios) -> Iterator[str]:
    exchanges, commodities = ExchangeWriter(parameters, ids), CommodityWriter(parameters, ids)
    functions = FunctionWriter(parameters, ids, exchanges, commodities)
    created = next((org.created for org in parameters.clearing_orgs if org.created), None)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<spanFile>"
    yield tag("fileFormat", "4.00")
    if created is not None:
        yield tag("created", created)
    yield from definitions(parameters)
    for orgs in points_in_time(parameters):
        first = orgs[0]
        yield "<pointInTime>"
        yield tags(
            date=first.business_date.replace("-", ""),
            isSetl=first.is_settlement,
            setlQualifier=first.session_qualifier,
            time=first.time,
            run=first.run,
        )
        for org in orgs:
            if org.business_function is None:
                yield from nested("clearingOrg", _clearing_org(org, parameters, exchanges, commodities))
        for org in orgs:
            if org.business_function is not None:
                yield from functions.function(org)
        yield from portfolios(tuple(org.code for org in orgs))
        yield "</pointInTime>"
    yield "</spanFile>"


def points_in_time(parameters: ParameterSet) -> list[list[ClearingOrganisation]]:
    """Clearing organisations of the same point in time together, in the order in which they first appear."""
    points: dict[object, list[ClearingOrganisation]] = {}
    for org in parameters.clearing_orgs:
        key = (org.business_date, org.is_settlement, org.session_qualifier, org.time, org.run)
        points.setdefault(key, []).append(org)
    return list(points.values())


def _clearing_org(
    org: ClearingOrganisation, parameters: ParameterSet, exchanges: ExchangeWriter, commodities: CommodityWriter
) -> Iterator[str]:
    yield tags(ec=org.code, name=org.name or "") + settings(org)
    yield from conversions(org)
    yield from bond_rates(org)
    yield from grids(org.grids)
    yield from exchanges.exchanges(org.code)
    yield from commodities.commodities(org.code)
    yield from spread_lists(parameters.spreads, org.code)
