"""Scan risk: scenario losses down to position × scenario, own and merged in by scanning-based spreads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from margin.model.parameters import RateId
from margin.numeric.arrays import FloatArray
from margin.resolve.cover import EVERY_PERIOD, Cover, partition
from margin.resolve.foreign import tick_values
from margin.spread.state import CommodityState, Merge
from margin.views.explain.node import Node, Table, combined, number, rounded_sum
from margin.views.explain.rules import ARRAYS, CONVERSION, SCAN_RISK, SCANNING
from margin.views.explain.workings import CommodityRow, Workings, at

_OF_RANGE = " of scan range"


def scan_risk(work: Workings, row: CommodityRow, state: CommodityState, column: int) -> Node:
    """Scan risk of one commodity: one scan of each scan tier, added up.

    Args:
        work: The account.
        row: The commodity.
        state: It, as spreads left it.
        column: The account's column in it.
    """
    rows = row.run.scan_rows
    own = np.flatnonzero(rows.group == row.group).tolist()
    covers = partition(state.commodity.scan_tiers)
    merges = tuple(state.merges)
    tiers = [
        tier_scan(
            work,
            state,
            column,
            covers[int(rows.tier[place])],
            merges,
            rows.risk.losses[place],
            at(rows.risk.scan, place),
            int(rows.risk.active[place]),
            tier=int(rows.tier[place]) if len(own) > 1 else None,
        )
        for place in own
    ]
    if len(tiers) == 1:
        return tiers[0]
    value = at(row.run.components.scan_risk, row.group)
    note = None if tiers else "no positions to scan"
    return combined(
        "sum", "scan_risk", "scan risk", tiers, value=value, currency=row.currency, rule=SCAN_RISK, note=note
    )


def tier_scan(
    work: Workings,
    state: CommodityState,
    column: int,
    cover: Cover,
    merges: tuple[Merge, ...],
    losses: FloatArray,
    value: float,
    active: int,
    *,
    tier: int | None = None,
) -> Node:
    """One scan: the losses of the active scenario, not below zero.

    Args:
        work: The account.
        state: The commodity.
        column: The account's column in it.
        cover: The periods scanned.
        merges: What had merged into the commodity.
        losses: Loss in every scenario.
        value: The scan risk.
        active: Active scenario, 0-based.
        tier: Scan tier, if there are several.
    """
    return work.once(
        ("scan", id(state), column, cover, len(merges), tier),
        lambda: _scanned(work, state, column, cover, merges, losses, value, active, tier),
    )


def _scanned(
    work: Workings,
    state: CommodityState,
    column: int,
    cover: Cover,
    merges: tuple[Merge, ...],
    losses: FloatArray,
    value: float,
    active: int,
    tier: int | None,
) -> Node:
    currency = state.commodity.currency
    words = work.scenario_words.get((state.commodity.clearing_org, state.commodity.code), ())
    where = "" if tier is None else f" of tier {tier}"
    moves = f" ({words[active].replace(_OF_RANGE, '')})" if active < len(words) else ""
    said = f", scenario {active + 1}{moves}"
    table = scenario_table(losses[: len(words)] if words else losses, words)
    worst = loss_in_scenario(work, state, column, cover, merges, active)
    key = "scan_risk" if tier is None else f"scan_risk tier {tier}"
    step = work.policy.scan_risk
    if worst.value is None or worst.value >= 0.0:
        parts = worst.children if worst.operation == "sum" and worst.children else (worst,)
        label = f"scan risk{where}{said}"
        return rounded_sum(key, label, parts, value, step, currency=currency, rule=SCAN_RISK, table=table)
    zero = Node("zero", "not below zero", 0.0, currency)
    note = "a gain in every scenario"
    children = (worst, zero)
    return combined(
        "max",
        key,
        f"scan risk{where}",
        children,
        value=value,
        currency=currency,
        rule=SCAN_RISK,
        note=note,
        table=table,
    )


def scenario_table(losses: FloatArray, words: Sequence[str]) -> Table:
    """The losses of all scenarios."""
    rows = tuple(
        (place + 1, words[place] if place < len(words) else "", number(loss)) for place, loss in enumerate(losses)
    )
    return Table(("scenario", "moves", "loss"), rows)


def loss_in_scenario(
    work: Workings, state: CommodityState, column: int, cover: Cover, merges: Sequence[Merge], scenario: int
) -> Node:
    """Loss of the account in one scenario: its positions', then what merged in, gains at the gain allowance.

    Args:
        work: The account.
        state: The commodity.
        column: The account's column in it.
        cover: The periods.
        merges: What merged into it, in that order.
        scenario: 0-based.
    """
    currency = state.commodity.currency
    parts = [_position_loss(work, state, *held, scenario) for held in _held(work, state, cover)]
    loss = combined(
        "sum",
        f"scenario {scenario + 1}",
        f"loss in scenario {scenario + 1}",
        parts,
        currency=currency,
        rule=ARRAYS,
        note=None if parts else "no positions here",
    )
    for merge in merges:
        where = np.flatnonzero(merge.columns == column)
        if not len(where):
            continue
        if merge.leg is None:
            loss = _allowed(loss, merge.allowance, currency, f"{state.commodity.code}, the target, ")
            continue
        if merge.leg_columns is None:
            raise RuntimeError("a merged leg has columns")
        leg_column = int(merge.leg_columns[where[0]])
        leg = loss_in_scenario(work, merge.leg, leg_column, cover, merge.leg_merges, scenario)
        leg = _allowed(leg, merge.allowance, currency, f"{merge.leg.commodity.code}, merged in, ")
        held = [item for item in (loss, leg) if item.children or item.value]
        loss = combined(
            "sum",
            f"scenario {scenario + 1}",
            f"loss in scenario {scenario + 1}, {merge.leg.commodity.code} merged in",
            held,
            currency=currency,
            rule=SCANNING,
        )
    return loss


def _allowed(loss: Node, allowance: float, currency: str, what: str) -> Node:
    """A loss in full, a gain at the allowance."""
    if loss.value is None or loss.value >= 0.0 or not loss.children:
        return Node(
            loss.key,
            f"{what}{loss.label}",
            loss.value,
            currency,
            loss.operation,
            loss.children,
            loss.rule,
            note=loss.note,
        )
    share = Node("gain_allowance", "gain allowance", allowance, rule=SCANNING)
    return combined(
        "product",
        loss.key,
        f"{what}gain in {loss.label.removeprefix('loss in ')}",
        (loss, share),
        currency=currency,
        rule=SCANNING,
    )


def _held(work: Workings, state: CommodityState, cover: Cover) -> list[tuple[int, str, float]]:
    """Code, name and net quantity of the account's own positions in a cover."""
    contracts = work.contracts
    return [
        (held.code, held.name, held.net)
        for held in work.holdings(state.code)
        if cover == EVERY_PERIOD or contracts.slot_periods[contracts.slot[held.code]] in cover
    ]


def _position_loss(work: Workings, state: CommodityState, code: int, name: str, quantity: float, scenario: int) -> Node:
    array = work.where.array(code, state.rate_id, scenario)
    factors = [
        Node("quantity", "quantity", quantity),
        Node(
            "array",
            f"loss of one long, scenario {scenario + 1}",
            float(array.value),
            state.commodity.currency,
            parameters=(array,),
        ),
        *tick_factors(work, state.rate_id, code, quantity * float(array.value)),
        *unit_factor(work, state.code),
    ]
    return combined("product", name, name, factors, currency=state.commodity.currency, rule=ARRAYS)


def tick_factors(work: Workings, rate_id: RateId, code: int, ticks: float) -> list[Node]:
    """What makes money of the commodity out of a loss in ticks: tick value, and the worse rate of its currency."""
    tick = float(tick_values(work.contracts, rate_id)[code])
    if np.isnan(tick):
        return []
    parameter = work.where.contract(code, "value of one tick", tick, "tick")
    foreign = work.foreign
    rate = foreign.high if ticks > 0.0 else foreign.low
    return [
        Node("tick", "value of one tick", tick, parameters=(parameter,)),
        *conversion_factor(work, code, float(rate[code])),
    ]


def conversion_factor(work: Workings, code: int, rate: float) -> list[Node]:
    """A rate from a contract's currency into its commodity's as a factor, where it is not one."""
    if rate == 1.0:
        return []
    product = work.contracts.parameters.products[
        int(work.contracts.parameters.contracts["product"][int(work.contracts.rows[code])])
    ]
    item = work.contracts.commodities[work.contracts.commodity[code]]
    parameter = work.where.conversion(product.currency, item.currency, item.clearing_org)
    parameters = () if parameter is None else (parameter,)
    return [Node("conversion", f"{product.currency} in {item.currency}", rate, rule=CONVERSION, parameters=parameters)]


def unit_factor(work: Workings, commodity: int) -> list[Node]:
    """Ten to the risk exponent as a factor, where it is not one."""
    item = work.contracts.commodities[commodity]
    if not item.risk_exponent:
        return []
    parameter = work.where.commodity(item, "risk exponent", item.risk_exponent, "riskExponent")
    return [Node("risk_exponent", "ten to the risk exponent", 10.0**item.risk_exponent, parameters=(parameter,))]
