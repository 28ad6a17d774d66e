"""Delivery (spot month) charge: deltas that stand in a delivery period pay for it."""

from __future__ import annotations

import numpy as np

from margin.model.house import rounded
from margin.spread.measure import Measure
from margin.spread.state import CommodityState

NO_CHARGE = "NONE"
_SIGN = {"long": 1.0, "short": -1.0}


def charge_delivery(state: CommodityState, measure: Measure) -> None:
    """Charge every delivery period of one commodity, for all its holders at once.

    Deltas that spreads have used pay the spread rate, remaining ones the outright rate; the sum is rounded
    once. London SPAN may restrict a period's charge to holders who are long there before any spread, or short.
    Source: CME SPAN, Type 4 record, method 10; SPAN XML ``spotRate``.

    Args:
        state: The commodity; the charge is added in place to the columns that are not absorbed.
        measure: Gives the rounding.
    """
    if state.commodity.spot_method == NO_CHARGE:
        return
    charge = np.zeros(len(state))
    rows = {period: row for row, period in enumerate(state.periods)}
    for rate in state.commodity.spot_rates:
        if rate.rate_id == state.rate_id and rate.period in rows:
            original, remaining = state.original[rows[rate.period]], state.remaining[rows[rate.period]]
            own = np.abs(remaining) * rate.outright_rate + np.abs(original - remaining) * rate.spread_rate
            charge += own if rate.side == "both" else np.where(_SIGN[rate.side] * original > 0.0, own, 0.0)
    charge = np.where(state.absorbed_into < 0, charge * state.money, 0.0)
    state.amounts["delivery_charge"] += rounded(charge, measure.policy.delivery_charge)
