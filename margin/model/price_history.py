"""Price histories: daily prices of underlyings, from which price scan ranges are derived."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from margin.model.market import MarketSource
from margin.model.problem import Problem

HISTORY_SCHEMA = pl.Schema(
    {
        "underlying": pl.String,
        "date": pl.Date,
        "price": pl.Float64,  # price points, finite, of any sign
        "volume": pl.Float64,  # lots traded that day, not negative; null where none is given
        "line": pl.Int64,  # line in the file, or its row where a file has no lines
    }
)
"""One row per underlying and date, no two of one key, sorted by both."""


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Daily prices as read from one file.

    Attributes:
        source: The file.
        frame: Frame with `HISTORY_SCHEMA`.
        problems: Warnings: gaps between dates, and columns that look misspelt.
    """

    source: MarketSource
    frame: pl.DataFrame
    problems: tuple[Problem, ...] = ()
