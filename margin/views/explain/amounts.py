"""Delivery charge, short option minimum and option value of a commodity, down to its positions."""

from __future__ import annotations

from collections.abc import Sequence

from margin.aggregate.short_option_minimum import GREATER_OF_CALLS_AND_PUTS
from margin.model.parameters import RateId
from margin.resolve.contracts import tier_of_periods
from margin.spread.delivery import NO_CHARGE
from margin.spread.state import CommodityState
from margin.views.explain.journal import Deltas
from margin.views.explain.node import Node, combined
from margin.views.explain.rules import DELIVERY, DELTA, OPTION_VALUE, SHORT_OPTION_MINIMUM
from margin.views.explain.scan import conversion_factor, unit_factor
from margin.views.explain.spreads import delta_left
from margin.views.explain.workings import Holding, Workings, at


def delivery_parts(work: Workings, state: CommodityState, deltas: Deltas, column: int) -> list[Node]:
    """Charge of each delivery period of a commodity: outright deltas, then those that spreads used.

    Args:
        work: The account.
        state: The commodity.
        deltas: Its deltas when the charge was taken.
        column: The account's column.
    """
    if state.commodity.spot_method == NO_CHARGE or deltas.absorbed_into[column] >= 0:
        return []
    rows = {period: row for row, period in enumerate(state.periods)}
    parts: list[Node] = []
    for rate in state.commodity.spot_rates:
        if rate.rate_id != state.rate_id or rate.period not in rows:
            continue
        row = rows[rate.period]
        original, left = at(deltas.original[row], column), at(deltas.remaining[row], column)
        if rate.side != "both" and (original > 0.0) != (rate.side == "long"):
            continue
        for is_spread, delta in ((False, left), (True, original - left)):
            if delta == 0.0:
                continue
            parameter = work.where.spot_rate(state.commodity, rate, is_spread=is_spread)
            what = "used by spreads" if is_spread else "outright"
            inner = (
                Node("used", f"delta of {rate.period} used by spreads", delta, rule=DELTA)
                if is_spread
                else delta_left(work, state, deltas, column, row, left)
            )
            factors = [
                combined("absolute", "delta", "without its sign", (inner,), rule=DELTA),
                Node(
                    "rate", "rate per delta", float(parameter.value), state.commodity.currency, parameters=(parameter,)
                ),
                *unit_factor(work, state.code),
            ]
            label = f"delivery period {rate.period}, {what}"
            parts.append(combined("product", label, label, factors, currency=state.commodity.currency, rule=DELIVERY))
    return parts


def short_option_minimum_parts(work: Workings, commodity: int, rate_id: RateId, held: Sequence[Holding]) -> list[Node]:
    """Minimum of each tier of short options of one commodity.

    Args:
        work: The account.
        commodity: Commodity code.
        rate_id: The rate id it is margined on.
        held: Its positions; their shorts count.
    """
    contracts, item = work.contracts, work.contracts.commodities[commodity]
    short = [holding for holding in held if holding.short > 0.0 and contracts.is_option[holding.code]]
    tiers = tier_of_periods([contracts.own_period[holding.code] for holding in short], item.short_option_minimum_tiers)
    parts = []
    for index in sorted({tier for tier in tiers if tier >= 0}):
        own = [holding for holding, tier in zip(short, tiers, strict=True) if tier == index]
        rate = work.where.tier_rate(item, item.short_option_minimum_tiers[index], rate_id)
        sides = []
        for name, is_side in (("calls", contracts.is_call), ("puts", contracts.is_put)):
            charges = []
            for holding in own:
                if not is_side[holding.code]:
                    continue
                scale = work.where.delta_scale(holding.code)
                factors = [
                    Node("short", "short options", holding.short),
                    *([] if scale.value == 1.0 else [_scale(work, holding)]),
                    Node("rate", "minimum per short option", float(rate.value), item.currency, parameters=(rate,)),
                    *unit_factor(work, commodity),
                ]
                charges.append(combined("product", holding.name, holding.name, factors, currency=item.currency))
            if charges:
                sides.append(
                    combined("sum", name, f"short {name}", charges, currency=item.currency, rule=SHORT_OPTION_MINIMUM)
                )
        greater = item.short_option_minimum_method == GREATER_OF_CALLS_AND_PUTS
        number = item.short_option_minimum_tiers[index].number
        label = f"tier {number}: {'the greater of calls and puts' if greater else 'calls and puts'}"
        if greater and len(sides) == 1:
            sides.append(Node("none", "none on the other side", 0.0, item.currency))
        parts.append(
            combined(
                "max" if greater else "sum",
                f"tier {number}",
                label,
                sides,
                currency=item.currency,
                rule=SHORT_OPTION_MINIMUM,
            )
        )
    return parts


def _scale(work: Workings, holding: Holding) -> Node:
    scale = work.where.delta_scale(holding.code)
    return Node("scale", "delta scaling factor", float(scale.value), parameters=(scale,))


def option_value_parts(work: Workings, held: Sequence[Holding], currency: str, *, is_long: bool) -> list[Node]:
    """Value of each long, or each short, premium-style option."""
    parts = []
    for holding in held:
        count = holding.long if is_long else holding.short
        if count <= 0.0 or not work.contracts.is_premium_option[holding.code]:
            continue
        values = work.where.unit_value(holding.code)
        factors = [
            Node("quantity", "options", count),
            *(Node(item.name, item.name, float(item.value), parameters=(item,)) for item in values),
            *conversion_factor(work, holding.code, float(work.spot[holding.code])),
        ]
        parts.append(combined("product", holding.name, holding.name, factors, currency=currency, rule=OPTION_VALUE))
    return parts
