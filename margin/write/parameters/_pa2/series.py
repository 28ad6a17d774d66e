"""Record B: what all contracts of one future month or one option series share, many records at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.write.parameters._pa2.block import trimmed
from margin.write.parameters._pa2.limits import OTHER_FORMAT, WRITE_ANOTHER
from margin.write.parameters._pa2.series_block import SeriesBlock
from margin.write.parameters._pa2.subject import Subject

_KEY = ["product", "futures_period", "option_period"]
_SHARED = (
    "delta_scale", "price_scan", "price_scan_percent", "volatility_scan", "volatility_scan_percent",
    "contract_value_factor", "time_to_expiry", "volatility",
)  # fmt: skip
_DOWN = {"price_scan": "price_scan_down", "price_scan_percent": "price_scan_down_percent"}
_NOT_WRITTEN = ("volatility_scan_down", "volatility_scan_down_percent", "quote_in_option_terms")


@dataclass(frozen=True)
class SeriesRecords:
    """All B records, in the order of the contracts.

    Attributes:
        content: The lines.
        start: Offset of each record's line, and the end of the last; shape (records + 1,).
        product: Product row of each record.
        has_own_factors: Whether contract value factors of a product stand with each contract, by product row.
    """

    content: bytes
    start: IntArray
    product: IntArray
    has_own_factors: BoolArray

    def by_product(self) -> dict[int, bytes]:
        """The lines of each product row that has any."""
        lines: dict[int, bytes] = {}
        breaks = [0, *(np.flatnonzero(np.diff(self.product)) + 1).tolist(), len(self.product)]
        for first, last in pairwise(breaks):
            if last > first:
                row = int(self.product[first])
                lines[row] = lines.get(row, b"") + self.content[int(self.start[first]) : int(self.start[last])]
        return lines


def series_of(subject: Subject, frame: pl.DataFrame, product_factors: FloatArray) -> SeriesRecords:
    """B records of every series whose product belongs to a commodity.

    Args:
        subject: What is written.
        frame: Contracts with the names that records use.
        product_factors: Contract value factor that each product's own record states, NaN for none.
    """
    scales = np.array(
        [
            subject.links[row][1].delta_scaling_factor if row in subject.links else np.nan
            for row in range(len(product_factors))
        ]
    )
    ranges = subject.arrays.scan_ranges
    linked = pl.concat([frame, ranges], how="horizontal").with_columns(
        pl.Series("link_scale", scales, dtype=pl.Float64).gather(frame["product"]),
    ).with_columns(
        delta_scale=(pl.col("delta_scaling_factor").fill_null(1.0) * pl.col("link_scale")).fill_nan(None),
    )  # fmt: skip
    linked = linked.filter(pl.col("delta_scale").is_not_null())
    _refuse_ranges(subject, linked)
    series = linked.group_by(_KEY, maintain_order=True).agg(
        pl.col("exchange", "code", "type", "underlying_product", "line").first(),
        *(pl.col(name).min().alias(f"{name}_low") for name in _SHARED),
        *(pl.col(name).max().alias(name) for name in _SHARED),
    )
    _refuse_different(subject, series)
    own = _own_factors(frame, len(product_factors))
    fields = SeriesBlock(subject, series)
    fields.put_scales()
    fields.put_grid()
    fields.put_factor(product_factors, own)
    fields.put_models()
    content, length = trimmed(fields.block.matrix) if series.height else (np.zeros(0, np.uint8), np.zeros(0, np.int64))
    return SeriesRecords(
        content.tobytes(),
        np.concatenate([[0], np.cumsum(length)]).astype(np.int64),
        series["product"].to_numpy().astype(np.int64),
        own,
    )


def _refuse_ranges(subject: Subject, contracts: pl.DataFrame) -> None:
    for name, other in _DOWN.items():
        down = contracts.filter(pl.col(other) != pl.col(name).fill_null(float("nan")))
        if down.height:
            first = down.row(0, named=True)
            subject.limits.refuse(
                f"scanRate/priceScanDown of {first['code']} {first['type']} {first['period']}",
                first[other], "price scan ranges are the same up and down", WRITE_ANOTHER,
                line=first["line"], number=down.height,
            )  # fmt: skip
    for name in _NOT_WRITTEN:
        used = pl.col(name) if name == "quote_in_option_terms" else pl.col(name).is_not_null()
        number = contracts.select(used.fill_null(value=False).sum()).item()
        if number:
            subject.limits.leave_out(name.replace("_", " "), int(number))
    both = contracts.select((pl.col("price_scan").is_not_null() & pl.col("price_scan_percent").is_not_null()).sum())
    if both.item():
        subject.limits.leave_out("price scan ranges in percent beside those in money", int(both.item()))


def _refuse_different(subject: Subject, series: pl.DataFrame) -> None:
    """What margin figures follow from is the same for all contracts of a series."""
    elements = {
        "delta_scale": ("sc", "delta scaling factor"),
        "price_scan": ("scanRate/priceScan", "price scan range"),
        "price_scan_percent": ("scanRate/priceScanPct", "price scan range"),
    }
    for name, (element, words) in elements.items():
        different = series.filter(pl.col(name) != pl.col(f"{name}_low"))
        if different.height:
            first = different.row(0, named=True)
            subject.limits.refuse(
                f"{element} of {first['code']} {first['type']} {first['option_period'] or first['futures_period']}",
                first[name], f"all contracts of a series have one {words}", f"take the series out, {OTHER_FORMAT}",
                line=first["line"], number=different.height,
            )  # fmt: skip


def _own_factors(frame: pl.DataFrame, products: int) -> BoolArray:
    """Products whose contract value factors differ inside a series, or differ from their strike value factors."""
    different = frame.group_by(_KEY).agg(
        (pl.col("contract_value_factor").n_unique() > 1).alias("inside"),
        (pl.col("strike_value_factor") != pl.col("contract_value_factor")).fill_null(value=False).any().alias("strike"),
    )
    own = np.zeros(products, dtype=np.bool_)
    own[different.filter(pl.col("inside") | pl.col("strike"))["product"].to_numpy()] = True
    return own
