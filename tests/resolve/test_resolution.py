"""Identifiers, quantities, combinations, rates and currencies, as a whole calculation resolves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import margin
from margin.model.problem import InputRefused, Reason
from tests.read.parameters.spn_documents import (
    CC_METHODS,
    FUTURES,
    ORG_HEADER,
    PHYSICALS,
    cc_def,
    clearing_org,
    document,
    el,
    family,
    fields,
    future,
    indented,
    link,
    point_in_time,
    ra,
    scan_rate,
    und_pf,
)

Json = dict[str, Any]


def losses(size: float) -> list[float]:
    """A long contract that loses `size` in scenario 13 and gains it in scenario 11."""
    return [0.0] * 10 + [-size, -size, size, size, 0.0, 0.0]


def option(strike: float, underlying: str, size: float, period: str = "202606") -> Json:
    """A futures-style option on a future."""
    return {
        "commodity": "ES", "product": "ES", "type": "OOF", "period": period, "underlying_period": underlying,
        "right": "C", "strike": strike, "composite_delta": 0.5, "value_method": "FUT", "losses": losses(size),
    }  # fmt: skip


def commodity(code: str, currency: str = "USD") -> Json:
    """A commodity without tiers and spreads."""
    return {"code": code, "currency": currency}


def index_future(commodity_code: str, size: float, **more: Any) -> Json:
    """A September future."""
    return {
        "commodity": commodity_code, "product": commodity_code, "type": "FUT", "period": "202609",
        "losses": losses(size), **more,
    }  # fmt: skip


PARAMETERS: Json = {
    "format": "margin-parameters",
    "version": 1,
    "clearing_org": "CH",
    "business_date": "2026-06-01",
    "exchange": "X",
    "account_types": [{"code": "S", "customer": True, "net": True}],
    "scenario_grid": {"standard": {"extreme_move": 3, "cover": 0.33}},
    "commodities": [commodity("ES")],
    "contracts": [
        index_future("ES", 1000.0, id="front"),
        option(5000.0, "202609", 1.0),
        option(5000.25, "202609", 2.0),
        option(5100.0, "202609", 3.0),
        option(5100.0, "202612", 4.0),
        option(5000.0, "202609", 5.0, period="202606W1"),
    ],
}


def calculated(folder: Path, parameters: Json | str, positions: str, **options: Any) -> Json:
    """The JSON of a book."""
    path = folder / ("parameters.spn" if isinstance(parameters, str) else "parameters.yaml")
    path.write_text(parameters if isinstance(parameters, str) else json.dumps(parameters, indent=1), "utf-8")
    (folder / "book.csv").write_text(positions, "utf-8")
    run = margin.calculate(
        margin.read_parameters(path), margin.read_positions(folder / "book.csv"), **{"rounding": "none"} | options
    )
    return run.to_dict()


def table(header: str, *rows: str) -> str:
    """CSV text of one account."""
    return "\n".join([f"account,account_type,{header}", *(f"A,S,{row}" for row in rows)]) + "\n"


def only_account(run: Json) -> Json:
    """The single account of a run."""
    (account,) = run["accounts"]
    return account  # type: ignore[no-any-return]


# --- contracts ----------------------------------------------------------------------------------------------------

PARTS = "exchange,product,type,expiry,underlying_expiry,right,strike,quantity"


@pytest.mark.parametrize("expiry", ["202609", "2026-09", "20260900", "2026-09-00"])
def test_periods_compare_without_dashes_and_without_an_empty_day(expiry: str, tmp_path: Path) -> None:
    run = calculated(tmp_path, PARAMETERS, table(PARTS, f"X,ES,FUT,{expiry},,,,1"))

    assert 1000.0 == only_account(run)["span_risk"]


@pytest.mark.parametrize("expiry", ["202609W1", "20260915", "202610"])
def test_periods_never_match_by_prefix(expiry: str, tmp_path: Path) -> None:
    account = only_account(calculated(tmp_path, PARAMETERS, table(PARTS, f"X,ES,FUT,{expiry},,,,1")))

    assert (False, 1) == (account["complete"], account["set_aside"])


@pytest.mark.parametrize(
    ("strike", "expected"),
    [("5000", 1.0), ("5000.00", 1.0), ("5000.004", 1.0), ("5000.25", 2.0), ("5000.250", 2.0)],
)
def test_strikes_compare_as_numbers_at_the_precision_of_the_file(strike: str, expected: float, tmp_path: Path) -> None:
    run = calculated(tmp_path, PARAMETERS, table(PARTS, f"X,ES,OOF,202606,202609,C,{strike},1"))

    assert expected == only_account(run)["span_risk"]


@pytest.mark.parametrize("strike", ["5000.01", "5000.24", "500"])
def test_strikes_that_differ_at_the_precision_of_the_file_differ(strike: str, tmp_path: Path) -> None:
    run = calculated(tmp_path, PARAMETERS, table(PARTS, f"X,ES,OOF,202606,202609,C,{strike},1"))

    assert 1 == only_account(run)["set_aside"]


def test_a_week_code_is_part_of_the_period(tmp_path: Path) -> None:
    run = calculated(tmp_path, PARAMETERS, table(PARTS, "X,ES,OOF,202606W1,202609,C,5000,1"))

    assert 5.0 == only_account(run)["span_risk"]


def test_what_fits_two_contracts_is_set_aside_until_it_says_which(tmp_path: Path) -> None:
    vague = calculated(tmp_path, PARAMETERS, table(PARTS, "X,ES,OOF,202606,,C,5100,1"))
    exact = calculated(tmp_path, PARAMETERS, table(PARTS, "X,ES,OOF,202606,202612,C,5100,1"))
    (problem,) = vague["problems"]

    assert ("ambiguous_contract", 2) == (problem["reason"], problem["line"])
    assert "underlying_expiry" in problem["message"]
    assert 1 == only_account(vague)["set_aside"]
    assert 4.0 == only_account(exact)["span_risk"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("front", 1000.0),
        ("X ES FUT 202609", 1000.0),
        ("X ES OOF 202606 202609 C 5000", 1.0),
        ("X ES OOF 202606 202609 C 5000.25", 2.0),
    ],
)
def test_contracts_have_names(name: str, expected: float, tmp_path: Path) -> None:
    run = calculated(tmp_path, PARAMETERS, table("contract,quantity", f"{name},1"))

    assert expected == only_account(run)["span_risk"]


def test_the_hint_is_the_nearest_expiry(tmp_path: Path) -> None:
    futures = [index_future("ES", 1.0) | {"period": period} for period in ("20260630", "20260728", "20270629")]
    run = calculated(tmp_path, PARAMETERS | {"contracts": futures}, table(PARTS, "X,ES,FUT,2026-06-29,,,,1"))

    assert "X ES FUT 20260630" == run["problems"][0]["attributes"]["hint"]


def test_lines_of_one_contract_are_netted_however_it_is_named(tmp_path: Path) -> None:
    rows = ("front,,,,,3", ",X,ES,FUT,202609,-1", "X ES FUT 202609,,,,,0.5", ",X,ES,FUT,2026-09,-0.5")
    account = only_account(
        calculated(tmp_path, PARAMETERS, table("contract,exchange,product,type,expiry,quantity", *rows))
    )

    assert (2000.0, 1) == (account["span_risk"], account["positions"])


# --- quantities ---------------------------------------------------------------------------------------------------

UNITS = PARAMETERS | {"house": {"quantity_unit": "units", "lot_sizes": {"ES": 75}}}
CONTRACTS = PARAMETERS | {"house": {"quantity_unit": "contracts", "lot_sizes": {"ES": 49}}}


@pytest.mark.parametrize(
    ("parameters", "unit", "quantity", "expected"),
    [
        (UNITS, None, 150, 150_000.0),
        (UNITS, "units", 150, 150_000.0),
        (UNITS, "lots", 2, 150_000.0),
        (UNITS, "contracts", 2, 150_000.0),
        (CONTRACTS, None, 3, 3_000.0),
        (CONTRACTS, "lots", 3, 3_000.0),
        (CONTRACTS, "units", 147, 3_000.0),
    ],
)
def test_quantities_are_converted_by_lot_size(
    parameters: Json, unit: str | None, quantity: int, expected: float, tmp_path: Path
) -> None:
    run = calculated(tmp_path, parameters, table("contract,quantity", f"front,{quantity}"), quantity_unit=unit)

    assert pytest.approx(expected, rel=1e-12) == only_account(run)["span_risk"]


def test_a_missing_lot_size_is_refused_by_name(tmp_path: Path) -> None:
    parameters = PARAMETERS | {"house": {"quantity_unit": "units"}}

    with pytest.raises(InputRefused) as refused:
        calculated(tmp_path, parameters, table("contract,quantity", "front,2"), quantity_unit="lots")

    (problem,) = refused.value.problems
    assert (Reason.MISSING_LOT_SIZE, "ES") == (problem.reason, problem.attributes["found"])
    assert "lot_sizes" in problem.message


# --- rates --------------------------------------------------------------------------------------------------------

FUTURE = "account,account_type,exchange,product,type,expiry,quantity\nA,S,NSE,NIFTY,FUT,20260630,1\n"
WORST = 2244.36


def adjusted(*chain: tuple[int, int, str]) -> str:
    """A file whose rate ids follow from one another: (rate id, base, factor); 1 is maintenance, 3 initial."""
    rates = "".join(
        el("pbRateDef", fields(r=rate, isCust=1, acctType="S", isM=is_maintenance, pbc="CORE"))
        for rate, is_maintenance in ((1, 1), (3, 0))
    )
    tail = "".join(el("adjRate", fields(r=rate, baseR=base, val=value)) for rate, base, value in chain)
    header = ORG_HEADER[: ORG_HEADER.index("<pbRateDef>")] + rates
    commodity_text = cc_def(links=link(1, "PHY") + link(2, "FUT"), tail=tail, head=CC_METHODS)
    return indented(document(point_in_time(clearing_org(PHYSICALS + FUTURES, commodity_text, header=header))))


def test_rate_adjustments_are_followed_to_their_base(tmp_path: Path) -> None:
    account = only_account(calculated(tmp_path, adjusted((3, 2, "1.5"), (2, 1, "1.1")), FUTURE))

    assert WORST == account["maintenance_requirement"]
    assert pytest.approx(WORST * 1.65, rel=1e-12) == account["initial_requirement"]


def test_a_rate_based_on_itself_is_its_own_base(tmp_path: Path) -> None:
    account = only_account(calculated(tmp_path, adjusted((1, 1, "1.0"), (3, 1, "1.25")), FUTURE))

    assert WORST == account["maintenance_requirement"]
    assert pytest.approx(WORST * 1.25, rel=1e-12) == account["initial_requirement"]


def test_rate_adjustments_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="circle"):
        calculated(tmp_path, adjusted((3, 2, "1.5"), (2, 3, "1.1")), FUTURE)


def test_without_an_initial_rate_there_is_no_initial_requirement(tmp_path: Path) -> None:
    account = only_account(calculated(tmp_path, PARAMETERS, table("contract,quantity", "front,1")))

    assert account["initial_requirement"] is None
    assert account["complete"]


# --- combinations -------------------------------------------------------------------------------------------------


def combined(method: str, *legs: tuple[int, str, str]) -> str:
    """A file with a combination of NIFTY futures: (contract id, sign, count)."""
    references = "".join(el("undC", fields(exch="NSE", pfId=2, cId=cid, s=sign, i=count)) for cid, sign, count in legs)
    own = fields(cId=1, pe="20260630", p="10", cvf="1.0", sc="1.0")
    pairs = family("cmbPf", 7, "NIFTYCAL", und_pf(2), el("cmb", own, references, scan_rate(), ra([7] * 16)))
    links = link(1, "PHY") + link(2, "FUT") + link(7, "CMB", "NIFTYCAL")
    futures = family("futPf", 2, "NIFTY", und_pf(), future(1, "20260630"), future(2, "20260728", array=ra([5.0] * 16)))
    head = CC_METHODS.replace("<cmbMeth>NONE</cmbMeth>", f"<cmbMeth>{method}</cmbMeth>")
    commodity_text = cc_def(links=links, tail="", head=head)
    return indented(document(point_in_time(clearing_org(PHYSICALS + futures + pairs, commodity_text))))


COMBINATION = "account,account_type,exchange,product,type,expiry,quantity\nA,S,NSE,NIFTYCAL,CMB,20260630,2\n"


@pytest.mark.parametrize(
    ("method", "scan_risk", "deltas"),
    [
        ("NONE", 2 * 7.0, {"20260630": 2.0}),
        ("SPLIT", 2 * WORST - 2 * 5.0, {"20260630": 2.0, "20260728": -2.0}),
        ("DELTASPLIT", 2 * 7.0, {"20260630": 2.0, "20260728": -2.0}),
    ],
)
def test_combinations_stand_alone_or_as_their_legs(
    method: str, scan_risk: float, deltas: dict[str, float], tmp_path: Path
) -> None:
    account = only_account(calculated(tmp_path, combined(method, (1, "A", "1"), (2, "B", "1")), COMBINATION))
    row = account["commodities"][0]

    assert pytest.approx(scan_risk, rel=1e-12) == row["scan_risk"]
    assert deltas == {period["period"]: period["delta"] for period in row["periods"]}


# --- currencies ---------------------------------------------------------------------------------------------------

TWO_CURRENCIES = PARAMETERS | {
    "currencies": [{"code": "USD", "decimals": 2}, {"code": "EUR", "decimals": 2}],
    "conversions": [{"from_currency": "EUR", "to_currency": "USD", "factor": 1.25}],
    "commodities": [commodity("ES"), commodity("FDAX", "EUR")],
    "contracts": [index_future("ES", 1000.0, id="ES"), index_future("FDAX", 400.0, id="DAX")],
}
BOTH = table("currency,contract,quantity", "USD,ES,1", "USD,DAX,1")


def test_an_account_adds_up_in_its_own_currency(tmp_path: Path) -> None:
    account = only_account(calculated(tmp_path, TWO_CURRENCIES, BOTH))

    assert ("USD", 1000.0 + 1.25 * 400.0) == (account["currency"], account["span_risk"])
    assert {"ES": ("USD", 1000.0), "FDAX": ("EUR", 400.0)} == {
        row["commodity"]: (row["currency"], row["span_risk"]) for row in account["commodities"]
    }


def test_the_only_currency_held_is_that_of_the_account(tmp_path: Path) -> None:
    account = only_account(calculated(tmp_path, TWO_CURRENCIES, table("contract,quantity", "DAX,-2")))

    assert ("EUR", 800.0) == (account["currency"], account["span_risk"])


def test_a_missing_conversion_leaves_the_total_out_and_says_so(tmp_path: Path) -> None:
    run = calculated(tmp_path, TWO_CURRENCIES, BOTH.replace("USD", "EUR"))
    account = only_account(run)
    problems = [problem for problem in run["problems"] if problem["reason"] == "missing_conversion"]

    assert {"from": "USD", "to": "EUR"}.items() <= problems[0]["attributes"].items()
    assert (False, None, None) == (account["complete"], account["span_risk"], account["maintenance_requirement"])
    assert {1000.0, 400.0} == {row["span_risk"] for row in account["commodities"]}
