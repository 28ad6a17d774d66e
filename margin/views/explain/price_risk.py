"""Weighted futures price risk: price risk per delta, which credits between commodities are taken on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.aggregate.figures import SpanFigures
from margin.model.scenario import ScenarioGrid
from margin.resolve.combinations import expanded
from margin.resolve.cover import Cover
from margin.resolve.scan_ranges import nearest_price_scan_range, price_scan_range_per_delta
from margin.scan.weighted_price_risk import NORMAL, SCAN_RANGE, SCAN_RANGE_CAP
from margin.spread.state import CommodityState
from margin.views.explain.journal import Measured
from margin.views.explain.node import Node, combined, rounded_sum
from margin.views.explain.rules import DELTA, PRICE_RISK, SCAN_RISK
from margin.views.explain.scan import loss_in_scenario, tier_scan
from margin.views.explain.workings import Workings, at


@dataclass(frozen=True, eq=False)
class PriceRisks:
    """Explains weighted futures price risks; equal ones are one node.

    Attributes:
        work: The account.
        run: The run.
    """

    work: Workings
    run: SpanFigures

    def weighted(self, measured: Measured, column: int) -> Node:
        """Weighted futures price risk of one tier, as a spread took it."""
        return self.work.once((_KEY, id(measured), column), lambda: self._weighted(measured, column))

    def _weighted(self, measured: Measured, column: int) -> Node:
        state, commodity = measured.state, measured.state.commodity
        method = commodity.weighted_price_risk_method or NORMAL
        value = at(measured.weighted, column)
        where = f", tier {measured.tier}" if measured.tier else ""
        label = f"weighted futures price risk of {commodity.code}{where}"
        parts: list[Node] = []
        if method == SCAN_RANGE:
            parts = [self._scan_range(state, measured.cover)]
        elif at(measured.price, column) > 0.0 and at(measured.delta, column) != 0.0:
            per_delta = combined(
                "quotient",
                "price_risk_per_delta",
                "price risk per delta",
                (self._price_risk(measured, column), self._net_delta(measured, column)),
                currency=commodity.currency,
            )
            parts = [per_delta]
            if method == SCAN_RANGE_CAP:
                limits = (per_delta, self._scan_range(state, measured.cover))
                parts = [
                    combined(
                        "min", "capped", "at most the price scan range per delta", limits, currency=commodity.currency
                    )
                ]
        note = f"method {method}" if parts else f"method {method}; without price risk or delta it is zero"
        if not parts:
            return Node(_KEY, label, value, commodity.currency, rule=PRICE_RISK, note=note)
        step = self.work.policy.weighted_price_risk
        return rounded_sum(_KEY, label, parts, value, step, currency=commodity.currency, rule=PRICE_RISK, note=note)

    def _scan_range(self, state: CommodityState, cover: Cover) -> Node:
        stated = nearest_price_scan_range(self.work.contracts, state.code, cover, state.rate_id)
        if stated is None:
            raise RuntimeError("the method needs a price scan range")
        code, published = stated
        value = price_scan_range_per_delta(self.work.contracts, state.code, cover, state.rate_id)
        path = f"scanRate[{state.rate_id}]/priceScan"
        parameter = self.work.where.contract(code, "price scan range", published, path)
        return Node(
            "scan_range",
            "price scan range per delta, of the nearest maturity",
            value,
            state.commodity.currency,
            parameters=(parameter,),
        )

    def _net_delta(self, measured: Measured, column: int) -> Node:
        state = measured.state
        parts = [
            original_delta(self.work, state, row, at(measured.original[row], column), is_merged=bool(measured.merges))
            for row in state.rows_in(measured.cover)
            if at(measured.original[row], column) != 0.0
        ]
        net = combined(
            "sum", "net_delta", "net delta before any spread", parts, value=at(measured.delta, column), rule=DELTA
        )
        return combined("absolute", "delta", "net delta", (net,), rule=DELTA)

    def _price_risk(self, measured: Measured, column: int) -> Node:
        currency = measured.state.commodity.currency
        parts = (
            self._over_tiers(measured, column, "scan_risk", "scan risk"),
            self._over_tiers(measured, column, "time_risk", "time risk"),
            self._over_tiers(measured, column, "volatility_risk", "volatility risk"),
        )
        rest = combined(
            "difference", "rest", "scan risk less time and volatility risk", parts, currency=currency, rule=PRICE_RISK
        )
        zero = Node("zero", "not below zero", 0.0, currency)
        return combined(
            "max",
            "price_risk",
            "price risk",
            (rest, zero),
            value=at(measured.price, column),
            currency=currency,
            rule=PRICE_RISK,
        )

    def _over_tiers(self, measured: Measured, column: int, key: str, label: str) -> Node:
        makers = {"scan_risk": self._scan, "time_risk": self._time, "volatility_risk": self._volatility}
        rows = np.flatnonzero(measured.row_column == column).tolist()
        parts = [makers[key](measured, column, row, len(rows) > 1) for row in rows]
        if len(parts) == 1:
            return parts[0]
        return combined("sum", key, label, parts, currency=measured.state.commodity.currency, rule=SCAN_RISK)

    def _scan(self, measured: Measured, column: int, row: int, several: bool) -> Node:
        tier, cover = measured.scan_tiers[int(measured.row_tier[row])]
        risk = measured.risk
        return tier_scan(
            self.work,
            measured.state,
            column,
            cover,
            measured.merges,
            risk.losses[row],
            at(risk.scan, row),
            int(risk.active[row]),
            tier=tier if several else None,
        )

    def _loss(self, measured: Measured, column: int, row: int, scenario: int) -> Node:
        cover = measured.scan_tiers[int(measured.row_tier[row])][1]
        key = ("loss", id(measured), row, column, scenario)
        return self.work.once(
            key, lambda: loss_in_scenario(self.work, measured.state, column, cover, measured.merges, scenario)
        )

    def _halved(
        self, measured: Measured, row: int, key: str, label: str, parts: Node, value: float, several: bool
    ) -> Node:
        where = f" of tier {measured.scan_tiers[int(measured.row_tier[row])][0]}" if several else ""
        currency = measured.state.commodity.currency
        half = combined("product", "half", "half of it", (parts, Node("half", "one half", 0.5)), currency=currency)
        step = self.work.policy.risk_components
        return rounded_sum(key + where, label + where, (half,), value, step, currency=currency, rule=PRICE_RISK)

    def _time(self, measured: Measured, column: int, row: int, several: bool) -> Node:
        pair = self._grid(measured).time_pair
        currency = measured.state.commodity.currency
        value = at(measured.risk.time, row)
        if pair is None:
            note = "the grid has no two scenarios without a price move"
            return Node("time_risk", "time risk", value, currency, rule=PRICE_RISK, note=note)
        parts = combined(
            "sum",
            "still",
            "losses without a price move, volatility up and down",
            [self._loss(measured, column, row, scenario) for scenario in pair],
            currency=currency,
        )
        return self._halved(measured, row, "time_risk", "time risk", parts, value, several)

    def _volatility(self, measured: Measured, column: int, row: int, several: bool) -> Node:
        currency = measured.state.commodity.currency
        value = at(measured.risk.volatility, row)
        active = int(measured.risk.active[row])
        pairs = self._grid(measured).pairs
        is_gain = at(measured.risk.losses[row], active) < 0.0
        pair = self._grid(measured).time_pair
        if is_gain and pair is not None:
            parts = combined(
                "difference",
                "still",
                "losses without a price move: volatility up less down, in an all-gain portfolio",
                [self._loss(measured, column, row, scenario) for scenario in pair],
                currency=currency,
            )
        elif is_gain or int(pairs[active]) == active:
            note = "the scenarios that it is taken from have no pair"
            return Node("volatility_risk", "volatility risk", value, currency, rule=PRICE_RISK, note=note)
        else:
            parts = combined(
                "difference",
                "pair",
                f"scan risk less the loss in scenario {int(pairs[active]) + 1}, the active one's pair",
                (
                    self._scan(measured, column, row, several),
                    self._loss(measured, column, row, int(pairs[active])),
                ),
                currency=currency,
            )
        return self._halved(measured, row, "volatility_risk", "volatility risk", parts, value, several)

    def _grid(self, measured: Measured) -> ScenarioGrid:
        return self.run.grids[measured.state.code]


_KEY = "weighted_futures_price_risk"


def original_delta(work: Workings, state: CommodityState, row: int, value: float, *, is_merged: bool) -> Node:
    """Net delta of one period before any spread, position by position.

    Args:
        work: The account.
        state: The commodity.
        row: Row of the period.
        value: The delta.
        is_merged: Deltas of other commodities have moved here.
    """
    period = state.periods[row]
    label = f"delta of {period or 'contracts without expiry'}"
    if is_merged:
        return Node(f"delta {period}", label, value, rule=DELTA, note="with the deltas of merged commodities")
    return work.once(
        ("delta", id(state), row),
        lambda: rounded_sum(
            f"delta {period}", label, _position_deltas(work, state, period), value, work.policy.delta, rule=DELTA
        ),
    )


def _position_deltas(work: Workings, state: CommodityState, period: str) -> list[Node]:
    contracts = work.contracts
    parts = []
    for held in work.holdings(state.code):
        _, codes, ratios = expanded(np.array([held.code]), work.delta_split)
        for code, ratio in zip(codes.tolist(), ratios.tolist(), strict=True):
            if contracts.slot_periods[contracts.slot[code]] != period:
                continue
            delta = work.where.composite_delta(code, state.rate_id)
            factors = [
                Node("quantity", "quantity", held.net),
                *([Node("ratio", "legs of each combination", ratio)] if ratio != 1.0 else []),
                Node("composite_delta", "composite delta", float(delta.value), parameters=(delta,)),
            ]
            scale = work.where.delta_scale(code)
            if scale.value != 1.0:
                factors.append(Node("scale", "delta scaling factor", float(scale.value), parameters=(scale,)))
            parts.append(combined("product", held.name, held.name, factors, rule=DELTA))
    return parts
