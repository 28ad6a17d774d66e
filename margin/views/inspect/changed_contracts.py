"""What changed between the contracts of two parameter sets: listings, scan ranges, factors, prices and arrays.

Contracts are matched by exchange, product code, type, period, underlying period, right and strike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from margin.model.parameters import ParameterSet
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.views.inspect.changed_definitions import SAME_NUMBER, Naming
from margin.views.inspect.contract_table import RANGES, SERIES, contract_table, ranges_of_contracts
from margin.views.inspect.definitions import Document

_KEY = ("clearing_org", "exchange", "product", "type", "period", "underlying_period", "right", "strike_key")
_STRIKE_DECIMALS = 9
_FACTORS = ("contract_value_factor", "delta_scaling_factor")
_DATE_DIGITS = 8


@dataclass(frozen=True)
class Matched:
    """The contracts of two parameter sets, told apart and brought together.

    Attributes:
        before: `contract_table` of the earlier set, one row per contract.
        after: That of the later one.
        pairs: Rows of contracts that are on both sides: ``before`` and ``after``, in the order of the later file.
        gone: Rows of `before` without a counterpart.
        new: Rows of `after` without a counterpart.
        rates: Rate ids with arrays that are on both sides, as each side calls them.
    """

    before: pl.DataFrame
    after: pl.DataFrame
    pairs: pl.DataFrame
    gone: IntArray
    new: IntArray
    rates: tuple[tuple[str, str], ...]

    @property
    def rows_before(self) -> IntArray:
        """Rows of the earlier contract frame of the contracts on both sides."""
        return self.pairs["before"].to_numpy().astype(np.int64)

    @property
    def rows_after(self) -> IntArray:
        """Rows of the later contract frame, likewise."""
        return self.pairs["after"].to_numpy().astype(np.int64)


def match_contracts(
    before: ParameterSet, after: ParameterSet, naming: Naming, rates: tuple[tuple[str, str], ...]
) -> Matched:
    """Bring the contracts of two parameter sets together.

    Args:
        before: The earlier set.
        after: The later set.
        naming: What to call the later set's clearing organisations.
        rates: Rate ids of both sides that belong together.
    """
    one = _keyed(contract_table(before))
    names = pl.col("clearing_org").replace(dict(naming.organisations))
    other = _keyed(contract_table(after).with_columns(names))
    left, right = (frame.unique(_KEY, keep="first", maintain_order=True).select(*_KEY, "row") for frame in (one, other))
    joined = right.rename({"row": "after"}).join(
        left.rename({"row": "before"}), on=list(_KEY), how="left", nulls_equal=True, maintain_order="left"
    )
    pairs = joined.drop_nulls("before").select("before", "after")
    new = joined.filter(pl.col("before").is_null())["after"]
    is_matched = np.zeros(before.contracts.height, dtype=np.bool_)
    is_matched[pairs["before"].to_numpy()] = True
    own = left["row"].to_numpy().astype(np.int64)
    return Matched(one, other, pairs, own[~is_matched[own]], new.to_numpy().astype(np.int64), rates)


def _keyed(table: pl.DataFrame) -> pl.DataFrame:
    strike = pl.col("strike").round(_STRIKE_DECIMALS)
    return table.with_columns(strike_key=pl.when("is_option").then(strike), right=pl.when("is_option").then("right"))


def listings(table: pl.DataFrame, rows: IntArray, date: str) -> list[Document]:
    """Contracts by series: how many, and the strikes of calls and puts.

    Args:
        table: `contract_table`.
        rows: The contracts.
        date: ISO business date of the later set; a series up to it has expired.
    """
    groups = (
        table[rows]
        .group_by(SERIES)
        .agg(
            pl.len().alias("contracts"),
            pl.col("strike").filter(pl.col("right") == "C").unique().sort().alias("calls"),
            pl.col("strike").filter(pl.col("right") == "P").unique().sort().alias("puts"),
        )
        .sort(SERIES)
    )
    return [{**row, "has_expired": _has_expired(row["period"], date)} for row in groups.to_dicts()]


def _has_expired(period: str, date: str) -> bool:
    """Whether a period is not after a date, as far as the period is given."""
    digits = "".join(char for char in period[:_DATE_DIGITS] if char.isdecimal())
    return bool(digits) and digits <= date.replace("-", "")[: len(digits)]


def changed_ranges(before: ParameterSet, after: ParameterSet, matched: Matched) -> list[Document]:
    """Scan ranges that differ, by series: the old one, the new one, and how many contracts they hold for."""
    frames: list[pl.DataFrame] = []
    for old_id, new_id in matched.rates:
        old = ranges_of_contracts(before, old_id)[matched.rows_before]
        new = ranges_of_contracts(after, new_id)[matched.rows_after]
        frames.extend(
            _differing(matched, name, old[name], new[name]).with_columns(rate_id=pl.lit(old_id)) for name in RANGES
        )
    return _by_series(frames, (*SERIES, "rate_id", "field"))


def changed_factors(matched: Matched) -> list[Document]:
    """Contract value factors and delta scaling factors that differ, by series."""
    frames = [
        _differing(matched, name, matched.before[name][matched.rows_before], matched.after[name][matched.rows_after])
        for name in _FACTORS
    ]
    return _by_series(frames, (*SERIES, "field"))


def _differing(matched: Matched, name: str, old: pl.Series, new: pl.Series) -> pl.DataFrame:
    """The contracts of both sides with two different values."""
    places = np.flatnonzero(_differ(_numbers(old), _numbers(new)))
    return (
        matched.after.select(SERIES)[matched.rows_after[places]]
        .with_columns(field=pl.lit(name), before=old[places], after=new[places])
        .with_columns(pl.col("before", "after").cast(pl.Float64))
    )


def _numbers(values: pl.Series) -> FloatArray:
    """A column as numbers, missing ones as NaN."""
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _differ(old: FloatArray, new: FloatArray) -> BoolArray:
    """Where two columns differ; what is missing on both sides does not."""
    size = np.maximum(np.abs(old), np.abs(new))
    differ: BoolArray = ~(np.abs(old - new) <= SAME_NUMBER * size) & ~(np.isnan(old) & np.isnan(new))
    return differ


def _by_series(frames: list[pl.DataFrame], keys: tuple[str, ...]) -> list[Document]:
    """Changes of contracts put together by what they share, the largest relative change first."""
    frames = [frame for frame in frames if frame.height]
    if not frames:
        return []
    relative = pl.when(pl.col("before") != 0.0).then(pl.col("after") / pl.col("before") - 1.0)
    return (
        pl.concat(frames)
        .group_by(*keys, "before", "after")
        .agg(contracts=pl.len().cast(pl.Int64))
        .with_columns(change=relative)
        .sort(pl.col("change").abs(), *map(pl.col, keys), descending=[True, *[False] * len(keys)], nulls_last=False)
        .to_dicts()
    )


def price_moves(before: ParameterSet, after: ParameterSet, matched: Matched) -> list[Document]:
    """How prices moved, and with them what one contract can lose; options are left out.

    ``scan_ranges`` is the move in multiples of the earlier price scan range, where that is money of the contract's
    own currency; ``risk_before`` and ``risk_after`` are the largest loss of one contract, long or short. The
    largest moves come first.
    """
    is_linear = ~matched.after["is_option"].to_numpy()[matched.rows_after]
    rows_before, rows_after = matched.rows_before[is_linear], matched.rows_after[is_linear]
    old, new = matched.before[rows_before], matched.after[rows_after]
    frame = new.select(SERIES).with_columns(
        before=old["price"], after=new["price"], value_before=old["value"], value_after=new["value"]
    )
    if not matched.rates:
        return []
    old_id, new_id = matched.rates[0]
    exponents = {item.code: item.risk_exponent for item in before.commodities}
    is_money = (old["currency"] == old["margin_currency"]).fill_null(False).to_numpy() & np.array(
        [not exponents.get(code) for code in old["commodity"]], dtype=np.bool_
    )
    scan = ranges_of_contracts(before, old_id)["price_scan"][rows_before]
    moved = (pl.col("value_after") - pl.col("value_before")) / pl.col("price_scan")
    relative = pl.when(pl.col("before") != 0.0).then(pl.col("after") / pl.col("before") - 1.0)
    is_other = pl.col("before").ne_missing(pl.col("after")) | pl.col("risk_before").ne_missing(pl.col("risk_after"))
    sizes = [pl.col("scan_ranges").abs(), pl.col("change").abs()]
    moves: list[Document] = (
        frame.with_columns(
            price_scan=pl.when(pl.Series(is_money, dtype=pl.Boolean) & (scan > 0.0)).then(scan),
            risk_before=_largest_loss(before, old_id, rows_before),
            risk_after=_largest_loss(after, new_id, rows_after),
        )
        .filter(is_other)
        .with_columns(change=relative, scan_ranges=moved)
        .sort(*sizes, *SERIES, descending=[True, True, *[False] * len(SERIES)], nulls_last=True)
        .select(*SERIES, "before", "after", "change", "scan_ranges", "risk_before", "risk_after")
        .to_dicts()
    )
    return moves


def _largest_loss(parameters: ParameterSet, rate_id: str, rows: IntArray) -> pl.Series:
    """Largest loss of one contract, long or short; null without an array."""
    arrays = parameters.arrays[rate_id]
    losses = np.abs(arrays.losses[rows]).max(axis=1, initial=0.0)
    return pl.Series(np.where(arrays.points[rows] > 0, losses, np.nan), nan_to_null=True, dtype=pl.Float64)


def counts(before: ParameterSet, after: ParameterSet, matched: Matched) -> dict[str, Any]:
    """How many contracts are on each side, and how many of those on both have other prices, deltas or arrays."""
    rows_before, rows_after = matched.rows_before, matched.rows_after
    other_array = np.zeros(len(rows_before), dtype=np.bool_)
    other_delta = np.zeros(len(rows_before), dtype=np.bool_)
    for old_id, new_id in matched.rates:
        old, new = before.arrays[old_id], after.arrays[new_id]
        other_delta |= _differ(old.composite_delta[rows_before], new.composite_delta[rows_after])
        other_array |= old.points[rows_before] != new.points[rows_after]
        width = min(old.losses.shape[1], new.losses.shape[1])
        for scenario in range(width):
            other_array |= old.losses[rows_before, scenario] != new.losses[rows_after, scenario]
    price = [
        _numbers(table["price"][rows]) for table, rows in ((matched.before, rows_before), (matched.after, rows_after))
    ]
    return {
        "contracts_before": before.contracts.height,
        "contracts_after": after.contracts.height,
        "contracts_on_both_sides": len(rows_before),
        "contracts_new": len(matched.new),
        "contracts_gone": len(matched.gone),
        "other_price": int(np.count_nonzero(_differ(*price))),
        "other_delta": int(np.count_nonzero(other_delta)),
        "other_array": int(np.count_nonzero(other_array)),
    }
