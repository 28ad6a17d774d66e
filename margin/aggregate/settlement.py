"""After all spreads have formed: the figures of every commodity, back in one row per account and commodity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from margin.aggregate.figures import ScanRows, SpanFigures
from margin.aggregate.option_value import OptionValue
from margin.aggregate.requirement import Components, risk_before_factors
from margin.model.parameters import RateId
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.order import stable_order
from margin.resolve.contracts import ResolvedContracts
from margin.scan.groups import PositionGroups
from margin.scan.risk import ScanRisk, add_up_tiers, concatenate
from margin.spread.formed import FormedSpreads
from margin.spread.measure import Measure
from margin.spread.state import AMOUNTS, CommodityState, GroupFacts

_States = Mapping[int, CommodityState]


def settled_figures(
    *,
    states: _States,
    spreads: FormedSpreads,
    measure: Measure,
    groups: PositionGroups,
    facts: GroupFacts,
    scan_rows: ScanRisk,
    contracts: ResolvedContracts,
    base: Mapping[int, RateId],
    outright: FloatArray,
    exposure: FloatArray,
    unusable: CodeArray,
    valid: BoolArray,
) -> SpanFigures:
    """Bring the states of all commodities together by group.

    Args:
        states: Commodities as spreads left them, by code.
        spreads: Spreads formed.
        measure: Measures commodities that something merged into.
        groups: The positions and their groups.
        facts: All groups, with possible targets at the end.
        scan_rows: Scan risk of the positions, by scan row.
        contracts: The contracts.
        base: Rate id of each commodity code.
        outright: Sum of each position's own risk, by group.
        exposure: Exposure margin, by group.
        unusable: Held contract codes that cannot be used.
        valid: Groups whose figures may be shown.
    """
    count = len(facts.account)
    amounts = {
        name: _gathered(states, {code: s.amounts[name] for code, s in states.items()}, count) for name in AMOUNTS
    }
    present = _gathered(states, {code: s.present for code, s in states.items()}, count) > 0
    absorbed = (
        _gathered(states, {code: (s.absorbed_into + 1).astype(np.float64) for code, s in states.items()}, count).astype(
            np.int64
        )
        - 1
    )
    only_long = _gathered(states, {code: s.only_long_options for code, s in states.items()}, count) > 0
    rows = _scan_rows(states, measure, groups, scan_rows, contracts, absorbed)
    scan = add_up_tiers(rows.risk, rows.group, count)
    long, short = amounts.pop("long_option_value"), amounts.pop("short_option_value")
    value = OptionValue(long, short, long - short, only_long & present)
    components = Components(scan_risk=scan.scan, **amounts)
    net_delta = {code: state.net_delta for code, state in states.items()}
    weighted = {
        code: measure.whole_commodity_price_risk(state, scan.price[state.groups]) for code, state in states.items()
    }
    return SpanFigures(
        base=base,
        account=facts.account,
        commodity=facts.commodity,
        shown=facts.holds | present,
        absorbed_into=absorbed,
        grids=measure.grids(base),
        scan_rows=rows,
        scan=scan,
        deltas=_deltas(states),
        spreads=spreads,
        components=components,
        value=value,
        risk=risk_before_factors(components, value),
        outright=outright,
        exposure=exposure,
        net_delta=_gathered(states, net_delta, count),
        weighted_price_risk=_gathered(states, weighted, count),
        unusable=unusable,
        valid=valid,
    )


def _gathered(states: _States, columns: Mapping[int, FloatArray | BoolArray], count: int) -> FloatArray:
    """One value per group from one array of columns per commodity; zero for groups without a state."""
    result = np.zeros(count)
    for code, state in states.items():
        result[state.groups] = columns[code]
    return result


def _scan_rows(
    states: _States,
    measure: Measure,
    groups: PositionGroups,
    scan_rows: ScanRisk,
    contracts: ResolvedContracts,
    absorbed: IntArray,
) -> ScanRows:
    """Scan rows as spreads left them: rows of absorbed groups go, targets are scanned again."""
    merged = [state for state in states.values() if state.merges]
    stale = absorbed >= 0
    fresh_groups, fresh_tiers, fresh = [], [], []
    for state in merged:
        changed = np.zeros(len(state), dtype=np.bool_)
        for merge in state.merges:
            changed[merge.columns] = True
        changed &= state.absorbed_into < 0
        stale[state.groups[changed]] = True
        rows = measure.scan_rows(state)
        own = np.flatnonzero(changed[rows.column])
        fresh_groups.append(state.groups[rows.column[own]])
        fresh_tiers.append(rows.tier[own])
        fresh.append(rows.risk.take(own))
    keep = np.flatnonzero(~stale[groups.scan_group])
    group = np.concatenate([groups.scan_group[keep], *fresh_groups])
    tier = np.concatenate([contracts.scan_tier_numbers[groups.scan_tier[keep]], *fresh_tiers])
    risk = concatenate([scan_rows.take(keep), *fresh]) if merged else scan_rows
    if not merged:
        return ScanRows(group, tier, risk)
    order = np.lexsort((tier, group))
    return ScanRows(group[order], tier[order], risk.take(order))


def _deltas(states: _States) -> pl.DataFrame:
    """Every non-empty period of every group, as frame of group, period, delta and remaining_delta."""
    words = sorted({period for state in states.values() for period in state.periods})
    code_of = {period: code for code, period in enumerate(words)}
    groups, periods, original, remaining = [], [], [], []
    for state in states.values():
        codes = np.array([code_of[period] for period in state.periods], dtype=np.int64)
        row, column = np.nonzero((state.noise > 0.0) & (state.absorbed_into < 0))
        groups.append(state.groups[column])
        periods.append(codes[row])
        original.append(state.original[row, column])
        remaining.append(state.remaining[row, column])
    none = np.zeros(0, dtype=np.int64)
    group, period = np.concatenate([none, *groups]), np.concatenate([none, *periods])
    order = stable_order(group * len(words) + period)
    return pl.DataFrame(
        {
            "group": group[order],
            "period": pl.Series(words, dtype=pl.String).gather(pl.Series(period[order], dtype=pl.UInt32)),
            "delta": np.concatenate([np.zeros(0), *original])[order],
            "remaining_delta": np.concatenate([np.zeros(0), *remaining])[order],
        }
    )
