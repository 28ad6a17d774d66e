"""What surfaces have in common: volatilities between expiries, and total variance that falls with time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import FloatArray

SquaredVolatility = Callable[[int, FloatArray], FloatArray]
"""Squared volatilities of an expiry of a surface, by its place, at moneynesses."""

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class CalendarArbitrage:
    """Total variance that falls from one expiry to the next: a calendar spread there has a negative price.

    Attributes:
        near: Years to the earlier expiry.
        far: Years to the later one.
        moneyness: Where the fall is greatest.
        near_variance: Total variance there, volatility² × years, of the earlier expiry.
        far_variance: Of the later one.
    """

    near: float
    far: float
    moneyness: float
    near_variance: float
    far_variance: float


def volatility_between(
    expiries: FloatArray, years: npt.ArrayLike, moneyness: npt.ArrayLike, squared: SquaredVolatility
) -> FloatArray:
    """Volatilities between the expiries of a surface: total variance linear in time, at the same moneyness.

    Before the first expiry and after the last the volatility is that of the expiry itself.

    Args:
        expiries: Years to the expiries, ascending, positive, shape (expiries,).
        years: Time to expiry of what is looked up, broadcast with `moneyness` to (points,).
        moneyness: As the surface measures it.
        squared: Squared volatilities of one expiry.
    """
    times, places = np.broadcast_arrays(
        np.atleast_1d(np.asarray(years, dtype=np.float64)), np.asarray(moneyness, dtype=np.float64)
    )
    last = len(expiries) - 1
    next_one = np.searchsorted(expiries, times, side="left")
    upper = np.minimum(next_one, last)
    is_listed = expiries[upper] == times
    lower = np.where(is_listed | (next_one > last), upper, np.maximum(next_one - 1, 0))
    near, far = _by_expiry(lower, places, squared), _by_expiry(upper, places, squared)
    between = lower != upper
    start, end = expiries[lower], expiries[upper]
    passed = np.where(between, times - start, 0.0) / np.where(between, end - start, 1.0)
    total = start * near * (1.0 - passed) + end * far * passed
    return np.sqrt(np.where(between, total / np.where(between, times, 1.0), near))


def _by_expiry(expiry: npt.NDArray[np.int64], places: FloatArray, squared: SquaredVolatility) -> FloatArray:
    found = np.empty(places.shape)
    for one in np.unique(expiry):
        rows = expiry == one
        found[rows] = squared(int(one), places[rows])
    return found


def falling_variance(
    near: float, far: float, moneyness: FloatArray, near_variance: FloatArray, far_variance: FloatArray
) -> CalendarArbitrage | None:
    """The greatest fall of total variance between two expiries, where there is one beyond rounding."""
    fall = near_variance - far_variance
    place = int(np.argmax(fall))
    if fall[place] <= _ROUNDING * near_variance[place]:
        return None
    return CalendarArbitrage(
        near, far, float(moneyness[place]), float(near_variance[place]), float(far_variance[place])
    )
