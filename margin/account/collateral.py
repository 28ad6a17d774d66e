"""Adjusted equity: assets netted first, then weighted tier by tier; what is negative is never reduced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.account.arrays import AccountArrays
from margin.account.concentration import (
    asset_weight_by_size,
    borrow_scale,
    deposit_scale,
    liability_weight_by_size,
)
from margin.account.equity import Equity
from margin.account.location import counted_balances
from margin.numeric.arrays import CodeArray, FloatArray
from margin.numeric.schedules import Schedules


@dataclass(frozen=True)
class Collateral:
    """What accounts have to meet requirements with; in the reporting asset.

    Attributes:
        net_value: Counted balance and profit of each holding, netted, shape (holdings,).
        maintenance_value, initial_value: The same, weighted, shape (holdings,).
        loan: Value of each holding's negative balance, before profit, shape (holdings,).
        adjusted_maintenance, adjusted_initial: Adjusted equity by scope, the two flavours, shape (scopes,).
    """

    net_value: FloatArray
    maintenance_value: FloatArray
    initial_value: FloatArray
    loan: FloatArray
    adjusted_maintenance: FloatArray
    adjusted_initial: FloatArray


def collateral(arrays: AccountArrays, owned: Equity) -> Collateral:
    """Net every asset of every scope, weight it, and add available option value.

    The balances and profits of one asset are netted before any weight applies. Sources: Binance portfolio margin
    (netting; ``min(x·rate, x)``), OKX discount rates (marginal tiers), Mango v4 and Drift (liability weights).
    In an isolated bucket everything counts in full.
    """
    assets, asset = arrays.assets, arrays.holding_asset
    isolated = arrays.is_isolated[arrays.holding_scope]
    profit_weight = np.where(isolated, 1.0, assets.profit_weight[asset])
    profit = np.where(owned.profit > 0.0, owned.profit * profit_weight, owned.profit)
    units = counted_balances(arrays, owned.asset_price) + profit
    value = units * owned.asset_price

    ceiling = asset_weight_by_size(np.abs(units), assets.size_factor[asset])
    # Venue totals scale initial weights only: a loan of others must not liquidate an account.
    deposits = deposit_scale(assets.deposits[asset] * owned.asset_price, assets.deposits_from[asset])
    borrows = borrow_scale(assets.borrows[asset] * owned.asset_price, assets.borrows_from[asset])
    maintenance_liability = assets.maintenance_liability[asset]
    initial_liability = assets.initial_liability[asset]
    size_factor = assets.size_factor[asset]
    capped = np.minimum(value, assets.value_cap[asset])

    maintenance = weighted_values(
        capped,
        assets.maintenance,
        asset,
        liability_weight_by_size(maintenance_liability, np.abs(units), size_factor),
        ceiling,
    )
    initial = weighted_values(
        capped,
        assets.initial,
        asset,
        np.maximum(
            liability_weight_by_size(initial_liability, np.abs(units), size_factor), initial_liability * borrows
        ),
        ceiling,
        deposits,
    )
    maintenance = np.where(isolated, value, maintenance)
    initial = np.where(isolated, value, initial)
    return Collateral(
        net_value=value,
        maintenance_value=maintenance,
        initial_value=initial,
        loan=np.maximum(-owned.balance, 0.0) * owned.asset_price,
        adjusted_maintenance=arrays.by_scope(maintenance, arrays.holding_scope) + owned.available_option_value,
        adjusted_initial=arrays.by_scope(initial, arrays.holding_scope) + owned.available_option_value,
    )


def weighted_values(
    values: FloatArray,
    schedules: Schedules,
    codes: CodeArray,
    liability_weight: FloatArray,
    ceiling: FloatArray | None = None,
    scale: FloatArray | None = None,
) -> FloatArray:
    """Net values with their weights: Σ of slice × weight above zero, value × liability weight below.

    Args:
        values: Net values, shape (rows,).
        schedules: Weights by tier; a slice's weight is the smallest of its tier's, the ceiling, and its tier's scaled.
        codes: Schedule of each row, shape (rows,).
        liability_weight: Factor on negative values, shape (rows,).
        ceiling: Largest weight of each row, shape (rows,); `None` for none.
        scale: Factor on the tiers' weights, at most 1, shape (rows,); `None` for 1.
    """
    positive = np.maximum(values, 0.0)
    total = np.zeros(len(values))
    for tier in range(schedules.width):
        weight = schedules.rate[codes, tier]
        if scale is not None:
            weight = weight * scale
        if ceiling is not None:
            weight = np.minimum(weight, ceiling)
        total += schedules.slices(positive, codes, tier) * weight
    weighted: FloatArray = np.where(values < 0.0, values * liability_weight, total)
    return weighted
