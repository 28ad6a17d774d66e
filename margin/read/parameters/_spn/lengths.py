"""Whether every risk array is as long as the scenario grid that it is meant for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from margin.model.parameters import ClearingOrganisation, CombinedCommodity, RateArrays
from margin.model.problem import Reason
from margin.numeric.arrays import BoolArray, CodeArray, IntArray
from margin.read.parameters._spn.commodities import LIMITED_POINTS
from margin.read.parameters._spn.grids import home_commodities
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Reading
from margin.read.parameters._spn.rows import ContractRows

STANDARD_POINTS = 16
"""Number of scenarios where the file gives no list of them."""

_LISTED_PER_RATE = 100


def fit_arrays(
    arrays: Mapping[str, RateArrays],
    orgs: Sequence[ClearingOrganisation],
    commodities: Sequence[CombinedCommodity],
    families: Families,
    found: ContractRows,
    reading: Reading,
) -> Mapping[str, RateArrays]:
    """Record arrays of a wrong length as faults, and cut those of commodities limited to 16 scenarios.

    The grid of a contract's combined commodity wins over that of its clearing organisation.
    """
    home = home_commodities(commodities, families)
    org_of = {org.code: org for org in orgs}
    fitted: dict[str, RateArrays] = {}
    for rate_id, rate in arrays.items():
        expected = np.zeros(len(families.products) + 1, dtype=np.int32)
        limited = np.zeros(len(families.products) + 1, dtype=bool)
        for index, product in enumerate(families.products):
            commodity = home.get(index)
            grid = commodity.grids.get(rate_id) if commodity else None
            grid = grid or org_of[product.clearing_org].grids.get(rate_id)
            expected[index] = len(grid) if grid else STANDARD_POINTS
            limited[index] = commodity is not None and commodity.limit_arrays_to_16_points
        cut = limited[found.product] & (rate.points > LIMITED_POINTS)
        fits = (rate.points == expected[found.product]) | (rate.points == 0) | cut
        if not bool(fits.all()):
            _refuse_lengths(rate_id, rate.points, expected, np.flatnonzero(~fits), families, found, reading)
        fitted[rate_id] = _cut(rate, cut)
    return MappingProxyType(fitted)


def _cut(rate: RateArrays, cut: BoolArray) -> RateArrays:
    if not bool(cut.any()):
        return rate
    rate.losses[cut, LIMITED_POINTS:] = 0.0
    points = np.where(cut, LIMITED_POINTS, rate.points).astype(np.int32)
    width = int(points.max(initial=0))
    return replace(rate, losses=np.ascontiguousarray(rate.losses[:, :width]), points=points)


def _refuse_lengths(
    rate_id: str,
    points: CodeArray,
    expected: CodeArray,
    wrong: IntArray,
    families: Families,
    found: ContractRows,
    reading: Reading,
) -> None:
    contracts = found.contracts
    reading.faults.count_unlisted(max(0, len(wrong) - _LISTED_PER_RATE))
    for i in wrong[:_LISTED_PER_RATE].tolist():
        row, family = int(contracts.rows[i]), int(found.product[i])
        reading.faults.add(
            Reason.WRONG_LENGTH,
            f"{contracts.place(row)}: the risk array of rate id {rate_id} has {points[i]} values, expected "
            f"{expected[family]}, one per scenario; correct the array or the scenario list (pointDef)",
            line=contracts.table.line_of(row),
            found=int(points[i]),
            expected=int(expected[family]),
        )
