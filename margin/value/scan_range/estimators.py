"""Estimators of a range from past moves, for every day at once: percentiles, standard deviations, moving averages.

All take moves in time order and give, for each day that has a whole window of moves behind it, one range for
rises and one for falls. No estimate uses a move that ends after its day.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from margin.model.scan_range import Estimator, ExponentiallyWeighted, Percentile, Sides, StandardDeviations
from margin.numeric.arrays import FloatArray

_VALUES_AT_ONCE = 1 << 21
_RANK_SLACK = 1e-9  # 0.99 × 300 is 297 and not a hair more


def rolling_range(estimator: Estimator, moves: FloatArray, sides: Sides) -> FloatArray:
    """Ranges of every window of moves.

    Args:
        estimator: The estimator; its window is at most as long as `moves`.
        moves: Moves in time order, in any one unit, shape (moves,).
        sides: ``both``: one range from moves of either sign; ``each``: one from rises and one from falls.

    Returns:
        Ranges up and down in the unit of the moves, shape (2, moves − window + 1), not below 0.
    """
    if isinstance(estimator, Percentile):
        found = _percentiles(estimator, moves, sides)
    elif isinstance(estimator, StandardDeviations):
        found = _both(_over_windows(moves, estimator.window, _deviation(estimator.about)) * estimator.multiple)
    else:
        weights = estimator.decay ** np.arange(estimator.window - 1, -1, -1, dtype=np.float64)
        weights /= weights.sum()
        squares = _over_windows(moves * moves, estimator.window, lambda windows: windows @ weights)
        found = _both(np.sqrt(squares) * estimator.multiple)
    return np.maximum(found, 0.0)


def evenly_weighted(estimator: Estimator, window: int) -> Estimator:
    """The estimator over another window in which all moves weigh the same.

    A long window says nothing of stress where its old moves hardly count; the exponentially weighted mean square
    becomes a plain one.
    """
    if isinstance(estimator, ExponentiallyWeighted):
        return StandardDeviations(window, estimator.multiple, "zero")
    return replace(estimator, window=window)


def _both(ranges: FloatArray) -> FloatArray:
    return np.stack([ranges, ranges])


def _percentiles(estimator: Percentile, moves: FloatArray, sides: Sides) -> FloatArray:
    """The order statistic of rank ⌈confidence × window⌉: no value between two moves is made up."""
    rank = max(1, math.ceil(estimator.confidence * estimator.window - _RANK_SLACK))

    def ranked(values: FloatArray) -> FloatArray:
        return _over_windows(
            values, estimator.window, lambda windows: np.partition(windows, rank - 1, axis=1)[:, rank - 1]
        )

    return _both(ranked(np.abs(moves))) if sides == "both" else np.stack([ranked(moves), ranked(-moves)])


def _deviation(about: str) -> Callable[[FloatArray], FloatArray]:
    if about == "mean":
        return lambda windows: np.std(windows, axis=1, ddof=1)
    return lambda windows: np.sqrt(np.mean(windows * windows, axis=1))


def _over_windows(values: FloatArray, window: int, of: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """A statistic of every window, in pieces that fit the processor's cache."""
    windows = sliding_window_view(values, window)
    rows = max(1, _VALUES_AT_ONCE // window)
    pieces = [of(windows[start : start + rows]) for start in range(0, len(windows), rows)]
    return np.concatenate(pieces)
