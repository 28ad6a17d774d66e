"""Writes positions as a Parquet table, with the types that positions have in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl

from margin.model.position import PositionBook
from margin.write.positions._book import balances_left_out, rows_of
from margin.write.written import Written

TITLE = "Parquet table of positions"
SUFFIXES = (".parquet",)


def write(positions: PositionBook) -> Written:
    """All columns that any input has; extra ones keep their types, or become text where inputs differ in them."""
    frame = rows_of(positions, as_text=False).frame
    return Written(_content(frame), balances_left_out(positions, "Parquet"))


def _content(frame: pl.DataFrame) -> Iterator[bytes]:
    target = io.BytesIO()
    frame.write_parquet(target)
    yield target.getvalue()
