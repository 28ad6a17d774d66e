"""Sorting and counting of whole numbers, where NumPy's general functions take several times as long."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import IntArray
from margin.numeric.segments import segment_starts


def stable_order(keys: IntArray) -> IntArray:
    """The order that sorts keys, equal keys in the order they stand in; the same as a stable ``argsort``.

    Key and place are packed into one number where they fit, because plain numbers sort much faster than places.

    Args:
        keys: Not negative, shape (rows,).
    """
    place_bits = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + place_bits >= np.iinfo(np.int64).bits:
        return np.argsort(keys, kind="stable")
    packed = np.sort((keys << place_bits) | np.arange(len(keys)))
    order: IntArray = packed & ((1 << place_bits) - 1)
    return order


def distinct_keys(keys: IntArray) -> tuple[IntArray, IntArray]:
    """The different keys, ascending, and for each row which of them it has; the same as ``unique`` with its inverse.

    Args:
        keys: Not negative, shape (rows,).
    """
    order = stable_order(keys)
    arranged = keys[order]
    starts = segment_starts(arranged)
    which = np.zeros(len(keys), dtype=np.int64)
    which[starts[1:]] = 1
    which[order] = np.cumsum(which)
    return arranged[starts], which


def distinct_codes(codes: npt.NDArray[np.integer], count: int) -> IntArray:
    """The different codes among 0…count−1 that occur, ascending."""
    occurs = np.zeros(count, dtype=np.bool_)
    occurs[codes] = True
    return np.flatnonzero(occurs)
