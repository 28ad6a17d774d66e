"""Margin runs built by hand: two accounts, two commodities, one account incomplete."""

from __future__ import annotations

from typing import Any

import polars as pl

from margin.model.parameters import ParameterSource
from margin.model.position import PositionSource
from margin.model.problem import Problem, Reason, Severity
from margin.model.run import (
    ACCOUNTS_SCHEMA,
    COMMODITIES_SCHEMA,
    PERIODS_SCHEMA,
    REQUIREMENTS_SCHEMA,
    SCAN_TIERS_SCHEMA,
    SPREADS_SCHEMA,
    MarginRun,
)

MOVES = ("unchanged", "+1/3", "−1/3", "+2/3", "−2/3", "+3/3", "−3/3")
WORDS = (
    *(f"price {move} of scan range, volatility {way}" for move in MOVES for way in ("up", "down")),
    "price +2 × scan range, 35 % of the loss",
    "price −2 × scan range, 35 % of the loss",
)
# A long future and a short future of the next month: what is left is a small loss when the price falls.
LOSSES = [float(step) for step in (0, 0, -400, -400, 400, 400, -800, -800, 800, 800, -1200, -1200, 1200, 1200)]
LOSSES = [*LOSSES, -840.0, 840.0]


def frame(schema: pl.Schema, *rows: dict[str, Any]) -> pl.DataFrame:
    """Rows as a frame; what a row does not name is null."""
    columns = {name: [row.get(name) for row in rows] for name in schema}
    assert not {name for row in rows for name in row} - set(schema)
    return pl.DataFrame(columns, schema=schema)


def account(account: str, **figures: Any) -> dict[str, Any]:
    """An account's row: complete, in rupees, unless said otherwise."""
    row: dict[str, Any] = {
        "firm": "ABC",
        "account": account,
        "account_type": "S",
        "segregation": "CUST",
        "netting": "net",
        "currency": "INR",
        "complete": True,
        "positions": 1,
        "set_aside": 0,
    }
    return {**row, **figures}


def commodity(account_index: int, commodity: str, **figures: Any) -> dict[str, Any]:
    """A commodity's row of kind maintenance with every component zero unless said otherwise."""
    row: dict[str, Any] = dict.fromkeys(
        (name for name, type_ in COMMODITIES_SCHEMA.items() if type_ == pl.Float64), 0.0
    )
    row |= {
        "account_index": account_index,
        "clearing_org": "NSCCL",
        "commodity": commodity,
        "currency": "INR",
        "class": "CORE",
        "kind": "maintenance",
        "exposure_margin": None,
    }
    return {**row, **figures}


NIFTY = commodity(
    0,
    "NIFTY",
    scan_risk=1200.0,
    active_scenario=13,
    scenario_losses=LOSSES,
    price_risk=1200.0,
    weighted_futures_price_risk=1200.0,
    net_delta=1.0,
    intracommodity_charge=350.5,
    intercommodity_credit=200.0,
    span_risk=1350.5,
    outright_risk=3600.0,
    requirement=1350.5,
)
BANKNIFTY = commodity(
    0,
    "BANKNIFTY",
    scan_risk=1234567.25,
    active_scenario=14,
    scenario_losses=[1000.0 * loss for loss in LOSSES],
    time_risk=-0.0,
    short_option_minimum=50.0,
    intercommodity_credit=1200.0,
    span_risk=1233367.25,
    short_option_value=25000.0,
    net_option_value=-25000.0,
    available_net_option_value=-25000.0,
    outright_risk=1300000.0,
    requirement=1258367.25,
)
REFUSED = {
    "account_index": 1,
    "clearing_org": "NSCCL",
    "commodity": "NIFTY",
    "currency": "INR",
    "class": "CORE",
    "kind": "maintenance",
}


def legs(*parts: tuple[str, str, str, float]) -> list[dict[str, Any]]:
    """Legs of a spread from (commodity, period, side, amount)."""
    return [
        {
            "commodity": code,
            "tier": 1,
            "period": period,
            "side": side,
            "ratio": 1.0,
            "delta_used": 1.0,
            "amount": amount,
        }
        for code, period, side, amount in parts
    ]


PROBLEMS = (
    Problem(
        Reason.UNKNOWN_CONTRACT,
        "the contract 'NIFTY FUT 20260631' is not in the parameters; did you mean 'NIFTY FUT 20260630'?",
        file="positions.csv",
        line=12,
        account="ACC2",
        attributes={"found": "NIFTY FUT 20260631", "hint": "NIFTY FUT 20260630", "price": float("nan")},
    ),
    Problem(
        Reason.ASSUMED_ACCOUNT_TYPE,
        "no account type is given; S (speculator) is assumed",
        severity=Severity.WARNING,
        file="positions.csv",
    ),
)


def small_run(**changes: Any) -> MarginRun:
    """Two accounts: ACC1 complete in two commodities, ACC2 incomplete with a refused commodity."""
    parts: dict[str, Any] = {
        "version": "0.1.0",
        "method": "span",
        "house": "nsccl",
        "rounding": "house",
        "as_of": "2026-06-25",
        "quantity_unit": "units of the underlying (as house nsccl counts)",
        "parameter_sources": (
            ParameterSource("nsccl.20260625.s.spn", "3fa9" * 16, "spn", "NSCCL", "2026-06-25", "settlement", "1"),
        ),
        "position_sources": (PositionSource("positions.csv", "c0de" * 16, "csv", 7),),
        "accounts": frame(
            ACCOUNTS_SCHEMA,
            account(
                "ACC1",
                positions=5,
                span_risk=1234717.75,
                net_option_value=-25000.0,
                available_net_option_value=-25000.0,
                long_option_value=0.0,
                short_option_value=25000.0,
                maintenance_requirement=1259717.75,
                outright_risk=1303600.0,
            ),
            account("ACC2", account_type="H", complete=False, positions=2, set_aside=1),
        ),
        "requirement_rows": frame(
            REQUIREMENTS_SCHEMA,
            {
                "account_index": 0,
                "class": "CORE",
                "kind": "maintenance",
                "currency": "INR",
                "span_risk": 1234717.75,
                "available_net_option_value": -25000.0,
                "requirement": 1259717.75,
            },
            {"account_index": 1, "class": "CORE", "kind": "maintenance", "currency": "INR"},
        ),
        "commodity_rows": frame(COMMODITIES_SCHEMA, BANKNIFTY, NIFTY, REFUSED),
        "scan_tier_rows": frame(
            SCAN_TIERS_SCHEMA,
            {
                "commodity_index": 1,
                "tier": 0,
                "scan_risk": 1200.0,
                "active_scenario": 13,
                "scenario_losses": LOSSES,
            },
        ),
        "period_rows": frame(
            PERIODS_SCHEMA,
            {"commodity_index": 0, "period": "20260630", "delta": -1.5, "remaining_delta": -0.5},
            {"commodity_index": 1, "period": "20260630", "delta": 2.0, "remaining_delta": 0.0},
            {"commodity_index": 1, "period": "20260728", "delta": -1.0, "remaining_delta": -0.0},
        ),
        "spread_rows": frame(
            SPREADS_SCHEMA,
            {
                "account_index": 0,
                "rate_id": "1",
                "kind": "intracommodity",
                "form": "delta",
                "clearing_org": "NSCCL",
                "priority": 1,
                "number": 1.0,
                "amount": 350.5,
                "legs": legs(("NIFTY", "20260630", "long", 175.25), ("NIFTY", "20260728", "short", 175.25)),
            },
            {
                "account_index": 0,
                "rate_id": "1",
                "kind": "intercommodity",
                "form": "delta",
                "clearing_org": "NSCCL",
                "priority": 2,
                "number": 1.0,
                "amount": 1400.0,
                "legs": legs(("NIFTY", "20260630", "long", 200.0), ("BANKNIFTY", "20260630", "short", 1200.0)),
            },
        ),
        "problem_list": PROBLEMS,
        "scenario_words": {("NSCCL", "NIFTY"): WORDS, ("NSCCL", "BANKNIFTY"): WORDS},
        "currency_decimals": {"INR": 2},
    }
    return MarginRun(**{**parts, **changes})


def many_accounts(number: int) -> MarginRun:
    """A run of complete accounts without commodities, the requirement growing with the account's number."""
    rows = [
        account(f"A{i:05}", span_risk=10.0 * i, maintenance_requirement=10.0 * i, outright_risk=30.0 * i)
        for i in range(number)
    ]
    empty = {
        "requirement_rows": REQUIREMENTS_SCHEMA.to_frame(),
        "commodity_rows": COMMODITIES_SCHEMA.to_frame(),
        "scan_tier_rows": SCAN_TIERS_SCHEMA.to_frame(),
        "period_rows": PERIODS_SCHEMA.to_frame(),
        "spread_rows": SPREADS_SCHEMA.to_frame(),
        "problem_list": (),
    }
    return small_run(accounts=frame(ACCOUNTS_SCHEMA, *rows), **empty)
