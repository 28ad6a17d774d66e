"""Gross accounts: every long and every short by itself, contract by contract."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from margin.resolve.combinations import expanded
from margin.spread.delivery import NO_CHARGE
from margin.views.explain.amounts import option_value_parts, short_option_minimum_parts
from margin.views.explain.node import Node, combined, rounded_sum
from margin.views.explain.rules import DELIVERY, GROSS, Rule
from margin.views.explain.scan import tick_factors, unit_factor
from margin.views.explain.workings import CommodityRow, Holding, Workings, at


def gross_components(work: Workings, row: CommodityRow, labels: Mapping[str, tuple[str, Rule]]) -> dict[str, Node]:
    """Every component of a commodity of a gross account, by name.

    Args:
        work: The account.
        row: The commodity.
        labels: Label and rule of each component but scan risk.
    """
    held = work.holdings(row.code)
    rate_id = row.run.base[row.code]
    policy, components = work.policy, row.run.components
    naked = [node for holding in held for node in _naked(work, row, holding, rate_id)]
    scan = rounded_sum(
        "scan_risk",
        "risk of naked longs and shorts",
        naked,
        at(components.scan_risk, row.group),
        policy.scan_risk,
        currency=row.currency,
        rule=GROSS,
    )
    parts = {
        "delivery_charge": (_delivery(work, row, rate_id), components.delivery_charge, policy.delivery_charge),
        "short_option_minimum": (
            short_option_minimum_parts(work, row.code, rate_id, held),
            components.short_option_minimum,
            policy.short_option_minimum,
        ),
        "long_option_value": (
            option_value_parts(work, held, row.currency, is_long=True),
            row.run.value.long,
            policy.option_value,
        ),
        "short_option_value": (
            option_value_parts(work, held, row.currency, is_long=False),
            row.run.value.short,
            policy.option_value,
        ),
    }
    found = {"scan_risk": scan}
    for name, (label, rule) in labels.items():
        nodes, values, step = parts.get(name, ([], getattr(components, name, None), None))
        value = 0.0 if values is None else at(values, row.group)
        if nodes:
            found[name] = rounded_sum(name, label, nodes, value, step, currency=row.currency, rule=rule)
        else:
            found[name] = Node(name, label, value, row.currency, rule=rule)
    return found


def _naked(work: Workings, row: CommodityRow, holding: Holding, rate_id: str) -> list[Node]:
    """Longs at the worst loss of a long, shorts at the worst loss of a short."""
    item = work.contracts.commodities[row.code]
    arrays, place = work.inputs.parameters.arrays[rate_id], work.contracts.rows[holding.code]
    losses = arrays.losses[place, : arrays.points[place]]
    parts = []
    for side, count, sign in (("long", holding.long, 1.0), ("short", holding.short, -1.0)):
        if count <= 0.0:
            continue
        worst = int(np.argmax(sign * losses))
        array = work.where.array(holding.code, rate_id, worst)
        loss = max(sign * float(losses[worst]), 0.0)
        factors = [
            Node("quantity", side, count),
            Node("loss", f"worst loss of one {side}, scenario {worst + 1}", loss, item.currency, parameters=(array,)),
            *tick_factors(work, rate_id, holding.code, loss),
            *unit_factor(work, row.code),
        ]
        label = f"{holding.name}, {side}"
        parts.append(combined("product", label, label, factors, currency=item.currency, rule=GROSS))
    return parts


def _delivery(work: Workings, row: CommodityRow, rate_id: str) -> list[Node]:
    """Every naked delta in a delivery period at its outright rate."""
    contracts, item = work.contracts, work.contracts.commodities[row.code]
    if item.spot_method == NO_CHARGE:
        return []
    rates = [rate for rate in item.spot_rates if rate.rate_id == rate_id]
    parts = []
    for holding in work.holdings(row.code):
        _, codes, ratios = expanded(np.array([holding.code]), work.delta_split)
        for code, ratio in zip(codes.tolist(), ratios.tolist(), strict=True):
            period = contracts.slot_periods[contracts.slot[code]]
            delta, scale = work.where.composite_delta(code, rate_id), work.where.delta_scale(code)
            per = abs(ratio * float(delta.value) * float(scale.value))
            is_long = ratio * float(delta.value) * float(scale.value) > 0.0
            for rate in (rate for rate in rates if rate.period == period):
                charged = (holding.long if rate.side in ("both", "long" if is_long else "short") else 0.0) + (
                    holding.short if rate.side in ("both", "short" if is_long else "long") else 0.0
                )
                parameter = work.where.spot_rate(item, rate, is_spread=False)
                factors = [
                    Node("quantity", "longs and shorts", charged),
                    Node("delta", "delta of one, without its sign", per, parameters=(delta, scale)),
                    Node("rate", "rate per delta", rate.outright_rate, item.currency, parameters=(parameter,)),
                    *unit_factor(work, row.code),
                ]
                label = f"{holding.name} in {period}"
                parts.append(combined("product", label, label, factors, currency=item.currency, rule=DELIVERY))
    return parts
