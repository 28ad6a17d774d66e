"""Coin-margined contracts: a fixed amount of the quote currency, profit and loss in the coin.

One contract is worth −1/price coins per unit of its face value up to a constant, so that a long position
gains (1/entry − 1/price) × face value. Source: Deribit, "Inverse perpetual: profit and loss".
"""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models.terms import Terms

TITLE = "Inverse: a coin-margined perpetual or future of a fixed face value"
NEEDS_VOLATILITY = False
IS_OPTION = False
IS_ON_SPOT = False


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Prices must be positive: at zero the loss of a long contract has no bound."""
    return np.asarray(level > 0.0)


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Coins per unit of face value, up to a constant: −1/price."""
    return np.asarray(-1.0 / level + 0.0 * years)


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative by the price: 1/price², coins per unit of face value."""
    return np.asarray(1.0 / (level * level) + 0.0 * years)
