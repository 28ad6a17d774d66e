"""From rows of several files to one book: accounts are numbered, and what must be unique is checked."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from margin.model.account import (
    BALANCE_SCHEMA,
    CROSS_ACCOUNT_SCHEMA,
    CROSS_POSITION_SCHEMA,
    ORDER_SCHEMA,
    AccountBook,
)
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import LISTED_PROBLEMS, Faults, InputRefused, Problem, Reason
from margin.read.accounts._rows import AccountRead


def account_book(reads: Sequence[AccountRead], faults: Faults) -> AccountBook:
    """The book of all files.

    Args:
        reads: What each file holds.
        faults: Takes accounts that are described twice, and ids that two positions or two orders of an account share.
    """
    sources = tuple(read.source for read in reads)
    if not reads:
        return AccountBook()
    rows = pl.concat(
        read.rows.with_columns(file=pl.lit(number, dtype=pl.Int32)) for number, read in enumerate(reads)
    ).with_columns(pl.col(ACCOUNT_KEY).fill_null(""))
    about = rows.filter(pl.col("kind") == "account")
    _refuse_repeated(about, ACCOUNT_KEY, "the account {account} is described", sources, faults)
    for kind in ("position", "order"):
        named = rows.filter((pl.col("kind") == kind) & pl.col("id").is_not_null())
        _refuse_repeated(named, (*ACCOUNT_KEY, "id"), f"the {kind} {{id}} of {{account}} stands", sources, faults)
    faults.refuse_if_any()
    described = about.select(*ACCOUNT_KEY, "call_asset", "previous_state", "file", "line")
    first = rows.group_by(ACCOUNT_KEY, maintain_order=True).agg(pl.col("file").first(), pl.col("line").first())
    accounts = (
        first.join(described, on=ACCOUNT_KEY, how="left")
        .sort(ACCOUNT_KEY)
        .with_row_index("account_index")
        .cast({"account_index": pl.Int32})
    )
    numbered = rows.join(accounts.select(*ACCOUNT_KEY, "account_index"), on=ACCOUNT_KEY, how="left")

    def of(kind: str, schema: pl.Schema) -> pl.DataFrame:
        chosen = numbered.filter(pl.col("kind") == kind).rename({"limit_price": "price"})
        return chosen.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).sort(
            "account_index", "file", "line", maintain_order=True
        )

    empty_as_null = (pl.when(pl.col(name) != "").then(name) for name in ACCOUNT_KEY)
    return AccountBook(
        sources=sources,
        accounts=accounts.with_columns(empty_as_null).select(CROSS_ACCOUNT_SCHEMA.names()).cast(CROSS_ACCOUNT_SCHEMA),
        balances=of("balance", BALANCE_SCHEMA),
        positions=of("position", CROSS_POSITION_SCHEMA),
        orders=of("order", ORDER_SCHEMA),
        problems=tuple(problem for read in reads for problem in read.problems),
    )


def _refuse_repeated(
    rows: pl.DataFrame, key: tuple[str, ...], words: str, sources: Sequence[object], faults: Faults
) -> None:
    """Report each row whose key an earlier row has, with the place of that row."""
    marked = rows.with_columns(
        pl.int_range(pl.len()).over(key).alias("before"),
        pl.col("file").first().over(key).alias("first_file"),
        pl.col("line").first().over(key).alias("first_line"),
    ).filter(pl.col("before") > 0)
    found = []
    for row in marked.head(LISTED_PROBLEMS).iter_rows(named=True):
        first = f"{_path(sources, row['first_file'])}" + (f", line {row['first_line']}" if row["first_line"] else "")
        message = f"{words.format(**row)} again, first in {first}; keep one of them"
        path = _path(sources, row["file"])
        found.append(Problem(Reason.DUPLICATE_KEY, message, file=path, line=row["line"] or None))
    faults.extend(InputRefused(found, marked.height))


def _path(sources: Sequence[object], number: int) -> str:
    return str(getattr(sources[number], "path", ""))
