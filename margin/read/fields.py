"""Field types of the project's own YAML documents: text, dates, periods and numbers, all strict."""

from __future__ import annotations

import math
import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from margin.model.contract import normalise_period
from margin.read.numbers import LARGEST_NUMBER
from margin.read.validated import CUSTOM_ERROR

MAX_EXACT_WHOLE = 2**53
"""Whole numbers up to this size are exact as doubles."""


class Entry(BaseModel):
    """A mapping of the document: exactly the named fields, exactly their types, unchangeable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def complain(message: str) -> PydanticCustomError:
    """An error whose message is shown as it is."""
    return PydanticCustomError(CUSTOM_ERROR, "{text}", {"text": message})


def _digits_are_text(value: Any) -> Any:
    # The loader reads only such whole numbers as numbers that print back as they were written.
    return str(value) if type(value) is int else value


def _check_text(text: str) -> str:
    if not text.strip():
        raise complain("expected text that is not empty")
    if text != text.strip() or any(ord(character) < 0x20 for character in text):
        raise complain("expected text without blanks around it and without line breaks")
    return text


def _check_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else _refuse_date()
    except ValueError:
        return _refuse_date()


def _refuse_date() -> str:
    raise complain("expected a date such as 2026-06-25")


_PERIOD = re.compile(r"[0-9A-Za-z]{1,11}")


def _check_period(text: str) -> str:
    """A normalised period; those that begin like dates must be dates."""
    period = normalise_period(text)
    if not _PERIOD.fullmatch(period) and period:
        raise complain("expected a period such as 202609, 2026-09-24 or 202609W1")
    if re.match("[0-9]{6}", period) and not 1 <= int(period[4:6]) <= 12:
        raise complain(f"expected a period such as 202609: there is no month {period[4:6]}")
    if re.fullmatch("[0-9]{8}", period) and not _is_date(period):
        raise complain(f"expected a period such as 20260924: there is no day {period[6:]} in that month")
    return period


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _check_exact(value: Any) -> Any:
    if type(value) is int and abs(value) > MAX_EXACT_WHOLE:
        raise complain("the number has more digits than can be calculated exactly")
    if type(value) is float and math.isfinite(value) and abs(value) > LARGEST_NUMBER:
        raise complain("the number is too large to calculate with, expected at most 1e18")
    return value


_FRACTION = re.compile(r"[-+]?[0-9]{1,9}/[0-9]{1,9}")


def _fraction_is_number(value: Any) -> Any:
    """``1/3`` as the nearest double; everything else as it is."""
    if isinstance(value, str):
        if not _FRACTION.fullmatch(value) or int(value.split("/")[1]) == 0:
            raise complain("expected a number or a fraction such as 1/3")
        return float(Fraction(value))
    return _check_exact(value)


_TEXT_SCHEMA = {"type": ["string", "integer"], "minLength": 1}

Text = Annotated[str, BeforeValidator(_digits_are_text), AfterValidator(_check_text), WithJsonSchema(_TEXT_SCHEMA)]
"""Text that is not empty; digits need no quotes."""

IsoDate = Annotated[
    str,
    BeforeValidator(_digits_are_text),
    AfterValidator(_check_date),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]
"""A date as ``YYYY-MM-DD``."""

Period = Annotated[str, BeforeValidator(_digits_are_text), AfterValidator(_check_period), WithJsonSchema(_TEXT_SCHEMA)]
"""A contract period, normalised."""

Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_check_exact)]
"""A finite number."""

PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_check_exact)]
"""A finite number above zero."""

UnsignedNumber = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_check_exact)]
"""A finite number that is not negative."""

Move = Annotated[
    float,
    BeforeValidator(_fraction_is_number),
    Field(allow_inf_nan=False),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[-+]?[0-9]{1,9}/[0-9]{1,9}$"}]}),
]
"""A number or a fraction written as text."""
