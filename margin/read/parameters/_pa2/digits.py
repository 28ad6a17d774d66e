"""Whole numbers from digits, eight bytes at a time: sums of words instead of steps from digit to digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import BoolArray, FloatArray, IntArray

ByteMatrix: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
WordArray: TypeAlias = npt.NDArray[np.uint64]

WORD = 8
"""Bytes of a word, and most digits of a number in one."""

_MINUS = ord("-")
_AT_ONCE = 1 << 15
"""Words that a processor keeps at hand from one step to the next."""


def _each(byte: int) -> np.uint64:
    """A word whose bytes are all the same."""
    return np.uint64(byte * 0x0101_0101_0101_0101)


_ZEROS, _SIXES, _HIGH = _each(ord("0")), _each(6), _each(0xF0)
# Neighbouring digits are put together, then neighbouring pairs, then neighbouring fours: the left one times ten to the
# number of digits of the right one, plus the right one. Each sum stands where the right one stood.
_PAIRS = np.uint64(10 << 8 | 1), np.uint64(8), np.uint64(0x00FF_00FF_00FF_00FF)
_FOURS = np.uint64(100 << 16 | 1), np.uint64(16), np.uint64(0x0000_FFFF_0000_FFFF)
_EIGHTS = np.uint64(10_000 << 32 | 1), np.uint64(32)


def whole_numbers(words: WordArray, width: int) -> tuple[IntArray, BoolArray | None]:
    """Numbers from the first `width` bytes of each word, the lowest byte being the first.

    Args:
        words: Words of any shape, contiguous; overwritten.
        width: Number of digits, 1 to 8.

    Returns:
        The numbers, and which are none because a byte is no digit: any number stands there; `None` where all are.
    """
    words ^= _ZEROS
    # Bytes behind the number are pushed out, and those before it become leading zeros.
    words <<= np.uint64(8 * (WORD - width))
    # Digits are 0 to 9 now, and they alone have nothing in their upper half, neither as they are nor with 6 added.
    raised = words + _SIXES
    stray = None
    if (np.bitwise_or.reduce(words, axis=None) | np.bitwise_or.reduce(raised, axis=None)) & _HIGH:
        raised |= words
        stray = raised & _HIGH != 0
    for factor, bits, mask in (_PAIRS, _FOURS):
        words *= factor
        words >>= bits
        words &= mask
    words *= _EIGHTS[0]
    words >>= _EIGHTS[1]
    return words.view(np.int64), stray


def signed_cells(parts: tuple[ByteMatrix, ByteMatrix], width: int, result: FloatArray) -> bool:
    """Numbers of equal width that stand side by side, each followed by its sign: a minus is negative, all else is not.

    Args:
        parts: Bytes of some lines, and of those that continue them; shape (lines, cells × (width + 1)) each.
        width: Digits of each number, at most 8.
        result: Takes the numbers, shape (lines, cells).

    Returns:
        Whether all are numbers; nothing is to be read from the result otherwise.
    """
    stride = width + 1
    lines, cells = result.shape
    at_once = max(_AT_ONCE // cells, 1)
    octets = np.zeros(min(lines, at_once) * cells * stride + WORD, dtype=np.uint8)
    for first in range(0, lines, at_once):
        numbers = result[first : first + at_once]
        count = numbers.size
        _put_side_by_side([part[first : first + at_once] for part in parts], octets[: count * stride])
        words = np.ndarray((count,), dtype="<u8", buffer=octets, strides=(stride,)).copy()
        whole, stray = whole_numbers(words, width)
        if stray is not None:
            return False
        negative = -(octets[width : count * stride : stride] == _MINUS).astype(np.int64)
        # With all bits turned over, and one added, a number has the other sign.
        whole ^= negative
        whole -= negative
        numbers[:] = whole.reshape(-1, cells)
    return True


def _put_side_by_side(parts: Sequence[ByteMatrix], octets: npt.NDArray[np.uint8]) -> None:
    """Copy the bytes of some matrices row by row; rows are copied as items, for they are short."""
    block = octets.reshape(len(parts[0]), -1)
    last = 0
    for part in parts:
        first, last = last, last + part.shape[1]
        item = f"V{part.shape[1]}"
        block[:, first:last].view(item)[:] = part.view(item)
