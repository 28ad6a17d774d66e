"""An XML document as columns, one row per element, and its small parts as trees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from margin.numeric.arrays import BoolArray, CodeArray, IntArray

XML_SPACE = " \t\r\n"
"""The characters that XML takes for white space."""


@dataclass(frozen=True)
class ElementTable:
    """All elements of a document in document order.

    Attributes:
        names: Element name by code.
        tag: Code of each element's name; shape (elements,).
        parent: Row of the enclosing element, −1 for the root; shape (elements,).
        end: Row after the last element inside each element; shape (elements,).
        offset: Byte offset of each element's start tag in `content`; shape (elements,).
        content: The document.
        text: The bytes that `text_start` and `text_end` point into.
        text_start: Start of each element's text, for elements without elements inside; shape (elements,).
        text_end: End of it.
    """

    names: tuple[str, ...]
    tag: CodeArray
    parent: CodeArray
    end: CodeArray
    offset: IntArray
    content: bytes
    text: bytes
    text_start: IntArray
    text_end: IntArray

    def __len__(self) -> int:
        return len(self.tag)

    def rows(self, name: str) -> IntArray:
        """Rows of all elements of one name, in document order."""
        if name not in self._codes:
            return np.empty(0, dtype=np.int64)
        code = self._codes[name]
        return self._rows_by_code[self._bounds[code] : self._bounds[code + 1]]

    def texts(self, rows: IntArray) -> pl.Series:
        """Texts of some elements, without surrounding white space and with XML's line ends."""
        texts = self.plain_texts(rows).str.strip_chars(XML_SPACE)
        if self._has_carriage_returns:
            texts = texts.str.replace_all("\r\n", "\n", literal=True).str.replace_all("\r", "\n", literal=True)
        return texts

    def plain_texts(self, rows: IntArray) -> pl.Series:
        """Texts of some elements as they stand in the document, white space and line ends included."""
        if not len(rows):
            return pl.Series("text", [], dtype=pl.String)
        start = self.text_start[rows]
        spans = self._text.bin.slice(pl.lit(pl.Series(start)), pl.lit(pl.Series(self.text_end[rows] - start)))
        return pl.select(spans.cast(pl.String).alias("text")).to_series()

    def text_of(self, row: int) -> str:
        """Text of one element, without surrounding white space."""
        return str(self.texts(np.array([row]))[0])

    def name_of(self, row: int) -> str:
        """Name of one element."""
        return self.names[int(self.tag[row])]

    def lines(self, rows: IntArray) -> CodeArray:
        """Line numbers on which elements start, 1-based."""
        line_ends = self._line_ends
        return (np.searchsorted(line_ends, self.offset[rows]) + 1).astype(np.int32)

    def line_of(self, row: int) -> int:
        """Line number on which one element starts, 1-based."""
        return int(np.searchsorted(self._line_ends, self.offset[row])) + 1

    def tree(self, hidden: BoolArray) -> Element:
        """The document as a tree of `Element`, without the rows that `hidden` marks."""
        rows = np.flatnonzero(~hidden)
        texts = self.texts(rows).to_list()
        lines = self.lines(rows).tolist()
        tags = self.tag[rows].tolist()
        parents = self.parent[rows].tolist()
        elements: dict[int, Element] = {}
        for row, tag, parent, text, line in zip(rows.tolist(), tags, parents, texts, lines, strict=True):
            element = Element(self.names[tag], text, line, row)
            elements[row] = element
            if parent >= 0:
                elements[parent].children.append(element)
        return elements[0]

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def _rows_by_code(self) -> IntArray:
        # Two-byte codes are sorted by radix, several times faster.
        narrow = len(self.names) <= np.iinfo(np.int16).max
        return np.argsort(self.tag.astype(np.int16) if narrow else self.tag, kind="stable")

    @cached_property
    def _bounds(self) -> list[int]:
        counts = np.bincount(self.tag, minlength=len(self.names))
        return [0, *np.cumsum(counts).tolist()]

    @cached_property
    def _text(self) -> pl.Expr:
        """The text as a literal that is copied once, not for every column."""
        return pl.lit(pl.Series([self.text], dtype=pl.Binary))

    @cached_property
    def _has_carriage_returns(self) -> bool:
        return b"\r" in self.text

    @cached_property
    def _line_ends(self) -> IntArray:
        return np.flatnonzero(np.frombuffer(self.content, dtype=np.uint8) == ord("\n"))


@dataclass(slots=True)
class Element:
    """One element of a small tree.

    Attributes:
        name: Element name.
        text: Its text without surrounding white space, ``""`` if it has elements inside.
        line: Line on which it starts.
        row: Its row in the `ElementTable`.
        children: The elements inside, in document order.
    """

    name: str
    text: str
    line: int
    row: int
    children: list[Element] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Element]:
        """Elements directly inside that have one of the names, in document order."""
        return (child for child in self.children if child.name in names)

    def first(self, name: str) -> Element | None:
        """The first element of a name directly inside."""
        return next(self.all(name), None)

    def text_of(self, name: str) -> str:
        """Text of the first element of a name directly inside, ``""`` without one."""
        child = self.first(name)
        return "" if child is None else child.text


def subtree_mask(table: ElementTable, tops: Sequence[IntArray]) -> BoolArray:
    """Which elements lie in the subtrees of `tops`, the tops included; shape (elements,)."""
    change = np.zeros(len(table) + 1, dtype=np.int32)
    for rows in tops:
        np.add.at(change, rows, 1)
        np.subtract.at(change, table.end[rows], 1)
    return np.cumsum(change[:-1]) > 0
