"""A position book as one frame with the place of each row, and what every writer of positions does with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from margin.model.position import ACCOUNT_KEY, POSITION_SCHEMA, PositionBook, PositionPart
from margin.model.problem import Faults, Problem, Reason, Severity

NO_EXPIRY = "00000000"
"""How position files write that a contract does not expire."""

BALANCES = ("ledger_balance", "open_trade_equity", "securities")
"""Columns of money that belongs to an account."""

_PERIODS = ("expiry", "underlying_expiry")
_NUMBERS = tuple(name for name, kind in POSITION_SCHEMA.items() if kind == pl.Float64)
_LARGEST_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class Rows:
    """All positions of a book.

    Attributes:
        frame: Columns of `POSITION_SCHEMA` that any input has, in that order, then the extra columns of all.
        parts: The inputs, whose rows follow one another in `frame`.
    """

    frame: pl.DataFrame
    parts: tuple[PositionPart, ...]

    def place(self, row: int) -> tuple[str | None, int | None]:
        """File and line of a row."""
        for part in self.parts:
            if row < part.frame.height:
                return part.source.path, part.line_of(row)
            row -= part.frame.height
        return None, None

    def column(self, name: str) -> pl.Series:
        """A column of `POSITION_SCHEMA`, null where no input has it."""
        if name in self.frame.columns:
            return self.frame[name]
        return pl.repeat(None, self.frame.height, dtype=POSITION_SCHEMA[name], eager=True).alias(name)

    def refuse(self, faults: Faults, mask: pl.Series, reason: Reason, message: str, field: str) -> None:
        """Record one fault for all rows where `mask` is true, at the place of the first.

        Args:
            faults: Takes the fault.
            mask: Which rows, null counting as false.
            reason: Why they are refused.
            message: What is wrong with them, said after their number.
            field: The column concerned.
        """
        found = mask.fill_null(False).arg_true()
        if len(found) == 0:
            return
        faults.file, line = self.place(int(found[0]))
        number = f"{len(found):,} position{'' if len(found) == 1 else 's, first here,'}"
        faults.add(reason, f"{number} {message}", line=line, field=field, found=len(found))


def rows_of(book: PositionBook, *, as_text: bool) -> Rows:
    """All positions of a book, with expiries as files write them.

    Args:
        book: The positions.
        as_text: Whether extra columns become text whatever type they have, and not only where inputs differ in it.

    Raises:
        InputRefused: Extra columns hold what has no text.
    """
    types: dict[str, set[pl.DataType]] = {}
    for part in book.parts:
        for name, kind in part.frame.schema.items():
            types.setdefault(name, set()).add(kind)
    extras = [name for name in types if name not in POSITION_SCHEMA]
    textual = {name for name in extras if as_text or len(types[name]) > 1}
    faults = Faults()
    frames = [_with_text(part, textual, faults) for part in book.parts]
    faults.refuse_if_any()
    frame = pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema={"account": pl.String})
    known = [name for name in POSITION_SCHEMA if name in frame.columns]
    periods = [pl.col(name).replace("", NO_EXPIRY) for name in _PERIODS if name in known]
    return Rows(frame.select(*known, *extras).with_columns(periods), book.parts)


def _with_text(part: PositionPart, names: Collection[str], faults: Faults) -> pl.DataFrame:
    """The frame of an input with some columns as text."""
    frame = part.frame
    for name in frame.columns:
        if name not in names:
            continue
        kind = frame.schema[name]
        text = None if kind.is_nested() else _text_of(frame[name])
        if text is not None:
            frame = frame.with_columns(text)
        else:
            faults.file = part.source.path
            message = f"column {name!r} has type {kind}, which has no text; drop the column"
            faults.add(Reason.INVALID_VALUE, message, field=name, found=str(kind))
    return frame


def _text_of(values: pl.Series) -> pl.Series | None:
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:  # bytes that are no text
        return None


def with_whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with number columns as integers where all of their values are."""
    whole = [
        name
        for name in _NUMBERS
        if name in frame.columns and (frame[name] == frame[name].round()).all() and _are_exact(frame[name])
    ]
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in whole)


def _are_exact(values: pl.Series) -> bool:
    return bool((values.abs() < _LARGEST_EXACT).all())


def balances_left_out(book: PositionBook, title: str) -> tuple[Problem, ...]:
    """Warnings that a format has no place for what the book says of the accounts themselves."""
    balances = book.balances
    with_money = balances.filter(pl.any_horizontal(pl.col(name).fill_null(0) != 0 for name in BALANCES)).height
    empty = empty_accounts(book).height
    warnings = []
    if with_money:
        warnings.append(
            f"the balances of {_accounts(with_money)} are left out: {title} has no place for them, so that equity "
            "and excess will be blank; write posfile to keep them"
        )
    if empty:
        warnings.append(f"{_accounts(empty)} without positions cannot be said in {title} and will not be reported")
    return tuple(warning(message, "balances") for message in warnings)


def empty_accounts(book: PositionBook) -> pl.DataFrame:
    """The balances of accounts that hold no position."""
    held = [part.frame.select(account_key(part.frame)).unique() for part in book.parts]
    keyed = book.balances.with_columns(expression.name.prefix("key_") for expression in account_key(book.balances))
    keys = [f"key_{name}" for name in ACCOUNT_KEY]
    return keyed.join(pl.concat(held), left_on=keys, right_on=ACCOUNT_KEY, how="anti") if held else keyed


def account_key(frame: pl.DataFrame) -> list[pl.Expr]:
    """What identifies the account of each row, empty text where nothing is stated."""
    return [(pl.col(name).fill_null("") if name in frame.columns else pl.lit("")).alias(name) for name in ACCOUNT_KEY]


def warning(message: str, element: str) -> Problem:
    """A warning that something is written less exactly than it was read."""
    return Problem(Reason.UNSUPPORTED_RULE, message, Severity.WARNING, attributes={"element": element})


def _accounts(number: int) -> str:
    return f"{number:,} account{'' if number == 1 else 's'}"
