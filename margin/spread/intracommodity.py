"""Intracommodity (calendar) spreads: long and short deltas of one commodity pair up at a charge."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from margin.model.house import rounded
from margin.model.parameters import SpreadDefinition, SpreadLeg
from margin.numeric.arrays import FloatArray, IntArray
from margin.resolve.cover import EVERY_PERIOD, Cover, one_period, tier_cover
from margin.spread.formed import FormedSpreads, SpreadBatch
from margin.spread.measure import Measure
from margin.spread.pools import ORIENTATIONS, SIDES, Pairing, PoolLeg, form, pairing
from margin.spread.state import CommodityState


def form_intracommodity_spreads(state: CommodityState, measure: Measure, formed: FormedSpreads) -> None:
    """Form every calendar spread of one commodity, for all its holders at once.

    Spreads between series (all legs are periods) come first, then the others, both by priority, lowest
    first. Each is formed with side A long and side B short, then the other way round. A tier is a pool of
    its long and its short deltas kept apart, not their net. The commodity's charge is rounded once.
    Strategy spreads of London SPAN form before all others, by priority, and their charge is rounded by itself.
    Source: CME SPAN, "Intra Spreads" and Type C and E records.

    Args:
        state: The commodity; deltas are used up and the charge is added in place.
        measure: Gives weighted futures price risk for charge method W.
        formed: Takes the spreads that form.
    """
    strategies = tuple(spread for spread in state.commodity.spreads if spread.form == "strategy")
    others = tuple(spread for spread in state.commodity.spreads if spread.form != "strategy")
    for spreads, series_first in ((strategies, False), (others, measure.switches.series_spreads_first)):
        charge = np.zeros(len(state))
        for spread in in_sequence(spreads, series_first=series_first):
            formed.watch(state)
            for batch, columns in _form(state, spread, measure):
                charge[columns] += batch.amount
                formed.add(batch, state)
        state.amounts["intracommodity_charge"] += rounded(charge, measure.policy.intracommodity_charge)


def in_sequence(spreads: tuple[SpreadDefinition, ...], *, series_first: bool) -> list[SpreadDefinition]:
    """Spreads in the order in which they form."""

    def place(spread: SpreadDefinition) -> tuple[bool, int]:
        return series_first and any(leg.kind != "period" for leg in spread.legs), spread.priority

    return sorted(spreads, key=place)


def _form(state: CommodityState, spread: SpreadDefinition, measure: Measure) -> Iterator[tuple[SpreadBatch, IntArray]]:
    """The spreads of one definition in both orientations, and the columns they formed in."""
    pairs = spread_pairing(state, spread, measure)
    if pairs is None:
        return
    for orientation in ORIENTATIONS:
        columns, number = form(state, pairs, orientation, measure.switches.spread_decimals)
        if len(columns):
            yield (
                SpreadBatch(
                    definition=spread,
                    rate_id=state.rate_id,
                    orientation=orientation,
                    accounts=state.accounts[columns],
                    groups=state.groups[columns],
                    number=number,
                    amount=_charge(state, spread, columns, number, measure),
                    legs=spread.legs,
                ),
                columns,
            )


def _charge(
    state: CommodityState, spread: SpreadDefinition, columns: IntArray, number: FloatArray, measure: Measure
) -> FloatArray:
    """Charge of the spreads formed: flat per spread, or a share of weighted futures price risk given back.

    Method P, which has no published formula, adds its flat, monthly and per-spread parts where the house says so.
    Method W is a credit for a positive rate. Weighted futures price risk is the whole commodity's:
    intracommodity tiers have none of their own (CME SPAN XML schema, ``iatr``).
    """
    if spread.charge_method == "F":
        return number * (spread.rates[state.rate_id] * state.money)
    if spread.charge_method == "P":
        rates = spread.month_rates[state.rate_id]
        months = months_between(*(leg.period or "" for leg in spread.legs))
        return number * ((rates.flat + rates.per_month * months + rates.per_spread) * state.money)
    price_risk = measure.weighted_price_risk(state, 0)[columns]
    charge = np.zeros(len(columns))
    for leg in spread.legs:
        charge -= price_risk * (leg.ratio * number) * (leg.rates or spread.rates)[state.rate_id]
    return charge


def months_between(one: str, other: str) -> int:
    """Calendar months between two periods, not negative."""
    first, second = (12 * int(period[:4]) + int(period[4:6]) for period in (one, other))
    return abs(first - second)


def spread_pairing(state: CommodityState, spread: SpreadDefinition, measure: Measure) -> Pairing | None:
    """The legs of a spread with the periods they draw on; `None` if one of them has nothing to draw on."""
    legs = []
    for leg in spread.legs:
        cover = _cover(state, leg, measure)
        legs.append(PoolLeg(state.rows_in(cover), cover.end, SIDES[leg.side], leg.ratio))
    return pairing(legs)


def _cover(state: CommodityState, leg: SpreadLeg, measure: Measure) -> Cover:
    """The periods that a leg inside a commodity draws on."""
    if leg.kind == "period":
        return one_period(leg.period or "")
    if leg.kind == "relative":
        return relative_cover(state, leg, measure)
    return tier_cover(state.commodity.intracommodity_tiers, leg.tier or 0)


def relative_cover(state: CommodityState, leg: SpreadLeg, measure: Measure) -> Cover:
    """The n-th period, counted from 1, of the listed contracts that lies in the leg's range of tiers.

    Source: CME SPAN XML schema, ``rpLeg``; that periods count over the listed contracts is inferred.
    """
    contracts = measure.contracts
    slots = range(contracts.commodity_slots[state.code], contracts.commodity_slots[state.code + 1])
    first = leg.first_tier or 0
    last = first if leg.last_tier is None else leg.last_tier
    tiers = [tier for tier in state.commodity.intracommodity_tiers if first <= tier.number <= last]
    cover = EVERY_PERIOD if (first, last) == (0, 0) else Cover(tuple((tier.start, tier.end) for tier in tiers))
    listed = [period for slot in slots if (period := contracts.slot_periods[slot]) and period in cover]
    number = leg.relative_number or 0
    return one_period(listed[number - 1]) if 0 < number <= len(listed) else Cover(())
