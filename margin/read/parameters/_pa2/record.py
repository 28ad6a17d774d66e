"""One line of a file with its fields: for the records of which a file has few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from margin.model.contract import normalise_period
from margin.read.parameters._pa2.layout import DELIVERY_BY_METHOD, LAYOUTS, Field
from margin.read.parameters._pa2.reading import Reading, digits_expected

BLANKS = " \0"
"""Bytes that say nothing: some programs fill with NUL."""


@cache
def _fields_of(kind: str, method: str) -> Mapping[str, Field]:
    """Fields of a record type by name; those of a delivery record depend on its method."""
    layout = DELIVERY_BY_METHOD.get(method, DELIVERY_BY_METHOD["other"]) if kind == "4" else LAYOUTS[kind]
    return MappingProxyType({field.name: field for field in layout})


class Record:
    """Typed values of one line's fields; faults are collected, not raised.

    A blank number is `None`: it is not given. A ``require_…`` method records a blank field as a fault and returns
    a neutral value, which never leaves the reader because the file is then refused.
    """

    def __init__(self, kind: str, content: bytes, line: int, reading: Reading) -> None:
        self.kind = kind
        self.line = line
        self.reading = reading
        self._text = content.decode("latin-1")
        self._told: set[str] = set()
        self._fields = _fields_of(kind, self._text[8:10].strip(BLANKS) if kind == "4" else "")

    def equals(self, other: Record) -> bool:
        """Whether two lines say the same."""
        return self._text.rstrip(BLANKS) == other._text.rstrip(BLANKS)

    def raw(self, name: str) -> str:
        """The bytes of a field as they stand; shorter where the line ends."""
        field = self._fields[name]
        return self._text[field.first - 1 : field.last]

    def text(self, name: str) -> str:
        """Text without surrounding blanks; empty if the field is blank."""
        return self.raw(name).strip(BLANKS)

    def require_text(self, name: str) -> str:
        """Text that must be there."""
        text = self.text(name)
        if not text:
            self.missing(name, "text")
        return text

    def one_of(self, name: str, words: Mapping[str, str]) -> str | None:
        """The meaning of a code; `None` if it is blank or none of the codes."""
        text = self.text(name)
        if text and text not in words:
            known = ", ".join(
                f"{code} ({word})" if word.lower() != code.lower() else code for code, word in words.items()
            )
            self.invalid(name, f"one of {known}")
        return words.get(text)

    def is_set(self, name: str) -> bool | None:
        """A flag written Y or N; `None` if it is blank."""
        meaning = self.one_of(name, _FLAGS)
        return None if meaning is None else meaning == "yes"

    def digits(self, name: str) -> int | None:
        """The digits of a field as a whole number, without sign and implied decimals; `None` if it is blank."""
        field, raw = self._fields[name], self.raw(name)
        text = raw.strip(BLANKS)
        if not text:
            return None
        sign, figures = 1, raw
        if field.kind == "locator" and raw[0] in "+-":
            sign, figures = (-1 if raw[0] == "-" else 1), raw[1:]
        if len(raw) != field.width or not (figures.isascii() and figures.isdecimal()):
            self.invalid(name, digits_expected(field))
            return None
        return sign * int(figures)

    def signed_digits(self, name: str) -> int | None:
        """The digits of a field with the sign that stands in a byte of its own."""
        digits, sign = self.digits(name), self._fields[name].sign
        return -digits if digits and sign is not None and self.raw(sign) == "-" else digits

    def number(self, name: str) -> float | None:
        """A number with its implied decimals and sign; `None` if the field is blank."""
        digits = self.signed_digits(name)
        return None if digits is None else digits / 10 ** self._fields[name].decimals

    def require_number(self, name: str) -> float:
        """A number that must be there."""
        number = self.number(name)
        if number is None and not self.text(name):
            self.missing(name, digits_expected(self._fields[name]).removesuffix(" or blanks"))
        return number or 0.0

    def positive(self, name: str) -> float:
        """A number above zero that must be there."""
        number = self.require_number(name)
        if self.text(name).strip("0") == "" and self.text(name):
            self.invalid(name, "a number above zero")
        return number

    def require_integer(self, name: str) -> int:
        """A whole number that must be there."""
        self.require_number(name)
        return (self.digits(name) if self.text(name) else None) or 0

    def period(self, month: str, day: str) -> str | None:
        """A normalised period from a month and its day or week code; `None` without a month (blank, zeros, nines)."""
        text = self.text(month)
        if not text.strip("0") or not text.strip("9"):
            return None
        period = parse_period(text, self.text(day))
        if period is None:
            self.invalid(month, "a month such as 202606, with a day or week code such as 15 or W1 where one is given")
        return period

    def numbered(self, name: str) -> Iterator[tuple[int, str]]:
        """The numbers of a repeated field, with the field's name in each repetition."""
        index = 1
        while f"{name}_{index}" in self._fields:
            yield index, f"{name}_{index}"
            index += 1

    def check(self) -> None:
        """Record every number of the line that is none."""
        for field in self._fields.values():
            if field.kind in ("number", "locator"):
                self.digits(field.name)

    def invalid(self, name: str, expected: str) -> None:
        """Record a field that does not hold what it must, once however often it is asked for."""
        if name not in self._told:
            self._told.add(name)
            self.reading.invalid(self.kind, self._fields[name], self.line, self.raw(name), expected)

    def missing(self, name: str, expected: str) -> None:
        """Record a field that is blank and must not be, once however often it is asked for."""
        if name not in self._told:
            self._told.add(name)
            self.reading.missing(self.kind, self._fields[name], self.line, expected)


_FLAGS: Mapping[str, str] = MappingProxyType({"Y": "yes", "N": "no"})


def parse_period(month: str, day: str) -> str | None:
    """A normalised period from CCYYMM and a day or week code (``15``, ``W1``, ``SD``…); `None` if it is none.

    A code ``00`` or a blank one means the month.
    """
    if len(month) != 6 or not (month.isascii() and month.isdecimal()) or not 1 <= int(month[4:]) <= 12:
        return None
    if not all(character.isalnum() and character.isascii() for character in day):
        return None
    if day.isdecimal() and len(day) == 2 and int(day) > 31:
        return None
    return normalise_period(month + day)
