"""Cross-margin accounts as read: balances, positions and open orders, in one scope or kept apart in buckets.

Every row belongs to an account and to a scope of it: ``cross``, where the whole balance is collateral for all
positions, or an isolated bucket, whose balances back the positions of that bucket alone. Rows are columns of frames,
so that a book of a million accounts is a few arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from margin.model.problem import Problem

CROSS = ""
"""The scope of what backs the whole account; the scope of a bucket is the bucket's id."""

ISOLATED_PREFIX = "isolated:"
"""What stands before a bucket's id where a file names a scope: ``isolated:hedge-1``."""

NO_LINE = 0
"""The line of a row whose format has no lines."""


class AccountState(StrEnum):
    """What may be done with an account, from safest to worst; the two last are no judgement but the lack of one."""

    NORMAL = "normal"
    WARN = "warn"
    RESTRICT = "restrict"  # only orders that reduce risk
    LIQUIDATE = "liquidate"
    BANKRUPT = "bankrupt"
    STALE = "stale"  # a price that is needed is too old or too uncertain to judge by
    INCOMPLETE = "incomplete"  # a figure that is needed is not known


SEVERITY: tuple[AccountState, ...] = (
    AccountState.NORMAL,
    AccountState.WARN,
    AccountState.RESTRICT,
    AccountState.LIQUIDATE,
    AccountState.BANKRUPT,
)
"""States that are judgements, from safest to worst."""

CROSS_ACCOUNT_SCHEMA = pl.Schema(
    {
        "firm": pl.String,  # null: of whatever firm; likewise the two below
        "account": pl.String,
        "account_type": pl.String,
        "segregation": pl.String,
        "call_asset": pl.String,  # asset in which a margin call is made; null for the policy's
        "previous_state": pl.String,  # one of `SEVERITY`; null where none is known
        "file": pl.Int32,  # index into AccountBook.sources
        "line": pl.Int32,
    }
)
"""One row per account, sorted by its first four columns, nulls first."""

BALANCE_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,  # row in the accounts frame
        "scope": pl.String,  # `CROSS` or a bucket's id
        "asset": pl.String,
        "quantity": pl.Float64,  # units of the asset; negative for a loan
        "venue": pl.String,  # where it is held; null where not said, likewise the two below
        "chain": pl.String,
        "custodian": pl.String,
        "file": pl.Int32,
        "line": pl.Int32,
    }
)
"""Balances, any number of rows per account and asset: they add up."""

CROSS_POSITION_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,
        "scope": pl.String,
        "id": pl.String,  # unique in the account; null where none is given
        "market": pl.String,  # a market of the account policy
        "quantity": pl.Float64,  # signed, long > 0; contracts
        "entry": pl.Float64,  # average entry price; null for options and spot hedges, which have none
        "leverage": pl.Float64,  # chosen by the account; null for the market's own initial rate
        "file": pl.Int32,
        "line": pl.Int32,
    }
)
"""Positions that the account policy's markets margin; those margined from risk parameters are not among them."""

ORDER_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,
        "scope": pl.String,
        "id": pl.String,
        "market": pl.String,
        "quantity": pl.Float64,  # signed, buys > 0; what is still open
        "price": pl.Float64,  # limit
        "file": pl.Int32,
        "line": pl.Int32,
    }
)
"""Open orders."""

REQUIREMENT_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,
        "currency": pl.String,
        "maintenance": pl.Float64,  # risk before option value; null where it could not be computed
        "initial": pl.Float64,  # likewise; null where no initial risk is known
        "net_option_value": pl.Float64,  # all of it, signed
        "available_net_option_value": pl.Float64,  # what of it may stand against the risk
    }
)
"""Risk of the positions margined from risk parameters, cross scope, before option value.

What meets equity is risk *before* option value, because the equity holds the option value: it is counted once.
"""


@dataclass(frozen=True, slots=True)
class AccountSource:
    """Where account data came from; `rows` counts balances, positions, orders and accounts."""

    path: str
    sha256: str
    format: str
    rows: int


@dataclass(frozen=True, eq=False)
class AccountBook:
    """Cross-margin accounts of one or several files.

    Attributes:
        sources: The files.
        accounts: Frame with `CROSS_ACCOUNT_SCHEMA`.
        balances: Frame with `BALANCE_SCHEMA`.
        positions: Frame with `CROSS_POSITION_SCHEMA`.
        orders: Frame with `ORDER_SCHEMA`.
        problems: Warnings found while reading; faults are raised instead.
    """

    sources: tuple[AccountSource, ...] = ()
    accounts: pl.DataFrame = field(default_factory=CROSS_ACCOUNT_SCHEMA.to_frame)
    balances: pl.DataFrame = field(default_factory=BALANCE_SCHEMA.to_frame)
    positions: pl.DataFrame = field(default_factory=CROSS_POSITION_SCHEMA.to_frame)
    orders: pl.DataFrame = field(default_factory=ORDER_SCHEMA.to_frame)
    problems: tuple[Problem, ...] = ()
