"""What every scope must hold: rates on notional by market, loans, and risk from risk parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.account.arrays import AccountArrays
from margin.account.collateral import Collateral
from margin.account.equity import Equity, notional
from margin.aggregate.notional_margin import initial_margin, tiered_margin, worst_fill
from margin.model.house import rounded
from margin.numeric.arrays import FloatArray


@dataclass(frozen=True)
class AccountRequirement:
    """Requirements before option value, in the reporting asset except by group; NaN where unknown.

    Attributes:
        group_maintenance, group_initial: Of each (scope, market), in its settlement asset, shape (groups,).
        scenario_maintenance, scenario_initial: Of the risk from risk parameters, shape (scopes,).
        borrow_maintenance, borrow_initial: Of loans, shape (scopes,).
        maintenance, initial: Of each scope, shape (scopes,).
        notional: Σ |net quantity| at mark over the scope's markets, shape (scopes,).
    """

    group_maintenance: FloatArray
    group_initial: FloatArray
    scenario_maintenance: FloatArray
    scenario_initial: FloatArray
    borrow_maintenance: FloatArray
    borrow_initial: FloatArray
    maintenance: FloatArray
    initial: FloatArray
    notional: FloatArray


def requirement(arrays: AccountArrays, owned: Equity, backing: Collateral) -> AccountRequirement:
    """The requirements of every scope: Σ over markets, without offset between them, plus loans and scenario risk."""
    group_maintenance, group_initial = _by_group(arrays, owned)
    in_reporting = owned.settlement_price
    scenario_scope = arrays.holding_scope[arrays.scenario_holding]
    scenario_price = owned.asset_price[arrays.scenario_holding]
    scenario_maintenance = arrays.by_scope(arrays.scenario_maintenance * scenario_price, scenario_scope)
    scenario_initial = arrays.by_scope(arrays.scenario_initial * scenario_price, scenario_scope)
    asset = arrays.holding_asset
    borrow_maintenance = arrays.by_scope(backing.loan * arrays.assets.borrow_maintenance[asset], arrays.holding_scope)
    borrow_initial = arrays.by_scope(backing.loan * arrays.assets.borrow_initial[asset], arrays.holding_scope)
    return AccountRequirement(
        group_maintenance=group_maintenance,
        group_initial=group_initial,
        scenario_maintenance=scenario_maintenance,
        scenario_initial=scenario_initial,
        borrow_maintenance=borrow_maintenance,
        borrow_initial=borrow_initial,
        maintenance=arrays.by_scope(group_maintenance * in_reporting, arrays.group_scope)
        + borrow_maintenance
        + scenario_maintenance,
        initial=arrays.by_scope(group_initial * in_reporting, arrays.group_scope) + borrow_initial + scenario_initial,
        notional=arrays.by_scope(owned.group_notional * in_reporting, arrays.group_scope),
    )


def _by_group(arrays: AccountArrays, owned: Equity) -> tuple[FloatArray, FloatArray]:
    """Maintenance requirement of positions, and initial requirement of positions with orders on their worst side."""
    markets, market = arrays.markets, arrays.group_market
    held = owned.group_notional
    worst = notional(arrays, worst_fill(arrays.group_quantity, arrays.group_buys, arrays.group_sells), owned.mark)
    no_scale = np.zeros(arrays.groups)
    leverage, step = arrays.group_leverage, arrays.policy.requirement_rounding

    of_initial = markets.maintenance_of_initial[market]
    base = initial_margin(held, markets.initial, market, leverage, no_scale)
    own_rates = tiered_margin(held, markets.maintenance, market)
    maintenance = np.where(np.isnan(of_initial), own_rates, base * of_initial)
    initial = initial_margin(worst, markets.initial, market, leverage, markets.open_interest_scale[market])
    fee = markets.closing_fee[market]
    return rounded(maintenance + held * fee, step), rounded(initial + worst * fee, step)
