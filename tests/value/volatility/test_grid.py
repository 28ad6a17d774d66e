from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.value.volatility.expiries import CalendarArbitrage
from margin.value.volatility.grid import Reach, calendar_arbitrage, grid_of, reach_of, volatility_of

YEARS = [0.25, 0.25, 0.25, 1.0, 1.0]
MONEYNESS = [-0.1, 0.0, 0.1, -0.2, 0.2]
VOLATILITY = [0.30, 0.20, 0.25, 0.28, 0.24]
SURFACE = grid_of(YEARS, MONEYNESS, VOLATILITY)


def test_points_give_exactly_their_volatility_in_whatever_order_they_come() -> None:
    order = [3, 0, 4, 2, 1]
    surface = grid_of(*(np.array(array)[order] for array in (YEARS, MONEYNESS, VOLATILITY)))

    assert VOLATILITY == volatility_of(SURFACE, YEARS, MONEYNESS).tolist()
    assert VOLATILITY == volatility_of(surface, YEARS, MONEYNESS).tolist()


def test_between_strikes_total_variance_is_linear() -> None:
    # A quarter of the way from 0.20 to 0.25: √(0.75 × 0.04 + 0.25 × 0.0625) = √0.045625.
    assert volatility_of(SURFACE, 0.25, 0.025)[0] == pytest.approx(np.sqrt(0.045625), rel=1e-15)


def test_beyond_the_wings_the_volatility_is_flat() -> None:
    assert [0.30, 0.25, 0.28, 0.24] == volatility_of(
        SURFACE, [0.25, 0.25, 1.0, 1.0], [-5.0, 0.11, -np.inf, 3.0]
    ).tolist()


def test_between_expiries_total_variance_is_linear_in_time_at_the_same_moneyness() -> None:
    # At the money: 0.25 × 0.04 = 0.01 and 1 × (0.0784 + 0.0576)/2 = 0.068; a third of the way 0.0293333 over 0.5.
    assert volatility_of(SURFACE, 0.5, 0.0)[0] == pytest.approx(np.sqrt((0.01 + 0.058 / 3.0) / 0.5), rel=1e-14)


def test_before_the_first_expiry_and_after_the_last_the_volatility_is_theirs() -> None:
    assert [0.20, 0.20, 0.24] == volatility_of(SURFACE, [0.01, 0.0, 7.0], [0.0, 0.0, 0.2]).tolist()


def test_what_is_carried_flat_is_known() -> None:
    years = [0.25, 0.25, 0.5, 0.5, 0.1, 2.0, 2.0]
    moneyness = [0.1, 0.11, 0.1, -0.15, 0.0, 0.0, 0.3]
    expected = [0, 1, 0, 1, 2, 2, 3]

    assert expected == reach_of(SURFACE, years, moneyness).tolist()
    assert Reach.BEYOND_STRIKES | Reach.BEYOND_EXPIRIES == Reach(expected[-1])


def test_total_variance_that_falls_with_time_is_found_where_it_falls_most() -> None:
    # 0.25 × 0.3² = 0.0225 against 0.3 × 0.2² = 0.012 at −0.1; at 0.1 0.0225 against 0.3 × 0.3² = 0.027.
    surface = grid_of([0.25, 0.3, 0.3], [0.0, -0.1, 0.1], [0.3, 0.2, 0.3])

    (found,) = calendar_arbitrage(surface)
    assert (0.25, 0.3, -0.1) == (found.near, found.far, found.moneyness)
    assert pytest.approx((0.0225, 0.012)) == (found.near_variance, found.far_variance)
    assert isinstance(found, CalendarArbitrage)
    assert () == calendar_arbitrage(SURFACE)


@pytest.mark.parametrize(
    ("years", "moneyness", "volatility"),
    [
        ([], [], []),
        ([1.0], [0.0, 0.1], [0.2, 0.2]),
        ([1.0, 1.0], [0.1, 0.1], [0.2, 0.3]),
        ([0.0], [0.0], [0.2]),
        ([1.0], [np.nan], [0.2]),
        ([1.0], [0.0], [-0.2]),
    ],
)
def test_points_that_make_no_surface_are_refused(
    years: list[float], moneyness: list[float], volatility: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"expected|two points"):
        grid_of(years, moneyness, volatility)


@settings(deadline=None, max_examples=200)
@given(
    points=st.lists(
        st.tuples(st.sampled_from([0.1, 0.5, 2.0]), st.integers(-20, 20), st.floats(0.01, 3.0)),
        min_size=1,
        max_size=30,
        unique_by=lambda point: point[:2],
    ),
    years=st.floats(0.0, 5.0),
    moneyness=st.floats(-30, 30),
)
def test_volatilities_at_one_expiry_stay_between_its_points_and_total_variance_between_expiries(
    points: list[tuple[float, int, float]], years: float, moneyness: float
) -> None:
    surface = grid_of(*zip(*points, strict=True))
    found = volatility_of(surface, years, moneyness)[0]
    values = [volatility for _, _, volatility in points]
    inside = surface.years[(surface.years <= years)], surface.years[(surface.years >= years)]

    if not len(inside[0]) or not len(inside[1]) or years in surface.years:
        assert min(values) - 1e-12 <= found <= max(values) + 1e-12
        return
    ends = np.array([inside[0][-1], inside[1][0]])
    totals = volatility_of(surface, ends, moneyness) ** 2 * ends
    assert min(totals) * (1 - 1e-12) <= found**2 * years <= max(totals) * (1 + 1e-12)
