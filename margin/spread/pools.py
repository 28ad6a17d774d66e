"""Delta pools: what the legs of a spread can draw on, how many spreads form, and what they use up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from margin.numeric.arrays import FloatArray, IntArray
from margin.numeric.rounding import round_decimals
from margin.spread.state import CommodityState

SIDES = {"A": 1, "B": -1}
ORIENTATIONS = (1, -1)
"""Side A long and side B short, then the other way round."""

_MANY_LEGS = 10


@dataclass(frozen=True, slots=True)
class PoolLeg:
    """One leg of a spread inside a commodity.

    Attributes:
        rows: Rows of the state that the leg may draw on, earliest period first; empty if nobody holds any.
        end: Sorts legs by where their pools end.
        sign: +1 for long, −1 for short, when side A is long.
        ratio: Deltas per spread.
    """

    rows: tuple[int, ...]
    end: str
    sign: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Pairing:
    """The legs of one spread, ready to be formed.

    Attributes:
        legs: The legs in the order in which they are served: a pool that ends earlier first.
        bounds: (rows, sign, ratio) of every set of legs that must be served from the same deltas.
    """

    legs: tuple[PoolLeg, ...]
    bounds: tuple[tuple[tuple[int, ...], int, float], ...]


def pairing(legs: Sequence[PoolLeg]) -> Pairing | None:
    """Prepare a spread; `None` if one of its legs has nothing to draw on.

    Legs of the same side whose pools overlap compete for the same deltas. The number of spreads is then
    bounded for every such set of legs by what their pools hold together over the sum of their ratios,
    which is exactly what can be served when the pool that ends first is served first.
    """
    if any(not leg.rows for leg in legs):
        return None
    bounds: list[tuple[tuple[int, ...], int, float]] = []
    for sign in (1, -1):
        side = [leg for leg in legs if leg.sign == sign]
        largest = min(len(side), _MANY_LEGS) if _any_overlap(side) else 1
        for size in range(1, largest + 1):
            for some in combinations(side, size):
                rows = tuple(sorted({row for leg in some for row in leg.rows}))
                bounds.append((rows, sign, sum(leg.ratio for leg in some)))
    return Pairing(tuple(sorted(legs, key=lambda leg: leg.end)), tuple(bounds))


def _any_overlap(legs: Sequence[PoolLeg]) -> bool:
    """Whether two of the legs may draw on the same deltas."""
    return any(not set(one.rows).isdisjoint(other.rows) for one, other in combinations(legs, 2))


def available(remaining: FloatArray, rows: tuple[int, ...], sign: int) -> FloatArray:
    """Deltas of one sign in some rows, not netted against the other sign; not negative, shape (holders,)."""
    if len(rows) == 1:
        single: FloatArray = np.maximum(sign * remaining[rows[0]], 0.0)
        return single
    deltas: FloatArray = np.maximum(sign * remaining[list(rows)], 0.0).sum(axis=0)
    return deltas


def cut(number: FloatArray, decimals: int | None) -> FloatArray:
    """Numbers of spreads cut to some decimals; without decimals they stay exact."""
    if decimals is None:
        return number
    cut_off: FloatArray = np.where(np.isinf(number), number, round_decimals(number, decimals, "down"))
    return cut_off


def form(
    state: CommodityState, spread: Pairing, orientation: int, decimals: int | None = None
) -> tuple[IntArray, FloatArray]:
    """Form as many spreads as the deltas allow, and use the deltas up.

    Args:
        state: The commodity; its remaining deltas change in place.
        spread: The spread.
        orientation: +1 for side A long, −1 for side A short.
        decimals: Decimals to which the number of spreads is cut; `None` for exact fractions.

    Returns:
        Columns in which spreads formed, and the number formed in each; fractional.
    """
    number = np.where(state.absorbed_into < 0, np.inf, 0.0)
    for rows, sign, ratio in spread.bounds:
        number = np.minimum(number, available(state.remaining, rows, orientation * sign) / ratio)
        if not number.any():
            return np.zeros(0, dtype=np.int64), np.zeros(0)
    number = cut(number, decimals)
    columns = np.flatnonzero(number)
    number = number[columns]
    for leg in spread.legs:
        consume(state, leg.rows, orientation * leg.sign, columns, number * leg.ratio)
    return columns, number


def consume(
    state: CommodityState, rows: Sequence[int], sign: int | IntArray, columns: IntArray, wanted: FloatArray
) -> None:
    """Use up deltas of one sign, earliest period first; what is left below the noise becomes zero.

    Args:
        state: The commodity; its remaining deltas change in place.
        rows: Rows to draw on, earliest period first.
        sign: +1 to use long deltas, −1 short ones; one for all columns or one for each.
        columns: Columns to draw on.
        wanted: How much to use in each column, not negative.
    """
    wanted = wanted.copy()
    for row in rows:
        left = np.maximum(sign * state.remaining[row, columns], 0.0)
        taken = np.minimum(left, wanted)
        touched = taken > 0.0
        if touched.any():
            wanted -= taken
            left = left - taken
            left = np.where(left <= state.dust[columns], 0.0, left)
            state.remaining[row, columns] = np.where(touched, sign * left, state.remaining[row, columns])
