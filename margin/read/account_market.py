"""Prices that accounts are valued at, from files of market data: the spot rows, with what else they say of a price.

One file serves both: `margin.read.market` reads what risk arrays are built from, this reads what accounts are valued
at, and each passes over what is for the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from margin.model.account import NO_LINE
from margin.model.account_market import PRICE_SCHEMA, AccountMarket, PriceSource
from margin.model.problem import LISTED_PROBLEMS, Faults, InputRefused, Problem, Reason
from margin.read.numbers import LARGEST_NUMBER
from margin.read.positions import _convert
from margin.read.positions._columns import Column, match_columns
from margin.read.positions._input import PositionInput, open_input
from margin.read.positions._notation import find_notation, to_plain_numbers
from margin.read.positions._parquet_table import MAGIC, read_parquet_table
from margin.read.positions._row_faults import RowFault, RowFaults
from margin.read.positions._text_table import read_header, read_raw_table
from margin.read.positions._validate import RawTable
from margin.read.source import file_digest
from margin.read.strict_yaml import load_yaml
from margin.read.validated import did_you_mean, validate

_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".yaml", ".yml")
_DECLARED = re.compile(rb"""^format\s*:\s*["']?margin-market\b""", re.MULTILINE)

_OPTIONAL = ("confidence", "daily_volatility", "deposits", "borrows", "open_interest", "daily_volume", "beta")
_NUMBERS = ("price", "bid", "ask", *_OPTIONAL)
_OF_ARRAYS = ("product", "expiry", "strike", "volatility", "a", "b", "rho", "m", "sigma")
"""Columns that make a row one of risk arrays, not of a spot price."""

_ALIASES: Mapping[str, str] = {
    **{name: name for name in ("underlying", "time", *_NUMBERS, *_OF_ARRAYS)},
    **dict.fromkeys(("asset", "market", "name", "symbol"), "underlying"),
    "pfcode": "product",
    "pe": "expiry",
    "period": "expiry",
    "k": "strike",
    "vol": "volatility",
}


@dataclass(frozen=True)
class _Read:
    source: PriceSource
    time: str | None
    prices: pl.DataFrame


def read_account_market(paths: Sequence[str | Path] | str | Path, *, stdin: BinaryIO | None = None) -> AccountMarket:
    """Read the prices of files of market data.

    Args:
        paths: Files, plain or compressed; ``-`` is standard input.
        stdin: Stream that ``-`` means; default the process's standard input.

    Raises:
        InputRefused: With the faults of all files: prices that are not above zero, two prices of one name, files of
            different times, and whatever is wrong with their form.
    """
    faults = Faults()
    reads: list[_Read] = []
    named = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    for path in dict.fromkeys(named):
        try:
            reads.append(_read_one(open_input(path, stdin, _SUFFIXES)))
        except InputRefused as refused:
            faults.extend(refused)
        except OSError as error:
            message = f"the file cannot be read to its end ({error.strerror or error}); check the disk it lies on"
            faults.extend(InputRefused([Problem(Reason.UNREADABLE, message, file=path)]))
    _refuse_repeated(reads, faults)
    times = {read.time: read.source.path for read in reversed(reads) if read.time is not None}
    if len(times) > 1:
        listed = ", ".join(f"{time} in {path}" for time, path in sorted(times.items()))
        faults.add(Reason.DATE_MISMATCH, f"the files are of different times ({listed}); give files of one moment")
    faults.refuse_if_any()
    return AccountMarket(
        sources=tuple(read.source for read in reads),
        time=next(iter(times), None),
        prices=pl.concat([PRICE_SCHEMA.to_frame(), *(read.prices for read in reads)]).sort("name"),
    )


def iso_time(text: str) -> str | None:
    """An ISO time as UTC text; `None` where it is none, or does not say its offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_one(source: PositionInput) -> _Read:
    if source.name.lower().endswith((".yaml", ".yml")) or _DECLARED.search(source.head):
        return _read_document(source)
    faults = Faults(source.path)
    if source.head.startswith(MAGIC):
        frame = read_parquet_table(source)
        columns = match_columns(frame.columns, faults, None, _ALIASES)
        table = RawTable(columns, tuple(frame.to_series(one.position) for one in columns), first_line=None)
        sha256 = file_digest(source.path) if source.source is None else source.source.sha256
        return _read_table(table, PriceSource(source.path, sha256, "parquet", table.height), None, faults, None)
    header = read_header(source)
    columns = match_columns(header.names, faults, 1, _ALIASES)
    table, sha256 = read_raw_table(source, header, columns, faults)
    described = PriceSource(source.path, sha256, "csv", table.height)
    return _read_table(table, described, header.delimiter, faults, 1)


def _read_table(
    table: RawTable, source: PriceSource, delimiter: str | None, faults: Faults, header_line: int | None
) -> _Read:
    """The prices of a table; numbers of a text table are written as its delimiter suggests."""
    headers = [column.header for column in table.columns]
    if "underlying" not in {column.target for column in table.columns}:
        message = f"there is no column underlying (or asset, market, name){did_you_mean('underlying', headers)}"
        faults.add(Reason.MISSING_FIELD, message, line=header_line, found=headers[:40])
        faults.refuse_if_any()
    texts = [
        values
        for column, values in zip(table.columns, table.values, strict=True)
        if column.target in _NUMBERS and values.dtype == pl.String
    ]
    notation = None if delimiter is None else find_notation(texts, delimiter, None)
    rows = RowFaults(table.height)
    values: dict[str, pl.Series] = {}
    for column, given in zip(table.columns, table.values, strict=True):
        if not column.known:
            continue
        raw = given
        if notation and column.target in _NUMBERS and raw.dtype == pl.String:
            raw = to_plain_numbers(raw, column, rows, notation)
        if column.target in _NUMBERS:
            values[column.target] = _convert.to_number(raw, column, rows)
        elif column.target == "time" and isinstance(raw.dtype, pl.Datetime):
            values["time"] = raw.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%z")
        elif column.target in ("underlying", "time"):
            values[column.target] = _convert.to_text(raw, column, rows, seek_nul=True)
        else:
            values[column.target] = _presence(raw, column)
    lines = pl.Series([table.line_of(row) or NO_LINE for row in range(table.height)], dtype=pl.Int32)
    prices = _prices(values, lines, rows)
    rows.report(faults, table.line_of)
    faults.refuse_if_any()
    return _Read(source, None, prices)


def _presence(raw: pl.Series, column: Column) -> pl.Series:
    """A column of which only matters whether it says anything."""
    return (
        _convert.blank_as_null(raw).is_not_null().replace_strict({False: None, True: "given"}, return_dtype=pl.String)
    )


def _read_document(source: PositionInput) -> _Read:
    # Readers of tables shall not wait for the document model to be built.
    from margin.read._account_market_document import MarketHead

    faults = Faults(source.path)
    opened = source.load()
    tree = load_yaml(opened.content, faults)
    head = validate(tree, MarketHead, faults) if tree else None
    faults.refuse_if_any()
    if tree is None or head is None:
        raise AssertionError("a document without faults has a head")
    entries: list[dict[str, Any]] = [entry.model_dump() for entry in head.underlyings or ()]
    lines = [tree.position_of(("underlyings", place)).line for place in range(len(entries))]
    rows = RowFaults(len(entries))
    values = {
        name: pl.Series([entry.get(name) for entry in entries], dtype=pl.Float64 if name in _NUMBERS else pl.String)
        for name in ("underlying", "expiry", "time", *_NUMBERS)
    }
    prices = _prices(values, pl.Series(lines, dtype=pl.Int32), rows)
    rows.report(faults, lambda row: lines[row])
    time = None if head.time is None else iso_time(head.time)
    if head.time is not None and time is None:
        line, column = tree.position_of(("time",))
        message = f"time is {head.time!r}, expected one with its offset, such as 2026-06-25T16:00:00Z"
        faults.add(Reason.INVALID_VALUE, message, line=line, column=column, found=head.time)
    faults.refuse_if_any()
    return _Read(PriceSource(source.path, opened.sha256, "yaml", len(entries)), time, prices)


def _prices(values: dict[str, pl.Series], lines: pl.Series, rows: RowFaults) -> pl.DataFrame:
    """The spot rows that say a price, checked."""
    height = rows.height
    blank = {name: pl.Float64 if name in _NUMBERS else pl.String for name in ("underlying", "time", *_NUMBERS)}
    frame = pl.DataFrame(
        [
            values[name].alias(name) if name in values else pl.repeat(None, height, dtype=dtype, eager=True).alias(name)
            for name, dtype in (blank | dict.fromkeys(_OF_ARRAYS, pl.String)).items()
        ]
    ).with_columns(lines.alias("line"))
    frame = frame.with_columns(price=pl.coalesce("price", (pl.col("bid") + pl.col("ask")) / 2.0))
    is_spot = frame.select(
        pl.col("underlying").is_not_null() & pl.all_horizontal(pl.col(name).is_null() for name in _OF_ARRAYS)
    ).to_series()
    for name in ("price", *_OPTIONAL):
        _refuse_number(name, frame[name], is_spot, rows)
    texts = {text: iso_time(text) for text in frame["time"].drop_nulls().unique()}
    times = frame["time"].replace_strict(texts, default=None, return_dtype=pl.String)
    bad = is_spot & frame["time"].is_not_null() & times.is_null()
    rows.add("time", bad, lambda row: _bad_time(frame["time"][row]))
    moments = times.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False)
    named = frame.with_columns(moments.alias("time"), name=pl.col("underlying"), volatility=pl.col("daily_volatility"))
    chosen = named.filter(is_spot & frame["price"].is_not_null())
    return chosen.select(pl.col(name).cast(dtype) for name, dtype in PRICE_SCHEMA.items())


def _bad_time(text: str) -> RowFault:
    expected = "a time with its offset, such as 2026-06-25T16:00:00Z"
    return RowFault(Reason.INVALID_VALUE, f"time is {text[:80]!r}, expected {expected}", {"field": "time"})


def _refuse_number(name: str, numbers: pl.Series, chosen: pl.Series, rows: RowFaults) -> None:
    if name in ("price", "daily_volatility", "daily_volume"):
        wrong, expected = numbers <= 0.0, "more than zero"
    else:
        wrong, expected = (numbers < 0.0) & (name != "beta"), "zero or more"

    def describe(row: int) -> RowFault:
        message = f"{name} is {numbers[row]!r}, expected {expected} and at most {LARGEST_NUMBER:g}; correct it"
        return RowFault(Reason.INVALID_VALUE, message, {"field": name, "found": numbers[row], "expected": expected})

    rows.add(name, chosen & (wrong | (numbers.abs() > LARGEST_NUMBER)), describe)


def _refuse_repeated(reads: Sequence[_Read], faults: Faults) -> None:
    """Report every price whose name has one already."""
    first: dict[str, str] = {}
    found = []
    for read in reads:
        for name, line in zip(read.prices["name"], read.prices["line"], strict=True):
            place = f"{read.source.path}, line {line}" if line else read.source.path
            if name in first:
                message = f"{name} has a price again, first in {first[name]}; keep one of them"
                found.append(Problem(Reason.DUPLICATE_KEY, message, file=read.source.path, line=line or None))
            first.setdefault(name, place)
    faults.extend(InputRefused(found[:LISTED_PROBLEMS], len(found)))
