"""Piecewise linear schedules: marginal rates of slices, padded to one width so that many rows are one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Schedules:
    """Several schedules of tiers.

    Attributes:
        lower: Lower bound of each tier, the first 0, padded with infinity; shape (schedules, tiers).
        rate: Rate of the slice from there to the next bound, padded with 0; shape (schedules, tiers).
        deduction: What makes x·rate − deduction continuous: Σ of lower·(rate − rate before); shape (schedules, tiers).
    """

    lower: FloatArray
    rate: FloatArray
    deduction: FloatArray

    @classmethod
    def of(cls, tiers: Sequence[Sequence[tuple[float, float]]]) -> Schedules:
        """Schedules from their tiers, each (lower bound, rate), ascending from 0; one without tiers has rate 0."""
        width = max((len(one) for one in tiers), default=1) or 1
        lower = np.full((len(tiers), width), np.inf)
        rate = np.zeros((len(tiers), width))
        deduction = np.zeros((len(tiers), width))
        lower[:, 0] = 0.0
        for row, one in enumerate(tiers):
            before, deducted = 0.0, 0.0
            for column, (bound, its_rate) in enumerate(one):
                deducted += bound * (its_rate - before)
                lower[row, column], rate[row, column], deduction[row, column] = bound, its_rate, deducted
                before = its_rate
        return cls(lower, rate, deduction)

    @property
    def width(self) -> int:
        """Tiers of the longest schedule."""
        return int(self.lower.shape[1])

    def tier_of(self, values: FloatArray, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """The tier each value lies in, from 0; a value at a bound lies in the tier below it.

        Args:
            values: Not negative, shape (rows,).
            codes: Schedule of each row, shape (rows,).
        """
        tier = np.zeros(len(values), dtype=np.int64)
        for column in range(1, self.width):
            tier += values > self.lower[codes, column]
        return tier

    def total(self, values: FloatArray, codes: npt.NDArray[np.integer]) -> FloatArray:
        """Value × rate − deduction of the tier each value lies in; continuous in the value.

        Args:
            values: Not negative, shape (rows,).
            codes: Schedule of each row, shape (rows,).
        """
        tier = self.tier_of(values, codes)
        totals: FloatArray = values * self.rate[codes, tier] - self.deduction[codes, tier]
        return totals

    def slices(self, values: FloatArray, codes: npt.NDArray[np.integer], column: int) -> FloatArray:
        """The part of each value that lies in one tier, shape (rows,)."""
        begin = self.lower[codes, column]
        end = self.lower[codes, column + 1] if column + 1 < self.width else np.inf
        # Where a schedule has no such tier, both bounds are infinite and their difference would be no number.
        within = np.minimum(values, end) - np.where(np.isinf(begin), 0.0, begin)
        sliced: FloatArray = np.where(np.isinf(begin), 0.0, np.maximum(within, 0.0))
        return sliced
