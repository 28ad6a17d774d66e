"""Price histories as CSV or Parquet: one row per underlying and date, checked strictly."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from margin.model.market import MarketSource
from margin.model.price_history import HISTORY_SCHEMA, PriceHistory
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.read.native_noise import native_noise_held
from margin.read.parquet_sizes import ParquetDamage, check_sizes
from margin.read.source import Source, open_source
from margin.read.validated import did_you_mean

if TYPE_CHECKING:
    from typing import BinaryIO

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "date": ("date", "day", "trade_date", "business_date"),
    "underlying": ("underlying", "product", "commodity", "symbol", "code"),
    "price": ("price", "settle", "settlement", "settlement_price", "close"),
    "volume": ("volume", "traded_volume"),
}
"""Columns, and the names they may have; letters may be of either case."""

LARGEST_GAP_DAYS = 7
"""Two dates of one underlying that are further apart are reported: a weekend and several holidays fit in."""

LARGEST_NUMBER = 1e15
"""Prices and volumes are at most so large, and its inverse or 0 at least: ratios of others are of no use."""

_OPTIONAL = frozenset({"volume"})
_DELIMITERS = (",", ";", "\t")
_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_DATE_FORMS = {"%Y-%m-%d": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "%Y%m%d": r"^[0-9]{8}$"}
_DATE_TYPES = (pl.Date, pl.Datetime)
_CODE_TYPES = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns as they stand in a file, each as long as `lines`.

    Attributes:
        has_lines: Whether a row is named by its line; else by its number.
    """

    columns: Mapping[str, pl.Series]
    lines: pl.Series
    has_lines: bool


def read_price_history(path: str | Path, *, stdin: BinaryIO | None = None) -> PriceHistory:
    """Read daily prices.

    Columns are `COLUMNS`; others are passed over. Rows may stand in any order and are sorted by underlying and
    date. Prices may be negative or zero: whether that will do is for the rule to say.

    Args:
        path: CSV (also with semicolons or tabs; decimals behind a point) or Parquet, also compressed; ``-`` for
            standard input.
        stdin: Stream that ``-`` means; default the process's standard input.

    Raises:
        InputRefused: With every fault of the file: columns, dates, numbers, and dates that stand there twice.
    """
    source = open_source(path, stdin=stdin, suffixes=(".csv", ".txt", ".tsv", ".parquet"))
    faults = Faults(source.path)
    is_parquet = source.content.startswith(b"PAR1")
    warnings: list[Problem] = []
    table = (_parquet_table if is_parquet else _text_table)(source, faults, warnings)
    faults.refuse_if_any()
    if table is None:
        raise AssertionError("a file without faults has a table")
    frame = _checked(table, faults)
    faults.refuse_if_any()
    frame = frame.sort("underlying", "date")
    warnings.extend(_gaps(frame, source.path))
    origin = MarketSource(source.path, source.sha256, "parquet" if is_parquet else "csv", frame.height)
    return PriceHistory(origin, frame, tuple(warnings))


def _text_table(source: Source, faults: Faults, warnings: list[Problem]) -> _Table | None:
    try:
        text = source.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(Reason.SYNTAX, "the text is not UTF-8; save the file as UTF-8", line=line)
        return None
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        names = next(reader, [])
        places = _places(names, faults, warnings, line=1)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                message = f"the row has {len(cells)} cells, expected {len(names)} as in the header"
                if len(cells) > len(names):
                    message += "; numbers have no thousands separators, and decimals stand behind a point"
                faults.add(Reason.WRONG_LENGTH, message, line=reader.line_num, found=len(cells), expected=len(names))
                continue
            rows.append(cells)
            lines.append(reader.line_num)
    except csv.Error as error:
        faults.add(Reason.SYNTAX, f"this is not valid CSV: {error}; check the quotes", line=reader.line_num)
        return None
    columns = {
        name: pl.Series(name, [row[place].strip() for row in rows], dtype=pl.String) for name, place in places.items()
    }
    return _Table(columns, pl.Series("line", lines, dtype=pl.Int64), has_lines=True)


def _parquet_table(source: Source, faults: Faults, warnings: list[Problem]) -> _Table | None:
    try:
        check_sizes(source.content)
        with native_noise_held():
            frame = pl.read_parquet(io.BytesIO(source.content), hive_partitioning=False)
    except (ParquetDamage, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        faults.add(Reason.UNREADABLE, f"the Parquet file is damaged or cut off ({reason}); write or fetch it again")
        return None
    places = _places(frame.columns, faults, warnings, line=None)
    columns = {name: frame.to_series(place) for name, place in places.items()}
    return _Table(columns, pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias("line"), has_lines=False)


def _places(names: Sequence[str], faults: Faults, warnings: list[Problem], line: int | None) -> dict[str, int]:
    """Where each column stands; what is missing or given twice is a fault, what looks misspelt a warning."""
    lowered = [name.strip().lower() for name in names]
    known = [alias for aliases in COLUMNS.values() for alias in aliases]
    places: dict[str, int] = {}
    for column, aliases in COLUMNS.items():
        found = [place for place, name in enumerate(lowered) if name in aliases]
        if len(found) > 1:
            listed = " and ".join(repr(names[place]) for place in found)
            faults.add(Reason.DUPLICATE_KEY, f"{listed} both mean the {column}; keep one of them", line=line)
        elif found:
            places[column] = found[0]
        elif column not in _OPTIONAL:
            near = [hint for name in lowered if name not in known and (hint := did_you_mean(name, aliases))]
            message = f"the column {column!r} is missing (it may also be called {', '.join(aliases[1:])}); add it"
            faults.add(Reason.MISSING_FIELD, message + "".join(near[:1]), line=line, expected=column)
    for name in lowered:
        if name not in known and "volume" not in places and did_you_mean(name, COLUMNS["volume"]):
            message = f"the column {name!r} is not read{did_you_mean(name, COLUMNS['volume'])}"
            warnings.append(Problem(Reason.UNKNOWN_NAME, message, Severity.WARNING, file=faults.file, line=line))
    return places


def _checked(table: _Table, faults: Faults) -> pl.DataFrame:
    """The rows with `HISTORY_SCHEMA`; everything wrong with their values goes to `faults`."""
    if not len(table.lines):
        faults.add(Reason.MISSING_FIELD, "the file holds no prices; expected a row per underlying and date")
    frame = pl.DataFrame(
        [
            _codes(table, faults),
            _dates(table, faults),
            _numbers(table, "price", faults),
            _numbers(table, "volume", faults),
            table.lines,
        ],
        schema=HISTORY_SCHEMA,
    )
    if not faults:
        _refuse_duplicates(frame, table, faults)
    return frame


def _codes(table: _Table, faults: Faults) -> pl.Series:
    values = table.columns["underlying"]
    if not (values.dtype in _CODE_TYPES or values.dtype.is_integer()):
        _refuse_type("underlying", values, "text", faults)
        return pl.Series("underlying", [None] * len(values), dtype=pl.String)
    codes = values.cast(pl.String).str.strip_chars()
    wrong = codes.is_null() | (codes == "") | codes.str.contains(r"\p{C}")
    _refuse_values(table, wrong, "underlying", values, "a code", faults)
    return codes.alias("underlying")


def _dates(table: _Table, faults: Faults) -> pl.Series:
    values = table.columns["date"]
    if values.dtype in _DATE_TYPES:
        days = values.cast(pl.Date)
        is_day = values.is_null() | (days.cast(values.dtype) == values)
    elif values.dtype == pl.String:
        days = pl.Series("date", [None] * len(values), dtype=pl.Date)
        for form, pattern in _DATE_FORMS.items():
            matching = values.str.contains(pattern).fill_null(value=False)
            days = values.set(~matching, None).str.to_date(form, strict=False).zip_with(matching, days)
        is_day = pl.Series([True] * len(values), dtype=pl.Boolean)
    else:
        _refuse_type("date", values, "dates, or text such as 2026-06-25", faults)
        return pl.Series("date", [None] * len(values), dtype=pl.Date)
    _refuse_values(table, days.is_null() | ~is_day, "date", values, "a date such as 2026-06-25", faults)
    return days.alias("date")


def _numbers(table: _Table, name: str, faults: Faults) -> pl.Series:
    values = table.columns.get(name)
    if values is None:
        return pl.Series(name, [None] * len(table.lines), dtype=pl.Float64)
    if values.dtype == pl.String:
        given = values != ""
        numbers = values.set(~values.str.contains(_NUMBER).fill_null(value=False), None).cast(pl.Float64, strict=False)
    elif values.dtype.is_numeric():
        given = values.is_not_null()
        numbers = values.cast(pl.Float64)
    else:
        _refuse_type(name, values, "numbers", faults)
        return pl.Series(name, [None] * len(values), dtype=pl.Float64)
    size = numbers.abs()
    sound = (
        numbers.is_finite() & (size <= LARGEST_NUMBER) & ((size >= 1.0 / LARGEST_NUMBER) | (size == 0.0))
    ).fill_null(value=False)
    if name in _OPTIONAL:
        wrong = given.fill_null(value=False) & ~(sound & (numbers >= 0.0).fill_null(value=False))
        expected = "a number that is not negative, or nothing"
    else:
        wrong, expected = ~sound, "a finite number, with decimals behind a point and no thousands separators"
    _refuse_values(table, wrong, name, values, expected, faults)
    return numbers.alias(name)


def _refuse_type(name: str, values: pl.Series, expected: str, faults: Faults) -> None:
    message = f"the column {values.name!r} ({name}) is of the type {values.dtype}, expected {expected}; convert it"
    faults.add(Reason.INVALID_VALUE, message, found=str(values.dtype), expected=expected)


def _refuse_values(
    table: _Table, wrong: pl.Series, name: str, values: pl.Series, expected: str, faults: Faults
) -> None:
    for place in wrong.fill_null(value=True).arg_true():
        found = values[place]
        shown = "empty" if found is None or found == "" else f"{str(found)[:60]!r}"
        line, words = _place_of(table, place)
        message = f"{words}{name} is {shown}, expected {expected}"
        faults.add(Reason.INVALID_VALUE, message, line=line, found=str(found)[:60])


def _refuse_duplicates(frame: pl.DataFrame, table: _Table, faults: Faults) -> None:
    key = ["underlying", "date"]
    numbered = frame.with_row_index("place").with_columns(first=pl.col("place").min().over(key))
    for place, first in numbered.filter(pl.col("place") != pl.col("first")).select("place", "first").iter_rows():
        underlying, day = frame["underlying"][place], frame["date"][place]
        line, words = _place_of(table, place)
        other = f"{'line' if table.has_lines else 'row'} {table.lines[first]}"
        message = f"{words}a second price of {underlying} on {day}, the first is in {other}; keep one of them"
        faults.add(Reason.DUPLICATE_KEY, message, line=line, underlying=underlying, date=str(day))


def _place_of(table: _Table, place: int) -> tuple[int | None, str]:
    number = int(table.lines[place])
    return (number, "") if table.has_lines else (None, f"row {number}: ")


def _gaps(frame: pl.DataFrame, path: str) -> list[Problem]:
    """A warning for every underlying whose dates lie further apart than holidays explain."""
    found = (
        frame.with_columns(before=pl.col("date").shift(1).over("underlying"))
        .with_columns(days=(pl.col("date") - pl.col("before")).dt.total_days())
        .filter(pl.col("days") > LARGEST_GAP_DAYS)
        .sort("underlying", "days", "date", descending=[False, True, False])
        .group_by("underlying", maintain_order=True)
        .agg(pl.len(), pl.col("days", "before", "date").first())
    )
    problems = []
    for underlying, number, days, before, after in found.iter_rows():
        count = "a gap" if number == 1 else f"{number:,} gaps, the longest"
        message = (
            f"the prices of {underlying} have {count} of {days} days, from {before} to {after}; "
            "the move over a gap counts as one day's: fill it, or start the history after it"
        )
        problems.append(Problem(Reason.MISSING_FIELD, message, Severity.WARNING, file=path))
    return problems
