"""Deviations (volatility × √years) that give option values: Halley's iteration on the logarithm of the value.

The value out of the money is log-concave in the deviation, as is what it lacks to its upper bound, and their
logarithmic derivatives are reciprocals of Mills' ratio differences and sums. Starting below the root for the one and
above it for the other, Newton's iteration cannot leave the right side; Halley's third order needs three or four
steps. Sources: P. Jäckel, Let's be rational, Wilmott (2015), for the two branches and for iterating on logarithms;
P. Jäckel, Implied normal volatility, Wilmott (2017).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from margin.numeric.arrays import FloatArray
from margin.numeric.normal import mills, mills_difference, mills_slope
from margin.value.volatility import _normal_guess

_STEPS = 12
"""Most iterations; random options to the ends of the double range need at most six."""

_SETTLED = 1e-6
"""A step smaller than this, relative to the deviation, is the last: the error left is of the order of its cube."""

_CHUNK = 1 << 14
"""Values solved at a time, so that intermediate arrays stay in the processor's cache."""

_AT_THE_MONEY = 1e-20
"""Distances below this part of the value change no digit of a deviation."""

_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)

Excess = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""By deviation, distance and target: how far the logarithm exceeds its target, and the reciprocal of its slope."""


def lognormal(log_ratio: FloatArray, value: FloatArray, gap: FloatArray) -> FloatArray:
    """Deviations of Black's formula.

    Args:
        log_ratio: ln(forward / strike), shape (quotes,).
        value: Value out of the money over the smaller of forward and strike, in (0, 1).
        gap: 1 − value, known better than by subtraction where it is small.
    """
    distance = -np.abs(log_ratio)
    found = np.empty_like(value)
    for start in range(0, len(value), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        low = np.flatnonzero(value[chunk] <= 0.5) + start
        high = np.flatnonzero(value[chunk] > 0.5) + start
        found[low] = _lower(distance[low], np.log(value[low]))
        found[high] = _upper(distance[high], gap[high])
    return found


def normal(distance: FloatArray, value: FloatArray) -> FloatArray:
    """Deviations of Bachelier's formula, in the unit of prices.

    Args:
        distance: |forward − strike|, shape (quotes,).
        value: Value out of the money, positive, in the same unit.
    """
    found = np.empty_like(value)
    for start in range(0, len(value), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        found[chunk] = _normal(distance[chunk], value[chunk])
    return found


def _normal(distance: FloatArray, value: FloatArray) -> FloatArray:
    at_the_money = distance < _AT_THE_MONEY * value
    unit = np.where(at_the_money, value, distance)  # any unit does where there is no distance
    target = np.log(value / unit)
    start = np.exp(_normal_guess.log_deviation(target))
    solved = _halley(start, np.where(at_the_money, 0.0, -1.0), target, _normal_excess)
    return np.where(at_the_money, value * np.sqrt(2.0 * np.pi), unit * solved)


def _lower(distance: FloatArray, log_value: FloatArray) -> FloatArray:
    """Deviations for values up to 1/2, from Bachelier's deviation, which is below Black's."""
    log_symmetric = log_value + 0.5 * distance  # over the geometric mean of forward and strike
    off = distance < 0.0
    log_distance = np.log(np.where(off, -distance, 1.0))
    guess = np.where(off, _normal_guess.log_deviation(log_symmetric - log_distance), log_symmetric + _LOG_ROOT_TWO_PI)
    return _halley(np.exp(log_distance + guess), distance, log_value, _value_excess)


def _upper(distance: FloatArray, gap: FloatArray) -> FloatArray:
    """Deviations for values above 1/2, from above.

    What the value lacks is N(−d₁) and a second term, not greater: N(−d₁) ≥ gap / 2 bounds the deviation.
    """
    quantile = -ndtri(0.5 * gap)
    start = quantile + np.sqrt(quantile * quantile - 2.0 * distance)
    return _halley(start, distance, np.log(gap), _gap_excess)


def _value_excess(deviation: FloatArray, distance: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    middle, half = distance / deviation, 0.5 * deviation
    d1 = middle + half
    reciprocal = mills_difference(middle, half)
    return np.log(reciprocal) - 0.5 * d1 * d1 - (_LOG_ROOT_TWO_PI + target), reciprocal


def _gap_excess(deviation: FloatArray, distance: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    middle, half = distance / deviation, 0.5 * deviation
    d1 = middle + half
    total = mills(-d1) + mills(middle - half)
    return np.log(total) - 0.5 * d1 * d1 - (_LOG_ROOT_TWO_PI + target), -total


def _normal_excess(deviation: FloatArray, distance: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    z = distance / deviation
    reciprocal = deviation * mills_slope(z)
    return np.log(reciprocal) - 0.5 * z * z - (_LOG_ROOT_TWO_PI + target), reciprocal


def _halley(start: FloatArray, distance: FloatArray, target: FloatArray, excess: Excess) -> FloatArray:
    """Roots, one per entry; entries that have settled are iterated no more."""
    root = start.copy()
    active = np.arange(len(root))
    current = start
    for _ in range(_STEPS):
        step = _step(current, distance, target, excess)
        current = current + step
        root[active] = current
        unsettled = np.abs(step) > _SETTLED * current
        if not unsettled.any():
            break
        active, current = active[unsettled], current[unsettled]
        distance, target = distance[unsettled], target[unsettled]
    return root


def _step(deviation: FloatArray, distance: FloatArray, target: FloatArray, excess: Excess) -> FloatArray:
    """Halley's step: Newton's n over 1 + n·f″/2f′, where f″/f′ is that of the value itself less f′."""
    f, reciprocal_slope = excess(deviation, distance, target)
    newton = -f * reciprocal_slope
    z = distance / deviation
    curvature = z * z / deviation - (0.0 if excess is _normal_excess else 0.25 * deviation)
    return np.asarray(newton / np.maximum(1.0 + 0.5 * (newton * curvature + f), 0.5))
