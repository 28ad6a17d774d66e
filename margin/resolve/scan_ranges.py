"""The price scan range per delta that weighted futures price risk may be capped by."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
import polars as pl

from margin.model.contract import NO_PERIOD
from margin.model.parameters import RateId
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.resolve.contracts import ResolvedContracts


@dataclass(frozen=True)
class _StatedRanges:
    """Contracts that state a scan range, by commodity, the nearest maturity first; shape (such contracts,) each.

    Attributes:
        commodity: Commodity code, ascending.
        code: Contract code.
        price_scan: Its price scan range; NaN where that is not one amount of money, the same up and down.
    """

    commodity: CodeArray
    code: IntArray
    price_scan: FloatArray


def price_scan_range_per_delta(
    contracts: ResolvedContracts, commodity: int, cover: Container[str], rate_id: RateId
) -> float | None:
    """Price scan range of the nearest maturity in a cover of periods, per delta, in money.

    Source: SPAN weighted futures price risk, scan range methods; CME advisory Chadv10-409.

    Returns:
        `None` where `nearest_price_scan_range` finds none.
    """
    stated = nearest_price_scan_range(contracts, commodity, cover, rate_id)
    if stated is None:
        return None
    code, published = stated
    money = 10.0 ** contracts.commodities[commodity].risk_exponent
    return float(published / contracts.delta_scale[code] * money)


def nearest_price_scan_range(
    contracts: ResolvedContracts, commodity: int, cover: Container[str], rate_id: RateId
) -> tuple[int, float] | None:
    """The contract of the nearest maturity in a cover of periods, by its code, and its price scan range as published.

    The nearest maturity is the earliest period of the contracts that have a scan range: futures and the like
    before options, contracts that expire before those that do not.
    Source: SPAN weighted futures price risk, scan range methods; CME advisory Chadv10-409.

    Returns:
        `None` where no contract there states one range in money: a range in percent of the price, or one that
        differs up and down, has no published conversion.
    """
    stated = contracts.parameters.once(f"scan ranges {rate_id}", lambda: _stated_ranges(contracts, rate_id))
    first, last = np.searchsorted(stated.commodity, (commodity, commodity + 1))
    slot = contracts.slot[stated.code[first:last]] - contracts.commodity_slots[commodity]
    covered = np.flatnonzero(contracts.is_covered(commodity, cover)[slot])
    if not len(covered) or np.isnan(stated.price_scan[first + covered[0]]):
        return None
    nearest = first + covered[0]
    return int(stated.code[nearest]), float(stated.price_scan[nearest])


def _stated_ranges(contracts: ResolvedContracts, rate_id: RateId) -> _StatedRanges:
    ranges = contracts.parameters.arrays[rate_id].scan_ranges.select(
        "price_scan",
        down=pl.coalesce("price_scan_down", "price_scan"),
        given=pl.any_horizontal(pl.exclude("quote_in_option_terms").is_not_null()),
    )
    codes = np.flatnonzero(ranges["given"].to_numpy()[contracts.rows])
    # Slots of a commodity are in the order of periods, but for contracts that do not expire, which come first.
    never_expires = np.array([period == NO_PERIOD for period in contracts.slot_periods], dtype=np.bool_)
    slot = contracts.slot[codes]
    codes = codes[
        np.lexsort(
            (contracts.rows[codes], slot, never_expires[slot], contracts.is_option[codes], contracts.commodity[codes])
        )
    ]
    up, down = (ranges[name].to_numpy()[contracts.rows[codes]] for name in ("price_scan", "down"))
    return _StatedRanges(contracts.commodity[codes], codes, np.where(up == down, up, np.nan))
