"""Spreads between commodities: delta-based, super, scanning-based, and between clearing organisations."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tests.oracle.intracommodity import LegUsed, SpreadFormed, count_spreads
from tests.oracle.ledger import Ledger
from tests.oracle.model import Commodity, Leg, OracleError, Policy, Spread
from tests.oracle.rounding import rounded
from tests.oracle.scan import Covers, tier_covers
from tests.oracle.state import CommodityState, rate_of

ZERO = Fraction(0)
States = dict[str, CommodityState]
"""The commodities of one clearing organisation by code."""


def by_priority(spreads: tuple[Spread, ...]) -> list[Spread]:
    """Ascending priority, ties in the order of the file."""
    return sorted(spreads, key=lambda spread: spread.priority)


def leg_net(ledger: Ledger, covers: Covers, sign: int, netting: str) -> Fraction:
    """Delta a leg offers on one side: the net of its periods' remaining deltas, or that side's alone."""
    if netting == "gross":
        return sum(ledger.pool(covers, sign).values(), ZERO)
    return max(ZERO, sign * ledger.remaining_net(covers))


def leg_periods(commodity: Commodity, leg: Leg) -> Covers:
    """The periods of a leg between commodities: an intercommodity tier or one period."""
    if leg.kind == "period":
        return lambda period: period == leg.period
    if leg.kind == "relative":
        raise OracleError("a relative leg between commodities")
    return tier_covers(commodity.inter_tiers, leg.tier)


def refuse_shared_delta(states: States, legs: list[Leg]) -> None:
    """Two legs on the same deltas of one commodity have no stated rule."""
    ordered = sorted(legs, key=lambda leg: leg.commodity)
    for one, other in pairwise(ordered):
        if one.commodity == other.commodity and one.commodity in states:
            state = states[one.commodity]
            first, second = leg_periods(state.commodity, one), leg_periods(state.commodity, other)
            if any(first(period) and second(period) for period in state.ledger.original):
                raise OracleError("two legs of one spread between commodities share periods")


def form_delta_spread(states: States, spread: Spread, policy: Policy) -> list[SpreadFormed]:
    """A spread between commodities in either orientation: all A legs of one sign, all B legs of the other.

    Number = the smallest |net| / ratio over legs, fractional. Deltas are used earliest period first.
    """
    if any(leg.commodity not in states or not states[leg.commodity].is_present for leg in spread.legs):
        return []
    refuse_shared_delta(states, list(spread.legs))
    formed = []
    for long_side in ("A", "B"):
        signs = [1 if leg.side == long_side else -1 for leg in spread.legs]
        covers = [leg_periods(states[leg.commodity].commodity, leg) for leg in spread.legs]
        number = count_spreads(
            [
                leg_net(states[leg.commodity].ledger, cover, sign, policy.inter_leg_netting) / leg.ratio
                for leg, cover, sign in zip(spread.legs, covers, signs, strict=True)
            ],
            policy,
        )
        if number <= 0:
            continue
        amounts = leg_credits(states, spread, number)
        used = []
        for leg, cover, sign, credit in zip(spread.legs, covers, signs, amounts, strict=True):
            states[leg.commodity].ledger.consume(cover, sign, number * leg.ratio)
            used.append(LegUsed(leg, "long" if sign > 0 else "short", number * leg.ratio, credit))
            if spread.kind == "super_interclearing":
                states[leg.commodity].interclearing_credit += credit
            else:
                states[leg.commodity].inter_credit += credit
        formed.append(
            SpreadFormed(
                spread,
                states[spread.legs[0].commodity].commodity.clearing_org,
                number,
                sum(amounts, ZERO),
                tuple(used),
            )
        )
    return formed


def leg_credits(states: States, spread: Spread, number: Fraction) -> list[Fraction]:
    """The credit of every leg.

    Method W: W of the leg's commodity and tier × ratio × number × the leg's own rate or the spread's.
    Method F: number × rate × x, shared equally by the distinct commodities; in SPAN XML a positive flat rate
    is a charge.
    Source: CME, "Inter Spreads".
    """
    if spread.method == "W":
        return [weighted_credit(states[leg.commodity], spread, leg, number) for leg in spread.legs]
    commodities = sorted({leg.commodity for leg in spread.legs})
    amounts = []
    for leg in spread.legs:
        state = states[leg.commodity]
        rate = rate_of(spread.rates, state.rate_id, f"spread {spread.priority}")
        share = -number * rate * state.commodity.multiplier / len(commodities)
        legs_of_commodity = sum(1 for other in spread.legs if other.commodity == leg.commodity)
        amounts.append(share / legs_of_commodity)
    return amounts


def weighted_credit(state: CommodityState, spread: Spread, leg: Leg, number: Fraction) -> Fraction:
    """W × ratio × number × rate of one leg; the W of a super spread is capped.

    The cap keeps the credit within the scan risk: scan risk of the commodity over the leg's original |delta|.
    Source: CME, SPAN 09-01.
    """
    price_risk = state.weighted_price_risk(0 if leg.kind == "period" else leg.tier)
    if spread.kind in {"super", "super_interclearing"}:
        original = abs(state.ledger.original_net(leg_periods(state.commodity, leg)))
        if original > 0:
            price_risk = min(price_risk, state.scan().scan / original)
    rate = rate_of(leg.rates or spread.rates, state.rate_id, f"spread {spread.priority}")
    return price_risk * leg.ratio * number * rate


def form_scanning_spread(states: States, spread: Spread) -> list[SpreadFormed]:
    """A scanning-based spread: the arrays of its present legs merge into the target.

    It needs the stated minimum of present legs (2 where none is stated, a target in the list counted), every
    required leg, and the target itself if that is required. Deltas go over at target ratio / leg ratio.
    Source: CME, SPAN 03-04 and "Type 6 Expanded".
    """
    targets = [leg for leg in spread.legs if leg.is_target]
    if len(targets) != 1:
        raise OracleError("a scanning-based spread needs one target")
    target_leg = targets[0]
    present = [leg for leg in spread.legs if leg.commodity in states and states[leg.commodity].is_present]
    needed = 2 if spread.legs_required is None else spread.legs_required
    required_missing = any(leg.is_required and leg not in present for leg in spread.legs)
    target_missing = spread.is_target_required and target_leg not in present
    if len(present) < max(needed, 1) or required_missing or target_missing:
        return []
    target = states[target_leg.commodity]
    if target.absorbed_into is not None:
        return []
    target.set_own_allowance(rate_of(target_leg.rates or spread.rates, target.rate_id, "target"))
    used = []
    for leg in present:
        state = states[leg.commodity]
        if leg is not target_leg:
            if state.commodity.currency != target.commodity.currency:
                raise OracleError("a scanning-based spread between currencies")
            allowance = rate_of(leg.rates or spread.rates, state.rate_id, "leg")
            target.absorb(state, allowance, target_leg.ratio / leg.ratio)
        used.append(LegUsed(leg, "", ZERO, ZERO))
    return [SpreadFormed(spread, target.commodity.clearing_org, Fraction(1), ZERO, tuple(used))]


def form_spreads(states: States, spreads: tuple[Spread, ...], policy: Policy) -> list[SpreadFormed]:
    """A list of spreads between commodities by priority; each sees what earlier ones left and merged."""
    formed = []
    for spread in by_priority(spreads):
        if spread.form == "scanning":
            formed.extend(form_scanning_spread(states, spread))
        else:
            formed.extend(form_delta_spread(states, spread, policy))
    return formed


@dataclass(frozen=True)
class AwayDelta:
    """What is known of a position at another clearing organisation: its commodity and what its deltas are."""

    commodity: Commodity
    ledger: Ledger


def form_interclearing_spreads(
    states: States, away: dict[tuple[str, str], AwayDelta], spreads: tuple[Spread, ...], policy: Policy
) -> list[SpreadFormed]:
    """Spreads against positions at other clearing organisations: only home legs earn a credit here.

    An away delta is what its own organisation's spreads have left; it is used once among the spreads of this
    organisation. Source: CME SPAN XML schema, ``clearSpread``.
    """
    own = {key: AwayDelta(seen.commodity, seen.ledger.copy()) for key, seen in away.items()}
    formed = []
    for spread in by_priority(spreads):
        for long_side in ("A", "B"):
            found = form_interclearing_spread(states, own, spread, long_side, policy)
            if found is not None:
                formed.append(found)
    return formed


def held_delta(states: States, away: dict[tuple[str, str], AwayDelta], leg: Leg) -> AwayDelta | None:
    """The commodity and deltas behind a home or away leg, if any."""
    if leg.clearing_org is not None:
        return away.get((leg.clearing_org, leg.commodity))
    state = states.get(leg.commodity)
    if state is None or not state.is_present:
        return None
    return AwayDelta(state.commodity, state.ledger)


def form_interclearing_spread(
    states: States, away: dict[tuple[str, str], AwayDelta], spread: Spread, long_side: str, policy: Policy
) -> SpreadFormed | None:
    """One orientation of a spread with home and away legs."""
    bounds = []
    draws: list[tuple[Leg, Ledger, Covers, int]] = []
    for leg in spread.legs:
        sign = 1 if leg.side == long_side else -1
        held = held_delta(states, away, leg)
        if held is None:
            return None
        covers = leg_periods(held.commodity, leg)
        bounds.append(leg_net(held.ledger, covers, sign, policy.inter_leg_netting) / leg.ratio)
        draws.append((leg, held.ledger, covers, sign))
    number = count_spreads(bounds, policy)
    if number <= 0:
        return None
    used = []
    for leg, ledger, covers, sign in draws:
        credit = ZERO
        if leg.clearing_org is None:
            credit = weighted_credit(states[leg.commodity], spread, leg, number)
            states[leg.commodity].interclearing_credit += credit
        ledger.consume(covers, sign, number * leg.ratio)
        used.append(LegUsed(leg, "long" if sign > 0 else "short", number * leg.ratio, credit))
    home = next(leg for leg in spread.legs if leg.clearing_org is None)
    org = states[home.commodity].commodity.clearing_org
    return SpreadFormed(spread, org, number, sum((part.amount for part in used), ZERO), tuple(used))


def rounded_credit(amount: Fraction, policy: Policy) -> Fraction:
    """One rounding of a commodity's total credit after all spreads."""
    return rounded(amount, policy.round_intercommodity_credit)
