"""The oracle's result in the shape of one account of the JSON report."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle.compare import AMOUNTS, DECOMPOSITION, HEADLINE
from tests.oracle.result import AccountResult, CommodityResult


def as_json(result: AccountResult) -> dict[str, Any]:
    """The account as the JSON report shows it."""
    return {
        "netting": result.netting,
        "currency": result.currency,
        "complete": True,
        **{name: number(getattr(result, name)) for name in HEADLINE},
        "requirements": [
            {
                "class": row.bond_class,
                "kind": row.kind,
                "span_risk": number(row.span_risk),
                "available_net_option_value": number(row.available_net_option_value),
                "requirement": number(row.requirement),
                "additional_requirement": number(row.additional_requirement),
            }
            for row in result.requirements
        ],
        "commodities": [commodity_json(row) for row in result.commodities],
        "spreads": [
            {
                "kind": formed.spread.kind,
                "form": formed.spread.form,
                "clearing_org": formed.clearing_org,
                "priority": formed.spread.priority,
                "number": number(formed.number),
                "amount": number(formed.amount),
                "legs": [
                    {
                        "commodity": used.leg.commodity,
                        "side": used.side,
                        "delta_used": number(used.delta_used),
                    }
                    for used in formed.legs
                ],
            }
            for formed in result.spreads
        ],
    }


def number(value: Fraction | None) -> float | None:
    """A figure as a JSON number."""
    return None if value is None else float(value)


def commodity_json(row: CommodityResult) -> dict[str, Any]:
    """A commodity row as the JSON report shows it."""
    names = [*AMOUNTS, *DECOMPOSITION]
    return {
        "clearing_org": row.clearing_org,
        "commodity": row.commodity,
        "class": row.bond_class,
        "kind": row.kind,
        "absorbed_into": row.absorbed_into,
        **{name: number(getattr(row, name)) for name in names},
        "active_scenario": row.active_scenario,
        "scenario_losses": [number(loss) for loss in row.scenario_losses or []],
        "scan_tiers": [
            {
                "tier": tier.tier,
                "scan_risk": number(tier.scan_risk),
                "active_scenario": tier.active_scenario,
                "scenario_losses": [number(loss) for loss in tier.scenario_losses],
            }
            for tier in row.scan_tiers
        ],
        "periods": [
            {"period": period, "delta": number(p.delta), "remaining_delta": number(p.remaining_delta)}
            for period, p in row.periods.items()
        ],
    }
