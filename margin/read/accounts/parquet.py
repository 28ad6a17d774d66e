"""Accounts as a Parquet table, its types checked instead of guessed."""

from __future__ import annotations

from margin.model.account import AccountSource
from margin.model.problem import Faults
from margin.read.accounts._columns import ALIASES, require_columns
from margin.read.accounts._rows import AccountRead
from margin.read.accounts._table import read_rows
from margin.read.positions._columns import match_columns
from margin.read.positions._input import PositionInput
from margin.read.positions._parquet_table import MAGIC, read_parquet_table
from margin.read.positions._validate import RawTable
from margin.read.source import file_digest

FORMAT = "parquet"


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with the Parquet mark."""
    return head.startswith(MAGIC)


def read(source: PositionInput) -> AccountRead:
    """Read a Parquet table of balances, positions and orders, with the columns of a text table; rows have no lines.

    Raises:
        InputRefused: With every fault of the input: damage, names, types and values.
    """
    faults = Faults(source.path)
    frame = read_parquet_table(source)
    columns = match_columns(frame.columns, faults, None, ALIASES)
    require_columns(columns, faults, line=None)
    faults.refuse_if_any()
    table = RawTable(columns, tuple(frame.to_series(column.position) for column in columns), first_line=None)
    sha256 = file_digest(source.path) if source.source is None else source.source.sha256
    described = AccountSource(source.path, sha256, FORMAT, table.height)
    return read_rows(table, None, described, faults, header_line=None)
