"""What models need of every contract, from its terms, the parameters and the market; what is missing is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from margin.model.market import SPOT, MarketData
from margin.model.pricing import PricingTerms
from margin.model.problem import Faults, Problem, Reason
from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.derived.facts import Facts
from margin.value.derived.faults import report
from margin.value.derived.quoted import IDENTITY, MatchedQuotes
from margin.value.derived.volatilities import find_volatilities
from margin.value.pricing_models import pricing_model

TIMELESS = ("linear", "inverse")
"""Models to which time to expiry is nothing."""
_OPTION_ON_FUTURE = "OOF"


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers by contract; NaN where one is not needed or, with a fault, is missing. Shape (contracts,) each.

    Attributes:
        level: The price that the model moves.
        own_price: The contract's own price, as quoted or stated.
        warnings: About the volatility surfaces that were used.
    """

    level: FloatArray
    own_price: FloatArray
    volatility: FloatArray
    years: FloatArray
    rate: FloatArray
    carry: FloatArray
    warnings: tuple[Problem, ...] = ()


def numbers_of(
    facts: Facts, quotes: MatchedQuotes, market: MarketData, needs_level: BoolArray, faults: Faults
) -> Numbers:
    """Look up every contract's numbers.

    Args:
        facts: The contracts.
        quotes: Quotes by contract.
        market: The market data.
        needs_level: Which contracts need the price that their model moves; shape (contracts,).
        faults: Collector of what is missing.
    """
    frame = _with_market(facts.frame, quotes, market)
    frame = frame.with_columns(own_price=pl.coalesce("quoted_price", "price"))
    frame = frame.join(
        _prices_by_period(facts, frame), on=["commodity", "level_period"], how="left", maintain_order="left"
    )
    is_own = ~pl.col("is_option") & pl.col("model").is_in(TIMELESS)
    level = _floats(
        frame,
        pl.when(is_own)
        .then(pl.coalesce("quoted_price", "market_price", "price"))
        .otherwise(pl.coalesce("market_price", "listed_price")),
    )
    has_model = frame["model"].is_not_null().to_numpy()
    is_timed = has_model & ~facts.has_model(*TIMELESS)
    years = np.where(is_timed, _years(facts, frame, is_timed, faults), 0.0)
    rate = _rates(facts, frame, "rate", is_timed, faults)
    carry = _carries(facts, frame, rate, is_timed, faults)
    own_price = _floats(frame, pl.col("own_price"))
    volatility, warnings = find_volatilities(
        facts,
        _floats(frame, pl.coalesce("quoted_volatility", "volatility")),
        own_price,
        level,
        years,
        rate,
        carry,
        by_terms(facts, lambda terms: terms.days_per_year),
        market,
        faults,
    )
    report(facts, ~has_model, Reason.MISSING_FIELD, "no pricing model", "name one with the field model", faults)
    _report_levels(facts, frame, needs_level & np.isnan(level) & has_model, faults)
    return Numbers(level, own_price, volatility, years, rate, carry, warnings)


def _floats(frame: pl.DataFrame, column: pl.Expr) -> FloatArray:
    """A column with NaN for what is missing."""
    return frame.select(column.cast(pl.Float64).fill_null(float("nan"))).to_series().to_numpy()


def _with_market(frame: pl.DataFrame, quotes: MatchedQuotes, market: MarketData) -> pl.DataFrame:
    """The contracts with their quotes, and what the market says of their underlyings."""
    keyed = frame.with_columns(pl.col("underlying_period").fill_null("").alias("quoted_underlying"))
    quoted = quotes.frame.rename({"underlying_period": "quoted_underlying"})
    keys = ["quoted_underlying" if name == "underlying_period" else name for name in IDENTITY]
    keyed = keyed.join(quoted, on=keys, how="left", nulls_equal=True, maintain_order="left")
    of_level = market.underlyings.select("underlying", level_period="period", market_price="price")
    of_expiry = market.underlyings.select(
        "underlying", "period", expiry_rate="rate", expiry_carry="carry", expiry_time="time_to_expiry"
    )
    of_spot = market.underlyings.filter(pl.col("period") == SPOT).select(
        "underlying", spot_rate="rate", spot_carry="carry"
    )
    for other, on in (
        (of_level, ["underlying", "level_period"]),
        (of_expiry, ["underlying", "period"]),
        (of_spot, ["underlying"]),
    ):
        keyed = keyed.join(other, on=on, how="left", maintain_order="left")
    return keyed


def _prices_by_period(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """The price of each commodity's futures and physicals by period, where all that are listed have the same."""
    listed = facts.parameters.contracts.with_row_index("row").filter(
        ~pl.col("row").is_in(frame["row"].cast(pl.UInt32).implode()) & pl.col("right").is_null()
    )
    by_product = frame.select("product", "commodity").unique()
    own = frame.filter(~pl.col("is_option")).select("commodity", "period", "own_price")
    other = listed.join(by_product, on="product").select("commodity", "period", own_price="price")
    return (
        pl.concat([own, other])
        .drop_nulls("own_price")
        .group_by("commodity", "period")
        .agg(pl.col("own_price").first(), different=pl.col("own_price").n_unique())
        .filter(pl.col("different") == 1)
        .select("commodity", level_period="period", listed_price="own_price")
    )


def _report_levels(facts: Facts, frame: pl.DataFrame, missing: BoolArray, faults: Faults) -> None:
    places = frame.select("underlying", "level_period").filter(pl.Series(missing, dtype=pl.Boolean)).unique()
    spot = any(not period for _, period in places.iter_rows())
    what = ", ".join(
        sorted(f"{name} {period}" if period else f"the spot of {name}" for name, period in places.iter_rows())[:10]
    )
    forward = " (a model on the spot, such as black_scholes_merton, needs no forward)" if not spot else ""
    advice = f"give the price of {what} in the market data (--market){forward}"
    report(facts, missing, Reason.MISSING_FIELD, "no price of the underlying", advice, faults)


def _years(facts: Facts, frame: pl.DataFrame, is_timed: BoolArray, faults: Faults) -> FloatArray:
    """Years to expiry: stated, or the days to the day of the period; 0 for what has expired."""
    days_per_year = by_terms(facts, lambda terms: terms.days_per_year)
    dates = {org.code: date.fromisoformat(org.business_date) for org in facts.parameters.clearing_orgs}
    today = [dates[item.clearing_org] for item in facts.parameters.commodities]
    expiry = pl.col("period").str.to_date("%Y%m%d", strict=False)
    is_day = pl.col("period").str.len_chars() == 8
    days = _floats(
        frame.with_columns(
            today=pl.Series(today, dtype=pl.Date).gather(frame["commodity"]),
        ),
        pl.when(is_day).then((expiry - pl.col("today")).dt.total_days()),
    )
    stated = _floats(frame, pl.coalesce("quoted_time", "time_to_expiry", "expiry_time"))
    years = np.where(np.isnan(stated), np.maximum(days, 0.0) / days_per_year, stated)
    by_day = is_timed & np.isnan(stated)
    report(
        facts,
        by_day & np.isnan(days),
        Reason.MISSING_FIELD,
        "no time to expiry, for the period is not a day,",
        "give time_to_expiry in years, with the contract or in the market data",
        faults,
    )
    report(
        facts,
        by_day & ~np.isnan(days) & np.isnan(days_per_year),
        Reason.MISSING_FIELD,
        "days to expiry and no days_per_year",
        "give days_per_year, for the document or the commodity",
        faults,
    )
    return np.asarray(years)


def by_terms(facts: Facts, value: Any) -> FloatArray:
    """A number of each contract's terms, NaN where they have none."""
    values = [value(terms) for terms in facts.terms]
    table = np.array([np.nan if item is None else float(item) for item in values], dtype=np.float64)
    return np.asarray(table[facts.frame["terms"].to_numpy()])


def _rates(facts: Facts, frame: pl.DataFrame, name: str, is_needed: BoolArray, faults: Faults) -> FloatArray:
    """A rate to the contract's expiry, else the underlying's, else as stated; 0 where none is needed."""
    quoted = _floats(frame, pl.coalesce(f"expiry_{name}", f"spot_{name}"))

    def stated(terms: PricingTerms) -> float | None:
        return terms.rate if name == "rate" else terms.carry

    rate = np.where(np.isnan(quoted), by_terms(facts, stated), quoted)
    report(
        facts,
        is_needed & np.isnan(rate),
        Reason.MISSING_RATE,
        f"no {name}",
        f"give {name}, a fraction a year, with the commodity or in the market data; 0 for none",
        faults,
    )
    return np.where(is_needed, rate, 0.0)


def _carries(facts: Facts, frame: pl.DataFrame, rate: FloatArray, is_timed: BoolArray, faults: Faults) -> FloatArray:
    """Yields of underlyings; a future has no yield but the rate, which leaves its forward where it is."""
    is_on_spot = facts.has_model(*(name for name in facts.models() if pricing_model(name).IS_ON_SPOT))
    is_on_future = (frame["type"] == _OPTION_ON_FUTURE).to_numpy()
    carry = _rates(facts, frame, "carry", is_timed & is_on_spot & ~is_on_future, faults)
    return np.where(is_on_spot & is_on_future, rate, carry)
