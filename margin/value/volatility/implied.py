"""Volatilities implied by prices of European options, with an outcome for every quote.

The time value of a quoted price is what it holds above the discounted intrinsic value; the volatility is that at
which the option out of the money of the same strike is worth as much. A quote whose price lies on or beyond a bound
of arbitrage has an outcome that says so, and never a number that looks like a volatility.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models import _black, black_scholes_merton
from margin.value.models.terms import Terms
from margin.value.volatility import _solve
from margin.value.volatility.outcome import Outcome

MODELS = ("bachelier", "black_76", "black_scholes_merton")
"""Models whose prices imply a volatility here, by name."""

_ROUNDING = 8.0 * np.finfo(np.float64).eps
"""A time value, or a gap to the upper bound, below this part of what it is the difference of is rounding noise."""

_LEAST = 1e-290
"""A time value below this part of the upper bound, or of the unit of price, is none: what follows would underflow."""


@dataclass(frozen=True, slots=True)
class Implied:
    """Volatilities implied by quotes, shape (quotes,).

    Attributes:
        volatility: As the model takes it: a fraction a year, for Bachelier price units a year. 0 where there is no
            time value; NaN for every other outcome but `Outcome.FOUND`.
        outcome: Codes of `Outcome`.
    """

    volatility: FloatArray
    outcome: npt.NDArray[np.int8]

    @property
    def is_found(self) -> BoolArray:
        """Which prices imply a volatility."""
        return np.asarray(self.outcome == Outcome.FOUND)


@dataclass(frozen=True, slots=True)
class _Quotes:
    """Quotes without discounting, shape (quotes,).

    Attributes:
        price: Of the option, undiscounted.
        forward: Of the underlying at expiry.
        excess: forward − strike, without the rounding of the forward.
        noise: Rounding that `excess` may carry.
    """

    price: FloatArray
    forward: FloatArray
    strike: FloatArray
    excess: FloatArray
    noise: FloatArray
    is_call: BoolArray
    years: FloatArray


def implied_volatility(
    model: str, price: npt.ArrayLike, level: npt.ArrayLike, years: npt.ArrayLike, terms: Terms
) -> Implied:
    """Volatilities at which a model values options at their quoted prices.

    Found volatilities give their price back, and err by no more than a few roundings of the price do: relative to
    the volatility, eps × price / (vega × volatility).

    Args:
        model: One of `MODELS`.
        price: Quoted prices of the options, in price points, broadcast with the other arguments to (quotes,).
        level: What the model takes: price of the future or forward; for ``black_scholes_merton`` the spot.
        years: Time to expiry.
        terms: Strike, right, interest rate and, for ``black_scholes_merton``, yield.

    Raises:
        ValueError: The prices of no such model imply a volatility here.
    """
    if model not in MODELS:
        raise ValueError(f"prices of model {model!r} imply no volatility here, expected one of {', '.join(MODELS)}")
    given = (price, level, years, terms.strike, terms.rate, terms.carry)
    numbers = (np.atleast_1d(np.asarray(array, dtype=np.float64)) for array in given)
    price, level, years, strike, rate, carry, is_call = np.broadcast_arrays(*numbers, terms.is_call)
    # Quotes that no model takes run along, so that their overflows are those of numbers that are thrown away.
    with np.errstate(all="ignore"):
        undiscounted = price * np.exp(rate * years)
        if model == "black_scholes_merton":
            on_spot = Terms(strike, is_call, rate, carry)
            forward, excess, log_ratio = black_scholes_merton.forward_terms(level, years, on_spot)
            noise = level * np.expm1(np.abs(rate - carry) * years)
        else:
            forward, excess, noise = level, level - strike, np.zeros(level.shape)
            lives = (forward > 0.0) & (strike > 0.0)
            log_ratio = _black.log_moneyness(np.where(lives, forward, 1.0), np.where(lives, strike, 1.0))
        quotes = _Quotes(undiscounted, forward, strike, excess, noise, is_call, years)
        return _bachelier(quotes) if model == "bachelier" else _black_of(quotes, log_ratio)


def _black_of(quotes: _Quotes, log_ratio: FloatArray) -> Implied:
    outcome, time_value = _lower_outcome(quotes)
    bound = np.where(quotes.is_call, quotes.forward, quotes.strike)
    smaller = np.minimum(quotes.forward, quotes.strike)
    gap = bound - quotes.price
    rounding = _ROUNDING * (bound + quotes.noise)
    _mark(outcome, gap < -rounding, Outcome.ABOVE_UPPER_BOUND)
    _mark(outcome, gap <= rounding, Outcome.AT_UPPER_BOUND)
    _mark(outcome, time_value < _LEAST * smaller, Outcome.NO_TIME_VALUE)
    _mark_general(outcome, quotes, (quotes.forward > 0.0) & (quotes.strike > 0.0) & np.isfinite(log_ratio))
    found = np.flatnonzero(outcome == Outcome.FOUND)
    scale = smaller[found]
    deviation = _solve.lognormal(log_ratio[found], time_value[found] / scale, gap[found] / scale)
    return _implied(outcome, found, deviation, quotes.years)


def _bachelier(quotes: _Quotes) -> Implied:
    outcome, time_value = _lower_outcome(quotes)
    distance = np.abs(quotes.excess)
    _mark(outcome, time_value < _LEAST * np.maximum(1.0, distance), Outcome.NO_TIME_VALUE)
    _mark_general(outcome, quotes, np.isfinite(quotes.excess))
    found = np.flatnonzero(outcome == Outcome.FOUND)
    deviation = _solve.normal(distance[found], time_value[found])
    return _implied(outcome, found, deviation, quotes.years)


def _lower_outcome(quotes: _Quotes) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Outcomes as far as the intrinsic value decides them, and time values."""
    intrinsic = np.maximum(np.where(quotes.is_call, quotes.excess, -quotes.excess), 0.0)
    time_value = quotes.price - intrinsic
    outcome = np.full(quotes.price.shape, Outcome.FOUND, dtype=np.int8)
    rounding = np.where(intrinsic > 0.0, _ROUNDING * (intrinsic + quotes.noise), 0.0)
    _mark(outcome, time_value < -rounding, Outcome.BELOW_INTRINSIC)
    _mark(outcome, np.abs(time_value) <= rounding, Outcome.NO_TIME_VALUE)
    return outcome, time_value


def _mark(outcome: npt.NDArray[np.int8], where: BoolArray, found: Outcome) -> None:
    """Set an outcome where none has been set."""
    outcome[where & (outcome == Outcome.FOUND)] = found


def _mark_general(outcome: npt.NDArray[np.int8], quotes: _Quotes, accepted: BoolArray) -> None:
    """Outcomes that come before all others: nothing to be valued, or no time left."""
    outcome[quotes.years <= 0.0] = Outcome.EXPIRED
    usable = accepted & np.isfinite(quotes.price) & np.isfinite(quotes.forward) & np.isfinite(quotes.years)
    outcome[~usable] = Outcome.OUTSIDE_MODEL


def _implied(
    outcome: npt.NDArray[np.int8], found: npt.NDArray[np.intp], deviation: FloatArray, years: FloatArray
) -> Implied:
    volatility = np.full(outcome.shape, np.nan)
    volatility[outcome == Outcome.NO_TIME_VALUE] = 0.0
    solved = deviation / np.sqrt(years[found])
    is_number = np.isfinite(solved)
    outcome[found[~is_number]] = Outcome.OUTSIDE_MODEL  # prices at the ends of the range of doubles
    volatility[found] = np.where(is_number, solved, np.nan)
    return Implied(volatility, outcome)
