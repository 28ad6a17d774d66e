"""Concentration: asset weights that shrink, and liability weights that grow, with the size of what is held."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import FloatArray

_LARGEST_BY_SIZE = 1.1
_LIABILITY_PART = 0.8


def asset_weight_by_size(units: FloatArray, factor: FloatArray) -> FloatArray:
    """The largest weight that a position of a size may have: 1.1 / (1 + f·√units); infinite without a factor.

    Source: Drift protocol v2, margin math, size discount of asset weights.

    Args:
        units: Size in units of the asset, not negative, shape (rows,).
        factor: f, NaN where size does not matter, shape (rows,).
    """
    weight = _LARGEST_BY_SIZE / (1.0 + factor * np.sqrt(units))
    return np.where(np.isnan(factor), np.inf, weight)


def liability_weight_by_size(weight: FloatArray, units: FloatArray, factor: FloatArray) -> FloatArray:
    """The smallest weight that a loan of a size may have: 0.8·w + f·√units, and no less than w.

    Source: Drift protocol v2, margin math, size premium of liability weights. Arguments as `asset_weight_by_size`.
    """
    grown = _LIABILITY_PART * weight + factor * np.sqrt(units)
    return np.where(np.isnan(factor), weight, np.maximum(weight, grown))


def deposit_scale(total_value: FloatArray, start: FloatArray) -> FloatArray:
    """Factor on asset weights: min(1, start / total value of deposits in the venue).

    Sources: Mango v4, scaled initial asset weight; Drift protocol v2, ``scale_initial_asset_weight_start``.

    Args:
        total_value: Not negative, shape (rows,).
        start: Infinite where totals do not matter, shape (rows,).
    """
    return np.where(total_value > start, start / np.maximum(total_value, np.finfo(float).tiny), 1.0)


def borrow_scale(total_value: FloatArray, start: FloatArray) -> FloatArray:
    """Factor on liability weights: max(1, total value of loans in the venue / start).

    Source: Mango v4, scaled initial liability weight. Arguments as `deposit_scale`.
    """
    return np.maximum(1.0, total_value / start)


def open_interest_position(open_interest: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """How far open interest has come from its lower to its upper bound, within [0, 1]; 0 where the upper is 0.

    Source: dYdX v4, open-interest-scaled initial margin.
    """
    width = upper - lower
    part = (open_interest - lower) / np.where(width > 0.0, width, 1.0)
    stepped = np.where(width > 0.0, part, np.where(open_interest > lower, 1.0, 0.0))
    return np.where(upper > 0.0, np.clip(stepped, 0.0, 1.0), 0.0)
