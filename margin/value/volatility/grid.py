"""Volatility surfaces of points: expiries, and volatilities at moneynesses of each.

At one expiry total variance, volatility² × years, is linear in moneyness between its points and the volatility flat
beyond them; between expiries total variance is linear in time at the same moneyness. Moneyness is ln(strike /
forward) where prices are lognormal and strike − forward where they are normal: what moves with the forward is flat.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import FloatArray, IntArray
from margin.value.volatility.expiries import CalendarArbitrage, falling_variance, volatility_between


class Reach(IntFlag):
    """Whether a volatility lies between points of a surface, or is carried flat from the nearest."""

    INSIDE = 0
    BEYOND_STRIKES = 1
    BEYOND_EXPIRIES = 2


@dataclass(frozen=True, slots=True)
class VolatilityGrid:
    """The points of one underlying; made by `grid_of`.

    Attributes:
        years: To each expiry, ascending and positive, shape (expiries,).
        starts: Points of expiry e are ``starts[e]:starts[e + 1]``, shape (expiries + 1,).
        moneyness: Of each point, ascending within its expiry, shape (points,).
        volatility: Of each point, as the pricing model takes it.
    """

    years: FloatArray
    starts: IntArray
    moneyness: FloatArray
    volatility: FloatArray

    def points(self, expiry: int) -> tuple[FloatArray, FloatArray]:
        """Moneynesses and volatilities of an expiry."""
        points = slice(self.starts[expiry], self.starts[expiry + 1])
        return self.moneyness[points], self.volatility[points]


def grid_of(years: npt.ArrayLike, moneyness: npt.ArrayLike, volatility: npt.ArrayLike) -> VolatilityGrid:
    """A surface from its points in any order, one entry per point; equal years are one expiry.

    Raises:
        ValueError: There is no point, two are at one place, or a number is not finite or not positive that must be.
    """
    times, places, values = (
        np.atleast_1d(np.asarray(array, dtype=np.float64)) for array in (years, moneyness, volatility)
    )
    if not len(times) or not len(times) == len(places) == len(values):
        raise ValueError(f"expected as many years, moneynesses and volatilities, found {len(times)}, {len(places)}…")
    if (
        not all(np.isfinite(array).all() for array in (times, places, values))
        or (times <= 0).any()
        or (values < 0).any()
    ):
        raise ValueError("expected finite numbers, positive years and volatilities that are not negative")
    order = np.lexsort((places, times))
    times, places, values = times[order], places[order], values[order]
    is_new = np.append(True, np.diff(times) > 0)
    if np.any((np.diff(places) <= 0) & ~is_new[1:]):
        raise ValueError("two points of a surface have the same expiry and moneyness")
    starts = np.append(np.flatnonzero(is_new), len(times)).astype(np.int64)
    return VolatilityGrid(times[starts[:-1]], starts, places, values)


def volatility_of(surface: VolatilityGrid, years: npt.ArrayLike, moneyness: npt.ArrayLike) -> FloatArray:
    """Volatilities of a surface; at its points exactly theirs.

    Args:
        surface: The points.
        years: Time to expiry, broadcast with `moneyness` to (options,).
        moneyness: As the surface's own; finite.
    """

    def squared(expiry: int, places: FloatArray) -> FloatArray:
        at, values = surface.points(expiry)
        return np.interp(places, at, values * values)

    return volatility_between(surface.years, years, moneyness, squared)


def reach_of(surface: VolatilityGrid, years: npt.ArrayLike, moneyness: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """For each volatility that `volatility_of` gives, a code of `Reach`."""
    times, places = np.broadcast_arrays(np.atleast_1d(np.asarray(years)), np.asarray(moneyness))
    last = len(surface.years) - 1
    next_one = np.searchsorted(surface.years, times, side="left")
    upper = np.minimum(next_one, last)
    lower = np.where(surface.years[upper] == times, upper, np.maximum(next_one - 1, 0))
    first_point, last_point = surface.moneyness[surface.starts[:-1]], surface.moneyness[surface.starts[1:] - 1]
    beyond = np.zeros(times.shape, dtype=np.bool_)
    for expiry in (lower, upper):
        beyond |= (places < first_point[expiry]) | (places > last_point[expiry])
    outside = (times < surface.years[0]) | (times > surface.years[-1])
    return np.asarray(beyond * Reach.BEYOND_STRIKES + outside * Reach.BEYOND_EXPIRIES, dtype=np.int8)


def calendar_arbitrage(surface: VolatilityGrid) -> tuple[CalendarArbitrage, ...]:
    """Neighbouring expiries between which total variance falls anywhere; empty for a surface without arbitrage.

    Between points total variance is linear, so that it falls at a point of one of the two if it falls at all.
    """
    found = []
    for near in range(len(surface.years) - 1):
        (near_at, near_values), (far_at, far_values) = surface.points(near), surface.points(near + 1)
        places = np.union1d(near_at, far_at)
        start, end = float(surface.years[near]), float(surface.years[near + 1])
        near_total = start * np.interp(places, near_at, near_values * near_values)
        far_total = end * np.interp(places, far_at, far_values * far_values)
        found.append(falling_variance(start, end, places, near_total, far_total))
    return tuple(fall for fall in found if fall is not None)
