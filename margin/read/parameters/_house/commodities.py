"""Commodities and spreads of a house configuration as the model's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from margin.model.parameters import (
    WHOLE_COMMODITY,
    ChargeMethod,
    CombinedCommodity,
    ProductLink,
    RateId,
    SpotRate,
    SpreadDefinition,
    SpreadForm,
    SpreadLeg,
    Tier,
)
from margin.model.scenario import ScenarioGrid
from margin.read.parameters._house.contract_checks import ProductInUse
from margin.read.parameters._house.document import (
    CalendarSpreadEntry,
    CommodityEntry,
    LegEntry,
    SpreadEntry,
    StrategySpreadEntry,
    TierEntry,
)
from margin.read.parameters._house.draft import Draft, Placed
from margin.read.strict_yaml import TreePath, YamlTree

RATE_ID: RateId = "1"
"""The one set of rates of a house configuration."""


def product_id(product: ProductInUse) -> str:
    """The id of a product inside the document: code and type, because ids are looked up without the type."""
    return f"{product.key[1]} {product.key[2]}"


def build_commodities(
    draft: Draft,
    clearing_org: str,
    currency: str,
    products: Iterable[ProductInUse],
    own_grids: Mapping[str, ScenarioGrid],
) -> tuple[CombinedCommodity, ...]:
    """The commodities of the document, listed or named by contracts, in that order."""
    links: dict[str, list[ProductLink]] = {}
    for product in products:
        links.setdefault(product.commodity, []).append(_link(product))
    listed = [_commodity(draft.tree, placed, clearing_org, currency, links, own_grids) for placed in draft.commodities]
    if draft.commodity_codes is not None:
        return tuple(listed)
    return tuple(
        CombinedCommodity(clearing_org, code, currency, product_links=tuple(own)) for code, own in links.items()
    )


def build_spreads(draft: Draft, clearing_org: str) -> tuple[SpreadDefinition, ...]:
    """The spreads between commodities, in the order of the document."""
    return tuple(_spread(draft.tree, placed, clearing_org) for placed in draft.spreads)


def build_offsets(draft: Draft, clearing_org: str) -> tuple[SpreadDefinition, ...]:
    """The offsets of London SPAN, in the order of the document."""
    return tuple(
        SpreadDefinition(
            kind="intercommodity",
            form="offset",
            clearing_org=clearing_org,
            priority=entry.priority,
            charge_method="F",
            legs=tuple(
                SpreadLeg(kind="tier", commodity=code, side="A", ratio=1.0, tier=WHOLE_COMMODITY)
                for code in entry.commodities
            ),
            rates=_rates(entry.charge),
            line=draft.tree.position_of(("offset_spreads", i)).line,
        )
        for i, entry in enumerate(draft.head.offset_spreads or ())
    )


def _link(product: ProductInUse) -> ProductLink:
    exchange, code, type_ = product.key
    stated = product.entry.delta_scaling_factor if product.entry else None
    return ProductLink(
        exchange=exchange,
        product_id=product_id(product),
        product=code,
        type=type_,
        delta_scaling_factor=stated or 1.0,
        line=product.line,
    )


def _commodity(
    tree: YamlTree,
    placed: Placed[CommodityEntry],
    clearing_org: str,
    currency: str,
    links: Mapping[str, Sequence[ProductLink]],
    own_grids: Mapping[str, ScenarioGrid],
) -> CombinedCommodity:
    entry, path = placed.entry, placed.path
    minimum = entry.short_option_minimum
    grid = own_grids.get(entry.code)
    return CombinedCommodity(
        clearing_org=clearing_org,
        code=entry.code,
        currency=entry.currency or currency,
        name=entry.name,
        groups=tuple(entry.groups or ()),
        cap_available_net_option_value=entry.cap_available_net_option_value,
        weighted_price_risk_method=entry.weighted_price_risk_method,
        spot_method="NORMAL" if entry.spot_charges else None,
        short_option_minimum_method=minimum.method if minimum else None,
        grids=MappingProxyType({RATE_ID: grid} if grid else {}),
        product_links=tuple(links.get(entry.code, ())),
        scan_tiers=_tiers(tree, (*path, "scan_tiers"), entry.scan_tiers),
        intracommodity_tiers=_tiers(tree, (*path, "intracommodity_tiers"), entry.intracommodity_tiers),
        intercommodity_tiers=_tiers(tree, (*path, "intercommodity_tiers"), entry.intercommodity_tiers),
        short_option_minimum_tiers=_minimum_tiers(tree, placed),
        spreads=tuple(
            _calendar_spread(tree, (*path, section, i), spread, entry.code, clearing_org)
            for section in ("strategy_spreads", "intracommodity_spreads")
            for i, spread in enumerate(getattr(entry, section) or ())
        ),
        spot_rates=tuple(
            SpotRate(
                RATE_ID,
                charge.period,
                charge.spread_rate,
                charge.outright_rate,
                tree.position_of((*path, "spot_charges", i)).line,
                charge.side,
            )
            for i, charge in enumerate(entry.spot_charges or ())
        ),
        initial_ratios=MappingProxyType(dict(entry.initial_ratios or {})),
        adjustment_factors=MappingProxyType(dict(entry.adjustment_factors or {})),
        line=tree.position_of(path).line,
    )


def _tiers(tree: YamlTree, section: TreePath, entries: Sequence[TierEntry] | None) -> tuple[Tier, ...]:
    return tuple(
        Tier(
            entry.tier,
            entry.first_period or None,
            entry.last_period or None,
            line=tree.position_of((*section, i)).line,
        )
        for i, entry in enumerate(entries or ())
    )


def _minimum_tiers(tree: YamlTree, placed: Placed[CommodityEntry]) -> tuple[Tier, ...]:
    minimum = placed.entry.short_option_minimum
    if minimum is None:
        return ()
    section = (*placed.path, "short_option_minimum")
    if minimum.tiers is None:
        line = tree.position_of((*section, "rate")).line
        return (Tier(WHOLE_COMMODITY, rates=_rates(minimum.rate), line=line),)
    return tuple(
        Tier(
            entry.tier,
            entry.first_period or None,
            entry.last_period or None,
            rates=_rates(entry.rate),
            line=tree.position_of((*section, "tiers", i)).line,
        )
        for i, entry in enumerate(minimum.tiers)
    )


def _rates(rate: float | None) -> Mapping[RateId, float]:
    return MappingProxyType({} if rate is None else {RATE_ID: rate})


def _calendar_spread(
    tree: YamlTree,
    path: TreePath,
    spread: CalendarSpreadEntry | StrategySpreadEntry,
    commodity: str,
    clearing_org: str,
) -> SpreadDefinition:
    form: SpreadForm = "delta"
    method: ChargeMethod = "F"
    if isinstance(spread, StrategySpreadEntry):
        form, rate = "strategy", spread.charge
    else:
        method, rate = spread.method, spread.rate
    return SpreadDefinition(
        kind="intracommodity",
        form=form,
        clearing_org=clearing_org,
        priority=spread.priority,
        charge_method=method,
        legs=tuple(
            SpreadLeg(
                kind="period" if leg.tier is None else "tier",
                commodity=commodity,
                side=leg.side,
                ratio=leg.ratio,
                tier=leg.tier,
                period=leg.period,
            )
            for leg in spread.legs
        ),
        rates=_rates(rate),
        line=tree.position_of(path).line,
    )


def _spread(tree: YamlTree, placed: Placed[SpreadEntry], clearing_org: str) -> SpreadDefinition:
    spread = placed.entry
    return SpreadDefinition(
        kind=spread.kind,
        form=spread.form,
        clearing_org=clearing_org,
        priority=spread.priority,
        # Scanning-based spreads have a gain allowance, a fraction like the rates of method W.
        charge_method=spread.method or "W",
        legs=tuple(_leg(leg) for leg in spread.legs),
        rates=_rates(spread.rate),
        flat_rate_is_credit=spread.flat_rate_is == "credit",
        is_target_required=spread.target_required,
        legs_required=spread.legs_required,
        apply_currency_risk=spread.apply_currency_risk,
        line=tree.position_of(placed.path).line,
    )


def _leg(leg: LegEntry) -> SpreadLeg:
    return SpreadLeg(
        kind="tier",
        commodity=leg.commodity,
        side=leg.side or "A",
        ratio=leg.ratio,
        tier=leg.tier,
        rates=_rates(leg.rate),
        clearing_org=leg.clearing_org,
        is_target=leg.target,
        is_required=leg.required,
    )
