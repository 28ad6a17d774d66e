"""European options on a future whose price may be negative, normal: Bachelier (1900), discounted.

The volatility is in price units a year. Source: L. Bachelier, Théorie de la spéculation (1900).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.normal import density, mills_slope, standardised
from margin.value.models.terms import Terms

TITLE = "Bachelier: European option on a future or forward of any sign; volatility in price units"
NEEDS_VOLATILITY = True
IS_OPTION = True
IS_ON_SPOT = False


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Any forward and any strike."""
    return np.isfinite(level) & np.isfinite(terms.strike)


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Value of one option per unit of the underlying; as `black_76.value`, volatility in price units a year."""
    level, deviation, strike, is_call = np.broadcast_arrays(
        level, volatility * np.sqrt(years), terms.strike, terms.is_call
    )
    intrinsic = np.maximum(np.where(is_call, level - strike, strike - level), 0.0)
    lives = deviation > 0.0
    distance = standardised(-np.abs(level - strike), np.where(lives, deviation, 1.0))
    time_value = np.where(lives, deviation * density(distance) * mills_slope(distance), 0.0)
    return np.asarray(np.exp(-terms.rate * years) * (intrinsic + time_value))


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative of `value` by the level; at an expired option's strike, half the step."""
    level, deviation, strike, is_call = np.broadcast_arrays(
        level, volatility * np.sqrt(years), terms.strike, terms.is_call
    )
    sign = np.where(is_call, 1.0, -1.0)
    lives = deviation > 0.0
    step = np.where(level == strike, 0.5, np.where(sign * (level - strike) > 0.0, 1.0, 0.0))
    within = ndtr(standardised(sign * (level - strike), np.where(lives, deviation, 1.0)))
    return np.asarray(np.exp(-terms.rate * years) * sign * np.where(lives, within, step))
