"""Raw columns of position tables to typed ones: texts, codes, periods, dates, numbers and flags.

Each function takes a whole column, adds one fault per unusable value, and returns the column with null there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import polars as pl

from margin.model.contract import normalise_period
from margin.model.position import MAX_QUANTITY_DECIMALS
from margin.model.problem import Reason
from margin.read.positions._columns import Column
from margin.read.positions._row_faults import RowFault, RowFaults

LARGEST_EXACT = 2**53 - 1
"""Whole numbers up to this size are exact in double precision, and no larger one rounds to one of them."""

_PERIOD = re.compile(r"(\d{4})(\d{2})(\d{2}|[A-Za-z][0-9A-Za-z]{0,2}|\d{2}[A-Za-z])?")
_DASHED_PERIOD = re.compile(r"\d{4}-\d{2}(-(\d{2}|[A-Za-z][0-9A-Za-z]{0,2}))?")
_SLASHED_OR_DOTTED_DATE = re.compile(r"\d{1,4}[/.]\d{1,2}[/.]\d{2,4}( .*)?")
_FLOAT_PERIOD = re.compile(r"\d{6,8}\.0*")
_GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d+)?|[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_SHOWN_CHARACTERS = 80
_JOINED_ROWS = 1 << 18

RIGHTS = {"C": "C", "CALL": "C", "CE": "C", "P": "P", "PUT": "P", "PE": "P"}
SIDES = {"BUY": "1", "LONG": "1", "B": "1", "SELL": "-1", "SHORT": "-1", "S": "-1"}
FLAGS = {"1": "1", "TRUE": "1", "0": "0", "FALSE": "0"}


def shown(value: Any) -> str:
    """A value as messages show it: quoted, escaped and cut to a readable length."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "...")


def invalid(column: Column, found: Any, expected: str, advice: str) -> RowFault:
    """The fault of an unusable value."""
    message = f"{column.header} is {shown(found)}, expected {expected}; {advice}"
    attributes = {"field": column.target, "found": str(found), "expected": expected, "hint": advice}
    return RowFault(Reason.INVALID_VALUE, message, attributes)


def to_text(
    values: pl.Series, column: Column, rows: RowFaults, *, trim: bool = True, seek_nul: bool = False
) -> pl.Series:
    """A column of codes as stripped text, blank as null; whole numbers are taken as their digits.

    Args:
        values: The raw column.
        column: What it is called.
        rows: Takes the faults.
        trim: Look for surrounding blanks; may be false where the input is known to have none.
        seek_nul: Look for NUL characters; may be false where the input is known to have none.
    """
    values = _as_text(values, column, rows)
    unusual = (trim or seek_nul) and _has_unusual_characters(values)
    if unusual and trim:
        values = values.str.strip_chars()
    if unusual and seek_nul:
        found = values
        nul = found.str.contains("\0", literal=True)
        rows.add(column.target, nul, lambda row: invalid(column, found[row], "text", "remove the NUL character"))
    return blank_as_null(values)


def blank_as_null(values: pl.Series) -> pl.Series:
    """A column with empty text as null; anything but text stays."""
    if values.dtype != pl.String:
        return values
    empty = values == ""
    return values.set(empty, None) if empty.any() else values


def _has_unusual_characters(values: pl.Series) -> bool:
    """Whether any text holds more than visible ASCII; one look at all bytes is cheaper than one at each text."""
    for start in range(0, len(values), _JOINED_ROWS):
        joined = values.slice(start, _JOINED_ROWS).str.join().item()
        codes = np.frombuffer(joined.encode(), np.uint8)
        # Unsigned subtraction wraps, so one comparison finds what lies outside the range.
        if np.any(codes - np.uint8(0x21) > 0x7E - 0x21):
            return True
    return False


def _as_text(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    kind = values.dtype
    if kind == pl.String:
        return values
    if kind == pl.Null or kind.is_integer() or isinstance(kind, pl.Categorical | pl.Enum):
        return values.cast(pl.String)
    return _refuse_type(values, column, rows, "text", "convert it to text (strings) before writing the file")


def _refuse_type(values: pl.Series, column: Column, rows: RowFaults, expected: str, advice: str) -> pl.Series:
    """Report a whole column of the wrong type once, and return it as null text."""
    kind = str(values.dtype)
    message = f"column {column.header!r} has type {kind}, expected {expected}; {advice}"
    attributes = {"field": column.target, "found": kind, "expected": expected, "hint": advice}
    rows.refuse_column(column.target, RowFault(Reason.INVALID_VALUE, message, attributes))
    return pl.repeat(None, len(values), dtype=pl.String, eager=True)


def _map_values(
    values: pl.Series,
    column: Column,
    rows: RowFaults,
    convert: Callable[[str], str | None],
    describe: Callable[[str], tuple[str, str]],
) -> pl.Series:
    """Apply a function to each distinct text, stripped; where it returns `None` the value is at fault.

    `describe` gives what was expected and what to try for a faulty text. Blank texts become null.
    """
    values = _as_text(values, column, rows)
    mapping: dict[str, str | None] = {}
    faulty = []
    for text in values.unique().drop_nulls().to_list():
        stripped = text.strip()
        mapping[text] = convert(stripped) if stripped else None
        if stripped and mapping[text] is None:
            faulty.append(text)
    if faulty:
        rows.add(
            column.target,
            values.is_in(faulty),
            lambda row: invalid(column, values[row], *describe(values[row].strip())),
        )
    if all(text == converted for text, converted in mapping.items()):
        return values
    return values.replace_strict(mapping, default=None, return_dtype=pl.String)


def to_period(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Expiries, normalised; a contract that does not expire (``00000000``) becomes empty text."""
    if values.dtype == pl.Date:
        values = values.dt.strftime("%Y%m%d")
    return _map_values(values, column, rows, _period, _describe_period)


def _period(text: str) -> str | None:
    if "-" in text and not _DASHED_PERIOD.fullmatch(text):
        return None
    match = _PERIOD.fullmatch(text.replace("-", ""))
    if match is None or not text.isascii():
        return None
    normalised = normalise_period(text)
    if not normalised:
        return normalised
    month = int(match[2])
    day = match[3]
    if not 1 <= month <= 12 or (day is not None and day.isdigit() and int(day) > 31):
        return None
    return normalised


def _describe_period(text: str) -> tuple[str, str]:
    expected = "YYYYMM or YYYYMMDD, with an optional week code"
    if _FLOAT_PERIOD.fullmatch(text):
        return (
            expected,
            f"write {text.split('.')[0]} (the column was saved as a number; keep expiries as text)",
        )
    if _SLASHED_OR_DOTTED_DATE.fullmatch(text):
        return (
            expected,
            "a day and month in this form can be mistaken; write the date as 2026-06-30 or 20260630",
        )
    return expected, "write 202606, 20260630, 2026-06-30 or 202606W1, and 00000000 where nothing expires"


def to_iso_date(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Calendar dates as ISO text."""
    if values.dtype == pl.Date:
        values = values.dt.strftime("%Y-%m-%d")
    return _map_values(values, column, rows, _iso_date, _describe_date)


def _iso_date(text: str) -> str | None:
    if not re.fullmatch(r"\d{8}|\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _describe_date(text: str) -> tuple[str, str]:
    if _FLOAT_PERIOD.fullmatch(text):
        return "a date such as 2026-06-25 or 20260625", f"write {text.split('.')[0]}; keep dates as text"
    return "a date such as 2026-06-25 or 20260625", "write year, month and day in that order"


def to_right(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Option rights as ``C`` or ``P``."""
    advice = ("C or P (CALL, PUT, CE and PE are understood)", "leave it blank for anything but an option")
    return _map_values(values, column, rows, lambda text: RIGHTS.get(text.upper()), lambda _: advice)


def to_product_type(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Product types in upper case; whether a type exists is for the parameter file to say."""
    advice = ("a type such as FUT, OOP or OOF", "remove what is not a letter or a digit")
    return _map_values(
        values, column, rows, lambda text: text.upper() if text.isprintable() else None, lambda _: advice
    )


def to_flag(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Yes-or-no values."""
    if values.dtype == pl.Boolean:
        return values
    advice = ("1 or 0 (true and false are understood)", "write 1 for yes and 0 for no")
    texts = _map_values(values, column, rows, lambda text: FLAGS.get(text.upper()), lambda _: advice)
    return texts == "1"


def to_side(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Sides as the sign of the quantity, +1 for long."""
    advice = ("BUY, SELL, LONG, SHORT, B or S", "correct it, or drop the column and sign the quantity")
    texts = _map_values(values, column, rows, lambda text: SIDES.get(text.upper()), lambda _: advice)
    return texts.cast(pl.Float64)


def to_number(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Prices and money as doubles; infinite and undefined ones are faults."""
    raw = values
    if raw.dtype == pl.Null or raw.dtype.is_numeric():
        values = raw.cast(pl.Float64)
    elif raw.dtype == pl.String:
        values = raw.cast(pl.Float64, strict=False)
        if values.null_count() > raw.null_count():
            raw = to_text(raw, column, rows)
            values = raw.cast(pl.Float64, strict=False)
    else:
        return _refuse_type(raw, column, rows, "numbers", "write plain numbers").cast(pl.Float64)
    if values.null_count() == raw.null_count() and values.is_finite().all():
        return values
    faulty = raw.is_not_null() & ~values.is_finite().fill_null(False)
    rows.add(column.target, faulty, lambda row: _invalid_number(column, raw[row]))
    return values.set(faulty, None)


def _invalid_number(column: Column, found: Any) -> RowFault:
    expected = "a finite number such as -75 or 12.5"
    text = str(found)
    if _GROUPED_NUMBER.fullmatch(text):
        advice = "remove the thousands separators"
    elif _DECIMAL_COMMA.fullmatch(text):
        advice = "write a point for the decimals"
    elif text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        advice = "find out why the value is undefined in the source, and leave unknown optional values blank"
    elif re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text):
        advice = "the number is beyond what double precision holds; correct it"
    else:
        advice = "write digits with a point for decimals, without separators, units or currency signs"
    return invalid(column, found, expected, advice)


def to_quantity(values: pl.Series, column: Column, rows: RowFaults) -> pl.Series:
    """Quantities as doubles; more than `MAX_QUANTITY_DECIMALS` decimals or above `LARGEST_EXACT` is a fault."""
    raw = values
    numbers = to_number(values, column, rows)
    if raw.dtype == pl.Null or rows.is_refused(column.target):
        return numbers
    numbers = _refuse_if(
        numbers,
        numbers.abs() > LARGEST_EXACT,
        column,
        raw,
        rows,
        (f"a number of at most {LARGEST_EXACT:,}", "larger numbers are not exact; correct or split it"),
    )
    too_fine = _too_fine(raw, numbers)
    if too_fine is None:
        return numbers
    advice = "round it in the source: it is refused rather than rounded here"
    if raw.dtype == pl.Float32:
        advice = "store quantities as integers, decimals or 64-bit floats"
    expected = f"at most {MAX_QUANTITY_DECIMALS} decimals"
    numbers = _refuse_if(numbers, too_fine & numbers.is_not_null(), column, raw, rows, (expected, advice))
    return without_negative_zero(numbers)


def without_negative_zero(numbers: pl.Series) -> pl.Series:
    """The numbers with zero in place of negative zero."""
    zero = numbers == 0.0
    return numbers.set(zero, 0.0) if zero.any() else numbers


def _refuse_if(
    numbers: pl.Series,
    mask: pl.Series,
    column: Column,
    raw: pl.Series,
    rows: RowFaults,
    advice: tuple[str, str],
) -> pl.Series:
    if not mask.any():
        return numbers
    rows.add(column.target, mask, lambda row: invalid(column, raw[row], *advice))
    return numbers.set(mask.fill_null(False), None)


def _too_fine(raw: pl.Series, numbers: pl.Series) -> pl.Series | None:
    """Rows with more decimals than a quantity may have; `None` where no row can have any."""
    if raw.dtype.is_integer():
        return None
    if raw.dtype == pl.String:
        fine = raw.str.contains(rf"\.\d{{{MAX_QUANTITY_DECIMALS}}}\d*[1-9]")
        scientific = raw.str.contains(r"[eE]")
        return fine if not scientific.any() else _examine(raw, scientific, fine)
    if isinstance(raw.dtype, pl.Decimal):
        return raw != raw.round(MAX_QUANTITY_DECIMALS)
    scale = 10.0**MAX_QUANTITY_DECIMALS
    doubles = numbers.to_numpy()
    # n / 10**9 is the double nearest to that decimal as long as n itself is exact, hence the second look.
    # Divided by numpy: polars multiplies by the reciprocal, which is off by one last place now and then.
    fine = pl.Series(np.rint(doubles * scale) / scale != doubles)
    doubtful = fine & (numbers.abs() * scale >= LARGEST_EXACT)
    return fine if not doubtful.any() else _examine(numbers, doubtful, fine)


def _examine(values: pl.Series, doubtful: pl.Series, otherwise: pl.Series) -> pl.Series:
    """Decide doubtful rows one by one, from the decimal text of their values."""
    chosen = doubtful.fill_null(False).arg_true()
    verdicts = [has_too_many_decimals(str(value)) for value in values.gather(chosen).to_list()]
    return otherwise.scatter(chosen, verdicts)


def has_too_many_decimals(text: str) -> bool:
    """Whether a number's text has nonzero digits beyond `MAX_QUANTITY_DECIMALS` decimals."""
    try:
        _, digits, exponent = Decimal(text.strip()).as_tuple()
    except InvalidOperation:
        return True
    if not isinstance(exponent, int) or not any(digits):
        return False
    trailing_zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return exponent + trailing_zeros < -MAX_QUANTITY_DECIMALS
