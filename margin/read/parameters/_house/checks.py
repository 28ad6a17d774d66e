"""What must hold between the parts of a house configuration besides its contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from margin.model.contract import OPTION_TYPES
from margin.model.problem import Faults, Reason
from margin.read.parameters._house.contract_checks import ProductInUse
from margin.read.parameters._house.contract_rows import ContractRow, ProductKey
from margin.read.parameters._house.document import CommodityEntry, DocumentHead, TierEntry
from margin.read.parameters._house.draft import Draft, Placed
from margin.read.parameters._house.grid import check_grid
from margin.read.parameters._house.pricing import check_pricing
from margin.read.parameters._house.reporting import check_unique, report_at
from margin.read.parameters._house.spread_checks import (
    check_calendar_spreads,
    commodities_with_weighted_price_risk,
)
from margin.read.strict_yaml import TreePath
from margin.read.validated import did_you_mean


def check_document(draft: Draft, faults: Faults) -> None:
    """Report everything wrong between the document's own fields and in its commodities, contracts apart."""
    if draft.grid:
        check_grid(draft.tree, ("scenario_grid",), draft.grid, faults)
    _check_head(draft, faults)
    check_pricing(draft, faults)
    check_unique(draft.tree, ("commodities",), [(p.path, p.entry.code) for p in draft.commodities], "code", faults)
    products = [
        ((*placed.path, "products", i), (item.exchange or draft.exchange, item.code, item.type))
        for placed in draft.commodities
        for i, item in enumerate(placed.entry.products or ())
    ]
    check_unique(draft.tree, ("products",), products, "code", faults)
    for placed in draft.commodities:
        _check_commodity(draft, placed, faults)


def check_methods(
    draft: Draft, rows: Sequence[ContractRow], products: Mapping[ProductKey, ProductInUse], faults: Faults
) -> None:
    """Require the methods that would otherwise change a figure unseen: caps and weighted price risk."""
    listed = {placed.entry.code: placed for placed in draft.commodities}
    valued = {
        product.commodity
        for product in products.values()
        if product.key[2] in OPTION_TYPES and product.value_method == "EQTY"
    }
    may_be_missing = draft.has_sound_head and draft.head.cap_available_net_option_value is None
    for code in sorted(valued) if may_be_missing else ():
        own = listed.get(code)
        if own is None or own.entry.cap_available_net_option_value is None:
            message = (
                f"the field 'cap_available_net_option_value' is missing, and {code} has premium-style options; "
                "write true or false, for the commodity or once for the document"
            )
            report_at(draft.tree, own.path if own else (), message, faults, Reason.MISSING_FIELD)
    with_range = {row.entry.commodity for row in rows if row.entry.price_scan_range is not None}
    with_range |= {code for code, placed in listed.items() if _states_scan_range(draft, placed.entry)}
    for code, path in commodities_with_weighted_price_risk(draft).items():
        own = listed.get(code)
        method = own.entry.weighted_price_risk_method if own else None
        if method is None and (own is not None or draft.commodity_codes is None):
            message = (
                f"uses the weighted price risk of {code}, whose field 'weighted_price_risk_method' is missing; "
                "list the commodity with NORMAL, SCANRANGE_CAP or SCANRANGE"
            )
            report_at(draft.tree, path, message, faults, Reason.MISSING_FIELD)
        elif method in ("SCANRANGE_CAP", "SCANRANGE") and code not in with_range:
            message = (
                f"uses the weighted price risk of {code} by method {method}, but no contract of {code} has a "
                "price_scan_range; add it"
            )
            report_at(draft.tree, path, message, faults, Reason.MISSING_FIELD)


def _states_scan_range(draft: Draft, commodity: CommodityEntry) -> bool:
    """Whether a scan range is stated for the contracts of a commodity from outside."""
    places = (draft.head, commodity, *(commodity.products or ()), *(commodity.scan_range_tiers or ()))
    return any(place.price_scan_range is not None for place in places)


def _numbered(section: TreePath, entries: Sequence[Any] | None) -> Iterator[tuple[TreePath, Any]]:
    for i, entry in enumerate(entries or ()):
        yield (*section, i), entry


def _check_head(draft: Draft, faults: Faults) -> None:
    head = draft.head
    for section, entries in (("currencies", head.currencies), ("account_types", head.account_types)):
        keys = [(path, entry.code) for path, entry in _numbered((section,), entries)]
        check_unique(draft.tree, (section,), keys, "code", faults)
    pairs = [
        (path, (entry.from_currency, entry.to_currency))
        for path, entry in _numbered(("conversions",), head.conversions)
    ]
    check_unique(draft.tree, ("conversions",), pairs, "from_currency", faults)
    for path, conversion in _numbered(("conversions",), head.conversions):
        if (conversion.up is None) != (conversion.down is None):
            missing = "down" if conversion.down is None else "up"
            message = f"the field {missing!r} is missing; give both up and down, or neither"
            report_at(draft.tree, path, message, faults, Reason.MISSING_FIELD)
    if head.currencies is not None:
        _check_currencies(draft, head, [entry.code for entry in head.currencies], faults)
    quoted = draft.contracts_file is not None and draft.contracts_file.quoted
    if quoted and not any(placed.entry.products for placed in draft.commodities):
        message = "contracts are those quoted, so list the products of every commodity: quotes name products"
        report_at(draft.tree, ("contracts", "quoted"), message, faults, Reason.MISSING_FIELD)
    for placed in draft.commodities if quoted else ():
        for path, product in _numbered((*placed.path, "products"), placed.entry.products):
            if product.type in OPTION_TYPES and product.value_method is None:
                message = (
                    "the field 'value_method' is missing; EQTY for premium-style options, FUT for futures-style ones"
                )
                report_at(draft.tree, path, message, faults, Reason.MISSING_FIELD)
    if draft.contracts_file is not None and draft.contracts_file.file is None and not quoted:
        report_at(
            draft.tree,
            ("contracts",),
            "the field 'file' is missing; give a file, or quoted: true",
            faults,
            Reason.MISSING_FIELD,
        )
    if draft.commodity_codes is None and head.currency is None and draft.has_sound_head:
        message = "the field 'currency' is missing; commodities that are not listed need it"
        report_at(draft.tree, (), message, faults, Reason.MISSING_FIELD)
    if head.house:
        _check_account_types(draft, ("house",), head.house.initial_ratios, "initial_ratios", faults)
        _check_account_types(draft, ("house",), head.house.adjustment_factors, "adjustment_factors", faults)


def _check_currencies(draft: Draft, head: DocumentHead, known: list[str], faults: Faults) -> None:
    named: list[tuple[TreePath, str | None]] = [(("currency",), head.currency)]
    named += [((*placed.path, "currency"), placed.entry.currency) for placed in draft.commodities]
    for placed in draft.commodities:
        products = _numbered((*placed.path, "products"), placed.entry.products)
        named += [((*path, "currency"), product.currency) for path, product in products]
    for i, conversion in enumerate(head.conversions or ()):
        named.append((("conversions", i, "from_currency"), conversion.from_currency))
        named.append((("conversions", i, "to_currency"), conversion.to_currency))
    for path, code in named:
        if code is not None and code not in known:
            hint = did_you_mean(code, known) or "; list it under currencies"
            report_at(draft.tree, path, f"unknown currency {code!r}{hint}", faults, Reason.UNKNOWN_NAME)


def _check_account_types(
    draft: Draft, path: TreePath, ratios: dict[str, float] | None, field: str, faults: Faults
) -> None:
    known = [entry.code for entry in draft.head.account_types or ()]
    for code in ratios or ():
        if code not in known:
            hint = did_you_mean(code, known) or "; list it under account_types"
            report_at(
                draft.tree, (*path, field, code), f"unknown account type {code!r}{hint}", faults, Reason.UNKNOWN_NAME
            )


def _check_commodity(draft: Draft, placed: Placed[CommodityEntry], faults: Faults) -> None:
    commodity, path = placed.entry, placed.path
    if commodity.currency is None and draft.head.currency is None and draft.has_sound_head:
        message = "the field 'currency' is missing; give it here, or once for the document"
        report_at(draft.tree, path, message, faults, Reason.MISSING_FIELD)
    if commodity.scenario_grid:
        check_grid(draft.tree, (*path, "scenario_grid"), commodity.scenario_grid, faults)
    for name in ("scan_tiers", "intracommodity_tiers", "intercommodity_tiers"):
        _check_tiers(draft, (*path, name), getattr(commodity, name), faults, may_overlap=name != "scan_tiers")
    _check_minimum(draft, placed, faults)
    charged = [
        (where, (charge.period, side))
        for where, charge in _numbered((*path, "spot_charges"), commodity.spot_charges)
        for side in (("long", "short") if charge.side == "both" else (charge.side,))
    ]
    check_unique(draft.tree, ("spot_charges",), charged, "period", faults)
    _check_account_types(draft, path, commodity.initial_ratios, "initial_ratios", faults)
    _check_account_types(draft, path, commodity.adjustment_factors, "adjustment_factors", faults)
    check_calendar_spreads(draft, placed, faults)


def _check_minimum(draft: Draft, placed: Placed[CommodityEntry], faults: Faults) -> None:
    minimum = placed.entry.short_option_minimum
    if minimum is None:
        return
    path = (*placed.path, "short_option_minimum")
    if (minimum.rate is None) == (minimum.tiers is None):
        report_at(draft.tree, path, "give either one rate, or tiers with a rate each", faults)
    _check_tiers(draft, (*path, "tiers"), minimum.tiers, faults, may_overlap=False)


def _check_tiers(
    draft: Draft, section: TreePath, tiers: Sequence[TierEntry] | None, faults: Faults, *, may_overlap: bool
) -> None:
    numbered = list(_numbered(section, tiers))
    check_unique(draft.tree, section[-1:], [(path, tier.tier) for path, tier in numbered], "tier", faults)
    for path, tier in numbered:
        if tier.first_period and tier.last_period and not _in_order(tier.first_period, tier.last_period):
            message = f"the first period {tier.first_period} is later than the last, {tier.last_period}"
            report_at(draft.tree, (*path, "first_period"), message, faults)
    if may_overlap:
        return
    numbered.sort(key=lambda item: item[1].first_period or "")
    for (_, one), (path, other) in pairwise(numbered):
        if _overlap(one, other):
            message = f"tiers {one.tier} and {other.tier} overlap, so a period would count twice"
            report_at(draft.tree, path, message, faults)


def _in_order(first: str, last: str) -> bool:
    length = min(len(first), len(last))
    return first[:length] <= last[:length]


def _overlap(one: TierEntry, other: TierEntry) -> bool:
    starts_first = not one.first_period or not other.last_period or _in_order(one.first_period, other.last_period)
    starts_second = not other.first_period or not one.last_period or _in_order(other.first_period, one.last_period)
    return starts_first and starts_second
