"""European options on a spot that yields, lognormal: Black and Scholes (1973) with Merton's yield.

Source: R. C. Merton, Theory of rational option pricing, Bell Journal of Economics 4 (1973).
"""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models import _black
from margin.value.models.terms import Terms

TITLE = "Black-Scholes-Merton: European option on a spot with a yield"
NEEDS_VOLATILITY = True
IS_OPTION = True
IS_ON_SPOT = True


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Spots must be positive, strikes not negative."""
    return np.asarray((level > 0.0) & (terms.strike >= 0.0))


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Value of one option per unit of the underlying; `level` is the spot, otherwise as `black_76.value`."""
    forward, excess, log_ratio = forward_terms(level, years, terms)
    deviation = volatility * np.sqrt(years)
    undiscounted = _black.value(forward, terms.strike, excess, log_ratio, deviation, terms.is_call)
    return np.asarray(np.exp(-terms.rate * years) * undiscounted)


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative of `value` by the spot."""
    forward, _, log_ratio = forward_terms(level, years, terms)
    deviation = volatility * np.sqrt(years)
    undiscounted = _black.forward_delta(forward, terms.strike, log_ratio, deviation, terms.is_call)
    return np.asarray(np.exp(-terms.carry * years) * undiscounted)


def forward_terms(level: FloatArray, years: FloatArray, terms: Terms) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Forward, forward − strike and ln(forward / strike), the last two without the rounding of the forward."""
    drift = (terms.rate - terms.carry) * years
    lives = (level > 0.0) & (terms.strike > 0.0)
    spot_ratio = _black.log_moneyness(np.where(lives, level, 1.0), np.where(lives, terms.strike, 1.0))
    growth = np.expm1(drift)
    return level + level * growth, (level - terms.strike) + level * growth, np.asarray(spot_ratio + drift)
