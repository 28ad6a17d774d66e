"""Scan risk: the largest scenario loss, the scenario that causes it, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from margin.model.house import Rounding, RoundingPolicy, rounded
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.numeric.segments import sums_by_code

TIE = 1e-13
"""Scenarios closer than this, relative to the sums they come from, count as equal."""

_NOISE = 1e-14
_SIGNIFICANT_DIGITS = 15


@dataclass(frozen=True)
class ScanRisk:
    """Scan risk by scan row.

    Attributes:
        losses: Scenario losses, + loss, shape (rows, points); columns past a row's own grid are zero.
        scan: Scan risk, not negative, shape (rows,).
        active: 0-based active scenario, the lowest on ties, shape (rows,).
        time, volatility, price: Decomposition of the scan risk, shape (rows,).
    """

    losses: FloatArray
    scan: FloatArray
    active: IntArray
    time: FloatArray
    volatility: FloatArray
    price: FloatArray

    def take(self, rows: IntArray) -> ScanRisk:
        """Some of the rows."""
        return ScanRisk(
            self.losses[rows],
            self.scan[rows],
            self.active[rows],
            self.time[rows],
            self.volatility[rows],
            self.price[rows],
        )


def concatenate(risks: Sequence[ScanRisk]) -> ScanRisk:
    """The rows of several scans one after the other."""
    return ScanRisk(
        *(
            np.concatenate([getattr(risk, name) for risk in risks])
            for name in ("losses", "scan", "active", "time", "volatility", "price")
        )
    )


def scan_risk(
    losses: FloatArray,
    grid_of_row: CodeArray,
    grids: Sequence[ScenarioGrid],
    policy: RoundingPolicy,
    scale: FloatArray | None = None,
) -> ScanRisk:
    """Worst scenario of each row and its decomposition into time, volatility and price risk.

    Time risk is the mean of the two scenarios without a price move, volatility risk half the difference
    between the active scenario and its pair, price risk the rest, not below zero. A row that gains in
    every scenario has no scan risk and no price risk.
    Source: CME SPAN, "Scan Risk" and "Weighted Futures Price Risk"; rounding order as the house states.

    Args:
        losses: Scenario losses times `scale` of their row, shape (rows, points).
        grid_of_row: Index into `grids` of each row.
        grids: The scenario grids in use.
        policy: Rounding of scan risk and its components.
        scale: Makes the losses of each row whole numbers where it can, so that differences of large losses stay
            exact, shape (rows,); `None` for losses in money.
    """
    rows = len(losses)
    scale = np.ones(rows) if scale is None else scale
    unpaired = np.zeros(rows, dtype=np.bool_)
    active = np.zeros(rows, dtype=np.int64)
    worst, partner, still_up, still_down = (np.zeros(rows) for _ in range(4))
    for code, grid in enumerate(grids):
        own = slice(None) if len(grids) == 1 else np.flatnonzero(grid_of_row == code)
        block = losses[own, : len(grid)]
        if not block.size:
            continue
        maximum = block.max(axis=1)
        tie = TIE * np.maximum(scale[own], np.abs(block).max(axis=1))
        first = np.argmax(block >= (maximum - tie)[:, None], axis=1)
        active[own], worst[own] = first, maximum
        partner[own] = block[np.arange(len(block)), grid.pairs[first]]
        unpaired[own] = grid.pairs[first] == first
        if grid.time_pair is not None:
            still_up[own], still_down[own] = block[:, grid.time_pair[0]], block[:, grid.time_pair[1]]

    size = (np.abs(worst) + np.abs(partner) + np.abs(still_up) + np.abs(still_down)) / scale

    def step(values: FloatArray, rounding: Rounding | None) -> FloatArray:
        return values if rounding is None else rounded(_as_decimals(values / scale, size), rounding) * scale

    scan = np.maximum(step(worst, policy.scan_risk), 0.0)
    time = step((still_up + still_down) / 2.0, policy.risk_components)
    is_gain = worst < 0.0
    volatility = step(np.where(is_gain, still_up - still_down, scan - partner) / 2.0, policy.risk_components)
    volatility = np.where(unpaired & ~is_gain, 0.0, volatility)
    price = np.where(is_gain, 0.0, price_risk(scan, time, volatility))
    return ScanRisk(losses / scale[:, None], scan / scale, active, time / scale, volatility / scale, price / scale)


def _as_decimals(values: FloatArray, size: FloatArray) -> FloatArray:
    """Sums and differences of figures of some size, to the last decimal that doubles of that size hold."""
    place = 10.0 ** np.maximum(_SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.maximum(size, 1.0))), 0.0)
    decimals: FloatArray = np.rint(values * place) / place
    return decimals


def price_risk(scan: FloatArray, time: FloatArray, volatility: FloatArray) -> FloatArray:
    """What is left of scan risk after time and volatility risk, not negative; rounding noise of the sums is none."""
    size = scan + np.abs(time) + np.abs(volatility)
    price = _as_decimals(scan - time - volatility, size)
    return np.where(price <= _NOISE * size, 0.0, price)


@dataclass(frozen=True)
class CommodityScan:
    """Scan risk of each (account, commodity) group: sums over its scan tiers, shape (groups,).

    Attributes:
        active: 0-based active scenario; −1 for a group with several scan tiers, or none.
    """

    scan: FloatArray
    time: FloatArray
    volatility: FloatArray
    price: FloatArray
    active: IntArray

    def take(self, groups: IntArray) -> CommodityScan:
        """Some of the groups."""
        return CommodityScan(
            self.scan[groups], self.time[groups], self.volatility[groups], self.price[groups], self.active[groups]
        )


def add_up_tiers(risk: ScanRisk, scan_group: IntArray, groups: int) -> CommodityScan:
    """Add up the scan tiers of each group. Source: CME SPAN, "Scan Tiers".

    A group that gains in every scenario of every tier has no price risk.

    Args:
        risk: Scan risk by scan row.
        scan_group: Group of each scan row; a group without rows has no risk.
        groups: Number of groups.
    """
    scan, time, volatility = (
        sums_by_code(values, scan_group, groups) for values in (risk.scan, risk.time, risk.volatility)
    )
    tiers = np.bincount(scan_group, minlength=groups)
    active = np.full(groups, -1, dtype=np.int64)
    single = tiers[scan_group] == 1
    active[scan_group[single]] = risk.active[single]
    loses = np.bincount(scan_group[risk.losses.max(axis=1, initial=-np.inf) >= 0.0], minlength=groups) > 0
    price = np.where(loses, price_risk(scan, time, volatility), 0.0)
    price[scan_group[single]] = risk.price[single]
    return CommodityScan(scan, time, volatility, price, active)
