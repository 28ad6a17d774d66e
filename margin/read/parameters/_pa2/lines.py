"""Where the lines of a file begin and end, and which record each holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from margin.numeric.arrays import CodeArray, IntArray
from margin.read.parameters._pa2.layout import LAYOUTS
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import BLANKS, Record

Octets: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint8]]

_NEWLINE, _RETURN, _BLANK = 10, 13, 32
_ID = 2
_CHUNK, _PART = 1 << 16, 1 << 22
_PAIRS, _FEW = 1 << 11, 16
_END_OF_FILE = "\x1a"
"""What some systems put behind the last line."""


@dataclass(frozen=True)
class Lines:
    """Lines of one record type, in the order of the file; shape (lines,) each.

    Attributes:
        content: The whole file.
        starts: First byte of each line.
        ends: Byte after the last of each line, its line end left out.
        numbers: Line numbers, from 1.
    """

    content: bytes
    starts: IntArray
    ends: IntArray
    numbers: IntArray

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, which: IntArray | slice) -> Lines:
        """Some of the lines."""
        return Lines(self.content, self.starts[which], self.ends[which], self.numbers[which])

    def text(self, index: int) -> bytes:
        """One line."""
        return self.content[self.starts[index] : self.ends[index]]


class RecordFile:
    """The lines of a file by record id."""

    def __init__(self, content: bytes, reading: Reading) -> None:
        self.reading = reading
        self._content = content
        self._starts, self._ends, self._kinds = _all_lines(content)
        self._unread: dict[str, list[int]] = {}
        self._by_kind = self._split()
        self._records: dict[int, Record] = {}

    def lines(self, kind: str) -> Lines:
        """All lines of a record type."""
        return self._lines(self._by_kind.get(kind, np.zeros(0, dtype=np.int64)))

    def records(self, *kinds: str) -> Iterator[Record]:
        """The lines of some record types, mixed as the file has them, one by one."""
        found = [(int(index), kind) for kind in kinds for index in self._by_kind.get(kind, ())]
        for index, kind in sorted(found):
            if index not in self._records:
                content = self._content[self._starts[index] : self._ends[index]]
                self._records[index] = Record(kind, content, index + 1, self.reading)
            yield self._records[index]

    def unread(self) -> dict[str, list[int]]:
        """Record ids that have no meaning here, with their number of lines and the first line number."""
        return self._unread

    def _split(self) -> dict[str, IntArray]:
        found: dict[str, IntArray] = {}
        for number, index in _groups(self._kinds):
            kind = bytes((number >> 8, number & 0xFF)).decode("latin-1").strip(BLANKS) if number >= 0 else ""
            if kind in LAYOUTS:
                found[kind] = index
            elif kind and kind != _END_OF_FILE:
                self._unread[kind] = [len(index), int(index[0]) + 1]
        return found

    def _lines(self, index: IntArray) -> Lines:
        where = _evenly(index)
        return Lines(self._content, self._starts[where], self._ends[where], index + 1)


def _evenly(index: IntArray) -> IntArray | slice:
    """Places as a slice if all are equally far apart: of a slice nothing is copied."""
    if len(index) > 1:
        step = int(index[1] - index[0])
        if bool((np.diff(index) == step).all()):
            return slice(int(index[0]), int(index[-1]) + 1, step)
    return index


def _groups(values: CodeArray) -> list[tuple[int, IntArray]]:
    """The different values in the order they first occur, and where each stands."""
    table = np.bincount(values + 1, minlength=1)
    groups = [(int(value) - 1, np.flatnonzero(values == value - 1)) for value in np.flatnonzero(table)]
    return sorted(groups, key=lambda group: int(group[1][0]))


def _all_lines(content: bytes) -> tuple[IntArray, IntArray, CodeArray]:
    """First byte of each line, the byte after its last with carriage returns left out, and its record id.

    A record id is its two bytes as one number, -1 for empty lines; a line of one byte has a blank second.
    """
    bounds = [0]
    while bounds[-1] < len(content):
        newline = content.find(b"\n", bounds[-1] + _PART)
        bounds.append(newline + 1 if newline >= 0 else len(content))
    parts = [_lines_in(content, *bound) for bound in pairwise(bounds)]
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing.astype(np.int32)
    starts, ends, kinds = (np.concatenate(found) for found in zip(*parts, strict=True))
    return starts, ends, kinds


def _lines_in(content: bytes, first: int, stop: int) -> tuple[IntArray, IntArray, CodeArray]:
    """The lines of a part of the file that begins with a line, and ends with one."""
    octets = np.frombuffer(content, dtype=np.uint8)
    ends = _newlines(content, octets, first, stop)
    if not len(ends) or ends[-1] < stop - 1:
        ends = np.append(ends, stop)
    starts = np.empty_like(ends)
    starts[0], starts[1:] = first, ends[:-1] + 1
    before = octets[np.maximum(ends - 1, 0)]
    ends -= (before == _RETURN) & (ends > starts)
    last = len(octets) - 1
    kinds = octets[np.minimum(starts, last)].astype(np.int32) << 8
    second = octets[np.minimum(starts + 1, last)]
    length = ends - starts
    shortest = int(length.min())
    if shortest < _ID:
        second[length < _ID] = _BLANK
    kinds |= second
    if shortest < 1:
        kinds[length < 1] = -1
    return starts, ends, kinds


def _newlines(content: bytes, octets: Octets, first: int, stop: int) -> IntArray:
    """Where the line feeds are in a part of the file that begins with a line."""
    found, at = [], first
    while at < stop:
        newlines = _of_even_lines(content, octets, at, stop)
        if newlines is None:
            end = min(at + _CHUNK, stop)
            newlines = at + np.flatnonzero(octets[at:end] == _NEWLINE)
            at = end
        if len(newlines):
            found.append(newlines)
            at = int(newlines[-1]) + 1
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _of_even_lines(content: bytes, octets: Octets, at: int, stop: int) -> IntArray | None:
    """Where lines end that are as long as the two before them, from a first byte on; `None` where few are.

    The records of contracts take turns, and all lines of a record type often have one length. Then nothing is to be
    searched for: the line feeds are where they must be, and there are no others.
    """
    near = min(at + _CHUNK, stop)
    one = content.find(b"\n", at, near)
    two = content.find(b"\n", one + 1, near)
    if one < 0 or two < 0:
        return None
    step = two + 1 - at
    pairs = octets[at : at + min((stop - at) // step, _PAIRS) * step].reshape(-1, step)
    ends = np.array([one, two]) - at
    is_even = (pairs[:, ends] == _NEWLINE).all(axis=1)
    if not is_even.all():
        pairs = pairs[: int(np.argmin(is_even))]
    if len(pairs) < _FEW or np.count_nonzero(pairs == _NEWLINE) > len(pairs) * len(ends):
        return None
    newlines: IntArray = (np.arange(at, at + len(pairs) * step, step)[:, None] + ends).reshape(-1)
    return newlines
