"""Market data at a glance: inputs, underlyings with what is known of each, and the products that are quoted."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from margin.model.document import problem_document
from margin.model.market import SPOT, MarketData
from margin.views.inspect.definitions import Document


def market_document(market: MarketData) -> Document:
    """What market data hold: counts, and one row per underlying and per quoted product."""
    return {
        "sources": [asdict(source) for source in market.sources],
        "date": market.date,
        "counts": {
            "rows": sum(source.rows for source in market.sources),
            "underlyings": _names(market).len(),
            "prices": market.underlyings["price"].count(),
            "quotes": market.quotes.height,
            "volatility_points": market.volatility_points.height,
            "svi": market.svi.height,
        },
        "underlyings": _underlyings(market),
        "products": _products(market.quotes),
        "problems": [problem_document(problem) for problem in market.problems],
    }


def _names(market: MarketData) -> pl.Series:
    frames = (market.underlyings, market.volatility_points, market.svi)
    return pl.concat([frame["underlying"] for frame in frames]).unique().sort()


def _underlyings(market: MarketData) -> list[Document]:
    """Spot, number of dated prices and rates, and the extent of the surface of every underlying."""
    is_spot = pl.col("period") == SPOT
    stated = market.underlyings.group_by("underlying").agg(
        spot=pl.col("price").filter(is_spot).first(),
        prices=pl.col("price").filter(~is_spot).count(),
        rates=(pl.col("rate").is_not_null() | pl.col("carry").is_not_null()).sum(),
    )
    points = market.volatility_points.group_by("underlying").agg(volatility_points=pl.len())
    svi = market.svi.group_by("underlying").agg(svi=pl.len())
    expiries = (
        pl.concat([frame.select("underlying", "period") for frame in (market.volatility_points, market.svi)])
        .group_by("underlying")
        .agg(
            periods=pl.col("period").n_unique(),
            first_period=pl.col("period").min(),
            last_period=pl.col("period").max(),
        )
    )
    rows = _names(market).to_frame()
    for other in (stated, points, svi, expiries):
        rows = rows.join(other, on="underlying", how="left", maintain_order="left")
    counts = ("prices", "rates", "volatility_points", "svi", "periods")
    return rows.with_columns(pl.col(name).fill_null(0) for name in counts).to_dicts()


def _products(quotes: pl.DataFrame) -> list[Document]:
    """Quotes by product, sorted; an exchange that is not named is empty."""
    keys = ("exchange", "product", "type")
    dated = pl.col("period").filter(pl.col("period") != SPOT)
    return (
        quotes.with_columns(pl.col("exchange").fill_null(""))
        .group_by(keys)
        .agg(
            quotes=pl.len(),
            prices=pl.col("price").count(),
            volatilities=pl.col("volatility").count(),
            periods=dated.n_unique(),
            first_period=dated.min(),
            last_period=dated.max(),
        )
        .sort(keys)
        .to_dicts()
    )
