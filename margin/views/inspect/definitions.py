"""The definitions of a parameter set as plain data: tiers, spreads, grids, rates, methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from margin.model.parameters import (
    WHOLE_COMMODITY,
    ClearingOrganisation,
    CombinedCommodity,
    SpotRate,
    SpreadDefinition,
    SpreadLeg,
    Tier,
)
from margin.model.scenario import ScenarioGrid

Document = dict[str, Any]

TIER_KINDS = {
    "scan": "scan_tiers",
    "intracommodity": "intracommodity_tiers",
    "intercommodity": "intercommodity_tiers",
    "rate": "rate_tiers",
    "short_option_minimum": "short_option_minimum_tiers",
}
"""The name spaces of tiers, with the fields of a combined commodity that hold them."""

METHODS = {
    "procedure": "procedure_method",
    "margin": "margin_method",
    "weighted_price_risk": "weighted_price_risk_method",
    "short_option_minimum": "short_option_minimum_method",
    "delivery": "spot_method",
    "combination": "combination_method",
}
"""Methods of a combined commodity in the file's own words, with the fields that hold them."""


def method_words(commodity: CombinedCommodity) -> dict[str, str | None]:
    """The methods a commodity names; `None` where the file is silent."""
    return {name: getattr(commodity, field) for name, field in METHODS.items()}


def tiers_of(commodity: CombinedCommodity) -> Iterator[tuple[str, Tier]]:
    """Every tier with its kind."""
    for kind, field in TIER_KINDS.items():
        for tier in getattr(commodity, field):
            yield kind, tier


def tier_document(kind: str, tier: Tier) -> Document:
    """A tier; without bounds it is all of the commodity."""
    return {
        "kind": kind,
        "tier": tier.number,
        "start": tier.start,
        "end": tier.end,
        "is_relative": tier.is_relative,
        "rates": dict(tier.rates),
        "line": tier.line,
    }


def leg_place(leg: SpreadLeg) -> str:
    """Where in its commodity a leg takes deltas, in words."""
    if leg.kind == "period":
        return leg.period or "no expiry"
    if leg.kind == "relative":
        tiers = str(leg.first_tier) if leg.first_tier == leg.last_tier else f"{leg.first_tier} to {leg.last_tier}"
        return f"period {leg.relative_number} of tier {tiers}"
    return f"tier {leg.tier}" if leg.tier not in (None, WHOLE_COMMODITY) else "any period"


def spread_words(spread: SpreadDefinition) -> str:
    """The legs of a spread in words: ``20260630 against 20260728``, ``2 CORN any period against 1 WHEAT tier 1``."""
    within = spread.kind == "intracommodity"
    even = len({leg.ratio for leg in spread.legs}) == 1 and spread.form != "scanning"

    def words(leg: SpreadLeg) -> str:
        parts = [
            "" if even else f"{leg.ratio:.6g}",
            "" if within else leg.commodity,
            "" if leg.clearing_org is None else f"at {leg.clearing_org}",
            "" if not within and leg_place(leg) == "any period" else leg_place(leg),
            "(target)" if leg.is_target else "",
        ]
        return " ".join(part for part in parts if part)

    sides = [" + ".join(words(leg) for leg in spread.legs if leg.side == side) for side in ("A", "B")]
    return " against ".join(side for side in sides if side)


def leg_document(leg: SpreadLeg) -> Document:
    """A leg of a spread."""
    return {
        "commodity": leg.commodity,
        "clearing_org": leg.clearing_org,
        "place": leg_place(leg),
        "tier": leg.tier,
        "period": leg.period,
        "side": leg.side,
        "ratio": leg.ratio,
        "rates": dict(leg.rates),
        "is_target": leg.is_target,
        "is_required": leg.is_required,
    }


def spread_document(spread: SpreadDefinition) -> Document:
    """A spread as the parameters define it."""
    return {
        "clearing_org": spread.clearing_org,
        "kind": spread.kind,
        "form": spread.form,
        "priority": spread.priority,
        "charge_method": spread.charge_method,
        "words": spread_words(spread),
        "rates": dict(spread.rates),
        "flat_rate_is_credit": spread.flat_rate_is_credit,
        "month_rates": {
            rate_id: {"flat": rate.flat, "per_month": rate.per_month, "per_spread": rate.per_spread}
            for rate_id, rate in spread.month_rates.items()
        },
        "legs": [leg_document(leg) for leg in spread.legs],
        "line": spread.line,
    }


def spot_document(rate: SpotRate) -> Document:
    """The delivery rates of a period."""
    return {
        "period": rate.period,
        "side": rate.side,
        "rate_id": rate.rate_id,
        "spread_rate": rate.spread_rate,
        "outright_rate": rate.outright_rate,
        "line": rate.line,
    }


def grid_documents(grids: Mapping[str, ScenarioGrid]) -> list[Document]:
    """Scenario grids, those of several rate ids that are the same as one."""
    shared: list[tuple[ScenarioGrid, list[str]]] = []
    for rate_id, grid in grids.items():
        same = next((ids for known, ids in shared if known == grid), None)
        if same is None:
            shared.append((grid, [rate_id]))
        else:
            same.append(rate_id)
    return [{"rate_ids": ids, **grid_document(grid)} for grid, ids in shared]


def grid_document(grid: ScenarioGrid) -> Document:
    """A scenario grid."""
    return {
        "scenarios": len(grid),
        "points": [
            {
                "scenario": point.number,
                "price_move": point.price_move,
                "volatility_move": point.volatility_move,
                "weight": point.weight,
                "paired_point": point.paired_point,
            }
            for point in grid.points
        ],
        "delta_points": [
            {"price_move": point.price_move, "volatility_move": point.volatility_move, "weight": point.weight}
            for point in grid.delta_points
        ],
    }


def rates_of(organisation: ClearingOrganisation) -> list[Document]:
    """Which rate id applies to which kind of account."""
    return [
        {
            "rate_id": rate.rate_id,
            "account_type": rate.account_type,
            "is_customer": rate.is_customer,
            "kind": "maintenance" if rate.is_maintenance else "initial",
            "class": rate.bond_class,
        }
        for rate in organisation.rates
    ]


def session_words(organisation: ClearingOrganisation) -> str:
    """The point in time: ``settlement final``, ``intraday``."""
    session = "settlement" if organisation.is_settlement else "intraday"
    return f"{session} {organisation.session_qualifier}" if organisation.session_qualifier else session
