"""Risk from risk parameters, as a margin run found it, for the cross-margin accounts that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from margin.model.account import REQUIREMENT_SCHEMA, AccountBook
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Faults, Problem, Reason
from margin.model.run import MarginRun

_HEADLINE_CLASS = "CORE"


def scenario_requirements(
    run: MarginRun, book: AccountBook, only: Sequence[str] | None = None
) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """The risk of every margined account, by row of the book's accounts.

    A margined account belongs to the cross-margin account of its name whose firm, type and segregation, as far as
    they are stated, are its own. One cross-margin account may back several margined ones; their risks add up.

    Risk before option value meets equity that holds the option value; where a house asks for margin on notional
    besides (exposure margin), that is part of the risk. An account that is incomplete has a risk that is not known.

    Args:
        run: The margin run.
        book: The cross-margin accounts.
        only: Names of accounts to look at; `None` for all.

    Returns:
        Frame with `REQUIREMENT_SCHEMA`, and an error for every margined account that has no balances.

    Raises:
        InputRefused: A margined account fits several cross-margin accounts.
    """
    margined = run.accounts.with_row_index("run_index").with_columns(pl.col(ACCOUNT_KEY).fill_null(""))
    if only is not None:
        margined = margined.filter(pl.col("account").is_in(list(only)))
    matched = _matched(margined.select("run_index", *ACCOUNT_KEY), book)
    initial = run.requirement_rows.filter((pl.col("class") == _HEADLINE_CLASS) & (pl.col("kind") == "initial"))
    risks = margined.join(matched, on="run_index", how="left", maintain_order="left").join(
        initial.select(run_index=pl.col("account_index").cast(pl.UInt32), initial="span_risk"),
        on="run_index",
        how="left",
        maintain_order="left",
    )
    known = pl.col("complete")
    exposure = pl.col("exposure_margin").fill_null(0.0)
    problems = tuple(
        Problem(
            Reason.MISSING_FIELD,
            f"account {row['account']} has positions but is not among the accounts, so that its health is not known; "
            "add it with its balances",
            account=row["account"],
        )
        for row in risks.filter(pl.col("account_index").is_null()).iter_rows(named=True)
    )
    frame = risks.filter(pl.col("account_index").is_not_null() & ((pl.col("positions") > 0) | ~known)).select(
        "account_index",
        currency=pl.col("currency"),
        maintenance=pl.when(known).then(pl.col("span_risk") + exposure),
        initial=pl.when(known).then(pl.col("initial") + exposure),
        net_option_value=pl.when(known).then("net_option_value"),
        available_net_option_value=pl.when(known).then("available_net_option_value"),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in REQUIREMENT_SCHEMA.items()), problems


def _matched(margined: pl.DataFrame, book: AccountBook) -> pl.DataFrame:
    """The cross-margin account of each margined one: columns ``run_index`` and ``account_index``."""
    accounts = book.accounts.with_row_index("account_index").cast({"account_index": pl.Int32})
    stated = accounts.with_columns(
        pl.concat_str([pl.col(name).is_not_null().cast(pl.Int8) for name in ACCOUNT_KEY]).alias("pattern")
    )
    found = []
    for pattern in stated["pattern"].unique().sort():
        keys = [name for name, is_stated in zip(ACCOUNT_KEY, pattern, strict=True) if is_stated == "1"]
        some = stated.filter(pl.col("pattern") == pattern).select(*keys, "account_index")
        found.append(margined.join(some, on=keys, how="inner").select("run_index", "account_index"))
    if not found:
        return pl.DataFrame(schema={"run_index": pl.UInt32, "account_index": pl.Int32})
    matched = pl.concat(found).sort("run_index", "account_index")
    _refuse_ambiguous(matched, margined)
    return matched


def _refuse_ambiguous(matched: pl.DataFrame, margined: pl.DataFrame) -> None:
    faults = Faults()
    several = matched.filter(pl.col("run_index").is_duplicated())["run_index"].unique().sort()
    for index in several:
        row = margined.filter(pl.col("run_index") == index).row(0, named=True)
        said = ", ".join(f"{name} {row[name]}" for name in ACCOUNT_KEY if row[name])
        message = (
            f"the positions of {said} fit several accounts of the accounts file; "
            "state firm, account_type and segregation there so that one fits"
        )
        faults.add(Reason.AMBIGUOUS_CONTRACT, message, found=row["account"])
    faults.refuse_if_any()
