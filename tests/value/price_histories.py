"""Price histories for tests: invented, and the same every time."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from margin.model.market import MarketSource
from margin.model.price_history import HISTORY_SCHEMA, PriceHistory

FIRST = date(2020, 1, 6)


def weekdays(number: int) -> list[date]:
    """So many days from a Monday on, without weekends."""
    return [FIRST + timedelta(days=7 * (i // 5) + i % 5) for i in range(number)]


def history(prices: dict[str, list[float]], volumes: dict[str, list[float]] | None = None) -> PriceHistory:
    """A history of underlyings on the same first days."""
    rows, line = [], 1
    for name, values in sorted(prices.items()):
        traded = (volumes or {}).get(name, [None] * len(values))
        for day, price, volume in zip(weekdays(len(values)), values, traded, strict=True):
            line += 1
            rows.append((name, day, price, volume, line))
    frame = pl.DataFrame(rows, schema=HISTORY_SCHEMA, orient="row")
    return PriceHistory(MarketSource("prices.csv", "0" * 64, "csv", frame.height), frame)


def random_prices(number: int, seed: int = 1, first: float = 100.0, deviation: float = 0.01) -> list[float]:
    """A walk of prices with two decimals, of fat-tailed returns."""
    returns = np.random.default_rng(seed).standard_t(4, number) * deviation
    return np.round(first * np.exp(np.cumsum(returns)), 2).tolist()
