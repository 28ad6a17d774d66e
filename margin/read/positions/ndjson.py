"""Positions as NDJSON: one JSON object per line, values plain texts, numbers, truth values or null."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from margin.model.position import PositionPart, PositionSource
from margin.model.problem import Faults, Reason
from margin.read.positions._columns import match_columns, misspelling_warnings, require_columns
from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._validate import RawTable, validate

FORMAT = "ndjson"

_BOM = b"\xef\xbb\xbf"
_SHOWN_CHARACTERS = 60

MAX_COLUMNS = 1_000
"""How many different keys an input may have; each is a column, as long as the input has lines."""


class _LineFault(ValueError):
    """What is wrong with one line; `str` of it is the message."""

    def __init__(self, reason: Reason, message: str, **attributes: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.attributes = attributes


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts like JSON; `read` explains what is wrong with a JSON document of another shape."""
    return head.removeprefix(_BOM).lstrip().startswith((b"{", b"["))


def read(source: PositionInput) -> PositionsRead:
    """Read one position per line; keys are the column names of text tables, numbers keep all their digits.

    Keys of the user's own are carried as text. Blank lines are skipped.

    Raises:
        InputRefused: With every fault of the input, line by line.
    """
    loaded = source.load()
    faults = Faults(source.path)
    columns, lines = _read_columns(loaded.content, faults)
    if not lines and not faults:
        faults.add(Reason.SYNTAX, "there is no JSON object in the input, expected one per line; check its source")
    names = list(columns)
    matched = match_columns(names, faults, line=None)
    if lines:
        require_columns(matched, faults, line=None)
    table = RawTable(
        matched,
        tuple(pl.Series(names[column.position], columns[names[column.position]], pl.String) for column in matched),
        np.array(lines, dtype=np.int64),
        may_have_nul=True,
    )
    positions = validate(table, faults)
    faults.refuse_if_any()
    part = PositionPart(PositionSource(source.path, loaded.sha256, FORMAT, positions.height), positions, table.lines)
    return PositionsRead(part, problems=misspelling_warnings(matched, source.path, line=None))


def _read_columns(content: bytes, faults: Faults) -> tuple[dict[str, list[str | None]], list[int]]:
    """All lines as columns of text, null where a line lacks the key, and the line of each row."""
    columns: dict[str, list[str | None]] = {}
    lines: list[int] = []
    decoder = json.JSONDecoder(object_pairs_hook=_unique_pairs, parse_float=str, parse_int=str, parse_constant=str)
    for number, raw in _numbered_lines(content):
        try:
            fields = _parse_line(raw, decoder)
        except _LineFault as fault:
            faults.add(fault.reason, str(fault), line=number, **fault.attributes)
            continue
        for key, value in fields.items():
            column = columns.get(key)
            if column is None:
                if len(columns) >= MAX_COLUMNS:
                    _refuse_column(key, number, faults)
                column = columns[key] = []
            column.extend([None] * (len(lines) - len(column)))
            column.append(value)
        lines.append(number)
    for column in columns.values():
        column.extend([None] * (len(lines) - len(column)))
    return columns, lines


def _refuse_column(key: str, line: int, faults: Faults) -> None:
    """End the reading at a key that is one too many, with the faults found before it."""
    faults.add(
        Reason.HOSTILE_CONTENT,
        f"key {key[:_SHOWN_CHARACTERS]!r} is the input's {MAX_COLUMNS + 1:,}th, expected at most {MAX_COLUMNS:,} "
        "different keys; write what varies from position to position as a value, not as a key",
        line=line,
        expected=MAX_COLUMNS,
    )
    faults.refuse_if_any()


def _numbered_lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    start = len(_BOM) if content.startswith(_BOM) else 0
    number = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        number += 1
        line = content[start:end].strip()
        if line:
            yield number, line
        start = end + 1


def _parse_line(raw: bytes, decoder: json.JSONDecoder) -> dict[str, str | None]:
    try:
        document = decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"byte {error.start} of the line (0x{raw[error.start]:02X}) is not UTF-8; save the file as UTF-8"
        raise _LineFault(Reason.SYNTAX, message, offset=error.start, expected="UTF-8") from error
    except json.JSONDecodeError as error:
        message = f"the line is not JSON ({error.msg} at character {error.colno}); write one whole object per line"
        raise _LineFault(Reason.SYNTAX, message, found=_cut(raw), character=error.colno) from error
    except RecursionError as error:
        message = "the line nests values too deeply, expected an object of plain values"
        raise _LineFault(Reason.HOSTILE_CONTENT, message) from error
    if not isinstance(document, dict):
        message = f'the line is {_cut(raw)}, expected an object such as {{"account": "A1", ...}}; write one per line'
        raise _LineFault(Reason.SYNTAX, message, found=_cut(raw))
    fields = {key: _as_text(key, value) for key, value in document.items()}
    if b"\\u" in raw:
        _refuse_lone_surrogates(fields)
    return fields


def _refuse_lone_surrogates(fields: dict[str, str | None]) -> None:
    """Refuse escapes that stand for half a character, which no text can hold."""
    for text in (text for pair in fields.items() for text in pair if text is not None):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            message = f"{text!a} holds half a character (a lone surrogate), expected text; correct the escape"
            raise _LineFault(Reason.SYNTAX, message) from error


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        message = f"key {twice!r} occurs twice in one object, expected once; keep one of them"
        raise _LineFault(Reason.DUPLICATE_KEY, message, found=twice)
    return fields


def _as_text(key: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    kind = "an object" if isinstance(value, dict) else "a list"
    message = f"{key} is {kind}, expected a plain value; write each part under a key of its own"
    raise _LineFault(Reason.INVALID_VALUE, message, field=key, found=kind)


def _cut(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace")
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."
