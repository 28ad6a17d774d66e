"""The right to exercise a put of strike 1 early, by Ju and Zhong's correction of the quadratic approximation.

Sources: G. Barone-Adesi and R. E. Whaley, Efficient analytic approximation of American option values, Journal of
Finance 42 (1987): the critical price; N. Ju and R. Zhong, An approximate formula for pricing American options,
Journal of Derivatives 7 (1999): the value above it.

With p the European put, y* = ln x* the critical price and z = ln x − y*, the right is worth, for z > 0,

    (1 − x* − p(x*)) · exp(−γ·z) / (1 + z·(b·z − c)),

and below x* the put is worth its intrinsic value. The premium falls to both sides of x* with different slopes, so that
delta steps there, by up to 0.03 within a year.

Largest errors, as shares of the strike of a put or the spot of a call, volatilities up to 100 %, spots within three
standard deviations of the strike: 0.15 % up to a year with rates and yields of 0 to 10 % (99 of 100 options: 0.04 %),
and 1.2 % up to five years with rates and yields of −2 to 15 %. Errors grow with time and volatility; beyond, the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.special import ndtr

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.numeric.normal import density
from margin.value.models import _lattice
from margin.value.models._early_exercise import Puts

_ITERATIONS = 80
"""More than bisection needs where it has to do everything."""

_CLOSE = 1e-3
"""A step of the iteration below this, in standard deviations, is the last: the next would be of its third power, and
the premium depends on the critical price only by the square of its error."""

_LEAST_ACCRUED = 1e-15
"""Interest to expiry, as a share of the strike, is taken for at least this: the value cannot tell."""

_LEAST_DECAY = 1e-250
"""Below this a put that never expires is never exercised either."""

_LEAST_DIVISOR = 0.5
"""The correction never more than doubles the premium; it is a first-order term, and no longer small there."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Critical prices and coefficients of the premium above them; shape (options,).

    Attributes:
        log_x: y*.
        height: 1 − x* − p(x*).
        decay: γ.
        square: b.
        linear: c.
    """

    log_x: FloatArray
    height: FloatArray
    decay: FloatArray
    square: FloatArray
    linear: FloatArray

    def among(self, rows: BoolArray) -> Boundary:
        """The same at these rows of more, the others of which are never exercised early."""
        spread = (np.zeros(len(rows)) for _ in fields(self))
        found = Boundary(*spread)
        for field in fields(self):
            getattr(found, field.name)[rows] = getattr(self, field.name)
        return found

    def premium(self, log_x: FloatArray) -> FloatArray:
        """Worth of the right at ln x; 0 at and below the critical price."""
        z = np.maximum(log_x - self.log_x, 0.0)
        divisor = np.maximum(1.0 + z * (self.square * z - self.linear), _LEAST_DIVISOR)
        return np.asarray(np.where(z > 0.0, self.height * np.exp(-self.decay * z) / divisor, 0.0))

    def premium_slope(self, log_x: FloatArray) -> FloatArray:
        """Derivative of `premium` by ln x."""
        z = np.maximum(log_x - self.log_x, 0.0)
        exact = 1.0 + z * (self.square * z - self.linear)
        bend = np.where(exact > _LEAST_DIVISOR, 2.0 * self.square * z - self.linear, 0.0)
        return np.asarray(-self.premium(log_x) * (self.decay + bend / np.maximum(exact, _LEAST_DIVISOR)))


def premium(puts: Puts) -> FloatArray:
    """The right to exercise puts early; those that are exercised between two critical prices by the tree."""
    return premium_and_slope(puts)[0]


def premium_and_slope(puts: Puts) -> tuple[FloatArray, FloatArray]:
    """The same, and its derivative by ln x."""
    value, slope = np.empty(len(puts)), np.empty(len(puts))
    has_one = puts.has_one_boundary()
    part = puts if has_one.all() else puts.at(has_one)
    boundary = boundary_of(part)
    value[has_one], slope[has_one] = boundary.premium(part.log_x), boundary.premium_slope(part.log_x)
    if len(part) < len(puts):
        value[~has_one], slope[~has_one] = _lattice.premium_and_slope(puts.at(~has_one))
    return value, slope


def boundary_of(puts: Puts) -> Boundary:
    """Critical prices of puts with r > 0, whatever x is."""
    puts = replace(puts, rate=np.maximum(puts.rate, _LEAST_ACCRUED / puts.years))
    curve = _Curve.of(puts)
    half_variance = 0.5 * puts.volatility * puts.volatility
    drift = (puts.rate - puts.carry) / half_variance - 1.0
    weight = puts.rate / (curve.rate_lost * half_variance)
    root, decay = _decay(drift, weight)
    _, decay_forever = _decay(drift, puts.rate / half_variance)
    log_x = _critical(curve, decay, *_bracket_and_start(puts, curve.deviation, decay_forever))

    x = np.exp(log_x)
    _, survival_1, survival_2, bell = curve.parts(log_x)
    height = np.maximum(survival_2 - x * survival_1, 0.0)
    aging = puts.carry * x * (1.0 - survival_1) - puts.rate * (1.0 - survival_2) + x * bell * half_variance
    pull = curve.rate_kept * weight / root
    square = 0.5 * pull * weight / root
    with np.errstate(divide="ignore", invalid="ignore"):
        linear = pull - 2.0 * square / root + aging / (height * half_variance * root)
    return Boundary(log_x, height, decay, square, np.where(height > 0.0, linear, 0.0))


def _decay(linear: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """√(linear² + 4·weight) and the positive root of γ² − linear·γ − weight, without cancellation."""
    root = np.sqrt(linear * linear + 4.0 * weight)
    larger = 0.5 * (np.abs(linear) + root)
    return root, np.where(linear > 0.0, larger, weight / larger)


@dataclass(frozen=True, slots=True)
class _Curve:
    """What the European put, as a function of ln x, is made of; shape (options,).

    Attributes:
        deviation: σ·√T.
        start: d₁ at x = 1.
        carry_kept: exp(−q·T).
        carry_lost: 1 − exp(−q·T).
        rate_kept: exp(−r·T).
        rate_lost: 1 − exp(−r·T).
    """

    deviation: FloatArray
    start: FloatArray
    carry_kept: FloatArray
    carry_lost: FloatArray
    rate_kept: FloatArray
    rate_lost: FloatArray

    @classmethod
    def of(cls, puts: Puts) -> _Curve:
        deviation = puts.volatility * np.sqrt(puts.years)
        start = (puts.rate - puts.carry) * puts.years / deviation + 0.5 * deviation
        carry_lost, rate_lost = -np.expm1(-puts.carry * puts.years), -np.expm1(-puts.rate * puts.years)
        return cls(deviation, start, 1.0 - carry_lost, carry_lost, 1.0 - rate_lost, rate_lost)

    def at(self, rows: BoolArray) -> _Curve:
        return _Curve(*(getattr(self, field.name)[rows] for field in fields(self)))

    def parts(self, log_x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """d₁, 1 − exp(−q·T)·N(−d₁), 1 − exp(−r·T)·N(−d₂), and the derivative of the second by ln x."""
        d1 = log_x / self.deviation + self.start
        return (
            d1,
            self.carry_kept * ndtr(d1) + self.carry_lost,
            self.rate_kept * ndtr(d1 - self.deviation) + self.rate_lost,
            self.carry_kept * density(d1) / self.deviation,
        )


def _critical(curve: _Curve, decay: FloatArray, low: FloatArray, start: FloatArray) -> FloatArray:
    """The logarithm of x at which value and slope of the put meet those of exercise.

    Halley's iteration on (1 + γ)·(1 − exp(−q·T)·N(−d₁)) − γ/x·(1 − exp(−r·T)·N(−d₂)), which rises with x and has
    one root below 1; bisection where a step would leave the bracket. No root lies below the critical price of a
    put that never expires.
    """
    found = start.copy()
    rows: IntArray = np.arange(len(found))
    log_x, high = start, np.zeros(len(found))
    for _ in range(_ITERATIONS):
        d1, survival_1, survival_2, bell = curve.parts(log_x)
        fall = decay * np.exp(-log_x) * survival_2
        error, slope = (1.0 + decay) * survival_1 - fall, bell + fall
        step = error / slope
        bend = 1.0 - 0.5 * step * (bell * (decay - d1 / curve.deviation) - fall) / slope
        moved = log_x - step / np.clip(bend, 0.5, 3.0)
        is_below = error < 0.0
        low, high = np.where(is_below, log_x, low), np.where(is_below, high, log_x)
        moved = np.where((moved >= low) & (moved <= high), moved, 0.5 * (low + high))
        found[rows] = moved
        rest = np.abs(moved - log_x) > _CLOSE * np.minimum(curve.deviation, 1.0)
        if not rest.any():
            break
        rows, curve, decay = rows[rest], curve.at(rest), decay[rest]
        log_x, low, high = moved[rest], low[rest], high[rest]
    return found


def _bracket_and_start(puts: Puts, deviation: FloatArray, decay_forever: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The logarithm of the critical price without expiry, and a first guess between it and that at expiry."""
    low = -np.log1p(1.0 / np.maximum(decay_forever, _LEAST_DECAY))
    at_expiry = np.log(puts.rate / np.maximum(puts.carry, puts.rate))
    # Near expiry the critical price leaves its limit as √T, times a slow logarithm where the limit is the strike.
    accrued = np.maximum((np.abs(puts.rate - puts.carry) + puts.rate) * puts.years, _LEAST_DECAY)
    distance = np.where(at_expiry < -deviation, 0.7, np.sqrt(np.maximum(-np.log(accrued), 0.5)))
    return low, np.maximum(at_expiry - deviation * distance, low)
