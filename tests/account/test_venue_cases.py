"""Figures that venues and their test suites publish, from configuration or by the step they are about.

Sources: Binance FAQ, liquidation price of futures, and portfolio margin (figures as quoted in freqtrade's tests);
Hyperliquid wiki, margin management; drift-labs/protocol-v2, math/margin/tests.rs; dydxprotocol/v4-chain,
perpetuals/types/liquidity_tier_test.go; blockworks-foundation/mango-v4, health/cache.rs, test_health1; Paradex docs,
portfolio margin; OKX API v5 docs, position builder; Bybit docs v5, portfolio margin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import margin
from margin.account.collateral import weighted_values
from margin.account.concentration import asset_weight_by_size, deposit_scale, liability_weight_by_size
from margin.account.evaluation import evaluate
from margin.account.resolve import resolve_accounts
from margin.aggregate.notional_margin import minimum_delta_margin
from margin.model.account import REQUIREMENT_SCHEMA
from margin.model.account_policy import (
    AssetConcentration,
    OpenInterestScale,
    RateTier,
    ScenarioFactors,
)
from margin.model.house import Rounding, RoundingMode
from margin.numeric.rounding import round_decimals
from margin.numeric.schedules import Schedules
from tests.account.books import asset, book, frame, linear, policy, prices


def _values(*numbers: float) -> Any:
    return np.array(numbers, dtype=np.float64)


def _market_rows(policy_name: str, positions: list[dict[str, Any]], **quotes: Any) -> list[dict[str, Any]]:
    """The figures of each market of an account of a packaged policy."""
    rules = margin.read_account_policy(policy_name)
    cash = [{"asset": rules.reporting_asset, "quantity": 1e9}]
    run = margin.health(book(cash, positions), rules, prices(**quotes), distances=False)
    return run.market_rows.to_dicts()


def test_binance_contract_of_the_example() -> None:
    position = {"market": "BTCUSDT", "quantity": 109.488, "entry": 32481.98}

    (row,) = _market_rows("binance", [position], BTC=31967.27)

    assert 71200.81144 == pytest.approx(row["maintenance_margin"], abs=0.01)
    assert -56354.57 == pytest.approx(row["unrealised_profit"], abs=0.01)


def test_binance_maintenance_amounts_follow_from_the_tiers() -> None:
    rules = margin.read_account_policy("binance")
    deductions = {
        name: Schedules.of([[(tier.lower, tier.rate) for tier in rules.markets[name].maintenance_tiers]]).deduction[0]
        for name in ("BTCUSDT", "ETHUSDT")
    }

    assert 16300.0 == pytest.approx(deductions["BTCUSDT"][3], abs=1e-9)
    assert 135365.0 == pytest.approx(deductions["ETHUSDT"][5], abs=1e-9)


def test_binance_loans_and_profits_of_the_portfolio_margin_example() -> None:
    rules = margin.read_account_policy("binance")
    held = book([{"asset": "BTC", "quantity": -0.04}, {"asset": "ETH", "quantity": -15.0}])
    for name, quantity, part in (("BTC", 0.04, 0.004), ("ETH", 15.0, 1.5)):
        alone = book([{"asset": name, "quantity": -quantity}])
        run = margin.health(alone, rules, prices(**{name: 2_000.0}), distances=False)
        assert part == pytest.approx(run.scopes["borrow_maintenance"][0] / 2_000.0, rel=1e-9)
    run = margin.health(held, rules, prices(BTC=42_000, ETH=2_200), distances=False)
    assert 0.004 * 42_000 + 1.5 * 2_200 == pytest.approx(run.scopes["borrow_maintenance"][0], rel=1e-12)

    short = {"market": "BTCUSDT", "quantity": -0.05, "entry": 52_000.0}
    long = {"market": "BTCUSDT", "quantity": 0.04, "entry": 52_350.0}
    assert 600.0 == pytest.approx(_market_rows("binance", [short], BTC=40_000)[0]["unrealised_profit"], rel=1e-9)
    assert -414.0 == pytest.approx(_market_rows("binance", [long], BTC=42_000)[0]["unrealised_profit"], rel=1e-9)


@pytest.mark.parametrize(("leverage", "initial"), [(10.0, 1_000.0), (20.0, 500.0)])
def test_hyperliquid_maintenance_does_not_depend_on_the_chosen_leverage(leverage: float, initial: float) -> None:
    position = {"market": "SOL", "quantity": 100.0, "entry": 100.0, "leverage": leverage}

    (row,) = _market_rows("hyperliquid", [position], SOL=100)

    assert (initial, 250.0) == (row["initial_margin"], row["maintenance_margin"])


@pytest.mark.parametrize(
    ("units", "factor", "weight", "expected"),
    [(1000.0, 1e-5, 0.9, 9000), (1000.0, 0.01, 0.9, 8357)],
)
def test_drift_asset_weight_by_size(units: float, factor: float, weight: float, expected: int) -> None:
    concentration = AssetConcentration(size_factor=factor)
    rules = policy({"USDC": asset(), "X": asset((None, weight), concentration=concentration)})
    run = margin.health(book([{"asset": "X", "quantity": units}]), rules, prices(X=1))

    assert expected == int(run.scopes["adjusted_equity_maintenance"][0] / units * 10_000)
    assert expected == int(min(weight, asset_weight_by_size(_values(units), _values(factor))[0]) * 10_000)


@pytest.mark.parametrize(("factor", "expected"), [(1e-5, 11_000), (0.1, 40_422)])
def test_drift_liability_weight_by_size(factor: float, expected: int) -> None:
    assert expected == int(liability_weight_by_size(_values(1.1), _values(1000.0), _values(factor))[0] * 10_000)


@pytest.mark.parametrize(("deposits", "expected"), [(20_000.0, 9_000), (60_000.0, 3_000)])
def test_drift_initial_weight_scaled_with_deposits(deposits: float, expected: int) -> None:
    limit = AssetConcentration(deposits_from=500_000.0)
    rules = policy({"USDC": asset(), "X": asset((None, 0.9), concentration=limit)})
    market = prices(X={"price": 25.0, "deposits": deposits})

    row = margin.health(book([{"asset": "X", "quantity": 1.0}]), rules, market).scopes.row(0, named=True)

    assert expected == pytest.approx(row["adjusted_equity_initial"] / 25.0 * 10_000)
    assert 9_000 == pytest.approx(row["adjusted_equity_maintenance"] / 25.0 * 10_000)


@pytest.mark.parametrize(
    ("rate", "lower", "upper", "open_interest", "notional", "expected"),
    [
        (0.5, 0.0, 0.0, 0.0, 1_000_000.0, 500_000.0),
        (0.567243, 0.0, 0.0, 0.0, 123_456.0, 70_030.0),
        (0.2, 1e12, 2e12, 1.5e12, 500_000.0, 300_000.0),
        (0.2, 25e12, 50e12, 25e12, 500_000.0, 100_000.0),
    ],
)
def test_dydx_initial_margin_scaled_with_open_interest(
    rate: float, lower: float, upper: float, open_interest: float, notional: float, expected: float
) -> None:
    scale = OpenInterestScale(lower, upper)
    market = linear("X", initial_tiers=(RateTier(0.0, rate),), maintenance_of_initial=0.5, open_interest=scale)
    rules = policy({"USDC": asset()}, {"M": market}, requirement_rounding=Rounding(0, RoundingMode.UP))
    held = book([{"asset": "USDC", "quantity": 1.0}], [{"market": "M", "quantity": notional, "entry": 1.0}])

    run = margin.health(held, rules, prices(X={"price": 1.0, "open_interest": open_interest}), distances=False)

    assert expected == run.market_rows["initial_margin"][0]


MANGO_PRICES = {"T2": 5.0, "T3": 10.0}
MANGO = {
    "USDC": asset((None, 0.8), maintenance_liability_weight=1.2, initial_liability_weight=1.2),
    "T2": asset((None, 0.5), maintenance_liability_weight=1.5, initial_liability_weight=1.5),
    "T3": asset((None, 0.5), maintenance_liability_weight=1.5, initial_liability_weight=1.5),
}


@pytest.mark.parametrize(
    ("cash", "other", "orders", "perp", "expected"),
    [
        (100.0, -10.0, (20.0, 15.0), (3, -131.0, 7, 11), 16.2),
        (0.0, 0.0, (0.0, 0.0), (-1, 100.0, 0, 0), 30.4),
        (0.0, 0.0, (0.0, 0.0), (10, 100.0, 0, 0), 380.0),
        (-100.0, 0.0, (0.0, 0.0), (1, 100.0, 0, 0), 26.4),
    ],
)
def test_mango_initial_health(
    cash: float, other: float, orders: tuple[float, float], perp: tuple[int, float, int, int], expected: float
) -> None:
    """The perpetual's weighted value is settled into the quote token, then every token is weighted by its sign.

    Both sides of the open orders are tried, and the worse health counts; profit counts 95%.
    """
    lots, quote, bids, asks = perp
    settled = []
    for size, paid in ((lots + bids, -bids * 50.0), (lots - asks, asks * 50.0)):
        value = size * 50.0
        settled.append(quote + paid + value * (0.8 if value > 0 else 1.2))
    worst = min(settled)
    worst *= 0.95 if worst > 0 else 1.0
    in_quote, in_other = orders
    healths = []
    for tokens in (
        (cash + worst + in_quote + in_other * 5.0, other),
        (cash + worst, other + in_other + in_quote / 5.0),
    ):
        rows = [{"asset": name, "quantity": units} for name, units in zip(("USDC", "T2"), tokens, strict=True)]
        arrays = resolve_accounts(book(rows), policy(MANGO), prices(**MANGO_PRICES))
        healths.append(evaluate(arrays).backing.adjusted_initial[0])

    assert expected == pytest.approx(min(healths), rel=1e-9, abs=1e-9)


def test_mango_deposit_limits_shrink_weights() -> None:
    start = {"USDC": 1_000.0, "T2": 5_000.0, "T3": 10_000.0}
    deposits = {"USDC": 100.0, "T2": 1_500.0, "T3": 10_000.0}
    weight = {"USDC": 0.8, "T2": 0.5, "T3": 0.5}
    quoted = {"USDC": 1.0, **MANGO_PRICES}
    assets = {
        name: asset((None, weight[name]), concentration=AssetConcentration(deposits_from=start[name])) for name in start
    }
    market = prices(**{name: {"price": quoted[name], "deposits": deposits[name]} for name in start})

    held = book([{"asset": name, "quantity": 100.0} for name in start])
    row = margin.health(held, policy(assets), market).scopes.row(0, named=True)

    assert 296.666666667 == pytest.approx(row["adjusted_equity_initial"], rel=1e-9)
    scale = deposit_scale(_values(100.0 * 1, 1_500.0 * 5, 10_000.0 * 10), _values(*start.values()))
    assert [1.0, pytest.approx(2 / 3), pytest.approx(0.1)] == scale.tolist()


def test_paradex_minimum_delta() -> None:
    margin_asked = minimum_delta_margin(_values(1.0 - 1.5), _values(2.5), _values(70_000.0), 0.02, 0.01)

    assert 1_400.0 == pytest.approx(margin_asked[0], rel=1e-9)


def test_okx_account_totals_add_borrowing_to_derivatives() -> None:
    derivatives, borrowed, borrowed_initial = 1375.4837063088003, 1571.064377796, 7855.32188898
    rules = policy(
        {
            "USDC": asset(),
            "X": asset(
                maintenance_liability_weight=1.0,
                borrow_maintenance_rate=borrowed / 10_000.0,
                borrow_initial_rate=borrowed_initial / 10_000.0,
            ),
        },
        scenario=ScenarioFactors(initial=1.3),
    )
    risk = {"account_index": 0, "currency": "USDC", "maintenance": derivatives}
    requirements = frame(REQUIREMENT_SCHEMA, [{**risk, "net_option_value": 0.0, "available_net_option_value": 0.0}])
    held = book([{"asset": "USDC", "quantity": 50_000.0}, {"asset": "X", "quantity": -1.0}])
    required = evaluate(resolve_accounts(held, rules, prices(X=10_000), requirements)).required

    assert 2946.5480841048 == pytest.approx(required.maintenance[0], rel=1e-9)
    assert 9643.45070718144 == pytest.approx(required.initial[0], rel=1e-9)


def test_bybit_available_and_rates() -> None:
    equity, initial, maintenance = 52197.86892104, 1304.50829757, 1069.93399838
    risk = {"account_index": 0, "currency": "USDC", "maintenance": maintenance, "initial": initial}
    requirements = frame(REQUIREMENT_SCHEMA, [{**risk, "net_option_value": 0.0, "available_net_option_value": 0.0}])
    held = book([{"asset": "USDC", "quantity": equity}])
    figures = evaluate(resolve_accounts(held, policy({"USDC": asset()}), prices(), requirements))

    assert 50893.36062347 == pytest.approx(figures.initial_health[0], rel=1e-12)
    usage = _values(initial, maintenance) / equity
    assert [0.0249, 0.0204] == round_decimals(usage, 4, "down").tolist()


def test_a_negative_net_value_is_never_reduced() -> None:
    """Binance portfolio margin: min(net value × rate, net value)."""
    weights = Schedules.of([[(0.0, 0.9)]])
    codes = np.zeros(2, dtype=np.int32)

    assert [90.0, -100.0] == weighted_values(_values(100.0, -100.0), weights, codes, _values(1.0, 1.0)).tolist()
