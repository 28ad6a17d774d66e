"""Business functions of a SPAN XML file (``businessFunction``): exchange complexes over products cleared elsewhere."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from margin.model.parameters import (
    ClearingOrganisation,
    CombinedCommodity,
    RateId,
    SpreadDefinition,
    UnsupportedElement,
)
from margin.model.problem import Reason
from margin.read.parameters._spn.clearing import read_clearing_organisation
from margin.read.parameters._spn.commodities import read_commodities
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.grids import NormalGrids
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Fields, Reading
from margin.read.parameters._spn.sessions import Session
from margin.read.parameters._spn.spreads import read_spreads_between_commodities

INHERITED: Mapping[str, str] = MappingProxyType(
    {
        "isContractScale": "is_contract_scale",
        "isNetMargin": "is_net_margin",
        "oopDeltaMeth": "option_delta_method",
        "capAnov": "cap_available_net_option_value",
        "custUseLov": "customer_use_long_option_value",
        "limitSubAccountOffset": "limit_sub_account_offset",
        "capRiskArray": "cap_risk_array",
        "lookAheadYears": "look_ahead_years",
        "curConv": "currency_conversions",
        "pbRateDef": "rates",
        "pointDef": "grids",
    }
)
"""Optional elements, and the fields in which a silent business function follows its first linked organisation."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A product family whose eligible contracts a business function lists (``bfSeries``, ``bfC``).

    Attributes:
        row: Row of the ``bfPfLink`` in the element table.
        home: Index of the family under normal clearing.
        copy: Index of the family that holds the listed contracts.
    """

    row: int
    home: int
    copy: int


@dataclass
class BusinessFunctions:
    """What is read of the business functions, one after the other."""

    orgs: list[ClearingOrganisation] = field(default_factory=list)
    commodities: list[CombinedCommodity] = field(default_factory=list)
    spreads: list[SpreadDefinition] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)


def read_business_functions(
    sessions: Sequence[Session], normal: NormalGrids, listing_rows: frozenset[int], families: Families, reading: Reading
) -> BusinessFunctions:
    """Read business functions; the families of all clearing organisations must have been read.

    Args:
        sessions: The business functions that are read.
        normal: The clearing organisations of the file, and the scenarios of their arrays.
        listing_rows: Rows of the elements that have a ``bfC`` inside.
        families: The product families; linked ones can then be found under the business function's code too.
        reading: Takes faults and warnings.
    """
    found = BusinessFunctions()
    taken = set(normal.orgs)
    for point_in_time, element in sessions:
        org = read_clearing_organisation(point_in_time, element, reading)
        fields = Fields(reading, element, f"businessFunction {org.code}")
        if org.code in taken:
            fields.duplicate(element, f"the code {org.code} (of a clearing organisation or business function)")
            continue
        taken.add(org.code)
        families.business_functions.add(org.code)
        homes, listings = _Links(fields, org.code, normal.orgs, listing_rows, families).read()
        org = _completed(org, fields, homes, normal.orgs)
        found.orgs.append(org)
        found.listings += listings
        found.spreads += read_spreads_between_commodities(element, org.code, reading)
        for commodity in read_commodities(element, org.code, org.grids, families, reading):
            refusals = _foreign_grids(commodity, org, normal)
            found.commodities.append(replace(commodity, unsupported=(*commodity.unsupported, *refusals)))
    return found


def _completed(
    org: ClearingOrganisation, fields: Fields, homes: tuple[str, ...], orgs: Mapping[str, ClearingOrganisation]
) -> ClearingOrganisation:
    """The business function with what it does not say taken from the first clearing organisation it links."""
    silent = [name for element, name in INHERITED.items() if not _says(fields.element, element)]
    inherited = {name: getattr(orgs[homes[0]], name) for name in silent} if homes else {}
    kind = fields.require_text("busFuncType")
    return replace(org, business_function=kind, home_organisations=homes, **inherited)


def _says(element: Element, name: str) -> bool:
    if name == "lookAheadYears":
        return any(element.text_of(one) for one in (name, "lookAheadDays"))
    return any(child.text or child.children for child in element.all(name))


@dataclass
class _Links:
    """Reads which product families take part in a business function (``busFuncCoLink``)."""

    fields: Fields
    code: str
    orgs: Container[str]
    listing_rows: frozenset[int]
    families: Families
    seen: set[int] = field(default_factory=set)
    listings: list[Listing] = field(default_factory=list)

    def read(self) -> tuple[tuple[str, ...], list[Listing]]:
        """Linked clearing organisations of the file, and the families with contracts of their own listing."""
        homes: dict[str, None] = {}
        for element in self.fields.element.all("busFuncCoLink"):
            inner = self._inside(self.fields, element)
            home = inner.require_text("ec")
            if home not in self.orgs:
                self._warn(inner, f"the file has no clearing organisation {home}; its products are not linked", home)
                continue
            homes[home] = None
            for exchange in element.all("busFuncExchLink"):
                self._read_exchange(self._inside(inner, exchange), home)
        return tuple(homes), self.listings

    def _read_exchange(self, fields: Fields, home: str) -> None:
        exchange = fields.require_text("exch")
        for element in fields.element.all("bfPfLink"):
            inner = self._inside(fields, element)
            product_id, type_ = inner.require_text("pfId"), element.text_of("pfType").upper()
            index = self.families.find(home, exchange, product_id, type_)
            if index is None:
                found = f"{type_} product family with id {product_id}".strip()
                self._warn(inner, f"{home} has no {found} on exchange {exchange}; it is not linked", product_id)
                continue
            if index in self.seen:
                inner.duplicate(element, f"product family {self.families.products[index].code} (id {product_id})")
                continue
            self.seen.add(index)
            if element.row in self.listing_rows or element.first("bfSeries") is not None:
                index = self._copy(index, element)
            names = {exchange, fields.text("exchAlias") or exchange}
            for name in sorted(names):
                self.families.by_id.setdefault((self.code, name, product_id), []).append(index)

    def _copy(self, home: int, element: Element) -> int:
        """A family of the business function's own, for the contracts it lists."""
        families, copy = self.families, len(self.families.products)
        product = families.products[home]
        families.products.append(
            replace(product, clearing_org=self.code, normal_clearing_org=product.clearing_org, line=element.line)
        )
        if home in families.equivalent_factors:
            families.equivalent_factors[copy] = families.equivalent_factors[home]
        self.listings.append(Listing(element.row, home, copy))
        return copy

    def _inside(self, outer: Fields, element: Element) -> Fields:
        names = {"busFuncCoLink": "ec", "busFuncExchLink": "exch", "bfPfLink": "pfId"}
        label = f"{outer.label}/{element.name}[{element.text_of(names[element.name])}]"
        return Fields(outer.reading, element, label)

    def _warn(self, fields: Fields, what: str, found: str) -> None:
        fields.reading.warn(Reason.UNKNOWN_NAME, f"{fields.label}: {what}", line=fields.element.line, found=found)


def _foreign_grids(
    commodity: CombinedCommodity, org: ClearingOrganisation, normal: NormalGrids
) -> list[UnsupportedElement]:
    """Families whose arrays come from normal clearing, but were made for other scenarios than the commodity's."""
    found = []
    for link in commodity.product_links:
        index = normal.families.find(org.code, link.exchange, link.product_id, link.type)
        if index is None or link.clearing_org is None:
            continue
        if not all(normal.fit(index, rate_id, commodity, org) for rate_id in _bases(org, commodity)):
            path = f"businessFunction {org.code}/ccDef[{commodity.code}]/pointDef"
            value = f"other scenarios than those of {link.clearing_org}, which the arrays of {link.product} are for"
            found.append(UnsupportedElement(path, value, commodity.line))
    return found


def _bases(org: ClearingOrganisation, commodity: CombinedCommodity) -> list[RateId]:
    """The rate ids that the business function's requirements are computed on."""
    adjusted = {item.rate_id: item.base_rate_id for item in commodity.rate_adjustments}
    bases = set()
    for rate_id in {rate.rate_id for rate in org.rates} or set(org.grids):
        seen = {rate_id}
        while (rate_id := adjusted.get(rate_id, rate_id)) not in seen:
            seen.add(rate_id)
        bases.add(rate_id)
    return sorted(bases)
