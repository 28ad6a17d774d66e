from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from margin.model.market import (
    SVI_SCHEMA,
    UNDERLYING_SCHEMA,
    VOLATILITY_POINT_SCHEMA,
    MarketData,
    MarketSource,
)
from margin.value.volatility.surfaces import EXPIRY_SCHEMA, OPTION_SCHEMA, SurfaceVolatilities, surface_volatilities

POINTS = [
    ("X", "202609", 90.0, 0.30, 0.25, 2),
    ("X", "202609", 100.0, 0.20, 0.25, 3),
    ("X", "202609", 110.0, 0.25, 0.25, 4),
    ("X", "202706", 100.0, 0.24, 1.0, 5),
]
SVI = [("X", "202612", 0.01, 0.1, -0.4, 0.0, 0.2, 0.5, 6)]
FORWARDS = [("X", "202609", 100.0, None, None, None, 7), ("X", "202706", 104.0, None, None, None, 8)]


def market(
    points: Sequence[tuple[Any, ...]] = (),
    svi: Sequence[tuple[Any, ...]] = (),
    forwards: Sequence[tuple[Any, ...]] = (),
) -> MarketData:
    return MarketData(
        sources=(MarketSource("m.csv", "", "csv", 1),),
        underlyings=pl.DataFrame(forwards, schema=UNDERLYING_SCHEMA, orient="row"),
        volatility_points=pl.DataFrame(points, schema=VOLATILITY_POINT_SCHEMA, orient="row"),
        svi=pl.DataFrame(svi, schema=SVI_SCHEMA, orient="row"),
    )


def found(data: MarketData, *options: tuple[Any, ...], expiries: pl.DataFrame | None = None) -> SurfaceVolatilities:
    """Options as (period, years, forward, strike) and perhaps whether they are normal."""
    rows = [("X", *option[:4], option[4] if len(option) > 4 else False) for option in options]
    return surface_volatilities(pl.DataFrame(rows, schema=OPTION_SCHEMA, orient="row"), data, expiries)


def test_points_of_the_own_period_need_neither_time_nor_forward() -> None:
    options = [("202609", None, None, strike) for strike in (90.0, 100.0, 110.0, 10.0)]

    assert [0.30, 0.20, 0.25, 0.30] == found(market(POINTS), *options).volatility.tolist()


def test_points_are_theirs_whatever_the_forward_of_the_option() -> None:
    options = [("202609", 0.3, 97.0, 100.0), ("202609", 0.3, 101.0, 100.0)]

    assert [0.20, 0.20] == found(market(POINTS, forwards=FORWARDS), *options).volatility.tolist()


def test_points_come_before_svi_parameters() -> None:
    both = market(POINTS, [("X", "202609", *SVI[0][2:])])

    assert [0.20] == found(both, ("202609", 0.25, 100.0, 100.0)).volatility.tolist()


def test_svi_parameters_take_the_own_forward_and_time() -> None:
    # k = 0: w = 0.01 + 0.1 × 0.2 = 0.03 over the stated half year.
    answer = found(market(svi=SVI), ("202612", 0.49, 120.0, 120.0)).volatility

    assert answer == pytest.approx([np.sqrt(0.06)], rel=1e-15)
    assert np.isnan(found(market(svi=SVI), ("202612", 0.49, None, 120.0)).volatility[0])


def test_between_expiries_of_both_kinds_total_variance_is_linear_in_time() -> None:
    # At the money: 0.25 × 0.04 = 0.01 at 202609, 0.03 at 202612; halfway in time 0.02 over 0.375 years.
    data = market(POINTS, SVI, FORWARDS)
    expiries = pl.DataFrame([("X", "202612", None, 102.0)], schema=EXPIRY_SCHEMA, orient="row")
    answer = found(data, ("202611", 0.375, 101.0, 101.0), expiries=expiries)

    assert answer.volatility == pytest.approx([np.sqrt(0.02 / 0.375)], rel=1e-12)
    assert () == answer.problems


def test_without_a_place_for_every_expiry_nothing_is_guessed_between_them() -> None:
    answer = found(market(POINTS, SVI, FORWARDS), ("202611", 0.375, 101.0, 101.0)).volatility

    assert np.isnan(answer).all()


def test_an_underlying_without_a_surface_has_no_volatility() -> None:
    options = pl.DataFrame([("Y", "202609", 0.25, 5.0, 5.0, False)], schema=OPTION_SCHEMA, orient="row")

    assert np.isnan(surface_volatilities(options, market(POINTS)).volatility).all()


def test_normal_models_measure_by_distance_and_take_no_svi() -> None:
    points = [("X", "202609", strike, value, None, 2) for strike, value in ((-10.0, 8.0), (10.0, 6.0))]
    own, beyond = ("202609", 0.25, -5.0, 0.0, True), ("202612", 0.5, -4.0, 6.0, True)

    answer = found(market(points, SVI), own, beyond)
    # Halfway between 64 and 36; and of the nearest expiry that has points, as far from the forward of −5: at strike 5.
    assert answer.volatility == pytest.approx([np.sqrt(50.0), np.sqrt(43.0)], rel=1e-14)
    assert ["1 of the options on X expire before or after all expiries"] == [
        problem.message[:57] for problem in answer.problems
    ]
    assert np.isnan(found(market(svi=SVI), beyond).volatility[0])


def test_arbitrage_in_surfaces_that_are_used_gives_warnings_with_places() -> None:
    falling = [("X", "202609", 100.0, 0.4, 0.25, 2), ("X", "202612", 100.0, 0.2, 0.5, 3)]
    forwards = [("X", "202609", 100.0, None, None, None, 4), ("X", "202612", 100.0, None, None, None, 5)]
    steep = [("X", "202706", 0.01, 1.9, 0.4, 0.0, 0.2, None, 6)]
    answer = found(market(falling, steep, forwards), ("202609", 0.25, 100.0, 100.0))

    calendar, wing = answer.problems
    assert "falls from 202609 to 202612, most at moneyness 0 (from 0.04 to 0.02)" in calendar.message
    assert ("m.csv", 6) == (wing.file, wing.line)
    assert "X 202706 has a wing steeper" in wing.message
