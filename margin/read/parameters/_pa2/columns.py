"""Numbers of many lines of one record type at once: bytes of fixed columns become arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from margin.model.problem import LISTED_PROBLEMS
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.read.parameters._pa2.digits import WORD, ByteMatrix, WordArray, whole_numbers
from margin.read.parameters._pa2.layout import Field
from margin.read.parameters._pa2.lines import Lines
from margin.read.parameters._pa2.reading import Reading, digits_expected

NO_LINE = -1
"""Stands for the first byte of a line that does not exist."""

_BLANK, _MINUS = ord(" "), ord("-")


@dataclass(frozen=True)
class _Fault:
    line: int
    field: Field
    found: str
    is_missing: bool


@dataclass
class ColumnFaults:
    """Faults of one record type's columns, gathered in any order and told in the order of the file."""

    record: str
    found: list[_Fault] = field(default_factory=list)
    unlisted: int = 0

    def add(self, lines: IntArray, matrix: ByteMatrix, rows: IntArray, wrong: Field, *, is_missing: bool) -> None:
        """Record one fault for each of some rows of a matrix; `lines` are the line numbers of all its rows."""
        listed = rows[:LISTED_PROBLEMS]
        for row in listed.tolist():
            text = matrix[row, wrong.first - 1 : wrong.last].tobytes().decode("latin-1")
            self.found.append(_Fault(int(lines[row]), wrong, text, is_missing))
        self.unlisted += len(rows) - len(listed)

    def tell(self, reading: Reading) -> None:
        """Hand all faults over, in the order of the file."""
        for fault in sorted(self.found, key=lambda fault: (fault.line, fault.field.first)):
            if fault.is_missing:
                expected = digits_expected(fault.field).removesuffix(" or blanks")
                reading.missing(self.record, fault.field, fault.line, expected)
            else:
                reading.invalid(self.record, fault.field, fault.line, fault.found, digits_expected(fault.field))
        reading.faults.count_unlisted(self.unlisted)


def line_matrix(lines: Lines, width: int, at_least: int = 0) -> ByteMatrix:
    """The first `width` bytes of each line, blanks behind its end and for lines that do not exist.

    Args:
        lines: The lines; `NO_LINE` as the first byte for a line that does not exist.
        width: Number of columns wanted.
        at_least: Number of columns that are there even if no line is that long.

    Returns:
        Shape (lines, columns), not to be written to; fewer columns than wanted where no line is longer.
    """
    length = lines.ends - lines.starts
    width = max(min(width, int(length.max(initial=0))), at_least)
    shortest = int(length.min(initial=width))
    if shortest == width and _is_evenly_spaced(lines.starts):
        return _view(lines.content, lines.starts, width)
    last = len(lines.content) - width
    inside = (lines.starts >= 0) & (lines.starts <= last)
    if inside.all() and width:
        matrix = _gather(lines.content, lines.starts, width)
    else:
        matrix = np.full((len(lines), width), _BLANK, dtype=np.uint8)
        if width:
            matrix[inside] = _gather(lines.content, lines.starts[inside], width)
        for row in np.flatnonzero(~inside & (lines.starts >= 0)).tolist():
            text = lines.text(row)[:width]
            matrix[row, : len(text)] = np.frombuffer(text, dtype=np.uint8)
    if shortest < width:
        matrix[:, shortest:][np.arange(shortest, width) >= length[:, None]] = _BLANK
    return matrix


def _is_evenly_spaced(starts: IntArray) -> bool:
    """Whether lines exist and each begins as far behind the one before as the next behind it."""
    steps = np.diff(starts)
    return bool(len(starts)) and bool(starts[0] >= 0) and bool((steps == steps[:1]).all())


def _view(content: bytes, starts: IntArray, width: int) -> ByteMatrix:
    step = int(starts[1] - starts[0]) if len(starts) > 1 else width
    return np.ndarray((len(starts), width), dtype=np.uint8, buffer=content, offset=int(starts[0]), strides=(step, 1))


def _gather(content: bytes, starts: IntArray, width: int) -> ByteMatrix:
    # Each item of the view begins one byte after the one before: taking items copies whole lines at once.
    view = np.ndarray((max(len(content) - width + 1, 0),), dtype=f"V{width}", buffer=content, strides=(1,))
    return view[starts].view(np.uint8).reshape(len(starts), width)


@dataclass(frozen=True)
class Columns:
    """Fields of some lines of one record type.

    Attributes:
        matrix: Their bytes, shape (lines, columns).
        numbers: Their line numbers.
        faults: Takes what is no number.
    """

    matrix: ByteMatrix
    numbers: IntArray
    faults: ColumnFaults

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, wanted: Field) -> ByteMatrix | None:
        """The bytes of a field; `None` where all lines end before it."""
        block = self.matrix[:, wanted.first - 1 : wanted.last]
        return block if block.shape[1] == wanted.width else None

    def digits(self, wanted: Field) -> FloatArray:
        """Digits as whole numbers, exact up to 15 of them; NaN where blank; shape (lines,)."""
        block = self.column(wanted)
        if block is None:
            self._refuse_cut_off(wanted)
            return np.full(len(self), np.nan)
        head = wanted.width - WORD
        if head <= 0:
            numbers, stray = whole_numbers(self._words(wanted.first), wanted.width)
        else:
            numbers, stray = whole_numbers(self._words(wanted.first + head), WORD)
            first, first_stray = whole_numbers(self._words(wanted.first), head)
            numbers += first * 10**WORD
            if first_stray is not None:
                stray = first_stray if stray is None else stray | first_stray
        values = numbers.astype(np.float64)
        if stray is not None:
            values[stray] = np.nan
            rows = np.flatnonzero(stray)
            is_blank = (block[rows] == _BLANK).all(axis=1)
            self.faults.add(self.numbers, self.matrix, rows[~is_blank], wanted, is_missing=False)
        return values

    def number(self, wanted: Field, sign: Field | None = None) -> FloatArray:
        """Numbers with implied decimals and sign; NaN where blank; never −0; shape (lines,)."""
        values = self.digits(wanted)
        if sign is not None:
            values = np.where(self.is_negative(sign), -values, values) + 0.0
        return values / 10.0**wanted.decimals if wanted.decimals else values

    def is_negative(self, sign: Field) -> BoolArray:
        """Whether a sign byte is a minus; anything else is positive; shape (lines,)."""
        block = self.column(sign)
        return np.zeros(len(self), dtype=np.bool_) if block is None else block[:, 0] == _MINUS

    def is_text(self, wanted: Field, text: str) -> BoolArray:
        """Whether a field holds exactly some text, shape (lines,)."""
        block = self.column(wanted)
        if block is None:
            return np.zeros(len(self), dtype=np.bool_)
        same = block == np.frombuffer(text.encode(), dtype=np.uint8)
        result: BoolArray = same[:, 0] if wanted.width == 1 else same.all(axis=1)
        return result

    def word(self, first: int) -> IntArray:
        """The eight bytes from a column on as one whole number, zeros behind the last column; shape (lines,)."""
        return self._words(first).view(np.int64)

    def _words(self, first: int) -> WordArray:
        matrix = self.matrix
        if matrix.shape[1] < WORD:
            matrix = np.pad(matrix, ((0, 0), (0, WORD - matrix.shape[1])))
        at = min(first - 1, matrix.shape[1] - WORD)
        words: WordArray = matrix[:, at : at + WORD].view("<u8")[:, 0]
        behind = first - 1 - at
        return words >> np.uint64(8 * behind) if behind else words.copy()

    def cells(self, fields: tuple[Field, ...]) -> ByteMatrix | None:
        """The bytes of numbers that stand side by side, each followed by its sign; `None` where lines end before.

        Args:
            fields: The fields of the numbers, without those of the signs.
        """
        first, last = fields[0].first - 1, fields[-1].last + 1
        return self.matrix[:, first:last] if last <= self.matrix.shape[1] else None

    def row(self, fields: tuple[Field, ...]) -> tuple[FloatArray, BoolArray]:
        """Such numbers one field at a time, for lines that do not give all of them.

        Returns:
            Values without decimals applied, zero where not given; and whether the lines give them all, where those
            that give only some are faults; shapes (lines, fields) and (lines,).
        """
        values = np.zeros((len(self), len(fields)))
        is_given = np.zeros((len(self), len(fields)), dtype=np.bool_)
        is_blank = np.ones((len(self), len(fields)), dtype=np.bool_)
        for place, wanted in enumerate(fields):
            number = self.number(wanted, Field(wanted.name, wanted.last + 1, wanted.last + 1, "sign"))
            is_given[:, place] = ~np.isnan(number)
            is_blank[:, place] = (self.matrix[:, wanted.first - 1 : wanted.last] == _BLANK).all(axis=1)
            values[:, place] = np.nan_to_num(number)
        # What is neither has been told as no number.
        partly = is_given.any(axis=1) & is_blank.any(axis=1) & (is_given | is_blank).all(axis=1)
        first_blank = np.argmax(is_blank, axis=1)
        for place, wanted in enumerate(fields):
            rows = np.flatnonzero(partly & (first_blank == place))
            self.faults.add(self.numbers, self._padded(wanted), rows, wanted, is_missing=True)
        return values, np.asarray(is_given.all(axis=1))

    def _padded(self, wanted: Field) -> ByteMatrix:
        missing = max(0, wanted.last - self.matrix.shape[1])
        return np.pad(self.matrix, ((0, 0), (0, missing)), constant_values=_BLANK)

    def _refuse_cut_off(self, wanted: Field) -> None:
        """A field that the end of the longest line cuts is blank or broken."""
        block = self.matrix[:, wanted.first - 1 : wanted.last]
        if block.size:
            cut = np.flatnonzero((block != _BLANK).any(axis=1))
            self.faults.add(self.numbers, self.matrix, cut, wanted, is_missing=False)


def chunk_bounds(length: int, size: int) -> Iterable[tuple[int, int]]:
    """Ranges that cover `length` rows, each of at most `size`."""
    return pairwise([*range(0, length, size), length]) if length else ()
