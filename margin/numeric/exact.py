"""Decimals as whole numbers: sums of doubles that hold whole numbers are exact, in any order."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import FloatArray

_LARGEST_WHOLE = 2.0**53


def decimal_scale(values: FloatArray, most_decimals: int) -> float:
    """The smallest power of ten that makes every value a whole number.

    Args:
        values: Decimals, any shape.
        most_decimals: How many decimals to look for.

    Returns:
        10, 100, … up to ``10 ** most_decimals``; 1 if the values are whole, have more decimals than that, or are too
        large for their scaled values to be exact.
    """
    if not values.size:
        return 1.0
    largest = float(np.abs(values).max())
    for decimals in range(most_decimals + 1):
        scale = 10.0**decimals
        if largest * scale >= _LARGEST_WHOLE:
            return 1.0
        scaled = values * scale
        if np.all(np.abs(scaled - np.rint(scaled)) <= np.abs(scaled) * 4e-16):
            return scale
    return 1.0


def as_whole(values: FloatArray, scale: float) -> FloatArray:
    """Values times their scale; whole numbers exactly where `decimal_scale` found the scale."""
    return values if scale == 1.0 else np.rint(values * scale)
