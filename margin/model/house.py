"""House policies: what a clearing house does where the method leaves a choice, dated and sourced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class RoundingMode(StrEnum):
    """How a figure is rounded; ``half_away`` takes ties away from zero."""

    HALF_AWAY = "half_away"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


class QuantityUnit(StrEnum):
    """What one unit of quantity in a position file means."""

    CONTRACTS = "contracts"
    UNITS = "units"
    LOTS = "lots"


@dataclass(frozen=True, slots=True)
class Rounding:
    """One rounding step: `decimals` places (negative for tens, hundreds…) with a named mode."""

    decimals: int
    mode: RoundingMode = RoundingMode.HALF_AWAY


@dataclass(frozen=True, slots=True)
class RoundingPolicy:
    """At which steps figures are rounded; `None` leaves a step exact. Source: SPAN rounding practice by house."""

    scan_risk: Rounding | None = None
    risk_components: Rounding | None = None  # time, volatility and price risk
    weighted_price_risk: Rounding | None = None
    intracommodity_charge: Rounding | None = None
    delivery_charge: Rounding | None = None
    intercommodity_credit: Rounding | None = None
    short_option_minimum: Rounding | None = None
    option_value: Rounding | None = None
    maintenance: Rounding | None = None
    initial: Rounding | None = None


NO_ROUNDING = RoundingPolicy()


def _empty() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HousePolicy:
    """The choices of one house.

    Attributes:
        name: Key of the policy, its file name without ending.
        title: The house's full name.
        source: Where the choices come from.
        effective_date: ISO date from which they hold.
        clearing_orgs: Clearing organisation codes of files for which this policy is the default.
        quantity_unit: What one unit of quantity means in the house's parameter file.
        lot_sizes: Quantity-unit content of one lot, by product code.
        rounding: Where figures are rounded.
        adjustment_factors: Factor on the requirement, by account type.
        initial_ratios: Initial over maintenance requirement, by account type.
    """

    name: str
    title: str
    source: str
    effective_date: str
    clearing_orgs: tuple[str, ...] = ()
    quantity_unit: QuantityUnit = QuantityUnit.CONTRACTS
    lot_sizes: Mapping[str, float] = field(default_factory=_empty)
    rounding: RoundingPolicy = NO_ROUNDING
    adjustment_factors: Mapping[str, float] = field(default_factory=_empty)
    initial_ratios: Mapping[str, float] = field(default_factory=_empty)
