"""Bachelier's implied deviation to a few digits, from a table: one function of one number.

With distance d = |forward − strike|, deviation s = volatility × √years and time value v, Bachelier's formula is
v/d = (φ(z) + z·N(z))/|z| at z = −d/s: s/d is a function of v/d alone.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from margin.numeric.arrays import FloatArray
from margin.numeric.normal import mills_slope

_NODES = 1_024
_NEAREST, _FARTHEST = 1e-2, 40.0  # |z|; doubles end at 38.6
_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)


def log_deviation(log_time_value: FloatArray) -> FloatArray:
    """ln(s/d) by ln(v/d), to about five digits.

    Args:
        log_time_value: ln(v/d), finite.
    """
    log_values, log_deviations = _table()
    # Near the money (φ(0) + z/2)/|z| = v/d, up to a square of z.
    near = _LOG_ROOT_TWO_PI + np.logaddexp(log_time_value, -np.log(2.0))
    return np.where(log_time_value > log_values[-1], near, np.interp(log_time_value, log_values, log_deviations))


@cache
def _table() -> tuple[FloatArray, FloatArray]:
    """ln(v/d), ascending, and ln(s/d)."""
    distance = np.geomspace(_FARTHEST, _NEAREST, _NODES)
    values = -0.5 * distance**2 - _LOG_ROOT_TWO_PI + np.log(mills_slope(-distance)) - np.log(distance)
    return values, -np.log(distance)
