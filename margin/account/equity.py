"""Equity of every scope: balances, unrealised profit and option value at given prices, without haircuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.account.arrays import AccountArrays, PriceOf
from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.segments import sums_by_code


@dataclass(frozen=True)
class Equity:
    """What accounts own at given prices; shapes (holdings,), (groups,) and (scopes,).

    Attributes:
        asset_price: Price of each holding's asset, in the reporting asset.
        balance: Units of the asset, loans negative, by holding.
        profit: Unrealised profit settled in the asset, in units, by holding.
        mark: Price of each group's market, in its settlement asset.
        settlement_price: Price of each group's settlement asset.
        group_profit: Unrealised profit of each group, in its settlement asset.
        group_notional: |net quantity| at mark, in its settlement asset.
        group_option_value: Market value of each group's options, in its settlement asset.
        collateral: Σ balance × price, by scope.
        unrealised_profit: By scope, in the reporting asset.
        option_value: By scope, of positions here and of those margined from risk parameters.
        available_option_value: What of it may stand against requirements.
        equity: Collateral + unrealised profit + option value.
    """

    asset_price: FloatArray
    balance: FloatArray
    profit: FloatArray
    mark: FloatArray
    settlement_price: FloatArray
    group_profit: FloatArray
    group_notional: FloatArray
    group_option_value: FloatArray
    collateral: FloatArray
    unrealised_profit: FloatArray
    option_value: FloatArray
    available_option_value: FloatArray
    equity: FloatArray


def equity(arrays: AccountArrays, price_of: PriceOf) -> Equity:
    """Value every scope.

    Options count at their market value, also in equity: what they would fetch belongs to the account, and what they
    may lose is in the requirement.
    """
    markets, market = arrays.markets, arrays.group_market
    asset_price = price_of(arrays.assets.price[arrays.holding_asset], arrays.holding_scope)
    mark = price_of(markets.price[market], arrays.group_scope)
    settlement_price = asset_price[arrays.group_holding]
    size = markets.contract_size[market]
    group_profit = _profit(arrays, mark)
    group_option_value = np.where(markets.is_option[market], arrays.group_quantity * size * mark, 0.0)

    balance = arrays.by_holding(arrays.balance_quantity, arrays.balance_holding)
    profit = arrays.by_holding(group_profit, arrays.group_holding)
    collateral = arrays.by_scope(balance * asset_price, arrays.holding_scope)
    unrealised = arrays.by_scope(profit * asset_price, arrays.holding_scope)
    own_options = arrays.by_scope(group_option_value * settlement_price, arrays.group_scope)
    scenario_scope = arrays.holding_scope[arrays.scenario_holding]
    scenario_price = asset_price[arrays.scenario_holding]
    option_value = own_options + arrays.by_scope(arrays.scenario_value * scenario_price, scenario_scope)
    available = own_options + arrays.by_scope(arrays.scenario_available * scenario_price, scenario_scope)
    return Equity(
        asset_price=asset_price,
        balance=balance,
        profit=profit,
        mark=mark,
        settlement_price=settlement_price,
        group_profit=group_profit,
        group_notional=notional(arrays, np.abs(arrays.group_quantity), mark),
        group_option_value=group_option_value,
        collateral=collateral,
        unrealised_profit=unrealised,
        option_value=option_value,
        available_option_value=available,
        equity=collateral + unrealised + option_value,
    )


def notional(arrays: AccountArrays, quantity: FloatArray, mark: FloatArray) -> FloatArray:
    """Notional of quantities of each group at its mark, in the settlement asset; 0 for options and spot hedges.

    Linear: quantity × contract size × mark. Inverse: quantity × contract size / mark.
    """
    markets, market = arrays.markets, arrays.group_market
    contents = quantity * markets.contract_size[market]
    linear = np.where(markets.is_linear[market], contents * mark, 0.0)
    amounts: FloatArray = np.where(markets.is_inverse[market], contents / mark, linear)
    return amounts


def _profit(arrays: AccountArrays, mark: FloatArray) -> FloatArray:
    """Unrealised profit of each group, lot by lot, in the settlement asset."""
    markets, market = arrays.markets, arrays.group_market[arrays.entry_group]
    lots = lot_profit(
        markets.is_linear[market],
        markets.is_inverse[market],
        arrays.entry_quantity * markets.contract_size[market],
        arrays.entry_price,
        mark[arrays.entry_group],
    )
    return sums_by_code(lots, arrays.entry_group, arrays.groups)


def lot_profit(
    is_linear: BoolArray, is_inverse: BoolArray, contents: FloatArray, entry: FloatArray, mark: FloatArray
) -> FloatArray:
    """Unrealised profit of lots in the settlement asset; 0 for options and spot hedges.

    Linear: contents × (mark − entry). Inverse: contents × (1/entry − 1/mark), which for contents worth q coins at mark
    and a move m is q·(1 − 1/(1 + m)). Sources: exchanges' contract specifications; Deribit, inverse futures.

    Args:
        is_linear: Kind of each lot, shape (lots,).
        is_inverse: Likewise.
        contents: Signed quantity × contract size.
        entry: Entry price; ignored for other kinds, where it may be NaN.
        mark: Price now.
    """
    entry = np.where(is_linear | is_inverse, entry, mark)
    linear = np.where(is_linear, contents * (mark - entry), 0.0)
    profit: FloatArray = np.where(is_inverse, contents * (1.0 / entry - 1.0 / mark), linear)
    return profit
