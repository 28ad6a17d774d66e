"""Contracts and risk arrays of a house configuration as frames and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from margin.model.contract import CONTRACT_SCHEMA, OPTION_TYPES, SCAN_RANGE_SCHEMA, contract_name
from margin.model.parameters import RateArrays
from margin.model.scenario import ScenarioGrid
from margin.read.parameters._house.contract_checks import ProductInUse, stated_tick_value
from margin.read.parameters._house.contract_rows import ContractRow, ProductKey, product_key
from margin.read.parameters._house.grid import losses_of_scan_range
from margin.read.parameters._house.pricing import Pricing


def contract_frame(
    rows: Sequence[ContractRow], products: Mapping[ProductKey, ProductInUse], exchange: str
) -> pl.DataFrame:
    """The contracts in the order given, with `CONTRACT_SCHEMA`; `products` are numbered in their order."""
    codes = {key: code for code, key in enumerate(products)}
    records = [
        _record(row, products[key], codes[key]) for row, key in ((row, product_key(row, exchange)) for row in rows)
    ]
    return pl.DataFrame(records, schema=CONTRACT_SCHEMA, orient="row", strict=True)


def _record(row: ContractRow, product: ProductInUse, code: int) -> dict[str, object]:
    entry = row.entry
    is_option = entry.type in OPTION_TYPES
    factor = entry.contract_value_factor
    if factor is None and product.entry is not None:
        factor = product.entry.contract_value_factor
    return {
        **dict.fromkeys(CONTRACT_SCHEMA),
        "product": code,
        "contract_id": entry.id or _generated_id(row, product.key),
        "period": entry.period or "",
        "underlying_period": (entry.underlying_period or "") if is_option else None,
        "right": entry.right,
        "strike": entry.strike,
        "price": entry.price,
        "volatility": entry.volatility,
        "time_to_expiry": entry.time_to_expiry,
        "contract_value": entry.contract_value,
        "contract_value_factor": factor,
        "delta_scaling_factor": entry.delta_scaling_factor or 1.0,
        "line": row.line,
    }


def _generated_id(row: ContractRow, key: ProductKey) -> str:
    entry = row.entry
    strike = None if entry.strike is None else np.format_float_positional(entry.strike, trim="-")
    return contract_name(*key, entry.period or "", entry.underlying_period, entry.right, strike)


def rate_arrays(
    rows: Sequence[ContractRow],
    products: Mapping[ProductKey, ProductInUse],
    exchange: str,
    grid: ScenarioGrid,
    own_grids: Mapping[str, ScenarioGrid],
    pricing: Pricing,
) -> RateArrays:
    """Risk arrays of the contracts, row by row; contracts that are to be priced have none yet.

    Args:
        rows: The contracts.
        products: Their products.
        exchange: The document's exchange.
        grid: The document's scenarios.
        own_grids: Scenarios of commodities that have their own.
        pricing: Terms of contracts without losses.
    """
    grids = [own_grids.get(row.entry.commodity, grid) for row in rows]
    losses = np.zeros((len(rows), max((len(own) for own in grids), default=len(grid))))
    points = np.zeros(len(rows), dtype=np.int32)
    money: list[float | None] = []
    for i, (row, own) in enumerate(zip(rows, grids, strict=True)):
        scan_range = row.entry.price_scan_range
        stated = None if scan_range is None else scan_range.money
        money.append(pricing.money_range(row, own) if row.entry.losses is None else stated)
        known = row.entry.losses if row.entry.losses is not None else _losses(money[i], own)
        points[i] = len(known)
        losses[i, : len(known)] = known
    ranges = {**dict.fromkeys(SCAN_RANGE_SCHEMA), "price_scan": money}
    tick_values = [stated_tick_value(row, products[product_key(row, exchange)]) for row in rows]
    in_ticks = np.array([np.nan if value is None else value for value in tick_values], dtype=np.float64)
    return RateArrays(
        losses=losses + 0.0,  # a loss of -0 in the document is no other loss than 0
        composite_delta=np.array([_composite_delta(row) for row in rows], dtype=np.float64),
        points=points,
        scan_ranges=pl.DataFrame(ranges, schema=SCAN_RANGE_SCHEMA),
        tick_values=None if np.isnan(in_ticks).all() else in_ticks,
    )


def _losses(scan_range: float | None, grid: ScenarioGrid) -> Sequence[float]:
    return () if scan_range is None else losses_of_scan_range(scan_range, grid)


def _composite_delta(row: ContractRow) -> float:
    """Of one long contract; options must state it, everything else moves with its price."""
    return 1.0 if row.entry.composite_delta is None else row.entry.composite_delta + 0.0
