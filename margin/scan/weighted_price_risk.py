"""Weighted futures price risk: price risk per delta, the measure that credits between commodities are taken on."""

from __future__ import annotations

import numpy as np

from margin.model.house import RoundingPolicy, rounded
from margin.numeric.arrays import FloatArray

NORMAL = "NORMAL"
SCAN_RANGE = "SCANRANGE"
SCAN_RANGE_CAP = "SCANRANGE_CAP"
METHODS = frozenset({NORMAL, SCAN_RANGE, SCAN_RANGE_CAP})


def weighted_price_risk(
    method: str, price_risk: FloatArray, net_delta: FloatArray, scan_range: float | None, policy: RoundingPolicy
) -> FloatArray:
    """Weighted futures price risk of each holder, from positions before any spread.

    ``NORMAL`` is price risk over net delta, ``SCANRANGE_CAP`` the same but at most the price scan range per
    delta, ``SCANRANGE`` the scan range whatever the price risk. Without price risk or delta the first two are zero.
    Source: CME SPAN, "Combined Commodities"; CME advisory Chadv10-409.

    Args:
        method: ``NORMAL``, ``SCANRANGE`` or ``SCANRANGE_CAP``.
        price_risk: Shape (holders,).
        net_delta: Signed net original delta, shape (holders,).
        scan_range: Price scan range of one delta in money; needed by the two scan range methods.
        policy: Rounding of the result.

    Returns:
        Money per delta, not negative, shape (holders,).
    """
    if method == SCAN_RANGE:
        return rounded(np.full(len(price_risk), _needed(scan_range)), policy.weighted_price_risk)
    delta = np.abs(net_delta)
    formed = (price_risk > 0.0) & (delta > 0.0)
    per_delta = np.divide(price_risk, delta, out=np.zeros(len(delta)), where=formed)
    if method == SCAN_RANGE_CAP:
        per_delta = np.where(formed, np.minimum(per_delta, _needed(scan_range)), 0.0)
    return rounded(per_delta, policy.weighted_price_risk)


def _needed(scan_range: float | None) -> float:
    if scan_range is None:
        raise ValueError("the method needs a price scan range")
    return scan_range
