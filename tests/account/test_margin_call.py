from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import margin
from margin.account.margin_call import value_that_adds
from margin.model.account_policy import MarginCallRule
from margin.numeric.schedules import Schedules
from tests.account.books import asset, book, linear, policy, prices


def _row(cash: float, rule: MarginCallRule, **account: Any) -> dict[str, Any]:
    """Cash against a maintenance requirement of 100 and an initial one of 1,000."""
    held = book(
        [{"asset": "USDC", "quantity": cash}],
        [{"market": "PERP", "quantity": 1.0, "entry": 10_000.0, "leverage": 10.0}],
        accounts=[{"account": "A", **account}],
    )
    assets = {"USDC": asset(), "BTC": asset((2_000.0, 0.8), (None, 0.5))}
    rules = policy(assets, {"PERP": linear("X", (0.0, 0.01))}, margin_call=rule)
    return margin.health(held, rules, prices(X=10_000, BTC=20_000), distances=False).scopes.row(0, named=True)


def test_the_call_meets_the_requirement_it_is_for() -> None:
    initial, maintenance = MarginCallRule("initial"), MarginCallRule("maintenance", ratio=1.5)

    assert ("USDC", 950.0, 950.0) == _call(_row(50.0, initial))
    assert ("USDC", 100.0, 100.0) == _call(_row(50.0, maintenance))
    assert ("USDC", 0.0, 0.0) == _call(_row(1_000.0, initial))


def test_a_call_in_another_asset_is_larger_by_its_weights() -> None:
    # 3,000 are short: 2,000 of the asset count 1,600, and 2,800 more count 1,400; 4,800 at 20,000 are 0.24.
    row = _row(-2_000.0, MarginCallRule("initial"), call_asset="BTC")

    asset_called, shortfall, amount = _call(row)

    assert ("BTC", 3_000.0) == (asset_called, shortfall)
    assert 0.24 == pytest.approx(amount, abs=1e-12)


@pytest.mark.parametrize(("cash", "amount"), [(901.0, 0.0), (900.0, 100.0), (899.5, 125.0), (50.0, 950.0)])
def test_small_amounts_are_not_called_and_others_are_rounded_up(cash: float, amount: float) -> None:
    rule = MarginCallRule("initial", minimum_transfer={"USDC": 100.0}, round_up_to={"USDC": 25.0})

    assert amount == _row(cash, rule)["margin_call"]


def test_no_amount_suffices_where_more_of_the_asset_counts_nothing() -> None:
    weights = Schedules.of([[(0.0, 0.5), (100.0, 0.0)]])
    one = np.ones(1)

    def adds(gain: float, value: float) -> float:
        code = np.zeros(1, dtype=np.int32)
        return float(value_that_adds(gain * one, value * one, weights, code, 2.0 * one, np.inf * one, one)[0])

    assert 20.0 == adds(10.0, 0.0)
    assert 100.0 == adds(50.0, 0.0)
    assert np.isinf(adds(50.1, 0.0))
    assert 10.0 + 20.0 == adds(30.0, -10.0)
    assert 5.0 == adds(10.0, -10.0)


def _call(row: dict[str, Any]) -> tuple[str, float, float]:
    return row["margin_call_asset"], row["margin_call_shortfall"], row["margin_call"]
