"""Text tables: header, delimiter, and rows read fast where the bytes prove it safe, else with care."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.position import PositionPart, PositionSource
from margin.model.problem import Faults, Reason
from margin.read.positions._byte_counts import ByteCounts, count_blank_lines, count_bytes
from margin.read.positions._careful_text import decode, read_carefully
from margin.read.positions._columns import (
    ALIASES,
    Column,
    match_columns,
    misspelling_warnings,
    require_columns,
)
from margin.read.positions._input import HEAD_BYTES, PositionInput, PositionsRead
from margin.read.positions._notation import NUMBER_COLUMNS, Notation, find_notation
from margin.read.positions._validate import RawTable, no_rows_warning, validate

DELIMITERS = (",", ";", "\t")
SPAN_POSITION_COLUMNS = [
    *("date", "isSetl", "firm", "acctId", "acctType", "isCust", "seg", "currency", "ec", "cc"),
    *("exch", "pfCode", "pfType", "pe", "undPe", "o", "k", "net"),
]
"""Header of the CME SPAN Position Converter's CSV; a ``coupon`` may follow."""

_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}")
_SAMPLED_ROWS = 200
_QUANTITIES = frozenset({"quantity", "long", "short"})
_NUMBERS = frozenset({"strike", "price"})


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a text table: its delimiter and the names in it."""

    delimiter: str
    names: tuple[str, ...]


def first_line(head: bytes) -> str | None:
    """First line of an input as text, without its ending; `None` where the head holds no whole line of text."""
    line, newline, _ = head.partition(b"\n")
    if not newline and len(head) >= HEAD_BYTES:
        return None
    try:
        return line.decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        return None


def parse_header(line: str) -> Header:
    """Find the delimiter that makes most sense of a header, and split the header by it."""
    candidates = [Header(delimiter, _split(line, delimiter)) for delimiter in DELIMITERS]
    return max(candidates, key=lambda header: (_known_names(header.names), len(header.names)))


def _split(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter), ()))
    except csv.Error:  # a bare carriage return, or a name longer than any; no header in either case
        return ()


def _known_names(names: Sequence[str]) -> int:
    return sum(name.strip().lower() in ALIASES for name in names)


def is_span_position_header(names: Sequence[str]) -> bool:
    """Whether a header is that of the CME SPAN Position Converter; names are case-sensitive."""
    columns = list(names)
    return columns[: len(SPAN_POSITION_COLUMNS)] == SPAN_POSITION_COLUMNS and columns[len(SPAN_POSITION_COLUMNS) :] in (
        [],
        ["coupon"],
    )


def read_header(source: PositionInput) -> Header:
    """The header of an input.

    Raises:
        InputRefused: The first line is no header: not UTF-8, blank, broken over lines, or endless.
    """
    faults = Faults(source.path)
    line = first_line(source.head)
    if line is None and decode(source.head.partition(b"\n")[0], faults) is not None:
        message = f"the first {len(source.head):,} bytes hold no line end, expected the names of the columns"
        faults.add(Reason.SYNTAX, message, line=1)
    elif line is not None:
        _check_first_line(line, faults)
    faults.refuse_if_any()
    return parse_header(line or "")


def _check_first_line(line: str, faults: Faults) -> None:
    if not line.strip():
        faults.add(Reason.SYNTAX, "the first line is blank, expected the names of the columns", line=1)
    elif line.count('"') % 2:
        message = "a quote in the first line is not closed, expected the names of the columns; close it"
        faults.add(Reason.SYNTAX, message, line=1)
    elif "\r" in line:
        message = "lines end in a carriage return alone, expected a line feed; save with Unix or Windows line ends"
        faults.add(Reason.SYNTAX, message, line=1)
    elif not parse_header(line).names:
        faults.add(Reason.SYNTAX, "the first line is too long to be read, expected the names of the columns", line=1)


def read_table(source: PositionInput, format_name: str, header: Header) -> PositionsRead:
    """Read a text table whose header is known.

    Raises:
        InputRefused: With all faults of the input.
    """
    faults = Faults(source.path)
    columns = match_columns(header.names, faults, line=1)
    require_columns(columns, faults, line=1)
    table, sha256 = read_raw_table(source, header, columns, faults)
    table = replace(table, notation=_notation_of(table, header, source))
    positions = validate(table, faults)
    faults.refuse_if_any()
    part = PositionPart(
        PositionSource(source.path, sha256, format_name, positions.height),
        positions,
        table.lines,
        table.first_line,
    )
    problems = misspelling_warnings(columns, source.path, line=1)
    return PositionsRead(part, problems=problems if table.height else (*problems, no_rows_warning(source.path)))


def read_raw_table(
    source: PositionInput, header: Header, columns: Sequence[Column], faults: Faults
) -> tuple[RawTable, str]:
    """The columns of a text table as they stand, and the digest of its bytes; what breaks its structure is a fault."""
    content = source.load().content if source.in_place is None else source.in_place
    with ThreadPoolExecutor(max_workers=1) as pool:
        counting = pool.submit(count_bytes, content, header.delimiter, digest=source.in_place is not None)
        frame = _read_fast(content, source, header, columns)
        counts = counting.result()
    if counts.nuls:
        _add_nul_fault(source, counts.nuls, faults)
    if frame is not None and counts.quotes and header.delimiter == "," and _has_comma_in_number(frame, columns):
        frame = _read_text(content, header)  # numbers that were understood already show how the others are meant
    table = None if frame is None else _table_if_proven(frame, columns, counts, content)
    if table is None:
        table = _read_slowly(source, header, columns, faults)
    return table, counts.sha256 if source.source is None else source.source.sha256


def _read_fast(
    content: Path | bytes, source: PositionInput, header: Header, columns: Sequence[Column]
) -> pl.DataFrame | None:
    """The table as the vectorised parser sees it, typed if its numbers are well-formed, else as text.

    `None` where the parser refuses it. What it does not notice, such as short rows, the caller must rule out.
    """
    types = _number_types(source, header, columns)
    frame = _read_text(content, header, types) if types else None
    return _read_text(content, header) if frame is None else frame


def _read_text(
    content: Path | bytes, header: Header, types: Mapping[str, type[pl.DataType]] = MappingProxyType({})
) -> pl.DataFrame | None:
    """The table with some columns of given types, the others as text; `None` where the parser refuses it."""
    text: dict[str, type[pl.DataType]] = {str(position): pl.String for position in range(len(header.names))}
    try:
        return pl.read_csv(
            content,
            schema=text | dict(types),
            has_header=False,
            skip_lines=1,
            separator=header.delimiter,
            glob=False,
        )
    except (pl.exceptions.PolarsError, OSError):
        return None


def _has_comma_in_number(frame: pl.DataFrame, columns: Sequence[Column]) -> bool:
    """Whether a column of numbers that was read as text holds a comma."""
    texts = (frame.to_series(column.position) for column in columns if column.target in NUMBER_COLUMNS)
    return any(values.str.contains(",", literal=True).any() for values in texts if values.dtype == pl.String)


def _notation_of(table: RawTable, header: Header, source: PositionInput) -> Notation | None:
    """How the table writes its numbers; `None` where all of them are plain without a second look."""
    texts = [
        values
        for column, values in zip(table.columns, table.values, strict=True)
        if column.target in NUMBER_COLUMNS and values.dtype == pl.String
    ]
    has_plain_points = source.decimal is None and header.delimiter == ","
    if has_plain_points and not any(values.str.contains(",", literal=True).any() for values in texts):
        return None
    return find_notation(texts, header.delimiter, source.decimal)


def _number_types(source: PositionInput, header: Header, columns: Sequence[Column]) -> dict[str, type[pl.DataType]]:
    """Types of the number columns, told by the first rows.

    Quantities are parsed as whole numbers or, in order to see every decimal, kept as text; so are other numbers
    where a point need not start the decimals.
    """
    head = source.head
    is_point_decimal = source.decimal == "point" or (source.decimal is None and header.delimiter == ",")
    lines = head.decode("utf-8", errors="replace").split("\n")[1 : _SAMPLED_ROWS + 1]
    if len(head) >= HEAD_BYTES:
        del lines[-1:]
    try:
        rows = list(csv.reader(lines, delimiter=header.delimiter))
    except csv.Error:  # the careful reading says what is wrong
        return {}
    types: dict[str, type[pl.DataType]] = {}
    for column in columns:
        sample = [row[column.position] for row in rows if column.position < len(row) and row[column.position]]
        if column.target in _NUMBERS and is_point_decimal:
            types[str(column.position)] = pl.Float64
        elif column.target in _QUANTITIES and all(_WHOLE_NUMBER.fullmatch(value) for value in sample):
            types[str(column.position)] = pl.Int64
    return types


def _table_if_proven(
    frame: pl.DataFrame, columns: Sequence[Column], counts: ByteCounts, content: Path | bytes
) -> RawTable | None:
    """The fast reading as a table, if the bytes prove that each line is one row of full length.

    The parser pads short rows with nulls at their end, and gives a row of nulls for a blank line. No row can
    have too many delimiters, so that enough of them in all means enough in each.
    """
    if frame.height != counts.data_lines or counts.quotes % 2 or counts.stray_returns:
        return None
    lines = None
    if frame.to_series(frame.width - 1).null_count():
        if counts.quotes:
            return None
        blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
        empty_rows = int(blank.sum())
        if empty_rows and empty_rows != count_blank_lines(content):
            return None
        if counts.delimiters != (frame.height - empty_rows + 1) * (frame.width - 1):
            return None
        if empty_rows:
            frame = frame.filter(~blank)
            lines = (~blank).arg_true().to_numpy().astype(np.int64) + 2
    return RawTable(
        tuple(columns),
        tuple(frame.to_series(column.position) for column in columns),
        lines,
        may_have_blanks=counts.blanks > 0 or counts.quotes > 0,
    )


def _read_slowly(source: PositionInput, header: Header, columns: Sequence[Column], faults: Faults) -> RawTable:
    values, lines = read_carefully(source.load().content, header.delimiter, len(header.names), faults)
    return RawTable(
        tuple(columns),
        tuple(pl.Series(str(column.position), values[column.position], pl.String) for column in columns),
        lines,
    )


def _add_nul_fault(source: PositionInput, number: int, faults: Faults) -> None:
    content = source.load().content
    offset = content.index(b"\0")
    faults.add(
        Reason.SYNTAX,
        f"byte {offset:,} is NUL, expected text ({number:,} NUL bytes in all); "
        "the file is damaged or not text: fetch or write it again",
        line=content.count(b"\n", 0, offset) + 1,
        found=number,
        offset=offset,
    )
