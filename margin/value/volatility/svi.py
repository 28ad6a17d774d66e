"""Volatility surfaces as raw SVI parameters, one slice per expiry.

Total variance at k = ln(strike / forward) is w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)), the volatility
√(w / years). Between expiries it is linear in time at the same k, as in `margin.value.volatility.grid`. Sources:
J. Gatheral and A. Jacquier, Arbitrage-free SVI volatility surfaces, Quantitative Finance 14 (2014), 2.1 for the form
and 2.2 for the density; R. W. Lee, The moment formula for implied volatility at extreme strikes, Mathematical Finance
14 (2004), for the wings; Derive, PMRM_2, for the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import FloatArray
from margin.value.volatility.expiries import CalendarArbitrage, falling_variance, volatility_between

_PLACES = np.sinh(np.linspace(-12.0, 12.0, 1_201))
"""Where slices are examined, in units of σ from m: dense at the vertex, out to 80,000 σ."""

PARAMETERS = ("a", "b", "rho", "m", "sigma")
"""Names of the parameters, in the order of `SviSurface`."""

_STEEPEST_WING = 2.0
_ROUNDING = 1e-10


@dataclass(frozen=True, slots=True)
class SviLimits:
    """Bounds on what a slice may give.

    Attributes:
        wing: Log-moneyness counts as at most so many √(a + b·σ), on both sides.
        total_variance: Total variance counts as at most this.
    """

    wing: float = np.inf
    total_variance: float = np.inf


UNLIMITED = SviLimits()
PORTFOLIO_MARGIN_LIMITS = SviLimits(wing=4.0, total_variance=144.0)
"""Those of Derive's portfolio margin, PMRM_2."""


class Soundness(IntEnum):
    """What is wrong with a slice."""

    SOUND = 0
    NEGATIVE_VARIANCE = 1
    STEEP_WING = 2
    BUTTERFLY_ARBITRAGE = 3


@dataclass(frozen=True, slots=True)
class SviSurface:
    """Slices of one underlying, shape (expiries,) each.

    Attributes:
        years: To each expiry, ascending and positive.
        a: Level of total variance.
        b: Slope of the wings, not negative.
        rho: Skew, from −1 to 1.
        m: Log-moneyness of the vertex.
        sigma: Width of the vertex, positive.
    """

    years: FloatArray
    a: FloatArray
    b: FloatArray
    rho: FloatArray
    m: FloatArray
    sigma: FloatArray

    def __post_init__(self) -> None:
        if not len(self.years) or (self.years <= 0).any() or (np.diff(self.years) <= 0).any():
            raise ValueError("expected years that are positive and ascending, one per slice")


def volatility_of(
    surface: SviSurface, years: npt.ArrayLike, moneyness: npt.ArrayLike, limits: SviLimits = UNLIMITED
) -> FloatArray:
    """Volatilities of a surface.

    Args:
        surface: The slices; where a total variance is negative the volatility is 0, see `soundness`.
        years: Time to expiry, broadcast with `moneyness` to (options,).
        moneyness: ln(strike / forward); finite where `limits` has no wing.
        limits: Bounds on moneyness and total variance.
    """

    def squared(expiry: int, places: FloatArray) -> FloatArray:
        return np.asarray(total_variance(surface, expiry, places, limits) / surface.years[expiry])

    return volatility_between(surface.years, years, moneyness, squared)


def total_variance(
    surface: SviSurface, expiry: int, moneyness: FloatArray, limits: SviLimits = UNLIMITED
) -> FloatArray:
    """Total variances of a slice, by its place, within the limits and not below 0."""
    a, b, m, sigma = (array[expiry] for array in (surface.a, surface.b, surface.m, surface.sigma))
    if np.isfinite(limits.wing):
        bound = limits.wing * np.sqrt(max(a + b * sigma, 0.0))
        moneyness = np.clip(moneyness, -bound, bound)
    distance = moneyness - m
    variance = a + b * (surface.rho[expiry] * distance + np.sqrt(distance * distance + sigma * sigma))
    return np.asarray(np.clip(variance, 0.0, limits.total_variance))


def soundness(surface: SviSurface) -> npt.NDArray[np.int8]:
    """Codes of `Soundness`, one per slice: the first of its faults in the order of the codes.

    Variance is least at a + b·σ·√(1 − ρ²); by the moment formula no wing may be steeper than b·(1 + |ρ|) = 2; and a
    density that is negative anywhere lets a butterfly be bought for less than nothing.
    """
    a, b, rho, sigma = surface.a, surface.b, surface.rho, surface.sigma
    least = a + b * sigma * np.sqrt(np.maximum(1.0 - rho * rho, 0.0))
    found = np.full(len(a), Soundness.SOUND, dtype=np.int8)
    found[least_density(surface) < -_ROUNDING] = Soundness.BUTTERFLY_ARBITRAGE
    found[b * (1.0 + np.abs(rho)) > _STEEPEST_WING * (1.0 + _ROUNDING)] = Soundness.STEEP_WING
    found[least < 0.0] = Soundness.NEGATIVE_VARIANCE
    return found


def least_density(surface: SviSurface) -> FloatArray:
    """Least value over moneyness of Durrleman's function g, which has the sign of the density; shape (slices,)."""
    b, rho, sigma = surface.b[:, None], surface.rho[:, None], surface.sigma[:, None]
    distance = sigma * _PLACES
    root = np.sqrt(distance * distance + sigma * sigma)
    variance = np.maximum(surface.a[:, None] + b * (rho * distance + root), np.finfo(np.float64).tiny)
    slope, curvature = b * (rho + distance / root), b * sigma * sigma / (root * root * root)
    moneyness = surface.m[:, None] + distance
    with np.errstate(over="ignore", invalid="ignore"):
        middle = 1.0 - 0.5 * moneyness * slope / variance
        density = middle * middle - 0.25 * slope * slope * (1.0 / variance + 0.25) + 0.5 * curvature
    # Undefined only where there is no variance at all, of which `soundness` has more to say.
    return np.asarray(np.nan_to_num(density, nan=0.0).min(axis=1))


def places_of(m: float, sigma: float) -> FloatArray:
    """Log-moneynesses at which a slice is compared with others: dense around its vertex, far out in its wings."""
    return m + sigma * _PLACES


def calendar_arbitrage(surface: SviSurface) -> tuple[CalendarArbitrage, ...]:
    """Neighbouring slices between which total variance falls, looked for at places dense around their vertices."""
    found = []
    for near in range(len(surface.years) - 1):
        places = np.unique([places_of(surface.m[e], surface.sigma[e]) for e in (near, near + 1)])
        near_total, far_total = total_variance(surface, near, places), total_variance(surface, near + 1, places)
        start, end = float(surface.years[near]), float(surface.years[near + 1])
        found.append(falling_variance(start, end, places, near_total, far_total))
    return tuple(fall for fall in found if fall is not None)
