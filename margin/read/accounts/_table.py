"""From the columns of a table as they stand to rows of account data."""

from __future__ import annotations

import polars as pl

from margin.model.account import NO_LINE, AccountSource
from margin.model.problem import Faults
from margin.read.accounts._columns import COLUMNS, NUMBERS, unknown_warnings
from margin.read.accounts._rows import AccountRead, check_rows
from margin.read.positions import _convert
from margin.read.positions._columns import Column
from margin.read.positions._notation import Notation, to_plain_numbers
from margin.read.positions._row_faults import RowFaults
from margin.read.positions._validate import RawTable


def read_rows(
    table: RawTable, notation: Notation | None, source: AccountSource, faults: Faults, header_line: int | None
) -> AccountRead:
    """Convert and check the rows of a table.

    Args:
        table: The table; columns that are not known are passed over, with a warning.
        notation: How its numbers are written; `None` where text is a number only with a decimal point.
        source: The file.
        faults: What was found in it so far; takes the faults of rows, in the order of the rows.
        header_line: Line of the columns' names, where there is one.

    Raises:
        InputRefused: There are faults.
    """
    rows = RowFaults(table.height)
    values: dict[str, pl.Series] = {}
    for column, given in zip(table.columns, table.values, strict=True):
        if column.known and column.target in COLUMNS:
            values[column.target] = _converted(column, given, notation, rows)
    frame = check_rows(values, _lines_of(table), rows)
    rows.report(faults, table.line_of)
    faults.refuse_if_any()
    return AccountRead(source, frame, unknown_warnings(table.columns, source.path, header_line))


def _converted(column: Column, given: pl.Series, notation: Notation | None, rows: RowFaults) -> pl.Series:
    raw = given
    if notation and column.target in NUMBERS and raw.dtype == pl.String:
        raw = to_plain_numbers(raw, column, rows, notation)
    if column.target == "quantity":
        return _convert.to_quantity(raw, column, rows)
    if column.target in NUMBERS:
        return _convert.to_number(raw, column, rows)
    return _convert.to_text(raw, column, rows, seek_nul=True)


def _lines_of(table: RawTable) -> pl.Series:
    if table.lines is not None:
        return pl.Series(table.lines, dtype=pl.Int32)
    if table.first_line is None:
        return pl.repeat(NO_LINE, table.height, dtype=pl.Int32, eager=True)
    return pl.int_range(table.first_line, table.first_line + table.height, dtype=pl.Int32, eager=True)
