"""Market data: prices, rates and volatilities that risk arrays are built from, as quoted for one day."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from margin.model.problem import Problem

SPOT = ""
"""The period of an underlying's spot price."""

UNDERLYING_SCHEMA = pl.Schema(
    {
        "underlying": pl.String,  # market name, which a house configuration names as `underlying`
        "period": pl.String,  # normalised expiry of a future or forward; "" for the spot
        "price": pl.Float64,  # of the spot, future or forward, in price points; null where only rates are given
        "rate": pl.Float64,  # interest rate to the period, continuously compounded, a fraction a year
        "carry": pl.Float64,  # yield of the underlying (dividend, coupon, foreign rate), likewise
        "time_to_expiry": pl.Float64,  # years; null where the period is a day, or says nothing
        "line": pl.Int32,  # line in the file
    }
)
"""One row per underlying and period, no two of one key; missing values are null."""

QUOTE_SCHEMA = pl.Schema(
    {
        "exchange": pl.String,  # null: whatever exchange lists the product
        "product": pl.String,  # product code, as in the risk parameters
        "type": pl.String,  # one of `margin.model.contract.PRODUCT_TYPES`
        "period": pl.String,  # normalised expiry, "" without one
        "underlying_period": pl.String,  # options on futures: the period of the future, else null
        "right": pl.String,  # options: "C" or "P"
        "strike": pl.Float64,  # options
        "price": pl.Float64,  # of the contract itself, in price points
        "volatility": pl.Float64,  # options: a fraction a year (for Bachelier, price points a year)
        "time_to_expiry": pl.Float64,  # years; null where the period is a day
        "line": pl.Int32,
    }
)
"""One row per quoted contract, no two of one contract; missing values are null."""

VOLATILITY_POINT_SCHEMA = pl.Schema(
    {
        "underlying": pl.String,
        "period": pl.String,  # of the options
        "strike": pl.Float64,
        "volatility": pl.Float64,  # a fraction a year
        "time_to_expiry": pl.Float64,  # years; null where the period is a day
        "line": pl.Int32,
    }
)
"""Volatility surfaces as points, no two of one (underlying, period, strike)."""

SVI_SCHEMA = pl.Schema(
    {
        "underlying": pl.String,
        "period": pl.String,  # of the options
        "a": pl.Float64,  # total variance w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)), k = ln(strike / forward)
        "b": pl.Float64,
        "rho": pl.Float64,
        "m": pl.Float64,
        "sigma": pl.Float64,
        "time_to_expiry": pl.Float64,  # years; null where the period is a day
        "line": pl.Int32,
    }
)
"""Volatility surfaces as raw SVI parameters, one row per (underlying, period).

Source: J. Gatheral and A. Jacquier, Arbitrage-free SVI volatility surfaces, Quantitative Finance 14 (2014).
"""


@dataclass(frozen=True, slots=True)
class MarketSource:
    """Where market data came from.

    Attributes:
        path: The file as the user named it.
        sha256: Digest of the file's bytes as they lie on disk.
        format: ``csv``, ``parquet``, ``yaml`` …
        rows: Rows it gave.
    """

    path: str
    sha256: str
    format: str
    rows: int


@dataclass(frozen=True, eq=False)
class MarketData:
    """Prices, rates and volatilities of one day, of one or several files.

    A volatility is taken from the contract's own quote, else from its quoted price (implied), else from a surface of
    its underlying: at each period of the surface points where it has any, else SVI parameters.

    Attributes:
        sources: The files.
        date: ISO date that the data say they are of; `None` where they say none.
        underlyings: Frame with `UNDERLYING_SCHEMA`.
        quotes: Frame with `QUOTE_SCHEMA`.
        volatility_points: Frame with `VOLATILITY_POINT_SCHEMA`.
        svi: Frame with `SVI_SCHEMA`.
        problems: Warnings about the files.
    """

    sources: tuple[MarketSource, ...] = ()
    date: str | None = None
    underlyings: pl.DataFrame = field(default_factory=UNDERLYING_SCHEMA.to_frame)
    quotes: pl.DataFrame = field(default_factory=QUOTE_SCHEMA.to_frame)
    volatility_points: pl.DataFrame = field(default_factory=VOLATILITY_POINT_SCHEMA.to_frame)
    svi: pl.DataFrame = field(default_factory=SVI_SCHEMA.to_frame)
    problems: tuple[Problem, ...] = ()
