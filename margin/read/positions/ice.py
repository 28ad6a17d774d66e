"""Positions as the batch CSV of ICE clearing systems: one record ``P`` per position, without a header.

Source: sample records in public code that writes such batches; there is no public description. What the samples do
not settle is refused rather than guessed: types ``D`` and ``M``, and anything but ``DCO`` and ``H`` in the last two
fields, which may set accounts apart. A type ``C`` or ``P`` is an option, and is taken to be one on a future.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from margin.model.position import PositionPart, PositionSource
from margin.model.problem import Faults, Reason
from margin.read.positions._careful_text import decode
from margin.read.positions._columns import Column
from margin.read.positions._convert import shown
from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._text_table import first_line
from margin.read.positions._validate import RawTable, validate

FORMAT = "ice"

FIELDS = ("record", "account", "exchange", "product", "type", "expiry", "strike", "quantity", "class", "origin")
"""The ten fields of a record, in their order."""

_TYPES = {"F": "FUT", "C": "OOF", "P": "OOF"}
_RIGHTS = ("C", "P")
_UNCERTAIN_TYPES = ("D", "M")
_RECORD = re.compile(r"\s*P,[^,]*,[^,]*,[^,]*,[A-Z],\d{8},-?\d*,[+-]?\d+,[^,]*,[^,]*")
_PERIOD = re.compile(r"\d{8}", re.ASCII)
_HUNDREDTHS = re.compile(r"\d+", re.ASCII)
_EXPECTED = {"class": "DCO", "origin": "H"}
_READ = ("account", "exchange", "product", "type", "expiry", "right", "strike", "quantity")


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with a position record: ``P``, ten fields, a type of one letter and a date."""
    line = first_line(head)
    return line is not None and _RECORD.fullmatch(line) is not None


def read(source: PositionInput) -> PositionsRead:
    """Read one position per record: quantities are signed, strikes in hundredths, a day ``00`` means a month.

    Raises:
        InputRefused: With every fault of the input.
    """
    loaded = source.load()
    faults = Faults(source.path)
    rows: list[tuple[str | None, ...]] = []
    lines: list[int] = []
    for number, line in enumerate((decode(loaded.content, faults) or "").split("\n"), start=1):
        if not line.strip():
            continue
        row = _read_record(line, number, faults)
        if row is not None:
            rows.append(row)
            lines.append(number)
    columns = tuple(Column(place, name, name, known=True) for place, name in enumerate(_READ))
    values = zip(*rows, strict=True) if rows else [()] * len(_READ)
    table = RawTable(
        columns,
        tuple(pl.Series(name, list(column), pl.String) for name, column in zip(_READ, values, strict=True)),
        np.array(lines, dtype=np.int64),
        may_have_nul=True,
    )
    frame = validate(table, faults)
    faults.refuse_if_any()
    return PositionsRead(
        PositionPart(PositionSource(source.path, loaded.sha256, FORMAT, frame.height), frame, table.lines)
    )


def _read_record(line: str, number: int, faults: Faults) -> tuple[str | None, ...] | None:
    """The values of a record under the names of `_READ`; `None` where it is not one."""
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != len(FIELDS):
        message = f"the record has {len(fields)} fields, expected {len(FIELDS)}: {', '.join(FIELDS)}"
        faults.add(Reason.WRONG_LENGTH, message, line=number, found=len(fields), expected=len(FIELDS))
        return None
    record = dict(zip(FIELDS, fields, strict=True))
    if record["record"] != "P":
        message = f"the record is {shown(record['record'])}, expected P for a position; remove other records"
        faults.add(Reason.INVALID_VALUE, message, line=number, found=record["record"], expected="P")
        return None
    _check_last_fields(record, number, faults)
    kind = record["type"]
    _check_type(kind, number, faults)
    _check_period(record["expiry"], number, faults)
    return (
        record["account"] or None,
        record["exchange"] or None,
        record["product"] or None,
        _TYPES.get(kind, "FUT"),  # a type that is not read has been reported
        record["expiry"] if _PERIOD.fullmatch(record["expiry"]) else "00000000",
        kind if kind in _RIGHTS else None,
        _strike(record["strike"], number, faults, is_option=kind in _RIGHTS),
        record["quantity"] or None,
    )


def _check_last_fields(record: dict[str, str], number: int, faults: Faults) -> None:
    for name, expected in _EXPECTED.items():
        if record[name] != expected:
            faults.add(
                Reason.UNSUPPORTED_RULE,
                f"{name} is {shown(record[name])}, expected {expected}: what other values set apart is not public; "
                "write the positions as CSV, with a column segregation or account_type for it",
                line=number,
                field=name,
                found=record[name],
                expected=expected,
            )


def _check_type(kind: str, number: int, faults: Faults) -> None:
    if kind in _TYPES:
        return
    advice = "correct it"
    if kind in _UNCERTAIN_TYPES:
        advice = "what D and M stand for is not public: write these positions as CSV with their type"
    faults.add(
        Reason.UNSUPPORTED_RULE if kind in _UNCERTAIN_TYPES else Reason.INVALID_VALUE,
        f"type is {shown(kind)}, expected F (future), C or P (call, put); {advice}",
        line=number,
        field="type",
        found=kind,
        expected="F, C or P",
    )


def _check_period(text: str, number: int, faults: Faults) -> None:
    if not _PERIOD.fullmatch(text):
        message = f"expiry is {shown(text)}, expected yyyyMMdd, or yyyyMM00 for a month; correct it"
        faults.add(Reason.INVALID_VALUE, message, line=number, field="expiry", found=text, expected="yyyyMMdd")


def _strike(text: str, number: int, faults: Faults, *, is_option: bool) -> str | None:
    """The strike in units, exactly; `None` for what is no option."""
    if not is_option and text in ("", "0"):
        return None
    if is_option and _HUNDREDTHS.fullmatch(text):
        return f"{text.zfill(3)[:-2]}.{text.zfill(3)[-2:]}"
    expected = "a strike in hundredths, digits only" if is_option else "0 or nothing beside a future"
    message = f"strike is {shown(text)}, expected {expected}; correct it"
    faults.add(Reason.INVALID_VALUE, message, line=number, field="strike", found=text, expected=expected)
    return "0" if is_option else None
