"""Decimals as whole numbers: sums of doubles that hold whole numbers are exact, in any order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.numeric.segments import segment_bounds, segment_starts, segment_sums

_LARGEST_WHOLE = 2.0**53
_PART = 1 << 15


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
        if all(_are_whole(part * scale).all() for part in _in_parts(values)):
            return scale
    return 1.0


def _in_parts(values: FloatArray) -> Iterator[FloatArray]:
    """Parts that stay in the cache; most scales that do not fit fail in the first."""
    flat = values.reshape(-1)
    return (flat[start : start + _PART] for start in range(0, flat.size, _PART))


def _are_whole(values: FloatArray) -> BoolArray:
    return np.abs(values - np.rint(values)) <= np.abs(values) * 4e-16


def scale_by_code(
    values: FloatArray, codes: npt.NDArray[np.integer], most_decimals: int, wanted: Collection[int]
) -> FloatArray:
    """The decimal scale of each code's own values, whatever the values of other codes.

    Args:
        values: Shape (rows,) or (rows, columns).
        codes: Code of each row, ascending, shape (rows,).
        most_decimals: How many decimals to look for.
        wanted: Codes to look at; few, since this loops over them.

    Returns:
        Scale of each row's code, 1 for codes that are not wanted; shape (rows,).
    """
    scales = np.ones(len(codes))
    for start, end in pairwise(segment_bounds(segment_starts(codes), len(codes)).tolist()):
        if int(codes[start]) in wanted:
            scales[start:end] = decimal_scale(values[start:end], most_decimals)
    return scales


def scale_by_segment(values: FloatArray, starts: IntArray, most_decimals: int) -> FloatArray:
    """The decimal scale of each segment's own values, for many segments at once.

    Args:
        values: Shape (rows,).
        starts: First row of each segment, ascending.
        most_decimals: How many decimals to look for.

    Returns:
        Scale of each segment, as `decimal_scale` gives it, shape (segments,).
    """
    pending = np.flatnonzero(~_are_whole(values))
    if not len(pending):
        return np.ones(len(starts))
    decimals = np.zeros(len(values))
    for places in range(1, most_decimals + 1):
        whole = _are_whole(values[pending] * 10.0**places)
        decimals[pending[whole]] = places
        pending = pending[~whole]
    decimals[pending] = np.inf
    scale = 10.0 ** np.maximum.reduceat(decimals, starts)
    largest = np.maximum.reduceat(np.abs(values), starts)
    return np.where(largest * scale < _LARGEST_WHOLE, scale, 1.0)


def as_whole(values: FloatArray, scale: float | FloatArray) -> FloatArray:
    """Values times their scale, rounded to whole numbers where there is a scale other than 1."""
    return np.where(scale == 1.0, values, np.rint(values * scale))


def exact_sums_by_code(
    values: FloatArray, codes: npt.NDArray[np.integer], count: int, most_decimals: int = 6
) -> FloatArray:
    """Sum of the values of each code 0…count−1, as decimal arithmetic would give it where the values are decimals.

    Args:
        values: Shape (rows,).
        codes: Code of each row, in any order.
        count: Number of codes.
        most_decimals: How many decimals to look for; a code with values of more is summed as doubles.

    Returns:
        Shape (count,); depends on the rows of each code alone.
    """
    order = np.argsort(codes, kind="stable")
    sorted_codes, values = codes[order], values[order]
    starts = segment_starts(sorted_codes)
    scale = scale_by_segment(values, starts, most_decimals)
    whole = as_whole(values, np.repeat(scale, np.diff(segment_bounds(starts, len(values)))))
    sums = np.zeros(count)
    sums[sorted_codes[starts]] = segment_sums(whole, starts) / scale
    return sums
