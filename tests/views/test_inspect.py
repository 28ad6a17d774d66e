import json
from pathlib import Path

import jsonschema
import pytest

import margin
from margin.model.problem import InputRefused
from tests.read.parameters.spn_documents import (
    FUTURES,
    LINKS,
    NIFTY_LOSSES,
    OPTIONS,
    PHYSICALS,
    cc_def,
    clearing_org,
    d_spread,
    document,
    el,
    family,
    fields,
    future,
    indented,
    leg,
    link,
    point_in_time,
    ra,
)

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "configs/schema/inspect.schema.json").read_bytes())
EXAMPLE = ROOT / "examples/01-nse-end-of-day"


def checked(document_):
    """A document that keeps to the schema of its kind, which says more of a fault than the schema of all kinds."""
    jsonschema.validate(document_, {"$defs": SCHEMA["$defs"], **SCHEMA["$defs"][f"{document_['kind']}_document"]})
    jsonschema.validate(document_, SCHEMA)
    return json.loads(json.dumps(document_, allow_nan=False))


def read(folder, *organisations, name="small.spn"):
    path = folder / name
    path.write_text(indented(document(point_in_time(*organisations, settlement=1))), "utf-8")
    return margin.read_parameters(path)


@pytest.fixture
def small(tmp_path):
    return read(tmp_path)


def test_a_parameter_file_says_what_it_holds(small):
    found = checked(margin.inspect(small))

    assert "parameters" == found["kind"]
    assert [("NSCCL", "2026-06-25", "settlement early")] == [
        (item["code"], item["business_date"], item["session"]) for item in found["clearing_orgs"]
    ]
    assert {"FUT": 2, "OOP": 4, "PHY": 1} == found["counts"]["contracts_by_type"]
    assert (7, 3, 1) == tuple(found["counts"][name] for name in ("contracts", "products", "commodities"))
    assert [{"rate_id": "1", "contracts": 7, "scenarios": 16}] == found["rate_ids"]
    assert [("S", True), ("M", False)] == [(item["code"], item["is_customer"]) for item in found["account_types"]]
    assert small.sources[0].sha256 == found["sources"][0]["sha256"]
    assert "nsccl" == found["house"]
    assert [] == found["refused"]


def test_a_commodity_is_one_row_with_the_scan_range_of_its_nearest_maturity(small):
    (row,) = margin.inspect(small)["commodities"]

    assert ("NSCCL", "NIFTY", "INR") == (row["clearing_org"], row["commodity"], row["currency"])
    assert (7, 4, 2, "20260630", "20260728") == tuple(
        row[name] for name in ("contracts", "options", "periods", "first_period", "last_period")
    )
    assert ("NSE NIFTY FUT 20260630", 2234.01, 0.04) == tuple(
        row["front"][name] for name in ("contract", "price_scan", "volatility_scan")
    )
    assert {"intracommodity": 1, "short_option_minimum": 1} == {k: n for k, n in row["tier_counts"].items() if n}
    assert (1, 0, [0.0], 16) == tuple(
        row[name] for name in ("intracommodity_spreads", "intercommodity_spreads", "short_option_minimum", "scenarios")
    )
    assert "GROSS" == row["methods"]["short_option_minimum"]
    assert not row["is_refused"]


def test_scan_ranges_are_listed_once_for_each_series(small):
    rows = margin.inspect(small)["scan_ranges"]

    assert [("FUT", "20260630", 1), ("FUT", "20260728", 1), ("OOP", "20260630", 3), ("OOP", "20260728", 1)] == [
        (row["type"], row["period"], row["contracts"]) for row in rows if row["type"] != "PHY"
    ]
    assert {2234.01} == {row["price_scan"] for row in rows}


def test_a_commodity_shows_its_definitions(small):
    found = checked(margin.inspect(small, "NIFTY"))
    (item,) = found["commodities"]

    assert [] == found["contracts"]
    assert [("NIFTY", "PHY", 1), ("NIFTY", "FUT", 2), ("NIFTY", "OOP", 4)] == [
        (row["product"], row["type"], row["contracts"]) for row in item["products"]
    ]
    assert [("intracommodity", 1, "20260630", "20260728"), ("short_option_minimum", 0, None, None)] == [
        (tier["kind"], tier["tier"], tier["start"], tier["end"]) for tier in item["tiers"]
    ]
    assert [(1, "F", "20260630 against 20260728", {"1": 425.0})] == [
        (spread["priority"], spread["charge_method"], spread["words"], spread["rates"]) for spread in item["spreads"]
    ]
    assert [{"rate_id": "2", "base_rate_id": "1", "factor": 1.0}] == item["rate_adjustments"]
    assert ("price +2×, volatility unchanged, 35% covered".replace("+2×", "+2× of scan range"), 0.35) == (
        item["grid"]["points"][14]["words"],
        item["grid"]["points"][14]["weight"],
    )


@pytest.mark.parametrize(
    "name",
    ["NSE NIFTY FUT 20260630", "NSE NIFTY FUT 2026-06-30", "NSE  NIFTY fut 20260630"],
    ids=["code", "date", "case"],
)
def test_a_contract_shows_its_array(small, name):
    found = checked(margin.inspect(small, name))
    (item,) = found["contracts"]
    (array,) = item["arrays"]

    assert [] == found["commodities"]
    assert ("NIFTY", "NSE NIFTY FUT 20260630", 24051.8, 24051.8) == (
        item["commodity"],
        item["contract"],
        item["price"],
        item["value"],
    )
    assert list(NIFTY_LOSSES) == [row["loss"] for row in array["scenarios"]]
    assert ("price unchanged, volatility up", 0.0, 1.0) == tuple(
        array["scenarios"][0][field] for field in ("words", "price_move", "volatility_move")
    )
    assert (13, 11, 1.0, 2234.01) == (
        array["worst_scenario_long"],
        array["worst_scenario_short"],
        array["composite_delta"],
        array["scan_range"]["price_scan"],
    )


@pytest.mark.parametrize("name", ["NSE NIFTY OOP 20260630 C 24000", "NSE NIFTY OOP 2026-06-30 C 24000.00"])
def test_an_option_is_found_by_its_strike_as_a_number(small, name):
    (item,) = margin.inspect(small, contract=name)["contracts"]

    assert ("C", 24000.0, 0.45, "NSE NIFTY PHY") == (
        item["right"],
        item["strike"],
        item["arrays"][0]["composite_delta"],
        item["underlying"],
    )


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"name": "NIFTI"}, "did you mean NIFTY?"),
        ({"name": "GOLD"}, "there are NIFTY"),
        ({"name": "NSE NIFTY FUT 20260629"}, "the nearest there is NSE NIFTY FUT 20260630"),
        ({"commodity": "NSE NIFTY FUT 20260630"}, "no combined commodity"),
        ({"contract": "NIFTY"}, "contract NIFTY is not in the parameters"),
        ({"contract": "1"}, "fits several contracts"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_what_is_near(small, choice, words):
    with pytest.raises(InputRefused, match=words):
        margin.inspect(small, **choice)


def test_one_name_at_a_time(small):
    with pytest.raises(TypeError, match="exclude each other"):
        margin.inspect(small, "NIFTY", commodity="NIFTY")
    with pytest.raises(TypeError, match="of parameters"):
        margin.inspect(margin.read_house("cme"), "NIFTY")


def test_a_product_leads_to_the_commodities_that_hold_it(tmp_path):
    commodity = cc_def("INDICES", links=LINKS)
    parameters = read(tmp_path, clearing_org(commodities=commodity))

    assert ["INDICES"] == [item["commodity"] for item in margin.inspect(parameters, "NIFTY")["commodities"]]


def test_a_commodity_of_several_organisations_is_shown_for_each(tmp_path):
    other = clearing_org(
        header=fields(ec="OTHER", name="Other")
        + el("pbRateDef", fields(r=1, isCust=1, acctType="S", isM=1, pbc="CORE"))
    )
    parameters = read(tmp_path, clearing_org(), other)

    found = margin.inspect(parameters, "NIFTY")
    contracts = margin.inspect(parameters, "NSE NIFTY FUT 20260630")
    assert ["NSCCL", "OTHER"] == [item["clearing_org"] for item in found["commodities"]]
    assert ["NSCCL", "OTHER"] == [item["clearing_org"] for item in contracts["contracts"]]


def test_what_would_be_refused_if_held_is_said(tmp_path):
    tail = d_spread(
        1,
        leg("20260630", "A"),
        leg("20260728", "B"),
        method="P",
        rates=el("pmpsRate", fields(r=1, val=1, pmRate=2, psRate=3)),
    )
    parameters = read(tmp_path, clearing_org(commodities=cc_def(head=fields(somMeth="ODD"), tail=tail)))

    found = checked(margin.inspect(parameters))
    assert ["ccDef[NIFTY]/dSpread[1]/chargeMeth", "ccDef[NIFTY]/somMeth"] == sorted(
        problem["attributes"]["element"] for problem in found["refused"]
    )
    assert found["commodities"][0]["is_refused"]
    assert found["refused"] == checked(margin.inspect(parameters, "NIFTY"))["commodities"][0]["refused"]


def test_contracts_that_cannot_be_margined_are_counted(tmp_path):
    bare = family("futPf", 2, "NIFTY", future(1, "20260630"), future(2, "20260728", array=""))
    lonely = family("futPf", 9, "LONELY", future(1, "20260630"))
    commodity = cc_def(links=link(1, "PHY") + link(2, "FUT"))
    parameters = read(tmp_path, clearing_org(PHYSICALS + bare + lonely, commodity))

    found = checked(margin.inspect(parameters))
    assert (1, 1) == (found["counts"]["contracts_without_commodity"], found["counts"]["contracts_without_array"])
    (warning,) = found["refused"]
    assert ("warning", 1) == (warning["severity"], warning["attributes"]["contracts"])
    assert margin.inspect(parameters, "NSE NIFTY FUT 20260728")["contracts"][0]["arrays"] == []


def test_a_commodity_without_a_rate_would_not_be_margined(tmp_path):
    header = fields(ec="NSCCL") + el("pbRateDef", fields(r=7, isCust=1, acctType="S", isM=1, pbc="CORE"))
    parameters = read(tmp_path, clearing_org(PHYSICALS + FUTURES + OPTIONS, cc_def(tail=""), header=header))

    found = checked(margin.inspect(parameters))
    assert ["missing_rate"] == [problem["reason"] for problem in found["refused"]]
    assert found["commodities"][0]["is_refused"]


def test_positions_are_counted_as_they_stand(tmp_path):
    path = tmp_path / "positions.csv"
    path.write_text(
        "firm,account,exchange,product,type,expiry,quantity,desk\n"
        "ABC,ACC1,NSE,NIFTY,FUT,20260630,65,x\nABC,ACC1,NSE,NIFTY,FUT,20260728,-65,x\nABC,ACC2,NSE,GOLD,FUT,20260630,0.1,y\n",
        "utf-8",
    )
    found = checked(margin.inspect(margin.read_positions(path)))

    assert {"rows": 3, "accounts": 2, "firms": 1, "contracts": 3, "balances": 0} == found["counts"]
    assert {"long": 65.1, "short": 65.0, "gross": 130.1, "net": 0.1} == pytest.approx(found["quantities"])
    assert [("GOLD", 0.1), ("NIFTY", 65.0)] == [(row["product"], row["long"]) for row in found["products"]]
    assert [("ACC1", 2, 0.0), ("ACC2", 1, 0.1)] == [
        (row["account"], row["rows"], row["net"]) for row in found["accounts"]
    ]
    assert ["desk"] == found["extra_columns"]
    assert not found["has_gross_counts"]


def test_longs_and_shorts_that_are_counted_apart_stay_apart(tmp_path):
    path = tmp_path / "positions.csv"
    path.write_text("account,contract,long,short\nA,F1,5,3\nB,F1,0,4\n", "utf-8")
    found = checked(margin.inspect(margin.read_positions(path)))

    assert {"long": 5.0, "short": 7.0, "gross": 12.0, "net": -2.0} == found["quantities"]
    assert found["has_gross_counts"]


def test_a_house_policy_shows_every_choice():
    found = checked(margin.inspect(margin.read_house("nsccl")))["house"]

    assert ("nsccl", "units", ["NSCCL"]) == (found["name"], found["quantity_unit"], found["clearing_orgs"])
    assert {"decimals": 2, "mode": "half_away"} == found["rounding"]["scan_risk"]
    assert found["rounding"]["delta"] is None
    assert all(switch["is_default"] for switch in found["switches"])


def test_the_example_keeps_the_schema():
    parameters = margin.read_parameters(EXAMPLE / "parameters.spn")

    for choice in ({}, {"name": "LOTUS50"}, {"name": "NSE LOTUS50 OOP 20260630 C 24000"}):
        checked(margin.inspect(parameters, **choice))
    for name in ("positions.csv", "positions.pos"):
        checked(margin.inspect(margin.read_positions(EXAMPLE / name)))


def test_arrays_in_several_rate_ids_are_all_shown(tmp_path):
    futures = family(
        "futPf", 2, "NIFTY", future(1, "20260630", array=ra() + ra([2 * loss for loss in NIFTY_LOSSES], r=2))
    )
    parameters = read(
        tmp_path, clearing_org(PHYSICALS + futures, cc_def(links=link(1, "PHY") + link(2, "FUT"), tail=""))
    )

    (item,) = margin.inspect(parameters, "NSE NIFTY FUT 20260630")["contracts"]
    assert [("1", 8.72), ("2", 17.44)] == [
        (array["rate_id"], array["scenarios"][0]["loss"]) for array in item["arrays"]
    ]
