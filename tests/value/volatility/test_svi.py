from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.value.models import black_76
from margin.value.models.terms import Terms
from margin.value.volatility.svi import (
    PORTFOLIO_MARGIN_LIMITS,
    Soundness,
    SviLimits,
    SviSurface,
    calendar_arbitrage,
    least_density,
    soundness,
    volatility_of,
)


def surface_of(*slices: tuple[float, float, float, float, float, float]) -> SviSurface:
    return SviSurface(*(np.array(column) for column in zip(*slices, strict=True)))


# A. Vogt's parameters (Gatheral and Jacquier, 2014, 3.1), whose density is negative about k = 0.8.
VOGT = (1.0, -0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
SOUND = (0.5, 0.02, 0.1, -0.4, 0.05, 0.2)


def test_total_variance_follows_the_formula() -> None:
    # k − m = 0.15: √(0.15² + 0.2²) = 0.25; w = 0.02 + 0.1 × (−0.4 × 0.15 + 0.25) = 0.039; σ = √(0.039 / 0.5).
    assert volatility_of(surface_of(SOUND), 0.5, 0.2)[0] == pytest.approx(np.sqrt(0.078), rel=1e-15)


def test_between_slices_total_variance_is_linear_in_time_and_flat_volatilities_beyond() -> None:
    later = (1.0, 0.05, 0.1, -0.4, 0.05, 0.2)
    surface = surface_of(SOUND, later)

    found = volatility_of(surface, [0.75, 0.1, 3.0], 0.2)
    expected = [np.sqrt((0.039 + 0.069) / 2 / 0.75), np.sqrt(0.078), np.sqrt(0.069)]
    assert found == pytest.approx(expected, rel=1e-14)


def test_limits_hold_back_moneyness_and_total_variance() -> None:
    surface = surface_of((0.25, 0.01, 0.5, 0.0, 0.0, 0.3))
    bound = 4.0 * np.sqrt(0.01 + 0.5 * 0.3)  # 1.6

    for sign in (-1.0, 1.0):
        held = volatility_of(surface, 0.25, sign * 50.0, PORTFOLIO_MARGIN_LIMITS)[0]
        assert volatility_of(surface, 0.25, sign * bound)[0] == pytest.approx(held, rel=1e-15)
    assert volatility_of(surface, 0.25, 1e6, SviLimits(total_variance=144.0))[0] == np.sqrt(144.0 / 0.25)
    assert volatility_of(surface, 0.25, 50.0)[0] > 9.0


def test_sound_slices_and_each_fault_are_told_apart() -> None:
    surface = surface_of(
        SOUND,
        (1.0, -0.03, 0.1, 0.0, 0.0, 0.2),  # least variance −0.03 + 0.02
        (1.5, 0.02, 1.6, 0.3, 0.0, 0.2),  # 1.6 × 1.3 > 2
        (2.0, *VOGT[1:]),
        (3.0, 0.04, 0.0, 0.0, 0.0, 0.1),  # flat
    )
    expected = [
        Soundness.SOUND,
        Soundness.NEGATIVE_VARIANCE,
        Soundness.STEEP_WING,
        Soundness.BUTTERFLY_ARBITRAGE,
        Soundness.SOUND,
    ]

    assert expected == [Soundness(code) for code in soundness(surface)]


def test_the_density_of_a_flat_slice_is_that_of_one_volatility() -> None:
    # g = (1)² − 0 + 0 for a slice without slope.
    assert [1.0] == least_density(surface_of((1.0, 0.04, 0.0, 0.0, 0.0, 0.1))).tolist()


def test_slices_that_cross_are_found() -> None:
    crossing = surface_of((0.5, 0.04, 0.1, -0.4, 0.0, 0.2), (0.6, 0.02, 0.1, -0.4, 0.0, 0.2))

    (found,) = calendar_arbitrage(crossing)
    assert pytest.approx(0.02) == found.near_variance - found.far_variance
    assert () == calendar_arbitrage(surface_of(SOUND, (1.0, 0.05, 0.1, -0.4, 0.05, 0.2)))


@pytest.mark.parametrize("years", [[], [0.0], [1.0, 0.5], [1.0, 1.0]])
def test_slices_without_an_order_are_refused(years: list[float]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        SviSurface(np.array(years), *(np.zeros(len(years)) for _ in range(5)))


@settings(deadline=None, max_examples=200)
@given(
    a=st.floats(-0.1, 0.2),
    b=st.floats(0.01, 1.5),
    rho=st.floats(-0.95, 0.95),
    m=st.floats(-0.3, 0.3),
    sigma=st.floats(0.02, 1.0),
)
def test_calls_of_a_sound_slice_fall_and_bend_upwards_with_the_strike(
    a: float, b: float, rho: float, m: float, sigma: float
) -> None:
    surface = surface_of((1.0, a, b, rho, m, sigma))
    if soundness(surface)[0] != Soundness.SOUND:
        return
    strike = np.linspace(0.3, 3.0, 400)
    calls = Terms(strike, np.ones(400, dtype=bool), np.zeros(400), np.zeros(400))
    volatility = volatility_of(surface, 1.0, np.log(strike))
    prices = black_76.value(np.ones(400), volatility, np.ones(400), calls)

    assert (np.diff(prices) <= 1e-12).all()
    assert (np.diff(prices, 2) >= -1e-9).all()
