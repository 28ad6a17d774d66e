"""Faults of rows, found column by column in whole-column passes and reported in the order of the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from margin.model.problem import LISTED_PROBLEMS, Faults, Reason

_WHOLE_COLUMN = -1


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row, before its line is known."""

    reason: Reason
    message: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class RowFaults:
    """Collects the faults of rows; a describing function runs only for the faults that are listed."""

    def __init__(self, height: int) -> None:
        self.height = height
        self._found: list[tuple[int, RowFault]] = []
        self._total = 0
        self._bad: dict[str, pl.Series] = {}
        self._refused: set[str] = set()

    def add(self, name: str, mask: pl.Series, describe: Callable[[int], RowFault]) -> None:
        """Record a fault in column `name` for each row where `mask` is true (null counts as false)."""
        rows = mask.fill_null(False).arg_true()
        if len(rows) == 0:
            return
        self._total += len(rows)
        self._found.extend((row, describe(row)) for row in rows.head(LISTED_PROBLEMS).to_list())
        before = self._bad.get(name)
        self._bad[name] = mask.fill_null(False) if before is None else before | mask.fill_null(False)

    def refuse_column(self, name: str, fault: RowFault) -> None:
        """Record one fault that makes every value of column `name` unusable."""
        self._total += 1
        self._found.append((_WHOLE_COLUMN, fault))
        self._refused.add(name)
        self._bad[name] = pl.repeat(True, self.height, eager=True)

    def is_refused(self, name: str) -> bool:
        """Whether column `name` was refused as a whole."""
        return name in self._refused

    def bad(self, name: str) -> pl.Series | None:
        """Rows already reported for column `name`, or `None` where there are none."""
        return self._bad.get(name)

    def sound(self) -> pl.Series:
        """Rows without a fault."""
        faulty = pl.repeat(False, self.height, dtype=pl.Boolean, eager=True)
        for bad in self._bad.values():
            faulty |= bad
        return ~faulty

    def report(self, faults: Faults, line_of: Callable[[int], int | None]) -> None:
        """Hand everything over, sorted by row; what is too much to list is counted."""
        self._found.sort(key=lambda found: found[0])
        listed = self._found[:LISTED_PROBLEMS]
        for row, fault in listed:
            faults.add(fault.reason, fault.message, line=line_of(row) if row >= 0 else None, **fault.attributes)
        faults.count_unlisted(self._total - len(listed))
