from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from margin.model.scenario import standard_grid
from margin.value.american_ladder import MODELS, AmericanLadder
from margin.value.pricing_models import pricing_model
from margin.value.shocks import Priced, price_move, price_shift, shocked_volatility, volatility_move

POINTS = standard_grid().points


def contracts(number: int, seed: int, *, rates: tuple[float, float] = (-0.05, 0.1)) -> Priced:
    """Options of which some have expired, some do not vary, and some are shocked below zero."""
    rng = np.random.default_rng(seed)
    level, ones = 100.0 * np.exp(rng.normal(0.0, 0.3, number)), np.ones(number)
    rate, carry = rng.uniform(*rates, (2, number))
    return Priced(
        level=level,
        volatility=np.exp(rng.uniform(np.log(0.005), 0.0, number)) * (rng.random(number) > 0.05),
        years=rng.uniform(0.0, 2.0, number) * (rng.random(number) > 0.05),
        look_ahead=0.0 * ones,
        price_scan_up=level * rng.uniform(0.02, 0.5, number),
        price_scan_down=level * rng.uniform(0.02, 1.2, number),
        volatility_scan_up=0.3 * ones,
        volatility_scan_down=0.4 * ones,
        volatility_scale=ones,
        volatility_is_relative=ones > 0.0,
        volatility_floor=np.nan * ones,
        volatility_floor_is_general=ones < 0.0,
        multiplier=ones,
        rate=rate,
        carry=np.where(rng.random(number) < 0.3, rate, carry),
        strike=100.0 * np.exp(rng.normal(0.0, 0.3, number)) * (rng.random(number) > 0.02),
        is_call=rng.random(number) < 0.5,
    )


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("function", ["value", "delta"])
def test_gives_what_the_model_gives(name: str, function: str) -> None:
    priced, model = contracts(1_500, 1), pricing_model(name)
    ladder, out = AmericanLadder(model, priced, priced.years), np.empty(len(priced))
    fill = ladder.values if function == "value" else ladder.deltas
    for point in POINTS:
        level = priced.level + price_shift(priced, price_move(point))
        volatility = shocked_volatility(priced, volatility_move(point))
        expected = getattr(model, function)(level, volatility, priced.years, priced.terms)

        fill(price_move(point), volatility_move(point), out)

        scale = np.abs(level) + priced.strike if function == "value" else 1.0
        assert np.max(np.abs(out - expected) / scale) < (1e-13 if function == "value" else 1e-9)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_contracts_do_not_depend_on_their_neighbours(name: str) -> None:
    priced, model = contracts(200, 2, rates=(0.0, 0.1)), pricing_model(name)
    together, alone = np.empty(200), np.empty(1)
    ladder = AmericanLadder(model, priced, priced.years)
    point = POINTS[10]
    ladder.values(price_move(point), volatility_move(point), together)
    for row in range(200):
        one = priced.at(slice(row, row + 1))
        AmericanLadder(model, one, one.years).values(price_move(point), volatility_move(point), alone)
        assert together[row] == alone[0]


def test_options_on_futures_do_not_read_the_yield() -> None:
    priced, model = contracts(300, 3), pricing_model("american_future")
    found, other = np.empty(300), np.empty(300)
    point = POINTS[5]
    for given, out in ((priced, found), (replace(priced, carry=priced.carry + 0.03), other)):
        AmericanLadder(model, given, given.years).values(price_move(point), volatility_move(point), out)

    assert found.tolist() == other.tolist()
