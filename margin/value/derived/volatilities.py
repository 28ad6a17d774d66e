"""Volatilities of options: as quoted or stated, implied by a price, or read off a surface of the underlying."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from margin.model.market import MarketData
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.derived.facts import Facts
from margin.value.derived.faults import report
from margin.value.models.terms import Terms
from margin.value.pricing_models import pricing_model
from margin.value.volatility import implied
from margin.value.volatility.outcome import WORDS, Outcome
from margin.value.volatility.surfaces import EXPIRY_SCHEMA, OPTION_SCHEMA, surface_volatilities

_NORMAL = "bachelier"
_NAMED = 10
"""Expiries that a message names."""

_DAY_LENGTH = 8
"""Characters of a period that is a day."""


def find_volatilities(
    facts: Facts,
    known: FloatArray,
    own_price: FloatArray,
    level: FloatArray,
    years: FloatArray,
    rate: FloatArray,
    carry: FloatArray,
    days_per_year: FloatArray,
    market: MarketData,
    faults: Faults,
) -> tuple[FloatArray, tuple[Problem, ...]]:
    """Volatility of every option whose model needs one, 0 elsewhere, shape (contracts,); warnings about surfaces.

    Args:
        facts: The contracts.
        known: Volatilities as quoted or stated, NaN for none.
        own_price: Prices of the contracts, NaN for none.
        level: What the models move.
        years: To expiry; an expired option needs no volatility.
        rate: Interest rates.
        carry: Yields of underlyings.
        days_per_year: By contract.
        market: Market data with surfaces.
        faults: Collector.
    """
    is_needed = facts.has_model(*(name for name in facts.models() if pricing_model(name).NEEDS_VOLATILITY))
    volatility = np.where(is_needed & (years > 0.0) | ~np.isnan(known), known, 0.0)
    volatility[~is_needed] = 0.0
    strike = facts.frame["strike"].fill_null(np.nan).to_numpy()
    can_look = is_needed & ~(np.isnan(level) | np.isnan(years) | np.isnan(rate) | np.isnan(carry) | np.isnan(strike))
    is_refused = _imply(facts, volatility, can_look, own_price, level, years, rate, carry, faults)
    lacking = np.isnan(volatility) & can_look & ~is_refused
    problems: tuple[Problem, ...] = ()
    if lacking.any():
        forward = _forwards(facts, level, years, rate, carry)
        problems, refused = _read_surfaces(
            facts, volatility, lacking, forward, strike, years, days_per_year, market, faults
        )
        is_refused |= refused
    report(
        facts,
        is_needed & np.isnan(volatility) & ~is_refused,
        Reason.MISSING_FIELD,
        "no volatility",
        "give one, a price that implies it, or a surface in the market data (--market)",
        faults,
    )
    return volatility, problems


def _imply(
    facts: Facts,
    volatility: FloatArray,
    can_look: BoolArray,
    own_price: FloatArray,
    level: FloatArray,
    years: FloatArray,
    rate: FloatArray,
    carry: FloatArray,
    faults: Faults,
) -> BoolArray:
    """Fill in what prices imply; which of them imply none, with their faults reported."""
    refused = np.zeros(len(volatility), dtype=np.bool_)
    strike = facts.frame["strike"].fill_null(np.nan).to_numpy()
    is_call = (facts.frame["right"] == "C").fill_null(value=False).to_numpy()
    for name in set(facts.models()) & set(implied.MODELS):
        rows = np.flatnonzero(facts.has_model(name) & can_look & np.isnan(volatility) & ~np.isnan(own_price))
        if not len(rows):
            continue
        terms = Terms(strike[rows], is_call[rows], rate[rows], carry[rows])
        found = implied.implied_volatility(name, own_price[rows], level[rows], years[rows], terms)
        volatility[rows] = found.volatility
        for outcome in Outcome:
            if outcome not in (Outcome.FOUND, Outcome.NO_TIME_VALUE):
                wrong = np.zeros(len(volatility), dtype=np.bool_)
                wrong[rows[found.outcome == outcome]] = True
                refused |= wrong
                message, advice = f"no volatility, for {WORDS[outcome]},", "quote a volatility, or another price"
                report(facts, wrong, Reason.INVALID_VALUE, message, advice, faults)
    return refused


def _forwards(facts: Facts, level: FloatArray, years: FloatArray, rate: FloatArray, carry: FloatArray) -> FloatArray:
    """Forward of the underlying at each option's expiry."""
    on_spot = facts.has_model(*(name for name in facts.models() if pricing_model(name).IS_ON_SPOT))
    return np.where(on_spot, level * np.exp(np.where(on_spot, rate - carry, 0.0) * years), level)


def _read_surfaces(
    facts: Facts,
    volatility: FloatArray,
    lacking: BoolArray,
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    days_per_year: FloatArray,
    market: MarketData,
    faults: Faults,
) -> tuple[tuple[Problem, ...], BoolArray]:
    """Fill in what surfaces say; warnings, and for which contracts the faults of a surface are reported instead."""
    options = facts.frame.select("underlying", "period", pl.Series("strike", strike)).with_columns(
        years=years, forward=forward, is_normal=facts.has_model(_NORMAL)
    )
    sought = options.filter(pl.Series(lacking, dtype=pl.Boolean)).select(list(OPTION_SCHEMA))
    expiries = pl.concat([options.select(list(EXPIRY_SCHEMA)), _dated(facts, sought, lacking, days_per_year, market)])
    try:
        found = surface_volatilities(sought, market, expiries)
    except InputRefused as refused:
        faults.extend(refused)
        return (), lacking
    volatility[lacking] = found.volatility
    for underlying, periods in found.unplaced.items():
        more = f" and {len(periods) - _NAMED:,} more" if len(periods) > _NAMED else ""
        faults.add(
            Reason.MISSING_FIELD,
            f"the volatility surface of {underlying} has expiries that cannot be placed among the others: "
            f"{', '.join(periods[:_NAMED])}{more}; give their price and time to expiry in the market data, or leave "
            "out what has expired",
        )
    return found.problems, np.zeros(len(volatility), dtype=np.bool_)


def _dated(
    facts: Facts, sought: pl.DataFrame, lacking: BoolArray, days_per_year: FloatArray, market: MarketData
) -> pl.DataFrame:
    """Times to expiries of surfaces whose period is a day, by the days that a year has for the options sought."""
    today = date.fromisoformat(max(org.business_date for org in facts.parameters.clearing_orgs))
    per_year = sought.select("underlying", per_year=pl.Series(days_per_year[lacking])).unique(
        "underlying", keep="first", maintain_order=True
    )
    periods = pl.concat([frame.select("underlying", "period") for frame in (market.volatility_points, market.svi)])
    expiry = pl.col("period").str.to_date("%Y%m%d", strict=False)
    return (
        periods.unique(maintain_order=True)
        .filter(pl.col("period").str.len_chars() == _DAY_LENGTH)
        .join(per_year, on="underlying", maintain_order="left")
        .select(
            "underlying",
            "period",
            years=(expiry - pl.lit(today)).dt.total_days() / pl.col("per_year"),
            forward=pl.lit(None, dtype=pl.Float64),
        )
    )
