"""Accounts as a text table: CSV with a header, also with semicolons or tabs."""

from __future__ import annotations

import polars as pl

from margin.model.account import AccountSource
from margin.model.problem import Faults
from margin.read.accounts._columns import ALIASES, NUMBERS, require_columns
from margin.read.accounts._rows import AccountRead
from margin.read.accounts._table import read_rows
from margin.read.positions._columns import match_columns
from margin.read.positions._input import PositionInput
from margin.read.positions._notation import find_notation
from margin.read.positions._text_table import read_header, read_raw_table

FORMAT = "csv"

_OTHER_FORMATS = (b"<", b"{", b"[", b"PAR1", b"PK")


def recognise(head: bytes, name: str) -> bool:
    """Whether an input may be a text table: text that is no other format, whatever it is called."""
    return not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_OTHER_FORMATS)


def read(source: PositionInput) -> AccountRead:
    """Read a text table of balances, positions and orders; `check_rows` says what each row is.

    Raises:
        InputRefused: With every fault of the input: structure, names and values.
    """
    faults = Faults(source.path)
    header = read_header(source)
    columns = match_columns(header.names, faults, 1, ALIASES)
    require_columns(columns, faults, line=1)
    table, sha256 = read_raw_table(source, header, columns, faults)
    texts = [
        values
        for column, values in zip(table.columns, table.values, strict=True)
        if column.target in NUMBERS and values.dtype == pl.String
    ]
    notation = find_notation(texts, header.delimiter, source.decimal)
    described = AccountSource(source.path, sha256, FORMAT, table.height)
    return read_rows(table, notation, described, faults, header_line=1)
