"""The normal distribution where its tails are small: Mills' ratio and its differences, to full relative precision.

Written for z ≤ 0; with φ the density and N the distribution function, ``Y(z) = N(z) / φ(z)``, so that
``Y'(z) = 1 + z·Y(z)``. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.13, 7.1.23 and 26.2.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx

from margin.numeric.arrays import FloatArray

_ROOT_HALF_PI = np.sqrt(np.pi / 2.0)
_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)
_FAR = -10.0
"""Below this, ``1 + z·Y(z)`` loses digits, and its asymptotic series has converged to the last of them."""

_NOWHERE = 1e3
"""Standard deviations at which φ is 0: from 38.6 on it is less than any number."""

_SERIES_TERMS = 22
_NARROW = 4e-3
"""Half widths below this, relative to the larger of 1 and |z|, take differences of `mills` by their Taylor series."""


def standardised(distance: FloatArray, deviation: FloatArray) -> FloatArray:
    """Quotient of the two, held where φ has long become 0: nothing overflows for any positive deviation."""
    with np.errstate(over="ignore"):
        return np.asarray(np.clip(distance / deviation, -_NOWHERE, _NOWHERE))


def density(z: FloatArray) -> FloatArray:
    """φ(z)."""
    held = np.clip(z, -_NOWHERE, _NOWHERE)
    return np.asarray(np.exp(-0.5 * held * held) / _ROOT_TWO_PI)


def mills(z: FloatArray) -> FloatArray:
    """Y(z) = N(z) / φ(z)."""
    return np.asarray(_ROOT_HALF_PI * erfcx(z * -np.sqrt(0.5)))


def mills_slope(z: FloatArray) -> FloatArray:
    """Y'(z) = 1 + z·Y(z), also where the two terms all but cancel. z ≤ 0."""
    near = 1.0 + z * mills(z)
    far = z < _FAR
    if far.any():
        near[far] = _asymptotic(z[far])[0]
    return np.asarray(near)


def mills_difference(middle: FloatArray, half_width: FloatArray) -> FloatArray:
    """Y(middle + half_width) − Y(middle − half_width), also where the two all but cancel.

    Args:
        middle: Not positive.
        half_width: Positive, like `middle` in shape.
    """
    difference = mills(middle + half_width) - mills(middle - half_width)
    narrow = half_width < _NARROW * np.maximum(1.0, -middle)
    if narrow.any():
        z, width = middle[narrow], half_width[narrow]
        slope, third, fifth = _odd_derivatives(z)
        square = width * width
        difference[narrow] = 2.0 * width * (slope + square * (third / 6.0 + square * fifth / 120.0))
    return np.asarray(difference)


def _odd_derivatives(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """First, third and fifth derivative of Y at z ≤ 0."""
    square = z * z
    first = 1.0 + z * mills(z)
    third = (3.0 + square) * first - 1.0
    fifth = (7.0 + square) * third - 6.0 * first
    far = z < _FAR
    if far.any():
        first[far], third[far], fifth[far] = _asymptotic(z[far])
    return first, third, fifth


def _asymptotic(z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same far out, by Y' = Σ (−1)^(k+1) (2k−1)!!/z^(2k) for k ≥ 1, term by term."""
    inverse_square = 1.0 / (z * z)
    coefficients = [1.0]
    for k in range(2, _SERIES_TERMS + 1):
        coefficients.append(-coefficients[-1] * (2 * k - 1))
    first, third, fifth = np.zeros_like(z), np.zeros_like(z), np.zeros_like(z)
    for k in range(_SERIES_TERMS, 0, -1):
        coefficient = coefficients[k - 1]
        first = first * inverse_square + coefficient
        coefficient *= (2 * k) * (2 * k + 1)
        third = third * inverse_square + coefficient
        coefficient *= (2 * k + 2) * (2 * k + 3)
        fifth = fifth * inverse_square + coefficient
    return first * inverse_square, third * inverse_square**2, fifth * inverse_square**3
