"""Risk arrays in ticks become money of the commodity: ticks × tick value, foreign money at the worse rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from margin.model.parameters import RateId
from margin.numeric.arrays import FloatArray
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.foreign import foreign_contracts, tick_values
from margin.value.published import BaseArrays, base_arrays


def tick_arrays(contracts: ResolvedContracts, base: Mapping[int, RateId]) -> BaseArrays:
    """Gather arrays as `base_arrays` does, with ticks and foreign currencies as London SPAN takes them.

    A scenario value in a foreign currency is converted at rate × (1 + up) if it is a loss and at
    rate × (1 − down) if it is a gain: always the worse. The loss of a short contract is therefore not the gain of
    a long one, and the two have arrays of their own.
    Source: London SPAN: arrays in ticks; currency conversion of scenario values.

    Args:
        contracts: The contracts.
        base: Rate id of each commodity code; contracts of other commodities are unusable.
    """
    arrays = base_arrays(contracts, base)
    tick = np.ones(len(contracts))
    for rate_id in sorted(set(base.values())):
        own = np.array([base.get(code) == rate_id for code in range(len(contracts.commodities))])[contracts.commodity]
        tick[own] = np.nan_to_num(tick_values(contracts, rate_id)[own], nan=1.0)
    money = arrays.losses * tick[:, None]
    foreign = foreign_contracts(contracts)
    if np.array_equal(foreign.high, foreign.low):
        return replace(arrays, losses=money * foreign.spot[:, None])
    high, low = foreign.high[:, None], foreign.low[:, None]
    return replace(arrays, losses=_worse(money, high, low), short_losses=_worse(-money, high, low))


def _worse(losses: FloatArray, high: FloatArray, low: FloatArray) -> FloatArray:
    """Losses at the rate that makes them larger, and gains at the one that makes them smaller."""
    worse: FloatArray = np.maximum(losses * high, losses * low) + 0.0
    return worse
