"""From the columns of a table as they stand to rows of market data."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from margin.model.problem import Faults
from margin.read.market._columns import COLUMNS, NUMBERS
from margin.read.market._rows import MarketRows, check_rows
from margin.read.positions import _convert
from margin.read.positions._columns import Column
from margin.read.positions._notation import Notation, to_plain_numbers
from margin.read.positions._row_faults import RowFaults
from margin.read.positions._validate import RawTable

_Converter = Callable[[pl.Series, Column, RowFaults], pl.Series]

_CONVERTERS: dict[str, _Converter] = {
    **dict.fromkeys(NUMBERS, _convert.to_number),
    "type": _convert.to_product_type,
    "expiry": _convert.to_period,
    "underlying_expiry": _convert.to_period,
    "right": _convert.to_right,
    "date": _convert.to_iso_date,
}


def rows_of_table(table: RawTable, notation: Notation | None, faults: Faults) -> MarketRows:
    """Convert and check the rows of a table.

    Args:
        table: The table; columns that are not known are passed over.
        notation: How its numbers are written; `None` where text is a number only with a decimal point.
        faults: Takes the faults of rows, in the order of the rows.
    """
    rows = RowFaults(table.height)
    values: dict[str, pl.Series] = {}
    for column, given in zip(table.columns, table.values, strict=True):
        if not column.known or column.target not in COLUMNS:
            continue
        raw = given
        if notation and column.target in NUMBERS and raw.dtype == pl.String:
            raw = to_plain_numbers(raw, column, rows, notation)
        converter = _CONVERTERS.get(column.target, _to_text)
        values[column.target] = converter(raw, column, rows)
    checked = check_rows(values, _lines_of(table), rows)
    rows.report(faults, table.line_of)
    return checked


def _lines_of(table: RawTable) -> pl.Series:
    if table.lines is not None:
        return pl.Series(table.lines, dtype=pl.Int32)
    if table.first_line is None:
        return pl.repeat(None, table.height, dtype=pl.Int32, eager=True)
    return pl.int_range(table.first_line, table.first_line + table.height, dtype=pl.Int32, eager=True)


def _to_text(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    return _convert.to_text(values, column, rows, seek_nul=True)
