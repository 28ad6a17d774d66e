"""Contracts of a house configuration in a CSV or Parquet file beside it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from pydantic import ValidationError

from margin.model.problem import Faults, Reason
from margin.read.native_noise import native_noise_held
from margin.read.parameters._house.contract_rows import ContractRow
from margin.read.parameters._house.document import ContractEntry
from margin.read.parquet_sizes import ParquetDamage, check_sizes
from margin.read.source import Source
from margin.read.validated import did_you_mean, explain
from margin.read.yaml_scalars import resolve_scalar

_NO_COLUMNS = frozenset(
    {
        "losses",
        "volatility_scan_range",
        "volatility_scan_range_down",
        "volatility_time_scaling",
        "volatility_floor",
        "look_ahead",
        "array_rounding",
    }
)
FIELDS = tuple(name for name in ContractEntry.model_fields if name not in _NO_COLUMNS)
"""Columns that a file may have besides losses."""

_NUMBER_FIELDS = frozenset(
    {
        "strike",
        "price",
        "contract_value",
        "contract_value_factor",
        "composite_delta",
        "delta_scaling_factor",
        "tick_value",
        "price_scan_range",
        "price_scan_range_down",
        "volatility",
        "time_to_expiry",
        "days_per_year",
        "rate",
        "carry",
    }
)
_LOSS_COLUMN = re.compile(r"(a|loss_)([1-9][0-9]{0,3})")


def rows_of_file(source: Source, faults: Faults) -> list[ContractRow]:
    """Contracts of a CSV or Parquet file; everything wrong with it goes to `faults`.

    Columns are the fields of a contract, and losses as ``a1``…``aN`` or ``loss_1``…``loss_N``. Empty cells
    are fields that are not given.
    """
    if source.content.startswith(b"PAR1"):
        return _read_parquet(source, faults)
    return _read_csv(source, faults)


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns of a file mean.

    Attributes:
        names: Header of each column.
        fields: Field name of each column; empty for losses.
        losses: Columns of losses in the order of scenarios.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...]
    losses: tuple[int, ...]


def _columns_of(headers: list[str], faults: Faults, line: int | None) -> _Columns | None:
    """Understand the headers; `None` where rows cannot be read by them. Unknown columns are passed over."""
    names = tuple(header.strip() for header in headers)
    losses: dict[int, int] = {}
    usable = True
    for i, name in enumerate(names):
        matched = _LOSS_COLUMN.fullmatch(name)
        if name in names[:i]:
            faults.add(Reason.DUPLICATE_KEY, f"the column {name!r} stands there twice; keep one", line=line)
            usable = False
        elif matched:
            losses[int(matched[2])] = i
        elif name not in FIELDS:
            hint = did_you_mean(name, FIELDS) or f"; known columns: {', '.join(FIELDS)}, a1, a2 …"
            faults.add(Reason.UNKNOWN_NAME, f"unknown column {name!r}{hint}", line=line, found=name)
    stated = [name for name in names if _LOSS_COLUMN.fullmatch(name)]
    numbers = range(1, len(stated) + 1)
    if {*stated} not in ({f"a{n}" for n in numbers}, {f"loss_{n}" for n in numbers}):
        faults.add(
            Reason.WRONG_LENGTH,
            f"the columns of losses are {', '.join(stated)}; expected a1, a2 … or loss_1, loss_2 … without gaps",
            line=line,
            found=stated,
        )
        usable = False
    for name in ("commodity", "type"):
        if name not in names:
            faults.add(Reason.MISSING_FIELD, f"the column {name!r} is missing; add it", line=line, expected=name)
            usable = False
    fields = tuple(name if name in FIELDS else "" for name in names)
    return _Columns(names, fields, tuple(losses[n] for n in numbers)) if usable else None


def _read_csv(source: Source, faults: Faults) -> list[ContractRow]:
    try:
        text = source.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(Reason.SYNTAX, "the text is not UTF-8; save the file as UTF-8", line=line)
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = io.StringIO(text, newline=None).read().split("\n")
    rows: list[ContractRow] = []
    try:
        headers = next(reader, [])
        columns = _columns_of(headers, faults, 1)
        if columns is None:
            return []
        for cells in reader:
            line = reader.line_num
            if not cells:
                continue
            if len(cells) != len(headers):
                faults.add(
                    Reason.WRONG_LENGTH,
                    f"found {len(cells)} cells, expected {len(headers)} as in the header; check for stray commas",
                    line=line,
                    found=len(cells),
                    expected=len(headers),
                )
                continue
            row = _CsvRow(line, lines[line - 1], columns.names)
            rows.extend(_sound_row(columns, list(map(_cell, cells)), f"line {line}", line, row.place_of, faults))
    except csv.Error as error:
        faults.add(Reason.SYNTAX, f"this is not valid CSV: {error}; check the quotes", line=reader.line_num)
    if not rows and not faults:
        faults.add(Reason.MISSING_FIELD, "the file holds no contracts; expected one per line", line=1)
    return rows


@dataclass(frozen=True, slots=True)
class _CsvRow:
    """Finds cells in the text of a line, for messages only."""

    line: int
    text: str
    names: tuple[str, ...]

    def place_of(self, field: str) -> tuple[int | None, int | None]:
        """Line and column where the cell of a column begins; the line alone for a column there is not."""
        if field not in self.names:
            return self.line, None
        wanted, quoted = self.names.index(field), False
        for i, character in enumerate(self.text):
            if wanted == 0:
                return self.line, i + 1
            if character == '"':
                quoted = not quoted
            elif character == "," and not quoted:
                wanted -= 1
        return self.line, len(self.text) + 1


def _cell(text: str) -> str | None:
    return text.strip() or None


def _read_parquet(source: Source, faults: Faults) -> list[ContractRow]:
    try:
        check_sizes(source.content)
        with native_noise_held():
            frame = pl.read_parquet(io.BytesIO(source.content))
    except (ParquetDamage, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        faults.add(Reason.UNREADABLE, f"the Parquet file cannot be read ({reason}); write or copy it again")
        return []
    columns = _columns_of(frame.columns, faults, None)
    if columns is None:
        return []
    if frame.is_empty():
        faults.add(Reason.MISSING_FIELD, "the file holds no contracts; expected one per row")

    def nowhere(_: str) -> tuple[int | None, int | None]:
        return None, None

    rows: list[ContractRow] = []
    for number, values in enumerate(frame.iter_rows(), start=1):
        cells = [value.isoformat() if type(value) is date else value for value in values]
        rows.extend(_sound_row(columns, cells, f"row {number}", None, nowhere, faults))
    return rows


def _sound_row(
    columns: _Columns,
    cells: list[Any],
    label: str,
    line: int | None,
    place_of: Callable[[str], tuple[int | None, int | None]],
    faults: Faults,
) -> Iterator[ContractRow]:
    """The row as a contract, if nothing is wrong with it."""
    fields = {name: cells[i] for i, name in enumerate(columns.fields) if name and cells[i] is not None}
    for name in _NUMBER_FIELDS & fields.keys():
        fields[name] = _number(fields[name])
    stated = [cells[i] for i in columns.losses]
    while stated and stated[-1] is None:
        stated.pop()
    losses = _plain_numbers(stated)
    if stated and losses is None:
        fields["losses"] = [_number(cell) for cell in stated]
    try:
        entry = ContractEntry.model_validate(fields)
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            reason, message, details = explain(ContractEntry, error)
            name = str(error["loc"][0])
            if len(error["loc"]) > 1:
                name = columns.names[columns.losses[int(error["loc"][1])]]
            at, column = place_of(name)
            faults.add(reason, f"{label}, {name}: {message}", line=at, column=column, field=name, **details)
        return
    # Millions of losses that are numbers at sight need no second look.
    yield ContractRow(entry.model_copy(update={"losses": losses}) if losses else entry, label, line, place_of)


_PLAIN = re.compile(r"[-+0-9.,]+")
_LEADING_ZERO = re.compile(r"(^|,)[-+]?0[0-9]")
_PLAIN_DIGITS = 300  # as many digits neither overflow nor vanish


def _plain_numbers(cells: list[Any]) -> list[float] | None:
    """Cells as numbers where all of them are written with digits, signs and points only; else `None`."""
    if not all(isinstance(cell, str) for cell in cells):
        return None
    text = ",".join(cells)
    if not _PLAIN.fullmatch(text) or _LEADING_ZERO.search(text) or max(map(len, cells)) > _PLAIN_DIGITS:
        return None
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def _number(cell: Any) -> Any:
    """The number of a cell; what is none stays as it is, for the field to refuse."""
    if not isinstance(cell, str):
        return cell
    value, _ = resolve_scalar(cell)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else cell
