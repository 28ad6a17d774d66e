"""Market data as a text table: CSV with a header, also with semicolons or tabs."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from margin.model.market import MarketSource
from margin.model.problem import Faults
from margin.read.market._columns import ALIASES, NUMBERS, require_columns, unknown_warnings
from margin.read.market._input import MarketRead, market_read
from margin.read.market._table import rows_of_table
from margin.read.positions._columns import match_columns
from margin.read.positions._input import PositionInput
from margin.read.positions._notation import find_notation
from margin.read.positions._text_table import first_line, parse_header, read_header, read_raw_table

FORMAT = "csv"

_OTHER_FORMATS = (b"<", b"{", b"[", b"PAR1", b"PK")


def recognise(head: bytes, name: str) -> bool:
    """Whether an input may be a text table: text that is no other format, whatever it is called."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return not start.startswith(_OTHER_FORMATS)


def headers(source: PositionInput) -> Sequence[str]:
    """Names in the first line."""
    line = first_line(source.head)
    return () if line is None else parse_header(line).names


def read(source: PositionInput) -> MarketRead:
    """Read a text table of market data; `margin.read.market._rows.check_rows` says what each row is.

    Raises:
        InputRefused: With every fault of the input: structure, names and values.
    """
    faults = Faults(source.path)
    header = read_header(source)
    columns = match_columns(header.names, faults, 1, ALIASES)
    if not require_columns(columns, faults, line=1):
        faults.refuse_if_any()  # there is no more to say of rows that are of nothing
    table, sha256 = read_raw_table(source, header, columns, faults)
    texts = [
        values
        for column, values in zip(table.columns, table.values, strict=True)
        if column.target in NUMBERS and values.dtype == pl.String
    ]
    has_comma = any(values.str.contains(",", literal=True).any() for values in texts)
    is_plain = header.delimiter == "," and not has_comma and source.decimal is None
    notation = None if is_plain else find_notation(texts, header.delimiter, source.decimal)
    rows = rows_of_table(table, notation, faults)
    described = MarketSource(source.path, sha256, FORMAT, table.height)
    return market_read(described, rows, faults, unknown_warnings(columns, source.path, line=1))
