"""Spreads between the months of one commodity, and the delivery-month charge."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from tests.oracle.ledger import most_spreads
from tests.oracle.model import Leg, Policy, Spread
from tests.oracle.rounding import rounded
from tests.oracle.scan import Covers, in_range, tier_covers
from tests.oracle.state import CommodityState, rate_of

ZERO = Fraction(0)


@dataclass(frozen=True)
class LegUsed:
    """What one leg of a formed spread did; `side` is ``long`` or ``short``."""

    leg: Leg
    side: str
    delta_used: Fraction
    amount: Fraction


@dataclass(frozen=True)
class SpreadFormed:
    """A spread an account formed; `amount` is a charge inside a commodity and a credit elsewhere."""

    spread: Spread
    clearing_org: str
    number: Fraction
    amount: Fraction
    legs: tuple[LegUsed, ...]


def in_order(spreads: tuple[Spread, ...], policy: Policy) -> list[Spread]:
    """Spreads between periods ("series to series") first, then the others; by priority, ties as filed."""

    def sequence(spread: Spread) -> tuple[int, int]:
        series_to_series = all(leg.kind == "period" for leg in spread.legs)
        block = 0 if series_to_series or not policy.series_spreads_first else 1
        return block, spread.priority

    return sorted(spreads, key=sequence)


def leg_covers(state: CommodityState, leg: Leg) -> Covers:
    """The periods a leg may draw on."""
    if leg.kind == "period":
        return lambda period: period == leg.period
    if leg.kind == "relative":
        wanted = relative_period(state, leg)
        return lambda period: period == wanted
    return tier_covers(state.commodity.intra_tiers, leg.tier)


def relative_period(state: CommodityState, leg: Leg) -> str | None:
    """The n-th period, counted from 1, of the file's contracts that lies in the leg's range of tiers."""
    listed = {
        contract.delta_period
        for contract in state.org.contracts.values()
        if contract.reference[:2] in state.commodity.links and contract.delta_period
    }
    first, last = leg.first_tier or 0, leg.last_tier if leg.last_tier is not None else leg.first_tier or 0
    if (first, last) != (0, 0):
        tiers = [tier for tier in state.commodity.intra_tiers if first <= tier.number <= last]
        listed = {period for period in listed if any(in_range(period, tier.start, tier.end) for tier in tiers)}
    periods = sorted(listed)
    return periods[leg.relative_number - 1] if leg.relative_number <= len(periods) else None


def count_spreads(bounds: list[Fraction], policy: Policy) -> Fraction:
    """The number of spreads: the smallest bound, fractional unless the house floors it."""
    number = min(bounds)
    if policy.spread_decimals is None:
        return number
    return Fraction(floor(number * 10**policy.spread_decimals), 10**policy.spread_decimals)


def form_one_orientation(state: CommodityState, spread: Spread, long_side: str) -> SpreadFormed | None:
    """Forms a spread with all legs of `long_side` long and all others short, and uses up its deltas.

    A pool is the remaining deltas of one sign of a leg's periods: a tier is not netted. The leg whose pool
    ends first draws first, each leg from its earliest period.
    """
    signs = [1 if leg.side == long_side else -1 for leg in spread.legs]
    covers = [leg_covers(state, leg) for leg in spread.legs]
    bounds = []
    for sign in (1, -1):
        legs = [i for i in range(len(signs)) if signs[i] == sign]
        pools = [state.ledger.pool(covers[i], sign) for i in legs]
        if legs:
            bounds.append(most_spreads(pools, [spread.legs[i].ratio for i in legs]))
    number = count_spreads(bounds, state.policy)
    if number <= 0:
        return None
    last_period = [max(state.ledger.pool(covers[i], signs[i])) for i in range(len(signs))]
    for i in sorted(range(len(signs)), key=lambda i: (last_period[i], i)):
        state.ledger.consume(covers[i], signs[i], number * spread.legs[i].ratio)
    used = tuple(
        LegUsed(leg, "long" if sign > 0 else "short", number * leg.ratio, ZERO)
        for leg, sign in zip(spread.legs, signs, strict=True)
    )
    return SpreadFormed(spread, state.commodity.clearing_org, number, charge_of(state, spread, number), used)


def charge_of(state: CommodityState, spread: Spread, number: Fraction) -> Fraction:
    """Charge F: number × rate × x. Charge W: minus the sum over legs of W × ratio × number × rate, a credit.

    W is the commodity's: intracommodity tiers have none of their own (CME SPAN XML schema, ``iatr``).
    """
    if spread.method == "F":
        rate = rate_of(spread.rates, state.rate_id, f"spread {spread.priority}")
        return number * rate * state.commodity.multiplier
    price_risk = state.weighted_price_risk(0)
    charge = ZERO
    for leg in spread.legs:
        rate = rate_of(leg.rates or spread.rates, state.rate_id, f"spread {spread.priority}")
        charge -= price_risk * leg.ratio * number * rate
    return charge


def form_intracommodity_spreads(state: CommodityState) -> list[SpreadFormed]:
    """All spreads of the commodity, each in both orientations; their sum is rounded once."""
    formed = []
    for spread in in_order(state.commodity.spreads, state.policy):
        for long_side in ("A", "B"):
            found = form_one_orientation(state, spread, long_side)
            if found is not None:
                formed.append(found)
    total = sum((spread.amount for spread in formed), ZERO)
    state.intra_charge += rounded(total, state.policy.round_intracommodity_charge)
    return formed


def charge_delivery(state: CommodityState) -> None:
    """Delivery-month charge: remaining delta × outright rate + delta used in spreads × spread rate, times x.

    Source: CME, "Type 4 Expanded" (method 10).
    """
    if state.commodity.spot_method == "NONE":
        return
    total = ZERO
    for rate in state.commodity.spot_rates:
        if rate.rate_id == state.rate_id and rate.period in state.ledger.original:
            original, remaining = state.ledger.original[rate.period], state.ledger.remaining[rate.period]
            total += abs(remaining) * rate.outright_rate + abs(original - remaining) * rate.spread_rate
    state.delivery_charge += rounded(total * state.commodity.multiplier, state.policy.round_delivery_charge)
