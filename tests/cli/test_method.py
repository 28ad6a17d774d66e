"""The command line margins by the method that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tests.cli.command_line import REPOSITORY, margin

SCHEMA = json.loads((REPOSITORY / "configs/schema/calculate.schema.json").read_bytes())
PARAMETERS = """\
format: margin-parameters
version: 1
clearing_org: LONDON
business_date: 2026-06-25
currency: GBP
scenario_grid:
  points: [{price_move: 1, volatility_move: 0, weight: 1}, {price_move: -1, volatility_move: 0, weight: 1}]
commodities: [{code: P}, {code: Q}]
contracts:
  - {id: P, commodity: P, type: FUT, period: 202609, tick_value: 10, losses: [10, -10]}
  - {id: Q, commodity: Q, type: FUT, period: 202609, tick_value: 10, losses: [-8, 8]}
offset_spreads: [{priority: 1, charge: 10, commodities: [P, Q]}]
"""
INPUTS = ("calculate", "-p", "london.yaml", "-i", "positions.csv", "--format", "json")


def inputs(folder: Path) -> Path:
    (folder / "london.yaml").write_text(PARAMETERS, "utf-8")
    (folder / "positions.csv").write_text("account,contract,quantity\nACC,P,1\nACC,Q,1\n", "utf-8")
    return folder


def test_london_span_margins_what_span_refuses(tmp_path: Path) -> None:
    london = margin(*INPUTS, "--method", "london-span", folder=inputs(tmp_path))
    span = margin(*INPUTS, "--strict", folder=tmp_path)

    assert (0, 1) == (london.returncode, span.returncode)
    (account,) = json.loads(london.stdout)["accounts"]
    assert 30 == account["maintenance_requirement"]
    assert None is json.loads(span.stdout)["accounts"][0]["maintenance_requirement"]
    assert ["london-span", "span"] == [json.loads(result.stdout)["run"]["method"] for result in (london, span)]
    jsonschema.validate(json.loads(london.stdout), SCHEMA)


def test_the_environment_may_name_the_method(tmp_path: Path) -> None:
    result = margin(*INPUTS, folder=inputs(tmp_path), MARGIN_METHOD="london-span")

    assert "london-span" == json.loads(result.stdout)["run"]["method"]


def test_an_unknown_method_is_a_bad_argument_that_names_the_known_ones(tmp_path: Path) -> None:
    result = margin(*INPUTS, "--method", "london", folder=inputs(tmp_path))

    assert 2 == result.returncode
    assert b"'london' is not a method" in result.stderr
    assert b"(methods: london-span, span" in result.stderr
