"""House policies: what a clearing house does where the method leaves a choice, dated and sourced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from margin.numeric.arrays import FloatArray
from margin.numeric.rounding import round_decimals


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


def rounded(values: FloatArray, step: Rounding | None) -> FloatArray:
    """Apply one rounding step; without one the values stay exact."""
    return values if step is None else round_decimals(values, step.decimals, step.mode)


@dataclass(frozen=True, slots=True)
class RoundingPolicy:
    """At which steps figures are rounded; `None` leaves a step exact. Source: SPAN rounding practice by house."""

    delta: Rounding | None = None  # net delta of each period
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


@dataclass(frozen=True, slots=True)
class SpanSwitches:
    """Where SPAN leaves the order or scope of a step open; the defaults are the recommended readings.

    Attributes:
        delivery_charge_after: The delivery charge sees the deltas left after ``intracommodity`` or after
            ``intercommodity`` spreads.
        series_spreads_first: Spreads between series form before spreads between tiers; otherwise both kinds
            share one sequence of priorities.
        intercommodity_leg_netting: A leg between commodities offers its ``net`` delta or, ``gross``, the deltas
            of its side alone.
        whole_commodity_price_risk: The price risk of a whole commodity with several scan tiers is that of the
            ``scan_tiers`` added up, or of one ``single_scan`` of all positions.
        per_month_charge: Charge method P has no published formula and is ``refused``; ``flat_plus_months`` reads its
            parts as number × (flat + per month × months between the legs + per spread), for two period legs.
        spread_decimals: Decimals to which the number of spreads is cut; `None` for exact fractions.
        adjust_initial: The adjustment factor applies to the initial requirement too.
    """

    delivery_charge_after: Literal["intracommodity", "intercommodity"] = "intracommodity"
    series_spreads_first: bool = True
    intercommodity_leg_netting: Literal["net", "gross"] = "net"
    whole_commodity_price_risk: Literal["scan_tiers", "single_scan"] = "scan_tiers"
    per_month_charge: Literal["refused", "flat_plus_months"] = "refused"
    spread_decimals: int | None = None
    adjust_initial: bool = True


def _empty() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ExposureRule:
    """A margin on notional value that a house asks on top of SPAN.

    Attributes:
        rate: Fraction of the notional value.
        products: Product codes it applies to; empty for all.
        types: Product types it applies to (``FUT``, ``OOP`` …); empty for all.
        side: Positions it applies to.
        price: The notional is quantity × contract value factor × the contract's own price, or its underlying's.
    """

    rate: float
    products: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    side: Literal["long", "short", "both"] = "both"
    price: Literal["own", "underlying"] = "own"


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
        switches: Choices inside the SPAN method.
        option_value_floor: Where option value stops paying: an account's requirement is not below zero in
            ``total``, or in each ``group`` of commodities, or in each ``commodity``, before they are added up.
        requirement_multiplier: Factor on every requirement.
        commodity_multipliers: Factor on the requirement of a commodity, by its code, in place of the general one.
        exposure_margin: Margins on notional value; the first rule that fits a position applies.
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
    switches: SpanSwitches = SpanSwitches()
    option_value_floor: Literal["total", "group", "commodity"] = "total"
    requirement_multiplier: float = 1.0
    commodity_multipliers: Mapping[str, float] = field(default_factory=_empty)
    exposure_margin: tuple[ExposureRule, ...] = ()
