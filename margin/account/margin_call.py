"""How much margin is called: the deposit that meets a requirement, in the asset of the call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.account.arrays import AccountArrays
from margin.account.concentration import deposit_scale
from margin.account.evaluation import Evaluation
from margin.model.account_policy import MarginCallRule
from margin.numeric.arrays import CodeArray, FloatArray
from margin.numeric.rounding import round_units
from margin.numeric.schedules import Schedules


@dataclass(frozen=True)
class MarginCalls:
    """What is called of each scope; shapes (scopes,).

    Attributes:
        shortfall: Adjusted equity that is missing, in the reporting asset; NaN where unknown or not called.
        amount: Units of the call's asset, 0 where nothing is called; NaN where unknown, or where no amount suffices.
    """

    shortfall: FloatArray
    amount: FloatArray


def margin_calls(arrays: AccountArrays, figures: Evaluation, rule: MarginCallRule) -> MarginCalls:
    """Call the deposit after which adjusted equity is `rule.ratio` times the requirement.

    A deposit counts as more of the asset counts: at the liability weight as far as it repays a loan, then tier by
    tier. Amounts below the minimum transfer are not called; others are rounded up (ISDA Credit Support Annex:
    delivery amount, minimum transfer amount, rounding). Isolated buckets get no calls.
    """
    is_initial = rule.requirement == "initial"
    required = figures.required.initial if is_initial else figures.required.maintenance
    adjusted = figures.backing.adjusted_initial if is_initial else figures.backing.adjusted_maintenance
    shortfall = np.where(arrays.is_isolated, np.nan, np.maximum(rule.ratio * required - adjusted, 0.0))

    holding = arrays.call_holding
    asset = arrays.holding_asset[holding]
    price = figures.owned.asset_price[holding]
    weights = arrays.assets.initial if is_initial else arrays.assets.maintenance
    liability = arrays.assets.initial_liability if is_initial else arrays.assets.maintenance_liability
    scale = np.ones(len(holding))
    if is_initial:
        scale = deposit_scale(arrays.assets.deposits[asset] * price, arrays.assets.deposits_from[asset])
    value = value_that_adds(
        shortfall,
        figures.backing.net_value[holding],
        weights,
        asset,
        liability[asset],
        arrays.assets.value_cap[asset],
        scale,
    )
    return MarginCalls(shortfall, _transfers(arrays, value / price, asset, rule))


def value_that_adds(
    gain: FloatArray,
    value: FloatArray,
    weights: Schedules,
    codes: CodeArray,
    liability_weight: FloatArray,
    value_cap: FloatArray,
    scale: FloatArray,
) -> FloatArray:
    """Value to add to net values so that their weighted values grow by `gain`; infinite where none does.

    Args:
        gain: Wanted growth of the weighted value, not negative, shape (rows,).
        value: Net values before, shape (rows,).
        weights: Weights by tier.
        codes: Schedule of each row, shape (rows,).
        liability_weight: Factor on negative values, shape (rows,).
        value_cap: Value above which nothing counts, infinite for none, shape (rows,).
        scale: Factor on the weights, shape (rows,).
    """
    repaid = np.minimum(np.maximum(-value, 0.0), gain / liability_weight)
    left = gain - repaid * liability_weight
    added = repaid
    held = np.maximum(value, 0.0)
    for tier in range(weights.width):
        end = weights.lower[codes, tier + 1] if tier + 1 < weights.width else np.full(len(gain), np.inf)
        begin = np.maximum(weights.lower[codes, tier], held)
        end = np.minimum(end, value_cap)
        weight = weights.rate[codes, tier] * scale
        wanted = np.divide(left, weight, out=np.full(len(gain), np.inf), where=weight > 0.0)
        room = np.where(begin < end, end - np.where(begin < end, begin, 0.0), 0.0)
        step = np.where(left > 0.0, np.minimum(wanted, room), 0.0)
        gained = np.where(np.isfinite(step), step, 0.0) * weight
        added = added + step
        left = np.where(wanted <= room, 0.0, left - gained)
    return np.where(left > 0.0, np.inf, added)


def _transfers(arrays: AccountArrays, amount: FloatArray, asset: CodeArray, rule: MarginCallRule) -> FloatArray:
    """Amounts as they are called; NaN where no amount suffices."""
    called = np.where(np.isfinite(amount), amount, np.nan)
    for code, name in enumerate(arrays.assets.names):
        chosen = asset == code
        if name in rule.minimum_transfer:
            called = np.where(chosen & (called < rule.minimum_transfer[name]), 0.0, called)
        if name in rule.round_up_to:
            called[chosen] = round_units(called[chosen], rule.round_up_to[name], "up")
    return called
