"""The rows the engine works on: one group per account and commodity, one scan row per scan tier in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from margin.model.position import MAX_QUANTITY_DECIMALS
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.numeric.exact import as_whole, scale_by_segment
from margin.numeric.segments import segment_bounds, segment_starts
from margin.resolve.contracts import ResolvedContracts


@dataclass(frozen=True)
class PositionGroups:
    """Positions sorted by account and contract code, and the runs in them.

    Attributes:
        account, contract, quantity: The positions.
        starts: First position of each (account, commodity) group, shape (groups,).
        group_account, group_commodity: Codes of each group.
        position_group: Group of each position.
        scan_starts: First position of each (account, commodity, scan tier) row, shape (scan rows,).
        scan_group: Group of each scan row.
        scan_tier: Scan tier code of each scan row.
    """

    account: CodeArray
    contract: CodeArray
    quantity: FloatArray
    starts: IntArray
    group_account: CodeArray
    group_commodity: CodeArray
    position_group: IntArray
    scan_starts: IntArray
    scan_group: IntArray
    scan_tier: CodeArray

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def quantity_scale(self) -> FloatArray:
        """The power of ten that makes all quantities of a position's account whole numbers, by position."""
        starts = segment_starts(self.account)
        scale = scale_by_segment(self.quantity, starts, MAX_QUANTITY_DECIMALS)
        return np.repeat(scale, np.diff(segment_bounds(starts, len(self.account))))

    @cached_property
    def whole_quantity(self) -> FloatArray:
        """Quantities times their scale."""
        return as_whole(self.quantity, self.quantity_scale)


def group_positions(
    account: CodeArray, contract: CodeArray, quantity: FloatArray, contracts: ResolvedContracts
) -> PositionGroups:
    """Find the runs of equal (account, commodity) and (account, scan tier).

    Args:
        account: Account codes, ascending.
        contract: Contract codes, ascending inside an account.
        quantity: Net quantities.
        contracts: Gives commodity and scan tier of each contract code.
    """
    commodity = contracts.commodity[contract]
    tier = contracts.scan_tier[contract]
    starts = segment_starts(account, commodity)
    scan_starts = segment_starts(account, tier)
    is_start = np.zeros(len(account), dtype=np.int64)
    is_start[starts] = 1
    position_group = np.cumsum(is_start) - 1
    return PositionGroups(
        account=account,
        contract=contract,
        quantity=quantity,
        starts=starts,
        group_account=account[starts],
        group_commodity=commodity[starts],
        position_group=position_group,
        scan_starts=scan_starts,
        scan_group=position_group[scan_starts],
        scan_tier=tier[scan_starts],
    )
