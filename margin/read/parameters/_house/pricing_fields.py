"""Fields of a house configuration that say how contracts are priced: the same for document, commodity and contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from margin.model.house import RoundingMode
from margin.model.pricing import (
    LINEAR_MODELS,
    OPTION_MODELS,
    ArrayRounding,
    LookAhead,
    PriceScanRange,
    PricingModelName,
    PricingTerms,
    TimeScaling,
    VolatilityFloor,
    VolatilityScanRange,
)
from margin.read.fields import Entry, Number, Period, PositiveNumber, Text, UnsignedNumber, complain


class PriceRangeEntry(Entry):
    """A price scan range: exactly one of its fields, or a plain number for money."""

    points: PositiveNumber | None = Field(None, description="price points")
    percent: PositiveNumber | None = Field(None, description="percent of the price that moves")
    money: PositiveNumber | None = Field(None, description="money that one contract loses over one range")


class VolatilityRangeEntry(Entry):
    """A volatility scan range: exactly one of its fields."""

    relative: UnsignedNumber | None = Field(None, description="fraction of the volatility, such as 0.2")
    absolute: UnsignedNumber | None = Field(None, description="added to the volatility, such as 0.05")


class TimeScalingEntry(Entry):
    """Volatility moves times (days / days to expiry) to a power."""

    days: PositiveNumber = Field(description="days to expiry at which moves are as stated, such as 30")
    short_power: UnsignedNumber = Field(description="power up to so many days")
    long_power: UnsignedNumber = Field(description="power beyond")
    least_days: PositiveNumber = Field(description="days to expiry count as at least so many, such as 1")


class VolatilityFloorEntry(Entry):
    """The least volatility."""

    value: UnsignedNumber = Field(description="least volatility, such as 0.5")
    applies_to: Literal["up", "all"] = Field(description="up: where volatility rises; all: in all scenarios and today")


class LookAheadEntry(Entry):
    """Time that passes in every scenario: exactly one of its fields."""

    days: UnsignedNumber | None = Field(None, description="days, of which days_per_year make a year")
    years: UnsignedNumber | None = Field(None, description="years")


class ArrayRoundingEntry(Entry):
    """The unit that losses are rounded to."""

    unit: PositiveNumber = Field(description="unit in money, such as 1 or 0.01")
    mode: Literal["half_away", "half_even", "down", "up"] = Field(description="what becomes of what lies between")


def _money_as_mapping(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"money": value}
    if value is None or isinstance(value, dict):
        return value
    raise complain("expected a number (money), or one of {points: 12.5}, {percent: 15} and {money: 1100}")


PriceRange = Annotated[
    PriceRangeEntry,
    BeforeValidator(_money_as_mapping, json_schema_input_type=PositiveNumber | PriceRangeEntry),
]
"""A price scan range; a plain number is money."""


class ScanRangeFields(Entry):
    """Scan ranges."""

    price_scan_range: PriceRange | None = Field(
        None, description="{points: 12.5}, {percent: 15} or {money: 1100}; a plain number is money"
    )
    price_scan_range_down: PriceRange | None = Field(None, description="where prices fall, if that differs")
    volatility_scan_range: VolatilityRangeEntry | None = Field(None, description="{relative: 0.2} or {absolute: 0.05}")
    volatility_scan_range_down: VolatilityRangeEntry | None = Field(
        None, description="where volatilities fall, if that differs"
    )


class PricingFields(ScanRangeFields):
    """What may be stated of pricing at every level; the innermost statement wins, field by field."""

    model: PricingModelName | None = Field(
        None, description="pricing model: of options, or of everything else, linear without it"
    )
    underlying: Text | None = Field(None, description="market name of the underlying; without it, the commodity's code")
    volatility_time_scaling: TimeScalingEntry | None = Field(None, description="volatility moves by time to expiry")
    volatility_floor: VolatilityFloorEntry | None = None
    look_ahead: LookAheadEntry | None = Field(None, description="{days: 1} or {years: 0.002739}")
    days_per_year: PositiveNumber | None = Field(None, description="days that make a year, such as 365")
    rate: Number | None = Field(None, description="interest rate a year, continuously compounded, as a fraction")
    carry: Number | None = Field(None, description="yield of the underlying a year, likewise")
    array_rounding: ArrayRoundingEntry | None = Field(None, description="{unit: 0.01, mode: half_away}")


class TierPricingEntry(ScanRangeFields):
    """Scan ranges of a range of periods, both ends included."""

    first_period: Period | None = None
    last_period: Period | None = None


PRICING_FIELDS = tuple(PricingFields.model_fields)


def pricing_terms(entry: ScanRangeFields) -> PricingTerms:
    """The terms that a sound entry states."""
    terms = PricingTerms(
        price_scan_range=_price_range(entry.price_scan_range),
        price_scan_range_down=_price_range(entry.price_scan_range_down),
        volatility_scan_range=_volatility_range(entry.volatility_scan_range),
        volatility_scan_range_down=_volatility_range(entry.volatility_scan_range_down),
    )
    return terms.inside(_other_terms(entry)) if isinstance(entry, PricingFields) else terms


def _other_terms(entry: PricingFields) -> PricingTerms:
    scaling, floor = entry.volatility_time_scaling, entry.volatility_floor
    ahead, rounding = entry.look_ahead, entry.array_rounding
    return PricingTerms(
        option_model=entry.model if entry.model in OPTION_MODELS else None,
        linear_model=entry.model if entry.model in LINEAR_MODELS else None,
        underlying=entry.underlying,
        volatility_time_scaling=None
        if scaling is None
        else TimeScaling(scaling.days, scaling.short_power, scaling.long_power, scaling.least_days),
        volatility_floor=None if floor is None else VolatilityFloor(floor.value, floor.applies_to),
        look_ahead=None if ahead is None else _look_ahead(ahead),
        days_per_year=entry.days_per_year,
        rate=entry.rate,
        carry=entry.carry,
        array_rounding=None if rounding is None else ArrayRounding(rounding.unit, RoundingMode(rounding.mode)),
    )


def _price_range(entry: PriceRangeEntry | None) -> PriceScanRange | None:
    if entry is None:
        return None
    if entry.points is not None:
        return PriceScanRange(entry.points, "points")
    if entry.percent is not None:
        return PriceScanRange(entry.percent, "percent")
    return PriceScanRange(entry.money or 0.0, "money")


def _volatility_range(entry: VolatilityRangeEntry | None) -> VolatilityScanRange | None:
    if entry is None:
        return None
    if entry.relative is not None:
        return VolatilityScanRange(entry.relative, "relative")
    return VolatilityScanRange(entry.absolute or 0.0, "absolute")


def _look_ahead(entry: LookAheadEntry) -> LookAhead:
    return LookAhead(entry.years or 0.0, is_days=False) if entry.days is None else LookAhead(entry.days, is_days=True)


def is_one_of(entry: Entry | None) -> bool:
    """Whether of an entry with alternatives exactly one is given, or there is no entry."""
    if entry is None:
        return True
    return sum(getattr(entry, name) is not None for name in type(entry).model_fields) == 1
