from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import margin
from margin.account.distance import thresholds
from margin.account.resolve import resolve_accounts
from margin.model.account import AccountState
from margin.model.account_policy import StateRule
from tests.account.books import asset, book, linear, policy, prices

CASE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "cases" / "cross-margin.yaml").read_text("utf-8"))
PRINTED = 5e-10


def _policy(**rules: Any) -> Any:
    account = CASE["account"]
    assets = {name: asset(*map(tuple, tiers)) for name, tiers in account["collateral"].items()}
    tiers = [tuple(tier) for tier in account["tiers"]]
    markets = {one["id"]: linear(one["price"], *tiers) for one in account["positions"]}
    return policy(assets, markets, **rules)


def _book(*, positions: bool = True) -> Any:
    account = CASE["account"]
    held = [{"asset": name, "quantity": quantity} for name, quantity in account["balances"].items()]
    rows = [
        {"market": one["id"], **{name: one[name] for name in ("id", "quantity", "entry", "leverage")}}
        for one in account["positions"]
    ]
    return book(held, rows if positions else ())


@pytest.mark.parametrize("case", CASE["snapshots"], ids=lambda case: case["name"])
def test_the_account_has_the_figures_of_the_reference(case: dict[str, Any]) -> None:
    market = prices(BTC=case["btc"], ETH=CASE["prices"]["ETH"])

    run = margin.health(_book(), _policy(), market)

    figures = run.scopes.row(0, named=True)
    names = {
        "collateral": "collateral",
        "upnl": "unrealised_profit",
        "equity": "equity",
        "adjusted_equity": "adjusted_equity_maintenance",
        "mm": "maintenance_margin",
        "im": "initial_margin",
        "health": "health",
        "ratio": "ratio",
        "usage": "usage",
        "available": "available",
    }
    for printed, name in names.items():
        if case[printed] is None:
            assert figures[name] is None, name
        else:
            assert case[printed] == pytest.approx(figures[name], abs=PRINTED), name
    assert figures["adjusted_equity_initial"] == figures["adjusted_equity_maintenance"]
    alone = margin.health(_book(positions=False), _policy(), market).scopes.row(0, named=True)
    assert case["collateral_adjusted"] == pytest.approx(alone["adjusted_equity_maintenance"], abs=PRINTED)


def test_the_joint_factor_of_liquidation_is_that_of_the_reference() -> None:
    rules = (StateRule(AccountState.LIQUIDATE, health_below=0.0), StateRule(AccountState.NORMAL))
    arrays = resolve_accounts(_book(), _policy(states=rules), prices(**CASE["prices"]))

    (threshold,) = thresholds(arrays)

    assert CASE["joint_factor_of_liquidation"] == pytest.approx(1.0 - threshold.fall[0], abs=PRINTED)
    assert threshold.rise[0] != threshold.rise[0], "no rise of all prices liquidates it"
