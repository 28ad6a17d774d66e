"""Scenario losses of a commodity as spreads left it: its own, and those of commodities merged into it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.resolve.cover import Cover
from margin.scan.cover_losses import CoverLosses
from margin.spread.state import CommodityState, Merge


def losses_in_cover(
    state: CommodityState, cover: Cover, own: CoverLosses, merges: Sequence[Merge] | None = None
) -> FloatArray:
    """Scenario losses in a cover of periods in money, shape (holders, points).

    Losses of a merged commodity count in full, its gains at the gain allowance.
    Source: CME SPAN 03-04, scanning-based spreads.

    Args:
        state: The commodity.
        cover: The periods.
        own: Losses of positions.
        merges: What has merged into it; `None` for everything so far.
    """
    total = own.of_groups(state.code, state.groups, cover) / own.scale_of(state.groups)[:, None]
    for merge in state.merges if merges is None else merges:
        if merge.leg is None:
            total[merge.columns] = gain_adjusted(total[merge.columns], merge.allowance)
        else:
            leg = losses_in_cover(merge.leg, cover, own, merge.leg_merges)[merge.leg_columns]
            total[merge.columns] += gain_adjusted(leg, merge.allowance)
    return total


def held_in_cover(
    state: CommodityState, cover: Cover, own: CoverLosses, merges: Sequence[Merge] | None = None
) -> BoolArray:
    """Whether each holder has a position in a cover, its own or merged in, shape (holders,)."""
    held = own.held(state.code, state.groups, cover)
    for merge in state.merges if merges is None else merges:
        if merge.leg is not None:
            held[merge.columns] |= held_in_cover(merge.leg, cover, own, merge.leg_merges)[merge.leg_columns]
    return held


def gain_adjusted(losses: FloatArray, allowance: float) -> FloatArray:
    """Losses in full, gains at the allowance."""
    return np.where(losses >= 0.0, losses, losses * allowance)
