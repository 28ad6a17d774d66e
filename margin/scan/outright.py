"""Outright risk: what each position would require by itself, so that the benefit of netting can be seen."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import FloatArray
from margin.numeric.segments import segment_sums
from margin.scan.groups import PositionGroups
from margin.value.published import BaseArrays


def outright_risk(groups: PositionGroups, arrays: BaseArrays) -> FloatArray:
    """Sum over the positions of each group of the position's own scan risk, shape (groups,).

    Args:
        groups: The positions and their groups.
        arrays: Losses by contract code and scenario; columns past a contract's own grid are zero.
    """
    long, short = arrays.losses, -arrays.losses if arrays.short_losses is None else arrays.short_losses
    long_risk = np.maximum(long.max(axis=1, initial=0.0), 0.0)
    short_risk = np.maximum(short.max(axis=1, initial=0.0), 0.0)
    quantity = groups.quantity
    each = np.where(quantity > 0.0, long_risk[groups.contract], short_risk[groups.contract]) * np.abs(quantity)
    return segment_sums(each, groups.starts)
