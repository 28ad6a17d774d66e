"""One underlying's range step by step: estimators, stress, floor, buffer, liquidity, minimum, rounding.

Until it is put into the unit of the rule, a range is in price points where moves are absolute, else a fraction of
the price. Every step gives all days at once; a day without enough history has no range (NaN, inside this module).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from margin.model.scan_range import (
    Buffer,
    DateArray,
    Estimator,
    Liquidity,
    LiquidityTable,
    LongWindowFloor,
    Percentile,
    RangeStep,
    ScanRangeRule,
    StandardDeviations,
    Stress,
)
from margin.numeric.arrays import FloatArray
from margin.numeric.rounding import round_units
from margin.value.scan_range.estimators import evenly_weighted, rolling_range


@dataclass(frozen=True, eq=False, slots=True)
class Prices:
    """Prices of one underlying in time order.

    Attributes:
        dates: Days, ascending.
        prices: In price points; positive where moves or the unit are relative.
        volumes: Lots a day, NaN where none is given.
    """

    dates: DateArray
    prices: FloatArray
    volumes: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class Ranges:
    """Ranges of every day, and the steps of the last.

    Attributes:
        values: Up and down in the unit of the rule, shape (2, days), NaN where history is too short.
        average_volumes: Lots a day, shape (days,); `None` where the rule does not ask for them.
        steps: The steps of the last day.
    """

    values: FloatArray
    average_volumes: FloatArray | None
    steps: tuple[RangeStep, ...]


def days_between_moves(rule: ScanRangeRule) -> int:
    """Days over which one move of the rule goes."""
    return rule.holding_days if rule.holding_by == "moves" else 1


def moves_of(prices: FloatArray, days: int, rule: ScanRangeRule) -> FloatArray:
    """Overlapping moves over so many days, in price points or as returns, shape (prices − days,)."""
    before, after = prices[:-days], prices[days:]
    if rule.moves == "absolute":
        return differences(after, before)
    return np.log(after / before) if rule.moves == "log" else after / before - 1.0


def differences(after: FloatArray, before: FloatArray) -> FloatArray:
    """Differences of prices without the binary noise of the prices: 44.82, not 44.819999999999993.

    Doubles of one size hold 15 decimal digits; what a difference shows beyond them says nothing of the prices.
    """
    largest = float(np.max(np.abs([after, before]), initial=0.0))
    digits = 15 - math.ceil(math.log10(largest)) if largest > 0.0 else 0
    return np.round(after - before, digits)


def ranges_of(underlying: Prices, rule: ScanRangeRule) -> Ranges:
    """Ranges of every day, each from prices up to its day.

    Args:
        underlying: Prices, enough of them for the last day to have a range.
        rule: The rule.
    """
    measure = "points" if rule.moves == "absolute" else "fraction"
    steps: list[RangeStep] = []

    def noted(name: str, values: FloatArray, unit: str = measure) -> FloatArray:
        steps.append(RangeStep(name, unit, float(values[0, -1]), float(values[1, -1])))
        return values

    moves = moves_of(underlying.prices, days_between_moves(rule), rule)
    found = [noted(describe(one), _estimated(one, moves, rule, len(underlying.prices))) for one in rule.estimators]
    values = np.maximum.reduce(found)
    if len(found) > 1:
        noted("greatest of the estimators", values)
    if rule.stress is not None:
        stressed = noted("stressed period", _stressed(rule.stress, moves, underlying.dates, rule))
        weighted = rule.stress.weight * stressed + (1.0 - rule.stress.weight) * values
        values = noted(f"weight {rule.stress.weight:g} to the stressed period", np.maximum(values, weighted))
    if rule.floor is not None:
        values = noted(
            _floor_words(rule.floor), np.maximum(values, _long_run(rule.floor, moves, rule, values.shape[1]))
        )
    if rule.buffer is not None:
        values = noted(_buffer_words(rule.buffer), _buffered(rule.buffer, values))
    volumes = None
    if rule.liquidity is not None:
        volumes = _rolling_mean(underlying.volumes, rule.liquidity.volume_window)
        factors = liquidity_factors(rule.liquidity, volumes, rule.holding_days)
        values = noted(f"liquidity, times {factors[-1]:.6g}", values * factors)
    values = _in_unit(values, underlying.prices, rule)
    if rule.unit != measure:
        noted(f"in {rule.unit}", values, rule.unit)
    if rule.minimum is not None:
        values = noted(f"at least {rule.minimum:g}", np.fmax(values, rule.minimum) + 0.0 * values, rule.unit)
    if rule.round_up_to is not None:
        values = noted(f"rounded up to {rule.round_up_to:g}", round_units(values, rule.round_up_to, "up"), rule.unit)
    return Ranges(values, volumes, tuple(steps))


def describe(estimator: Estimator) -> str:
    """An estimator in words."""
    if isinstance(estimator, Percentile):
        return f"percentile {estimator.confidence:g} of {estimator.window} moves"
    if isinstance(estimator, StandardDeviations):
        return f"{estimator.multiple:g} standard deviations about {estimator.about} of {estimator.window} moves"
    return f"{estimator.multiple:g} deviations of {estimator.window} moves, decay {estimator.decay:g}"


def _estimated(estimator: Estimator, moves: FloatArray, rule: ScanRangeRule, days: int) -> FloatArray:
    """An estimate by day, over the holding period, as points or simple returns."""
    found = rolling_range(estimator, moves, rule.sides)
    if rule.holding_by == "square_root":
        found = found * math.sqrt(rule.holding_days)
    values = np.full((2, days), np.nan)
    values[:, days - found.shape[1] :] = _as_simple(found, rule)
    return values


def _as_simple(ranges: FloatArray, rule: ScanRangeRule) -> FloatArray:
    """Ranges of logarithmic returns as fractions of the price; one range for both sides is that of the rise."""
    if rule.moves != "log":
        return ranges
    falls = np.expm1(ranges[1]) if rule.sides == "both" else -np.expm1(-ranges[1])
    both: FloatArray = np.stack([np.expm1(ranges[0]), falls])
    return both


def moves_in(stress: Stress, dates: DateArray, days: int) -> slice:
    """Moves that begin and end inside a period, as places in the moves over so many days."""
    first = int(np.searchsorted(dates, np.datetime64(stress.first_date, "D")))
    stop = int(np.searchsorted(dates, np.datetime64(stress.last_date, "D"), side="right"))
    return slice(first, max(first, stop - days))


def _stressed(stress: Stress, moves: FloatArray, dates: DateArray, rule: ScanRangeRule) -> FloatArray:
    """The range of the stressed period, on days once it is over."""
    inside = moves[moves_in(stress, dates, days_between_moves(rule))]
    estimates = [_estimated(evenly_weighted(one, len(inside)), inside, rule, len(inside)) for one in rule.estimators]
    values = np.full((2, len(dates)), np.nan)
    values[:, dates >= np.datetime64(stress.last_date, "D")] = np.maximum.reduce(estimates)[:, -1:]
    return values


def _long_run(floor: LongWindowFloor, moves: FloatArray, rule: ScanRangeRule, days: int) -> FloatArray:
    estimates = [_estimated(evenly_weighted(one, floor.window), moves, rule, days) for one in rule.estimators]
    greatest: FloatArray = np.maximum.reduce(estimates)
    return greatest * floor.fraction


def _floor_words(floor: LongWindowFloor) -> str:
    return f"at least {floor.fraction:g} times the range of {floor.window} moves"


def _buffer_words(buffer: Buffer) -> str:
    return f"buffer of {buffer.fraction:g}, used up above the mean of {buffer.window} days"


def _buffered(buffer: Buffer, values: FloatArray) -> FloatArray:
    """Ranges with the whole buffer up to their mean; above it they stay where they are until it is used up."""
    mean = np.stack([_rolling_mean(side, buffer.window) for side in values])
    return np.maximum(values, (1.0 + buffer.fraction) * np.minimum(values, mean))


def _rolling_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean of the last `window` values, NaN where there are fewer or one of them is."""
    means = np.full(len(values), np.nan)
    if len(values) >= window:
        means[window - 1 :] = np.lib.stride_tricks.sliding_window_view(values, window).mean(axis=1)
    return means


def liquidity_factors(liquidity: Liquidity, volumes: FloatArray, holding_days: int) -> FloatArray:
    """What ranges are multiplied by, at least 1.

    Args:
        liquidity: The rule.
        volumes: Average lots a day, NaN where unknown.
        holding_days: Days that the range holds for already.

    Returns:
        Factors of the shape of `volumes`; infinite where nothing is traded and something is to be sold.
    """
    if isinstance(liquidity, LiquidityTable):
        factors = np.ones_like(volumes)
        for item in reversed(liquidity.factors):
            factors[volumes < item.volume_below] = item.factor
        return np.where(np.isnan(volumes), np.nan, factors)
    with np.errstate(divide="ignore"):
        days = liquidity.position / (liquidity.participation * volumes)
    return np.sqrt(np.fmax(days / holding_days, 1.0) + 0.0 * volumes)


def _in_unit(values: FloatArray, prices: FloatArray, rule: ScanRangeRule) -> FloatArray:
    if rule.moves == "absolute":
        return values if rule.unit == "points" else 100.0 * values / prices
    return values * prices if rule.unit == "points" else 100.0 * values
