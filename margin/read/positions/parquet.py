"""Positions as a Parquet table, its types checked instead of guessed."""

from __future__ import annotations

from margin.model.position import PositionPart, PositionSource
from margin.model.problem import Faults
from margin.read.positions._columns import match_columns, misspelling_warnings, require_columns
from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._parquet_table import MAGIC, read_parquet_table
from margin.read.positions._validate import RawTable, no_rows_warning, validate
from margin.read.source import file_digest

FORMAT = "parquet"


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with the Parquet mark."""
    return head.startswith(MAGIC)


def read(source: PositionInput) -> PositionsRead:
    """Read a Parquet table of positions, with the columns of a text table.

    Codes are text or whole numbers (taken as their digits), also dictionary-encoded; expiries and dates may be
    of the date type; quantities are integers, decimals or floats. Rows have no lines.

    Raises:
        InputRefused: With every fault of the input: damage, names, types and values.
    """
    faults = Faults(source.path)
    frame = read_parquet_table(source)
    columns = match_columns(frame.columns, faults, line=None)
    require_columns(columns, faults, line=None)
    table = RawTable(
        columns,
        tuple(frame.to_series(column.position) for column in columns),
        first_line=None,
        may_have_nul=True,
    )
    positions = validate(table, faults)
    faults.refuse_if_any()
    sha256 = file_digest(source.path) if source.source is None else source.source.sha256
    part = PositionPart(PositionSource(source.path, sha256, FORMAT, positions.height), positions, first_line=None)
    problems = misspelling_warnings(columns, source.path, line=None)
    return PositionsRead(part, problems=problems if table.height else (*problems, no_rows_warning(source.path)))
