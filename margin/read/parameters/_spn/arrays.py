"""Risk arrays, composite deltas and scan ranges of contracts, by rate id (``ra``, ``scanRate``)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.contract import SCAN_RANGE_SCHEMA
from margin.model.parameters import RateArrays
from margin.model.problem import InputRefused, Problem, Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.read.parameters._spn.bulk import Owners, numbers_of
from margin.read.parameters._spn.reading import FLAGS, Reading, shown
from margin.read.parameters._spn.rows import ContractRows

_SCAN_ELEMENTS = {
    "price_scan": "priceScan",
    "price_scan_percent": "priceScanPct",
    "volatility_scan": "volScan",
    "volatility_scan_percent": "volScanPct",
    "price_scan_down": "priceScanDown",
    "price_scan_down_percent": "priceScanDownPct",
    "volatility_scan_down": "volScanDown",
    "volatility_scan_down_percent": "volScanDownPct",
}

MOST_ARRAY_VALUES = 200_000_000
"""Most values of all arrays together (NSE: 2.5 million)."""


def read_arrays(found: ContractRows, reading: Reading) -> Mapping[str, RateArrays]:
    """Read the array sets of all contracts, by rate id in the order in which they first appear.

    A contract without an array for a rate id has zeros and ``points`` 0 there.
    """
    sets = _ArraySets(found.contracts, reading)
    ranges = _ScanRanges(found, reading)
    rate_ids = list(dict.fromkeys([*sets.rate_ids(), *ranges.rate_ids()]))
    _require_reasonable_size(len(found.contracts), int(sets.count.max(initial=0)), len(rate_ids), reading)
    arrays = {}
    for rate_id in rate_ids:
        losses, composite_delta, points = sets.of_rate(rate_id)
        arrays[rate_id] = RateArrays(losses, composite_delta, points, ranges.of_rate(rate_id))
    return MappingProxyType(arrays)


def _require_reasonable_size(contracts: int, points: int, rate_ids: int, reading: Reading) -> None:
    """Refuse a file whose arrays would be huge although it is small: one endless array, or a rate id per contract."""
    if contracts * max(points, 1) * rate_ids <= MOST_ARRAY_VALUES:
        return
    message = (
        f"{contracts:,} contracts, arrays of up to {points:,} values and {rate_ids:,} rate ids make more than "
        f"{MOST_ARRAY_VALUES:,} array values, which no clearing house publishes; check the file for damage"
    )
    raise InputRefused([*reading.faults.problems, Problem(Reason.HOSTILE_CONTENT, message, file=reading.path)])


class _ArraySets:
    """All ``ra`` elements: each belongs to a contract and has a rate id, values and a composite delta."""

    def __init__(self, contracts: Owners, reading: Reading) -> None:
        self.contracts = contracts
        rows, self.contract = contracts.inside("ra")
        self.sets = Owners(contracts.table, rows, reading)
        self.rate = self.sets.texts("r", required=True).fill_null("")
        self.delta = np.nan_to_num(self.sets.numbers("d", required=True), nan=0.0)
        value_rows, set_of_value = self.sets.inside("a")
        self.values = numbers_of(contracts.table, value_rows, reading)
        self.count = np.bincount(set_of_value, minlength=len(rows)).astype(np.int64)
        empty = self.count == 0
        empty[set_of_value[np.isnan(self.values)]] = True
        self.sets.require("a", empty)
        self.start = np.cumsum(self.count) - self.count
        self._refuse_repeated(reading)

    def rate_ids(self) -> list[str]:
        return self.rate.unique(maintain_order=True).to_list()

    def of_rate(self, rate_id: str) -> tuple[FloatArray, FloatArray, CodeArray]:
        """Losses (contracts, points), composite delta (contracts,) and number of points (contracts,)."""
        which = np.flatnonzero((self.rate == rate_id).to_numpy())
        contract, count = self.contract[which], self.count[which]
        width = int(count.max(initial=0))
        losses = np.zeros((len(self.contracts), width))
        if width and len(which) == len(self.count) and bool((count == width).all()):
            losses[contract] = self.values.reshape(-1, width)
        else:
            first = np.cumsum(count) - count
            column = np.arange(int(count.sum())) - np.repeat(first, count)
            losses[np.repeat(contract, count), column] = self.values[np.repeat(self.start[which], count) + column]
        composite_delta = np.zeros(len(self.contracts))
        composite_delta[contract] = self.delta[which]
        points = np.zeros(len(self.contracts), dtype=np.int32)
        points[contract] = count
        return losses, composite_delta, points

    def _refuse_repeated(self, reading: Reading) -> None:
        keys = pl.DataFrame({"contract": self.contract, "rate": self.rate})
        is_first = keys.select(pl.struct("contract", "rate").is_first_distinct()).to_series()
        repeated = np.flatnonzero(~is_first.to_numpy())
        for i in repeated[:50].tolist():
            row = int(self.sets.rows[i])
            reading.faults.add(
                Reason.DUPLICATE_KEY,
                f"{self.sets.place(row)}: a contract has two risk arrays of rate id {self.rate[i]}, "
                "expected one; remove one",
                line=self.sets.table.line_of(row),
            )
        reading.faults.count_unlisted(max(0, len(repeated) - 50))


class _ScanRanges:
    """All ``scanRate`` elements of contracts and option series."""

    def __init__(self, found: ContractRows, reading: Reading) -> None:
        self.found = found
        contract_rows, contract = found.contracts.inside("scanRate")
        series_rows, series = found.series.inside("scanRate")
        rows = np.concatenate([contract_rows, series_rows])
        order = np.argsort(rows)
        self.contract = np.concatenate([contract, np.full_like(series, -1)])[order]
        self.series = np.concatenate([np.full_like(contract, -1), series])[order]
        self.ranges = Owners(found.contracts.table, rows[order], reading)
        self.rate = self.ranges.texts("r", required=True).fill_null("")
        self.columns = {name: self.ranges.numbers(element) for name, element in _SCAN_ELEMENTS.items()}
        self.quoted = self.ranges.texts("quoteInOptTerms")
        self._refuse_repeated(reading)
        self._refuse_words(reading)

    def rate_ids(self) -> list[str]:
        return self.rate.unique(maintain_order=True).to_list()

    def of_rate(self, rate_id: str) -> pl.DataFrame:
        """Frame with `SCAN_RANGE_SCHEMA`, row by row with the contracts; the contract's own range wins."""
        which = np.flatnonzero((self.rate == rate_id).to_numpy())
        of_contract = _last(which, self.contract, len(self.found.contracts))
        of_series = _last(which, self.series, len(self.found.series))
        at = np.where(of_contract >= 0, of_contract, np.append(of_series, -1)[self.found.series_of])
        missing = at < 0
        columns: dict[str, FloatArray | pl.Series] = {
            name: np.where(missing, np.nan, np.append(values, np.nan)[at]) for name, values in self.columns.items()
        }
        columns["quote_in_option_terms"] = self._quoted_at(at, missing)
        return pl.DataFrame(columns, schema=SCAN_RANGE_SCHEMA, nan_to_null=True)

    def _refuse_repeated(self, reading: Reading) -> None:
        keys = pl.DataFrame({"contract": self.contract, "series": self.series, "rate": self.rate})
        is_first = keys.select(pl.struct(pl.all()).is_first_distinct()).to_series()
        for i in np.flatnonzero(~is_first.to_numpy()).tolist():
            row = int(self.ranges.rows[i])
            reading.faults.add(
                Reason.DUPLICATE_KEY,
                f"{self.ranges.place(row)}: two scan ranges of rate id {self.rate[i]}, expected one; remove one",
                line=self.ranges.table.line_of(row),
            )

    def _refuse_words(self, reading: Reading) -> None:
        known = self.quoted.is_in(list(FLAGS)).fill_null(value=True).to_numpy()
        for i in np.flatnonzero(~known).tolist():
            row = int(self.ranges.rows[i])
            reading.faults.add(
                Reason.INVALID_VALUE,
                f"{self.ranges.place(row)}/quoteInOptTerms: found {shown(self.quoted[i])}, expected 0 or 1",
                line=self.ranges.table.line_of(row),
            )

    def _quoted_at(self, at: IntArray, missing: BoolArray) -> pl.Series:
        flags = self.quoted.is_in([word for word, is_set in FLAGS.items() if is_set]).set(self.quoted.is_null(), None)
        if not len(flags):
            return pl.Series([None] * len(at), dtype=pl.Boolean)
        return flags.gather(np.maximum(at, 0)).set(pl.Series(missing), None)


def _last(which: IntArray, owner: CodeArray, owners: int) -> IntArray:
    """Index of each owner's range among `which`, −1 without one; shape (owners,)."""
    at = np.full(owners, -1, dtype=np.int64)
    own = which[owner[which] >= 0]
    at[owner[own]] = own
    return at
