"""Market data as a Parquet table, its types checked instead of guessed."""

from __future__ import annotations

from collections.abc import Sequence

from margin.model.market import MarketSource
from margin.model.problem import Faults
from margin.read.market._columns import ALIASES, require_columns, unknown_warnings
from margin.read.market._input import MarketRead, market_read
from margin.read.market._table import rows_of_table
from margin.read.positions._columns import match_columns
from margin.read.positions._input import PositionInput
from margin.read.positions._parquet_table import MAGIC, parquet_columns, read_parquet_table
from margin.read.positions._validate import RawTable
from margin.read.source import file_digest

FORMAT = "parquet"


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with the Parquet mark."""
    return head.startswith(MAGIC)


def headers(source: PositionInput) -> Sequence[str]:
    """Names of the columns.

    Raises:
        InputRefused: The file is damaged.
    """
    return parquet_columns(source)


def read(source: PositionInput) -> MarketRead:
    """Read a Parquet table of market data, with the columns of a text table; rows have no lines.

    Raises:
        InputRefused: With every fault of the input: damage, names, types and values.
    """
    faults = Faults(source.path)
    frame = read_parquet_table(source)
    columns = match_columns(frame.columns, faults, None, ALIASES)
    if not require_columns(columns, faults, line=None):
        faults.refuse_if_any()  # there is no more to say of rows that are of nothing
    table = RawTable(columns, tuple(frame.to_series(column.position) for column in columns), first_line=None)
    rows = rows_of_table(table, None, faults)
    sha256 = file_digest(source.path) if source.source is None else source.source.sha256
    described = MarketSource(source.path, sha256, FORMAT, table.height)
    return market_read(described, rows, faults, unknown_warnings(columns, source.path, line=None))
