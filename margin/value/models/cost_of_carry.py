"""Futures and forwards valued from the spot of their underlying: spot × exp((rate − yield) × years).

A day that passes moves their value even where the spot stands still. Source: J. C. Hull, Options, Futures, and
Other Derivatives, "Determination of forward and futures prices".
"""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models.terms import Terms

TITLE = "Cost of carry: a future or forward valued from its underlying's spot"
NEEDS_VOLATILITY = False
IS_OPTION = False
IS_ON_SPOT = True


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Any spot."""
    return np.isfinite(level)


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Price of the contract; `level` is the spot."""
    return np.asarray(level * np.exp((terms.rate - terms.carry) * years))


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative of the contract's price by the spot."""
    return np.asarray(np.exp((terms.rate - terms.carry) * years) + 0.0 * level)
