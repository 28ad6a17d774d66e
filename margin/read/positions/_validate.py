"""From the raw table of an input to a positions frame: every value checked, every fault reported."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from margin.model.contract import OPTION_TYPES
from margin.model.position import POSITION_SCHEMA
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.numeric.arrays import IntArray
from margin.read.positions import _convert
from margin.read.positions._columns import SIDE, Column
from margin.read.positions._notation import NUMBER_COLUMNS, Notation, to_plain_numbers
from margin.read.positions._row_faults import RowFault, RowFaults

_CONVERTERS = {
    "is_customer": _convert.to_flag,
    "type": _convert.to_product_type,
    "expiry": _convert.to_period,
    "underlying_expiry": _convert.to_period,
    "right": _convert.to_right,
    "strike": _convert.to_number,
    "price": _convert.to_number,
    "quantity": _convert.to_quantity,
    "long": _convert.to_quantity,
    "short": _convert.to_quantity,
    "business_date": _convert.to_iso_date,
    SIDE: _convert.to_side,
}
"""How columns that are not plain text are read."""

_DATED_TYPES = sorted(OPTION_TYPES | {"FUT", "FWD"})


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as its format gives it, one column per `columns`, in that order.

    Attributes:
        columns: What the columns are called and mean.
        values: Their values.
        lines: As in `PositionPart`.
        first_line: As in `PositionPart`.
        may_have_blanks: Whether text may have blanks around it.
        may_have_nul: Whether text may hold NUL characters.
        notation: How numbers are written; `None` where text is a number only with a decimal point.
    """

    columns: tuple[Column, ...]
    values: tuple[pl.Series, ...]
    lines: IntArray | None = None
    first_line: int | None = 2
    may_have_blanks: bool = True
    may_have_nul: bool = False
    notation: Notation | None = None

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.values[0]) if self.values else 0

    def line_of(self, row: int) -> int | None:
        """Line of a row in its input, 1-based; `None` for a format without lines."""
        if self.lines is not None:
            return int(self.lines[row])
        return None if self.first_line is None else self.first_line + row


def validate(table: RawTable, faults: Faults) -> pl.DataFrame:
    """Turn a raw table into a positions frame.

    Args:
        table: The raw table; columns that it must have and has not were reported before.
        faults: Takes the faults of rows, in the order of the rows.

    Returns:
        Columns of `POSITION_SCHEMA` that the table has, in that order, then its extra columns; usable only if
        nothing was added to `faults`.
    """
    rows = RowFaults(table.height)
    values: dict[str, pl.Series] = {}
    extras: list[pl.Series] = []  # a column without a name and without values is a trailing delimiter
    for column, given in zip(table.columns, table.values, strict=True):
        raw = given
        if table.notation and column.target in NUMBER_COLUMNS and raw.dtype == pl.String:
            raw = to_plain_numbers(raw, column, rows, table.notation)
        if not column.known:
            if column.header or raw.null_count() < len(raw):
                extras.append(_convert.blank_as_null(raw).alias(column.target))
        elif column.target in _CONVERTERS:
            values[column.target] = _CONVERTERS[column.target](raw, column, rows)
        else:
            values[column.target] = _convert.to_text(
                raw, column, rows, trim=table.may_have_blanks, seek_nul=table.may_have_nul
            )
    _require_accounts(values, rows)
    _check_quantities(values, rows)
    _require_contracts(values, rows)
    rows.report(faults, table.line_of)
    known = [values[name].cast(kind).alias(name) for name, kind in POSITION_SCHEMA.items() if name in values]
    return pl.DataFrame([*known, *extras])


def _absent(name: str, values: dict[str, pl.Series], rows: RowFaults) -> pl.Series | None:
    """Rows that leave column `name` blank, `None` where no row does; unusable values count as given."""
    if name not in values:
        return pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    if not values[name].null_count():
        return None
    bad = rows.bad(name)
    absent = values[name].is_null()
    return absent if bad is None else absent & ~bad


def _missing(field: str, message: str) -> RowFault:
    return RowFault(Reason.MISSING_FIELD, message, {"field": field, "found": None})


def _require_accounts(values: dict[str, pl.Series], rows: RowFaults) -> None:
    absent = _absent("account", values, rows) if "account" in values else None
    if absent is not None:
        fault = _missing("account", "account is blank, expected an account; a position must belong to one")
        rows.add("account", absent, lambda _: fault)


def _check_quantities(values: dict[str, pl.Series], rows: RowFaults) -> None:
    """Exactly one of quantity, signed or with a side, and long with short; counts not negative."""
    for name in ("long", "short"):
        if name in values:
            _refuse_negative(name, values[name], rows, "a count of zero or more; long and short carry no sign")
    if not {"quantity", "long", "short"} & set(values):
        return  # reported as a missing column
    if "quantity" in values and not {"long", "short", SIDE} & set(values):
        absent = _absent("quantity", values, rows)
        if absent is not None:
            rows.add("quantity", absent, lambda _: _NO_QUANTITY)
        return
    given = {name: _given(name, values, rows) for name in ("quantity", "long", "short", SIDE)}
    either = given["long"] | given["short"]
    rows.add("quantity", given["quantity"] & either, lambda _: _BOTH_FORMS)
    rows.add("quantity", ~given["quantity"] & ~either, lambda _: _NO_QUANTITY)
    for name, other in (("long", "short"), ("short", "long")):
        if name in values and other in values:
            _require_beside(name, given[other] & ~given["quantity"], given[name], other, rows)
    if SIDE in values:
        _apply_sides(values, given, either, rows)


_NO_QUANTITY = _missing("quantity", "quantity is blank, expected a number; write 0 for a closed position")
_BOTH_FORMS = RowFault(
    Reason.INVALID_VALUE,
    "quantity and long or short are given in one row, expected one or the other; leave the others blank",
    {"field": "quantity"},
)


def _require_beside(name: str, wanted: pl.Series, given: pl.Series, other: str, rows: RowFaults) -> None:
    message = f"{other} is given and {name} is blank, expected both; write 0 where there is none"
    rows.add(name, wanted & ~given, lambda _: _missing(name, message))


def _given(name: str, values: dict[str, pl.Series], rows: RowFaults) -> pl.Series:
    absent = _absent(name, values, rows)
    return pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True) if absent is None else ~absent


def _refuse_negative(name: str, numbers: pl.Series, rows: RowFaults, expected: str) -> None:
    def describe(row: int) -> RowFault:
        message = f"{name} is {numbers[row]:g}, expected {expected}"
        return RowFault(Reason.INVALID_VALUE, message, {"field": name, "found": numbers[row], "expected": expected})

    rows.add(name, numbers < 0, describe)


def _apply_sides(values: dict[str, pl.Series], given: dict[str, pl.Series], either: pl.Series, rows: RowFaults) -> None:
    side = values.pop(SIDE)
    stray = "side stands beside long and short, expected it beside quantity only; leave it blank"
    rows.add(
        SIDE,
        given[SIDE] & either & ~given["quantity"],
        lambda _: RowFault(Reason.INVALID_VALUE, stray, {"field": SIDE}),
    )
    no_side = _missing(SIDE, "side is blank, expected BUY or SELL; a quantity in a table with sides has no sign")
    rows.add(SIDE, given["quantity"] & ~given[SIDE], lambda _: no_side)
    if "quantity" not in values:
        return
    expected = "zero or more beside a side; let either the side or the sign say the direction, not both"
    _refuse_negative("quantity", values["quantity"].set(~given[SIDE], None), rows, expected)
    values["quantity"] = _convert.without_negative_zero(values["quantity"] * side)


def _require_contracts(values: dict[str, pl.Series], rows: RowFaults) -> None:
    """Each row names a contract, or the codes without which none can be found."""
    if "contract" not in values and not {"product", "type"} <= set(values):
        return  # reported as a missing column
    by_parts = _absent("contract", values, rows)
    if by_parts is None or not by_parts.any():
        return
    if not {"product", "type"} & set(values):
        nameless = _missing("contract", "contract is blank, expected a contract identifier")
        rows.add("contract", by_parts, lambda _: nameless)
        return
    for name in ("product", "type"):
        _require_part(name, by_parts, "a position without a contract identifier needs product and type", values, rows)
    types = values.get("type")
    if types is None:
        return
    dated = by_parts & types.is_in(_DATED_TYPES)
    _require_part("expiry", dated, "write 00000000 where nothing expires", values, rows)
    options = by_parts & types.is_in(sorted(OPTION_TYPES))
    _require_part("right", options, "an option is a call (C) or a put (P)", values, rows)
    _require_part("strike", options, "an option has a strike", values, rows)


def _require_part(name: str, wanted: pl.Series, advice: str, values: dict[str, pl.Series], rows: RowFaults) -> None:
    absent = _absent(name, values, rows)
    if absent is not None:
        fault = _missing(name, f"{name} is blank, expected it with the other codes of the contract; {advice}")
        rows.add(name, wanted & absent, lambda _: fault)


def no_rows_warning(path: str) -> Problem:
    """The warning for an input that names its columns and holds no position."""
    message = "there is no position in this input, only the names of columns; check that it is complete"
    return Problem(Reason.MISSING_FIELD, message, Severity.WARNING, path)
