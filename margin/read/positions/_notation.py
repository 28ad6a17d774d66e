"""How a text table writes its numbers: decimal point or comma, and thousands separators, told without guessing.

``1,234`` is 1234 where commas separate thousands and 1.234 where they start the decimals. A value such as
``1,234.5`` or ``12,5`` can be read in one way only, and settles how the others of its file are meant; where no
value does, or two contradict each other, what could mean either is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from margin.read.positions._columns import Column
from margin.read.positions._convert import invalid
from margin.read.positions._row_faults import RowFault, RowFaults

Decimal = Literal["point", "comma"]
"""What a file writes before the decimals."""

DECIMALS: tuple[Decimal, ...] = get_args(Decimal)

NUMBER_COLUMNS = frozenset({"quantity", "long", "short", "strike", "price"})
"""Columns whose numbers may be written in more than one way."""

_OTHER: dict[Decimal, Decimal] = {"point": "comma", "comma": "point"}
_MARKS: dict[Decimal, str] = {"point": ".", "comma": ","}


def _either_way(mark: str) -> str:
    """Numbers whose only mark may separate thousands or decimals: ``1,234``, but not ``0,234`` or ``12,34``."""
    return rf"^\s*[+-]?[1-9]\d{{0,2}}{mark}\d{{3}}\s*$"


def _one_way(decimal: str, group: str) -> str:
    """Numbers that make sense with these marks only, unless they match `_either_way`."""
    plain = rf"(?:\d*{decimal}\d+|\d+{decimal}\d*)(?:[eE][+-]?\d+)?"
    grouped = rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+{decimal}\d+|[1-9]\d{{0,2}}(?:{group}\d{{3}}){{2,}}"
    return rf"^\s*[+-]?(?:{plain}|{grouped})\s*$"


_EITHER_WAY: dict[Decimal, str] = {"point": _either_way(r"\."), "comma": _either_way(",")}
_ONE_WAY: dict[Decimal, str] = {"point": _one_way(r"\.", ","), "comma": _one_way(",", r"\.")}


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes its numbers.

    Attributes:
        decimal: What stands before decimals; `None` where the file does not show it, or shows both.
        is_point_plain: Whether ``1.234`` has decimals where the file does not show it: so it is where commas
            separate the columns, but not in the tables of spreadsheets that write decimal commas.
        stated: Whether the user said it, and the file need not show it.
    """

    decimal: Decimal | None
    is_point_plain: bool
    stated: bool = False


def find_notation(columns: Iterable[pl.Series], delimiter: str, stated: Decimal | None) -> Notation:
    """How a file writes its numbers.

    Args:
        columns: Its columns of numbers, as text.
        delimiter: What separates its columns.
        stated: What the user says stands before decimals, `None` if nothing.
    """
    is_point_plain = delimiter == ","
    if stated is not None:
        return Notation(stated, is_point_plain, stated=True)
    shown: set[Decimal] = set()
    for values in columns:
        marked = values.filter(values.str.contains(r"[.,]")).unique()
        shown |= {decimal for decimal in DECIMALS if _only(marked, decimal).any()}
    return Notation(shown.pop() if len(shown) == 1 else None, is_point_plain)


def _only(values: pl.Series, decimal: Decimal) -> pl.Series:
    """Whether each value can be read with these decimals only."""
    return values.str.contains(_ONE_WAY[decimal]) & ~values.str.contains(_EITHER_WAY[decimal])


def to_plain_numbers(values: pl.Series, column: Column, rows: RowFaults, notation: Notation) -> pl.Series:
    """A column of numbers as text with a decimal point and without thousands separators.

    Values that the notation does not settle are null and a fault each; what is no number stays as it is.
    """
    marked = values.str.contains(r"[.,]").fill_null(False)
    if not marked.any():
        return values
    if notation.decimal is None:
        doubtful = marked & values.str.contains(_EITHER_WAY["comma"])
        if not notation.is_point_plain:
            doubtful |= marked & values.str.contains(_EITHER_WAY["point"])
        rows.add(column.target, doubtful, lambda row: _doubtful(column, values[row]))
        return values.set(doubtful.fill_null(False), None)
    other = _OTHER[notation.decimal]
    if notation.stated:
        contrary = marked & _only(values, other)
        found = values
        rows.add(column.target, contrary, lambda row: _contrary(column, found[row], other))
        values = values.set(contrary.fill_null(False), None)
    # In files that settle it, what could be read either way separates thousands with the other mark.
    readable = marked & (values.str.contains(_ONE_WAY[notation.decimal]) | values.str.contains(_EITHER_WAY[other]))
    plain = values.str.replace_all(_MARKS[other], "", literal=True)
    if notation.decimal == "comma":
        plain = plain.str.replace(",", ".", literal=True)
    return values.zip_with(~readable.fill_null(False), plain)


def _doubtful(column: Column, text: str) -> RowFault:
    number = text.strip()
    mark = "," if "," in number else "."
    expected = (
        f"a number that can be read in one way: this is {number.replace(mark, '')} or {number.replace(mark, '.')}, "
        "and the other numbers of the file do not show which"
    )
    separators = "thousands separators" if mark == "," else "a point that could be one between thousands"
    advice = f"say --decimal point or --decimal comma, or save the file without {separators}"
    return invalid(column, number, expected, advice)


def _contrary(column: Column, text: str, shown: Decimal) -> RowFault:
    expected = f"a number with a decimal {_OTHER[shown]}, as --decimal says"
    return invalid(column, text.strip(), expected, f"correct it, or say --decimal {shown}")
