"""Values of many elements at once: the same rules as `Fields`, on columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from margin.model.problem import Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.read.numbers import LARGEST_NUMBER
from margin.read.parameters._spn.elements import XML_SPACE, ElementTable
from margin.read.parameters._spn.reading import Reading, parse_number, shown

_LISTED_PER_COLUMN = 50


@dataclass
class Owners:
    """Rows of the element table that columns are read for: contracts, series, array sets.

    Attributes:
        table: The document.
        rows: Row of each owner, ascending; shape (owners,).
        reading: Takes the faults.
    """

    table: ElementTable
    rows: IntArray
    reading: Reading

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def index(self) -> CodeArray:
        """Index of the owner by row of the element table, −1 for other rows; shape (elements,)."""
        index = np.full(len(self.table), -1, dtype=np.int32)
        index[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        return index

    def inside(self, name: str) -> tuple[IntArray, CodeArray]:
        """Rows of the elements of one name directly inside an owner, and the owner's index."""
        rows = self.table.rows(name)
        owner = self.index[self.table.parent[rows]] if len(rows) else np.empty(0, dtype=np.int32)
        kept = owner >= 0
        return (rows, owner) if bool(kept.all()) else (rows[kept], owner[kept])

    def first(self, name: str, *, repeatable: bool = False) -> tuple[IntArray, CodeArray]:
        """As `inside`, the first element of each owner; a second one is a fault unless `repeatable`."""
        rows, owner = self.inside(name)
        repeated = np.concatenate([np.zeros(1, dtype=bool), owner[1:] == owner[:-1]])[: len(owner)]
        if not bool(repeated.any()):
            return rows, owner
        if not repeatable:
            for row in self._listed(rows[repeated]):
                self.reading.faults.add(
                    Reason.DUPLICATE_KEY,
                    f"{self.place(row)} is given more than once, expected once; remove one",
                    line=self.table.line_of(row),
                )
        return rows[~repeated], owner[~repeated]

    def numbers(self, name: str, *, required: bool | BoolArray = False) -> FloatArray:
        """One number per owner, NaN where it is missing or empty; shape (owners,).

        Args:
            name: Name of the element.
            required: Whether (or for which owners) a missing number is a fault.
        """
        values = np.full(len(self), np.nan)
        rows, owner = self.first(name)
        values[owner] = numbers_of(self.table, rows, self.reading)
        self.require(name, np.isnan(values) & required)
        return values

    def texts(self, name: str, *, required: bool = False) -> pl.Series:
        """One text per owner, null where it is missing or empty; shape (owners,)."""
        rows, owner = self.first(name)
        found = self.table.texts(rows)
        at = np.full(len(self), -1, dtype=np.int64)
        at[owner] = np.arange(len(rows))
        texts = _gather(found, at)
        texts = texts.set(texts == "", None)
        if required:
            self.require(name, texts.is_null().to_numpy())
        return texts

    def require(self, name: str, missing: BoolArray) -> None:
        """Record the owners for which a mandatory element is missing."""
        for row in self._listed(self.rows[missing]):
            self.reading.faults.add(
                Reason.MISSING_FIELD,
                f"{self.place(row)}: <{name}> is missing or empty, expected a value; correct the file",
                line=self.table.line_of(row),
                expected=name,
            )

    def _listed(self, rows: IntArray) -> list[int]:
        self.reading.faults.count_unlisted(max(0, len(rows) - _LISTED_PER_COLUMN))
        listed: list[int] = rows[:_LISTED_PER_COLUMN].tolist()
        return listed

    def place(self, row: int) -> str:
        """Where an element stands, in words."""
        return place_of(self.table, row)


def _gather(texts: pl.Series, at: IntArray) -> pl.Series:
    """Texts by index, null for −1."""
    if not len(texts):
        return pl.Series("text", [None] * len(at), dtype=pl.String)
    gathered = texts.gather(np.maximum(at, 0))
    return gathered.set(pl.Series(at < 0), None)


def numbers_of(table: ElementTable, rows: IntArray, reading: Reading) -> FloatArray:
    """Numbers of some elements, bit for bit what `float` reads; NaN where an element is empty.

    What is not a finite decimal number up to `LARGEST_NUMBER` is a fault, and infinite in the result.
    """
    texts = table.plain_texts(rows)
    values = texts.cast(pl.Float64, strict=False)
    numbers = values.to_numpy().astype(np.float64, copy=True) if len(values) else np.empty(0)
    doubtful = np.flatnonzero(~(np.abs(numbers) <= LARGEST_NUMBER))
    invalid = 0
    for i in doubtful.tolist():
        text = str(texts[i]).strip(XML_SPACE)
        if not text:
            numbers[i] = np.nan
            continue
        exact = parse_number(text)
        numbers[i] = np.inf if exact is None else exact
        if exact is None:
            invalid += 1
            if invalid <= _LISTED_PER_COLUMN:
                _refuse_number(table, int(rows[i]), reading)
    reading.faults.count_unlisted(max(0, invalid - _LISTED_PER_COLUMN))
    return numbers


def _refuse_number(table: ElementTable, row: int, reading: Reading) -> None:
    text = table.text_of(row)
    reading.faults.add(
        Reason.INVALID_VALUE,
        f"{place_of(table, row)}: found {shown(text)}, expected a finite decimal number up to 1e18, such as 12.5; "
        "correct the file",
        line=table.line_of(row),
        found=text[:80],
        expected="a finite decimal number",
    )


def place_of(table: ElementTable, row: int) -> str:
    """Where an element stands, in words: its own name and those around it up to the product family."""
    names: list[str] = []
    while row >= 0 and len(names) < 5:
        names.append(table.name_of(row))
        if names[-1].endswith("Pf"):
            names[-1] += _code_of(table, row)
            break
        row = int(table.parent[row])
    return "/".join(reversed(names))


def _code_of(table: ElementTable, family: int) -> str:
    """Product code of a family, in brackets."""
    row, end = family + 1, int(table.end[family])
    while row < end:
        if table.name_of(row) == "pfCode":
            return f"[{table.text_of(row)}]"
        row = int(table.end[row])
    return ""
