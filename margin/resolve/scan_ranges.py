"""The price scan range per delta that weighted futures price risk may be capped by."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import polars as pl

from margin.model.contract import NO_PERIOD
from margin.model.parameters import RateId
from margin.resolve.contracts import ResolvedContracts


def price_scan_range_per_delta(
    contracts: ResolvedContracts, commodity: int, cover: Container[str], rate_id: RateId
) -> float | None:
    """Price scan range of the nearest maturity in a cover of periods, per delta, in money.

    The nearest maturity is the earliest period of the contracts that have a scan range: futures and the like
    before options, contracts that expire before those that do not.
    Source: SPAN weighted futures price risk, scan range methods; CME advisory Chadv10-409.

    Returns:
        `None` where no contract there states one range in money: a range in percent of the price, or one that
        differs up and down, has no published conversion.
    """
    ranges = contracts.parameters.arrays[rate_id].scan_ranges
    codes = np.flatnonzero(contracts.commodity == commodity)
    codes = codes[[contracts.slot_periods[slot] in cover for slot in contracts.slot[codes]]]
    stated = ranges[contracts.rows[codes]].select(
        pl.Series("code", codes),
        "price_scan",
        down=pl.coalesce("price_scan_down", "price_scan"),
        given=pl.any_horizontal(pl.exclude("quote_in_option_terms").is_not_null()),
        period=pl.Series([contracts.slot_periods[slot] for slot in contracts.slot[codes]], dtype=pl.String),
        is_option=pl.Series(contracts.is_option[codes]),
        row=pl.Series(contracts.rows[codes]),
    )
    nearest = stated.filter("given").sort("is_option", pl.col("period") == NO_PERIOD, "period", "row").head(1)
    if nearest.is_empty() or nearest["price_scan"][0] is None or nearest["price_scan"][0] != nearest["down"][0]:
        return None
    code = int(nearest["code"][0])
    money = 10.0 ** contracts.commodities[commodity].risk_exponent
    return float(nearest["price_scan"][0] / contracts.delta_scale[code] * money)
