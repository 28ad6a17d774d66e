"""Composite-delta ledger: the net delta of every account in every commodity and period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.model.house import Rounding, rounded
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.numeric.exact import as_whole, scale_by_code
from margin.numeric.segments import segment_starts, segment_sums
from margin.resolve.combinations import Legs, expanded
from margin.resolve.contracts import ResolvedContracts
from margin.scan.groups import PositionGroups

_NOISE = 3e-14
_DECIMALS = 9


@dataclass
class DeltaLedger:
    """Net deltas by (account, commodity, period); spreads use up `remaining` in place.

    Attributes:
        group: Group of each row, ascending, shape (rows,).
        slot: Slot of each row.
        original: Net delta before any spread, long > 0.
        remaining: Net delta not yet used by a spread; same sign as `original` or zero.
        noise: Deltas smaller than this are rounding noise of the sums and count as none, shape (rows,).
    """

    group: IntArray
    slot: CodeArray
    original: FloatArray
    remaining: FloatArray
    noise: FloatArray


def delta_ledger(
    groups: PositionGroups,
    contracts: ResolvedContracts,
    composite_delta: FloatArray,
    split: Legs,
    rounding: Rounding | None = None,
) -> DeltaLedger:
    """Net position deltas by period: quantity × composite delta × delta scaling factor.

    Source: CME SPAN, "Period Deltas"; the composite delta is the one published with the risk array.

    Args:
        groups: The positions and their groups.
        contracts: Gives slots and scaling factors.
        composite_delta: Composite delta of one long contract by contract code.
        split: Legs of combinations whose delta lies in the periods of their legs.
        rounding: Rounding of each period's net delta.
    """
    row, code, ratio = expanded(groups.contract.astype(np.int64), split)
    unit_delta = composite_delta * contracts.delta_scale
    held = set(np.unique(groups.group_commodity).tolist())
    delta_scale = scale_by_code(unit_delta, contracts.commodity, _DECIMALS, held)
    delta = groups.whole_quantity[row] * ratio * as_whole(unit_delta, delta_scale)[code]
    scale = groups.quantity_scale[row] * delta_scale[code]
    group, slot = groups.position_group[row], contracts.slot[code]
    if len(split.leg):
        order = np.lexsort((slot, group))
        group, slot, delta, scale = group[order], slot[order], delta[order], scale[order]
    starts = segment_starts(group, slot)
    original = segment_sums(delta, starts) / scale[starts]
    noise = _NOISE * segment_sums(np.abs(delta), starts) / scale[starts]
    original = rounded(np.where(np.abs(original) <= noise, 0.0, original), rounding)
    return DeltaLedger(
        group=group[starts],
        slot=slot[starts],
        original=original,
        remaining=original.copy(),
        noise=noise,
    )
