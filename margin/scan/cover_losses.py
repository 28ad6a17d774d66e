"""Scenario losses of part of a commodity: the positions whose delta period lies in a cover."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.segments import rows_by_code, segment_bounds, segment_starts
from margin.numeric.sparse import weighted_row_sums
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.cover import Cover
from margin.scan.groups import PositionGroups


class CoverLosses:
    """Adds up scenario losses by (commodity, cover) on demand, and keeps what it has added up."""

    def __init__(
        self,
        groups: PositionGroups,
        contracts: ResolvedContracts,
        losses: FloatArray,
        row: CodeArray,
        scan_losses: FloatArray,
        scale: FloatArray,
    ) -> None:
        """Prepare the positions by commodity.

        Args:
            groups: The positions and their groups.
            contracts: The contracts.
            losses: What a whole quantity is multiplied by, whole numbers too; shape (rows, points).
            row: Row of `losses` of each position.
            scan_losses: Products of every scan row, shape (scan rows, points).
            scale: What products of each group are to be divided by to be money, shape (groups,).
        """
        self._groups = groups
        self._contracts = contracts
        self._losses = losses
        self._row = row
        self._scale = scale
        self._scan_losses = scan_losses
        commodity = contracts.commodity[groups.contract]
        self._positions = rows_by_code(commodity, np.argsort(commodity, kind="stable"))
        self._scan_row = np.full(len(groups), -1, dtype=np.int64)
        rows_per_group = np.bincount(groups.scan_group, minlength=len(groups))
        single = rows_per_group[groups.scan_group] == 1
        self._scan_row[groups.scan_group[single]] = np.flatnonzero(single)

    @property
    def points(self) -> int:
        """Number of scenarios of the widest grid."""
        return int(self._losses.shape[1])

    def of_groups(self, commodity: int, groups: IntArray, cover: Cover) -> FloatArray:
        """Losses of some groups of one commodity in a cover; zero for a group without positions there.

        Args:
            commodity: Commodity code.
            groups: Groups of that commodity, ascending, some of them possibly past the groups that hold anything.
            cover: The periods.

        Returns:
            Losses times `scale_of` their group, shape (groups, points).
        """
        total = np.zeros((len(groups), self.points))
        held = np.flatnonzero(groups < len(self._groups))
        covered = self._contracts.is_covered(commodity, cover)
        if covered.all():
            rows = self._scan_row[groups[held]]
            if (rows >= 0).all():
                total[held] = self._scan_losses[rows]
                return total
        chosen = self._positions_in(commodity, covered)
        group = self._groups.position_group[chosen]
        starts = segment_starts(group)
        total[_places(groups, group[starts])] = weighted_row_sums(
            segment_bounds(starts, len(chosen)),
            self._row[chosen],
            self._groups.whole_quantity[chosen],
            self._losses,
            threads=1,
        )
        return total

    def scale_of(self, groups: IntArray) -> FloatArray:
        """What the losses of some groups are to be divided by to be money, shape (groups,)."""
        scale = np.ones(len(groups))
        held = groups < len(self._groups)
        scale[held] = self._scale[groups[held]]
        return scale

    def held(self, commodity: int, groups: IntArray, cover: Cover) -> BoolArray:
        """Whether each of some groups has a position in a cover, shape (groups,)."""
        result = np.zeros(len(groups), dtype=np.bool_)
        chosen = self._positions_in(commodity, self._contracts.is_covered(commodity, cover))
        result[_places(groups, np.unique(self._groups.position_group[chosen]))] = True
        return result

    def _positions_in(self, commodity: int, covered: BoolArray) -> IntArray:
        positions = self._positions.get(commodity, np.zeros(0, dtype=np.int64))
        slot = self._contracts.slot[self._groups.contract[positions]] - self._contracts.commodity_slots[commodity]
        chosen: IntArray = positions[covered[slot]]
        return chosen


def _places(groups: IntArray, wanted: IntArray) -> IntArray:
    """Where each wanted group stands among some groups."""
    order = np.argsort(groups, kind="stable")
    places: IntArray = order[np.searchsorted(groups, wanted, sorter=order)]
    return places
