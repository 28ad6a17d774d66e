"""What early exercise adds to a European option on a spot that yields, for any way to value it.

Every option is turned into a put of strike 1 on x: a put at rate r and yield q has x = spot / strike, and a call is
a put with rate and yield exchanged on x = strike / spot. Source: R. McDonald and M. Schroder, A parity result for
American options, Journal of Computational Finance 1 (1998).

Waiting costs the holder of such a put r − q·x a year. Hence three cases:

* r ≤ 0 and q ≥ r: waiting never costs anything; the option is worth the European one.
* r > 0: it is exercised below one critical x.
* q < r ≤ 0: it is exercised between two critical x.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models import black_scholes_merton
from margin.value.models.terms import Terms

_STILL = 1e-12
"""Total volatility up to this is none: what it adds is lost in rounding."""

_FARTHEST = 600.0
"""Logarithms of x are not let further from 0, so that exp is finite; early exercise is settled long before."""


@dataclass(frozen=True, slots=True)
class Puts:
    """Puts of strike 1 on x > 0 that may be worth exercising early, as arrays of one shape (options,).

    Attributes:
        log_x: ln x.
        volatility: Of x, a fraction a year, positive.
        years: To expiry, positive.
        rate: r.
        carry: q.
    """

    log_x: FloatArray
    volatility: FloatArray
    years: FloatArray
    rate: FloatArray
    carry: FloatArray

    def __len__(self) -> int:
        return len(self.log_x)

    def at(self, rows: BoolArray | slice) -> Puts:
        """Some of the puts."""
        return Puts(*(getattr(self, field.name)[rows] for field in fields(self)))

    def has_one_boundary(self) -> BoolArray:
        """Whether the put is exercised below one critical x, and not between two."""
        return np.asarray(self.rate > 0.0)


class Engine(Protocol):
    """A way to value the right to exercise early: its worth on top of that of the European put."""

    def premium(self, puts: Puts) -> FloatArray:
        """Worth of the right, at least 0; shape (options,).

        Where the put is exercised at once it may be anything up to the difference from the intrinsic value.
        """

    def premium_and_slope(self, puts: Puts) -> tuple[FloatArray, FloatArray]:
        """The same, and x times its derivative by x."""


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms, engine: Engine) -> FloatArray:
    """Value of one American option per unit of the underlying; arguments as of `black_scholes_merton.value`."""
    options = _Options.of(level, volatility, years, terms)
    still, early = options.cases()
    found = np.empty(len(still))
    found[~still] = options.at(~still).european()
    found[still] = options.at(still).without_volatility()[0]
    if early.any():
        part = options.at(early)
        premium = part.scale() * engine.premium(part.puts())
        found[early] = np.maximum(found[early] + premium, part.intrinsic())
    return options.shaped(found)


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms, engine: Engine) -> FloatArray:
    """Derivative of `value` by the level; half the step where exercise pays exactly nothing."""
    options = _Options.of(level, volatility, years, terms)
    still, early = options.cases()
    found = np.empty(len(still))
    found[~still] = options.at(~still).european_delta()
    found[still] = options.at(still).without_volatility()[1]
    if early.any():
        part = options.at(early)
        puts = part.puts()
        premium, slope = engine.premium_and_slope(puts)
        held = found[early] + np.where(part.is_call, premium - slope, slope * np.exp(-puts.log_x))
        intrinsic = part.intrinsic()
        is_exercised = (intrinsic > 0.0) & (part.european() + part.scale() * premium <= intrinsic)
        found[early] = np.where(is_exercised, part.sign(), held)
    return options.shaped(found)


def on_future(terms: Terms) -> Terms:
    """Terms of options on a future, as on a spot whose yield is the rate: its forward is the future's own price."""
    return Terms(terms.strike, terms.is_call, terms.rate, terms.rate)


def may_pay(terms: Terms) -> BoolArray:
    """Whether exercising early can be worth more than waiting, at any spot."""
    rate, carry = put_rates(terms)
    return np.asarray((rate > 0.0) | (carry < rate))


def is_still(volatility: FloatArray, years: FloatArray) -> BoolArray:
    """Whether nothing is left to vary."""
    return np.asarray(volatility * np.sqrt(years) <= _STILL)


def put_rates(terms: Terms) -> tuple[FloatArray, FloatArray]:
    """Rate and yield of the puts of strike 1."""
    return np.where(terms.is_call, terms.carry, terms.rate), np.where(terms.is_call, terms.rate, terms.carry)


@dataclass(frozen=True, slots=True)
class _Options:
    """Options as arrays of shape (options,), and the shape that they came in."""

    level: FloatArray
    volatility: FloatArray
    years: FloatArray
    terms: Terms
    shape: tuple[int, ...]

    @classmethod
    def of(cls, level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> _Options:
        arrays = np.broadcast_arrays(level, volatility, years, terms.strike, terms.is_call, terms.rate, terms.carry)
        level, volatility, years, *rest = (array.ravel() for array in arrays)
        return cls(level, volatility, years, Terms(*rest), arrays[0].shape)

    def at(self, rows: BoolArray) -> _Options:
        if rows.all():
            return self
        terms = Terms(*(getattr(self.terms, field.name)[rows] for field in fields(Terms)))
        return _Options(self.level[rows], self.volatility[rows], self.years[rows], terms, (int(rows.sum()),))

    def shaped(self, values: FloatArray) -> FloatArray:
        return values.reshape(self.shape)

    @property
    def is_call(self) -> BoolArray:
        return self.terms.is_call

    def cases(self) -> tuple[BoolArray, BoolArray]:
        """Options whose underlying does not vary, and others that may be worth exercising early."""
        still = is_still(self.volatility, self.years) | (self.level <= 0.0) | (self.terms.strike <= 0.0)
        return still, ~still & may_pay(self.terms)

    def sign(self) -> FloatArray:
        return np.where(self.is_call, 1.0, -1.0)

    def intrinsic(self) -> FloatArray:
        return np.maximum(self.sign() * (self.level - self.terms.strike), 0.0)

    def european(self) -> FloatArray:
        return black_scholes_merton.value(self.level, self.volatility, self.years, self.terms)

    def european_delta(self) -> FloatArray:
        return black_scholes_merton.delta(self.level, self.volatility, self.years, self.terms)

    def scale(self) -> FloatArray:
        """What one put of strike 1 stands for: the strike of a put, the spot of a call."""
        return np.where(self.is_call, self.level, self.terms.strike)

    def puts(self) -> Puts:
        rate, carry = put_rates(self.terms)
        log_x = -self.sign() * (np.log(self.level) - np.log(self.terms.strike))
        return Puts(np.clip(log_x, -_FARTHEST, _FARTHEST), self.volatility, self.years, rate, carry)

    def without_volatility(self) -> tuple[FloatArray, FloatArray]:
        """Value and delta where the spot grows as its forwards say: those of exercise at the best time.

        Exercise after t years is worth ±(spot·exp(−q·t) − strike·exp(−r·t)) today, largest now, at expiry, or where
        its derivative is 0.
        """
        rate, carry = self.terms.rate, self.terms.carry
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            turn = np.log(rate * self.terms.strike / (carry * self.level)) / (rate - carry)
        turn = np.clip(np.where(np.isfinite(turn), turn, 0.0), 0.0, self.years)
        best, slope = np.full(len(turn), -np.inf), np.zeros(len(turn))
        for years in (np.zeros(len(turn)), turn, self.years):
            paid = self.sign() * (self.level * np.exp(-carry * years) - self.terms.strike * np.exp(-rate * years))
            slope = np.where(paid > best, np.exp(-carry * years), slope)
            best = np.maximum(best, paid)
        step = np.where(best > 0.0, 1.0, np.where(best == 0.0, 0.5, 0.0))
        return np.maximum(best, 0.0), self.sign() * slope * step
