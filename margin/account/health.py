"""Health of every scope: ratio, usage, what is available, and the state that a policy makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.account.arrays import AccountArrays
from margin.account.evaluation import Evaluation
from margin.model.account import SEVERITY, AccountState
from margin.model.account_policy import StateRule
from margin.numeric.arrays import BoolArray, FloatArray, IntArray

NO_STATE = -1
"""The code of a previous state that is not known; other codes are indexes into `STATES`."""

STATES: tuple[AccountState, ...] = (*SEVERITY, AccountState.STALE, AccountState.INCOMPLETE)


@dataclass(frozen=True)
class Health:
    """Figures that need both equity and requirement; NaN where they do not apply, shapes (scopes,).

    Attributes:
        health: Adjusted equity less maintenance requirement.
        ratio: Adjusted equity over maintenance requirement; NaN where nothing is required.
        usage: Maintenance requirement over adjusted equity; NaN where that is not above zero.
        available: What is free for new risk, not negative.
        withdrawable: What may be withdrawn, not negative.
        leverage: Notional over equity; NaN where equity is not above zero.
        free_balance: Value of each holding that could be withdrawn if the account allowed, shape (holdings,).
        state: Index into `STATES`.
        is_stale: Whether a price that the scope needs is stale.
    """

    health: FloatArray
    ratio: FloatArray
    usage: FloatArray
    available: FloatArray
    withdrawable: FloatArray
    leverage: FloatArray
    free_balance: FloatArray
    state: IntArray
    is_stale: BoolArray


def health(arrays: AccountArrays, figures: Evaluation, previous: IntArray) -> Health:
    """Judge every scope.

    Args:
        arrays: The accounts.
        figures: Their figures.
        previous: Each scope's state before, an index into `STATES` or `NO_STATE`, shape (scopes,).
    """
    adjusted, required = figures.backing.adjusted_maintenance, figures.required.maintenance
    equity, is_stale = figures.owned.equity, stale_scopes(arrays)
    free = figures.initial_health
    free_balance = _free_balance(figures)
    reserve = equity - arrays.policy.withdrawal_notional_fraction * figures.required.notional
    held = arrays.by_scope(free_balance, arrays.holding_scope)
    withdrawable = np.maximum(np.minimum(np.minimum(free, reserve), held), 0.0)
    unknown = np.isnan(figures.health) | np.isnan(equity)
    state = states(arrays.policy.states, figures, previous)
    state = np.where(unknown, STATES.index(AccountState.INCOMPLETE), state)
    state = np.where(is_stale, STATES.index(AccountState.STALE), state)
    return Health(
        health=figures.health,
        ratio=np.where(is_stale, np.nan, _quotient(adjusted, required)),
        usage=np.where(is_stale, np.nan, _quotient(required, adjusted)),
        available=np.where(is_stale, np.nan, np.maximum(free, 0.0)),
        withdrawable=np.where(is_stale, np.nan, withdrawable),
        leverage=_quotient(figures.required.notional, equity),
        free_balance=free_balance,
        state=state,
        is_stale=is_stale,
    )


def _quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """A quotient, NaN where what divides is not above zero."""
    divides = below > 0.0
    quotient: FloatArray = np.where(divides, above / np.where(divides, below, 1.0), np.nan)
    return quotient


def _free_balance(figures: Evaluation) -> FloatArray:
    """Value of each holding's balance that no loss or loan of the same asset needs; profit is not paid out."""
    value = figures.owned.balance * figures.owned.asset_price
    return np.maximum(np.minimum(value, figures.backing.net_value), 0.0)


def stale_scopes(arrays: AccountArrays) -> BoolArray:
    """Scopes that hold or settle in an asset, or hold a market, whose price is stale."""
    held = arrays.is_stale[arrays.assets.price[arrays.holding_asset]]
    marked = arrays.is_stale[arrays.markets.price[arrays.group_market]]
    is_stale = np.zeros(arrays.scopes, dtype=np.bool_)
    is_stale[arrays.holding_scope[held]] = True
    is_stale[arrays.group_scope[marked]] = True
    return is_stale


def states(rules: tuple[StateRule, ...], figures: Evaluation, previous: IntArray) -> IntArray:
    """The state of each scope: the first rule that fits, kept by the rules for leaving a state.

    An account that was in a rule's state or a worse one, and would now be in a better one, stays in the rule's state
    until its ratio reaches ``leave_at_ratio``. Where nothing is required the ratio is infinite, of the sign of
    adjusted equity. Result and arguments as `Health.state` and `health` have them.
    """
    required = figures.required.maintenance
    adjusted = figures.backing.adjusted_maintenance
    nothing_required = np.where(adjusted < 0.0, -np.inf, np.inf)
    ratio = np.where(required > 0.0, adjusted / np.where(required > 0.0, required, 1.0), nothing_required)
    state = np.zeros(len(ratio), dtype=np.int64)
    for rule in reversed(rules):
        state = np.where(_fits(rule, ratio, figures), STATES.index(rule.state), state)
    for rule in rules:
        code = STATES.index(rule.state)
        if rule.leave_at_ratio is not None:
            stays = (previous >= code) & (previous < len(SEVERITY)) & (state < code) & (ratio < rule.leave_at_ratio)
            state = np.where(stays, code, state)
    return state


def _fits(rule: StateRule, ratio: FloatArray, figures: Evaluation) -> BoolArray:
    """Whether any of a rule's conditions holds; a rule without conditions always fits."""
    fits = np.full(len(ratio), rule.is_unconditional)
    if rule.ratio_at_most is not None:
        fits |= ratio <= rule.ratio_at_most
    if rule.ratio_below is not None:
        fits |= ratio < rule.ratio_below
    for bound, values in (
        (rule.health_below, figures.health),
        (rule.initial_health_below, figures.initial_health),
        (rule.equity_below, figures.owned.equity),
    ):
        if bound is not None:
            fits |= values < bound
    return fits
