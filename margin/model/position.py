"""Positions as read: who holds how much of what, before any identifier has been looked up."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from margin.model.problem import Problem
from margin.numeric.arrays import IntArray

ACCOUNT_KEY = ("firm", "account", "account_type", "segregation")
"""Columns that identify an account; a column that no input has counts as empty text."""

CONTRACT_PARTS = ("exchange", "product", "type", "expiry", "underlying_expiry", "right", "strike")
"""Columns that identify a contract by its codes; ``contract`` alone may stand for all of them."""

POSITION_SCHEMA = pl.Schema(
    {
        "firm": pl.String,
        "account": pl.String,
        "account_type": pl.String,
        "is_customer": pl.Boolean,
        "segregation": pl.String,
        "currency": pl.String,  # the account's reporting currency
        "clearing_org": pl.String,
        "commodity": pl.String,
        "contract": pl.String,
        "exchange": pl.String,
        "product": pl.String,
        "type": pl.String,
        "expiry": pl.String,
        "underlying_expiry": pl.String,
        "right": pl.String,
        "strike": pl.Float64,
        "quantity": pl.Float64,  # signed, long > 0; null where long and short are given
        "long": pl.Float64,
        "short": pl.Float64,  # a count of shorts, not negative
        "price": pl.Float64,
        "business_date": pl.String,  # ISO date the position belongs to
    }
)
"""Columns of a positions frame. A frame holds those of them that its input has, and always ``account``."""

ACCOUNT_BALANCE_SCHEMA = pl.Schema(
    {
        "firm": pl.String,
        "account": pl.String,
        "account_type": pl.String,
        "segregation": pl.String,
        "is_customer": pl.Boolean,
        "currency": pl.String,
        "ledger_balance": pl.Float64,
        "open_trade_equity": pl.Float64,
        "securities": pl.Float64,
    }
)
"""What position files say of the accounts themselves; one row per portfolio, also those without positions."""

MAX_QUANTITY_DECIMALS = 9
"""Quantities are exact to this many decimals; an input with more is refused rather than rounded."""


@dataclass(frozen=True, slots=True)
class PositionSource:
    """Where positions came from; `rows` counts position rows."""

    path: str
    sha256: str
    format: str
    rows: int


@dataclass(frozen=True, slots=True)
class PositionPart:
    """The positions of one input.

    Attributes:
        source: The input.
        frame: Columns of `POSITION_SCHEMA` that the input has, in that order and with those types, plus
            the input's own extra columns after them.
        lines: Line of each row in the input, shape (rows,); `None` where row *i* stands in line ``first_line + i``.
        first_line: Line of the first row, where `lines` is `None`; `None` for a format without lines.
    """

    source: PositionSource
    frame: pl.DataFrame
    lines: IntArray | None = None
    first_line: int | None = 2

    def line_of(self, row: int) -> int | None:
        """Line of a row in its input, 1-based; `None` for a format without lines."""
        if self.lines is not None:
            return int(self.lines[row])
        return None if self.first_line is None else self.first_line + row


@dataclass(frozen=True, slots=True)
class PositionBook:
    """All positions of a run, input by input, and what the inputs say of the accounts.

    Attributes:
        parts: One part per input, in the order given.
        balances: Frame with `ACCOUNT_BALANCE_SCHEMA`; empty where no input has account data.
        problems: Warnings found while reading; faults are raised instead.
    """

    parts: tuple[PositionPart, ...]
    balances: pl.DataFrame
    problems: tuple[Problem, ...] = ()
