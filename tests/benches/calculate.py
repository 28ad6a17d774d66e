"""A whole calculation on a market of full size, against the bare sparse product of quantities and risk arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import margin
from margin.numeric.segments import segment_bounds
from margin.numeric.sparse import weighted_row_sums
from margin.pipeline import house_of
from margin.resolve.contracts import resolve_contracts
from margin.resolve.positions import resolve_positions
from margin.scan.groups import group_positions
from margin.value.published import base_arrays
from tests.benches.measure import Bench, Variant
from tests.benches.stopwatch import Stopwatch
from tests.market.generate import generate_market, nse_full_size, write_spn
from tests.market.position_files import write_parquet
from tests.market.positions import generate_positions

_STAGES = {
    "resolve contracts": ("margin.pipeline:resolve_contracts", "margin.resolve.positions:contract_index"),
    "resolve positions": ("margin.pipeline:resolve_positions",),
    "scan": (
        "margin.methods._span_family:weighted_row_sums",
        "margin.methods._span_family:scan_risk",
        "margin.methods._span_family:add_up_tiers",
    ),
    "deltas and spreads": (
        "margin.methods._span_family:delta_ledger",
        "margin.methods._span_family:commodity_states",
        "margin.methods._span_family:form_spreads",
    ),
    "requirements": (
        "margin.methods._span_family:short_option_minimum",
        "margin.methods._span_family:option_value",
        "margin.methods._span_family:outright_risk",
        "margin.methods._span_family:settled_figures",
        "margin.methods._span_family:requirement_rows",
    ),
    "tables": (
        "margin.pipeline:commodity_table",
        "margin.pipeline:account_tables",
        "margin.pipeline:scan_tier_rows",
        "margin.pipeline:period_rows",
        "margin.pipeline:spread_rows",
    ),
    "checks of the tables": ("margin.model.run:settled",),
}


def make_inputs(folder: Path, positions: int) -> None:
    """A parameter file of 159,669 contracts and a book of 20 positions per account."""
    market = generate_market(nse_full_size())
    write_spn(market, folder / "parameters.spn")
    write_parquet(generate_positions(market, positions // 20, positions, seed=1), folder / "positions.parquet")


def _inputs(folder: Path) -> tuple[margin.ParameterSet, margin.PositionBook]:
    return margin.read_parameters(folder / "parameters.spn", cache=False), margin.read_positions(
        folder / "positions.parquet"
    )


def bare_product(folder: Path) -> Callable[[], object]:
    """Scenario losses of every scan row and the largest of each, all identifiers resolved and sorted before."""
    parameters, positions = _inputs(folder)
    contracts = resolve_contracts(parameters)
    book = resolve_positions(positions, parameters, contracts, house_of(parameters))
    groups = group_positions(book.account, book.contract, book.quantity, contracts)
    bounds = segment_bounds(groups.scan_starts, len(groups.contract))
    rate_id = min(parameters.arrays)
    losses = base_arrays(contracts, dict.fromkeys(range(len(contracts.commodities)), rate_id)).losses
    return lambda: weighted_row_sums(bounds, groups.contract, groups.quantity, losses).max(axis=1)


def again(folder: Path) -> Callable[[], object]:
    """A calculation with parameters that have been calculated with before."""
    parameters, positions = _inputs(folder)
    return lambda: margin.calculate(parameters, positions)


def afresh(folder: Path) -> Callable[[], object]:
    """A calculation with parameters as they come from the reader."""
    parameters, positions = _inputs(folder)

    def call() -> object:
        parameters.derived.clear()
        return margin.calculate(parameters, positions)

    return call


def by_stage(folder: Path) -> Callable[[], object]:
    """The same, split into stages."""
    call = afresh(folder)
    stopwatch = Stopwatch(_STAGES)
    return lambda: stopwatch.split(call)


def _bench(positions: int) -> Bench:
    return Bench(
        f"calculate {positions}",
        f"Calculate {positions:,} positions of {positions // 20:,} accounts on 159,669 contracts",
        partial(make_inputs, positions=positions),
        (
            Variant("bare sparse product and maximum", bare_product),
            Variant("calculate, same parameters again", again),
            Variant("calculate, new parameters", afresh),
            Variant("calculate, new parameters, cold", again, calls=1, is_cold=True),
            Variant("by stage", by_stage),
        ),
    )


BENCHES = (_bench(100_000), _bench(1_000_000))
