"""Futures, forwards and physicals whose value is their price."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models.terms import Terms

TITLE = "Linear: a future, forward or physical worth its own price"
NEEDS_VOLATILITY = False
IS_OPTION = False
IS_ON_SPOT = False


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Any price."""
    return np.isfinite(level)


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """The level: the contract's own price."""
    return np.asarray(level + 0.0 * years)


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """One."""
    return np.asarray(np.ones_like(level + 0.0 * years))
