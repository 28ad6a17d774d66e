"""Where balances lie: what of them counts, given haircuts, delays and caps of places."""

from __future__ import annotations

import numpy as np

from margin.account.arrays import NOWHERE, AccountArrays
from margin.numeric.arrays import FloatArray


def counted_balances(arrays: AccountArrays, asset_price: FloatArray) -> FloatArray:
    """What of each holding's balance counts, in units of the asset, loans in full.

    A place's weight applies to what is held there *before* loans are netted, since what cannot be brought here cannot
    repay a loan here; weights of the asset itself apply after netting. A balance that arrives after the policy's
    horizon counts nothing. Where the balances of a scope at one place are worth more than the place's cap, they all
    count in the proportion of the cap. Isolated buckets hold their margin where it is needed.

    Args:
        arrays: The accounts.
        asset_price: Price of each holding's asset, shape (holdings,).

    Returns:
        Units by holding, shape (holdings,).
    """
    rules = arrays.policy.locations
    if not rules:
        return arrays.by_holding(arrays.balance_quantity, arrays.balance_holding)
    horizon = arrays.policy.horizon_seconds
    in_time = [horizon is None or rule.delay_seconds <= horizon for rule in rules]
    # The last entry is that of balances that no rule fits: NOWHERE is −1.
    weight = np.array([*(rule.weight * is_in_time for rule, is_in_time in zip(rules, in_time, strict=True)), 1.0])
    cap = np.array([*(np.inf if rule.value_cap is None else rule.value_cap for rule in rules), np.inf])

    scope = arrays.holding_scope[arrays.balance_holding]
    place = arrays.balance_location
    quantity = arrays.balance_quantity
    held = np.where(place == NOWHERE, 0.0, np.maximum(quantity, 0.0)) * asset_price[arrays.balance_holding]
    at_place = scope.astype(np.int64) * len(cap) + place % len(cap)
    total = np.bincount(at_place, weights=held, minlength=arrays.scopes * len(cap))[at_place]
    within = np.where(total > cap[place], cap[place] / np.where(total > 0.0, total, 1.0), 1.0)
    applies = (quantity > 0.0) & ~arrays.is_isolated[scope]
    return arrays.by_holding(np.where(applies, quantity * weight[place] * within, quantity), arrays.balance_holding)
