"""Losses and composite deltas over a grid: against the models, at their limits, and whatever the number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.pricing import LINEAR_MODELS, OPTION_MODELS
from margin.model.scenario import DeltaPoint, ScenarioGrid, ScenarioPoint, standard_grid
from margin.numeric.arrays import FloatArray
from margin.value import ladder
from margin.value.ladder import composite_deltas, scenario_losses, values_today
from margin.value.pricing_models import model_names, pricing_model
from margin.value.shocks import Priced, price_move, price_shift, shocked_volatility, volatility_move

GRID = standard_grid(3.0, 0.33)
DAY = 1.0 / 365.0


def priced(count: int = 1, **columns: Any) -> Priced:
    """Contracts that differ in what is given, a number or one number each."""
    base: dict[str, Any] = {
        "level": 100.0,
        "volatility": 0.2,
        "years": 0.5,
        "look_ahead": DAY,
        "price_scan_up": 10.0,
        "price_scan_down": 10.0,
        "volatility_scan_up": 0.2,
        "volatility_scan_down": 0.2,
        "volatility_scale": 1.0,
        "volatility_is_relative": True,
        "volatility_floor": np.nan,
        "volatility_floor_is_general": False,
        "multiplier": 1.0,
        "rate": 0.03,
        "carry": 0.01,
        "strike": 100.0,
        "is_call": True,
    }
    return Priced(**{name: np.resize(np.asarray(value), count) for name, value in {**base, **columns}.items()})


def losses_of(model: str, contracts: Priced, grid: ScenarioGrid = GRID, threads: int = 1) -> FloatArray:
    losses = np.full((len(contracts), len(grid)), np.nan)
    scenario_losses(model, contracts.at, np.arange(len(contracts)), grid, losses, threads)
    return losses


def deltas_of(model: str, contracts: Priced, grid: ScenarioGrid = GRID) -> FloatArray:
    deltas = np.full(len(contracts), np.nan)
    composite_deltas(model, contracts.at, np.arange(len(contracts)), grid, deltas, 1)
    return deltas


def by_definition(model: str, contracts: Priced, grid: ScenarioGrid = GRID) -> FloatArray:
    """Losses as the definition has them, by the model itself."""
    module, terms = pricing_model(model), contracts.terms
    today = module.value(contracts.level, contracts.volatility, contracts.years, terms)
    columns = [
        point.weight
        * contracts.multiplier
        * (
            today
            - module.value(
                contracts.level + price_shift(contracts, price_move(point)),
                shocked_volatility(contracts, volatility_move(point)),
                contracts.years_after,
                terms,
            )
        )
        for point in grid.points
    ]
    return np.column_stack(columns)


def some_options(count: int) -> Priced:
    random = np.random.default_rng(7)
    level = 100.0 * np.exp(random.normal(0.0, 0.3, count))
    return priced(
        count,
        level=level,
        strike=100.0 * np.exp(random.normal(0.0, 0.5, count)),
        volatility=random.uniform(0.02, 1.5, count),
        years=random.uniform(0.0, 2.0, count) * (random.random(count) < 0.95),
        price_scan_up=level * random.uniform(0.02, 0.5, count),
        is_call=random.random(count) < 0.5,
    )


def test_the_models_named_in_the_noun_are_those_of_the_folder() -> None:
    assert sorted((*OPTION_MODELS, *LINEAR_MODELS)) == list(model_names())
    for name in model_names():
        model = pricing_model(name)
        assert model.IS_OPTION is (name in OPTION_MODELS)
        assert isinstance(model.IS_ON_SPOT, bool)


def test_an_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown model 'black_77', expected one of"):
        pricing_model("black_77")


@pytest.mark.parametrize("model", ["black_76", "black_scholes_merton"])
def test_the_closed_form_is_off_by_less_than_1e_15_of_forward_or_strike(model: str) -> None:
    contracts = some_options(5_000)
    scale = np.maximum(contracts.level + 3.0 * contracts.price_scan_up, contracts.strike)[:, None] * np.exp(0.1)
    difference = np.abs(losses_of(model, contracts) - by_definition(model, contracts))
    assert (difference / scale).max() < 2e-15


@pytest.mark.parametrize("model", ["black_76", "black_scholes_merton"])
def test_closed_form_deltas_are_those_of_the_model(model: str) -> None:
    contracts = some_options(2_000)
    module = pricing_model(model)
    expected = sum(
        point.weight
        * module.delta(
            contracts.level + price_shift(contracts, price_move(point)),
            contracts.volatility,
            contracts.years_after,
            contracts.terms,
        )
        for point in GRID.delta_points
    )
    assert np.abs(deltas_of(model, contracts) - expected).max() < 1e-13


@pytest.mark.parametrize("model", ["bachelier", "digital", "cost_of_carry", "inverse"])
def test_every_other_model_is_valued_scenario_by_scenario(model: str) -> None:
    contracts = priced(3, level=[90.0, 100.0, 120.0], volatility=20.0 if model == "bachelier" else 0.2)
    np.testing.assert_allclose(losses_of(model, contracts), by_definition(model, contracts), rtol=1e-12, atol=1e-13)


def test_a_future_loses_its_scan_range_to_the_last_digit() -> None:
    losses = losses_of("linear", priced(level=np.nan, price_scan_up=1100.0, price_scan_down=1100.0))
    thirds = [0.0, 0.0, -1100 / 3, -1100 / 3, 1100 / 3, 1100 / 3, -2200 / 3, -2200 / 3, 2200 / 3, 2200 / 3]
    assert losses[0].tolist() == [*thirds, -1100.0, -1100.0, 1100.0, 1100.0, -3300.0 * 0.33, 3300.0 * 0.33]


def test_ranges_down_move_prices_and_volatilities_down() -> None:
    contracts = priced(price_scan_up=10.0, price_scan_down=20.0, volatility_scan_up=0.5, volatility_scan_down=0.25)
    assert shocked_volatility(contracts, ("scan_range", 1.0)).tolist() == pytest.approx([0.3])
    assert shocked_volatility(contracts, ("scan_range", -1.0)).tolist() == pytest.approx([0.15])
    losses = losses_of("linear", contracts)[0]
    assert (losses[10], losses[12]) == (-10.0, 20.0)


def test_moves_may_be_percent_points_relative_or_absolute() -> None:
    contracts = priced(level=200.0, volatility_scale=0.5)
    assert price_shift(contracts, ("percent", -16.0)).tolist() == [-32.0]
    assert price_shift(contracts, ("points", 7.5)).tolist() == [7.5]
    assert shocked_volatility(contracts, ("relative", 0.5)).tolist() == pytest.approx([0.25])
    assert shocked_volatility(contracts, ("absolute", -0.1)).tolist() == pytest.approx([0.15])


def test_floors_hold_where_they_are_said_to() -> None:
    up = priced(volatility_floor=0.5)
    assert [shocked_volatility(up, ("scan_range", move)).item() for move in (1.0, 0.0)] == [0.5, 0.2]
    everywhere = priced(volatility_floor=0.5, volatility_floor_is_general=True)
    assert [shocked_volatility(everywhere, ("scan_range", move)).item() for move in (1.0, 0.0, -1.0)] == [0.5] * 3
    vanishing = priced(volatility_scan_down=0.3, volatility_is_relative=False)
    assert shocked_volatility(vanishing, ("scan_range", -1.0)).item() == 0.0


@pytest.mark.parametrize("model", ["black_76", "black_scholes_merton"])
def test_expired_options_lose_what_their_intrinsic_value_loses(model: str) -> None:
    contracts = priced(2, years=0.0, strike=95.0, is_call=[True, False], rate=0.0, carry=0.0)
    losses = losses_of(model, contracts)
    shocked = 100.0 + np.array([10.0 * point.price_move for point in GRID.points])
    weight = np.array([point.weight for point in GRID.points])
    np.testing.assert_allclose(losses[0], weight * (5.0 - np.maximum(shocked - 95.0, 0.0)), atol=1e-12)
    np.testing.assert_allclose(losses[1], weight * (0.0 - np.maximum(95.0 - shocked, 0.0)), atol=1e-12)


def test_an_option_whose_forward_falls_below_zero_is_worth_its_intrinsic_value() -> None:
    grid = ScenarioGrid((ScenarioPoint(1, -2.0, 0.0),))
    contracts = priced(
        2, level=10.0, strike=10.0, price_scan_down=10.0, is_call=[True, False], rate=0.0, look_ahead=0.0
    )
    value = values_today("black_76", contracts.at, 2)
    np.testing.assert_allclose(losses_of("black_76", contracts, grid)[:, 0], value - [0.0, 20.0])


def test_nothing_is_lost_where_nothing_moves() -> None:
    grid = ScenarioGrid((ScenarioPoint(1, 0.0, 0.0),), (DeltaPoint(1, 0.0, 0.0, 1.0),))
    for model in model_names():
        losses = losses_of(model, priced(5, look_ahead=0.0, strike=[1.0, 60.0, 100.0, 140.0, 900.0]), grid)
        assert losses.tolist() == [[0.0]] * 5, model
        assert not np.signbit(losses).any()


def test_only_options_have_a_composite_delta_other_than_one() -> None:
    for model in LINEAR_MODELS:
        assert deltas_of(model, priced(2)).tolist() == [1.0, 1.0]
    call, put = deltas_of("black_76", priced(2, is_call=[True, False]))
    assert 0.0 < call < 1.0
    assert call - put == pytest.approx(np.exp(-0.03 * (0.5 - DAY)))


def test_a_grid_may_list_its_own_delta_points() -> None:
    grid = ScenarioGrid(GRID.points, (DeltaPoint(1, 10.0, 0.0, 1.0, "percent"),))
    contracts = priced()
    expected = pricing_model("black_76").delta(
        np.array([110.0]), contracts.volatility, contracts.years_after, contracts.terms
    )
    assert deltas_of("black_76", contracts, grid).tolist() == pytest.approx(expected.tolist())


def test_figures_are_the_same_for_any_number_of_threads_and_any_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "CHUNK", 256)
    contracts = some_options(2_000)
    alone = losses_of("black_76", contracts)
    assert (losses_of("black_76", contracts, threads=3) == alone).all()
    scattered = np.full((6_000, 16), np.nan)
    scenario_losses("black_76", contracts.at, np.arange(2_000) * 3, GRID, scattered, 2)
    assert (scattered[::3] == alone).all()
    assert np.isnan(scattered[1::3]).all()


@settings(deadline=None, max_examples=150)
@given(
    st.floats(1.0, 1e4),
    st.floats(0.3, 3.0),
    st.just(0.0) | st.floats(1e-6, 3.0),
    st.just(0.0) | st.floats(1e-6, 3.0),
    st.floats(0.0, 1.5),
    st.booleans(),
    st.sampled_from(["black_76", "black_scholes_merton"]),
)
def test_a_long_option_loses_no_more_than_it_is_worth(
    level: float, ratio: float, volatility: float, years: float, scan: float, is_call: bool, model: str
) -> None:
    contracts = priced(
        level=level,
        strike=level * ratio,
        volatility=volatility,
        years=years,
        price_scan_up=level * scan,
        price_scan_down=level * scan,
        is_call=is_call,
    )
    losses = losses_of(model, contracts)
    assert np.isfinite(losses).all()
    assert losses.max() <= values_today(model, contracts.at, 1).item() + 1e-13 * level * max(1.0, ratio)
    by_hand = by_definition(model, contracts)
    np.testing.assert_allclose(losses, by_hand, rtol=1e-9, atol=1e-14 * level * (1.0 + 3.0 * scan) * max(1.0, ratio))
