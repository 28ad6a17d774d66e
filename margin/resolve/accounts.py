"""Gives accounts their codes and finds what kind of account each is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from margin.model.parameters import AccountType, ParameterSet
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.numeric.arrays import BoolArray, CodeArray

STANDARD_ACCOUNT_TYPES = (
    AccountType("S", True, "speculator", True, 1),
    AccountType("H", True, "hedger", True, 2),
    AccountType("M", True, "member", True, 3),
)
"""Account types of parameters that define none (house configuration)."""


@dataclass(frozen=True)
class AccountTable:
    """All accounts of a run, sorted by firm, account, account type and segregation.

    Attributes:
        frame: Columns of `ACCOUNT_KEY` (empty text where not given), ``is_customer`` and ``currency`` (nullable).
        types: The account types that occur.
        type_code: Index into `types` per account, shape (accounts,).
    """

    frame: pl.DataFrame
    types: tuple[AccountType, ...]
    type_code: CodeArray

    def __len__(self) -> int:
        return self.frame.height

    @property
    def is_net(self) -> BoolArray:
        """Whether each account is margined net, shape (accounts,)."""
        net = np.array([kind.is_net_margin for kind in self.types] or [True], dtype=np.bool_)
        return net[self.type_code]


def default_account_type(parameters: ParameterSet) -> AccountType:
    """The first customer type of the parameters."""
    types = parameters.account_types or STANDARD_ACCOUNT_TYPES
    return next((kind for kind in types if kind.is_customer), types[0])


def assumed_account_type(kind: AccountType, file: str) -> Problem:
    """The warning that positions without an account type are margined as a given type."""
    return Problem(
        Reason.ASSUMED_ACCOUNT_TYPE,
        f"the positions name no account type; margined as {kind.code}"
        f"{f' ({kind.name})' if kind.name else ''}. Give --account-type or a column account_type to choose",
        severity=Severity.WARNING,
        file=file,
        attributes={"account_type": kind.code},
    )


Place: TypeAlias = Callable[[int, int], tuple[str, int | None]]
"""Gives the file and line of a row of an input, by the number of the input and the row."""


def account_table(keys: pl.DataFrame, parameters: ParameterSet, place: Place) -> AccountTable:
    """Accounts from their keys.

    Args:
        keys: Columns of `ACCOUNT_KEY` and, where known, ``is_customer`` and ``currency``; ``input`` and ``row`` say
            where a key stands first, null for accounts that an input names without positions. Keys may repeat.
        parameters: Defines the account types.
        place: Gives the file and line of an input's row.

    Raises:
        InputRefused: An account type is unknown, or the rows of one account contradict each other.
    """
    faults = Faults()
    facts = keys.group_by(ACCOUNT_KEY).agg(
        is_customer=pl.col("is_customer").drop_nulls().unique().sort(),
        currency=pl.col("currency").drop_nulls().unique().sort(),
    )
    facts = facts.sort(ACCOUNT_KEY)
    for column in ("is_customer", "currency"):
        for row in facts.filter(pl.col(column).list.len() > 1).iter_rows(named=True):
            own = [pl.col(name) == row[name] for name in ACCOUNT_KEY]
            faults.file, line = _first_place(keys.filter(*own), place)
            faults.add(
                Reason.INVALID_VALUE,
                f"account {row['account']} is given several values of {column}: "
                f"{', '.join(map(str, row[column]))}. Give one, or separate the accounts by firm or segregation",
                line=line,
            )
    frame = facts.with_columns(pl.col("is_customer").list.first(), pl.col("currency").list.first())
    types, codes = _types_of(frame, parameters.account_types or STANDARD_ACCOUNT_TYPES, keys, place, faults)
    faults.refuse_if_any()
    return AccountTable(frame=frame, types=types, type_code=codes)


def _first_place(keys: pl.DataFrame, place: Place) -> tuple[str | None, int | None]:
    """File and line where the first of some keys stands."""
    known = keys.drop_nulls("input").head(1)
    return (None, None) if known.is_empty() else place(known["input"][0], known["row"][0])


def _types_of(
    frame: pl.DataFrame, known: Sequence[AccountType], keys: pl.DataFrame, place: Place, faults: Faults
) -> tuple[tuple[AccountType, ...], CodeArray]:
    """The account type of each account; an unknown one is a fault."""
    kinds = frame.select("account_type", "is_customer").unique().sort("account_type", "is_customer")
    types: list[AccountType] = []
    for code, is_customer in kinds.iter_rows():
        candidates = [kind for kind in known if kind.code == code and is_customer in (None, kind.is_customer)]
        if not candidates:
            who = {True: "customer ", False: "house ", None: ""}[is_customer]
            names = ", ".join(sorted({kind.code for kind in known if is_customer in (None, kind.is_customer)}))
            faults.file, line = _first_place(keys.filter(pl.col("account_type") == code), place)
            faults.add(
                Reason.UNKNOWN_ACCOUNT_TYPE,
                f"{who}account type {code!r} is not defined by the parameter file, which has: {names or 'none'}; "
                "correct it, or choose one with --account-type where the positions name none",
                line=line,
                found=code,
            )
            candidates = [AccountType(code, bool(is_customer))]
        types.append(max(candidates, key=lambda kind: kind.is_customer))
    codes = frame.select("account_type", "is_customer").join(
        kinds.with_row_index("type_code"),
        on=["account_type", "is_customer"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )["type_code"]
    return tuple(types), codes.to_numpy().astype(np.int32)
