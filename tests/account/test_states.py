from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import margin
from margin.account.evaluation import evaluate
from margin.account.health import NO_STATE, health
from margin.account.health import STATES as CODES
from margin.account.resolve import resolve_accounts
from margin.model.account import REQUIREMENT_SCHEMA
from margin.model.account_policy import ScenarioFactors
from tests.account.books import STATES, asset, book, frame, linear, policy, prices

MARKETS = {"PERP": linear("X", (0.0, 0.01), initial_tiers=())}


def _row(cash: float, *, previous: str | None = None, quantity: float = 1.0, **rules: Any) -> dict[str, Any]:
    """An account with cash, and a position at entry price whose maintenance requirement is 100 for quantity 1."""
    held = book(
        [{"asset": "USDC", "quantity": cash}],
        [{"market": "PERP", "quantity": quantity, "entry": 10_000.0, "leverage": 10.0}] if quantity else [],
        accounts=[{"account": "A", "previous_state": previous}],
    )
    run = margin.health(held, policy({"USDC": asset()}, MARKETS, **rules), prices(X=10_000), distances=False)
    return run.scopes.row(0, named=True)


@pytest.mark.parametrize(
    ("cash", "state"),
    [
        (150.01, "normal"),
        (150.0, "warn"),
        (120.01, "warn"),
        (120.0, "restrict"),
        (105.01, "restrict"),
        (105.0, "liquidate"),
        (0.0, "liquidate"),
        (-0.01, "bankrupt"),
    ],
)
def test_the_first_state_that_fits_applies_bounds_included(cash: float, state: str) -> None:
    assert state == _row(cash)["state"]


@pytest.mark.parametrize(("cash", "state"), [(100.0, "normal"), (99.99, "liquidate")])
def test_health_of_exactly_zero_is_not_liquidated_where_the_policy_says_below_zero(cash: float, state: str) -> None:
    assert state == _row(cash, states=(STATES[0], *_health_only()))["state"]


def _health_only() -> tuple[Any, ...]:
    from margin.model.account import AccountState
    from margin.model.account_policy import StateRule

    return (StateRule(AccountState.LIQUIDATE, health_below=0.0), StateRule(AccountState.NORMAL))


@pytest.mark.parametrize(
    ("previous", "cash", "state"),
    [
        (None, 111.0, "restrict"),
        ("restrict", 111.0, "restrict"),
        ("liquidate", 111.0, "liquidate"),
        ("bankrupt", 111.0, "liquidate"),
        ("liquidate", 111.2, "restrict"),
        ("liquidate", 200.0, "normal"),
    ],
)
def test_liquidation_is_left_only_at_its_own_ratio(previous: str | None, cash: float, state: str) -> None:
    assert state == _row(cash, previous=previous)["state"]


def test_an_account_without_requirement_has_no_ratio_and_is_judged_by_its_equity() -> None:
    rich, poor = _row(10.0, quantity=0.0), _row(-10.0, quantity=0.0)

    assert (None, 0.0, "normal") == (rich["ratio"], rich["usage"], rich["state"])
    assert (None, None, "bankrupt") == (poor["ratio"], poor["usage"], poor["state"])
    assert (None, 10.0) == (poor["leverage"], rich["withdrawable"])


def test_withdrawals_leave_a_part_of_notional_and_never_pay_out_unrealised_profit() -> None:
    assert 4_000.0 == _row(5_000.0, withdrawal_notional_fraction=0.1)["withdrawable"]
    held = book(
        [{"asset": "USDC", "quantity": 50.0}],
        [{"market": "PERP", "quantity": 1.0, "entry": 5_000.0, "leverage": 10.0}],
    )
    row = margin.health(held, policy({"USDC": asset()}, MARKETS), prices(X=10_000)).scopes.row(0, named=True)
    assert (4_050.0, 50.0) == (row["available"], row["withdrawable"])


def test_an_isolated_bucket_is_judged_alone_and_its_margin_backs_nothing_else() -> None:
    held = book(
        [{"asset": "USDC", "quantity": 1_000.0}, {"asset": "USDC", "quantity": 150.0, "scope": "b"}],
        [{"market": "PERP", "quantity": 1.0, "entry": 10_100.0, "leverage": 10.0, "scope": "b"}],
    )

    cross, bucket = margin.health(held, policy({"USDC": asset()}, MARKETS), prices(X=10_000)).scopes.rows(named=True)

    assert ("cross", 1_000.0, 0.0, "normal") == tuple(
        cross[name] for name in ("scope", "equity", "maintenance_margin", "state")
    )
    assert ("isolated:b", 50.0, 100.0, -50.0, "liquidate") == tuple(
        bucket[name] for name in ("scope", "equity", "maintenance_margin", "health", "state")
    )


def test_collateral_counts_in_full_in_a_bucket() -> None:
    held = book([{"asset": "X", "quantity": 1.0, "scope": "b"}])

    run = margin.health(held, policy({"USDC": asset(), "X": asset((None, 0.5))}), prices(X=10_000))

    assert [0.0, 10_000.0] == run.scopes["adjusted_equity_maintenance"].to_list()


@pytest.mark.parametrize(
    ("quote", "state"),
    [
        ({"time": "2026-06-25T15:59:30"}, "normal"),
        ({"time": "2026-06-25T15:58:59"}, "stale"),
        ({"time": None}, "stale"),
        ({"time": "2026-06-25T15:59:30", "confidence": 150.0}, "stale"),
    ],
)
def test_a_price_too_old_or_too_uncertain_gives_no_ratio(quote: dict[str, Any], state: str) -> None:
    from datetime import UTC, datetime

    time = quote["time"] and datetime.fromisoformat(quote["time"]).replace(tzinfo=UTC)
    held = book(
        [{"asset": "USDC", "quantity": 1_000.0}],
        [{"market": "PERP", "quantity": 1.0, "entry": 10_000.0, "leverage": 10.0}],
    )
    rules = policy({"USDC": asset()}, MARKETS, max_price_age_seconds=60.0, max_price_confidence=0.01)
    market = prices(X={"price": 10_000.0, "confidence": 50.0, **quote, "time": time})

    row = margin.health(held, rules, market, as_of="2026-06-25T16:00:00Z").scopes.row(0, named=True)

    assert state == row["state"]
    assert (state == "stale") == (row["ratio"] is None) == (row["available"] is None) == (row["usage"] is None)
    assert 1_000.0 == row["equity"]


def test_risk_from_parameters_meets_equity_with_option_value_once() -> None:
    held = book([{"asset": "USDC", "quantity": 500.0}])
    risk = {"account_index": 0, "currency": "USD", "maintenance": 800.0, "net_option_value": 400.0}
    requirements = frame(REQUIREMENT_SCHEMA, [{**risk, "available_net_option_value": 350.0}])
    factors = ScenarioFactors(maintenance=1.0, initial=1.25, assets={"USD": "USDC"})
    arrays = resolve_accounts(held, policy({"USDC": asset()}, scenario=factors), prices(), requirements)

    figures = evaluate(arrays)

    assert 900.0 == figures.owned.equity[0]
    assert 850.0 == figures.backing.adjusted_maintenance[0]
    assert 50.0 == figures.health[0]
    assert 1_000.0 == figures.required.initial[0]


def test_a_risk_that_is_not_known_leaves_the_account_unjudged() -> None:
    held = book([{"asset": "USDC", "quantity": 500.0}])
    requirements = frame(REQUIREMENT_SCHEMA, [{"account_index": 0, "currency": "USDC"}])
    arrays = resolve_accounts(held, policy({"USDC": asset()}), prices(), requirements)

    judged = health(arrays, evaluate(arrays), np.array([NO_STATE]))

    assert "incomplete" == CODES[judged.state[0]]
    assert np.isnan(judged.ratio[0])
