"""A market written as SPAN XML and as an expanded unpacked file margins alike, component by component."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition, Tier
from margin.model.run import MarginRun
from margin.pipeline import calculate, read_parameters, read_positions
from margin.write.parameters import writer
from tests.market.generate import CORE_FEATURES, Feature, MarketSpec, cme_spec, generate_market, write_spn
from tests.market.model import Market
from tests.market.position_files import write_csv
from tests.market.positions import generate_positions
from tests.write.pa2_bounds import bounds_of

EXPRESSIBLE = CORE_FEATURES | {
    Feature.SPOT_RATES,
    Feature.INTER_SPREADS,
    Feature.INTER_TIERS,
    Feature.SUPER_SPREADS,
    Feature.SCANNING_SPREADS,
    Feature.RISK_EXPONENT,
    Feature.SCAN_TIERS,
    Feature.CAPPED_OPTION_VALUE,
}
"""Features of the CME-like shape that the format can express."""

BOUNDED = EXPRESSIBLE - {Feature.INTER_TIERS, Feature.SUPER_SPREADS, Feature.SCANNING_SPREADS}
"""Features whose figures `bounds_of` bounds."""

ACCOUNTS = 60


def market_of(spec: MarketSpec) -> Market:
    """A generated market whose groups have codes of three letters."""
    market = generate_market(spec)
    return replace(market, commodities=tuple(replace(one, group=one.group[:3]) for one in market.commodities))


def book_of(market: Market, folder: Path, seed: int) -> Path:
    """Positions of customer accounts of the types that the format knows."""
    frame = generate_positions(market, ACCOUNTS, 25 * ACCOUNTS, seed)
    path = folder / "positions.csv"
    write_csv(frame.with_columns(pl.col("account_type").replace("M", "S"), segregation=pl.lit("CUST")), path)
    return path


def written(parameters: ParameterSet, format_: str, path: Path) -> ParameterSet:
    """What is read again of a parameter set in a format."""
    path.write_bytes(b"".join(writer(format_).write(parameters).content))
    return read_parameters(path)


@pytest.mark.parametrize("seed", [1, 2])
def test_whole_figures_margin_exactly_alike(tmp_path: Path, seed: int) -> None:
    market = market_of(cme_spec(seed=seed, features=EXPRESSIBLE))
    write_spn(market, tmp_path / "market.spn")
    source = read_parameters(tmp_path / "market.spn")
    positions = read_positions(book_of(market, tmp_path, seed))

    before = calculate(source, positions)
    after = calculate(written(source, "pa2", tmp_path / "market.pa2"), positions)

    for name in ("accounts", "requirement_rows", "commodity_rows", "scan_tier_rows", "period_rows", "spread_rows"):
        # Super spreads share one sequence of priorities with the others, so these are counted anew.
        frames = [getattr(run, name).drop("priority", strict=False) for run in (before, after)]
        assert_frame_equal(*frames, check_exact=False, rel_tol=1e-12, abs_tol=1e-9)
    formed = set(before.spread_rows["kind"]) | set(before.spread_rows["form"])
    assert {"intracommodity", "super", "intercommodity", "delta", "scanning"} == formed
    for component in ("delivery_charge", "short_option_minimum", "net_option_value", "intercommodity_credit"):
        assert before.commodity_rows[component].abs().max() > 0.0


COMPONENTS = {
    "scan_risk": "arrays",
    "time_risk": "arrays",
    "volatility_risk": "price",
    "price_risk": "price",
    "weighted_futures_price_risk": "weighted",
    "intracommodity_charge": "intracommodity",
    "delivery_charge": "delivery",
    "intercommodity_credit": "credit",
    "short_option_minimum": "minimum",
    "span_risk": "span_risk",
}
"""Components of a commodity's figures, and the bound on each."""

SMALL = 0.02
"""A bound says something where it is below this share of the component's greatest figures."""


@pytest.mark.parametrize("format_of_source", ["spn", None])
def test_rounded_figures_stay_within_the_bound_of_their_units(tmp_path: Path, format_of_source: str | None) -> None:
    market = market_of(cme_spec(seed=3, features=BOUNDED))
    write_spn(market, tmp_path / "market.spn")
    source = finer(read_parameters(tmp_path / "market.spn"))
    if format_of_source:
        source = written(source, format_of_source, tmp_path / f"finer.{format_of_source}")
    path = book_of(market, tmp_path, 3)
    positions = read_positions(path)

    before = calculate(source, positions, rounding="none")
    after = calculate(written(source, "pa2", tmp_path / "finer.pa2"), positions, rounding="none")
    file = (tmp_path / "finer.pa2").read_text("ascii")
    held = pl.read_csv(path, infer_schema_length=None)
    bounds = bounds_of(source, file, held, before, after)

    compared = paired(before, after)
    assert set(bounds) == set(compared)
    for component, name in COMPONENTS.items():
        largest = max(abs(one[component]) for one, _ in compared.values())
        limit = {row: getattr(bounds[row], name) for row in compared}
        moved = {row: abs(one[component] - other[component]) for row, (one, other) in compared.items()}
        beyond = {
            row: (moved[row], limit[row]) for row in compared if moved[row] > limit[row] * (1 + 1e-9) + 1e-9 * largest
        }
        assert beyond == {}, component
        assert max(moved.values()) > 0.0, component
        usual = float(np.median([one for one in limit.values() if np.isfinite(one)]))
        assert usual < SMALL * largest, (component, usual, largest)
        assert np.isfinite(list(limit.values())).mean() > 0.8, component


def test_money_that_is_not_rounded_is_the_same(tmp_path: Path) -> None:
    market = market_of(cme_spec(seed=3, features=BOUNDED))
    write_spn(market, tmp_path / "market.spn")
    source = finer(read_parameters(tmp_path / "market.spn"))
    positions = read_positions(book_of(market, tmp_path, 3))

    before = calculate(source, positions, rounding="none")
    after = calculate(written(source, "pa2", tmp_path / "finer.pa2"), positions, rounding="none")

    for column in ("long_option_value", "short_option_value", "net_option_value"):
        assert_frame_equal(before.commodity_rows.select(column), after.commodity_rows.select(column), rel_tol=1e-12)


def paired(before: MarginRun, after: MarginRun) -> dict[tuple[str, str], tuple[dict, dict]]:
    """Core maintenance rows of both runs by account and commodity."""
    rows: list[dict[tuple[str, str], dict]] = []
    for run in (before, after):
        accounts = run.accounts["account"]
        wanted = run.commodity_rows.filter(pl.col("class") == "CORE", pl.col("kind") == "maintenance")
        rows.append({(accounts[row["account_index"]], row["commodity"]): row for row in wanted.iter_rows(named=True)})
    assert set(rows[0]) == set(rows[1])
    return {key: (row, rows[1][key]) for key, row in rows[0].items()}


def finer(parameters: ParameterSet) -> ParameterSet:
    """The same parameters with more decimals than the format has: arrays, deltas of options, charges, flat credits."""
    arrays = parameters.arrays["1"]
    row, scenario = np.indices(arrays.losses.shape)
    losses = arrays.losses * (1.0 + 1e-4 * np.sin(1.0 + 17.0 * row + 5.0 * scenario))
    noise = np.where(parameters.contracts["right"].is_null().to_numpy(), 0.0, 4e-5 * np.sin(np.arange(len(losses))))
    made = replace(arrays, losses=losses, composite_delta=arrays.composite_delta + noise)
    return replace(
        parameters,
        arrays={"1": made},
        commodities=tuple(_finer_commodity(commodity) for commodity in parameters.commodities),
        spreads=tuple(_finer_spread(spread) for spread in parameters.spreads),
    )


def _finer_commodity(commodity: CombinedCommodity) -> CombinedCommodity:
    return replace(
        commodity,
        spreads=tuple(_finer_spread(spread) for spread in commodity.spreads),
        short_option_minimum_tiers=tuple(_finer_tier(tier) for tier in commodity.short_option_minimum_tiers),
        spot_rates=tuple(
            replace(rate, spread_rate=rate.spread_rate + 0.37, outright_rate=rate.outright_rate + 0.41)
            for rate in commodity.spot_rates
        ),
    )


def _finer_tier(tier: Tier) -> Tier:
    return replace(tier, rates={rate: value + 0.29 for rate, value in tier.rates.items()})


def _finer_spread(spread: SpreadDefinition) -> SpreadDefinition:
    if spread.charge_method != "F":
        return spread
    return replace(spread, rates={rate: value + 0.4321 for rate, value in spread.rates.items()})
