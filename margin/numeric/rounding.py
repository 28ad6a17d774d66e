"""Rounding of arrays by decimals and a named mode, as exact decimal arithmetic would round.

A sum of doubles may fall a hair short of the tie that exact decimals would reach. Values within a relative
distance of a few units in the last place of a tie are therefore treated as the tie itself.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np

from margin.numeric.arrays import FloatArray

_ABSOLUTE_SLACK = 1e-9
_RELATIVE_SLACK = 1e-14
_LARGEST_SLACK = 0.01  # of the last decimal kept, or large figures that are no ties would be taken for some


def _half_away(magnitude: FloatArray, slack: FloatArray) -> FloatArray:
    return np.floor(magnitude + 0.5 + slack)


def _half_even(magnitude: FloatArray, slack: FloatArray) -> FloatArray:
    floor = np.floor(magnitude + slack)
    fraction = magnitude - floor
    is_tie = np.abs(fraction - 0.5) <= slack
    nearest = np.floor(magnitude + 0.5)
    even = floor + np.mod(floor, 2.0)
    return np.where(is_tie, even, nearest)


def _down(magnitude: FloatArray, slack: FloatArray) -> FloatArray:
    return np.floor(magnitude + slack)


def _up(magnitude: FloatArray, slack: FloatArray) -> FloatArray:
    return np.ceil(magnitude - slack)


_MODES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "half_away": _half_away,
    "half_even": _half_even,
    "down": _down,
    "up": _up,
}


def round_decimals(values: FloatArray, decimals: int, mode: str) -> FloatArray:
    """Round to a number of decimals.

    Args:
        values: Any shape.
        decimals: Places after the point; negative for tens, hundreds and so on.
        mode: ``half_away`` (ties away from zero), ``half_even``, ``down`` (towards zero) or ``up`` (away from zero).

    Returns:
        A new array of the same shape, without negative zeros.
    """
    scale = 10.0 ** abs(decimals)
    magnitude = np.abs(values)
    rounded = _whole(magnitude * scale if decimals >= 0 else magnitude / scale, mode)
    rounded = rounded / scale if decimals >= 0 else rounded * scale
    return np.copysign(rounded, values) + 0.0


def round_units(values: FloatArray, unit: float, mode: str) -> FloatArray:
    """Round to multiples of a unit, such as 0.01, 0.25 or 5; modes and result as of `round_decimals`."""
    exact = Fraction(Decimal(repr(unit)))
    decimals = next((places for places in range(-15, 16) if exact == Fraction(10) ** -places), None)
    if decimals is not None:
        return round_decimals(values, decimals, mode)
    # A quotient of whole numbers is the double nearest to the multiple, which a product with 0.05 is not.
    whole = _whole(np.abs(values) * exact.denominator / exact.numerator, mode)
    return np.copysign(whole * exact.numerator / exact.denominator, values) + 0.0


def _whole(magnitude: FloatArray, mode: str) -> FloatArray:
    slack = np.minimum(_ABSOLUTE_SLACK + _RELATIVE_SLACK * magnitude, _LARGEST_SLACK)
    return np.maximum(_MODES[mode](magnitude, slack), 0.0)
