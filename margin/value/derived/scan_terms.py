"""Scan ranges, look-ahead, floors and rounding of every contract as numbers, from its terms and its grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import polars as pl

from margin.model.pricing import PriceScanRange, PricingTerms, VolatilityScanRange
from margin.model.problem import Faults, Reason
from margin.model.scenario import DeltaPoint, ScenarioGrid, ScenarioPoint, standard_grid
from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.derived.facts import Facts
from margin.value.derived.faults import report
from margin.value.derived.numbers import TIMELESS, Numbers, by_terms
from margin.value.pricing_models import pricing_model

Column: TypeAlias = FloatArray | BoolArray | pl.Series
"""A column of the pricing frame."""

_LINEAR = "linear"


def takes_money(facts: Facts) -> BoolArray:
    """Linear contracts whose scan range is money and all of whose moves are scan ranges: they need no price."""
    return np.asarray(_flags(facts, _is_money) & facts.has_model(_LINEAR))


def _flags(facts: Facts, is_so: Callable[[PricingTerms], bool]) -> BoolArray:
    """Whether something holds of each contract's terms."""
    table = np.array([is_so(terms) for terms in facts.terms], dtype=np.bool_)
    return np.asarray(table[facts.frame["terms"].to_numpy()])


def _of_grid(facts: Facts, grids: Sequence[ScenarioGrid], is_so: Callable[[ScenarioGrid], bool]) -> BoolArray:
    """Whether something holds of the scenarios of each contract's commodity."""
    table = np.array([is_so(grid) for grid in grids], dtype=np.bool_)
    return np.asarray(table[facts.frame["commodity"].to_numpy()])


def _is_money(terms: PricingTerms) -> bool:
    ranges = (terms.price_scan_range, terms.price_scan_range_down)
    return all(item is None or item.kind == "money" for item in ranges) and terms.price_scan_range is not None


def scan_columns(
    facts: Facts, numbers: Numbers, grids: Sequence[ScenarioGrid], level_free: BoolArray, faults: Faults
) -> dict[str, Column]:
    """Columns of the pricing frame that come from terms.

    Args:
        facts: The contracts.
        numbers: Their levels, times and volatilities.
        grids: Grid of each commodity row.
        level_free: Contracts whose scan range is money and needs no price.
        faults: Collector of what is missing or contradicts itself.
    """
    columns: dict[str, Column] = {}
    factor = _multiplier(facts, level_free, faults)
    up, down = _price_ranges(facts, numbers, factor, level_free, grids, faults)
    columns |= {"price_scan_up": up, "price_scan_down": down}
    columns |= _volatility_columns(facts, numbers, grids, faults)
    columns["look_ahead"] = _look_ahead(facts, faults)
    columns["multiplier"] = np.where(level_free, 1.0, factor)
    columns["rounding_unit"] = by_terms(facts, lambda terms: terms.array_rounding and terms.array_rounding.unit)
    modes = [None if terms.array_rounding is None else str(terms.array_rounding.mode) for terms in facts.terms]
    columns["rounding_mode"] = pl.Series(modes, dtype=pl.String).gather(facts.frame["terms"])
    return columns


def _multiplier(facts: Facts, level_free: BoolArray, faults: Faults) -> FloatArray:
    factor = facts.frame["contract_value_factor"].fill_null(float("nan")).to_numpy()
    report(
        facts,
        np.isnan(factor) & ~level_free,
        Reason.MISSING_FIELD,
        "no contract_value_factor",
        "give the money value of one price point, for the product or the contract",
        faults,
    )
    exponents = np.array([item.risk_exponent for item in facts.parameters.commodities], dtype=np.float64)
    return np.asarray(factor / 10.0 ** exponents[facts.frame["commodity"].to_numpy()])


def _price_ranges(
    facts: Facts,
    numbers: Numbers,
    factor: FloatArray,
    level_free: BoolArray,
    grids: Sequence[ScenarioGrid],
    faults: Faults,
) -> tuple[FloatArray, FloatArray]:
    def points(pick: str) -> FloatArray:
        stated: list[PriceScanRange | None] = [getattr(terms, pick) for terms in facts.terms]
        amount = by_terms(facts, lambda terms: (item := getattr(terms, pick)) and item.value)
        kinds = np.array([item.kind if item else "" for item in stated], dtype="U8")[facts.frame["terms"].to_numpy()]
        in_percent = amount / 100.0 * np.abs(numbers.level)
        in_money = np.where(level_free, amount, amount / factor)
        return np.select([kinds == "percent", kinds == "money"], [in_percent, in_money], amount)

    up, down = points("price_scan_range"), points("price_scan_range_down")
    inverse = facts.has_model("inverse")
    in_money = _flags(facts, _is_money)
    message = "a price scan range in money, which an inverse contract does not move by evenly,"
    report(facts, inverse & in_money, Reason.INVALID_VALUE, message, "give it in points or percent", faults)
    needing = _of_grid(facts, grids, _needs_price_range)
    is_option = facts.frame["is_option"].to_numpy()
    stated = _flags(facts, lambda terms: terms.price_scan_range is not None)
    own = _of_grid(facts, grids, _points_need_price_range)
    report(
        facts,
        ~stated & (own | (needing & is_option)) & facts.frame["model"].is_not_null().to_numpy(),
        Reason.MISSING_FIELD,
        "no price_scan_range",
        "give one, for the commodity, the product or the contract; or delta_points that move by other than scan ranges",
        faults,
    )
    up = np.where(np.isnan(up), 0.0, up)
    return up, np.where(np.isnan(down), up, down)


def _points_need_price_range(grid: ScenarioGrid) -> bool:
    return any(point.price_move and point.price_move_kind == "scan_range" for point in grid.points)


def _needs_price_range(grid: ScenarioGrid) -> bool:
    points = grid.delta_points or standard_grid().delta_points
    return any(point.price_move and point.price_move_kind == "scan_range" for point in points)


def _volatility_columns(
    facts: Facts, numbers: Numbers, grids: Sequence[ScenarioGrid], faults: Faults
) -> dict[str, Column]:
    is_needed = facts.has_model(*(name for name in facts.models() if pricing_model(name).NEEDS_VOLATILITY))
    up = by_terms(facts, lambda terms: (item := terms.volatility_scan_range) and item.value)
    down = by_terms(facts, lambda terms: (item := terms.volatility_scan_range_down) and item.value)
    by_range = _of_grid(facts, grids, _needs_volatility_range)
    report(
        facts,
        is_needed & by_range & np.isnan(up),
        Reason.MISSING_FIELD,
        "no volatility_scan_range",
        "give one, such as {relative: 0.2} or {absolute: 0.05}",
        faults,
    )
    mixed = _flags(facts, lambda terms: _is_mixed(terms.volatility_scan_range, terms.volatility_scan_range_down))
    message = "volatility scan ranges up and down of which one is relative and one absolute"
    report(facts, mixed & is_needed, Reason.INVALID_VALUE, message, "give both the same way", faults)
    scale = _time_scale(facts, numbers, is_needed, faults)
    up = np.where(np.isnan(up), 0.0, up)
    down = np.where(np.isnan(down), up, down)
    return {
        "volatility_scan_up": np.where(is_needed, up * scale, 0.0),
        "volatility_scan_down": np.where(is_needed, down * scale, 0.0),
        "volatility_scale": scale,
        "volatility_is_relative": _flags(facts, lambda terms: _is_relative(terms.volatility_scan_range)),
        "volatility_floor": by_terms(facts, lambda terms: (item := terms.volatility_floor) and item.value),
        "volatility_floor_is_general": _flags(facts, _is_general),
    }


def _needs_volatility_range(grid: ScenarioGrid) -> bool:
    points: tuple[ScenarioPoint | DeltaPoint, ...] = (*grid.points, *grid.delta_points)
    return any(point.volatility_move and point.volatility_move_kind == "scan_range" for point in points)


def _is_mixed(up: VolatilityScanRange | None, down: VolatilityScanRange | None) -> bool:
    return up is not None and down is not None and up.kind != down.kind


def _is_relative(scan_range: VolatilityScanRange | None) -> bool:
    return scan_range is None or scan_range.kind == "relative"


def _is_general(terms: PricingTerms) -> bool:
    return terms.volatility_floor is not None and terms.volatility_floor.scope == "all"


def _time_scale(facts: Facts, numbers: Numbers, is_needed: BoolArray, faults: Faults) -> FloatArray:
    """(days / days to expiry) to the short power up to `days`, to the long power beyond; 1 where none is stated."""
    days = by_terms(facts, lambda terms: (item := terms.volatility_time_scaling) and item.days)
    short = by_terms(facts, lambda terms: (item := terms.volatility_time_scaling) and item.short_power)
    long = by_terms(facts, lambda terms: (item := terms.volatility_time_scaling) and item.long_power)
    least = by_terms(facts, lambda terms: (item := terms.volatility_time_scaling) and item.least_days)
    days_per_year = by_terms(facts, lambda terms: terms.days_per_year)
    is_scaled = is_needed & ~np.isnan(days)
    report(
        facts,
        is_scaled & np.isnan(days_per_year),
        Reason.MISSING_FIELD,
        "volatility_time_scaling and no days_per_year",
        "give days_per_year, for the document or the commodity",
        faults,
    )
    to_expiry = np.maximum(numbers.years * days_per_year, least)
    power = np.where(to_expiry <= days, short, long)
    return np.where(is_scaled, (days / to_expiry) ** power, 1.0)


def _look_ahead(facts: Facts, faults: Faults) -> FloatArray:
    is_needed = facts.has_model(*(name for name in facts.models() if name not in TIMELESS))
    years = by_terms(facts, _look_ahead_years)
    stated = _flags(facts, lambda terms: terms.look_ahead is not None)
    report(
        facts,
        is_needed & ~stated,
        Reason.MISSING_FIELD,
        "no look_ahead",
        "give the time that passes in every scenario, such as {days: 1}; {days: 0} for none",
        faults,
    )
    report(
        facts,
        is_needed & stated & np.isnan(years),
        Reason.MISSING_FIELD,
        "a look_ahead in days and no days_per_year",
        "give days_per_year, for the document or the commodity",
        faults,
    )
    return np.where(is_needed, years, 0.0)


def _look_ahead_years(terms: PricingTerms) -> float | None:
    ahead = terms.look_ahead
    if ahead is None or not ahead.is_days:
        return None if ahead is None else ahead.value
    return None if terms.days_per_year is None else ahead.value / terms.days_per_year
