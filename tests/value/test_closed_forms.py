from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.numeric.arrays import FloatArray
from margin.numeric.normal import density
from margin.value.models import bachelier, black_76, black_scholes_merton, cost_of_carry, digital, inverse, linear
from margin.value.models.terms import Terms
from tests.value import reference

POINTS = 10_000
OPTION_MODELS = [black_76, black_scholes_merton, bachelier]


def one(value: float) -> FloatArray:
    return np.array([value])


def terms(strike: float, *, is_call: bool, rate: float = 0.0, carry: float = 0.0) -> Terms:
    return Terms(one(strike), np.array([is_call]), one(rate), one(carry))


@pytest.mark.parametrize(
    ("model", "formula", "is_spot"),
    [
        (black_76, reference.black_76, False),
        (black_scholes_merton, reference.black_76, True),
        (bachelier, reference.bachelier, False),
    ],
    ids=["black_76", "black_scholes_merton", "bachelier"],
)
def test_agrees_with_fifty_digits_from_the_money_to_the_far_wings(
    model: ModuleType, formula: reference.Formula, is_spot: bool
) -> None:
    level, volatility, years, options = reference.random_options(POINTS, 3, is_normal=model is bachelier)

    expected = reference.values(formula, level, volatility, years, options, is_spot=is_spot)
    found = model.value(level, volatility, years, options)

    assert reference.largest_relative_error(found, expected) <= 1e-12


def test_digital_agrees_with_fifty_digits_up_to_the_conditioning_of_its_argument() -> None:
    level, volatility, years, options = reference.random_options(2_000, 5)

    expected = reference.values(reference.digital, level, volatility, years, options)
    found = digital.value(level, volatility, years, options)

    # N(d₂) at |d₂| ≤ 30 turns one rounding of d₂ into d₂² ≈ 1000 roundings of the value.
    assert reference.largest_relative_error(found, expected) <= 1e-11


POSITIVE = st.floats(1e-3, 1e5)
VOLATILITY = st.floats(1e-3, 4.0)
YEARS = st.floats(1e-4, 20.0)
RATE = st.floats(-0.1, 0.3)


@pytest.mark.parametrize("model", OPTION_MODELS)
@settings(deadline=None)
@given(level=POSITIVE, strike=POSITIVE, volatility=VOLATILITY, years=YEARS, rate=RATE, carry=RATE)
def test_call_less_put_is_the_discounted_forward_less_the_strike(
    model: ModuleType, level: float, strike: float, volatility: float, years: float, rate: float, carry: float
) -> None:
    call = model.value(one(level), one(volatility), one(years), terms(strike, is_call=True, rate=rate, carry=carry))
    put = model.value(one(level), one(volatility), one(years), terms(strike, is_call=False, rate=rate, carry=carry))
    discount = np.exp(-rate * years)
    forward = level * np.exp((rate - carry) * years) if model is black_scholes_merton else level

    assert call - put == pytest.approx(
        discount * (forward - strike), rel=1e-9, abs=1e-12 * discount * (forward + strike)
    )


@pytest.mark.parametrize("model", OPTION_MODELS)
@pytest.mark.parametrize("is_call", [True, False])
@settings(deadline=None)
@given(level=POSITIVE, strike=POSITIVE, volatility=VOLATILITY, years=YEARS, rate=RATE, more=st.floats(0.0, 2.0))
def test_values_stay_within_the_bounds_of_arbitrage_and_rise_with_volatility(
    model: ModuleType,
    is_call: bool,
    level: float,
    strike: float,
    volatility: float,
    years: float,
    rate: float,
    more: float,
) -> None:
    options = terms(strike, is_call=is_call, rate=rate, carry=rate)  # forward = level in every model
    value = model.value(one(level), one(volatility), one(years), options)[0]
    discount = float(np.exp(-rate * years))
    intrinsic = discount * max(level - strike if is_call else strike - level, 0.0)
    slack = 1e-12 * discount * (level + strike)

    assert value >= intrinsic - slack
    if model is not bachelier:
        assert value <= discount * (level if is_call else strike) + slack
    assert model.value(one(level), one(volatility + more), one(years), options)[0] >= value - slack


@pytest.mark.parametrize("model", [*OPTION_MODELS, digital])
@pytest.mark.parametrize("is_call", [True, False])
@settings(deadline=None)
@given(level=st.floats(50, 200), strike=st.floats(50, 200), volatility=st.floats(0.1, 1.0), years=st.floats(0.05, 3.0))
def test_delta_is_the_slope_of_the_value(
    model: ModuleType, is_call: bool, level: float, strike: float, volatility: float, years: float
) -> None:
    options = terms(strike, is_call=is_call, rate=0.03, carry=0.01)
    scale = 100.0 if model is bachelier else 1.0
    step = 1e-4 * level
    above, below = (
        model.value(one(level + move), one(volatility * scale), one(years), options)[0] for move in (step, -step)
    )

    slope = model.delta(one(level), one(volatility * scale), one(years), options)[0]
    assert slope == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(
    ("volatility", "years"), [(0.0, 0.5), (0.4, 0.0), (0.0, 0.0)], ids=["no volatility", "expired", "both"]
)
@pytest.mark.parametrize(
    ("is_call", "level", "undiscounted"),
    [(True, 103.5, 3.5), (True, 96.0, 0.0), (False, 96.0, 4.0), (False, 104.0, 0.0)],
)
def test_without_time_or_volatility_an_option_is_worth_its_intrinsic_value_exactly(
    volatility: float, years: float, is_call: bool, level: float, undiscounted: float
) -> None:
    options = terms(100.0, is_call=is_call, rate=0.1, carry=0.1)
    expected = undiscounted * np.exp(-0.1 * years)

    for model in OPTION_MODELS:
        assert model.value(one(level), one(volatility), one(years), options)[0] == expected


def test_expired_options_have_the_delta_of_what_they_pay() -> None:
    for model in OPTION_MODELS:
        deltas = [
            model.delta(one(level), one(0.3), one(0.0), terms(100.0, is_call=True))[0] for level in (99, 100, 101)
        ]
        assert deltas == [0.0, 0.5, 1.0]
        deltas = [
            model.delta(one(level), one(0.3), one(0.0), terms(100.0, is_call=False))[0] for level in (99, 100, 101)
        ]
        assert deltas == [-1.0, -0.5, 0.0]


def test_expired_digital_pays_beyond_the_strike_only() -> None:
    paid = [digital.value(one(level), one(0.3), one(0.0), terms(100.0, is_call=True))[0] for level in (99, 100, 101)]

    assert paid == [0.0, 0.0, 1.0]


def test_a_forward_shocked_below_zero_leaves_the_intrinsic_value() -> None:
    level = np.array([-20.0, 0.0])
    call = Terms(np.full(2, 50.0), np.array([True, True]), np.zeros(2), np.zeros(2))
    put = Terms(np.full(2, 50.0), np.array([False, False]), np.zeros(2), np.zeros(2))

    for model in (black_76, black_scholes_merton):
        assert model.value(level, one(0.4), one(1.0), call).tolist() == [0.0, 0.0]
        assert model.value(level, one(0.4), one(1.0), put).tolist() == [70.0, 50.0]
        assert model.delta(level, one(0.4), one(1.0), put).tolist() == [-1.0, -1.0]


def test_a_call_of_strike_zero_is_the_discounted_forward() -> None:
    options = terms(0.0, is_call=True, rate=0.05)

    assert black_76.value(one(80.0), one(0.4), one(2.0), options)[0] == 80.0 * np.exp(-0.05 * 2.0)


def test_an_enormous_volatility_makes_a_call_the_forward_and_a_put_the_strike() -> None:
    call = black_76.value(one(100.0), one(60.0), one(1.0), terms(40.0, is_call=True))[0]
    put = black_76.value(one(100.0), one(60.0), one(1.0), terms(40.0, is_call=False))[0]

    assert (call, put) == (100.0, 40.0)


def test_models_say_what_they_cannot_take() -> None:
    level, options = np.array([-1.0, 0.0, 1.0]), Terms(np.ones(3), np.ones(3, dtype=bool), np.zeros(3), np.zeros(3))

    assert black_76.accepts(level, options).tolist() == [False, False, True]
    assert black_scholes_merton.accepts(level, options).tolist() == [False, False, True]
    assert digital.accepts(level, options).tolist() == [False, False, True]
    assert inverse.accepts(level, options).tolist() == [False, False, True]
    assert bachelier.accepts(level, options).tolist() == [True, True, True]
    assert linear.accepts(level, options).tolist() == [True, True, True]


def test_linear_contracts_are_worth_their_price_and_carried_ones_their_forward() -> None:
    contract = terms(0.0, is_call=True, rate=0.06, carry=0.02)

    assert linear.value(one(-37.6), one(0.0), one(0.5), contract)[0] == -37.6
    assert linear.delta(one(-37.6), one(0.0), one(0.5), contract)[0] == 1.0
    assert cost_of_carry.value(one(100.0), one(0.0), one(0.5), contract)[0] == pytest.approx(
        100 * np.exp(0.02), rel=1e-15
    )
    assert cost_of_carry.delta(one(100.0), one(0.0), one(0.5), contract)[0] == pytest.approx(np.exp(0.02), rel=1e-15)


def test_an_inverse_contract_gains_the_difference_of_reciprocal_prices_in_coins() -> None:
    contract = terms(0.0, is_call=True)
    before, after = (inverse.value(one(price), one(0.0), one(0.0), contract)[0] for price in (50_000.0, 40_000.0))

    # 10,000 of face value long from 50,000 to 40,000: 10,000 × (1/50,000 − 1/40,000) coins.
    assert 10_000 * (after - before) == pytest.approx(-0.05, abs=1e-15)
    assert inverse.delta(one(50_000.0), one(0.0), one(0.0), contract)[0] == pytest.approx(4e-10, rel=1e-15)


TINY = st.sampled_from([5e-324, 1e-310, 1e-200, 1e-159, 1e-154, 1e-100, 1e-17]) | st.floats(0.0, 1e-6)


@pytest.mark.parametrize("model", [black_76, black_scholes_merton, bachelier, digital])
@pytest.mark.parametrize("is_call", [True, False])
@settings(deadline=None)
@given(level=POSITIVE, strike=POSITIVE, volatility=TINY, years=YEARS)
def test_a_volatility_that_is_all_but_none_is_none_without_a_warning(
    model: ModuleType, is_call: bool, level: float, strike: float, volatility: float, years: float
) -> None:
    options = terms(strike, is_call=is_call)
    found = model.value(one(level), one(volatility), one(years), options)[0]
    if abs(level - strike) > 0.1 * strike:
        assert found == pytest.approx(model.value(one(level), one(0.0), one(years), options)[0], rel=1e-12, abs=1e-12)
        assert model.delta(one(level), one(volatility), one(years), options)[0] == pytest.approx(
            model.delta(one(level), one(0.0), one(years), options)[0], abs=1e-12
        )
    assert np.isfinite(found)


def test_the_density_is_zero_where_its_exponent_would_overflow() -> None:
    assert density(np.array([-1e300, -1e160, 40.0, np.inf])).tolist() == [0.0] * 4
