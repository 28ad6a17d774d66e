"""Prices that accounts are valued at: of assets and of markets, with their time, confidence and volatility."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from margin.model.frames import frame_schema

PRICE_SCHEMA = frame_schema(
    {
        "name": pl.String,  # an asset, a market, or whatever a market of the account policy names as its price
        "price": pl.Float64,  # above zero, in the reporting currency for assets, in the settlement asset for markets
        "time": pl.Datetime("us", "UTC"),  # when it was observed; null where not said
        "confidence": pl.Float64,  # half the width of the interval the price is believed to lie in; null where not said
        "volatility": pl.Float64,  # standard deviation of one day's relative move; null where not said
        "deposits": pl.Float64,  # of the asset over all accounts of the venue, in units; null where not said
        "borrows": pl.Float64,  # likewise, of its loans
        "open_interest": pl.Float64,  # of the market, in the units of the policy's limits
        "daily_volume": pl.Float64,  # traded in one day, contracts or units
        "beta": pl.Float64,  # relative move per relative move of the joint factor; null for 1
        "line": pl.Int32,
    }
)
"""One row per name, no two of one name."""


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where prices came from."""

    path: str
    sha256: str
    format: str
    rows: int


@dataclass(frozen=True, eq=False)
class AccountMarket:
    """Prices of one moment.

    Attributes:
        sources: The files.
        time: ISO time of the moment, such as ``2026-06-25T16:00:00Z``; `None` where no file says one.
        prices: Frame with `PRICE_SCHEMA`, sorted by name.
    """

    sources: tuple[PriceSource, ...] = ()
    time: str | None = None
    prices: pl.DataFrame = field(default_factory=PRICE_SCHEMA.to_frame)
