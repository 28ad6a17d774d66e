"""Element names as small numbers, found by hashing eight bytes at a time."""

from __future__ import annotations

import re
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import IntArray

WordArray: TypeAlias = npt.NDArray[np.uint64]

_WORD = 8
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(_WORD + 1)], dtype=np.uint64)
_PLAIN_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]*")
_MOST_NAMES = 10_000
_LONGEST_NAME = 256
_SLOT_BITS = 20
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_LAST_WORD_MULTIPLIER = np.uint64(0xFF51AFD7ED558CCD)
_LENGTH_MULTIPLIER = np.uint64(0x2545F4914F6CDD1D)


class NameCollisionError(Exception):
    """Names that cannot be told apart this way, or that are no plain names."""


def words_of(content: bytes) -> WordArray:
    """The eight bytes from each offset on, as one number; shape (bytes − 7,)."""
    return np.ndarray((max(0, len(content) - _WORD + 1),), dtype="<u8", buffer=content, strides=(1,))


def first_words(words: WordArray, start: IntArray, length: IntArray) -> WordArray:
    """The first eight bytes of some spans, zero behind the end of shorter ones."""
    first: WordArray = words[start]
    first &= _MASKS[np.minimum(length, _WORD)]
    return first


class NameCoder:
    """Gives every distinct name a code, in the order in which names are first seen.

    Each name has a slot in a hash table. A name is taken for the one in its slot only if all bytes are the same.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._words = words_of(content)
        self._code = np.full(1 << _SLOT_BITS, -1, dtype=np.int16)
        self._first = np.zeros(1 << _SLOT_BITS, dtype=np.uint64)
        self._length = np.zeros(1 << _SLOT_BITS, dtype=np.int64)
        self._start = np.zeros(1 << _SLOT_BITS, dtype=np.int64)
        self._names: list[str] = []

    def names(self) -> tuple[str, ...]:
        """All names seen, by code."""
        return tuple(self._names)

    def codes(self, start: IntArray, length: IntArray) -> npt.NDArray[np.int16]:
        """Codes of some names.

        Raises:
            NameCollisionError: A name is not plain or very long, or two names fall into one slot.
        """
        if int(length.max(initial=0)) > _LONGEST_NAME:
            raise NameCollisionError
        first = first_words(self._words, start, length)
        slots = self._slots(first, start, length)
        codes = self._code[slots]
        if bool((codes < 0).any()):
            self._learn(slots[codes < 0], start[codes < 0], length[codes < 0])
            codes = self._code[slots]
        if not bool(((self._first[slots] == first) & (self._length[slots] == length)).all()):
            raise NameCollisionError
        self._compare_rest(slots, start, length)
        return codes

    def _slots(self, first: WordArray, start: IntArray, length: IntArray) -> IntArray:
        keys = first
        long = np.flatnonzero(length > _WORD)
        if len(long):
            last = self._words[start[long] + length[long] - _WORD]
            keys = first.copy()
            keys[long] += last * _LAST_WORD_MULTIPLIER + length[long].astype(np.uint64) * _LENGTH_MULTIPLIER
        return ((keys * _MULTIPLIER) >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)

    def _learn(self, slots: IntArray, start: IntArray, length: IntArray) -> None:
        """Give codes to the slots that have none yet, each to the first name in it."""
        new, which = np.unique(slots, return_index=True)
        for slot, i in sorted(zip(new.tolist(), which.tolist(), strict=True), key=lambda pair: pair[1]):
            name = self._content[start[i] : start[i] + length[i]]
            if not _PLAIN_NAME.fullmatch(name) or len(self._names) >= _MOST_NAMES:
                raise NameCollisionError
            self._code[slot] = len(self._names)
            self._start[slot], self._length[slot] = start[i], length[i]
            self._first[slot] = int.from_bytes(name[:_WORD], "little")
            self._names.append(name.decode("ascii"))

    def _compare_rest(self, slots: IntArray, start: IntArray, length: IntArray) -> None:
        """Names longer than a word must also be the same behind it, up to the last byte."""
        rest = np.flatnonzero(length > _WORD)
        offset = _WORD
        while len(rest):
            # The last whole word of a name overlaps the one before it.
            at = np.minimum(offset, length[rest] - _WORD)
            if not bool((self._words[start[rest] + at] == self._words[self._start[slots[rest]] + at]).all()):
                raise NameCollisionError
            offset += _WORD
            rest = rest[length[rest] > offset]
