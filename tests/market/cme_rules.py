"""Combined commodities of the CME-like shape: tiers, spreads inside and between commodities, minimums, spot rates."""

from __future__ import annotations

from itertools import combinations, pairwise

from tests.market.cme_underlyings import (
    ACCOUNT_TYPES,
    INITIAL_FACTOR,
    MINI_SCALE,
    RATES_WITH_INITIAL_FACTOR,
    Build,
    Placed,
)
from tests.market.model import Commodity, Leg, Link, SpotRate, Spread, Tier
from tests.market.specification import Feature


def combined_commodity(state: Build, item: Placed) -> Commodity:
    """The combined commodity of an underlying: even ones by tiers, odd ones by periods, where both are on."""
    spec = state.spec
    links = [Link(item.future.id)]
    if item.mini is not None:
        links.append(Link(item.mini.id, MINI_SCALE))
    links += [Link(draft.id, scale) for draft, scale in item.options or () if draft.count]
    uses_tiers = spec.has(Feature.TIER_SPREADS) and (item.index % 2 == 0 or not spec.has(Feature.PERIOD_SPREADS))
    spreads: tuple[Spread, ...] = ()
    if uses_tiers:
        spreads = _tier_spreads(state, item)
    elif spec.has(Feature.PERIOD_SPREADS):
        spreads = _period_spreads(state, item)
    uses_price_risk = spec.has(Feature.SPOT_RATES) or spec.has(Feature.INTER_SPREADS)
    return Commodity(
        code=item.code,
        name=item.underlying.name,
        currency=spec.currency,
        links=tuple(links),
        risk_exponent=item.exponent,
        cap_option_value=spec.has(Feature.CAPPED_OPTION_VALUE) and item.index % 2 == 0,
        weighted_price_risk_method="SCANRANGE_CAP" if uses_price_risk and item.index % 3 == 1 else "NORMAL",
        short_option_minimum_method="MAX" if item.index % 2 else "GROSS",
        group=item.underlying.group,
        adjustments=_adjustments(state),
        scan_tiers=_tiers(item) if spec.has(Feature.SCAN_TIERS) and item.index % 2 == 0 else (),
        intra_tiers=_tiers(item) if uses_tiers else (),
        inter_tiers=_tiers(item, number=2) if spec.has(Feature.INTER_TIERS) else (),
        som_tiers=_som_tiers(state, item),
        spreads=spreads,
        spot_rates=_spot_rates(state, item) if spec.has(Feature.SPOT_RATES) else (),
    )


def _adjustments(state: Build) -> tuple[tuple[str, str, float], ...]:
    if not state.spec.has(Feature.ADJUSTED_RATES):
        return ()
    rows = []
    for kind in ACCOUNT_TYPES:
        for rate, is_initial in ((kind.maintenance_rate, False), (kind.initial_rate, True)):
            if rate is None or rate in state.scan_factors:
                continue
            base = "2" if is_initial and "2" in state.scan_factors and rate in RATES_WITH_INITIAL_FACTOR else "1"
            factor = INITIAL_FACTOR if base == "1" and rate in RATES_WITH_INITIAL_FACTOR else 1.0
            rows.append((rate, base, factor))
    return tuple(rows)


def _tiers(item: Placed, number: int = 3) -> tuple[Tier, ...]:
    """The nearest months one tier each, all later ones in the last; bounds take in options in between."""
    periods = item.periods
    count = min(number, len(periods))
    tiers = []
    for i in range(count):
        start = None if i == 0 else f"{_next_month(periods[i - 1])}"
        end = None if i == count - 1 else periods[i]
        tiers.append(Tier(i + 1, start, end))
    return tuple(tiers)


def _next_month(period: str) -> str:
    year, month = int(period[:4]), int(period[4:6])
    return f"{year + month // 12}{month % 12 + 1:02d}"


def _tier_spreads(state: Build, item: Placed) -> tuple[Spread, ...]:
    """A butterfly over the tiers, each tier against itself where it has two months, and tier against tier."""
    tiers = _tiers(item)
    shapes: list[tuple[float, str, tuple[tuple[int, str, float], ...]]] = []
    if state.spec.has(Feature.BUTTERFLIES) and len(tiers) >= 3:
        shapes.append((0.06, "F", ((1, "A", 1), (2, "B", 2), (3, "A", 1))))
    last = len(tiers)
    shapes.append((0.08, "F", ((last, "A", 1), (last, "B", 1))))
    for near, far in combinations(range(1, last + 1), 2):
        shapes.append((0.10 + 0.05 * (far - near), "F", ((near, "A", 1), (far, "B", 1))))
    if state.spec.has(Feature.WEIGHTED_INTRA) and last >= 2:
        share, _, places = shapes[-1]
        shapes[-1] = (-share, "W", places)
    spreads = []
    for priority, (share, method, places) in enumerate(shapes, start=1):
        rates = state.fractions(share) if method == "W" else state.rates(share * item.scan_money)
        legs = tuple(Leg(item.code, side, ratio, tier=tier) for tier, side, ratio in places)
        spreads.append(Spread(priority, method, rates, legs))
    return tuple(spreads)


def _period_spreads(state: Build, item: Placed) -> tuple[Spread, ...]:
    pairs = sorted(combinations(range(len(item.periods)), 2), key=lambda pair: (pair[1] - pair[0], pair[0]))
    spreads = []
    for priority, (near, far) in enumerate(pairs, start=1):
        legs = (
            Leg(item.code, "A", 1, period=item.periods[near]),
            Leg(item.code, "B", 1, period=item.periods[far]),
        )
        amount = (0.08 + 0.04 * (far - near)) * item.scan_money
        spreads.append(Spread(priority, "F", state.rates(amount), legs))
    return tuple(spreads)


def _som_tiers(state: Build, item: Placed) -> tuple[Tier, ...]:
    """One rate for the whole commodity, or a dearer nearest tier for every other commodity."""
    if not state.spec.has(Feature.SHORT_OPTION_MINIMUM):
        return (Tier(0, rates=state.rates(0.0)),)
    rate = max(1.0, 0.012 * item.scan_money)
    if item.index % 3 == 2 or len(item.periods) < 2:
        return (Tier(0, rates=state.rates(rate)),)
    near, rest = _tiers(item, number=2)
    return (
        Tier(1, near.start, near.end, state.rates(1.5 * rate)),
        Tier(2, rest.start, rest.end, state.rates(rate)),
    )


def _spot_rates(state: Build, item: Placed) -> tuple[SpotRate, ...]:
    period = item.periods[0]
    in_spreads, outright = state.rates(0.05 * item.scan_money), state.rates(0.30 * item.scan_money)
    return tuple(SpotRate(rate, period, in_spreads[rate], outright[rate]) for rate in state.scan_factors)


def super_spreads(state: Build, placed: list[Placed]) -> tuple[Spread, ...]:
    """One weighted spread of the first two commodities, formed before any other."""
    if not state.spec.has(Feature.SUPER_SPREADS) or len(placed) < 2:
        return ()
    first, second = placed[0], placed[1]
    legs = (Leg(first.code, "A", 1, tier=0), Leg(second.code, "B", _ratio(first, second), tier=0))
    return (Spread(1, "W", state.fractions(0.35), legs),)


def _ratio(one: Placed, other: Placed) -> float:
    """Whole number of `other`'s deltas that weigh about as much as one delta of `one`."""
    unit = 10.0**one.exponent, 10.0**other.exponent
    return float(max(1, round(one.scan_money * unit[0] / (other.scan_money * unit[1]))))


def inter_spreads(state: Build, placed: list[Placed]) -> tuple[Spread, ...]:
    """Weighted and flat spreads between neighbours in the list, and a scanning-based one at the end.

    A flat rate between commodities is negative: in SPAN XML a positive flat rate is a charge.
    """
    spec = state.spec
    spreads: list[Spread] = []
    if spec.has(Feature.INTER_SPREADS):
        for i, (one, other) in enumerate(pairwise(placed)):
            tiers = (1, 2) if spec.has(Feature.INTER_TIERS) and spec.expiries >= 2 else (0,)
            for tier in tiers:
                legs = (Leg(one.code, "A", 1, tier=tier), Leg(other.code, "B", _ratio(one, other), tier=tier))
                if i % 2:
                    rates = state.rates(-0.15 * min(one.scan_money, other.scan_money))
                    spreads.append(Spread(len(spreads) + 1, "F", rates, legs))
                else:
                    spreads.append(Spread(len(spreads) + 1, "W", state.fractions(0.55), legs))
    if spec.has(Feature.SCANNING_SPREADS) and len(placed) >= 2:
        target, source = placed[0], placed[1]
        scanned = (
            Leg(target.code, ratio=1, is_target=True),
            Leg(source.code, ratio=_ratio(target, source), is_required=True),
        )
        spreads.append(Spread(len(spreads) + 1, "", state.fractions(0.8), scanned))
    return tuple(spreads)
