"""Writes positions as NDJSON: one object per line, all of them with the same keys."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from margin.model.position import PositionBook
from margin.write.positions._book import balances_left_out, rows_of, with_whole_numbers
from margin.write.written import Written

TITLE = "NDJSON, one position per line"
SUFFIXES = (".ndjson", ".jsonl")

_ROWS_AT_ONCE = 1 << 17


def write(positions: PositionBook) -> Written:
    """All columns that any input has as keys, extra ones as text; null where there is nothing.

    Raises:
        InputRefused: An extra column holds what has no text.
    """
    table = with_whole_numbers(rows_of(positions, as_text=True).frame)
    return Written(_pieces(table), balances_left_out(positions, "NDJSON"))


def _pieces(table: pl.DataFrame) -> Iterator[bytes]:
    for piece in table.iter_slices(_ROWS_AT_ONCE):
        yield piece.write_ndjson().encode()
