"""How a house configuration prices contracts without losses: the terms around each, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from types import MappingProxyType

import numpy as np

from margin.model.contract import OPTION_TYPES
from margin.model.pricing import NO_TERMS, CommodityPricing, PricingRules, PricingTerms, TierTerms
from margin.model.problem import Faults
from margin.model.scenario import ScenarioGrid
from margin.read.fields import Entry
from margin.read.parameters._house.contract_rows import ContractRow, product_key
from margin.read.parameters._house.document import CommodityEntry
from margin.read.parameters._house.draft import Draft, Placed
from margin.read.parameters._house.pricing_fields import (
    PRICING_FIELDS,
    PricingFields,
    ScanRangeFields,
    TierPricingEntry,
    is_one_of,
    pricing_terms,
)
from margin.read.parameters._house.reporting import report_at
from margin.read.strict_yaml import TreePath
from margin.read.validated import describe_place

_PRICING_FIELDS = frozenset(PRICING_FIELDS)
_ALTERNATIVES = (
    "price_scan_range",
    "price_scan_range_down",
    "volatility_scan_range",
    "volatility_scan_range_down",
    "look_ahead",
)


def level_period(type_: str, period: str, underlying_period: str | None) -> str:
    """Period of what the price of a contract moves with: an option's underlying future, else its own."""
    return underlying_period if type_ in OPTION_TYPES and underlying_period else period


class Pricing:
    """Looks up the terms of contracts."""

    def __init__(self, draft: Draft, path: str) -> None:
        """Take in what document, commodities, tiers and products state."""
        self._exchange = draft.exchange
        self._document = pricing_terms(draft.head)
        self._path = path
        self._shared: dict[tuple[str, tuple[str, str, str], str], PricingTerms] = {}
        self._commodities = {placed.entry.code: self._commodity(draft, placed) for placed in draft.commodities}

    def commodity(self, code: str) -> CommodityPricing:
        """Terms of a commodity, listed or not."""
        if code not in self._commodities:
            self._commodities[code] = CommodityPricing(self._path, self._document)
        return self._commodities[code]

    def terms(self, row: ContractRow) -> PricingTerms:
        """Terms of a contract, from wherever they are stated."""
        entry = row.entry
        period = level_period(entry.type, entry.period or "", entry.underlying_period)
        product = product_key(row, self._exchange)
        if states_pricing(entry):
            return self.commodity(entry.commodity).resolved(product, period, pricing_terms(entry))
        place = (entry.commodity, product, period)
        if place not in self._shared:
            self._shared[place] = self.commodity(entry.commodity).resolved(product, period, NO_TERMS)
        return self._shared[place]

    def money_range(self, row: ContractRow, grid: ScenarioGrid) -> float | None:
        """The scan range of a contract whose losses follow from it alone; `None` where more is needed, or less."""
        if row.entry.losses is not None or row.entry.type in OPTION_TYPES:
            return None
        terms = self.terms(row)
        scan_range = terms.price_scan_range
        if (
            scan_range is None
            or scan_range.kind != "money"
            or terms.price_scan_range_down is not None
            or terms.linear_model not in (None, "linear")
            or terms.array_rounding is not None
            or any(point.price_move_kind != "scan_range" for point in grid.points)
        ):
            return None
        return scan_range.value

    def _commodity(self, draft: Draft, placed: Placed[CommodityEntry]) -> CommodityPricing:
        entry = placed.entry
        return CommodityPricing(
            path=self._path,
            terms=pricing_terms(entry).inside(self._document),
            tiers=tuple(
                TierTerms(tier.first_period or None, tier.last_period or None, pricing_terms(tier))
                for tier in entry.scan_range_tiers or ()
            ),
            products=MappingProxyType(
                {
                    (item.exchange or draft.exchange, item.code, item.type): pricing_terms(item)
                    for item in entry.products or ()
                }
            ),
            line=draft.tree.position_of(placed.path).line,
        )


def pricing_rules(
    draft: Draft, rows: Sequence[ContractRow], commodities: Sequence[str], pricing: Pricing
) -> PricingRules | None:
    """The rules of a sound document; `None` where all contracts have losses of their own."""
    priced = [number for number, row in enumerate(rows) if row.entry.losses is None]
    takes_quoted = draft.contracts_file is not None and draft.contracts_file.quoted
    if not priced and not takes_quoted:
        return None
    own = {number: pricing_terms(rows[number].entry) for number in priced if states_pricing(rows[number].entry)}
    org = draft.head.clearing_org
    return PricingRules(
        commodities=MappingProxyType({(org, code): pricing.commodity(code) for code in commodities}),
        contracts=MappingProxyType({number: terms for number, terms in own.items() if terms != NO_TERMS}),
        priced=np.array(priced, dtype=np.int64),
        listed=len(rows),
        take_quoted=frozenset({org} if takes_quoted else ()),
    )


def states_pricing(entry: PricingFields) -> bool:
    """Whether an entry states anything of pricing itself."""
    return not entry.model_fields_set.isdisjoint(_PRICING_FIELDS)


def check_pricing(draft: Draft, faults: Faults) -> None:
    """Report what is wrong with pricing stated for the document, its commodities and their products."""
    for path, entry in _stated(draft):
        for message, name in complaints(entry):
            report_at(draft.tree, (*path, name), message, faults)
    for placed in draft.commodities:
        _check_tiers(draft, placed, faults)
        for i, item in enumerate(placed.entry.products or ()):
            message = model_complaint(item, item.type)
            if message:
                report_at(draft.tree, (*placed.path, "products", i, "model"), message, faults)


def complaints(entry: ScanRangeFields) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry's alternatives, and the field it is wrong with."""
    for name in _ALTERNATIVES:
        alternative: Entry | None = getattr(entry, name, None)
        if alternative is not None and not is_one_of(alternative):
            yield f"give exactly one of {', '.join(type(alternative).model_fields)}", name


def model_complaint(entry: PricingFields, type_: str) -> str:
    """What is wrong between a model and the type of the contracts that it is stated for; empty for nothing."""
    terms = pricing_terms(entry)
    if type_ in OPTION_TYPES and terms.linear_model:
        return f"the model {terms.linear_model} does not value options, but the type is {type_}"
    if type_ not in OPTION_TYPES and terms.option_model:
        return f"the model {terms.option_model} values options, but the type is {type_}"
    return ""


def _stated(draft: Draft) -> Iterator[tuple[TreePath, ScanRangeFields]]:
    yield (), draft.head
    for placed in draft.commodities:
        yield placed.path, placed.entry
        for section in ("products", "scan_range_tiers"):
            for i, item in enumerate(getattr(placed.entry, section) or ()):
                yield (*placed.path, section, i), item


def _check_tiers(draft: Draft, placed: Placed[CommodityEntry], faults: Faults) -> None:
    section: TreePath = (*placed.path, "scan_range_tiers")
    tiers = list(enumerate(placed.entry.scan_range_tiers or ()))
    for i, tier in tiers:
        if tier.first_period and tier.last_period and not _in_order(tier.first_period, tier.last_period):
            message = f"the first period {tier.first_period} is later than the last, {tier.last_period}"
            report_at(draft.tree, (*section, i, "first_period"), message, faults)
    for (i, one), (j, other) in combinations(tiers, 2):
        if _overlap(one, other):
            place = describe_place(("scan_range_tiers", i))
            report_at(draft.tree, (*section, j), f"overlaps with {place}; a period has one scan range", faults)


def _in_order(first: str, last: str) -> bool:
    length = min(len(first), len(last))
    return first[:length] <= last[:length]


def _overlap(one: TierPricingEntry, other: TierPricingEntry) -> bool:
    starts_first = not one.first_period or not other.last_period or _in_order(one.first_period, other.last_period)
    starts_second = not other.first_period or not one.last_period or _in_order(other.first_period, one.last_period)
    return starts_first and starts_second
