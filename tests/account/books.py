"""Small books of accounts for tests, written as plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from margin.model.account import (
    BALANCE_SCHEMA,
    CROSS_ACCOUNT_SCHEMA,
    CROSS_POSITION_SCHEMA,
    ORDER_SCHEMA,
    AccountBook,
    AccountState,
)
from margin.model.account_market import PRICE_SCHEMA, AccountMarket
from margin.model.account_policy import (
    UNBOUNDED,
    AccountPolicy,
    AssetPolicy,
    MarketKind,
    MarketPolicy,
    RateTier,
    StateRule,
    WeightTier,
)

STATES = (
    StateRule(AccountState.BANKRUPT, equity_below=0.0),
    StateRule(AccountState.LIQUIDATE, ratio_at_most=1.05, health_below=0.0, leave_at_ratio=1 / 0.9),
    StateRule(AccountState.RESTRICT, ratio_at_most=1.2),
    StateRule(AccountState.WARN, ratio_at_most=1.5),
    StateRule(AccountState.NORMAL),
)
Rows = Iterable[Mapping[str, Any]]


def frame(schema: pl.Schema, rows: Rows) -> pl.DataFrame:
    """Rows with the columns they state, the others blank."""
    blank = {name: "" if name == "scope" else 0 if name in ("file", "line") else None for name in schema}
    return pl.DataFrame([{**blank, **row} for row in rows], schema=schema)


def book(balances: Rows = (), positions: Rows = (), orders: Rows = (), accounts: Rows | None = None) -> AccountBook:
    """A book; rows belong to the account of their ``account_index``, the first unless they say another."""
    owned = {"account_index": 0}
    parts = [[{**owned, **row} for row in rows] for rows in (balances, positions, orders)]
    number = max((row["account_index"] for rows in parts for row in rows), default=0) + 1
    described = [{"account": f"A{index}"} for index in range(number)] if accounts is None else accounts
    return AccountBook(
        accounts=frame(CROSS_ACCOUNT_SCHEMA, described),
        balances=frame(BALANCE_SCHEMA, parts[0]),
        positions=frame(CROSS_POSITION_SCHEMA, parts[1]),
        orders=frame(ORDER_SCHEMA, parts[2]),
    )


def prices(**quotes: float | Mapping[str, Any]) -> AccountMarket:
    """Prices by name, each a number or the columns of its row."""
    rows = [
        {"name": name, **(quote if isinstance(quote, Mapping) else {"price": float(quote)})}
        for name, quote in quotes.items()
    ]
    blank = dict.fromkeys(PRICE_SCHEMA)
    return AccountMarket(prices=pl.DataFrame([{**blank, **row} for row in rows], schema=PRICE_SCHEMA).sort("name"))


def weights(*tiers: tuple[float | None, float]) -> tuple[WeightTier, ...]:
    """Weight tiers from (upper bound, weight)."""
    return tuple(WeightTier(UNBOUNDED if upper is None else upper, weight) for upper, weight in tiers)


def asset(*tiers: tuple[float | None, float], **rules: Any) -> AssetPolicy:
    """An asset with the same weights in both flavours."""
    own = weights(*(tiers or ((None, 1.0),)))
    return AssetPolicy(own, own, **rules)


def linear(price: str, *tiers: tuple[float, float], settlement: str = "USDC", **rules: Any) -> MarketPolicy:
    """A linear market with maintenance rates by tier."""
    rates = tuple(RateTier(lower, rate) for lower, rate in tiers)
    return MarketPolicy(MarketKind.LINEAR, price, settlement, maintenance_tiers=rates, **rules)


def policy(
    assets: Mapping[str, AssetPolicy], markets: Mapping[str, MarketPolicy] | None = None, **rules: Any
) -> AccountPolicy:
    """A policy that reports in USDC."""
    stated = {"states": STATES, **rules}
    return AccountPolicy("test", "Test", "tests", "2026-01-01", "USDC", assets, markets=markets or {}, **stated)
