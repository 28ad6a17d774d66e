"""The JSON Schemas say of a document's structure what the readers say of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from margin.model.problem import Faults, InputRefused
from margin.read.house_policy import packaged_house_names, read_house_policy
from margin.read.json_schema import (
    house_json_schema,
    parameters_json_schema,
    scan_range_rule_json_schema,
    schema_text,
)
from margin.read.packaged import configs_folder
from margin.read.parameters import house
from margin.read.source import Source
from margin.read.strict_yaml import load_yaml

PARAMETERS = """format: margin-parameters
version: 1
clearing_org: CME
business_date: 1997-06-30
currency: USD
scenario_grid: {standard: {extreme_move: 3, cover: 0.33}}
contracts:
  - {id: SPF, commodity: SP, type: FUT, period: 199712, price_scan_range: 10000}
"""
POLICY = """format: margin-house
version: 1
title: Mine
source: rule book
effective_date: 2026-01-02
quantity_unit: units
lot_sizes: {NIFTY: 75}
rounding: {scan_risk: {decimals: 0, mode: up}, initial: null}
"""
CHANGES = [
    ("version: 1", "version: 2"),
    ("version: 1", "version: '1'"),
    ("format: ", "format: x-"),
    ("format: ", "formt: "),
]
PARAMETER_CHANGES = [
    *CHANGES,
    ("currency: USD", "currency: null\ncommodities: [{code: SP, currency: USD}]"),
    ("currency: USD", "currency: 5.5"),
    ("currency: USD", "currency: [USD]"),
    ("currency: USD", "currency: USD\nzzz: 1"),
    ("currency: USD", "currency: USD\naccount_types: [{code: S, customer: true, net: true}]"),
    ("currency: USD", "currency: USD\naccount_types: [{code: S, customer: yes, net: true}]"),
    ("currency: USD", "currency: USD\ncommodities: [{code: SP, groups: [A, 7]}]"),
    ("currency: USD", "currency: USD\ncommodities: [{code: SP, groups: A}]"),
    ("currency: USD", "currency: USD\ncommodities: [{code: SP, short_option_minimum: {method: MAX, rate: 5}}]"),
    ("currency: USD", "currency: USD\ncommodities: [{code: SP, short_option_minimum: {method: MOST, rate: 5}}]"),
    ("currency: USD", "currency: USD\ncommodities: [{code: SP, short_option_minimum: {method: MAX, rate: -5}}]"),
    ("currency: USD", "currency: USD\ncommodities: [{code: SP, scan_tiers: [{tier: 0}]}]"),
    ("currency: USD", "currency: USD\nspreads: [{kind: super, priority: 1, legs: []}]"),
    ("currency: USD", "currency: USD\nhouse: {quantity_unit: lots, lot_sizes: {A: 0}}"),
    ("currency: USD", "currency: USD\nhouse: {quantity_unit: lots, lot_sizes: {A: 1}}"),
    ("cover: 0.33", "cover: 1.5"),
    ("cover: 0.33", "cover: 0"),
    ("cover: 0.33", "cover: '0.33'"),
    ("{standard: {extreme_move: 3, cover: 0.33}}", "{points: [{price_move: 1/3, volatility_move: 0, weight: 1}]}"),
    ("{standard: {extreme_move: 3, cover: 0.33}}", "{points: [{price_move: third, volatility_move: 0, weight: 1}]}"),
    ("{standard: {extreme_move: 3, cover: 0.33}}", "{points: [{price_move: 1, volatility_move: 0}]}"),
    ("{standard: {extreme_move: 3, cover: 0.33}}", "{points: []}"),
    ("period: 199712", "period: 1997-12-19"),
    ("period: 199712", "period: 1997.12"),
    ("period: 199712", "period: true"),
    ("type: FUT", "type: FUTURE"),
    ("price_scan_range: 10000", "price_scan_range: 0"),
    ("price_scan_range: 10000", "price_scan_range: 10_000"),
    ("price_scan_range: 10000", "losses: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5.5]"),
    ("price_scan_range: 10000", "losses: [0, x]"),
    ("price_scan_range: 10000", "losses: 5"),
    ("commodity: SP, ", ""),
    ("\n  - {id", "\n  {id"),
    (PARAMETERS.split("contracts:\n")[1], "  7\n"),
]
POLICY_CHANGES = [
    *CHANGES,
    ("title: Mine", "title: ''"),
    ("title: Mine", "title: 7"),
    ("quantity_unit: units", "quantity_unit: unit"),
    ("quantity_unit: units", "extends: nsccl"),
    ("{NIFTY: 75}", "{NIFTY: -75}"),
    ("{NIFTY: 75}", "[75]"),
    ("{NIFTY: 75}", "null"),
    ("mode: up", "mode: sideways"),
    ("decimals: 0", "decimals: 0.5"),
    ("decimals: 0", "decimals: 13"),
    ("initial: null", "initials: null"),
    ("2026-01-02", "20260102"),
    ("source: rule book\n", ""),
]


def data_of(text: str) -> Any:
    tree = load_yaml(text.encode(), Faults())
    assert tree is not None
    return tree.value


def is_valid(schema: dict[str, Any], text: str) -> bool:
    return bool(Draft202012Validator(schema).is_valid(data_of(text)))


def is_read(text: str, folder: Path) -> bool:
    try:
        if "margin-house" in text or "title" in text:
            (folder / "mine.yaml").write_text(text, encoding="utf-8")
            read_house_policy(folder / "mine.yaml")
        else:
            house.read(Source("x.yaml", "x.yaml", text.encode(), "0" * 64))
    except InputRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("parameters", parameters_json_schema()),
        ("house", house_json_schema()),
        ("scan_range_rule", scan_range_rule_json_schema()),
    ],
)
def test_the_schema_files_are_those_of_the_models(name: str, schema: dict[str, Any]) -> None:
    path = configs_folder() / "schema" / f"{name.replace('_', '-')}.schema.json"

    Draft202012Validator.check_schema(schema)
    assert schema_text(schema) == path.read_text(encoding="utf-8"), (
        f"write schema_text({name}_json_schema()) of margin.read.json_schema to {path}"
    )


def test_schemas_speak_of_documents_and_not_of_code() -> None:
    text = json.dumps([parameters_json_schema(), house_json_schema(), scan_range_rule_json_schema()])

    assert "pydantic" not in text
    assert "Args:" not in text


@pytest.mark.parametrize(("old", "new"), [("", ""), *PARAMETER_CHANGES])
def test_a_house_configuration_is_valid_where_it_is_read(old: str, new: str, tmp_path: Path) -> None:
    text = PARAMETERS.replace(old, new, 1) if old else PARAMETERS

    assert not old or text != PARAMETERS
    assert is_valid(parameters_json_schema(), text) is is_read(text, tmp_path)


@pytest.mark.parametrize(("old", "new"), [("", ""), *POLICY_CHANGES])
def test_a_house_policy_is_valid_where_it_is_read(old: str, new: str, tmp_path: Path) -> None:
    text = POLICY.replace(old, new, 1) if old else POLICY

    assert not old or text != POLICY
    assert is_valid(house_json_schema(), text) is is_read(text, tmp_path)


def test_the_examples_include_sound_and_faulty_documents(tmp_path: Path) -> None:
    for text, changes in ((PARAMETERS, PARAMETER_CHANGES), (POLICY, POLICY_CHANGES)):
        read = [is_read(text.replace(old, new, 1), tmp_path) for old, new in changes]
        assert 2 <= sum(read) < len(read) - 5


@pytest.mark.parametrize("name", packaged_house_names())
def test_packaged_policies_are_valid(name: str) -> None:
    text = (configs_folder() / "houses" / f"{name}.yaml").read_text(encoding="utf-8")

    assert is_valid(house_json_schema(), text)
