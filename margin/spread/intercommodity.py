"""Delta-based spreads between commodities: opposite deltas of related commodities earn a credit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from margin.model.parameters import SpreadDefinition, SpreadLeg
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.spread.formed import FormedSpreads, SpreadBatch
from margin.spread.measure import Measure, leg_cover
from margin.spread.pools import ORIENTATIONS, SIDES, available, consume, cut
from margin.spread.state import CommodityState

SUPER_KINDS = frozenset({"super", "super_interclearing"})
CREDITS = {
    "super": "intercommodity_credit",
    "intercommodity": "intercommodity_credit",
    "super_interclearing": "interclearing_credit",
    "interclearing": "interclearing_credit",
}


def form_delta_spread(
    legs: Sequence[tuple[SpreadLeg, CommodityState]],
    spread: SpreadDefinition,
    measure: Measure,
    formed: FormedSpreads,
) -> None:
    """Form one spread between commodities, for all accounts that hold every leg.

    A leg offers the net of its tier's remaining deltas. All A legs must have one sign and all B legs the
    other, either way round; the number of spreads is the smallest |net| ÷ ratio, fractional. Deltas of the
    net's sign are used, earliest period first.
    Source: CME, "Inter Spreads" and Type 6 record.

    Args:
        legs: Each leg of the definition with the state it draws on.
        spread: The definition.
        measure: Gives weighted futures price risk and the house's choices.
        formed: Takes the spreads that form.
    """
    accounts, columns = align([state for _, state in legs])
    formed.watch(*(state for _, state in legs))
    for orientation in ORIENTATIONS:
        if not len(accounts):
            return
        number = np.full(len(accounts), np.inf)
        for (leg, state), own in zip(legs, columns, strict=True):
            rows = state.rows_in(leg_cover(state, leg))
            sign = orientation * SIDES[leg.side]
            number = np.minimum(number, offered(state, rows, sign, measure)[own] / leg.ratio)
        number = cut(number, measure.switches.spread_decimals)
        chosen = np.flatnonzero(number > 0.0)
        if len(chosen):
            own_columns = [own[chosen] for own in columns]
            _book(legs, own_columns, accounts[chosen], number[chosen], spread, orientation, measure, formed)


def offered(state: CommodityState, rows: tuple[int, ...], sign: int, measure: Measure) -> FloatArray:
    """Delta that a leg offers on one side, not negative, shape (holders,)."""
    if measure.switches.intercommodity_leg_netting == "gross":
        return available(state.remaining, rows, sign)
    return np.maximum(sign * state.remaining_net(rows), 0.0)


def _book(
    legs: Sequence[tuple[SpreadLeg, CommodityState]],
    columns: Sequence[IntArray],
    accounts: IntArray,
    number: FloatArray,
    spread: SpreadDefinition,
    orientation: int,
    measure: Measure,
    formed: FormedSpreads,
) -> None:
    """Give the credits of formed spreads and use up their deltas."""
    earned = [
        leg_credit(leg, state, own, number, spread, legs, measure)
        for (leg, state), own in zip(legs, columns, strict=True)
    ]
    for (leg, state), own, credit in zip(legs, columns, earned, strict=True):
        if leg.clearing_org is None:
            state.amounts[CREDITS[spread.kind]][own] += credit
        rows = state.rows_in(leg_cover(state, leg))
        consume(state, rows, orientation * SIDES[leg.side], own, number * leg.ratio)
    home, home_columns = next(
        (state, own) for (leg, state), own in zip(legs, columns, strict=True) if leg.clearing_org is None
    )
    batch = SpreadBatch(
        definition=spread,
        rate_id=home.rate_id,
        orientation=orientation,
        accounts=accounts,
        groups=home.groups[home_columns],
        number=number,
        amount=np.sum(earned, axis=0),
        legs=spread.legs,
        leg_amounts=tuple(earned),
    )
    formed.add(batch, *(state for _, state in legs))


def leg_credit(
    leg: SpreadLeg,
    state: CommodityState,
    columns: IntArray,
    number: FloatArray,
    spread: SpreadDefinition,
    legs: Sequence[tuple[SpreadLeg, CommodityState]],
    measure: Measure,
) -> FloatArray:
    """Credit of one leg.

    Method W: weighted futures price risk × ratio × number × the leg's own rate, or the spread's. Method F: the
    flat rate is shared equally by the distinct commodities of the legs. A leg away earns nothing here.
    """
    if leg.clearing_org is not None:
        return np.zeros(len(columns))
    if spread.charge_method == "F":
        homes = [item.commodity for item, _ in legs if item.clearing_org is None]
        share = len(set(homes)) * homes.count(leg.commodity)
        rate = spread.rates[state.rate_id] * state.money * (1.0 if spread.flat_rate_is_credit else -1.0)
        return number * (rate / share)
    tier = 0 if leg.kind == "period" else (leg.tier or 0)
    price_risk = measure.weighted_price_risk(state, tier)
    if spread.kind in SUPER_KINDS:
        price_risk = _capped(price_risk, leg, state, measure)
    return price_risk[columns] * (leg.ratio * number) * (leg.rates or spread.rates)[state.rate_id]


def _capped(price_risk: FloatArray, leg: SpreadLeg, state: CommodityState, measure: Measure) -> FloatArray:
    """Weighted futures price risk of a super spread, so that its credit cannot exceed the commodity's scan risk.

    Source: CME SPAN 09-01: at most the commodity's scan risk over the leg's original delta.
    """
    delta = np.abs(state.original_net(leg_cover(state, leg)))
    limit: FloatArray = np.divide(measure.risk(state).scan, delta, out=np.full(len(delta), np.inf), where=delta > 0.0)
    capped: FloatArray = np.minimum(price_risk, limit)
    return capped


def align(states: Sequence[CommodityState]) -> tuple[IntArray, list[IntArray]]:
    """Accounts present in all of some commodities, and their column in each of them.

    Returns:
        Account codes, ascending, and one array of columns per state.
    """
    smallest = min(states, key=len)
    accounts = smallest.accounts[smallest.present]
    for state in states:
        place, found = find(state, accounts)
        accounts = accounts[found & state.present[place]] if len(state) else accounts[:0]
    return accounts, [find(state, accounts)[0] for state in states]


def find(state: CommodityState, accounts: IntArray) -> tuple[IntArray, BoolArray]:
    """Column of each account in a commodity, and whether it has one."""
    if not len(state):
        return np.zeros(len(accounts), dtype=np.int64), np.zeros(len(accounts), dtype=np.bool_)
    place = np.minimum(np.searchsorted(state.accounts, accounts), len(state) - 1)
    return place, state.accounts[place] == accounts
