"""Margin on notional value: rates by tier, leverage, open orders on their worst side, floors for hedged books."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import CodeArray, FloatArray
from margin.numeric.schedules import Schedules


def tiered_margin(notional: FloatArray, rates: Schedules, codes: CodeArray) -> FloatArray:
    """N·r_k − cum_k of the tier that the notional lies in, cum_k = cum_{k−1} + lower_k·(r_k − r_{k−1}).

    Continuous in the notional. Sources: Binance futures, leverage and margin tiers ("maintenance amount");
    Hyperliquid, margin tiers ("maintenance deduction").

    Args:
        notional: Not negative, shape (rows,).
        rates: Rate schedules.
        codes: Schedule of each row, shape (rows,).
    """
    return rates.total(notional, codes)


def initial_margin(
    notional: FloatArray, rates: Schedules, codes: CodeArray, leverage: FloatArray, open_interest: FloatArray
) -> FloatArray:
    """Notional / leverage, or rates by tier where no leverage is chosen, raised with open interest.

    Open interest takes the rate r to r + (1 − r)·part. Source: dYdX v4, open-interest-scaled initial margin.

    Args:
        notional: Not negative, shape (rows,).
        rates: Rate schedules.
        codes: Schedule of each row, shape (rows,).
        leverage: Chosen leverage, NaN for none, shape (rows,).
        open_interest: Part of the way to a rate of 1, within [0, 1], shape (rows,).
    """
    margin = np.where(np.isnan(leverage), tiered_margin(notional, rates, codes), notional / leverage)
    raised: FloatArray = margin + (notional - margin) * open_interest
    return raised


def worst_fill(quantity: FloatArray, buys: FloatArray, sells: FloatArray) -> FloatArray:
    """The larger of the two sizes that open orders can lead to: all buys filled, or all sells.

    max(max(0, position + buys), max(0, sells − position)). Source: Paradex, initial margin with open orders.

    Args:
        quantity: Signed net positions, shape (rows,).
        buys: Sizes of open orders to buy, not negative, shape (rows,).
        sells: Likewise, to sell.

    Returns:
        Sizes, not negative, shape (rows,).
    """
    return np.maximum(np.maximum(quantity + buys, sells - quantity), 0.0)


def minimum_delta_margin(
    net: FloatArray, gross: FloatArray, spot: FloatArray, unhedged: float, hedged: float
) -> FloatArray:
    """Floor of a hedged book: (unhedged·|net| + hedged·(gross − |net|)/2)·spot.

    Source: Paradex, portfolio margin, minimum delta requirement.

    Args:
        net: Σ delta, shape (rows,).
        gross: Σ |delta|, shape (rows,).
        spot: Price of the underlying, shape (rows,).
        unhedged: Rate on what is left open.
        hedged: Rate on each pair of opposite deltas.
    """
    size = np.abs(net)
    return (unhedged * size + hedged * (gross - size) / 2.0) * spot
