"""Risk arrays from market data: contracts of a house configuration valued by models over its scenarios.

The order: contracts that are quoted are added, every contract gets its terms, its numbers are looked up, and arrays
are derived from the numbers alone. Source: CME SPAN, risk arrays and composite delta.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from margin.model.contract import OPTION_TYPES
from margin.model.market import MarketData
from margin.model.parameters import ParameterSet
from margin.model.pricing import PRICING_SCHEMA, ContractPricing
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import BoolArray
from margin.value.derived.arrays import grids_of, model_values, with_arrays
from margin.value.derived.facts import Facts, contract_facts
from margin.value.derived.faults import report
from margin.value.derived.numbers import TIMELESS, Numbers, numbers_of
from margin.value.derived.quoted import as_read, match_quotes, with_quoted_contracts
from margin.value.derived.scan_terms import Column, scan_columns, takes_money
from margin.value.models.terms import Terms
from margin.value.pricing_models import pricing_model

RATE_ID = "1"
"""The one set of rates of a house configuration."""


def derive_arrays(
    parameters: ParameterSet, market: MarketData | None = None, *, threads: int | None = None
) -> ParameterSet:
    """Derive the risk arrays that house configurations leave to models.

    Losses of one long contract are positive, in the commodity's currency; composite deltas are by the price that the
    model moves, and 1 for everything but options. Contracts with losses of their own keep them.

    Args:
        parameters: Parameters as they were read; those derived already are derived again.
        market: Market data; `None` for none.
        threads: Threads to use; `None` for one per processor. The figures are the same for any number.

    Raises:
        InputRefused: Contracts lack a price, a volatility, a rate or a scan range, or their model cannot take a price;
            all of them are listed.
    """
    rules = parameters.pricing_rules
    data = market or MarketData()
    if rules is None:
        return _with_problems(parameters, () if market is None else (_unused(data),))
    faults = Faults()
    parameters = as_read(parameters, rules)
    quotes = match_quotes(parameters, rules, data, faults)
    parameters = with_quoted_contracts(parameters, rules, quotes, faults)
    faults.refuse_if_any()
    facts = contract_facts(parameters, rules)
    if rules.take_quoted and facts.frame.is_empty():
        faults.add(Reason.MISSING_FIELD, "contracts are those quoted, and no market data quote any; give --market FILE")
        faults.refuse_if_any()
    grids = grids_of(parameters, RATE_ID)
    evenly = np.array([_moves_by_ranges(grid) for grid in grids], dtype=np.bool_)
    level_free = takes_money(facts) & evenly[facts.frame["commodity"].to_numpy()]
    numbers = numbers_of(facts, quotes, data, ~level_free, faults)
    columns = scan_columns(facts, numbers, grids, level_free, faults)
    _check_levels(facts, numbers, columns["price_scan_down"], grids, level_free, faults)
    _refuse(faults, market)
    pricing = ContractPricing(_pricing_frame(facts, numbers, columns, level_free), data.sources)
    rows = facts.frame["row"].to_numpy()
    wanted = np.zeros(parameters.contracts.height, dtype=np.bool_)
    # What follows from a scan range in money alone has been worked out exactly when it was read.
    wanted[rows[~level_free]] = True
    wanted[rows] |= parameters.arrays[RATE_ID].points[rows] == 0
    derived = with_arrays(parameters, pricing, RATE_ID, wanted, threads)
    derived = _with_prices(derived, pricing, facts, numbers, level_free)
    return _with_problems(
        derived, (*data.problems, *quotes.warnings, *numbers.warnings, *_other_dates(parameters, data))
    )


def _moves_by_ranges(grid: ScenarioGrid) -> bool:
    return all(point.price_move_kind == "scan_range" or not point.price_move for point in grid.points)


def _refuse(faults: Faults, market: MarketData | None) -> None:
    if faults and market is None:
        faults.add(
            Reason.MISSING_FIELD,
            "no market data are given, and contracts of the house configuration need them; give --market FILE",
        )
    faults.refuse_if_any()


def _check_levels(
    facts: Facts, numbers: Numbers, down: Column, grids: list[ScenarioGrid], level_free: BoolArray, faults: Faults
) -> None:
    """Refuse prices that a model cannot take, today or, for inverse contracts, in any scenario."""
    is_known = ~np.isnan(numbers.level) & ~level_free
    strike = facts.frame["strike"].fill_null(float("nan")).to_numpy()
    for name in facts.models():
        chosen = facts.has_model(name) & is_known
        module = pricing_model(name)
        nothing = np.zeros(int(chosen.sum()))
        terms = Terms(strike[chosen] if module.IS_OPTION else nothing, nothing > 0.0, nothing, nothing)
        refused = chosen.copy()
        refused[chosen] = ~module.accepts(numbers.level[chosen], terms)
        advice = "bachelier takes prices and strikes of any sign" if module.IS_OPTION else "check the price"
        report(
            facts, refused, Reason.INVALID_VALUE, f"{name} cannot take the price of the underlying or the strike",
            advice, faults,
        )  # fmt: skip
    inverse = facts.has_model("inverse") & is_known & (numbers.level > 0.0)
    lowest = numbers.level - _greatest_fall(facts, numbers, np.asarray(down), grids)
    report(
        facts,
        inverse & (lowest <= 0.0),
        Reason.INVALID_VALUE,
        "a scenario takes the price to zero or below, where an inverse contract loses without bound,",
        "lower the scan range or the extreme move",
        faults,
    )


def _greatest_fall(facts: Facts, numbers: Numbers, down: np.ndarray, grids: list[ScenarioGrid]) -> np.ndarray:
    commodity = facts.frame["commodity"].to_numpy()
    fall = np.zeros(len(commodity))
    for kind, unit in (("scan_range", down), ("percent", numbers.level / 100.0), ("points", np.ones(len(commodity)))):
        moves = [[-point.price_move for point in grid.points if point.price_move_kind == kind] for grid in grids]
        greatest = np.array([max(own, default=0.0) for own in moves])
        fall = np.maximum(fall, greatest[commodity] * unit)
    return fall


def _pricing_frame(
    facts: Facts, numbers: Numbers, columns: Mapping[str, Column], level_free: BoolArray
) -> pl.DataFrame:
    """The numbers row by row with all contracts, null where there are none."""
    frame = facts.frame.select("row", "model", "commodity", "underlying", "level_period").with_columns(
        level=np.where(level_free, np.nan, numbers.level),
        volatility=numbers.volatility,
        years=numbers.years,
        rate=numbers.rate,
        carry=numbers.carry,
        **columns,
    )
    everything = pl.int_range(facts.parameters.contracts.height, eager=True).alias("row").to_frame()
    everything = everything.join(frame, on="row", how="left", maintain_order="left")
    return everything.select(
        pl.col(name).cast(dtype).fill_nan(None) if dtype == pl.Float64 else pl.col(name).cast(dtype)
        for name, dtype in PRICING_SCHEMA.items()
    )


def _with_prices(
    parameters: ParameterSet, pricing: ContractPricing, facts: Facts, numbers: Numbers, level_free: BoolArray
) -> ParameterSet:
    """Contracts with their prices: as quoted or stated, else the model's value, else the price that moves."""
    rows = facts.frame["row"].to_numpy()
    is_missing = np.isnan(numbers.own_price) & ~level_free
    wanted = np.zeros(parameters.contracts.height, dtype=np.bool_)
    is_future = ~facts.frame["type"].is_in(OPTION_TYPES).to_numpy()
    is_level = is_missing & is_future & facts.has_model(*TIMELESS)
    wanted[rows[is_missing & ~is_level]] = True
    price = np.where(wanted, model_values(parameters, pricing, wanted), np.nan)
    own = np.where(is_level, numbers.level, numbers.own_price)
    price[rows[~np.isnan(own)]] = own[~np.isnan(own)]
    contracts = parameters.contracts.with_columns(
        price=pl.coalesce(pl.Series(price, dtype=pl.Float64).fill_nan(None), pl.col("price")),
        volatility=pl.coalesce(
            pl.when(pricing.frame["volatility"] > 0.0).then(pricing.frame["volatility"]),
            "volatility",
        ),
        time_to_expiry=pl.coalesce(
            pl.when(pricing.frame["years"] > 0.0).then(pricing.frame["years"]), "time_to_expiry"
        ),
    )
    return replace(parameters, contracts=contracts)


def _with_problems(parameters: ParameterSet, problems: tuple[Problem, ...]) -> ParameterSet:
    return replace(parameters, problems=(*parameters.problems, *problems)) if problems else parameters


def _unused(market: MarketData) -> Problem:
    path = market.sources[0].path if market.sources else None
    message = "the market data are not used: no parameters leave their risk arrays to models"
    return Problem(Reason.UNKNOWN_NAME, message, Severity.WARNING, file=path)


def _other_dates(parameters: ParameterSet, market: MarketData) -> tuple[Problem, ...]:
    dates = {org.business_date for org in parameters.clearing_orgs}
    if market.date is None or market.date in dates:
        return ()
    message = f"the market data are of {market.date}, the parameters of {', '.join(sorted(dates))}"
    return (Problem(Reason.DATE_MISMATCH, message, Severity.WARNING, file=market.sources[0].path),)
