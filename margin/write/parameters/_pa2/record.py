"""One record, written field by field: text that must fit, and numbers at the decimals of their field."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from types import MappingProxyType

from margin.read.parameters._pa2.layout import LAYOUTS, Field, line_length
from margin.write.parameters._pa2.limits import OTHER_FORMAT, Limits

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {record: MappingProxyType({field.name: field for field in fields}) for record, fields in LAYOUTS.items()}
)
"""Fields by record id and name."""

BLANK = ord(" ")


class Record:
    """A line that is being filled in; blank where nothing is put.

    Attributes:
        element: Path of what the record says, for refusals.
        line: Line of it in the source.
    """

    def __init__(self, record: str, element: str, limits: Limits, line: int | None = None) -> None:
        self.element = element
        self.line = line
        self.limits = limits
        self._fields = FIELDS[record]
        self._bytes = bytearray([BLANK]) * line_length(LAYOUTS[record])
        self._put(self._fields["record"], record)

    def text(self, name: str, value: str | None, element: str = "") -> None:
        """A code: refused where it does not fit, because another code would be another thing."""
        field = self._fields[name]
        if value and not (len(value) <= field.width and value.isascii() and value.isprintable()):
            self.limits.refuse_code(f"{self.element}{element}", value, field.width, self.line)
        else:
            self._put(field, value or "")

    def words(self, name: str, value: str | None, what: str) -> None:
        """A description: cut off where it does not fit."""
        field = self._fields[name]
        plain = (value or "").encode("ascii", "replace").decode()
        plain = "".join(letter if letter.isprintable() else "?" for letter in plain)
        if plain[: field.width] != (value or ""):
            self.limits.leave_out(f"letters of {what}")
        self._put(field, plain[: field.width])

    def number(self, name: str, value: float | None, what: str, element: str = "", decimals: int | None = None) -> None:
        """A number, rounded to the decimals of its field, ties away from zero.

        Args:
            name: The field.
            value: `None` leaves the field blank.
            what: Kind of number for the warning where it had to be rounded.
            element: Path inside the record's element.
            decimals: Implied decimals, where not those of the layout.
        """
        if value is None:
            return
        field, place = self._fields[name], f"{self.element}{element}"
        places = field.decimals if decimals is None else decimals
        if not isfinite(value):
            self.limits.refuse(place, value, "it has digits only", "correct the source", line=self.line)
            return
        exact = Decimal(repr(float(value)))
        whole = exact.scaleb(places).quantize(Decimal(1), ROUND_HALF_UP)
        if whole < 0 and field.sign is None:
            self.limits.refuse(
                place, float(value), "the field has no sign", f"use a number that is not negative, {OTHER_FORMAT}",
                line=self.line,
            )  # fmt: skip
        elif len(digits := f"{abs(whole):0{field.width}f}") > field.width:
            self.limits.refuse(
                place, float(value), f"the largest number it has room for is {_largest(field.width, places)}",
                f"use a larger unit, such as a higher risk exponent, {OTHER_FORMAT}", line=self.line,
            )  # fmt: skip
        else:
            difference = abs(whole.scaleb(-places) - exact)
            if difference:
                self.limits.differ(what, place, float(difference))
            self._put(field, digits)
            if whole < 0 and field.sign is not None:
                self._put(self._fields[field.sign], "-")

    def whole(self, name: str, value: float | None, element: str = "") -> None:
        """A whole number: refused where it is none, because a rounded one would mean something else."""
        if value is not None and value != int(value):
            self.limits.refuse(
                f"{self.element}{element}", float(value), "it has whole numbers for it",
                f"use a whole number, {OTHER_FORMAT}", line=self.line,
            )  # fmt: skip
        else:
            self.number(name, value, "", element, 0)

    def content(self) -> bytes:
        """The line, without blanks at its end."""
        return bytes(self._bytes).rstrip() + b"\n"

    def _put(self, field: Field, text: str) -> None:
        padded = text.ljust(field.width).encode("ascii")
        self._bytes[field.first - 1 : field.last] = padded


def _largest(width: int, decimals: int) -> str:
    return format((Decimal(10) ** width - 1).scaleb(-decimals), "f")
