"""Spreads between months and between commodities, against the same calculation without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import margin
from margin.model.parameters import ParameterSet
from tests.benches.measure import Bench, Variant
from tests.market.generate import CORE_FEATURES, Feature, cme_spec, generate_market, write_spn
from tests.market.position_files import write_parquet
from tests.market.positions import generate_positions

ACCOUNTS = 50_000
POSITIONS = 1_000_000
CALENDAR_SPREADS = 900
INTERCOMMODITY_SPREADS = 400


def make_inputs(folder: Path) -> None:
    """201 commodities whose neighbours are spread in two tiers, and more calendar spreads than are wanted."""
    features = CORE_FEATURES | {Feature.INTER_SPREADS, Feature.INTER_TIERS}
    market = generate_market(cme_spec(underlyings=201, options=60_000, features=features))
    write_spn(market, folder / "parameters.spn")
    write_parquet(generate_positions(market, ACCOUNTS, POSITIONS, seed=1), folder / "positions.parquet")


def _with_wanted_spreads(parameters: ParameterSet) -> ParameterSet:
    """The same parameters with exactly the number of spreads stated above, those of the lowest priority gone.

    Raises:
        ValueError: There are too few.
    """
    rank = sorted(
        (place, number)
        for number, commodity in enumerate(parameters.commodities)
        for place in range(len(commodity.spreads))
    )
    if len(rank) < CALENDAR_SPREADS or len(parameters.spreads) != INTERCOMMODITY_SPREADS:
        raise ValueError(f"{len(rank)} calendar and {len(parameters.spreads)} intercommodity spreads are not enough")
    kept = [number for _, number in rank[:CALENDAR_SPREADS]]
    commodities = (
        replace(commodity, spreads=commodity.spreads[: kept.count(number)])
        for number, commodity in enumerate(parameters.commodities)
    )
    return replace(parameters, commodities=tuple(commodities))


def with_spreads(folder: Path) -> Callable[[], object]:
    """All spreads."""
    parameters = _with_wanted_spreads(margin.read_parameters(folder / "parameters.spn", cache=False))
    positions = margin.read_positions(folder / "positions.parquet")
    return lambda: margin.calculate(parameters, positions)


def without_spreads(folder: Path) -> Callable[[], object]:
    """The file's spreads removed."""
    parameters = margin.read_parameters(folder / "parameters.spn", cache=False)
    commodities = tuple(replace(commodity, spreads=()) for commodity in parameters.commodities)
    parameters = replace(parameters, commodities=commodities, spreads=())
    positions = margin.read_positions(folder / "positions.parquet")
    return lambda: margin.calculate(parameters, positions)


BENCHES = (
    Bench(
        "spreads",
        f"{CALENDAR_SPREADS} calendar and {INTERCOMMODITY_SPREADS} intercommodity spreads over "
        f"{ACCOUNTS:,} accounts with {POSITIONS:,} positions",
        make_inputs,
        (
            Variant("calculate, spreads removed", without_spreads),
            Variant("calculate", with_spreads, limit=3.0),
        ),
    ),
)
