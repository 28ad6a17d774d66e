"""Writes positions as CSV: UTF-8, a header in the first line, commas, decimal points."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from margin.model.position import PositionBook
from margin.model.problem import Faults, Reason
from margin.write.positions._book import balances_left_out, rows_of, with_whole_numbers
from margin.write.written import Written

TITLE = "CSV table of positions"
SUFFIXES = (".csv",)

_ROWS_AT_ONCE = 1 << 17


def write(positions: PositionBook) -> Written:
    """All columns that any input has, by their canonical names, extra ones as text; blank where there is nothing.

    Raises:
        InputRefused: An extra column has a name of several lines, or holds what has no text.
    """
    frame = rows_of(positions, as_text=True).frame
    faults = Faults()
    for name in frame.columns:
        if "\n" in name or "\r" in name:
            message = f"the name of column {name!r} has several lines, expected one in a CSV header; rename the column"
            faults.add(Reason.INVALID_VALUE, message, field=name)
    faults.refuse_if_any()
    flags = [pl.col(name).cast(pl.Int8) for name in ("is_customer",) if name in frame.columns]
    table = with_whole_numbers(frame).with_columns(flags)
    return Written(_pieces(table), balances_left_out(positions, "CSV"))


def _pieces(table: pl.DataFrame) -> Iterator[bytes]:
    yield table.head(0).write_csv().encode()
    for piece in table.iter_slices(_ROWS_AT_ONCE):
        yield piece.write_csv(include_header=False).encode()
