"""Every SPAN case through the public API: published figures, and constructed ones that tell two readings apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import yaml

import margin
from margin.aggregate.option_value import OptionValue
from margin.aggregate.requirement import requirement
from tests.cases.house_configuration import WHOLE_UNITS, Node, write_case

FOLDER = Path(__file__).parent / "span"
FILES = sorted(FOLDER.glob("*.yaml"))
COMPONENTS = {
    "scan": "scan_risk",
    "active": "active_scenario",
    "time": "time_risk",
    "vol": "volatility_risk",
    "price": "price_risk",
    "net_delta": "net_delta",
    "intra": "intracommodity_charge",
    "spot": "delivery_charge",
    "inter": "intercommodity_credit",
    "som": "short_option_minimum",
    "lov": "long_option_value",
    "sov": "short_option_value",
    "nov": "net_option_value",
    "anov": "available_net_option_value",
}
TOTALS = {
    "maint": "span_risk",
    "margin_maint": "maintenance_requirement",
    "margin_init": "initial_requirement",
}
MODES = {"half_up": "half_away", "down": "down"}


def case_of(path: Path) -> Node:
    """The content of a case file."""
    node: Node = yaml.safe_load(path.read_text("utf-8"))
    return node


def cases_of_kind(kind: str) -> list[Any]:
    """Parameters (inputs, checks) of the cases of a kind; a file may vary its inputs case by case."""
    found = []
    for path in FILES:
        node = case_of(path)
        if node["kind"] != kind:
            continue
        for variant in node["inputs"].get("cases", [{"checks": node["checks"]}]):
            inputs = node["inputs"] | {key: value for key, value in variant.items() if key != "checks"}
            found.append(pytest.param(inputs, variant["checks"], id=f"{path.stem} {variant.get('name', '')}".strip()))
    return found


def run_case(
    folder: Path, inputs: Node, rounding: Literal["house", "none"] = "house", house: Node | None = None
) -> dict[str, Any]:
    """The JSON of a case's book."""
    parameters, positions = write_case(folder, inputs, house)
    run = margin.calculate(
        margin.read_parameters(parameters), margin.read_positions(positions), rounding=rounding
    ).to_dict()
    assert [] == [problem for problem in run["problems"] if problem["reason"] != "assumed_account_type"]
    return run


def figure(run: dict[str, Any], check: str) -> Any:
    """The figure a check names: ``ccs.X.scan``, ``currency.CUR.maint`` or ``log.intra.X.k.n``."""
    (account,) = run["accounts"]
    scope, *rest = check.split(".")
    if scope == "currency":
        code, name = rest
        (total,) = [total for total in run["totals"]["by_currency"] if total["currency"] == code]
        return account[TOTALS[name]] if name.startswith("margin") else total[TOTALS[name]]
    code, name = rest
    kind = "initial" if name == "init" else "maintenance"
    rows = [row for row in account["commodities"] if (row["commodity"], row["kind"]) == (code, kind)]
    (row,) = rows
    return row["span_risk" if name in ("maint", "init") else COMPONENTS[name]]


@pytest.mark.parametrize("rounding", ["none", "house"])
@pytest.mark.parametrize(("inputs", "checks"), cases_of_kind("portfolio"))
def test_portfolio(inputs: Node, checks: Node, rounding: Literal["house", "none"], tmp_path: Path) -> None:
    run = run_case(tmp_path, inputs, rounding)

    assert checks
    for check, expected in checks.items():
        assert pytest.approx(float(expected), rel=1e-12) == figure(run, check), check


@pytest.mark.parametrize(("inputs", "checks"), cases_of_kind("ratio"))
def test_initial_over_maintenance_is_rounded_as_published(inputs: Node, checks: Node, tmp_path: Path) -> None:
    rows = inputs["rows"]
    book = {
        "ccs": {f"C{i}": {"currency": "USD"} for i in range(len(rows))},
        "contracts": {
            f"F{i}": {"cc": f"C{i}", "kind": "FUT", "period": 202609, "psr": row["base"]} for i, row in enumerate(rows)
        },
        "positions": [{"account": f"A{i:02}", "id": f"F{i}", "net": 1} for i in range(len(rows))],
    }
    got = []
    for factor in inputs["factors"]:
        house = {
            "initial_ratios": {"S": float(factor)},
            "rounding": {"maintenance": WHOLE_UNITS, "initial": {"decimals": 0, "mode": MODES[inputs["mode"]]}},
        }
        accounts = run_case(tmp_path, book, house=house)["accounts"]
        assert [row["base"] for row in rows] == [account["maintenance_requirement"] for account in accounts]
        got.append([account["initial_requirement"] for account in accounts])

    assert {} == checks
    assert [row["expected"] for row in rows] == [list(row) for row in zip(*got, strict=True)]


@pytest.mark.parametrize(("inputs", "checks"), cases_of_kind("deltas"))
def test_position_deltas_and_their_sums(inputs: Node, checks: Node, tmp_path: Path) -> None:
    lines = inputs["positions"]
    book = {
        "ccs": {code: {"currency": "PLN"} for code in inputs["sums"]},
        "contracts": {
            line["id"]: line
            | {"kind": "FUT" if line["delta"] == 1 else "PUT" if line["delta"].startswith("-") else "CALL"}
            | {"period": 201101 + i, "array": [0] * 16}
            for i, line in enumerate(lines)
        },
        "positions": lines,
    }
    (account,) = run_case(tmp_path, book)["accounts"]
    deltas = {
        (row["commodity"], period["period"]): period["delta"]
        for row in account["commodities"]
        for period in row["periods"]
    }
    expected = {(line["cc"], str(201101 + i)): float(line["position_delta"]) for i, line in enumerate(lines)}

    assert {} == checks
    assert pytest.approx(expected, rel=1e-12) == deltas
    for code, (long, short) in inputs["sums"].items():
        own = [delta for (commodity, _), delta in deltas.items() if commodity == code]
        assert pytest.approx(float(long), rel=1e-12) == sum(delta for delta in own if delta > 0)
        assert pytest.approx(float(short), rel=1e-12) == sum(delta for delta in own if delta < 0)


def test_a_negative_option_value_adds_to_the_risk(tmp_path: Path) -> None:
    inputs = case_of(FOLDER / "21-kabucom-screen-nov.yaml")["inputs"]
    span, nov = inputs["vars"]["span"], inputs["vars"]["nov"]
    (expected,) = (line["equals"] for line in inputs["lines"])

    by_formula = requirement(
        np.array([float(span)]),
        np.ones(1),
        OptionValue(np.zeros(1), np.array([-float(nov)]), np.array([float(nov)]), np.zeros(1, dtype=np.bool_)),
        np.zeros(1, dtype=np.bool_),
        None,
    )
    option = {"cc": "NK", "kind": "CALL", "period": 202609, "delta": "0.5", "price": 1, "cvf": -nov, "array": [0] * 16}
    by_book = run_case(
        tmp_path,
        {
            "ccs": {"NK": {"currency": "JPY"}},
            "contracts": {"F": {"cc": "NK", "kind": "FUT", "period": 202609, "psr": span}, "C": option},
            "positions": [{"id": "F", "net": 1}, {"id": "C", "net": -1}],
        },
    )

    assert [expected] == by_formula.requirement.tolist()
    assert expected == figure(by_book, "currency.JPY.margin_maint")


def test_every_case_is_of_a_kind_that_is_run() -> None:
    here = {"portfolio", "ratio", "deltas", "arithmetic"}

    assert here | {"london_offset"} >= {case_of(path)["kind"] for path in FILES} >= here
