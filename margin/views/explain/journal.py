"""Takes notes while spreads form: the deltas before and after each spread, and what its credit was measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from margin.model.parameters import WHOLE_COMMODITY, SpreadLeg
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.resolve.cover import EVERY_PERIOD, Cover, partition, tier_cover
from margin.scan.risk import ScanRisk
from margin.spread.formed import FormedSpreads, SpreadBatch
from margin.spread.intercommodity import SUPER_KINDS
from margin.spread.measure import Measure, leg_cover
from margin.spread.state import CommodityState, Merge


@dataclass(frozen=True, slots=True)
class Deltas:
    """Deltas of a commodity at one moment, shape (periods, holders).

    Attributes:
        original: Before any spread.
        remaining: What no spread has used yet.
        is_merged: Deltas of other commodities have moved here.
        absorbed_into: Commodity code that absorbed each holder, −1 if none did.
    """

    original: FloatArray
    remaining: FloatArray
    is_merged: bool
    absorbed_into: IntArray

    @classmethod
    def of(cls, state: CommodityState) -> Deltas:
        """As they stand now."""
        return cls(state.original.copy(), state.remaining.copy(), bool(state.merges), state.absorbed_into.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Weighted futures price risk of one tier of a commodity, as it was when a spread took it.

    Attributes:
        state: The commodity.
        tier: Intercommodity tier; 0 for the whole commodity.
        cover: Its periods.
        merges: What had merged into the commodity.
        scan_tiers: Scan tier number and cover of the scans that the price risk was added up from.
        row_tier: Index into `scan_tiers` of each scan row.
        row_column: Column of each scan row.
        risk: Scan risk of the rows.
        price: Price risk, shape (holders,).
        delta: Net original delta.
        original: Original deltas, shape (periods, holders).
        weighted: Weighted futures price risk.
    """

    state: CommodityState
    tier: int
    cover: Cover
    merges: tuple[Merge, ...]
    scan_tiers: tuple[tuple[int, Cover], ...]
    row_tier: CodeArray
    row_column: IntArray
    risk: ScanRisk
    price: FloatArray
    delta: FloatArray
    original: FloatArray
    weighted: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LegEntry:
    """One leg of a spread that formed, or all legs of a spread inside a commodity.

    Attributes:
        state: The commodity it drew on.
        before, after: Its deltas.
        measured: What a credit by weighted futures price risk was taken on.
        cap_scan, cap_delta: For super spreads: scan risk and the leg's net delta, which cap that risk.
        scan: For offsets: the scan of the whole commodity.
        merges: For offsets: what had merged into it.
    """

    state: CommodityState
    before: Deltas
    after: Deltas
    measured: Measured | None = None
    cap_scan: FloatArray | None = None
    cap_delta: FloatArray | None = None
    scan: ScanRisk | None = None
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What one batch of spreads did: one `LegEntry` per leg, or a single one for spreads inside a commodity."""

    batch: SpreadBatch
    legs: tuple[LegEntry, ...]


@dataclass
class SpreadJournal(FormedSpreads):
    """The spreads of one run, with everything their amounts came from.

    Attributes:
        states: The commodities, by code; after the run as spreads left them.
        entries: One per batch.
        delivery: Deltas that the delivery charge was taken on, by commodity code.
    """

    states: Mapping[int, CommodityState] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    delivery: dict[int, Deltas] = field(default_factory=dict)
    _measure: Measure | None = None
    _seen: dict[int, tuple[CommodityState, Deltas]] = field(default_factory=dict)
    _measured: dict[tuple[int, int, int], Measured] = field(default_factory=dict)

    @property
    def measure(self) -> Measure:
        """What the run measured commodities with."""
        if self._measure is None:
            raise RuntimeError("no run has begun")
        return self._measure

    def begin(self, states: Mapping[int, CommodityState], measure: Measure) -> None:
        """Keep the commodities and what measures them."""
        self.states, self._measure = states, measure

    def watch(self, *states: CommodityState) -> None:
        """Keep the deltas as they stand."""
        for state in states:
            self._seen[id(state)] = (state, Deltas.of(state))

    def add(self, batch: SpreadBatch, *states: CommodityState) -> None:
        """Note what a spread did to the deltas, and what its legs were measured by."""
        super().add(batch, *states)
        legs = batch.legs if len(states) == len(batch.legs) else (None,) * len(states)
        self.entries.append(
            Entry(batch, tuple(self._leg(batch, leg, state) for leg, state in zip(legs, states, strict=True)))
        )
        self.watch(*states)

    def charge_delivery(self, state: CommodityState) -> None:
        """Keep the deltas of a commodity as they stand."""
        self.delivery[state.code] = Deltas.of(state)

    def _leg(self, batch: SpreadBatch, leg: SpreadLeg | None, state: CommodityState) -> LegEntry:
        after = Deltas.of(state)
        before = self._seen[id(state)][1] if id(state) in self._seen else after
        definition = batch.definition
        if definition.form == "offset":
            scan = self.measure.scan(state, EVERY_PERIOD)
            return LegEntry(state, before, after, scan=scan, merges=tuple(state.merges))
        is_away = leg is not None and leg.clearing_org is not None
        if definition.form == "scanning" or definition.charge_method != "W" or is_away:
            return LegEntry(state, before, after)
        if leg is None or definition.kind == "intracommodity":
            return LegEntry(state, before, after, self._weighted(state, WHOLE_COMMODITY))
        tier = WHOLE_COMMODITY if leg.kind == "period" else (leg.tier or WHOLE_COMMODITY)
        tier = self.measure.price_risk_tier(tier)
        measured = self._weighted(state, tier)
        if definition.kind not in SUPER_KINDS:
            return LegEntry(state, before, after, measured)
        cap, delta = self.measure.risk(state).scan, state.original_net(leg_cover(state, leg))
        return LegEntry(state, before, after, measured, cap, delta)

    def _weighted(self, state: CommodityState, tier: int) -> Measured:
        key = (state.code, len(state.merges), tier)
        if key not in self._measured:
            self._measured[key] = self._take(state, tier)
        return self._measured[key]

    def _take(self, state: CommodityState, tier: int) -> Measured:
        measure = self.measure
        cover = tier_cover(state.commodity.intercommodity_tiers, tier)
        if tier == WHOLE_COMMODITY and measure.switches.whole_commodity_price_risk == "scan_tiers":
            covers = tuple(partition(state.commodity.scan_tiers).items())
            rows = measure.scan_rows(state)
            index = {number: place for place, (number, _) in enumerate(covers)}
            row_tier = np.array([index[int(number)] for number in rows.tier], dtype=np.int32)
            column, risk, price = rows.column, rows.risk, measure.risk(state).price
        else:
            covers = ((tier, cover),)
            risk = measure.scan(state, cover)
            column = np.arange(len(state))
            row_tier = np.zeros(len(state), dtype=np.int32)
            price = risk.price
        return Measured(
            state=state,
            tier=tier,
            cover=cover,
            merges=tuple(state.merges),
            scan_tiers=covers,
            row_tier=row_tier,
            row_column=column,
            risk=risk,
            price=price,
            delta=state.original_net(cover),
            original=state.original.copy(),
            weighted=measure.weighted_price_risk(state, tier),
        )
