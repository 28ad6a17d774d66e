"""Runs of equal keys in sorted arrays: where they start, and sums over them in a fixed order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import BoolArray, FloatArray, IntArray


def segment_starts(*keys: npt.NDArray[np.integer]) -> IntArray:
    """Index of the first row of each run of equal keys.

    Args:
        keys: Equally long arrays; a run ends where any of them changes.

    Returns:
        Starts in ascending order, shape (runs,); empty for empty input.
    """
    rows = len(keys[0])
    if rows == 0:
        return np.zeros(0, dtype=np.int64)
    changes = np.zeros(rows, dtype=np.bool_)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def segment_sums(values: FloatArray, starts: IntArray) -> FloatArray:
    """Sum of each segment, along the first axis, always in the order of the rows."""
    if len(starts) == 0:
        return np.zeros((0, *values.shape[1:]), dtype=np.float64)
    return np.add.reduceat(values, starts, axis=0)


def segment_any(flags: BoolArray, starts: IntArray) -> BoolArray:
    """Whether any row of each segment is true."""
    if len(starts) == 0:
        return np.zeros(0, dtype=np.bool_)
    return np.logical_or.reduceat(flags, starts)


def segment_bounds(starts: IntArray, rows: int) -> IntArray:
    """Starts followed by the number of rows: the ``indptr`` of the segments."""
    return np.append(starts, rows)


def rows_by_code(codes: npt.NDArray[np.integer], order: IntArray) -> dict[int, IntArray]:
    """Rows of each code that occurs.

    Args:
        codes: Shape (rows,).
        order: Rows sorted by their code, shape (rows,); each code's rows keep this order.
    """
    bounds = segment_bounds(segment_starts(codes[order]), len(order)).tolist()
    return {int(codes[order[start]]): order[start:end] for start, end in pairwise(bounds)}


def sums_by_code(values: FloatArray, codes: npt.NDArray[np.integer], count: int) -> FloatArray:
    """Sum of the values of each code 0…count−1, in the order of the rows; shape (count,)."""
    sums: FloatArray = np.bincount(codes, weights=values, minlength=count).astype(np.float64, copy=False)
    return sums
