from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import margin
from margin.account.evaluation import evaluate
from margin.account.resolve import resolve_accounts
from margin.model.account_policy import (
    AssetConcentration,
    LocationRule,
    MarginCallRule,
    MarketKind,
    MarketPolicy,
    RateTier,
)
from tests.account.books import asset, book, linear, policy, prices, weights
from tests.account.oracle import figures

ASSETS = ("USDC", "BTC", "ETH")
POLICY = policy(
    {
        "USDC": asset(is_cash_like=True),
        "BTC": asset(
            (50_000.0, 0.95),
            (200_000.0, 0.9),
            (None, 0.5),
            maintenance_liability_weight=1.1,
            initial_liability_weight=1.2,
            borrow_maintenance_rate=0.1,
            borrow_initial_rate=0.2,
            unsettled_profit_weight=0.95,
        ),
        "ETH": asset((10_000.0, 0.9), (None, 0.8), concentration=AssetConcentration(value_cap=60_000.0)),
    },
    {
        "BTC-PERP": linear(
            "BTC",
            *((0.0, 0.004), (50_000.0, 0.005), (250_000.0, 0.01)),
            initial_tiers=(RateTier(0.0, 0.02), RateTier(100_000.0, 0.05)),
            closing_fee_rate=0.0005,
        ),
        "ETH-PERP": linear("ETH", contract_size=0.1, initial_tiers=(RateTier(0.0, 0.05),), maintenance_of_initial=0.5),
        "BTC-INVERSE": MarketPolicy(
            MarketKind.INVERSE,
            "BTC",
            "BTC",
            contract_size=100.0,
            maintenance_tiers=(RateTier(0.0, 0.01), RateTier(5.0, 0.02)),
            initial_tiers=(RateTier(0.0, 0.03),),
        ),
    },
    locations=(
        LocationRule(custodian="vault", weight=0.8, value_cap=40_000.0),
        LocationRule(venue="elsewhere", chain="slow", delay_seconds=3600.0),
        LocationRule(venue="elsewhere", weight=0.9),
    ),
    horizon_seconds=600.0,
    margin_call=MarginCallRule("initial", 1.1, "BTC"),
)

_amount = st.integers(-2_000_000, 2_000_000).map(lambda number: number / 1000)
_place = st.sampled_from(
    [{}, {"custodian": "vault"}, {"venue": "elsewhere", "chain": "slow"}, {"venue": "elsewhere", "chain": "fast"}]
)
_balance = st.builds(
    lambda name, amount, place: {"asset": name, "quantity": amount / (1 if name == "USDC" else 500), **place},
    st.sampled_from(ASSETS),
    _amount,
    _place,
)
_position = st.builds(
    lambda market, size, entry: {
        "market": market,
        "quantity": size / 100 if market == "BTC-PERP" else size,
        "entry": entry * (1.0 if market == "ETH-PERP" else 20.0),
    },
    st.sampled_from(sorted(POLICY.markets)),
    st.integers(-300, 300).map(float),
    st.integers(2000, 4000).map(float),
)
_order = st.builds(
    lambda market, size: {"market": market, "quantity": float(size), "price": 1.0},
    st.sampled_from(sorted(POLICY.markets)),
    st.integers(-30, 30).filter(bool),
)
_quotes = st.fixed_dictionaries(
    {"BTC": st.integers(20_000, 90_000).map(float), "ETH": st.integers(1000, 5000).map(float)}
)
_balances, _positions, _orders = (st.lists(one, max_size=6) for one in (_balance, _position, _order))


@settings(max_examples=25, deadline=None)
@given(_quotes, _balances, _positions, _orders)
def test_every_figure_is_that_of_the_slow_reference(
    quotes: dict[str, float], balances: list[Any], positions: list[Any], orders: list[Any]
) -> None:
    expected = figures(POLICY, quotes, balances, positions, orders)

    row = margin.health(book(balances, positions, orders), POLICY, prices(**quotes), distances=False).scopes.row(
        0, named=True
    )

    for name, value in (
        ("equity", expected.equity),
        ("adjusted_equity_maintenance", expected.adjusted_maintenance),
        ("adjusted_equity_initial", expected.adjusted_initial),
        ("maintenance_margin", expected.maintenance),
        ("initial_margin", expected.initial),
        ("notional", expected.notional),
        ("health", expected.adjusted_maintenance - expected.maintenance),
        ("available", max(0, expected.adjusted_initial - expected.initial)),
    ):
        assert abs(float(value) - row[name]) <= 1e-9 * max(1.0, float(expected.notional), abs(float(value))), name


@settings(max_examples=25, deadline=None)
@given(_quotes, st.lists(_balance, min_size=1, max_size=5), st.lists(_position, min_size=1, max_size=5), st.randoms())
def test_neither_the_order_nor_the_split_of_rows_changes_anything(
    quotes: dict[str, float], balances: list[Any], positions: list[Any], random: Any
) -> None:
    def split(rows: list[Any]) -> list[Any]:
        parts = []
        for row in rows:
            first = round(row["quantity"] * random.choice([0.0, 0.25, -1.0, 2.0]), 6)
            parts += [{**row, "quantity": first}, {**row, "quantity": round(row["quantity"] - first, 6)}]
        random.shuffle(parts)
        return parts

    whole = margin.health(book(balances, positions), POLICY, prices(**quotes), distances=False)
    parts = margin.health(book(split(balances), split(positions)), POLICY, prices(**quotes), distances=False)

    assert_frame_equal(whole.scopes, parts.scopes, check_exact=True)
    assert_frame_equal(whole.asset_rows, parts.asset_rows, check_exact=True)
    assert_frame_equal(whole.market_rows, parts.market_rows, check_exact=True)
    assert_frame_equal(whole.position_rows, parts.position_rows, check_exact=True)


@settings(max_examples=25, deadline=None)
@given(_quotes, st.lists(st.tuples(_balances, _positions), min_size=2, max_size=4), st.randoms())
def test_accounts_do_not_see_one_another(quotes: dict[str, float], held: list[Any], random: Any) -> None:
    order = list(range(len(held)))
    random.shuffle(order)
    together = book(
        [{**row, "account_index": index} for index in order for row in held[index][0]],
        [{**row, "account_index": index} for index in order for row in held[index][1]],
        accounts=[{"account": f"A{index}"} for index in range(len(held))],
    )

    scopes = margin.health(together, POLICY, prices(**quotes), distances=False).scopes

    for index, (balances, positions) in enumerate(held):
        alone = margin.health(
            book(balances, positions, accounts=[{"account": f"A{index}"}]), POLICY, prices(**quotes)
        ).scopes
        assert_frame_equal(alone, scopes[index : index + 1], check_exact=True)


@settings(max_examples=25, deadline=None)
@given(_quotes, _balances, _positions, st.sampled_from(ASSETS), st.integers(1, 100_000), _place)
def test_a_deposit_anywhere_never_lowers_health(
    quotes: dict[str, float], balances: list[Any], positions: list[Any], name: str, amount: int, place: Any
) -> None:
    more = [*balances, {"asset": name, "quantity": amount / 100, **place}]
    before, after = (
        margin.health(book(rows, positions), POLICY, prices(**quotes), distances=False).scopes.row(0, named=True)
        for rows in (balances, more)
    )

    slack = 1e-6 + 1e-12 * abs(before["notional"])
    for figure in ("equity", "health", "adjusted_equity_initial", "available", "withdrawable"):
        assert before[figure] <= after[figure] + slack, figure


@settings(max_examples=25, deadline=None)
@given(_quotes, _balances, _positions)
def test_what_is_called_is_enough_and_not_more(
    quotes: dict[str, float], balances: list[Any], positions: list[Any]
) -> None:
    market = prices(**quotes)
    row = margin.health(book(balances, positions), POLICY, market, distances=False).scopes.row(0, named=True)
    slack = 1e-6 + 1e-9 * row["notional"]
    missing = 1.1 * row["initial_margin"] - row["adjusted_equity_initial"]
    assert abs(max(missing, 0.0) - row["margin_call_shortfall"]) <= slack
    if row["margin_call"]:
        paid = [*balances, {"asset": "BTC", "quantity": round(row["margin_call"], 9)}]
        arrays = resolve_accounts(book(paid, positions), POLICY, market)
        after = evaluate(arrays)
        # The loan's own margin falls with the loan, so that a deposit may do better than asked, never worse.
        reached = after.backing.adjusted_initial[0] - 1.1 * after.required.initial[0]
        assert reached >= -(slack + 1e-9 * quotes["BTC"])
        if row["borrow_initial"] == 0.0:
            assert abs(reached) <= slack + 1e-8 * quotes["BTC"]


@settings(max_examples=25, deadline=None)
@given(_quotes, _balances, st.lists(_position, min_size=1, max_size=4))
def test_at_a_threshold_the_ratio_is_that_of_the_threshold(
    quotes: dict[str, float], balances: list[Any], positions: list[Any]
) -> None:
    held = book(balances, positions)
    run = margin.health(held, POLICY, prices(**quotes))
    arrays = resolve_accounts(held, POLICY, prices(**quotes))
    for threshold in run.threshold_rows.iter_rows(named=True):
        for words, sign in (("fall", -1.0), ("rise", 1.0)):
            if threshold[words]:
                moved = evaluate(arrays, arrays.moved(np.array([1.0 + sign * threshold[words]])))
                required = moved.required.maintenance[0] * threshold["ratio"]
                missing = moved.backing.adjusted_maintenance[0] - required
                assert abs(missing) <= 1e-6 * max(1.0, moved.required.notional[0], moved.owned.collateral[0])


def test_weights_are_marginal_so_that_no_bound_is_a_cliff() -> None:
    assert weights((10.0, 0.9), (None, 0.5))[1].upper == float("inf")
    values = [
        margin.health(book([{"asset": "BTC", "quantity": 1.0}]), POLICY, prices(BTC=quote, ETH=1.0)).scopes[
            "adjusted_equity_maintenance"
        ][0]
        for quote in (49_999.99, 50_000.0, 50_000.01)
    ]
    assert abs(values[1] - values[0] - 0.0095) < 1e-9
    assert abs(values[2] - values[1] - 0.009) < 1e-9
