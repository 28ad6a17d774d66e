from __future__ import annotations

from typing import Any

import pytest

import margin
from margin.model.account_policy import AssetConcentration, MarginCallRule, MarketKind, MarketPolicy, OpenInterestScale
from tests.account.books import asset, book, linear, policy, prices

POLICY = policy(
    {"USDC": asset(), "BTC": asset()},
    {
        "PERP": linear("BTC", (0.0, 0.01), max_leverage=20.0),
        "CALL": MarketPolicy(MarketKind.OPTION, "CALL", "USDC"),
    },
)
CASH = {"asset": "USDC", "quantity": 1_000.0}
LONG = {"market": "PERP", "quantity": 1.0, "entry": 100.0, "leverage": 10.0}


def _refused(*arguments: Any, rules: Any = POLICY, **quotes: Any) -> list[str]:
    with pytest.raises(margin.InputRefused) as refused:
        margin.health(book(*arguments), rules, prices(**quotes))
    assert refused.value.total == len(refused.value.problems)
    return [problem.message for problem in refused.value.problems]


def test_every_price_that_is_missing_is_named() -> None:
    call = {"market": "CALL", "quantity": 1.0}
    messages = _refused([CASH, {"asset": "BTC", "quantity": 1.0}], [call])

    assert 2 == len(messages)
    assert "no price of the asset 'BTC'" in messages[0]
    assert "no price of the market 'CALL'" in messages[1]


def test_every_asset_and_market_without_a_rule_is_named() -> None:
    messages = _refused([{"asset": "BTX", "quantity": 1.0}], [{**LONG, "market": "PURP"}], BTC=1)

    assert ["BTX" in messages[0], "did you mean 'BTC'" in messages[0]] == [True, True]
    assert "'PURP' is not in the account policy" in messages[1]


def test_an_isolated_position_needs_a_bucket_with_margin() -> None:
    (message,) = _refused([CASH], [{**LONG, "scope": "b"}], BTC=100)

    assert "isolated:b has positions or orders but no balance" in message


@pytest.mark.parametrize(
    ("position", "words"),
    [
        ({"entry": None}, "has no entry price"),
        ({"leverage": 25.0}, "more leverage than its market allows"),
        ({"leverage": None}, "no initial rates"),
        ({"market": "CALL", "quantity": -1.0}, "is a short option"),
    ],
)
def test_a_position_that_its_market_cannot_margin_is_refused(position: dict[str, Any], words: str) -> None:
    (message,) = _refused([CASH], [{**LONG, **position}], BTC=100, CALL=5)

    assert words in message


def test_positions_of_one_market_have_one_leverage() -> None:
    (message,) = _refused([CASH], [LONG, {**LONG, "leverage": 5.0}], BTC=100)

    assert "different leverages" in message


def test_the_reporting_asset_is_worth_one() -> None:
    (message,) = _refused([CASH], USDC=0.99)

    assert "USDC has the price 0.99" in message


def test_venue_totals_that_a_rule_needs_are_asked_for() -> None:
    limit = AssetConcentration(deposits_from=10.0)
    market = linear("BTC", (0.0, 0.01), open_interest=OpenInterestScale(1.0, 2.0))
    rules = policy({"USDC": asset(), "BTC": asset(concentration=limit)}, {"PERP": market})

    messages = _refused([{"asset": "BTC", "quantity": 1.0}], [LONG], rules=rules, BTC=100)

    assert ["deposits" in messages[0], "open_interest" in messages[1]] == [True, True]


def test_a_limit_on_age_needs_a_time() -> None:
    rules = policy({"USDC": asset()}, max_price_age_seconds=1.0)
    (message,) = _refused([CASH], rules=rules)

    assert "say no time" in message


def test_margin_is_not_called_in_an_asset_whose_weight_depends_on_its_size() -> None:
    assets = {"USDC": asset(), "BTC": asset(concentration=AssetConcentration(size_factor=0.1))}
    rules = policy(assets, margin_call=MarginCallRule(asset="BTC"))
    (message,) = _refused([CASH], rules=rules, BTC=100)

    assert "no closed form" in message
