"""What spreads are measured by while they form: weighted futures price risk and scan risk of the state as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from margin.model.house import RoundingPolicy, SpanSwitches
from margin.model.parameters import WHOLE_COMMODITY, RateId, SpreadLeg
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.cover import EVERY_PERIOD, Cover, one_period, partition, tier_cover
from margin.resolve.scan_ranges import price_scan_range_per_delta
from margin.scan.cover_losses import CoverLosses
from margin.scan.risk import CommodityScan, ScanRisk, add_up_tiers, concatenate, scan_risk
from margin.scan.weighted_price_risk import METHODS, NORMAL, weighted_price_risk
from margin.spread.merged import held_in_cover, losses_in_cover
from margin.spread.state import CommodityState


@dataclass(frozen=True)
class StateScan:
    """Scans of a commodity's holders by scan tier: tier number, column of the holder, and risk of each row."""

    tier: CodeArray
    column: IntArray
    risk: ScanRisk


class Measure:
    """Measures commodities in the state in which spreads left them, and remembers what has not changed since."""

    def __init__(
        self,
        contracts: ResolvedContracts,
        own: CoverLosses,
        grids: Sequence[ScenarioGrid],
        grid_of: CodeArray,
        held: CommodityScan,
        policy: RoundingPolicy,
        switches: SpanSwitches,
        *,
        by_tier: bool = True,
    ) -> None:
        """Keep what measuring needs.

        Args:
            contracts: The contracts.
            own: Scenario losses of the positions.
            grids: Scenario grids in use.
            grid_of: Grid of each commodity code.
            held: Scan risk of the positions by group, before anything merged.
            policy: Rounding of every step.
            switches: The house's choices.
            by_tier: Intercommodity tiers have weighted futures price risks of their own; otherwise the whole
                commodity's holds for all of them.
        """
        self.contracts = contracts
        self.policy = policy
        self.switches = switches
        self._by_tier = by_tier
        self._own = own
        self._grids = grids
        self._grid_of = grid_of
        self._held = held
        self._scans: dict[tuple[int, int, Cover], ScanRisk] = {}
        self._scan_ranges: dict[tuple[int, Cover], float | None] = {}
        self._weighted: dict[tuple[int, int, int], FloatArray] = {}

    def scan(self, state: CommodityState, cover: Cover) -> ScanRisk:
        """One scan of the positions in a cover, by holder."""
        key = (state.code, len(state.merges), cover)
        if key not in self._scans:
            # Whole numbers where only positions add up; a gain allowance leaves none, and only in its own columns,
            # so that no account's figures depend on the company it is in.
            losses, scale = self._own.of_groups(state.code, state.groups, cover), self._own.scale_of(state.groups)
            if state.merges:
                merged = state.merged_columns
                losses[merged], scale[merged] = losses_in_cover(state, cover, self._own)[merged], 1.0
            grid = self._grids[self._grid_of[state.code]]
            self._scans[key] = scan_risk(losses, np.zeros(len(losses), dtype=np.int32), [grid], self.policy, scale)
        return self._scans[key]

    def risk(self, state: CommodityState) -> CommodityScan:
        """Scan risk of the whole commodity by holder, its scan tiers added up."""
        if not state.merges:
            return self._held.take(state.groups)
        rows = self.scan_rows(state)
        return add_up_tiers(rows.risk, rows.column, len(state))

    def scan_rows(self, state: CommodityState) -> StateScan:
        """One scan of each scan tier of each holder that has positions there."""
        numbers, columns, scans = [], [], []
        tiers = partition(state.commodity.scan_tiers)
        for number, cover in tiers.items():
            held = (
                held_in_cover(state, cover, self._own) if len(tiers) > 1 else state.present | (state.absorbed_into >= 0)
            )
            columns.append(np.flatnonzero(held))
            numbers.append(np.full(len(columns[-1]), number, dtype=np.int32))
            scans.append(self.scan(state, cover).take(columns[-1]))
        return StateScan(np.concatenate(numbers), np.concatenate(columns), concatenate(scans))

    def price_risk_tier(self, tier: int) -> int:
        """The intercommodity tier whose weighted futures price risk holds for a tier."""
        return tier if self._by_tier else WHOLE_COMMODITY

    def weighted_price_risk(self, state: CommodityState, tier: int) -> FloatArray:
        """Weighted futures price risk of an intercommodity tier, from the tier's own positions; 0 is the commodity."""
        tier = self.price_risk_tier(tier)
        key = (state.code, len(state.merges), tier)
        if key not in self._weighted:
            cover = tier_cover(state.commodity.intercommodity_tiers, tier)
            added_up = tier == WHOLE_COMMODITY and self.switches.whole_commodity_price_risk == "scan_tiers"
            price = self.risk(state).price if added_up else self.scan(state, cover).price
            self._weighted[key] = self._per_delta(state, cover, price)
        return self._weighted[key]

    def whole_commodity_price_risk(self, state: CommodityState, price: FloatArray) -> FloatArray:
        """Weighted futures price risk of the whole commodity for the report; NaN where it cannot be told.

        Args:
            state: The commodity.
            price: Price risk of each holder.
        """
        method = self._method(state)
        if method not in METHODS or (method != NORMAL and self._scan_range(state, EVERY_PERIOD) is None):
            return np.full(len(state), np.nan)
        per_delta = self._per_delta(state, EVERY_PERIOD, price)
        return np.where(state.absorbed_into < 0, per_delta, 0.0)

    def _per_delta(self, state: CommodityState, cover: Cover, price: FloatArray) -> FloatArray:
        method = self._method(state)
        scan_range = None if method == NORMAL else self._scan_range(state, cover)
        return weighted_price_risk(method, price, state.original_net(cover), scan_range, self.policy)

    def _method(self, state: CommodityState) -> str:
        return state.commodity.weighted_price_risk_method or NORMAL

    def _scan_range(self, state: CommodityState, cover: Cover) -> float | None:
        key = (state.code, cover)
        if key not in self._scan_ranges:
            self._scan_ranges[key] = price_scan_range_per_delta(self.contracts, state.code, cover, state.rate_id)
        return self._scan_ranges[key]

    def grids(self, base: Mapping[int, RateId]) -> dict[int, ScenarioGrid]:
        """Scenario grid of each margined commodity code."""
        return {code: self._grids[self._grid_of[code]] for code in base}


def leg_cover(state: CommodityState, leg: SpreadLeg) -> Cover:
    """The periods that a leg between commodities draws on."""
    if leg.kind == "period":
        return one_period(leg.period or "")
    return tier_cover(state.commodity.intercommodity_tiers, leg.tier or WHOLE_COMMODITY)
