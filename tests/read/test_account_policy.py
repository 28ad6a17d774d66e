from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from margin.model.account_policy import UNBOUNDED, RateTier, WeightTier
from margin.model.problem import Faults, InputRefused
from margin.read.account_policy import packaged_account_policies, read_account_policy
from margin.read.json_schema import account_policy_json_schema, accounts_json_schema, schema_text
from margin.read.packaged import configs_folder
from margin.read.strict_yaml import load_yaml

POLICY = """format: margin-account-policy
version: 1
title: Mine
source: rule book
effective_date: 2026-01-02
reporting_asset: USDC
assets:
  USDC: {weight: 1}
  BTC: {tiers: [{up_to: 1000, weight: 0.9}, {weight: 0.5}], liability_weight: 1.1}
markets:
  PERP:
    {kind: linear, price: BTC, settlement: USDC, maintenance_tiers: [{above: 0, rate: 0.01}, {above: 50, rate: 0.02}]}
states:
  - {state: bankrupt, equity_below: 0}
  - {state: liquidate, ratio_at_most: 1.05, leave_at_ratio: 10/9}
  - {state: warn, ratio_at_most: 1.5}
  - {state: normal}
margin_call: {requirement: initial, asset: USDC, round_up_to: {USDC: 100}}
"""


def _read(folder: Path, text: str) -> Any:
    path = folder / "mine.yaml"
    path.write_text(text, "utf-8")
    return read_account_policy(path)


def test_a_policy_says_what_the_document_says(tmp_path: Path) -> None:
    policy = _read(tmp_path, POLICY)

    bitcoin = policy.assets["BTC"]
    assert (WeightTier(1000.0, 0.9), WeightTier(UNBOUNDED, 0.5)) == bitcoin.maintenance_tiers
    assert bitcoin.maintenance_tiers == bitcoin.initial_tiers
    assert (1.1, 1.1) == (bitcoin.maintenance_liability_weight, bitcoin.initial_liability_weight)
    assert (RateTier(0.0, 0.01), RateTier(50.0, 0.02)) == policy.markets["PERP"].maintenance_tiers
    assert 10 / 9 == policy.states[1].leave_at_ratio
    assert ("mine", 100.0) == (policy.name, policy.margin_call.round_up_to["USDC"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{weight: 1}", "{weight: 1.1}", "at most 1"),
        ("{weight: 1}", "{weight: -0.1}", "at least 0"),
        ("{weight: 1}", "{weight: .nan}", "expected a finite number"),
        ("{weight: 1}", "{}", "expected one of weight, tiers"),
        ("{weight: 1}", "{weight: 1, tiers: [{weight: 1}]}", "weight and tiers are both stated"),
        ("liability_weight: 1.1", "liability_weight: 0.9", "at least 1"),
        ("{weight: 0.5}", "{up_to: 1000, weight: 0.5}", "the last slice has an end"),
        ("{weight: 0.5}", "{up_to: 1000, weight: 0.8}, {weight: 0.5}", "up_to is 1000, expected more than 1000"),
        ("{above: 50,", "{above: 0,", "above is 0, expected more than 0"),
        ("{above: 0,", "{above: 1,", "begins above 0"),
        ("settlement: USDC", "settlement: USDT", "'USDT' is not one of the policy's assets; did you mean 'USDC'"),
        ("kind: linear", "kind: option", "has no rates of notional"),
        ("maintenance_tiers: [", "initial_tiers: [", "maintenance_of_initial; add it"),
        ("ratio_at_most: 1.5", "ratio_at_most: 1.01", "its ratio is 1.01, expected more than 1.05"),
        ("  - {state: normal}\n", "", "expected none in the last state"),
        ("{state: warn, ratio_at_most: 1.5}", "{state: warn}", "expected a condition in every state but the last"),
        ("state: warn", "state: bankrupt", "expected the worst state first"),
        ("asset: USDC,", "asset: EUR,", "'EUR' is not one of the policy's assets"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in POLICY

    with pytest.raises(InputRefused) as refused:
        _read(tmp_path, POLICY.replace(old, new, 1))

    assert words in str(refused.value)
    assert all(problem.line for problem in refused.value.problems)


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(InputRefused, match=r"packaged are binance.*did you mean 'binance'"):
        read_account_policy("binanse")


@pytest.mark.parametrize("name", packaged_account_policies())
def test_packaged_policies_are_dated_and_sourced(name: str) -> None:
    policy = read_account_policy(name)

    assert name == policy.name
    assert policy.title
    assert policy.source
    assert policy.effective_date


@pytest.mark.parametrize(
    ("name", "schema"), [("account-policy", account_policy_json_schema()), ("accounts", accounts_json_schema())]
)
def test_the_schema_files_are_those_of_the_models(name: str, schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    path = configs_folder() / "schema" / f"{name}.schema.json"
    assert schema_text(schema) == path.read_text("utf-8"), f"write it to {path}"


@pytest.mark.parametrize(
    ("old", "new"), [("version: 1", "version: 2"), ("{weight: 1}", "{weight: 2}"), ("title: Mine", "titel: Mine")]
)
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    schema = Draft202012Validator(json.loads(schema_text(account_policy_json_schema())))

    def is_valid(text: str) -> bool:
        tree = load_yaml(text.encode(), Faults())
        return tree is not None and bool(schema.is_valid(tree.value))

    assert is_valid(POLICY)
    assert not is_valid(POLICY.replace(old, new, 1))
