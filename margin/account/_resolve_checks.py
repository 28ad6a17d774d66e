"""What names and rows must be for a book to be judged by a policy; everything that is not is a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from margin.account.arrays import MarketArrays
from margin.model.account import CROSS, AccountBook
from margin.model.account_policy import AccountPolicy, MarketPolicy
from margin.model.problem import LISTED_PROBLEMS, Faults, Reason
from margin.read.validated import did_you_mean

_SCOPE = ("account_index", "scope")
_NO_CODES = np.zeros(0, dtype=np.int64)


def check_names(book: AccountBook, policy: AccountPolicy, scenario: pl.DataFrame, faults: Faults) -> None:
    """Every asset and market that occurs has a rule."""
    if policy.other_assets is None:
        known = {*policy.assets}
        for table, frame in (("balance", book.balances), ("requirement", scenario)):
            unknown = frame.filter(~pl.col("asset").is_in(list(known)))
            for asset, row in _first_of_each(unknown, "asset"):
                message = (
                    f"{table} in {asset!r}, which the account policy does not name; add it to the policy's assets, "
                    f"or say under other_assets how such assets count{did_you_mean(asset, known)}"
                )
                _add(faults, Reason.UNKNOWN_NAME, message, book, row, found=asset)
    _check_call_assets(book, policy, faults)
    for frame in (book.positions, book.orders):
        unknown = frame.filter(~pl.col("market").is_in(list(policy.markets)))
        for name, row in _first_of_each(unknown, "market"):
            hint = did_you_mean(name, policy.markets)
            message = f"market {name!r} is not in the account policy; add it to the policy's markets{hint}"
            _add(faults, Reason.UNKNOWN_NAME, message, book, row, found=name)


def call_assets(book: AccountBook, policy: AccountPolicy) -> pl.Series:
    """The asset in which each account's margin is called, by row of the accounts frame; null where none is called."""
    if policy.margin_call is None:
        return pl.repeat(None, book.accounts.height, dtype=pl.String, eager=True)
    return book.accounts["call_asset"].fill_null(policy.margin_call.asset or policy.reporting_asset)


def _check_call_assets(book: AccountBook, policy: AccountPolicy, faults: Faults) -> None:
    """Every asset in which margin is called has a rule whose weights an amount can be found for."""
    if policy.margin_call is None:
        return
    called = book.accounts.with_columns(asset=call_assets(book, policy))
    for asset, row in _first_of_each(called, "asset"):
        rule = policy.assets.get(asset) or policy.other_assets
        if rule is None:
            hint = did_you_mean(asset, policy.assets)
            message = (
                f"margin is called in {asset!r}, which the account policy does not name; add it to its assets{hint}"
            )
            _add(faults, Reason.UNKNOWN_NAME, message, book, row, found=asset)
        elif rule.concentration.size_factor is not None:
            message = (
                f"margin is called in {asset!r}, whose weight shrinks with size (size_factor), so that the amount to "
                "call has no closed form; call another asset"
            )
            _add(faults, Reason.INVALID_VALUE, message, book, row, found=asset)


def check_buckets(book: AccountBook, faults: Faults) -> None:
    """Every bucket with positions or orders has margin of its own."""
    margins = book.balances.select(_SCOPE).unique()
    used = pl.concat([frame.select(*_SCOPE, "file", "line") for frame in (book.positions, book.orders)])
    bare = used.filter(pl.col("scope") != CROSS).join(margins, on=_SCOPE, how="anti")
    for row in bare.unique(_SCOPE, keep="first", maintain_order=True).iter_rows(named=True):
        message = (
            f"isolated:{row['scope']} has positions or orders but no balance, expected the margin of its own; "
            f"add a balance with scope isolated:{row['scope']}"
        )
        _add(faults, Reason.MISSING_FIELD, message, book, row, found=row["scope"])


def check_positions(book: AccountBook, policy: AccountPolicy, faults: Faults) -> None:
    """Every position can be margined by the rule of its market."""
    markets = _market_frame(policy.markets)
    rows = book.positions.join(markets, on="market", how="left", maintain_order="left")
    has_profit = pl.col("kind").is_in(["linear", "inverse"])
    for condition, words in (
        (has_profit & pl.col("entry").is_null(), "has no entry price, which its profit is reckoned from; add entry"),
        (
            (pl.col("kind") == "option") & (pl.col("quantity") < 0.0),
            "is a short option, whose risk no rate covers; margin it from risk parameters instead",
        ),
        (
            pl.col("leverage") > pl.col("max_leverage"),
            "has more leverage than its market allows; correct leverage, or the market's max_leverage",
        ),
    ):
        wrong = rows.filter(condition)
        for row in wrong.head(LISTED_PROBLEMS).iter_rows(named=True):
            message = f"position in {row['market']} {words}"
            _add(faults, Reason.INVALID_VALUE, message, book, row, found=row["market"])
        faults.count_unlisted(max(0, wrong.height - LISTED_PROBLEMS))
    chosen = (*_SCOPE, "market")
    differing = rows.group_by(chosen, maintain_order=True).agg(
        pl.col("leverage").drop_nulls().n_unique().alias("number"), pl.col("file").first(), pl.col("line").first()
    )
    for row in differing.filter(pl.col("number") > 1).iter_rows(named=True):
        message = f"positions in {row['market']} choose different leverages, expected one per market; keep one"
        _add(faults, Reason.INVALID_VALUE, message, book, row, found=row["market"])


def _market_frame(markets: Mapping[str, MarketPolicy]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "market": list(markets),
            "kind": [str(one.kind) for one in markets.values()],
            "max_leverage": [one.max_leverage for one in markets.values()],
        },
        schema={"market": pl.String, "kind": pl.String, "max_leverage": pl.Float64},
    )


def check_initial_rates(groups: pl.DataFrame, markets: MarketArrays, faults: Faults) -> None:
    """Every group of a linear or inverse market has an initial rate: the market's or the account's leverage."""
    numbers = {name: number for number, name in enumerate(markets.names)}
    code = groups["market"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy() if groups.height else _NO_CODES
    needs = (markets.is_linear | markets.is_inverse)[code]
    has_rate = np.isfinite(markets.initial.rate[code]).all(axis=1) & (markets.initial.rate[code] > 0.0).any(axis=1)
    bare = groups.filter(pl.Series(needs & ~has_rate) & pl.col("leverage").is_null())
    for name, _ in _first_of_each(bare.with_columns(file=pl.lit(None), line=pl.lit(None)), "market"):
        message = (
            f"market {name!r} has no initial rates and a position or order in it chooses no leverage; "
            "add initial_tiers to the policy's market, or leverage to its positions"
        )
        faults.add(Reason.MISSING_FIELD, message, found=name)


def _first_of_each(frame: pl.DataFrame, column: str) -> list[tuple[str, dict[str, int | None]]]:
    rows = frame.unique(column, keep="first", maintain_order=True).head(LISTED_PROBLEMS)
    places = rows.select("file", "line") if {"file", "line"} <= set(rows.columns) else None
    if places is None:
        return [(name, {}) for name in rows[column]]
    return list(zip(rows[column], places.iter_rows(named=True), strict=True))


def _add(
    faults: Faults, reason: Reason, message: str, book: AccountBook, row: dict[str, int | None], **attributes: Any
) -> None:
    """Record a fault of a row where it stands."""
    file = row.get("file")
    faults.file = None if file is None or file >= len(book.sources) else book.sources[file].path
    faults.add(reason, message, line=row.get("line") or None, **attributes)
    faults.file = None
