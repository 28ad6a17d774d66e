"""Risk arrays from the numbers of a pricing frame: the same whether they are derived first or again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.contract import SCAN_RANGE_SCHEMA
from margin.model.parameters import CombinedCommodity, ParameterSet, RateArrays
from margin.model.pricing import ContractPricing
from margin.model.scenario import ScenarioGrid, standard_grid
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.numeric.rounding import round_units
from margin.value.ladder import composite_deltas, scenario_losses, values_today
from margin.value.shocks import Priced

_FROM_CONTRACTS = frozenset({"strike", "is_call"})
_FLAGS = frozenset({"volatility_is_relative", "volatility_floor_is_general"})


def commodity_grid(parameters: ParameterSet, commodity: CombinedCommodity, rate_id: str) -> ScenarioGrid:
    """The scenarios of a commodity: its own, else its clearing organisation's, else the standard ones."""
    organisation = next(org for org in parameters.clearing_orgs if org.code == commodity.clearing_org)
    return commodity.grids.get(rate_id) or organisation.grids.get(rate_id) or standard_grid()


def grids_of(parameters: ParameterSet, rate_id: str) -> list[ScenarioGrid]:
    """The scenarios of every commodity, in the order of the parameters."""
    return [commodity_grid(parameters, commodity, rate_id) for commodity in parameters.commodities]


class PricedRows:
    """The priced contracts of a parameter set as arrays, to be valued group by group."""

    def __init__(self, contracts: pl.DataFrame, pricing: pl.DataFrame) -> None:
        """Take the columns that models need; `pricing` is row by row with `contracts`."""
        self.model = pricing["model"]
        self.commodity = pricing["commodity"].fill_null(-1).to_numpy()
        self._columns = {
            item.name: _column(pricing, item.name) for item in fields(Priced) if item.name not in _FROM_CONTRACTS
        }
        self._columns["strike"] = contracts["strike"].fill_null(0.0).to_numpy()
        self._columns["is_call"] = (contracts["right"] == "C").fill_null(value=False).to_numpy()

    def at(self, rows: IntArray) -> Callable[[slice], Priced]:
        """What gives some of these rows, by their places among them."""
        if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1:
            first = int(rows[0])
            return lambda place: self._priced(slice(first + place.start, first + place.stop))
        return lambda place: self._priced(rows[place])

    def groups(self, grids: list[ScenarioGrid], wanted: BoolArray) -> Iterator[tuple[str, ScenarioGrid, IntArray]]:
        """Wanted contracts of one model and one grid at a time."""
        distinct = list(dict.fromkeys(grids))
        of_commodity = np.array([distinct.index(grid) for grid in grids] + [-1])
        grid_codes = of_commodity[self.commodity]
        for name in sorted(self.model.drop_nulls().unique()):
            of_model = (self.model == name).fill_null(value=False).to_numpy() & wanted
            for code, grid in enumerate(distinct):
                rows = np.flatnonzero(of_model & (grid_codes == code))
                if len(rows):
                    yield name, grid, rows

    def _priced(self, rows: slice | IntArray) -> Priced:
        return Priced(**{name: column[rows] for name, column in self._columns.items()})


def _column(pricing: pl.DataFrame, name: str) -> np.ndarray:
    column = pricing[name]
    if name in _FLAGS:
        return column.fill_null(value=False).to_numpy()
    return column.fill_null(float("nan")).to_numpy()


def with_arrays(
    parameters: ParameterSet, pricing: ContractPricing, rate_id: str, wanted: BoolArray, threads: int | None = None
) -> ParameterSet:
    """The parameters with arrays, composite deltas and scan ranges of priced contracts.

    Args:
        parameters: Contracts and grids.
        pricing: The numbers, row by row with the contracts.
        rate_id: The rate id whose arrays are derived.
        wanted: Contracts whose arrays are derived; those of others stay. Shape (contracts,).
        threads: Threads to use; `None` for one per processor.
    """
    grids = grids_of(parameters, rate_id)
    before = parameters.arrays[rate_id]
    rows_of = PricedRows(parameters.contracts, pricing.frame)
    width = max([before.losses.shape[1], *(len(grid) for grid in grids)])
    losses = np.zeros((parameters.contracts.height, width))
    keep = ~wanted
    losses[keep, : before.losses.shape[1]] = before.losses[keep]
    deltas, points = before.composite_delta.copy(), before.points.copy()
    for name, grid, rows in rows_of.groups(grids, wanted):
        priced = rows_of.at(rows)
        scenario_losses(name, priced, rows, grid, losses, threads)
        composite_deltas(name, priced, rows, grid, deltas, threads)
        points[rows] = len(grid)
    _round(losses, pricing.frame, wanted)
    ranges = _scan_ranges(before.scan_ranges, pricing.frame, wanted)
    arrays: Mapping[str, RateArrays] = MappingProxyType(
        {**parameters.arrays, rate_id: RateArrays(losses, deltas, points, ranges, before.tick_values)}
    )
    return replace(parameters, arrays=arrays, pricing=pricing)


def _round(losses: FloatArray, pricing: pl.DataFrame, wanted: BoolArray) -> None:
    """Round losses to the unit of each contract, in place."""
    stated = pricing.select("rounding_unit", "rounding_mode").unique().drop_nulls()
    for unit, mode in stated.iter_rows():
        is_one = (pricing["rounding_unit"] == unit) & (pricing["rounding_mode"] == mode)
        rows = np.flatnonzero(is_one.fill_null(value=False).to_numpy() & wanted)
        for start in range(0, len(rows), _ROUNDED_AT_ONCE):
            some = rows[start : start + _ROUNDED_AT_ONCE]
            losses[some] = round_units(losses[some], unit, mode)


_ROUNDED_AT_ONCE = 65_536


def _scan_ranges(before: pl.DataFrame, pricing: pl.DataFrame, wanted: BoolArray) -> pl.DataFrame:
    """Scan ranges as money per contract; an inverse contract has none, for it does not move evenly."""
    is_money = pl.col("model") != "inverse"
    up, down = pl.col("price_scan_up") * pl.col("multiplier"), pl.col("price_scan_down") * pl.col("multiplier")
    is_relative = pl.col("volatility_is_relative")
    scan, scan_down = pl.col("volatility_scan_up"), pl.col("volatility_scan_down")
    needs = pl.col("volatility") > 0.0
    derived = pricing.select(
        price_scan=pl.when(is_money & (up > 0.0)).then(up),
        price_scan_percent=pl.lit(None, dtype=pl.Float64),
        volatility_scan=pl.when(needs & ~is_relative).then(scan),
        volatility_scan_percent=pl.when(needs & is_relative).then(100.0 * scan),
        price_scan_down=pl.when(is_money & (down != up)).then(down),
        price_scan_down_percent=pl.lit(None, dtype=pl.Float64),
        volatility_scan_down=pl.when(needs & ~is_relative & (scan != scan_down)).then(scan_down),
        volatility_scan_down_percent=pl.when(needs & is_relative & (scan != scan_down)).then(100.0 * scan_down),
        quote_in_option_terms=pl.lit(None, dtype=pl.Boolean),
    )
    chosen = pl.Series("wanted", wanted, dtype=pl.Boolean)
    both = pl.concat([before, derived.rename(lambda name: f"new_{name}")], how="horizontal").with_columns(chosen)
    return both.select(
        pl.when("wanted").then(f"new_{name}").otherwise(name).alias(name).cast(dtype)
        for name, dtype in SCAN_RANGE_SCHEMA.items()
    )


def model_values(parameters: ParameterSet, pricing: ContractPricing, wanted: BoolArray) -> FloatArray:
    """What models say contracts are worth, in price points; NaN where that is not wanted. Shape (contracts,)."""
    rows_of = PricedRows(parameters.contracts, pricing.frame)
    values = np.full(parameters.contracts.height, np.nan)
    one = [standard_grid()] * len(parameters.commodities)
    for name, _, rows in rows_of.groups(one, wanted):
        values[rows] = values_today(name, rows_of.at(rows), len(rows))
    return values
