"""Elements that newer files have beyond the schema: what may change a requirement is kept, to be refused when held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from margin.model.parameters import ClearingOrganisation, CombinedCommodity, UnsupportedElement
from margin.model.problem import Reason
from margin.read.parameters._spn.elements import Element, ElementTable
from margin.read.parameters._spn.grids import home_commodities
from margin.read.parameters._spn.products import FAMILY_TYPES, Families
from margin.read.parameters._spn.reading import Reading, describe, is_set
from margin.read.parameters._spn.schema_names import SCHEMA_NAMES
from margin.read.parameters._spn.sessions import Session
from margin.read.parameters._spn.spreads import CONTAINERS, SPREADS

CHANGING = ("factorCurveSetId", "factorScenarioSetId", "interCurScan")
"""Elements of newer files that belong to other ways of computing a requirement."""

_LISTED = 20

CommodityKey = tuple[str, str]
"""Clearing organisation, combined commodity."""


def warn_of_unknown_elements(table: ElementTable, reading: Reading) -> None:
    """One warning with the names and numbers of all elements that the schema does not have."""
    is_known = np.array([name in SCHEMA_NAMES or name.endswith("Pf") for name in table.names], dtype=bool)
    if bool(is_known.all()):
        return
    rows = np.flatnonzero(~is_known[table.tag])
    # What lies inside an unknown element is skipped with it; unknown spreads and families have warnings of their own.
    parents = table.tag[table.parent[rows]]
    is_list = np.array([name in CONTAINERS for name in table.names], dtype=bool)
    rows = rows[is_known[parents] & ~is_list[parents]]
    if not len(rows):
        return
    counts = np.bincount(table.tag[rows], minlength=len(table.names))
    found = sorted(((name, int(count)) for name, count in zip(table.names, counts, strict=True) if count))
    listed = ", ".join(f"{name} ({count:,})" for name, count in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more names" if len(found) > _LISTED else ""
    reading.warn(
        Reason.UNKNOWN_NAME,
        f"the file has elements that the SPAN XML schema does not know, which are not read: {listed}{more}",
        line=table.line_of(int(rows[0])),
        found=dict(found[:_LISTED]),
    )


@dataclass
class _Found:
    """What must be refused, by clearing organisation and by combined commodity."""

    orgs: dict[str, list[UnsupportedElement]] = field(default_factory=dict)
    commodities: dict[CommodityKey, list[UnsupportedElement]] = field(default_factory=dict)

    def add(self, org: str, commodities: Sequence[str], element: UnsupportedElement) -> None:
        """Keep an element for the commodities it concerns; for the whole organisation where it names none."""
        for code in commodities:
            self.commodities.setdefault((org, code), []).append(element)
        if not commodities:
            self.orgs.setdefault(org, []).append(element)


def with_newer_elements(
    table: ElementTable,
    sessions: Sequence[Session],
    orgs: Sequence[ClearingOrganisation],
    commodities: Sequence[CombinedCommodity],
    families: Families,
) -> tuple[list[ClearingOrganisation], list[CombinedCommodity]]:
    """Add what the schema does not have and may change a requirement to the unsupported elements.

    Args:
        table: The document.
        sessions: The clearing organisations and business functions that are read.
        orgs: The same, as read.
        commodities: Their combined commodities.
        families: Their product families.

    Returns:
        Organisations and commodities in the same order.
    """
    found = _Found()
    codes: dict[str, set[str]] = {}
    for commodity in commodities:
        codes.setdefault(commodity.clearing_org, set()).add(commodity.code)
    for _, element in sessions:
        _search_organisation(element, codes.get(element.text_of("ec"), set()), found)
    _search_families(table, commodities, families, found)
    return (
        [replace(org, unsupported=(*org.unsupported, *found.orgs.get(org.code, ()))) for org in orgs],
        [
            replace(item, unsupported=(*item.unsupported, *found.commodities.get((item.clearing_org, item.code), ())))
            for item in commodities
        ],
    )


def _search_organisation(org: Element, codes: set[str], found: _Found) -> None:
    code = org.text_of("ec")
    for child in org.children:
        if child.name in CONTAINERS:
            for spread in child.children:
                if spread.name not in SPREADS or any(_changing(spread)):
                    path = f"{child.name}/{spread.name}[{spread.text_of('spread')}]"
                    named = sorted(codes.intersection(_texts(spread)))
                    found.add(code, named, UnsupportedElement(path, describe(spread), spread.line))
        elif child.name == "ccDef":
            commodity = child.text_of("cc")
            for element in _changing(child):
                path = f"ccDef[{commodity}]/{element.name}"
                found.add(code, [commodity], UnsupportedElement(path, describe(element), element.line))
        elif child.name == "exchange":
            for element in (inner for inner in child.children if inner.name not in FAMILY_TYPES):
                for inner in _changing(element):
                    found.add(code, [], UnsupportedElement(f"exchange/{inner.name}", describe(inner), inner.line))
        else:
            for element in _changing(child):
                found.add(code, [], UnsupportedElement(f"{org.name}/{element.name}", describe(element), element.line))


def _search_families(
    table: ElementTable, commodities: Sequence[CombinedCommodity], families: Families, found: _Found
) -> None:
    """Each such element once per product family, for the commodity that the family is margined in."""
    home = home_commodities(commodities, families)
    order = np.argsort(np.array(families.rows, dtype=np.int64))
    starts = np.array(families.rows, dtype=np.int64)[order]
    for name in CHANGING:
        rows = table.rows(name)
        place = np.searchsorted(starts, rows, side="right") - 1
        inside = place >= 0
        inside[inside] = rows[inside] < table.end[starts[place[inside]]]
        seen: set[int] = set()
        for row, text, index in zip(
            rows[inside].tolist(), table.texts(rows[inside]).to_list(), order[place[inside]].tolist(), strict=True
        ):
            if index in home and index not in seen and (is_set(text) or table.end[row] > row + 1):
                seen.add(index)
                product, commodity = families.products[index], home[index]
                path = f"{product.type} {product.code}/{name}"
                found.add(commodity.clearing_org, [commodity.code], UnsupportedElement(path, text, table.line_of(row)))


def _changing(element: Element) -> Iterator[Element]:
    """The element and those inside that have one of the names and are not zero."""
    if element.name in CHANGING and (element.children or is_set(element.text)):
        yield element
    for child in element.children:
        yield from _changing(child)


def _texts(element: Element) -> Iterator[str]:
    yield element.text
    for child in element.children:
        yield from _texts(child)
