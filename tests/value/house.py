"""House configurations with models and the market data to price them, for tests."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl

from margin.model.market import QUOTE_SCHEMA, SVI_SCHEMA, UNDERLYING_SCHEMA, MarketData, MarketSource
from margin.model.parameters import ParameterSet
from margin.read.parameters import house
from margin.read.source import Source
from margin.value.derived import derive_arrays

SOURCE = MarketSource("quotes.csv", "1" * 64, "csv", 1)
DATE = "2026-06-25"


def read(text: str) -> ParameterSet:
    """A house configuration as it is read."""
    content = text.encode()
    return house.read(Source("house.yaml", "house.yaml", content, hashlib.sha256(content).hexdigest()))


def market(quotes: list[dict[str, Any]] | None = None, underlyings: list[dict[str, Any]] | None = None) -> MarketData:
    """Market data of some rows; columns that a row does not give are null."""
    return MarketData(
        (SOURCE,),
        DATE,
        underlyings=pl.DataFrame(underlyings or [], schema=UNDERLYING_SCHEMA),
        quotes=pl.DataFrame(quotes or [], schema=QUOTE_SCHEMA),
        svi=SVI_SCHEMA.to_frame(),
    )


def derived(text: str, data: MarketData | None = None) -> ParameterSet:
    """A house configuration with its arrays."""
    return derive_arrays(read(text), data)


def losses(parameters: ParameterSet, row: int = 0) -> list[float]:
    """Losses of one contract."""
    arrays = parameters.arrays["1"]
    return [float(loss) for loss in arrays.losses[row, : arrays.points[row]]]


HEAD = """format: margin-parameters
version: 1
clearing_org: XCH
business_date: 2026-06-25
currency: USD
cap_available_net_option_value: false
days_per_year: 365
look_ahead: {days: 1}
rate: 0.02
scenario_grid: {standard: {extreme_move: 3, cover: 0.33}}
"""

GOLD = (
    HEAD
    + """commodities:
  - code: GOLD
    model: black_76
    price_scan_range: {points: 90}
    volatility_scan_range: {relative: 0.15}
    short_option_minimum: {method: MAX, rate: 25}
    intracommodity_tiers: [{tier: 1}]
    intracommodity_spreads:
      - {priority: 1, method: F, rate: 300, legs: [{tier: 1, side: A, ratio: 1}, {tier: 1, side: B, ratio: 1}]}
    products:
      - {code: GC, type: FUT, contract_value_factor: 100}
      - {code: OG, type: OOF, contract_value_factor: 100, value_method: EQTY}
"""
)
LISTED = (
    GOLD
    + """contracts:
  - {commodity: GOLD, product: GC, type: FUT, period: 202612}
  - {commodity: GOLD, product: OG, type: OOF, period: 20261124, underlying_period: 202612, right: C, strike: 2400}
  - {commodity: GOLD, product: OG, type: OOF, period: 20261124, underlying_period: 202612, right: P, strike: 2200}
"""
)
QUOTED = GOLD + "contracts: {quoted: true}\n"


def gold_quotes() -> list[dict[str, Any]]:
    """A future, a call by its volatility and a put by volatility and price."""
    option = {"product": "OG", "type": "OOF", "period": "20261124", "underlying_period": "202612"}
    return [
        {"product": "GC", "type": "FUT", "period": "202612", "price": 2350.0},
        {**option, "right": "C", "strike": 2400.0, "volatility": 0.16},
        {**option, "right": "P", "strike": 2200.0, "volatility": 0.18, "price": 31.5},
    ]
