"""Risk arrays by contract code, for the rate id that each commodity is margined on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from margin.model.parameters import RateId
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray
from margin.resolve.contracts import ResolvedContracts


@dataclass(frozen=True)
class BaseArrays:
    """Arrays of one set of base rates.

    Attributes:
        losses: Loss (+) or gain (−) of one long contract in the commodity's currency, by contract code and
            scenario; zero past a contract's own grid, and where it has no array.
        composite_delta: By contract code.
        unusable: Contracts of margined commodities without an array, or premium options without a price, by contract
            code.
        short_losses: Loss (+) or gain (−) of one short contract, like `losses`; `None` where a short contract
            loses what a long one gains.
    """

    losses: FloatArray
    composite_delta: FloatArray
    unusable: BoolArray
    short_losses: FloatArray | None = None

    @property
    def by_side(self) -> FloatArray:
        """What a signed quantity is to be multiplied by: rows of long contracts, then of short ones if they differ."""
        if self.short_losses is None:
            return self.losses
        return np.concatenate((self.losses, -self.short_losses))

    def rows_by_side(self, contract: CodeArray, quantity: FloatArray) -> CodeArray:
        """Row of `by_side` of each position."""
        if self.short_losses is None:
            return contract
        return np.where(quantity < 0.0, contract + len(self.losses), contract).astype(np.int32)


def base_arrays(contracts: ResolvedContracts, base: Mapping[int, RateId]) -> BaseArrays:
    """Gather the arrays of every contract and apply the risk exponent of its commodity.

    Args:
        contracts: The contracts.
        base: Rate id of each commodity code; contracts of other commodities have no arrays.
    """
    arrays = contracts.parameters.arrays
    width = max((item.losses.shape[1] for item in arrays.values()), default=0)
    losses = np.zeros((len(contracts), width))
    delta = np.zeros(len(contracts))
    missing = np.ones(len(contracts), dtype=np.bool_)
    exponent = np.array([item.risk_exponent for item in contracts.commodities], dtype=np.float64)
    for rate_id in sorted(set(base.values())):
        own = np.array([base.get(code) == rate_id for code in range(len(contracts.commodities))])
        codes = np.flatnonzero(own[contracts.commodity])
        rows = contracts.rows[codes]
        source = arrays[rate_id]
        losses[codes, : source.losses.shape[1]] = source.losses[rows]
        delta[codes] = source.composite_delta[rows]
        missing[codes] = source.points[rows] == 0
    if exponent.any():
        losses *= (10.0**exponent)[contracts.commodity][:, None]
    no_price = contracts.is_premium_option & np.isnan(contracts.unit_value)
    asked = np.isin(contracts.commodity, list(base))
    return BaseArrays(losses, delta, (missing | no_price) & asked)
