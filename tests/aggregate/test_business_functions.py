"""What opted-in positions cost, there and under normal clearing, and how a position opts in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

import margin
from margin.model.run import BUSINESS_FUNCTIONS_SCHEMA
from margin.report import Presentation, render
from tests.read.parameters.spn_documents import (
    DEFINITIONS,
    ORG_HEADER,
    cc_def,
    clearing_org,
    document,
    el,
    family,
    fields,
    future,
    leg,
    link,
    point_in_time,
    ra,
    scan_point,
    und_pf,
)
from tests.report.test_document import SCHEMA

# Price up or down by the scan range, and two scenarios in which nothing moves.
GRID = el(
    "pointDef",
    el("r", 1),
    scan_point(1, (0, 1, 1), 1, 1, 2),
    scan_point(2, (0, 1, 1), -1, 1, 1),
    scan_point(3, (1, 1, 1), 0, 1, 3),
    scan_point(4, (-1, 1, 1), 0, 1, 4),
)


def loses(amount: int) -> str:
    """A future that loses an amount when the price falls."""
    return ra([0, 0, -amount, amount])


OIL = family("futPf", 2, "OIL", und_pf(), *(future(i, f"20260{i}", array=loses(1000)) for i in (7, 8)))
GAS = family("futPf", 3, "GAS", und_pf(), *(future(i, f"20260{i}", array=loses(900)) for i in (7, 8)))
NO_RULES = el("somTiers", el("tier", el("tn", 0), el("rate", fields(r=1, val=0))))
NORMAL = cc_def("OIL", link(2, "FUT", "OIL"), NO_RULES) + cc_def("GAS", link(3, "FUT", "GAS"), NO_RULES)


def credit(first: str, second: str, rate: object) -> str:
    """One for one, a fraction of the price risk of both."""
    sides = (el("tLeg", fields(cc=code, tn=0, rs=side, i=1)) for code, side in ((first, "A"), (second, "B")))
    head = fields(spread=1, chargeMeth="W") + el("rate", fields(r=1, val=rate))
    return el("interSpreads", el("dSpread", head, *sides))


def agreement(code: str, kind: str, links: str, commodities: str, settings: str = "", spreads: str = "") -> str:
    head = fields(busFuncType=kind, ec=code, name=code, finalizeMeth="BY") + settings
    linked = el("busFuncCoLink", el("ec", "NSCCL"), el("busFuncExchLink", el("exch", "NSE"), links))
    return el("businessFunction", head, GRID, linked, commodities, spreads)


def linked(product_id: object, *listed: str) -> str:
    return el("bfPfLink", el("pfId", product_id), *listed)


CROSS_MARGIN = agreement(
    "XM1",
    "XM",
    linked(2) + linked(3),
    cc_def("XOIL", link(2, "FUT", "OIL"), NO_RULES) + cc_def("XGAS", link(3, "FUT", "GAS"), NO_RULES),
    spreads=credit("XOIL", "XGAS", "0.75"),
)
# The July future alone, with less risk than under normal clearing.
MUTUAL_OFFSET = agreement(
    "MO1", "MOS", linked(2, el("bfC", el("cId", 7), loses(600))), cc_def("OIL", link(2, "FUT", "OIL"), NO_RULES)
)
HEADER = "account,clearing_org,product,type,expiry,quantity\n"


def calculate(
    folder: Path, *rows: str, functions: str = CROSS_MARGIN + MUTUAL_OFFSET, header: str = HEADER, org: str = ORG_HEADER
) -> margin.MarginRun:
    """A run over rows of positions."""
    normal = clearing_org(OIL + GAS, NORMAL, header=org, points=GRID)
    (folder / "p.spn").write_text(document(point_in_time(normal, extra=functions), definitions=DEFINITIONS), "utf-8")
    (folder / "b.csv").write_text(header + "\n".join(rows) + "\n", "utf-8")
    return margin.calculate(
        margin.read_parameters(folder / "p.spn"), margin.read_positions(folder / "b.csv"), rounding="none"
    )


def accounts(run: margin.MarginRun) -> dict[str, Any]:
    return {account["account"]: account for account in run.to_dict()["accounts"]}


def test_a_position_that_names_no_clearing_organisation_is_cleared_normally(tmp_path: Path) -> None:
    by_name = calculate(tmp_path, "A,NSE OIL FUT 202607,2", header="account,contract,quantity\n")
    by_codes = calculate(tmp_path, "A,,OIL,FUT,202607,2")

    for run in (by_name, by_codes):
        assert [] == [problem for problem in run.problem_list if problem.severity == "error"]
        assert [("NSCCL", "OIL")] == run.commodities.select("clearing_org", "commodity").rows()
        assert "business_functions" not in accounts(run)["A"]


def test_the_code_of_a_business_function_opts_in(tmp_path: Path) -> None:
    run = calculate(tmp_path, "A,XM1,OIL,FUT,202607,10", "A,XM1,GAS,FUT,202607,-8")

    # 10 × 1,000 + 8 × 900, less three quarters of 8 × 1,000 and of 8 × 900.
    account = accounts(run)["A"]
    assert 17_200 - 6_000 - 5_400 == account["maintenance_requirement"]
    assert ["XGAS", "XOIL"] == [row["commodity"] for row in account["commodities"]]
    assert {"XM1"} == {row["clearing_org"] for row in account["commodities"]}
    assert [
        {
            "clearing_org": "XM1",
            "type": "XM",
            "currency": "INR",
            "span_risk_here": 5_800,
            "requirement_here": 5_800,
            "normal_clearing_span_risk": 17_200,
            "normal_clearing_requirement": 17_200,
            "saving": 11_400,
        }
    ] == account["business_functions"]


def test_an_account_may_hold_some_positions_here_and_some_there(tmp_path: Path) -> None:
    run = calculate(
        tmp_path,
        "A,XM1,OIL,FUT,202607,10",
        "A,XM1,GAS,FUT,202607,-8",
        "A,,OIL,FUT,202607,-4",
        "A,NSCCL,GAS,FUT,202608,1",
        "A,MO1,OIL,FUT,202607,3",
        "B,,OIL,FUT,202607,1",
    )

    found = accounts(run)
    # Nothing nets across complexes: 5,800 + 4 × 1,000 + 900 + 3 × 600.
    assert 5_800 + 4_000 + 900 + 1_800 == found["A"]["maintenance_requirement"]
    assert [("XM1", 5_800, 17_200), ("MO1", 1_800, 3_000)] == [
        (item["clearing_org"], item["requirement_here"], item["normal_clearing_requirement"])
        for item in found["A"]["business_functions"]
    ]
    assert "business_functions" not in found["B"]


def test_what_costs_more_than_normal_clearing_saves_less_than_nothing(tmp_path: Path) -> None:
    dearer = agreement(
        "MO1", "MOS", linked(2, el("bfC", el("cId", 7), loses(1_500))), cc_def("OIL", link(2, "FUT", "OIL"), NO_RULES)
    )

    (item,) = accounts(calculate(tmp_path, "A,MO1,OIL,FUT,202607,-2", functions=dearer))["A"]["business_functions"]

    assert -1_000 == item["saving"]


def test_lines_of_one_contract_are_one_position_in_the_comparison_too(tmp_path: Path) -> None:
    run = calculate(tmp_path, "A,XM1,OIL,FUT,202607,10", "A,XM1,OIL,FUT,202607,-10", "A,XM1,GAS,FUT,202607,1")

    (item,) = accounts(run)["A"]["business_functions"]
    assert (900, 900) == (item["requirement_here"], item["normal_clearing_requirement"])


def test_frames_and_the_long_table_hold_the_comparison(tmp_path: Path) -> None:
    run = calculate(tmp_path, "A,,OIL,FUT,202607,1", "B,XM1,OIL,FUT,202607,10")

    assert BUSINESS_FUNCTIONS_SCHEMA == run.business_function_rows.schema
    assert [("B", "XM1", 10_000.0)] == run.business_functions.select(
        "account", "clearing_org", "requirement_here"
    ).rows()
    saving = run.long_table().filter(component="saving").select("account", "clearing_org", "commodity", "amount")
    assert [("B", "XM1", "all", 0.0)] == saving.rows()


def test_the_document_follows_the_json_schema(tmp_path: Path) -> None:
    document_ = calculate(tmp_path, "A,XM1,OIL,FUT,202607,1").to_dict()
    jsonschema.validate(document_, SCHEMA)

    del document_["accounts"][0]["business_functions"][0]["saving"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document_, SCHEMA)


def test_the_page_shows_the_comparison(tmp_path: Path) -> None:
    run = calculate(tmp_path, "A,XM1,OIL,FUT,202607,10", "A,XM1,GAS,FUT,202607,-8")
    path = tmp_path / "page.txt"
    with path.open("wb") as out:
        render(run, "table", out, Presentation(width=90))

    lines = path.read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  XM1 · cross-margin agreement"))
    shown = [line.split()[-1] for line in lines[start + 1 : start + 5]]
    assert ["5,800.00", "17,200.00", "11,400.00"] == [shown[0], shown[1], shown[3]]
    assert 2 == sum("sha256" in line for line in lines)


def with_haircut(factor: str) -> str:
    return el("curConv", fields(fromCur="INR", toCur="JPY", factor=factor))


def test_a_business_function_converts_at_rates_of_its_own(tmp_path: Path) -> None:
    own = CROSS_MARGIN.replace("</finalizeMeth>", f"</finalizeMeth>{with_haircut('4')}")

    run = calculate(
        tmp_path,
        "A,XM1,OIL,FUT,202607,1,JPY",
        "B,,OIL,FUT,202607,1,JPY",
        functions=own,
        header=HEADER.replace("\n", ",currency\n"),
        org=ORG_HEADER + with_haircut("2"),
    )

    found = accounts(run)
    assert (4_000, 2_000) == (found["A"]["maintenance_requirement"], found["B"]["maintenance_requirement"])
    (item,) = found["A"]["business_functions"]
    assert ("JPY", 4_000, 2_000) == (item["currency"], item["requirement_here"], item["normal_clearing_requirement"])


def test_scenarios_other_than_those_of_the_arrays_are_refused_and_normal_clearing_is_not(tmp_path: Path) -> None:
    other = CROSS_MARGIN.replace("<weight>1</weight>", "<weight>0.5</weight>")

    run = calculate(tmp_path, "A,XM1,OIL,FUT,202607,1", "B,,OIL,FUT,202607,1", functions=other)

    found = accounts(run)
    assert (False, None) == (found["A"]["complete"], found["A"]["maintenance_requirement"])
    (item,) = found["A"]["business_functions"]
    assert (None, 1_000, None) == (item["requirement_here"], item["normal_clearing_requirement"], item["saving"])
    assert 1_000 == found["B"]["maintenance_requirement"]
    assert any("other scenarios than those of NSCCL" in problem.message for problem in run.problem_list)


def test_what_normal_clearing_has_in_no_commodity_is_not_compared(tmp_path: Path) -> None:
    functions = CROSS_MARGIN
    normal_without_gas = NORMAL[: NORMAL.index("<ccDef><cc>GAS")]
    text = document(
        point_in_time(clearing_org(OIL + GAS, normal_without_gas, points=GRID), extra=functions),
        definitions=DEFINITIONS,
    )
    (tmp_path / "p.spn").write_text(text, "utf-8")
    (tmp_path / "b.csv").write_text(HEADER + "A,XM1,GAS,FUT,202607,1\nB,XM1,OIL,FUT,202607,1\n", "utf-8")

    run = margin.calculate(margin.read_parameters(tmp_path / "p.spn"), margin.read_positions(tmp_path / "b.csv"))

    found = accounts(run)
    assert found["A"]["complete"]
    (item,) = found["A"]["business_functions"]
    assert (900, None, None) == (item["requirement_here"], item["normal_clearing_requirement"], item["saving"])
    assert 0 == found["B"]["business_functions"][0]["saving"]
    (warning,) = [problem for problem in run.problem_list if "comparison" in problem.message]
    assert "in account A" in warning.message


def test_a_net_quantity_is_not_compared_where_normal_clearing_is_gross(tmp_path: Path) -> None:
    net = CROSS_MARGIN.replace("<name>XM1</name>", "<name>XM1</name><isNetMargin>1</isNetMargin>")
    gross = ORG_HEADER.replace("<isNetMargin>1</isNetMargin>", "<isNetMargin>0</isNetMargin>")

    run = calculate(tmp_path, "A,XM1,OIL,FUT,202607,2", functions=net, org=gross)

    (item,) = accounts(run)["A"]["business_functions"]
    assert (2_000, None) == (item["requirement_here"], item["normal_clearing_requirement"])


UNKNOWN = {
    "a code nobody has": (
        "A,XM2,OIL,FUT,202607,1",
        "asks for clearing_org XM2, which the parameters do not have; did you mean XM1?",
        "XM1",
    ),
    "a code like no other": (
        "A,ZZZZZ,OIL,FUT,202607,1",
        "asks for clearing_org ZZZZZ, which the parameters do not have; it is margined at NSCCL, XM1, MO1",
        "NSCCL",
    ),
    "a contract that is not linked": (
        "A,MO1,OIL,FUT,202608,1",
        "is not margined at MO1, but at NSCCL, XM1; correct clearing_org",
        "NSCCL",
    ),
    "a contract nobody has": ("A,XM1,OIL,FUT,202612,1", "OIL FUT 202612 is not in the parameters", None),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_a_position_that_cannot_opt_in_is_set_aside_with_a_hint(tmp_path: Path, what: str) -> None:
    row, expected, hint = UNKNOWN[what]

    run = calculate(tmp_path, row)

    (problem,) = [problem for problem in run.problem_list if problem.severity == "error"]
    assert expected in problem.message
    assert hint is None or hint == problem.attributes["hint"]
    assert ("unknown_contract", 2, "A") == (problem.reason, problem.line, problem.account)


def test_a_product_of_business_functions_alone_needs_the_opt_in(tmp_path: Path) -> None:
    text = document(point_in_time(clearing_org(OIL, " ", points=GRID), extra=MUTUAL_OFFSET), definitions=DEFINITIONS)
    (tmp_path / "p.spn").write_text(text, "utf-8")
    (tmp_path / "b.csv").write_text(HEADER + "A,,OIL,FUT,202607,1\n", "utf-8")

    run = margin.calculate(margin.read_parameters(tmp_path / "p.spn"), margin.read_positions(tmp_path / "b.csv"))

    assert any("margined by business functions only; give clearing_org (MO1)" in p.message for p in run.problem_list)


def test_the_commodity_of_a_business_function_alone_does_not_opt_in(tmp_path: Path) -> None:
    header = HEADER.replace("clearing_org", "commodity")

    run = calculate(tmp_path, "A,XOIL,OIL,FUT,202607,1", header=header)

    assert not accounts(run)["A"]["complete"]
    assert any("give clearing_org (XM1)" in problem.message for problem in run.problem_list)


def test_spreads_between_normal_clearing_and_a_business_function(tmp_path: Path) -> None:
    home = el("homeLeg", fields(cc="XOIL", tn=0, rs="A", i=1), el("rate", fields(r=1, val="0.5")))
    away = el("awayLeg", fields(ec="NSCCL", cc="GAS", tn=0, rs="B", i=1))
    spreads = el("interClearSpreads", el("clearSpread", el("spread", 1), home, away))
    function = agreement("XM1", "XM", linked(2), cc_def("XOIL", link(2, "FUT", "OIL"), NO_RULES), spreads=spreads)

    run = calculate(tmp_path, "A,XM1,OIL,FUT,202607,4", "A,,GAS,FUT,202607,-2", functions=function)

    account = accounts(run)["A"]
    assert 4 * 1_000 - 2 * 1_000 * 0.5 + 2 * 900 == account["maintenance_requirement"]
    # The comparison is of the opted-in positions alone, without what they earn against others.
    assert 4_000 == account["business_functions"][0]["requirement_here"]


def test_periods_of_a_listed_family_spread_inside_the_business_function(tmp_path: Path) -> None:
    both = "".join(el("bfC", el("cId", i)) for i in (7, 8))
    tail = el(
        "dSpread",
        fields(spread=1, chargeMeth="F"),
        el("rate", fields(r=1, val=10)),
        leg("202607", "A", cc="OIL"),
        leg("202608", "B", cc="OIL"),
    )
    function = agreement("MO1", "MOS", linked(2, both), cc_def("OIL", link(2, "FUT", "OIL"), NO_RULES + tail))

    run = calculate(tmp_path, "A,MO1,OIL,FUT,202607,3", "A,MO1,OIL,FUT,202608,-3", functions=function)

    (item,) = accounts(run)["A"]["business_functions"]
    assert (30, 0) == (item["requirement_here"], item["normal_clearing_requirement"])
