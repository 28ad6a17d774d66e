"""Many records of one layout at once, as a matrix of bytes that is filled column by column."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from margin.numeric.arrays import BoolArray, IntArray
from margin.read.parameters._pa2.layout import LAYOUTS, Field, line_length
from margin.write.parameters._pa2.record import BLANK, FIELDS

Bytes: TypeAlias = npt.NDArray[np.uint8]

_ZERO = ord("0")
_NEWLINE = ord("\n")


def encoded(texts: pl.Series, width: int) -> Bytes:
    """Texts as bytes padded with blanks, shape (rows, width).

    Args:
        texts: Plain ASCII of at most `width` characters; null is blank.
        width: Bytes of each.
    """
    distinct = texts.fill_null("").unique()
    code = texts.fill_null("").cast(pl.Enum(distinct)).to_physical().to_numpy()
    padded = b"".join(text.ljust(width).encode("ascii", "replace")[:width] for text in distinct.to_list())
    letters: Bytes = np.frombuffer(padded, dtype=np.uint8).reshape(-1, width)[code]
    return letters


class Block:
    """Records of one layout, blank until filled.

    Attributes:
        matrix: Bytes, shape (rows, columns of the layout).
    """

    def __init__(self, record: str, rows: int) -> None:
        self._fields = FIELDS[record]
        self.matrix: Bytes = np.full((rows, line_length(LAYOUTS[record])), BLANK, dtype=np.uint8)
        self.letters("record", record)

    def letters(self, name: str, text: str) -> None:
        """The same text in every row."""
        field = self._fields[name]
        self._columns(field)[:] = np.frombuffer(text.ljust(field.width).encode("ascii"), dtype=np.uint8)

    def text(self, name: str, values: Bytes, start: int = 0) -> None:
        """Texts as `encoded` gives them, from column `start` of each on; what they lack stays blank."""
        field = self._fields[name]
        part = values[:, start : start + field.width]
        self._columns(field)[:, : part.shape[1]] = part

    def number(self, name: str, digits: IntArray, given: BoolArray | None = None, plus: str = "+") -> None:
        """Digits, zero-padded, with their sign if the field has one; blank where not given.

        Args:
            name: The field.
            digits: Signed whole numbers with no more digits than the field has bytes, shape (rows,).
            given: Rows that have a number; `None` for all.
            plus: Sign byte of numbers that are not negative, if the field has one.
        """
        field = self._fields[name]
        columns = self._columns(field)
        rest = np.abs(digits)
        for place in range(field.width - 1, -1, -1):
            rest, digit = np.divmod(rest, 10)
            columns[:, place] = digit + _ZERO
        if given is not None:
            columns[~given] = BLANK
        if field.sign is not None:
            self.sign(field.sign, digits < 0, given, plus)

    def sign(self, name: str, negative: BoolArray, given: BoolArray | None = None, plus: str = "+") -> None:
        """A sign byte: ``-`` or `plus`, blank where not given."""
        signs = np.where(negative, np.uint8(ord("-")), np.uint8(ord(plus)))
        if given is not None:
            signs[~given] = BLANK
        self._columns(self._fields[name])[:, 0] = signs

    def _columns(self, field: Field) -> Bytes:
        return self.matrix[:, field.first - 1 : field.last]


def trimmed(matrix: Bytes) -> tuple[Bytes, IntArray]:
    """Lines without blanks at their ends.

    Args:
        matrix: Bytes of the lines, shape (rows, columns); no line is all blank.

    Returns:
        All lines with their line ends, one after the other, and the length of each, line end included.
    """
    rows, columns = matrix.shape
    length = columns - np.argmax(matrix[:, ::-1] != BLANK, axis=1)
    ended = np.empty((rows, columns + 1), dtype=np.uint8)
    ended[:, :columns] = matrix
    ended[np.arange(rows), length] = _NEWLINE
    return ended[np.arange(columns + 1) <= length[:, None]], length + 1
