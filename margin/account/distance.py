"""Distance to every threshold: how far all prices may fall or rise together before an account changes its state.

The joint factor z moves every price to price × (1 + β·(z − 1)); cash-like assets and the reporting asset stay, and so
does risk from risk parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from margin.account.arrays import AccountArrays
from margin.account.evaluation import evaluate
from margin.model.account_policy import AccountPolicy
from margin.numeric.arrays import FloatArray

LOWEST, HIGHEST = 0.01, 4.0
"""The range of the joint factor that is searched."""

_POINTS = 32
_MOST_STEPS = 60
_PRECISION = 1e-12


@dataclass(frozen=True)
class Threshold:
    """A ratio at which a state begins, and how far it is; shapes (scopes,).

    Attributes:
        state: The state.
        ratio: Adjusted equity over maintenance requirement where it begins.
        fall: Relative fall of all prices that leads there, 0 where it is passed already, NaN where none does.
        rise: Likewise, rise.
        volatility: One day's standard deviation of the joint factor, for distances in sigmas; NaN where not known.
    """

    state: str
    ratio: float
    fall: FloatArray
    rise: FloatArray
    volatility: FloatArray


def thresholds(arrays: AccountArrays) -> tuple[Threshold, ...]:
    """The distance to every state of the policy that begins at a ratio, or where health turns negative."""
    bounds = ratio_bounds(arrays.policy)
    if not bounds:
        return ()
    volatility = joint_volatility(arrays)
    ratios = np.array([ratio for _, ratio in bounds])
    falls = _first_crossings(arrays, ratios, LOWEST)
    rises = _first_crossings(arrays, ratios, HIGHEST)
    return tuple(
        Threshold(state, ratio, 1.0 - fall, rise - 1.0, volatility)
        for (state, ratio), fall, rise in zip(bounds, falls, rises, strict=True)
    )


def ratio_bounds(policy: AccountPolicy) -> list[tuple[str, float]]:
    """States that begin at a ratio; health below zero is a ratio below 1."""
    bounds = []
    for rule in policy.states:
        candidates = [rule.ratio_bound, 1.0 if rule.health_below is not None else None]
        known = [bound for bound in candidates if bound is not None]
        if known:
            bounds.append((str(rule.state), max(known)))
    return bounds


def joint_volatility(arrays: AccountArrays) -> FloatArray:
    """Mean of the volatilities of a scope's markets, weighted with their notional; NaN where one is not known."""
    figures = evaluate(arrays)
    notional = figures.owned.group_notional * figures.owned.settlement_price
    volatility = arrays.volatility[arrays.markets.price[arrays.group_market]]
    weighted = np.where(notional > 0.0, notional * volatility, 0.0)
    total = arrays.by_scope(notional, arrays.group_scope)
    mean = arrays.by_scope(weighted, arrays.group_scope) / np.where(total > 0.0, total, 1.0)
    return np.where(total > 0.0, mean, np.nan)


def _first_crossings(arrays: AccountArrays, ratios: FloatArray, end: float) -> FloatArray:
    """The joint factor nearest to 1, on the way to `end`, where adjusted equity falls to each ratio's multiple.

    Looks at points of a logarithmic grid and then between the two where the sign changes, so that a pair of crossings
    between neighbouring points is passed over.

    Returns:
        Shape (ratios, scopes): 1 where it is passed today, NaN where there is none or a figure is not known.
    """
    margins = _margins(arrays, ratios)
    grid = np.geomspace(1.0, end, _POINTS)
    before = margins(np.full((len(ratios), arrays.scopes), 1.0))
    inside = np.full(before.shape, np.nan)
    inside_value = np.ones_like(before)
    outside, outside_value = inside.copy(), inside_value.copy()
    today = before
    for previous, point in pairwise(grid):
        now = margins(np.full(before.shape, point))
        crossed = np.isnan(inside) & (before >= 0.0) & (now < 0.0)
        inside, inside_value = np.where(crossed, previous, inside), np.where(crossed, before, inside_value)
        outside, outside_value = np.where(crossed, point, outside), np.where(crossed, now, outside_value)
        before = now
        if not np.isnan(inside[today >= 0.0]).any():
            break
    found = _refined(margins, inside, inside_value, outside, outside_value)
    return np.where(today < 0.0, 1.0, found)


def _margins(arrays: AccountArrays, ratios: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Adjusted equity less ratio × maintenance requirement, by ratio and scope, at joint factors of that shape."""

    def margins(factors: FloatArray) -> FloatArray:
        rows = []
        shared = bool((factors == factors[0]).all())
        figures = None
        for ratio, factor in zip(ratios, factors, strict=True):
            if figures is None or not shared:
                figures = evaluate(arrays, arrays.moved(factor))
            required = figures.required.maintenance
            rows.append(np.where(required > 0.0, figures.backing.adjusted_maintenance - ratio * required, np.nan))
        return np.stack(rows)

    return margins


def _refined(
    margins: Callable[[FloatArray], FloatArray],
    inside: FloatArray,
    inside_value: FloatArray,
    outside: FloatArray,
    outside_value: FloatArray,
) -> FloatArray:
    """The root between a point of each sign, by false position with the Illinois rule.

    The rule halves the value at an end that stays twice, without which the other end would creep.
    """
    has_root = ~np.isnan(inside)
    root, side = np.where(has_root, inside, 1.0), np.zeros(inside.shape)
    open_ = has_root
    for _ in range(_MOST_STEPS):
        if not open_.any():
            break
        span = np.where(open_, outside_value - inside_value, 1.0)
        step = np.where(open_, inside - inside_value * (outside - inside) / span, root)
        value = margins(step)
        is_inside = value >= 0.0
        outside_value = np.where(is_inside, np.where(side > 0.0, outside_value / 2.0, outside_value), value)
        inside_value = np.where(is_inside, value, np.where(side < 0.0, inside_value / 2.0, inside_value))
        inside, outside = np.where(is_inside, step, inside), np.where(is_inside, outside, step)
        side = np.where(is_inside, 1.0, -1.0)
        is_still = np.abs(step - root) <= _PRECISION
        root = step
        open_ = open_ & (value != 0.0) & ~is_still & (np.abs(outside - inside) > _PRECISION)
    return np.where(has_root, root, np.nan)
