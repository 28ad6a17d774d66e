from __future__ import annotations

from itertools import product
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models import (
    _lattice,
    american,
    american_future,
    american_future_lattice,
    american_lattice,
    black_76,
    black_scholes_merton,
)
from margin.value.models._early_exercise import Puts
from margin.value.models.terms import Terms
from tests.value.american_tree import american_value

ON_SPOT = [american, american_lattice]
ON_FUTURE = [american_future, american_future_lattice]
MODELS = [*ON_SPOT, *ON_FUTURE]


def name_of(model: ModuleType) -> str:
    return model.__name__.rpartition(".")[2]


every_model = pytest.mark.parametrize("model", MODELS, ids=name_of)
every_spot_model = pytest.mark.parametrize("model", ON_SPOT, ids=name_of)
both_rights = pytest.mark.parametrize("is_call", [True, False], ids=["call", "put"])


def one(value: float) -> FloatArray:
    return np.array([value])


def terms(strike: float, *, is_call: bool, rate: float = 0.0, carry: float = 0.0) -> Terms:
    return Terms(one(strike), np.array([is_call]), one(rate), one(carry))


def european(model: ModuleType) -> ModuleType:
    return black_scholes_merton if model in ON_SPOT else black_76


def some_options(
    number: int, seed: int, *, years: float, rates: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray, Terms]:
    """Volatilities of 5 % to 100 %, a day to `years`, up to three deviations from the money; a third on futures."""
    rng = np.random.default_rng(seed)
    volatility, strike = rng.uniform(0.05, 1.0, number), np.full(number, 100.0)
    time = np.exp(rng.uniform(np.log(1 / 365), np.log(years), number))
    level = strike * np.exp(rng.uniform(-3.0, 3.0, number) * volatility * np.sqrt(time))
    rate, carry = rng.uniform(*rates, (2, number))
    carry = np.where(rng.random(number) < 1 / 3, rate, np.where(rng.random(number) < 0.2, 0.0, carry))
    return level, volatility, time, Terms(strike, rng.random(number) < 0.5, rate, carry)


def scale_of(level: FloatArray, options: Terms) -> FloatArray:
    """What errors are measured in: the strike of a put, the spot of a call."""
    return np.where(options.is_call, level, options.strike)


# M. Broadie and J. Detemple, American option valuation: new bounds, approximations, and a comparison of existing
# methods, Review of Financial Studies 9 (1996), Table 1, true values: calls of strike 100, half a year.
PUBLISHED = [
    (0.03, 0.07, 0.20, [0.219, 1.386, 4.783, 11.098, 20.000]),
    (0.03, 0.07, 0.40, [2.689, 5.722, 10.239, 16.181, 23.360]),
    (0.00, 0.07, 0.30, [1.037, 3.123, 7.035, 12.955, 20.717]),
    (0.07, 0.03, 0.30, [1.664, 4.495, 9.250, 15.798, 23.706]),
]


@pytest.mark.parametrize(("rate", "carry", "volatility", "expected"), PUBLISHED)
def test_agrees_with_published_values(rate: float, carry: float, volatility: float, expected: list[float]) -> None:
    spots = np.array([80.0, 90.0, 100.0, 110.0, 120.0])
    options = terms(100.0, is_call=True, rate=rate, carry=carry)

    assert american_lattice.value(spots, one(volatility), one(0.5), options) == pytest.approx(expected, abs=1e-3)
    assert american.value(spots, one(volatility), one(0.5), options) == pytest.approx(expected, abs=0.05)


def test_the_lattice_agrees_with_a_textbook_tree_of_many_steps() -> None:
    level, volatility, years, options = some_options(40, 1, years=2.0, rates=(-0.02, 0.12))
    volatility = np.maximum(volatility, 0.1)
    rows = zip(
        level, options.strike, volatility, years, options.rate, options.carry, options.is_call.tolist(), strict=True
    )
    expected = np.array([american_value(*map(float, row[:-1]), row[-1]) for row in rows])

    found = american_lattice.value(level, volatility, years, options)

    assert (np.abs(found - expected) / scale_of(level, options)).max() < 1.5e-4


def test_more_steps_bring_the_lattice_closer() -> None:
    level, volatility, years, options = some_options(200, 2, years=1.0, rates=(0.01, 0.1))
    rate = np.where(options.is_call, options.carry, options.rate)
    carry = np.where(options.is_call, options.rate, options.carry)
    log_x = np.log(level / options.strike) * np.where(options.is_call, -1.0, 1.0)
    puts = Puts(log_x, volatility, years, rate, carry)
    exact = _lattice.premium(puts, 1024)

    errors = [float(np.sqrt(np.mean((_lattice.premium(puts, steps) - exact) ** 2))) for steps in (16, 64, 256)]

    assert errors[1] < 0.3 * errors[0]
    assert errors[2] < 0.3 * errors[1]


def test_options_of_a_lattice_do_not_depend_on_their_neighbours() -> None:
    level, volatility, years, options = some_options(300, 3, years=1.0, rates=(0.0, 0.1))
    together = american_lattice.value(level, volatility, years, options)
    for row in (0, 127, 128, 299):
        alone = Terms(*(one(column[row]) for column in (options.strike, options.is_call, options.rate, options.carry)))
        assert together[row] == american_lattice.value(*map(one, (level[row], volatility[row], years[row])), alone)[0]


@pytest.mark.parametrize(
    ("years", "rates", "bound", "delta_bound"),
    [(1.0, (0.0, 0.10), 0.0015, 0.03), (5.0, (-0.02, 0.15), 0.012, 0.06)],
    ids=["a year", "five years"],
)
def test_the_approximation_stays_within_its_stated_bounds(
    years: float, rates: tuple[float, float], bound: float, delta_bound: float
) -> None:
    level, volatility, time, options = some_options(2_000, 4, years=years, rates=rates)

    error = american.value(level, volatility, time, options) - american_lattice.value(level, volatility, time, options)
    delta_error = american.delta(level, volatility, time, options)
    delta_error -= american_lattice.delta(level, volatility, time, options)

    assert (np.abs(error) / scale_of(level, options)).max() <= bound
    assert np.abs(delta_error).max() <= delta_bound


POSITIVE = st.floats(1e-2, 1e4)
VOLATILITY = st.floats(1e-3, 3.0)
YEARS = st.floats(1e-4, 10.0)
RATE = st.floats(-0.1, 0.3)


@every_model
@both_rights
@settings(deadline=None, max_examples=60)
@given(level=POSITIVE, strike=POSITIVE, volatility=VOLATILITY, years=YEARS, rate=RATE, carry=RATE)
def test_worth_no_less_than_the_european_option_or_exercise_at_once(
    model: ModuleType,
    is_call: bool,
    level: float,
    strike: float,
    volatility: float,
    years: float,
    rate: float,
    carry: float,
) -> None:
    options = terms(strike, is_call=is_call, rate=rate, carry=carry)
    args = (one(level), one(volatility), one(years), options)
    value = model.value(*args)[0]
    growth = np.exp(years * max(0.0, -rate, -carry if model in ON_SPOT else -rate))

    assert value >= european(model).value(*args)[0]
    assert value >= max(level - strike if is_call else strike - level, 0.0) * (1.0 - 1e-14)
    assert value <= growth * (level if is_call else strike) * (1.0 + 1e-9)


@settings(deadline=None)
@given(level=POSITIVE, strike=POSITIVE, volatility=VOLATILITY, years=YEARS, rate=RATE, carry=RATE)
def test_a_put_is_a_call_with_spot_and_strike_and_rate_and_yield_exchanged(
    level: float, strike: float, volatility: float, years: float, rate: float, carry: float
) -> None:
    put = terms(strike, is_call=False, rate=rate, carry=carry)
    call = terms(level, is_call=True, rate=carry, carry=rate)

    for model in ON_SPOT:
        assert model.value(one(level), one(volatility), one(years), put) == pytest.approx(
            model.value(one(strike), one(volatility), one(years), call), rel=1e-9, abs=1e-11 * (level + strike)
        )


@every_spot_model
@both_rights
@settings(deadline=None, max_examples=60)
@given(
    level=st.floats(50, 200),
    volatility=st.floats(0.05, 1.0),
    years=st.floats(0.01, 1.0),
    rate=st.floats(0.0, 0.1),
    carry=st.floats(0.0, 0.1),
    more=st.floats(1.0, 2.0),
)
def test_worth_rises_with_volatility_and_time(
    model: ModuleType,
    is_call: bool,
    level: float,
    volatility: float,
    years: float,
    rate: float,
    carry: float,
    more: float,
) -> None:
    options = terms(100.0, is_call=is_call, rate=rate, carry=carry)
    slack = (2e-3 if model is american else 1e-4) * max(level, 100.0)
    value = model.value(one(level), one(volatility), one(years), options)[0]

    assert model.value(one(level), one(volatility * more), one(years), options)[0] >= value - slack
    assert model.value(one(level), one(volatility), one(years * more), options)[0] >= value - slack


@pytest.mark.parametrize(("model", "tolerance"), [(american, 2e-6), (american_lattice, 5e-3)], ids=["fast", "tree"])
def test_deltas_are_the_slopes_of_values(model: ModuleType, tolerance: float) -> None:
    level, volatility, years, options = some_options(500, 6, years=1.0, rates=(0.0, 0.1))
    step = (1e-5 if model is american else 0.02) * level * volatility * np.sqrt(years)
    above, value, below = (
        model.value(level + move, volatility, years, options) for move in (step, np.zeros_like(step), -step)
    )
    intrinsic = np.where(options.is_call, 1.0, -1.0) * (level - options.strike)
    # The approximation's slope steps at the critical price, where no difference is a derivative.
    is_smooth = (np.abs(intrinsic - value) > 1e-3) | (np.abs(above + below - 2.0 * value) < 1e-9)

    slope = ((above - below) / (2.0 * step))[is_smooth]

    assert is_smooth.mean() > 0.9
    assert np.abs(model.delta(level, volatility, years, options)[is_smooth] - slope).max() < tolerance


@every_model
def test_exercised_and_expired_options_have_the_delta_of_what_they_pay(model: ModuleType) -> None:
    levels = np.array([99.0, 100.0, 101.0])
    call, put = (terms(100.0, is_call=is_call, rate=0.05, carry=0.05) for is_call in (True, False))

    assert model.delta(levels, one(0.3), one(0.0), call).tolist() == [0.0, 0.5, 1.0]
    assert model.delta(levels, one(0.3), one(0.0), put).tolist() == [-1.0, -0.5, 0.0]
    assert model.delta(one(300.0), one(0.2), one(0.5), call)[0] == pytest.approx(1.0, abs=1e-12)
    assert model.delta(one(30.0), one(0.2), one(0.5), put)[0] == pytest.approx(-1.0, abs=1e-12)


@every_model
@both_rights
def test_options_too_far_from_the_money_to_be_worth_anything_have_no_delta(model: ModuleType, is_call: bool) -> None:
    level = one(1.0 if is_call else 1e4)
    options = terms(100.0, is_call=is_call, rate=0.05, carry=0.05)

    assert model.value(level, one(0.01), one(0.001), options)[0] == 0.0
    assert model.delta(level, one(0.01), one(0.001), options)[0] == 0.0


@every_model
def test_expired_options_are_worth_their_intrinsic_value_exactly(model: ModuleType) -> None:
    levels = np.array([96.4, 100.0, 103.7, 0.0, -37.6])
    call, put = (terms(100.0, is_call=is_call, rate=0.05, carry=0.02) for is_call in (True, False))

    assert model.value(levels, one(0.3), one(0.0), call).tolist() == np.maximum(levels - 100.0, 0.0).tolist()
    assert model.value(levels, one(0.3), one(0.0), put).tolist() == np.maximum(100.0 - levels, 0.0).tolist()


@every_model
def test_a_level_shocked_below_zero_leaves_the_intrinsic_value(model: ModuleType) -> None:
    levels = np.array([0.0, -20.0])
    call, put = (terms(50.0, is_call=is_call, rate=0.05, carry=0.02) for is_call in (True, False))

    assert model.value(levels, one(0.4), one(1.0), call).tolist() == [0.0, 0.0]
    assert model.value(levels, one(0.4), one(1.0), put).tolist() == [50.0, 70.0]
    assert model.delta(levels, one(0.4), one(1.0), put).tolist() == [-1.0, -1.0]


@every_spot_model
@both_rights
@pytest.mark.parametrize(("rate", "carry"), [(0.08, 0.03), (0.03, 0.08), (-0.08, -0.03), (-0.02, -0.07), (0.05, 0.0)])
def test_without_volatility_exercise_is_at_the_best_time_under_growth(
    model: ModuleType, is_call: bool, rate: float, carry: float
) -> None:
    times = np.linspace(0.0, 12.0, 100_001)
    for level in (60.0, 98.0, 104.0, 170.0):
        options = terms(100.0, is_call=is_call, rate=rate, carry=carry)
        paid = (level * np.exp(-carry * times) - 100.0 * np.exp(-rate * times)) * (1.0 if is_call else -1.0)

        value = model.value(one(level), one(0.0), one(12.0), options)[0]

        assert value == pytest.approx(max(paid.max(), 0.0), abs=1e-6)
        step = 1e-4
        above, below = (model.value(one(level + move), one(0.0), one(12.0), options)[0] for move in (step, -step))
        slope = (above - below) / (2 * step)
        assert model.delta(one(level), one(0.0), one(12.0), options)[0] == pytest.approx(slope, abs=1e-6)
        nearly = american_lattice.value(one(level), one(1e-4), one(12.0), options)[0]
        assert nearly == pytest.approx(value, abs=0.02)


@every_spot_model
@pytest.mark.parametrize(
    ("is_call", "rate", "carry"),
    [
        *((True, 0.05, carry) for carry in (0.0, -0.02)),
        *((True, rate, -0.03) for rate in (-0.03, -0.01)),
        *((False, 0.0, carry) for carry in (0.0, 0.04)),
        *((False, -0.02, carry) for carry in (0.03, -0.01, -0.02)),
    ],
)
def test_options_that_are_never_exercised_early_are_the_european_ones_exactly(
    model: ModuleType, is_call: bool, rate: float, carry: float
) -> None:
    level, volatility, years, other = some_options(200, 8, years=3.0, rates=(0.0, 0.1))
    options = Terms(other.strike, np.full(200, is_call), np.full(200, rate), np.full(200, carry))

    for name in ("value", "delta"):
        expected = getattr(black_scholes_merton, name)(level, volatility, years, options).tolist()
        assert getattr(model, name)(level, volatility, years, options).tolist() == expected


@pytest.mark.parametrize(
    ("is_call", "rate", "carry"), [(False, -0.01, -0.06), (True, -0.06, -0.01), (False, 0.0, -0.05)]
)
def test_between_two_critical_prices_the_approximation_gives_the_lattice_s_value(
    is_call: bool, rate: float, carry: float
) -> None:
    level = np.array([60.0, 90.0, 100.0, 115.0, 160.0])
    options = terms(100.0, is_call=is_call, rate=rate, carry=carry)
    args = (level, one(0.15), one(2.0), options)
    expected = [american_value(spot, 100.0, 0.15, 2.0, rate, carry, is_call) for spot in level.tolist()]

    assert american.value(*args).tolist() == american_lattice.value(*args).tolist()
    assert american.delta(*args).tolist() == american_lattice.delta(*args).tolist()
    assert american.value(*args) == pytest.approx(expected, abs=5e-3)
    assert (american.value(*args) - black_scholes_merton.value(*args)).max() > 0.1


@pytest.mark.parametrize(("on_spot", "on_future"), list(zip(ON_SPOT, ON_FUTURE, strict=True)), ids=["fast", "tree"])
def test_a_future_is_a_spot_that_yields_the_rate(on_spot: ModuleType, on_future: ModuleType) -> None:
    level, volatility, years, options = some_options(300, 9, years=1.0, rates=(-0.02, 0.1))
    as_spot = Terms(options.strike, options.is_call, options.rate, options.rate)

    for name in ("value", "delta"):
        expected = getattr(on_spot, name)(level, volatility, years, as_spot).tolist()
        assert expected == getattr(on_future, name)(level, volatility, years, options).tolist()
    assert (on_future.IS_ON_SPOT, on_spot.IS_ON_SPOT) == (False, True)


@every_model
def test_scenarios_of_contracts_are_valued_at_once(model: ModuleType) -> None:
    level, volatility, years, options = some_options(20, 10, years=1.0, rates=(0.0, 0.1))
    levels = level[:, None] * np.array([0.9, 1.0, 1.1])
    together = model.value(levels, volatility[:, None], years[:, None], options.column())

    assert together.shape == (20, 3)
    for column in range(3):
        assert together[:, column].tolist() == model.value(levels[:, column], volatility, years, options).tolist()


def extremes(*, steps_are_few: bool) -> tuple[FloatArray, FloatArray, FloatArray, Terms]:
    levels = [-1e6, 0.0, 1e-300, 1e-3, 0.999, 1.0, 1.001, 50.0, 1e12]
    volatilities = [0.0, 1e-300, 1e-12, 1e-6, 1e-3, 0.2, 3.0, 60.0, 1e4]
    years = [0.0, 1e-300, 1e-12, 1e-5, 0.1, 1.0, 50.0]
    rates, carries = [-0.2, 0.0, 1e-300, 0.03, 0.5], [-0.1, 0.0, 1e-12, 0.03, 0.3]
    strikes = [1.0] if steps_are_few else [0.0, 1e-3, 1.0, 1e9]
    grid = np.array(list(product(levels, strikes, volatilities, years, rates, carries, [0.0, 1.0])))
    grid = grid[::7] if steps_are_few else grid
    level, strike, volatility, time, rate, carry, right = grid.T
    is_call: BoolArray = right > 0.0
    return level, volatility, time, Terms(strike, is_call, rate, carry)


@every_model
def test_no_input_however_extreme_leaves_the_bounds(model: ModuleType) -> None:
    level, volatility, years, options = extremes(steps_are_few="lattice" in name_of(model))
    value, delta = (getattr(model, name)(level, volatility, years, options) for name in ("value", "delta"))
    intrinsic = np.maximum(np.where(options.is_call, 1.0, -1.0) * (level - options.strike), 0.0)
    rounding = 1e-12 * (np.abs(level) + options.strike)

    assert np.isfinite(value).all()
    assert np.isfinite(delta).all()
    assert (value >= intrinsic - rounding).all()


@every_model
def test_says_what_it_cannot_take(model: ModuleType) -> None:
    options = Terms(np.array([1.0, 1.0, 1.0, -1.0]), np.ones(4, dtype=bool), np.zeros(4), np.zeros(4))

    assert model.accepts(np.array([-1.0, 0.0, 1.0, 1.0]), options).tolist() == [False, False, True, False]
