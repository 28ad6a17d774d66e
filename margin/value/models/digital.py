"""European cash-or-nothing options on a future or forward, lognormal: one unit of currency beyond the strike.

At the strike itself an expired option pays nothing. Source: M. Rubinstein and E. Reiner, Unscrambling the binary
code, Risk 4 (1991), on Black's forward.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.normal import density, standardised
from margin.value.models import _black
from margin.value.models.terms import Terms

TITLE = "European digital: one unit of currency if the future or forward ends beyond the strike"
NEEDS_VOLATILITY = True
IS_OPTION = True
IS_ON_SPOT = False


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Forwards and strikes must be positive."""
    return np.asarray((level > 0.0) & (terms.strike > 0.0))


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Value of one option that pays 1; as `black_76.value`."""
    sign, d2, lives, _ = _standardised(level, volatility, years, terms)
    beyond = np.where(sign * (level - terms.strike) > 0.0, 1.0, 0.0)
    return np.asarray(np.exp(-terms.rate * years) * np.where(lives, ndtr(sign * d2), beyond))


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative of `value` by the level; 0 once expired."""
    sign, d2, lives, deviation = _standardised(level, volatility, years, terms)
    width = np.where(lives, level * deviation, 0.0)
    has_slope = width > 0.0
    slope = sign * density(d2) / np.where(has_slope, width, 1.0)
    return np.asarray(np.exp(-terms.rate * years) * np.where(has_slope, slope, 0.0))


def _standardised(
    level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms
) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray]:
    level, deviation, strike, is_call = np.broadcast_arrays(
        level, volatility * np.sqrt(years), terms.strike, terms.is_call
    )
    lives = (deviation > 0.0) & (level > 0.0) & (strike > 0.0)
    divisor = np.where(lives, deviation, 1.0)
    log_ratio = _black.log_moneyness(np.where(lives, level, 1.0), np.where(lives, strike, 1.0))
    return np.where(is_call, 1.0, -1.0), standardised(log_ratio, divisor) - 0.5 * divisor, lives, divisor
