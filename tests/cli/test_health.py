from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft202012Validator

import margin
from margin.read.packaged import configs_folder
from tests.cli.command_line import margin as command_line

ACCOUNTS = """format: margin-accounts
version: 1
accounts:
  - account: A1
    balances:
      - {asset: USDT, quantity: 20000}
      - {asset: BTC, quantity: 0.5}
      - {asset: USDT, quantity: 500, scope: "isolated:x"}
    positions:
      - {id: p1, market: BTCUSDT, quantity: 12, entry: 61000, leverage: 25}
      - {market: ETHUSDT, quantity: -1, entry: 2900, leverage: 25, scope: "isolated:x"}
  - account: A2
    balances: [{asset: USDT, quantity: 100}]
"""
PRICES = "underlying,price,daily_volatility\nBTC,60000,0.03\nETH,3000,0.04\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "accounts.yaml").write_text(ACCOUNTS, "utf-8")
    (tmp_path / "prices.csv").write_text(PRICES, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run(*arguments: str) -> Done:
    done = command_line(*arguments, folder=Path.cwd())
    return Done(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


COMMAND = ("health", "-a", "accounts.yaml", "--market", "prices.csv", "--account-policy", "binance")


def _document(*more: str) -> dict[str, Any]:
    done = run(*COMMAND, "--format", "json", *more)
    document: dict[str, Any] = json.loads(done.out)
    return document


def test_the_json_report_follows_its_schema_and_the_python_interface(folder: Path) -> None:
    document = _document()

    schema = json.loads((configs_folder() / "schema" / "health.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    judged = margin.health(
        margin.read_accounts("accounts.yaml"),
        margin.read_account_policy("binance"),
        margin.read_account_market("prices.csv"),
    )
    assert judged.to_dict() == document
    assert ["A1", "A2"] == [account["account"] for account in document["accounts"]]
    assert ["isolated:x"] == [bucket["scope"] for bucket in document["accounts"][0]["isolated"]]


def test_parts_add_up_to_the_figures_of_their_scope(folder: Path) -> None:
    for account in _document()["accounts"]:
        for scope in (account, *account["isolated"]):
            for part, component, figure in (
                ("assets", "value", "collateral"),
                ("assets", "maintenance_value", "adjusted_equity_maintenance"),
                ("markets", "maintenance_margin", "maintenance_margin"),
                ("markets", "initial_margin", "initial_margin"),
                ("markets", "unrealised_profit", "unrealised_profit"),
                ("positions", "maintenance_margin", "maintenance_margin"),
                ("positions", "unrealised_profit", "unrealised_profit"),
            ):
                total = sum(row[component] for row in scope[part])
                assert total == pytest.approx(scope[figure], abs=1e-9), (part, component)


def test_tables_hold_the_figures_of_the_document(folder: Path) -> None:
    for name in ("csv", "parquet"):
        assert 0 == run(*COMMAND, "-o", f"health.{name}").code
    run(*COMMAND, "-o", "health.ndjson", "--report", "json=health.json")
    table, written = pl.read_parquet("health.parquet"), pl.read_csv("health.csv", infer_schema_length=None)

    accounts = json.loads(Path("health.json").read_text("utf-8"))["accounts"]
    assert accounts == [json.loads(line) for line in Path("health.ndjson").read_text("utf-8").splitlines()]
    assert table.height == written.height
    figures = dict(
        table.filter((pl.col("account") == "A1") & (pl.col("scope") == "cross") & (pl.col("level") == "scope"))
        .select("component", pl.coalesce(pl.col("amount").cast(pl.String), "word"))
        .iter_rows()
    )
    assert str(accounts[0]["ratio"]) == figures["ratio"]
    assert accounts[0]["state"] == figures["state"]
    market = table.filter((pl.col("level") == "market") & (pl.col("name") == "BTCUSDT"))
    amounts = dict(market.select("component", "amount").iter_rows())
    assert accounts[0]["markets"][0]["maintenance_margin"] == amounts["maintenance_margin"]


def test_the_table_shows_the_worst_account_first(folder: Path) -> None:
    (folder / "prices.csv").write_text(PRICES.replace("60000", "56000"), "utf-8")

    done = run(*COMMAND)

    lines = done.out.splitlines()
    assert lines[3].split()[:2] == ["A1", "bankrupt"]
    assert "2 accounts, 1 isolated, 1 bankrupt, 2 normal" in done.err


@pytest.mark.parametrize(
    ("price", "more", "code"),
    [
        ("60000", ["--fail-on", "warn"], 0),
        ("57000", [], 0),
        ("57000", ["--fail-on", "warn"], 1),
        ("56000", ["--fail-on", "bankrupt"], 1),
        ("58700", ["--fail-on", "bankrupt"], 0),
    ],
)
def test_a_state_fails_the_command_only_when_asked(folder: Path, price: str, more: list[str], code: int) -> None:
    (folder / "prices.csv").write_text(PRICES.replace("60000", price), "utf-8")

    done = run(*COMMAND, "-o", "health.json", *more)

    assert code == done.code
    assert (folder / "health.json").exists()


def test_only_some_accounts_are_judged(folder: Path) -> None:
    assert ["A2"] == [account["account"] for account in _document("--only", "A2")["accounts"]]
    done = run(*COMMAND, "--only", "A3")
    assert 2 == done.code
    assert "there is no account 'A3' among the accounts" in done.err


def test_stale_prices_are_a_finding_of_strict_runs(folder: Path) -> None:
    policy = (configs_folder() / "venues" / "binance.yaml").read_text("utf-8")
    (folder / "policy.yaml").write_text(f"{policy}max_price_age_seconds: 60\n", "utf-8")
    (folder / "prices.csv").write_text("underlying,price,time\nBTC,60000,2026-06-25T15:00:00Z\nETH,3000,\n", "utf-8")
    command = ("health", "-a", "accounts.yaml", "--market", "prices.csv", "--account-policy", "policy.yaml")

    assert 2 == run(*command).code
    assert 1 == run(*command, "--as-of", "2026-06-25T16:00:00Z", "--strict").code
    done = run(*command, "--as-of", "2026-06-25T15:00:30+00:00", "--strict", "--format", "json")
    states = {account["account"]: account["state"] for account in json.loads(done.out)["accounts"]}
    assert {"A1": "normal", "A2": "normal"} == states  # ETH, whose price says no time, is in a bucket alone
    assert 1 == done.code


def test_faults_of_all_inputs_are_reported_together(folder: Path) -> None:
    (folder / "prices.csv").write_text("underlying,price\nBTC,0\n", "utf-8")
    (folder / "accounts.yaml").write_text(ACCOUNTS.replace("quantity: 100", "quantity: x"), "utf-8")

    done = run(*COMMAND[:-1], "nowhere.yaml")

    assert 2 == done.code
    for words in ("prices.csv:2", "accounts.yaml:13", "nowhere.yaml: no such file", "3 problems"):
        assert words in done.err


def test_risk_parameters_and_positions_go_together(folder: Path) -> None:
    done = run(*COMMAND, "-p", "x.spn")

    assert 2 == done.code
    assert "go together" in done.err


def test_margined_positions_meet_the_balances_of_their_account(folder: Path) -> None:
    example = configs_folder().parent / "examples" / "01-nse-end-of-day"
    for name in ("parameters.spn", "positions.csv"):
        shutil.copy(example / name, folder / name)
    margined = margin.calculate(margin.read_parameters("parameters.spn"), margin.read_positions("positions.csv"))
    risk = margined.accounts.row(0, named=True)
    (folder / "policy.yaml").write_text(
        "format: margin-account-policy\nversion: 1\ntitle: T\nsource: S\neffective_date: 2026-01-01\n"
        "reporting_asset: INR\nassets: {INR: {weight: 1}}\n"
        "states: [{state: liquidate, health_below: 0}, {state: normal}]\n",
        "utf-8",
    )
    (folder / "balances.csv").write_text(f"account,asset,quantity\n{risk['account']},INR,5000000\n", "utf-8")

    done = run(
        *("health", "-p", "parameters.spn", "-i", "positions.csv", "-a", "balances.csv"),
        *("--account-policy", "policy.yaml", "--format", "json", "--strict"),
    )

    document = json.loads(done.out)
    (account,) = document["accounts"]
    assert risk["span_risk"] == pytest.approx(account["maintenance_margin"])
    assert 5_000_000 + risk["net_option_value"] == pytest.approx(account["equity"])
    available = risk["available_net_option_value"]
    assert 5_000_000 + available - risk["span_risk"] == pytest.approx(account["health"])
    assert account["initial_margin"] is None or account["available"] is not None
    missing = [problem for problem in document["problems"] if "is not among the accounts" in problem["message"]]
    assert margined.accounts["account"].n_unique() - 1 == len({problem["account"] for problem in missing})
    assert 1 == done.code
