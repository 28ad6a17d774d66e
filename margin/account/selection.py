"""Some accounts of a book by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from margin.model.account import AccountBook
from margin.model.problem import Faults, Reason
from margin.read.validated import did_you_mean


def selected(book: AccountBook, only: Sequence[str]) -> AccountBook:
    """The accounts of these names, with everything they hold.

    Raises:
        InputRefused: With every name that no account has.
    """
    known = set(book.accounts["account"])
    faults = Faults()
    for name in only:
        if name not in known:
            message = f"there is no account {name!r} among the accounts{did_you_mean(name, known)}"
            faults.add(Reason.UNKNOWN_NAME, message, found=name)
    faults.refuse_if_any()
    kept = book.accounts.with_row_index("before").filter(pl.col("account").is_in(list(only)))
    numbers = kept.select(pl.col("before").cast(pl.Int32).alias("account_index")).with_row_index("now")

    def renumbered(frame: pl.DataFrame) -> pl.DataFrame:
        joined = frame.join(numbers, on="account_index", how="inner", maintain_order="left")
        return joined.with_columns(account_index=pl.col("now").cast(pl.Int32)).select(frame.columns)

    return replace(
        book,
        accounts=kept.drop("before"),
        balances=renumbered(book.balances),
        positions=renumbered(book.positions),
        orders=renumbered(book.orders),
    )
