from __future__ import annotations

from types import ModuleType

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.value.models import bachelier, black_76, black_scholes_merton
from margin.value.models.terms import Terms
from margin.value.volatility.implied import MODELS, implied_volatility
from margin.value.volatility.outcome import WORDS, Outcome
from tests.value import reference

EPS = float(np.finfo(np.float64).eps)
MODULES: dict[str, ModuleType] = {
    "bachelier": bachelier,
    "black_76": black_76,
    "black_scholes_merton": black_scholes_merton,
}
FORMULAS = {
    "bachelier": reference.bachelier,
    "black_76": reference.black_76,
    "black_scholes_merton": reference.black_76,
}


def option(strike: float, *, is_call: bool, rate: float = 0.0, carry: float = 0.0) -> Terms:
    return Terms(np.array([strike]), np.array([is_call]), np.array([rate]), np.array([carry]))


def one_implied(model: str, price: float, level: float, years: float, terms: Terms) -> tuple[float, Outcome]:
    found = implied_volatility(model, price, level, years, terms)
    return float(found.volatility[0]), Outcome(found.outcome[0])


def test_every_outcome_has_words() -> None:
    assert set(Outcome) == set(WORDS)


def test_models_without_a_formula_to_invert_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of bachelier, black_76, black_scholes_merton"):
        implied_volatility("american", 1.0, 100.0, 1.0, option(100.0, is_call=True))


def exact_volatility(
    model: str, price: float, level: float, volatility: float, years: float, terms: Terms, row: int
) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The root for a double price at 50 digits from a start nearby, and eps × price / (vega × volatility)."""
    strike, rate, carry = (mpmath.mpf(float(array[row])) for array in (terms.strike, terms.rate, terms.carry))
    time = mpmath.mpf(years)
    forward = mpmath.mpf(level)
    if model == "black_scholes_merton":
        forward *= mpmath.exp((rate - carry) * time)
    undiscounted = mpmath.mpf(price) * mpmath.exp(rate * time)
    is_call, formula = bool(terms.is_call[row]), FORMULAS[model]

    def excess(log_deviation: mpmath.mpf) -> mpmath.mpf:
        return formula(forward, strike, mpmath.exp(log_deviation), is_call) - undiscounted

    start = mpmath.log(mpmath.mpf(volatility) * mpmath.sqrt(time))
    root = mpmath.findroot(excess, (start, start * (1 + mpmath.mpf(10) ** -12) + mpmath.mpf(10) ** -12), tol=1e-80)
    slope = mpmath.diff(excess, root)
    return mpmath.exp(root) / mpmath.sqrt(time), EPS * undiscounted / slope


@pytest.mark.parametrize("model", MODELS)
def test_agrees_with_fifty_digits_as_far_as_the_price_tells(model: str) -> None:
    number = 300
    level, volatility, years, terms = reference.random_options(number, 11, is_normal=model == "bachelier")
    price = MODULES[model].value(level, volatility, years, terms)
    found = implied_volatility(model, price, level, years, terms)

    compared = 0
    with mpmath.workdps(reference.DIGITS):
        for row in np.flatnonzero(found.is_found):
            exact, doubt = exact_volatility(model, price[row], level[row], volatility[row], years[row], terms, int(row))
            if doubt > 1e-3:  # a price that hardly knows its volatility
                continue
            compared += 1
            assert abs(found.volatility[row] / exact - 1) <= 1e-12 + 8 * float(doubt)
    assert compared > 0.4 * number


LOG_DISTANCE = st.floats(-8.0, 8.0)
VOLATILITY = st.floats(1e-3, 4.0)
YEARS = st.floats(1e-3, 20.0)
RATE = st.floats(-0.05, 0.2)


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, max_examples=150)
@given(distance=LOG_DISTANCE, volatility=VOLATILITY, years=YEARS, rate=RATE, carry=RATE, is_call=st.booleans())
def test_price_to_volatility_and_back(
    model: str, distance: float, volatility: float, years: float, rate: float, carry: float, is_call: bool
) -> None:
    level = 250.0
    deviation = volatility * np.sqrt(years)
    if model == "bachelier":
        volatility *= level
        terms = option(level * (1.0 + distance * deviation), is_call=is_call, rate=rate, carry=carry)
    else:
        terms = option(level * float(np.exp(distance * deviation)), is_call=is_call, rate=rate, carry=carry)
    module = MODULES[model]
    price = float(module.value(np.array([level]), np.array([volatility]), np.array([years]), terms)[0])

    found, outcome = one_implied(model, price, level, years, terms)
    if outcome is not Outcome.FOUND:
        # The price does not tell: the time value, or what it lacks to the bound, drowns in rounding.
        assert outcome in {Outcome.NO_TIME_VALUE, Outcome.AT_UPPER_BOUND}
        return
    again = float(module.value(np.array([level]), np.array([found]), np.array([years]), terms)[0])
    scale = level * np.exp(-carry * years) + abs(terms.strike[0]) * np.exp(-rate * years)

    # One rounding of a volatility turns into (distance / deviation)² ≤ 64 of a price.
    assert again == pytest.approx(price, rel=1e-12, abs=4 * EPS * scale)


@pytest.mark.parametrize("model", ["black_76", "black_scholes_merton"])
@pytest.mark.parametrize("is_call", [True, False])
def test_options_out_of_the_money_give_their_volatility_to_twelve_digits(model: str, is_call: bool) -> None:
    rng = np.random.default_rng(7)
    number = 200_000
    volatility, years = rng.uniform(0.05, 1.5, number), rng.uniform(0.01, 3.0, number)
    outward = np.abs(rng.normal(0.0, 1.5, number)) * (1.0 if is_call else -1.0)
    strike = 100.0 * np.exp(outward * volatility * np.sqrt(years))
    terms = Terms(strike, np.full(number, is_call), np.full(number, 0.05), np.full(number, 0.05))
    price = MODULES[model].value(np.full(number, 100.0), volatility, years, terms)

    found = implied_volatility(model, price, 100.0, years, terms)

    assert found.is_found.all()
    assert np.max(np.abs(found.volatility / volatility - 1.0)) <= 1e-12


@pytest.mark.parametrize("is_call", [True, False])
def test_prices_on_and_beyond_the_bounds_have_an_outcome(is_call: bool) -> None:
    # Forward 110, strike 100, a quarter of a year at 8 %: discount factor 0.98019867…
    discount = float(np.exp(-0.08 * 0.25))
    intrinsic = 10.0 * discount if is_call else 0.0
    bound = (110.0 if is_call else 100.0) * discount
    terms = option(100.0, is_call=is_call, rate=0.08)
    cases = {
        intrinsic: Outcome.NO_TIME_VALUE,
        intrinsic - 0.01: Outcome.BELOW_INTRINSIC,
        bound: Outcome.AT_UPPER_BOUND,
        bound + 0.01: Outcome.ABOVE_UPPER_BOUND,
        -5.0: Outcome.BELOW_INTRINSIC,
        intrinsic + 1.0: Outcome.FOUND,
        bound - 1.0: Outcome.FOUND,
    }
    found = implied_volatility("black_76", list(cases), 110.0, 0.25, terms)

    assert list(cases.values()) == [Outcome(code) for code in found.outcome]
    assert [0.0] == found.volatility[found.outcome == Outcome.NO_TIME_VALUE].tolist()
    without = (found.outcome != Outcome.FOUND) & (found.outcome != Outcome.NO_TIME_VALUE)
    assert np.isnan(found.volatility[without]).all()
    assert (found.volatility[found.is_found] > 0.0).all()


@pytest.mark.parametrize("model", MODELS)
def test_without_time_there_is_no_volatility_whatever_the_price(model: str) -> None:
    for price in (0.0, 5.0, 1e6, -1.0):
        found, outcome = one_implied(model, price, 100.0, 0.0, option(95.0, is_call=True))
        assert outcome is Outcome.EXPIRED
        assert np.isnan(found)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("price", "level", "years", "strike"),
    [(np.nan, 100, 1, 100), (np.inf, 100, 1, 100), (1, np.nan, 1, 100), (1, 100, np.inf, 100), (1, 100, 1, np.nan)],
)
def test_what_is_no_number_is_outside_every_model(
    model: str, price: float, level: float, years: float, strike: float
) -> None:
    assert one_implied(model, price, level, years, option(strike, is_call=True))[1] is Outcome.OUTSIDE_MODEL


def test_forwards_and_strikes_that_are_not_positive_are_bacheliers() -> None:
    for level, strike in ((-3.0, 5.0), (0.0, 5.0), (5.0, 0.0), (5.0, -1.0)):
        terms = option(strike, is_call=True)
        assert one_implied("black_76", 6.5, level, 1.0, terms)[1] is Outcome.OUTSIDE_MODEL
        found, outcome = one_implied("bachelier", 6.5, level, 1.0, terms)
        assert outcome is Outcome.FOUND
        value = bachelier.value(np.array([level]), np.array([found]), np.array([1.0]), terms)[0]
        assert value == pytest.approx(6.5, rel=1e-13)


def test_at_the_money_bachelier_is_the_price_times_the_root_of_two_pi_over_time() -> None:
    # σ = v·√(2π/t): 4 × √(2π / 0.25) = 20.053…
    found, outcome = one_implied("bachelier", 4.0, -37.63, 0.25, option(-37.63, is_call=False))

    assert outcome is Outcome.FOUND
    assert found == pytest.approx(4.0 * np.sqrt(2.0 * np.pi / 0.25), rel=1e-15)


def test_a_published_option_gives_its_volatility_back() -> None:
    # J. C. Hull, Options, Futures, and Other Derivatives, "Implied volatilities": 1.875 for S 21, K 20, r 10 %, a
    # quarter of a year implies 23.5 % to three digits.
    found, _ = one_implied("black_scholes_merton", 1.875, 21.0, 0.25, option(20.0, is_call=True, rate=0.1))

    assert found == pytest.approx(0.235, abs=5e-4)


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, max_examples=200)
@given(numbers=st.lists(st.floats(allow_subnormal=True), min_size=6, max_size=6), is_call=st.booleans())
def test_no_input_whatever_breaks_it_or_passes_for_a_volatility(
    model: str, numbers: list[float], is_call: bool
) -> None:
    price, level, years, strike, rate, carry = numbers
    found, outcome = one_implied(model, price, level, years, option(strike, is_call=is_call, rate=rate, carry=carry))

    if outcome is Outcome.FOUND:
        assert found > 0.0
        assert np.isfinite(found)
    elif outcome is Outcome.NO_TIME_VALUE:
        assert found == 0.0
    else:
        assert np.isnan(found)


def test_the_order_and_number_of_quotes_change_nothing() -> None:
    level, volatility, years, terms = reference.random_options(40_000, 5)
    price = black_76.value(level, volatility, years, terms)
    whole = implied_volatility("black_76", price, level, years, terms)
    order = np.random.default_rng(2).permutation(len(level))[:1_000]
    some = Terms(terms.strike[order], terms.is_call[order], terms.rate[order], terms.carry[order])
    part = implied_volatility("black_76", price[order], level[order], years[order], some)

    assert whole.volatility[order].tobytes() == part.volatility.tobytes()
    assert whole.outcome[order].tobytes() == part.outcome.tobytes()
