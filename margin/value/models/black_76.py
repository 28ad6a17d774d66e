"""European options on a future or forward, lognormal: Black (1976), discounted.

Source: F. Black, The pricing of commodity contracts, Journal of Financial Economics 3 (1976).
"""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models import _black
from margin.value.models.terms import Terms

TITLE = "Black 1976: European option on a future or forward"
NEEDS_VOLATILITY = True
IS_OPTION = True
IS_ON_SPOT = False


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Forwards and strikes must be positive; Bachelier's model takes others."""
    return np.asarray((level > 0.0) & (terms.strike >= 0.0))


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Value of one option per unit of the underlying.

    Args:
        level: Price of the future or forward; a shocked one may be zero or negative, where the option is worth
            its intrinsic value.
        volatility: A fraction a year.
        years: To expiry, not negative.
        terms: `Terms.carry` is not read.
    """
    deviation = volatility * np.sqrt(years)
    excess, log_ratio = level - terms.strike, _log_ratio(level, terms.strike)
    undiscounted = _black.value(level, terms.strike, excess, log_ratio, deviation, terms.is_call)
    return np.asarray(np.exp(-terms.rate * years) * undiscounted)


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative of `value` by the level."""
    deviation = volatility * np.sqrt(years)
    undiscounted = _black.forward_delta(level, terms.strike, _log_ratio(level, terms.strike), deviation, terms.is_call)
    return np.asarray(np.exp(-terms.rate * years) * undiscounted)


def _log_ratio(level: FloatArray, strike: FloatArray) -> FloatArray:
    lives = (level > 0.0) & (strike > 0.0)
    return _black.log_moneyness(np.where(lives, level, 1.0), np.where(lives, strike, 1.0))
