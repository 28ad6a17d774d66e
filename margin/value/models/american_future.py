"""American options on a future or forward by Ju and Zhong's correction of the quadratic approximation.

The future is a spot whose yield is the rate; `Terms.carry` is not read.
How far values lie from exact ones, and where: `margin.value.models._ju_zhong`.
"""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models import _early_exercise, _ju_zhong
from margin.value.models.terms import Terms

TITLE = "American option on a future or forward: fast approximation"
NEEDS_VOLATILITY = True
IS_OPTION = True
IS_ON_SPOT = False


def accepts(level: FloatArray, terms: Terms) -> BoolArray:
    """Prices must be positive, strikes not negative."""
    return np.asarray((level > 0.0) & (terms.strike >= 0.0))


def value(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Value of one option per unit of the underlying; arguments as of `black_76.value`."""
    return _early_exercise.value(level, volatility, years, _early_exercise.on_future(terms), _ju_zhong)


def delta(level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
    """Derivative of `value` by the level."""
    return _early_exercise.delta(level, volatility, years, _early_exercise.on_future(terms), _ju_zhong)
