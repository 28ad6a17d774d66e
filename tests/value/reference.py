"""Option values by the textbook formulas at 50 digits: slow, and independent of the code they check."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np

from margin.numeric.arrays import FloatArray
from margin.value.models.terms import Terms

DIGITS = 50

Formula = Callable[..., mpmath.mpf]


def black_76(level: mpmath.mpf, strike: mpmath.mpf, deviation: mpmath.mpf, is_call: bool) -> mpmath.mpf:
    d1 = mpmath.log(level / strike) / deviation + deviation / 2
    d2 = d1 - deviation
    if is_call:
        return level * mpmath.ncdf(d1) - strike * mpmath.ncdf(d2)
    return strike * mpmath.ncdf(-d2) - level * mpmath.ncdf(-d1)


def bachelier(level: mpmath.mpf, strike: mpmath.mpf, deviation: mpmath.mpf, is_call: bool) -> mpmath.mpf:
    d = (level - strike if is_call else strike - level) / deviation
    return deviation * (d * mpmath.ncdf(d) + mpmath.npdf(d))


def digital(level: mpmath.mpf, strike: mpmath.mpf, deviation: mpmath.mpf, is_call: bool) -> mpmath.mpf:
    d2 = mpmath.log(level / strike) / deviation - deviation / 2
    return mpmath.ncdf(d2 if is_call else -d2)


def values(
    formula: Formula,
    level: FloatArray,
    volatility: FloatArray,
    years: FloatArray,
    terms: Terms,
    *,
    is_spot: bool = False,
) -> list[mpmath.mpf]:
    """Discounted values, one by one; `is_spot` takes the level to the forward first."""
    with mpmath.workdps(DIGITS):
        return [
            _value(formula, *(mpmath.mpf(float(x)) for x in row), bool(is_call), is_spot)
            for *row, is_call in zip(
                level, volatility, years, terms.strike, terms.rate, terms.carry, terms.is_call, strict=True
            )
        ]


def _value(
    formula: Formula,
    level: mpmath.mpf,
    volatility: mpmath.mpf,
    years: mpmath.mpf,
    strike: mpmath.mpf,
    rate: mpmath.mpf,
    carry: mpmath.mpf,
    is_call: bool,
    is_spot: bool,
) -> mpmath.mpf:
    forward = level * mpmath.exp((rate - carry) * years) if is_spot else level
    deviation = volatility * mpmath.sqrt(years)
    return mpmath.exp(-rate * years) * formula(forward, strike, deviation, is_call)


def largest_relative_error(found: FloatArray, expected: list[mpmath.mpf], smallest: float = 1e-290) -> float:
    """Largest |found − expected| / expected, leaving out what no double can hold."""
    with mpmath.workdps(DIGITS):
        errors = [
            abs(mpmath.mpf(float(x)) - exact) / abs(exact)
            for x, exact in zip(found, expected, strict=True)
            if abs(exact) > smallest
        ]
    assert len(errors) > 0.9 * len(found)
    return float(max(errors))


def random_options(
    number: int, seed: int, *, is_normal: bool = False
) -> tuple[FloatArray, FloatArray, FloatArray, Terms]:
    """Levels, volatilities, years and terms from an hour to ten years, up to 30 deviations from the money."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.uniform(-3, 9, number))
    volatility = np.exp(rng.uniform(np.log(1e-3), np.log(3), number))
    years = np.exp(rng.uniform(np.log(1 / 8760), np.log(10), number))
    distance = rng.uniform(-30, 30, number)
    deviation = volatility * np.sqrt(years)
    if is_normal:
        level *= rng.choice([-1.0, 1.0], number)
        volatility *= np.abs(level)
        strike = level + distance * deviation * np.abs(level)
    else:
        strike = level * np.exp(np.clip(distance * deviation, -30, 30))
    terms = Terms(strike, rng.random(number) < 0.5, rng.uniform(-0.05, 0.15, number), rng.uniform(-0.05, 0.1, number))
    return level, volatility, years, terms
