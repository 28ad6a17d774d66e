"""What a reading of one file has found so far: faults, warnings, and typed values of elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from margin.model.contract import normalise_period
from margin.model.parameters import UnsupportedElement
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.read.numbers import LARGEST_NUMBER
from margin.read.parameters._spn.elements import Element

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_PERIOD = re.compile(r"\d{6}\w{0,3}|\d{4}-\d{2}-\d{2}", re.ASCII)
_LONGEST_SHOWN = 80
FLAGS = {
    **dict.fromkeys(("0", "false", "False", "FALSE", "N", "n"), False),
    **dict.fromkeys(("1", "true", "True", "TRUE", "Y", "y"), True),
}
"""How booleans are written: as the CME SPAN XML schema has them (``xs:boolean``), or as PA2 files and programs do."""


class Reading:
    """Collects what is wrong with one file while it is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.faults = Faults(path)
        self.warnings: list[Problem] = []
        self._said: set[str] = set()

    def warn(self, reason: Reason, message: str, *, line: int | None = None, **attributes: Any) -> None:
        """Record a warning: something that does not keep any figure from being computed."""
        self.warnings.append(
            Problem(reason, message, Severity.WARNING, file=self.path, line=line, attributes=attributes)
        )

    def warn_once(self, reason: Reason, message: str, *, line: int | None = None) -> None:
        """Record a warning about something that may stand in a file a thousand times."""
        if message not in self._said:
            self._said.add(message)
            self.warn(reason, message, line=line)


def parse_number(text: str) -> float | None:
    """A decimal number up to `LARGEST_NUMBER`, as `float` reads it; `None` for the rest, as ``1_000``, ``inf``."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if abs(number) <= LARGEST_NUMBER else None


def parse_period(text: str) -> str | None:
    """A normalised period; `None` for what is not a period: a date, or a month and up to three letters."""
    if not _PERIOD.fullmatch(text):
        return None
    period = normalise_period(text)
    if not period:
        return period
    return period if 1 <= int(period[4:6]) <= 12 and _is_day_code(period[6:]) else None


def _is_day_code(code: str) -> bool:
    return len(code) != 2 or not code.isdecimal() or 1 <= int(code) <= 31


class Fields:
    """Typed values of the elements directly inside one element; faults are collected, not raised.

    A ``require_…`` method records a missing or empty element as a fault and returns a neutral value, which
    never leaves the reader because the file is then refused.
    """

    def __init__(self, reading: Reading, element: Element, label: str) -> None:
        self.reading = reading
        self.element = element
        self.label = label
        self._found: dict[str, Element | None] = {}

    def text(self, name: str) -> str | None:
        """Text of an element; `None` if it is missing or empty."""
        child = self._only(name)
        return (child.text or None) if child is not None else None

    def require_text(self, name: str) -> str:
        """Text of an element that must be there."""
        text = self.text(name)
        if text is None:
            self._missing(name)
        return text or ""

    def number(self, name: str) -> float | None:
        """A finite decimal number; `None` if the element is missing or empty."""
        child = self._only(name)
        if child is None or not child.text:
            return None
        number = parse_number(child.text)
        if number is None:
            self.invalid(child, "a finite decimal number up to 1e18, such as 12.5")
        return number

    def require_number(self, name: str) -> float:
        """A number that must be there."""
        if self.text(name) is None:
            self._missing(name)
        return self.number(name) or 0.0

    def positive(self, name: str) -> float:
        """A number above zero that must be there."""
        child = self._only(name)
        number = self.require_number(name)
        if child is not None and parse_number(child.text) is not None and number <= 0:
            self.invalid(child, "a number above zero")
        return number

    def integer(self, name: str) -> int | None:
        """A whole number; `None` if the element is missing or empty."""
        child = self._only(name)
        if child is None or not child.text:
            return None
        if not _INTEGER.fullmatch(child.text):
            self.invalid(child, "a whole number")
            return None
        return int(child.text)

    def require_integer(self, name: str) -> int:
        """A whole number that must be there."""
        if self.text(name) is None:
            self._missing(name)
        return self.integer(name) or 0

    def flag(self, name: str) -> bool | None:
        """A boolean written 0 or 1 (or false, true); `None` if the element is missing or empty."""
        child = self._only(name)
        if child is None or not child.text:
            return None
        if child.text not in FLAGS:
            self.invalid(child, "0 or 1")
        return FLAGS.get(child.text)

    def require_flag(self, name: str) -> bool:
        """A boolean that must be there."""
        if self.text(name) is None:
            self._missing(name)
        return bool(self.flag(name))

    def period(self, name: str) -> str | None:
        """A normalised period; `None` if the element is missing or empty."""
        child = self._only(name)
        if child is None or not child.text:
            return None
        period = parse_period(child.text)
        if period is None:
            self.invalid(child, "a period such as 202606, 20260630 or 202606W1")
        return period

    def require_period(self, name: str) -> str:
        """A period that must be there."""
        if self.text(name) is None:
            self._missing(name)
        return self.period(name) or ""

    def rates(self, container: str = "rate") -> Mapping[str, float]:
        """Values by rate id of all ``rate`` elements (or elements like it) directly inside."""
        rates: dict[str, float] = {}
        for child in self.element.all(container):
            fields = Fields(self.reading, child, f"{self.label}/{container}")
            rate_id = fields.require_text("r")
            if rate_id in rates:
                self.duplicate(child, f"rate id {rate_id}")
            rates[rate_id] = fields.require_number("val")
        return MappingProxyType(rates)

    def unsupported(self, child: Element, value: str | None = None) -> UnsupportedElement:
        """An element inside this one that the model cannot express."""
        return UnsupportedElement(f"{self.label}/{child.name}", describe(child) if value is None else value, child.line)

    def invalid(self, child: Element, expected: str) -> None:
        """Record a value that is not what the element must hold."""
        self.reading.faults.add(
            Reason.INVALID_VALUE,
            f"{self.label}/{child.name}: found {shown(child.text)}, expected {expected}; correct the file",
            line=child.line,
            found=child.text[:_LONGEST_SHOWN],
            expected=expected,
            element=f"{self.label}/{child.name}",
        )

    def duplicate(self, child: Element, what: str) -> None:
        """Record something that is stated twice."""
        self.reading.faults.add(
            Reason.DUPLICATE_KEY,
            f"{self.label}: {what} is given more than once, expected once; remove one",
            line=child.line,
            found=what,
            element=self.label,
        )

    def _only(self, name: str) -> Element | None:
        if name not in self._found:
            found = list(self.element.all(name))
            if len(found) > 1:
                self.duplicate(found[1], f"<{name}>")
            self._found[name] = found[0] if found else None
        return self._found[name]

    def _missing(self, name: str) -> None:
        self.reading.faults.add(
            Reason.MISSING_FIELD,
            f"{self.label}: <{name}> is missing or empty, expected a value; correct the file",
            line=self.element.line,
            expected=name,
            element=self.label,
        )


def is_set(text: str) -> bool:
    """Whether a flag, number or id states anything: it is neither empty nor zero nor false."""
    return text not in ("", "0.0") and FLAGS.get(text, True)


def shown(text: str) -> str:
    """A text of the file as a message quotes it."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]!r}…"


def describe(element: Element) -> str:
    """The content of an element in one line: its text, or its inner elements as ``name=text``."""
    if not element.children:
        return element.text[:_LONGEST_SHOWN]
    return " ".join(
        f"{child.name}=({describe(child)})" if child.children else f"{child.name}={child.text[:_LONGEST_SHOWN]}"
        for child in element.children[:20]
    )
