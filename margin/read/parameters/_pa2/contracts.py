"""Contracts of a file as one frame, with their risk arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from margin.model.contract import CONTRACT_SCHEMA, NO_PERIOD, OPTION_TYPES, SCAN_RANGE_SCHEMA, Product
from margin.model.parameters import RateArrays
from margin.model.problem import Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.read.parameters._pa2.arrays import SCENARIOS, ContractColumns
from margin.read.parameters._pa2.prices import decimals, innermost, or_nan, prices
from margin.read.parameters._pa2.products import PricedProduct, ProductKey
from margin.read.parameters._pa2.reading import ADVICE, Reading
from margin.read.parameters._pa2.record import BLANKS, parse_period
from margin.read.parameters._pa2.series import KEY, same_period

CABINET = "cabinet"
"""Price quality of an option whose price is the code of a cabinet value."""

Number = TypeVar("Number", bound=np.generic)

_EXPIRING = OPTION_TYPES | {"FUT", "FWD"}
_UNDERLYING_TYPES = {"OOP": "PHY", "OOF": "FUT", "OOE": "EQTY", "OOC": "CMB"}


@dataclass(frozen=True)
class Contracts:
    """All contracts that are read.

    Attributes:
        frame: Frame with `CONTRACT_SCHEMA`.
        arrays: Their risk arrays, row by row.
        extremes: By product: the extreme moves and cover fractions of its series, each pair once.
    """

    frame: pl.DataFrame
    arrays: RateArrays
    extremes: Mapping[ProductKey, frozenset[tuple[float, float]]]


def build_contracts(
    columns: ContractColumns,
    series: pl.DataFrame,
    products: Mapping[ProductKey, PricedProduct],
    locators: Mapping[ProductKey, int],
    reading: Reading,
) -> Contracts:
    """Put contracts, series and products together.

    Args:
        columns: All contracts of the file.
        series: Parameters of series, as `read_series` gives them.
        products: Product families.
        locators: Array decimal locator of each product.
        reading: Takes faults and warnings.
    """
    keys = list(products)
    index = {key: place for place, key in enumerate(keys)}
    columns, starts = _readable(columns, index, reading)
    runs = _Runs(columns, starts, series, index, reading)
    columns, runs = _without_narrow_twins(columns, runs)
    families = [products[key] for key in keys]
    frame = _frame(columns, runs, families, reading)
    arrays = _arrays(columns, runs, np.array([locators.get(key, 0) for key in keys], dtype=np.int64))
    _warn_without_array(frame, arrays, reading)
    return Contracts(frame, arrays, runs.extremes(keys))


class _Runs:
    """Contracts that stand side by side and differ by right and strike only share what is looked up for them.

    Attributes:
        sizes: Number of contracts of each run.
        product: Index of the product of each run.
        future, option: Normalised period of each run, "" for none.
        series: Parameters of each run's series, null where it has none.
        underlying: Underlying product code of each run, as bytes.
    """

    def __init__(
        self,
        columns: ContractColumns,
        starts: IntArray,
        series: pl.DataFrame,
        index: Mapping[ProductKey, int],
        reading: Reading,
    ) -> None:
        self.sizes = np.diff(np.append(starts, len(columns)))
        future, option = same_period(columns.future[starts]), same_period(columns.option[starts])
        family = columns.family[starts]
        lines = columns.line[starts]
        self.names = _family_names(family)
        self.product = np.array([index[name] for name in self.names], dtype=np.int64)
        self.future = _periods(future, lines, reading)
        self.option = _periods(option, lines, reading)
        self.underlying = columns.underlying[starts]
        self.first_line = lines
        keys = pl.DataFrame(dict(zip(KEY, (family[:, 0], family[:, 1], future, option), strict=True)))
        self.series = keys.join(series.drop("line"), on=list(KEY), how="left", maintain_order="left")

    def keep(self, wanted: BoolArray) -> None:
        """Leave out the contracts that are not wanted; shape (contracts,)."""
        of_row = np.repeat(np.arange(len(self.sizes)), self.sizes)
        self.sizes = np.bincount(of_row[wanted], minlength=len(self.sizes))

    def of_series(self, name: str) -> FloatArray:
        """A parameter of each run's series, NaN where not given; shape (runs,)."""
        values: FloatArray = self.series[name].to_numpy()  # floats, NaN for null
        return values

    def each(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """A number of each run for each of its contracts; shape (contracts,)."""
        return np.repeat(values, self.sizes)

    def gathered(self, values: Sequence[str] | Sequence[int | None], kind: type[pl.DataType] = pl.String) -> pl.Series:
        """A value of each run for each of its contracts."""
        return pl.Series(values, dtype=kind)[pl.Series(self.each(np.arange(len(values), dtype=np.uint32)))]

    def extremes(self, keys: list[ProductKey]) -> dict[ProductKey, frozenset[tuple[float, float]]]:
        """Extreme moves and cover fractions by product."""
        pairs = self.series.select("extreme_move", "extreme_cover", product=pl.Series(self.product)).unique()
        found: dict[ProductKey, set[tuple[float, float]]] = {}
        for move, cover, product in pairs.drop_nulls().iter_rows():
            found.setdefault(keys[product], set()).add((move, cover))
        return {key: frozenset(values) for key, values in found.items()}


def _run_starts(columns: ContractColumns) -> IntArray:
    """First contract of each run."""
    if not len(columns):
        return np.zeros(0, dtype=np.int64)
    changed = np.ones(len(columns), dtype=np.bool_)
    changed[1:] = (columns.future[1:] != columns.future[:-1]) | (columns.option[1:] != columns.option[:-1])
    for words in (columns.family, columns.underlying):
        for place in range(words.shape[1]):
            changed[1:] |= words[1:, place] != words[:-1, place]
    return np.flatnonzero(changed)


def _family_names(family: IntArray) -> list[ProductKey]:
    known: dict[bytes, ProductKey] = {}
    names = []
    for words in family:
        code = words.tobytes()
        if code not in known:
            text = code.decode("latin-1")
            known[code] = text[:3].strip(BLANKS), text[3:13].strip(BLANKS), text[13:16].strip(BLANKS)
        names.append(known[code])
    return names


def _periods(words: IntArray, lines: IntArray, reading: Reading) -> list[str]:
    """Normalised periods from bytes; what is no month is a fault of the first contract of the run."""
    known: dict[int, str | None] = {}
    periods = []
    for word, line in zip(words.tolist(), lines.tolist(), strict=True):
        if word not in known:
            text = int(word).to_bytes(8, "little", signed=True).decode("latin-1")
            month, day = text[:6].strip(BLANKS), text[6:].strip(BLANKS)
            known[word] = parse_period(month, day) if month else NO_PERIOD
        period = known[word]
        if period is None:
            period = "unknown"  # never leaves the reader: the file is refused
            found = int(word).to_bytes(8, "little", signed=True).decode("latin-1")
            reading.faults.add(
                Reason.INVALID_VALUE,
                f"records 81 to 84, columns 30-37 and 39-46 (months): found {found!r}, expected a month such as 202606 "
                f"with a day or week code such as 15 or W1 where there is one; {ADVICE}",
                line=line,
                column=30,
                found=found,
            )
        periods.append(period)
    return periods


def _readable(
    columns: ContractColumns, index: Mapping[ProductKey, int], reading: Reading
) -> tuple[ContractColumns, IntArray]:
    """The contracts of products that are read and where their runs start; the others are warned of by product."""
    starts = _run_starts(columns)
    names = _family_names(columns.family[starts])
    is_read = np.array([name in index for name in names], dtype=np.bool_)
    if is_read.all():
        return columns, starts
    sizes = np.diff(np.append(starts, len(columns)))
    contracts: dict[ProductKey, int] = {}
    first: dict[ProductKey, int] = {}
    for run in np.flatnonzero(~is_read).tolist():
        contracts[names[run]] = contracts.get(names[run], 0) + int(sizes[run])
        first.setdefault(names[run], int(columns.line[starts[run]]))
    for name, number in contracts.items():
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"records 81 to 84: {number:,} contract(s) of product {' '.join(name)}, which no record P describes; they "
            "are not read, and positions in them will not be found",
            line=first[name],
            found=" ".join(name),
        )
    columns = columns.take(np.repeat(is_read, sizes))
    return columns, _run_starts(columns)


def _without_narrow_twins(columns: ContractColumns, runs: _Runs) -> tuple[ContractColumns, _Runs]:
    """Where a contract has losses of five and of eight digits, those of eight are the exact ones, if complete."""
    if columns.is_wide.all() or not columns.is_wide.any():
        return columns, runs
    identity = ("product", "future", "option", "right", "strike")
    rank = 2 * columns.has_array.astype(np.int8) + columns.is_wide
    wanted = (
        _identity(columns, runs).with_columns(rank=rank).select(pl.col("rank") == pl.col("rank").max().over(identity))
    )["rank"].to_numpy()
    runs.keep(wanted)
    return columns.take(wanted), runs


def _identity(columns: ContractColumns, runs: _Runs) -> pl.DataFrame:
    """What tells contracts apart."""
    return pl.DataFrame(
        {
            "product": runs.each(runs.product),
            "future": runs.gathered(runs.future),
            "option": runs.gathered(runs.option),
            "right": columns.right,
            "strike": columns.strike,
        }
    )


def _frame(columns: ContractColumns, runs: _Runs, families: list[PricedProduct], reading: Reading) -> pl.DataFrame:
    product = runs.each(runs.product)
    option_run = np.array([families[place].product.is_option for place in runs.product.tolist()], dtype=np.bool_)
    is_option = runs.each(option_run)
    periods = [
        option if is_one else future
        for option, future, is_one in zip(runs.option, runs.future, option_run.tolist(), strict=True)
    ]
    underlying = [future if is_one else NO_PERIOD for future, is_one in zip(runs.future, option_run, strict=True)]
    family_factor = np.array([or_nan(item.product.contract_value_factor) for item in families] or [np.nan])
    outer_factor = innermost(runs.of_series("contract_value_factor"), family_factor[runs.product])
    factor = innermost(columns.contract_value_factor, runs.each(outer_factor))
    strike = np.where(is_option, decimals(columns.strike, product, [item.strike for item in families]), np.nan)
    price, value, is_cabinet = prices(columns, product, families, is_option, factor)
    scale = runs.of_series("delta_scaling_factor")
    _check_keys(columns, runs, families, is_option, periods, reading)
    return pl.DataFrame(
        {
            "product": product.astype(np.int32),
            "contract_id": pl.repeat(None, len(columns), dtype=pl.String, eager=True),
            "period": runs.gathered(periods),
            "underlying_period": runs.gathered(underlying),
            "right": _rights(columns.right, is_option),
            "strike": strike,
            "price": price,
            "contract_value": value,
            "contract_value_factor": factor,
            "strike_value_factor": columns.strike_value_factor,
            "delta_scaling_factor": runs.each(np.where(np.isnan(scale), 1.0, scale)),
            "current_delta": columns.current_delta,
            "volatility": innermost(columns.volatility, runs.each(runs.of_series("volatility"))),
            "time_to_expiry": runs.each(runs.of_series("time_to_expiry")),
            "price_quality": pl.Series([None, CABINET])[pl.Series(is_cabinet.astype(np.uint32))],
            "underlying_contract": _underlying_contracts(runs, families, periods),
            "line": columns.line.astype(np.int32),
        },
        schema=CONTRACT_SCHEMA,
        nan_to_null=True,
    )


def _rights(right: IntArray, is_option: BoolArray) -> pl.Series:
    places = np.zeros(256, dtype=np.uint32)
    places[ord("C")], places[ord("P")] = 1, 2
    return pl.Series([None, "C", "P"])[pl.Series(places[right] * is_option)]


def _underlying_contracts(runs: _Runs, families: list[PricedProduct], periods: list[str]) -> pl.Series:
    """Row of each option's underlying contract on the same exchange; null where there is none."""
    starts = np.cumsum(runs.sizes) - runs.sizes
    present = np.flatnonzero(runs.sizes)
    products = [families[place].product for place in runs.product.tolist()]
    first_row: dict[tuple[str, str, str, str], int] = {}
    for start, run in zip(starts[present].tolist(), present.tolist(), strict=True):
        item = products[run]
        if not item.is_option:
            first_row.setdefault((item.exchange, item.code, item.type, periods[run]), start)
    rows: list[int | None] = [None] * len(products)
    for run in present.tolist():
        item = products[run]
        if item.is_option:
            code = runs.underlying[run].tobytes().decode("latin-1").strip(BLANKS)
            rows[run] = first_row.get((item.exchange, code, _UNDERLYING_TYPES[item.type], runs.future[run]))
    return runs.gathered(rows, pl.Int32)


def _check_keys(
    columns: ContractColumns,
    runs: _Runs,
    families: list[PricedProduct],
    is_option: BoolArray,
    periods: list[str],
    reading: Reading,
) -> None:
    """Contracts must have what tells them apart, and differ."""
    expires = np.array([item.product.type in _EXPIRING for item in families] or [False])
    lacks_period = np.array([not period for period in periods], dtype=np.bool_) & expires[runs.product]
    for run in np.flatnonzero(lacks_period).tolist():
        reading.faults.add(
            Reason.MISSING_FIELD,
            f"records 81 to 84, columns 30-46 (months): found no month of expiry for a contract of product "
            f"{' '.join(runs.names[run])}, expected one; {ADVICE}",
            line=int(runs.first_line[run]),
            column=30,
        )
    right = columns.right
    wrong = np.flatnonzero(is_option & (right != ord("C")) & (right != ord("P")))
    for row in wrong[:1000].tolist():
        reading.faults.add(
            Reason.INVALID_VALUE,
            f"records 81 to 84, column 29 (right): found {chr(int(right[row]))!r}, expected C (call) or P (put); "
            f"{ADVICE}",
            line=int(columns.line[row]),
            column=29,
        )
    reading.faults.count_unlisted(max(0, len(wrong) - 1000))
    _refuse_duplicates(columns, runs, families, reading)


def _refuse_duplicates(columns: ContractColumns, runs: _Runs, families: list[PricedProduct], reading: Reading) -> None:
    """Contracts that a position could not tell apart."""
    if _all_differ(columns, runs):
        return
    identity = _identity(columns, runs).with_columns(line=columns.line)
    repeated = identity.filter(~pl.struct("product", "future", "option", "right", "strike").is_first_distinct())
    for row in repeated.head(1000).iter_rows(named=True):
        item: Product = families[row["product"]].product
        reading.faults.add(
            Reason.DUPLICATE_KEY,
            f"records 81 to 84: contract {item.exchange} {item.code} {item.type} {row['future']} {row['option']} "
            f"{chr(row['right']).strip()} {row['strike']:.0f} is given more than once, expected once; remove one",
            line=row["line"],
            found=item.code,
        )
    reading.faults.count_unlisted(max(0, repeated.height - 1000))


def _all_differ(columns: ContractColumns, runs: _Runs) -> bool:
    """Whether no two contracts are the same, told from whole numbers that are quick to sort."""
    known: dict[tuple[int, str, str], int] = {}
    series = np.array(
        [
            known.setdefault(key, len(known))
            for key in zip(runs.product.tolist(), runs.future, runs.option, strict=True)
        ],
        dtype=np.int64,
    )
    keys = runs.each(series << 34)
    keys += (columns.right & 0xFF) << 25
    keys += columns.strike.astype(np.int64) + 10_000_000
    if (keys[1:] > keys[:-1]).all():
        return True
    keys.sort()
    return not bool((keys[1:] == keys[:-1]).any())


def _arrays(columns: ContractColumns, runs: _Runs, locators: IntArray) -> RateArrays:
    losses = columns.losses
    if locators.any():
        decimals = runs.each(locators[runs.product])
        losses = np.where(
            (decimals >= 0)[:, None],
            losses / 10.0 ** np.maximum(decimals, 0)[:, None],
            losses * 10.0 ** np.maximum(-decimals, 0)[:, None],
        )
    usable = columns.has_array & runs.each(runs.of_series("delta_scaling_factor") != 0.0)
    if not usable.all():
        losses = np.where(usable[:, None], losses, 0.0)
    points: CodeArray = np.where(usable, SCENARIOS, 0).astype(np.int32)
    ranges = {
        name: runs.each(runs.of_series(name))
        for name in ("price_scan", "price_scan_percent", "volatility_scan", "volatility_scan_percent")
    }
    table = {
        name: ranges[name] if name in ranges else pl.repeat(None, len(columns), dtype=kind, eager=True)
        for name, kind in SCAN_RANGE_SCHEMA.items()
    }
    return RateArrays(
        losses=np.ascontiguousarray(losses),
        composite_delta=np.where(usable, columns.composite_delta, 0.0),
        points=points,
        scan_ranges=pl.DataFrame(table, schema=SCAN_RANGE_SCHEMA, nan_to_null=True),
    )


def _warn_without_array(frame: pl.DataFrame, arrays: RateArrays, reading: Reading) -> None:
    without = np.flatnonzero(arrays.points == 0)
    if len(without):
        reading.warn(
            Reason.MISSING_FIELD,
            f"records 81 to 84: {len(without):,} contract(s) have no complete risk array (a record 82 or 84 that is "
            "missing, losses or a composite delta that are blank, or a delta scaling factor of zero); commodities in "
            "which they are held are refused",
            line=int(frame["line"][int(without[0])]),
            found=len(without),
        )
