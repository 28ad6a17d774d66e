"""Scanning-based spreads: scenario losses of related commodities merge into a target instead of earning a credit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from margin.model.parameters import SpreadDefinition, SpreadLeg
from margin.numeric.arrays import BoolArray, IntArray
from margin.spread.formed import FormedSpreads, SpreadBatch
from margin.spread.intercommodity import find
from margin.spread.state import AMOUNTS, CommodityState, Merge

_LEGS_REQUIRED = 2


def form_scanning_spread(states: Mapping[str, CommodityState], spread: SpreadDefinition, formed: FormedSpreads) -> None:
    """Form one scanning-based spread for all accounts that qualify.

    It forms where enough legs are present (positions of their own or merged in, not absorbed before), every
    required leg among them, and the target if that is required. Scenario losses of the legs then add to the
    target's in full and gains at each leg's allowance; deltas move at target ratio ÷ leg ratio; option values,
    minimums and charges move too, and the leg has no requirement of its own.
    Source: CME SPAN 03-04 and Type 6 record, bytes 118–121.

    Args:
        states: Commodities of the clearing organisation by their code.
        spread: The definition; one leg is the target.
        formed: Takes the spreads that form.
    """
    target_leg = next(leg for leg in spread.legs if leg.is_target)
    target = states.get(target_leg.commodity)
    if target is None:
        return
    found = {id(leg): _present(states.get(leg.commodity), target.accounts) for leg in spread.legs}
    present = {key: where for key, (_, where) in found.items()}
    count = np.sum([present[id(leg)] for leg in spread.legs if leg.is_counted], axis=0)
    needed = _LEGS_REQUIRED if spread.legs_required is None else max(spread.legs_required, 1)
    forms = (count >= needed) & (target.absorbed_into < 0)
    for leg in spread.legs:
        if leg.is_required or (leg.is_target and spread.is_target_required):
            forms &= present[id(leg)]
    columns = np.flatnonzero(forms)
    if not len(columns):
        return
    _record(spread, target, columns, {id(leg): present[id(leg)][columns] for leg in spread.legs}, formed)
    target.merges.append(Merge(columns, _rate(spread, target_leg, target)))
    for leg in spread.legs:
        if leg is not target_leg:
            own = columns[present[id(leg)][columns]]
            if len(own):
                state = states[leg.commodity]
                leg_columns = found[id(leg)][0][own]
                target.merges.append(Merge(own, _rate(spread, leg, state), state, leg_columns, tuple(state.merges)))
                _absorb(target, own, state, leg_columns, target_leg.ratio / leg.ratio)


def _present(state: CommodityState | None, accounts: IntArray) -> tuple[IntArray, BoolArray]:
    """Column of each account in a commodity, and whether it is present there."""
    if state is None or not len(state):
        return np.zeros(len(accounts), dtype=np.int64), np.zeros(len(accounts), dtype=np.bool_)
    place, known = find(state, accounts)
    return place, known & state.present[place]


def _rate(spread: SpreadDefinition, leg: SpreadLeg, state: CommodityState) -> float:
    """The gain allowance of a leg: its own rate, or the spread's."""
    return (leg.rates or spread.rates)[state.rate_id]


def _absorb(
    target: CommodityState, columns: IntArray, leg: CommodityState, leg_columns: IntArray, delta_factor: float
) -> None:
    """Move deltas and amounts of a leg to the target; the leg is no longer present."""
    row_of = {period: row for row, period in enumerate(target.periods)}
    for row, period in enumerate(leg.periods):
        into = row_of[period]
        target.original[into, columns] += leg.original[row, leg_columns] * delta_factor
        target.remaining[into, columns] += leg.remaining[row, leg_columns] * delta_factor
        target.noise[into, columns] += leg.noise[row, leg_columns] * abs(delta_factor)
    target.dust[columns] += leg.dust[leg_columns] * abs(delta_factor)
    for name in AMOUNTS:
        target.amounts[name][columns] += leg.amounts[name][leg_columns]
        leg.amounts[name][leg_columns] = 0.0
    target.only_long_options[columns] &= leg.only_long_options[leg_columns]
    target.present[columns] = True
    leg.remaining[:, leg_columns] = 0.0
    leg.present[leg_columns] = False
    leg.absorbed_into[leg_columns] = target.code


def _record(
    spread: SpreadDefinition,
    target: CommodityState,
    columns: IntArray,
    present: Mapping[int, BoolArray],
    formed: FormedSpreads,
) -> None:
    """One batch for each combination of legs that took part."""
    pattern = sum(present[id(leg)].astype(np.int64) << bit for bit, leg in enumerate(spread.legs))
    for code in np.unique(pattern):
        chosen = columns[pattern == code]
        batch = SpreadBatch(
            definition=spread,
            rate_id=target.rate_id,
            orientation=0,
            accounts=target.accounts[chosen],
            groups=target.groups[chosen],
            number=np.ones(len(chosen)),
            amount=np.zeros(len(chosen)),
            legs=tuple(leg for bit, leg in enumerate(spread.legs) if int(code) >> bit & 1),
        )
        formed.add(batch, target)
