"""A house policy as plain data: every choice it makes, those it leaves at their defaults included."""

from __future__ import annotations

from dataclasses import asdict, fields

from margin.model.house import HousePolicy, RoundingPolicy, SpanSwitches
from margin.views.inspect.definitions import Document


def house_document(house: HousePolicy) -> Document:
    """The choices of a house policy."""
    default = SpanSwitches()
    return {
        "house": {
            "name": house.name,
            "title": house.title,
            "source": house.source,
            "effective_date": house.effective_date,
            "clearing_orgs": list(house.clearing_orgs),
            "quantity_unit": str(house.quantity_unit),
            "lot_sizes": dict(house.lot_sizes),
            "rounding": {
                step.name: None if (chosen := getattr(house.rounding, step.name)) is None else asdict(chosen)
                for step in fields(RoundingPolicy)
            },
            "adjustment_factors": dict(house.adjustment_factors),
            "initial_ratios": dict(house.initial_ratios),
            "switches": [
                {
                    "switch": switch.name,
                    "value": getattr(house.switches, switch.name),
                    "is_default": getattr(house.switches, switch.name) == getattr(default, switch.name),
                }
                for switch in fields(SpanSwitches)
            ],
            "option_value_floor": house.option_value_floor,
            "requirement_multiplier": house.requirement_multiplier,
            "commodity_multipliers": dict(house.commodity_multipliers),
            "exposure_margin": [
                {**asdict(rule), "products": list(rule.products), "types": list(rule.types)}
                for rule in house.exposure_margin
            ],
        },
    }
