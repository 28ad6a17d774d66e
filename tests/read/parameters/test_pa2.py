"""What the reader of expanded unpacked files delivers of whole files."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import margin
from margin.model.parameters import SpreadDefinition, SpreadLeg, UnsupportedElement
from margin.model.problem import InputRefused, Reason
from margin.read.parameters import formats, pa2
from margin.read.parameters._pa2.layout import LAYOUTS
from margin.read.parameters._pa2.spreads import full_year
from margin.read.source import Source
from tests.read.parameters.pa2_lines import (
    FUTURE_LOSSES,
    HEADER,
    commodity,
    content,
    line,
    losses_text,
    pair,
    product,
    read,
    series,
    small_market,
)

ES = [product("ES", "FUT"), product("ES", "OOF"), commodity("ES", [("ES", "FUT"), ("ES", "OOF")])]
HEAD = "account,account_type,exchange,product,type,expiry,underlying_expiry,right,strike,quantity"


def margined(tmp_path: Path, lines: list[str], positions: str) -> dict[str, Any]:
    """The run of some positions, account by account: the account and its commodities of kind maintenance."""
    (tmp_path / "market.pa2").write_bytes(content(lines))
    (tmp_path / "positions.csv").write_text(f"{HEAD}\n{positions}")
    parameters = margin.read_parameters(tmp_path / "market.pa2", cache=False)
    run = margin.calculate(parameters, margin.read_positions(tmp_path / "positions.csv")).to_dict()
    return {"problems": run["problems"], **{account["account"]: account for account in run["accounts"]}}


def figures(account: dict[str, Any], commodity_code: str, kind: str = "maintenance") -> dict[str, Any]:
    (row,) = [row for row in account["commodities"] if (row["commodity"], row["kind"]) == (commodity_code, kind)]
    return row


def option(strike: int = 500_000, **more: Any) -> list[str]:
    """A call on the September future."""
    return pair("ES", "OOF", "202509", **{"option": "202509", "right": "C", "strike": strike, "price": 1250, **more})


# ------------------------------------------------------------------------------------------- margins


def test_a_calendar_spread_in_the_delivery_month(tmp_path: Path) -> None:
    run = margined(tmp_path, small_market(), "A,H,CME,ES,FUT,202509,,,,2\nA,H,CME,ES,FUT,202512,,,,-1\n")
    row = figures(run["A"], "ES")

    # One long is left: 1200. One spread forms: 50. In September 1 delta is in the spread at 10, 1 outright at 20.
    assert (1200, 50, 30) == (row["scan_risk"], row["intracommodity_charge"], row["delivery_charge"])
    assert 1280 == run["A"]["maintenance_requirement"] == run["A"]["initial_requirement"]
    assert [] == run["problems"]


def test_a_speculator_pays_initial_by_the_ratio(tmp_path: Path) -> None:
    run = margined(tmp_path, small_market(), "A,S,CME,ES,FUT,202512,,,,1\nB,M,CME,ES,FUT,202512,,,,1\n")

    assert (1200, 1320) == (run["A"]["maintenance_requirement"], run["A"]["initial_requirement"])
    assert (1200, 1200) == (run["B"]["maintenance_requirement"], run["B"]["initial_requirement"])


def test_a_credit_between_commodities_is_a_percentage_of_price_risk(tmp_path: Path) -> None:
    run = margined(tmp_path, small_market(), "A,H,CME,ES,FUT,202512,,,,1\nA,H,CME,NQ,FUT,202509,,,,-1\n")

    assert 600 == figures(run["A"], "ES")["intercommodity_credit"]
    assert 1000 == figures(run["A"], "NQ")["intercommodity_credit"]
    assert 1200 - 600 + 2000 - 1000 == run["A"]["maintenance_requirement"]


def test_a_short_option_pays_its_minimum_and_its_value(tmp_path: Path) -> None:
    run = margined(tmp_path, small_market(), "A,H,CME,ES,OOF,202509,202509,C,5000,-1\n")
    row = figures(run["A"], "ES")

    assert (100, -12.5 * 50) == (row["short_option_minimum"], row["net_option_value"])
    assert 725 == run["A"]["maintenance_requirement"]


def test_money_is_multiplied_by_the_risk_exponent(tmp_path: Path) -> None:
    lines = [item.replace("ES    0USD$", "ES    2USD$") for item in small_market()]
    run = margined(tmp_path, lines, "A,H,CME,ES,FUT,202509,,,,2\nA,H,CME,ES,FUT,202512,,,,-1\n")

    assert 128_000 == run["A"]["maintenance_requirement"]


def test_a_scan_range_caps_the_price_risk(tmp_path: Path) -> None:
    # The array says 1200, the published range 1000: method 2 of record S takes the lower one.
    lines = [item.replace("01200", "01000") if item.startswith("B CMEES ") else item for item in small_market()]
    run = margined(tmp_path, lines, "A,H,CME,ES,FUT,202512,,,,1\nA,H,CME,NQ,FUT,202509,,,,-1\n")

    assert 500 == figures(run["A"], "ES")["intercommodity_credit"]


def test_a_mini_contract_counts_by_its_delta_scaling_factor(tmp_path: Path) -> None:
    lines = [item for item in small_market() if not item.startswith("B CMENQ")]
    lines.append(series("NQ", "FUT", "202509", columns={53: "02000", 86: "001000"}))
    run = margined(tmp_path, lines, "A,H,CME,ES,FUT,202512,,,,1\nA,H,CME,NQ,FUT,202509,,,,-10\n")

    # Ten minis of a tenth are one delta; the price risk per delta is 20000, capped at 2000 / 0.1.
    assert 10_000 == figures(run["A"], "NQ")["intercommodity_credit"]


@pytest.mark.parametrize("left_out", ["81", "82"])
def test_a_contract_without_its_other_record_is_refused_only_when_held(tmp_path: Path, left_out: str) -> None:
    lines = [item for item in small_market() if not item.startswith(f"{left_out}CMEES        ES        FUT 202512")]
    run = margined(tmp_path, lines, "A,H,CME,ES,FUT,202509,,,,1\nB,H,CME,ES,FUT,202512,,,,1\n")

    assert run["A"]["complete"]
    assert 1220 == run["A"]["maintenance_requirement"]
    assert not run["B"]["complete"]
    assert run["B"]["maintenance_requirement"] is None


def test_a_method_without_a_formula_is_refused_only_when_held(tmp_path: Path) -> None:
    lines = [*small_market(), line("4", {3: "NQ", 9: "02", 11: "0000100"})]
    run = margined(tmp_path, lines, "A,H,CME,ES,FUT,202512,,,,1\nB,H,CME,NQ,FUT,202509,,,,1\n")

    assert run["A"]["complete"]
    assert not run["B"]["complete"]
    assert any("record 4 NQ method = 02" in problem["message"] for problem in run["problems"])


def test_a_target_outside_the_legs_does_not_count_as_a_leg(tmp_path: Path) -> None:
    spread = line(
        "6",
        {3: "ALL", 6: "0001", 10: "0500000", 17: "CMENNQ    0010000ACMENYM    0010000B", 89: "04CMENES    ", 110: "S"},
    )
    lines = [item for item in small_market() if not item.startswith("6 ")]
    lines += [product("YM", "FUT"), commodity("YM", [("YM", "FUT")]), *pair("YM", "FUT", "202509"), spread]
    run = margined(
        tmp_path,
        lines,
        "A,H,CME,ES,FUT,202512,,,,1\nA,H,CME,NQ,FUT,202509,,,,-1\n"
        "B,H,CME,YM,FUT,202509,,,,1\nB,H,CME,NQ,FUT,202509,,,,-1\n",
    )

    # Account A holds the target and one leg, and two legs are needed.
    assert [] == run["A"]["spreads"]
    assert 1200 + 2000 == run["A"]["maintenance_requirement"]
    # Account B: NQ loses 2000 up, YM gains 1200 there, half of which is allowed.
    assert ["scanning"] == [spread["form"] for spread in run["B"]["spreads"]]
    assert 2000 - 600 == figures(run["B"], "ES")["scan_risk"]


# ------------------------------------------------------------------------------ contracts and arrays


def test_losses_of_eight_digits() -> None:
    losses = [loss * 1000 for loss in FUTURE_LOSSES]
    parameters = read(ES, pair("ES", "FUT", "202509", losses=losses, digits=8))

    assert losses == parameters.arrays["1"].losses[0].tolist()
    assert [1.0] == parameters.arrays["1"].composite_delta.tolist()
    assert [5000.0] == parameters.contracts["price"].to_list()


def test_both_array_widths_stand_side_by_side_and_the_wider_wins() -> None:
    wide = [loss * 1000 for loss in FUTURE_LOSSES]
    parameters = read(
        ES,
        pair("ES", "FUT", "202509", losses=[99999] * 16),
        pair("ES", "FUT", "202512"),
        pair("ES", "FUT", "202509", losses=wide, digits=8),
    )

    assert ["202512", "202509"] == parameters.contracts["period"].to_list()
    assert [FUTURE_LOSSES, wide] == parameters.arrays["1"].losses.tolist()


def test_a_wider_array_that_is_not_complete_does_not_win() -> None:
    wide = pair("ES", "FUT", "202509", digits=8)
    parameters = read(ES, pair("ES", "FUT", "202509"), wide[0])

    assert [FUTURE_LOSSES] == parameters.arrays["1"].losses.tolist()


def test_second_records_are_found_by_their_key_and_not_by_their_place() -> None:
    september, december = pair("ES", "FUT", "202509"), pair("ES", "FUT", "202512", losses=[5] * 16)
    parameters = read(ES, september[0], december[0], december[1], september[1])

    assert ["202509", "202512"] == parameters.contracts["period"].to_list()
    assert [FUTURE_LOSSES, [5] * 16] == parameters.arrays["1"].losses.tolist()


def test_the_sign_of_a_strike_stands_outside_its_key() -> None:
    parameters = read(ES, option(50, losses=[1] * 16), option(-50, losses=[2] * 16))

    assert [0.5, -0.5] == parameters.contracts["strike"].to_list()
    assert [1, 2] == parameters.arrays["1"].losses[:, 15].tolist()


def test_strikes_of_either_sign_without_all_second_records_have_no_array() -> None:
    parameters = read(ES, option(50), option(-50)[0])

    assert [0] == parameters.arrays["1"].points.tolist()
    assert [0.5] == parameters.contracts["strike"].to_list()


def test_short_lines_are_blank_behind_their_end() -> None:
    first, second = pair("ES", "FUT", "202509")
    parameters = read(ES, first[:108], second[:102])

    assert [16] == parameters.arrays["1"].points.tolist()
    assert [None] == parameters.contracts["price"].to_list()
    assert [None] == parameters.contracts["volatility"].to_list()


def test_blank_losses_are_no_array_and_not_zero() -> None:
    parameters = read(ES, line("81", {3: "CME", 6: "ES", 16: "ES", 26: "FUT", 30: "202509"}))
    arrays = parameters.arrays["1"]

    assert [0] == arrays.points.tolist()
    (warning,) = parameters.problems
    assert (Reason.MISSING_FIELD, 6) == (warning.reason, warning.line)
    assert "no complete risk array" in warning.message


@pytest.mark.parametrize(
    ("locator", "sign", "expected"), [("2", "", -12.0), ("0", "", -1200.0), (" ", "", -1200.0), ("1", "-", -12000.0)]
)
def test_array_decimals_are_those_of_the_product(locator: str, sign: str, expected: float) -> None:
    two = commodity("ES", [("ES", "FUT")], {36: f"{locator}{sign}"})
    parameters = read(product("ES", "FUT"), two, pair("ES", "FUT", "202509"))

    assert expected == parameters.arrays["1"].losses[0, 10]


@pytest.mark.parametrize(
    ("option_day", "future_day", "expected"),
    [
        ("", "", ("202509", "202509")),
        ("00", "00", ("202509", "202509")),
        ("W1", "", ("202509W1", "202509")),
        ("15", "SD", ("20250915", "202509SD")),
    ],
)
def test_day_and_week_codes(option_day: str, future_day: str, expected: tuple[str, str]) -> None:
    records = option(first={45: option_day, 36: future_day}, second={45: option_day, 36: future_day})
    parameters = read(ES, records, series("ES", "OOF", "202509", "202509", {25: future_day, 34: option_day}))

    assert [expected] == parameters.contracts.select("period", "underlying_period").rows()
    assert [1200.0] == parameters.arrays["1"].scan_ranges["price_scan"].to_list()


def test_series_parameters_of_futures_may_have_zeros_for_the_option() -> None:
    parameters = read(
        ES, pair("ES", "FUT", "202509"), series("ES", "FUT", "202509", "00000000", {91: "5"} | {86: "00500"})
    )

    assert [0.5005] == parameters.contracts["delta_scaling_factor"].to_list()


def test_a_contract_without_series_parameters_has_a_delta_scaling_factor_of_one() -> None:
    parameters = read(ES, pair("ES", "FUT", "202509"))

    assert [1.0] == parameters.contracts["delta_scaling_factor"].to_list()
    assert [None] == parameters.arrays["1"].scan_ranges["price_scan"].to_list()


def test_a_delta_scaling_factor_of_zero_leaves_no_usable_array() -> None:
    parameters = read(ES, pair("ES", "FUT", "202509"), series("ES", "FUT", "202509", columns={86: "000000"}))

    assert [0] == parameters.arrays["1"].points.tolist()


def test_scan_ranges_have_exponents_of_their_own_and_may_be_percentages() -> None:
    months = {"202509": {166: "02"}, "202512": {166: "01-"}, "202603": {165: "P"}}
    parameters = read(
        ES,
        [text for month in months for text in pair("ES", "FUT", month)],
        [series("ES", "FUT", month, columns=columns) for month, columns in months.items()],
    )
    ranges = parameters.arrays["1"].scan_ranges

    assert [120_000.0, 120.0, None] == ranges["price_scan"].to_list()
    assert [None, None, 1200.0] == ranges["price_scan_percent"].to_list()


def test_the_innermost_contract_value_factor_wins() -> None:
    own = {138: "00000300000000", 152: "01+"}
    parameters = read(
        ES,
        option(1, second=own),
        option(2),
        pair("ES", "OOF", "202512", option="202512", right="C", strike=3),
        series("ES", "OOF", "202509", "202509", {129: "00000200000000", 143: "01", 145: "-"}),
    )

    assert [300.0, 2.0, 50.0] == parameters.contracts["contract_value_factor"].to_list()


@pytest.mark.parametrize(
    ("locator", "alignment", "digits", "expected"),
    [
        ("002", "", 1250, 12.5),
        ("-02", "", 125, 12_500.0),
        ("000", "", 125, 125.0),
        ("003", "0", 112_342, 112.3425),
        ("003", "0", 112_341, 112.34125),
        ("003", "0", 112_345, 112.345),
        ("003", "0", 112_347, 112.3475),
        ("003", "0", 112_348, 112.34875),
        ("003", "0", 112_344, None),
        ("003", "4", 112_345, 11.2345),
        ("002", "0", 112_345, None),
        ("003", "K", 112_345, None),
    ],
)
def test_prices(locator: str, alignment: str, digits: int, expected: float | None) -> None:
    parameters = read(
        product("ES", "OOF", {34: locator, 40: alignment}), commodity("ES", [("ES", "OOF")]), option(price=digits)
    )

    assert [expected] == parameters.contracts["price"].to_list()


def test_strikes_have_a_locator_and_a_sign_of_their_own() -> None:
    parameters = read(product("ES", "OOF", {37: "-01"}), option(-25))

    assert [-250.0] == parameters.contracts["strike"].to_list()


def test_prices_that_cannot_be_told_are_warned_of_and_refused_when_held(tmp_path: Path) -> None:
    lines = [
        item.replace("ES        OOF               002002 ", "ES        OOF               002002K")
        for item in small_market()
    ]
    run = margined(tmp_path, lines, "A,H,CME,ES,OOF,202509,202509,C,5000,-1\n")

    assert not run["A"]["complete"]
    parameters = margin.read_parameters(tmp_path / "market.pa2", cache=False)
    (warning,) = parameters.problems
    assert "alignment code 'K'" in warning.message


@pytest.mark.parametrize(
    ("digits", "expected"),
    [(9_999_999, (None, 12.5, "cabinet")), (9_990_100, (None, 1.0, "cabinet")), (9_989_999, (99_899.99, None, None))],
)
def test_cabinet_prices(digits: int, expected: tuple[float | None, float | None, str | None]) -> None:
    parameters = read(product("ES", "OOF", {56: "00001250"}), option(price=digits))

    assert [expected] == parameters.contracts.select("price", "contract_value", "price_quality").rows()


def test_a_future_has_no_cabinet_price() -> None:
    parameters = read(ES, pair("ES", "FUT", "202509", price=9_999_999))

    assert [99_999.99] == parameters.contracts["price"].to_list()


def test_the_long_price_is_used_where_it_alone_is_meant_or_given() -> None:
    parameters = read(
        ES,
        pair("ES", "FUT", "202509", first={109: "00001234567890Y"}, second={111: "9999999+"}),
        pair("ES", "FUT", "202512", first={109: "00000000001234N"}, second={111: "       -"}),
        pair("ES", "FUT", "202603", first={109: ""}, second={111: "0000100-"}),
    )

    assert [12_345_678.9, -12.34, -1.0] == parameters.contracts["price"].to_list()


@pytest.mark.parametrize(("style", "value", "expected"), [("P", "", "EQTY"), ("F", "", "FUT"), ("F", "EQTY", "EQTY")])
def test_options_are_valued_as_their_product_says_else_as_their_commodity_does(
    style: str, value: str, expected: str
) -> None:
    parameters = read(product("ES", "OOF", {117: value}), commodity("ES", [("ES", "OOF")], {13: f"0USD${style}"}))

    assert [expected] == [item.value_method for item in parameters.products]


@given(st.lists(st.integers(-99_999, 99_999), min_size=16, max_size=16), st.integers(-10_000, 10_000))
@settings(max_examples=40, deadline=None)
def test_any_array_is_read_as_it_is_written(losses: list[int], delta: int) -> None:
    parameters = read(ES, pair("ES", "FUT", "202509", losses=losses, delta=delta))

    assert losses == parameters.arrays["1"].losses[0].tolist()
    assert delta / 10_000 == parameters.arrays["1"].composite_delta[0]
    assert not np.signbit(parameters.arrays["1"].losses[parameters.arrays["1"].losses == 0]).any()


@pytest.mark.parametrize("end", ["\n", "\r\n", "   \r\n"])
def test_line_ends(end: str) -> None:
    whole = read(small_market(), end=end)
    expected = read(small_market(), end="\n")

    assert expected.contracts.equals(whole.contracts)
    assert expected.commodities == whole.commodities


def test_an_end_of_file_mark_and_empty_lines_say_nothing() -> None:
    text = content(small_market(), "", "") + b"\x1a"
    parameters = pa2.read(Source("test.pa2", "test.pa2", text, "digest"))

    assert () == parameters.problems


# -------------------------------------------------------------------------------------- definitions


def test_products_continue_on_further_records() -> None:
    names = [f"E{number}" for number in range(8)]
    parameters = read(
        [product(name, "FUT") for name in names],
        commodity("ES", [(name, "FUT") for name in names[:6]]),
        line("2", {3: "CME", 7: "ES", 23: "E6        FUT", 39: "E7        FUT"}),
    )
    (found,) = parameters.commodities

    assert names == [link.product for link in found.product_links]


def test_products_may_be_described_after_their_commodity() -> None:
    parameters = read(commodity("ES", [("ES", "FUT")]), product("ES", "FUT"), pair("ES", "FUT", "202509"))

    assert ["ES"] == [link.product for link in parameters.commodities[0].product_links]


def tier_text(first: int, last: int) -> str:
    return "".join(f"{number:02d}2026{number:02d}2026{number:02d}" for number in range(first, last + 1))


def test_intracommodity_tiers_continue_on_further_records() -> None:
    parameters = read(
        ES,
        line("3", {3: "ES", 9: "10", 11: tier_text(1, 4), 69: "100011001200"}),
        line("3", {3: "ES", 9: "10", 11: tier_text(5, 6), 81: "W1W2"}),
    )
    (found,) = parameters.commodities

    assert [1, 2, 3, 4, 5, 6] == [tier.number for tier in found.intracommodity_tiers]
    assert ("202605W1", "202605W2") == (found.intracommodity_tiers[4].start, found.intracommodity_tiers[4].end)
    assert {"M": 1.0, "H": 1.1, "S": 1.2} == dict(found.initial_ratios)


@pytest.mark.parametrize(
    ("method", "scan", "inter"),
    [
        ("01", [], []),
        ("10", [1, 2], []),
        ("20", [], [1, 2]),
        ("21", [1, 2], [1, 2]),
        ("22", [1, 2], []),
        ("23", [], [1, 2]),
    ],
)
def test_tier_methods(method: str, scan: list[int], inter: list[int]) -> None:
    parameters = read(ES, line("S", {3: "ES", 9: method, 11: "02", 13: tier_text(1, 2), 83: "1"}))
    (found,) = parameters.commodities

    assert scan == [tier.number for tier in found.scan_tiers]
    assert inter == [tier.number for tier in found.intercommodity_tiers]
    assert "NORMAL" == found.weighted_price_risk_method
    assert () == found.unsupported


def test_each_month_may_be_scanned_alone(tmp_path: Path) -> None:
    lines = [item.replace("S ES    01", "S ES    02") for item in small_market()]
    run = margined(tmp_path, lines, "A,H,CME,ES,FUT,202509,,,,2\nA,H,CME,ES,FUT,202512,,,,-1\n")
    row = figures(run["A"], "ES")

    assert [2400, 1200] == [tier["scan_risk"] for tier in row["scan_tiers"]]
    assert 3600 == row["scan_risk"]


def test_several_tier_records_and_minimums_by_tier() -> None:
    parameters = read(
        ES,
        line("S", {3: "ES", 9: "22", 11: "06", 13: tier_text(1, 5), 83: "3"}),
        line("S", {3: "ES", 9: "22", 11: "06", 13: tier_text(6, 6), 83: "3"}),
        line("S", {3: "ES", 9: "23", 11: "01", 13: tier_text(1, 1)}),
        line("S", {3: "ES", 9: "30", 11: "02", 13: tier_text(1, 2), 104: "00001000000200"}),
        line("4", {3: "ES", 9: "01", 63: "0000300", 79: "2"}),
    )
    (found,) = parameters.commodities

    assert [1, 2, 3, 4, 5, 6] == [tier.number for tier in found.scan_tiers]
    assert [1] == [tier.number for tier in found.intercommodity_tiers]
    assert [(1, 100.0), (2, 200.0), (0, 300.0)] == [
        (tier.number, tier.rates["1"]) for tier in found.short_option_minimum_tiers
    ]
    assert ("SCANRANGE", "GROSS") == (found.weighted_price_risk_method, found.short_option_minimum_method)


def test_a_commodity_without_tier_records_caps_its_price_risk() -> None:
    parameters = read(ES)

    assert ["SCANRANGE_CAP"] == [item.weighted_price_risk_method for item in parameters.commodities]


def spreads_of(*lines: str) -> list[SpreadDefinition]:
    return list(read(ES, product("NQ", "FUT"), commodity("NQ", [("NQ", "FUT")]), *lines).commodities[0].spreads)


def test_tier_spreads_continue_until_their_legs_are_complete() -> None:
    legs = "".join(f"{number:02d}{number:02d}01{'AB'[number % 2]}" for number in range(1, 16))
    first = line("C", {3: "ES", 9: "10", 11: "01", 13: "17", 15: "0000100", 22: legs})
    second = line("C", {3: "ES", 9: "10", 11: "01", 13: "17", 15: "0000100", 22: "161601A171701B"})
    other = line("C", {3: "ES", 9: "10", 11: "02", 13: "02", 15: "0000050", 22: "010101A020202B"})
    long, short = spreads_of(first, second, other)

    assert list(range(1, 18)) == [leg.tier for leg in long.legs]
    assert (2, [1.0, 2.0]) == (short.priority, [leg.ratio for leg in short.legs])


def test_series_spreads_continue_and_know_their_century() -> None:
    def leg(month: str, rest: str, side: str) -> str:
        return f"{month}{rest:<3}010000{side}"

    full = line(
        "E",
        {
            3: "ES",
            9: "00001",
            14: "0000100",
            21: leg("2509", "", "A") + leg("2512", "W1", "B") + leg("4403", "", "A") + leg("0606", "", "B"),
        },
    )
    rest = line("E", {3: "ES", 9: "00001", 14: "0000100", 21: leg("2609", "", "A")})
    other = line("E", {3: "ES", 9: "00002", 14: "0000200", 21: leg("2509", "", "A") + leg("2512", "", "B")})
    first, second = spreads_of(full, rest, other)

    assert ["202509", "202512W1", "204403", "200606", "202609"] == [leg.period for leg in first.legs]
    assert (2, 200.0) == (second.priority, second.rates["1"])


@given(st.integers(1990, 2090), st.integers(-20, 79))
@settings(max_examples=50, deadline=None)
def test_two_digits_of_a_year_are_enough_around_the_business_date(business_year: int, offset: int) -> None:
    year = business_year + offset

    assert year == full_year(year % 100, business_year)


def test_delivery_months_continue_on_further_records() -> None:
    parameters = read(
        ES,
        line("4", {3: "ES", 9: "10", 11: "03", 13: "0120250600000100000020", 35: "0220250700000300000040", 57: "W1"}),
        line("4", {3: "ES", 9: "10", 11: "03", 13: "0320250800000500000060", 70: "100110120", 79: "1"}),
    )
    (found,) = parameters.commodities

    assert [("202506W1", 10.0, 20.0), ("202507", 30.0, 40.0), ("202508", 50.0, 60.0)] == [
        (rate.period, rate.spread_rate, rate.outright_rate) for rate in found.spot_rates
    ]
    assert {"M": 1.0, "H": 1.1, "S": 1.2} == dict(found.adjustment_factors)
    assert "MAX" == found.short_option_minimum_method


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({9: "11", 11: "SPOT", 21: "0000100"}, [("record 4 ES basis_rate", "100")]),
        ({9: "11", 11: "SPOT", 21: "0000000"}, []),
        ({9: "06", 11: "what stands here is not known"}, [("record 4 ES method", "06")]),
        ({9: "10", 70: "000100100"}, [("record 4 ES adjustment_member", "0")]),
        ({9: "01"}, []),
    ],
)
def test_delivery_rules_without_a_formula(columns: dict[int, str], expected: list[tuple[str, str]]) -> None:
    (found,) = read(ES, line("4", {3: "ES", **columns})).commodities

    assert expected == [(item.path, item.value) for item in found.unsupported]


def between(columns: dict[int, str], *more: str) -> SpreadDefinition:
    """A spread between ES and NQ."""
    six = line("6", {3: "ALL", 6: "0001", 10: "0800000", 17: "CMENES    0010000ACMENNQ    0020000B", **columns})
    (spread,) = read(ES, product("NQ", "FUT"), commodity("NQ", [("NQ", "FUT")]), six, *more).spreads
    return spread


@pytest.mark.parametrize("method", ["", "01", "10"])
def test_spreads_of_whole_commodities(method: str) -> None:
    spread = between({89: method})

    assert ("intercommodity", "delta", "W", {"1": 0.8}, False) == (
        spread.kind,
        spread.form,
        spread.charge_method,
        dict(spread.rates),
        spread.flat_rate_is_credit,
    )
    assert (
        SpreadLeg("tier", "ES", "A", 1.0, tier=0),
        SpreadLeg("tier", "NQ", "B", 2.0, tier=0),
    ) == spread.legs


def test_a_flat_credit_is_money() -> None:
    spread = between({101: "F"})

    assert ("F", {"1": 8000.0}, True) == (spread.charge_method, dict(spread.rates), spread.flat_rate_is_credit)


def test_tiers_rates_by_leg_and_super_spreads() -> None:
    spread = between({89: "20", 102: "0102", 110: "S", 122: "Y", 123: "05000000750000"})

    assert ("super", [1, 2]) == (spread.kind, [leg.tier for leg in spread.legs])
    assert [{"1": 0.5}, {"1": 0.75}] == [dict(leg.rates) for leg in spread.legs]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({89: "05"}, ("record 6 0001 method", "05")),
        ({89: "10", 102: "01"}, ("record 6 0001 method", "10")),
        ({101: "F", 122: "Y", 123: "00010000002000"}, ("record 6 0001 separate_rates", "Y")),
        ({151: "N"}, ("record 6 0001 origin_restriction", "N")),
    ],
)
def test_spread_rules_without_a_formula(columns: dict[int, str], expected: tuple[str, str]) -> None:
    assert [expected] == [(item.path, item.value) for item in between(columns).unsupported]


def test_legs_continue_on_further_records_of_the_same_priority() -> None:
    four = "".join(f"CMENX{number}    0010000{side}" for number, side in enumerate("ABAB"))
    first = line("6", {3: "ALL", 6: "0001", 10: "0800000", 17: four, 89: "20", 102: "01020304"})
    second = line("6", {3: "ALL", 6: "0001", 10: "0800000", 17: "CMENES    0010000A", 89: "20", 102: "05"})
    third = line("6", {3: "ALL", 6: "0002", 10: "0700000", 17: "CMENES    0010000ACMENNQ    0010000B"})
    parameters = read(ES, product("NQ", "FUT"), commodity("NQ", [("NQ", "FUT")]), first, second, third)
    long, short = parameters.spreads

    assert [("X0", 1), ("X1", 2), ("X2", 3), ("X3", 4), ("ES", 5)] == [(leg.commodity, leg.tier) for leg in long.legs]
    assert 0.7 == short.rates["1"]
    (warning,) = parameters.problems
    assert "X0, X1, X2, X3" in warning.message


def test_a_target_that_is_a_leg_is_marked_there() -> None:
    spread = between({89: "04CMEYES    "})

    assert [("ES", True, True), ("NQ", False, True)] == [
        (leg.commodity, leg.is_target, leg.is_counted) for leg in spread.legs
    ]
    assert spread.is_target_required
    assert spread.legs_required is None


def test_groups_continue_on_further_records() -> None:
    parameters = read(
        ES, line("5", {3: "AAA", 13: "NQ    "}), line("5", {3: "AAA", 13: "YM    ES"}), line("5", {3: "BBB"})
    )

    assert [("AAA",)] == [item.groups for item in parameters.commodities]


@pytest.mark.parametrize(("code", "expected"), [("S", "SPLIT"), ("D", "DELTASPLIT"), ("M", "MODIFIED"), ("", None)])
def test_combination_methods(code: str, expected: str | None) -> None:
    parameters = read(
        product("CAL", "CMB"),
        commodity("ES", [("CAL", "CMB")], {13: f"0USD$PN{code}"}),
        line("X", {3: code, 4: "CAL", 14: "0000000"}),
    )
    (found,) = parameters.commodities

    assert (expected, [expected]) == (
        found.combination_method,
        [link.combination_method for link in found.product_links],
    )


def calendar(tmp_path: Path, *, fraction: str = "0000", method: str = "S") -> dict[str, Any]:
    leg = {3: "CME", 6: "CAL", 16: "CAL", 21: "202509", 64: fraction}
    lines = [
        item.replace("2 CME ES    0USD$PN ", f"2 CME ES    0USD$PN{method}").replace(
            "ES        OOF", "ES        OOF   CAL       CMB"
        )
        if item.startswith("2 CME ES")
        else item
        for item in small_market()
    ]
    lines += [
        product("CAL", "CMB"),
        *pair("CAL", "CMB", "202509", losses=[7] * 16),
        line("X", {3: method, 4: "CAL", 14: "0000000"}),
        line("Z", {**leg, 36: "001A001ES        FUT202509"}),
        line("Z", {**leg, 36: "002B001ES        FUT202512"}),
    ]
    return margined(tmp_path, lines, "A,H,CME,CAL,CMB,202509,,,,1\n")


def test_a_combination_is_split_into_its_legs(tmp_path: Path) -> None:
    run = calendar(tmp_path)
    row = figures(run["A"], "ES")

    assert (0, 50, 10) == (row["scan_risk"], row["intracommodity_charge"], row["delivery_charge"])


@pytest.mark.parametrize("change", [{"fraction": "0500"}, {"method": "M"}])
def test_fractional_legs_are_refused_when_held(tmp_path: Path, change: dict[str, str]) -> None:
    run = calendar(tmp_path, **change)

    assert not run["A"]["complete"]
    assert run["A"]["maintenance_requirement"] is None


def test_a_price_offset_is_refused_for_combinations_and_options_on_them() -> None:
    parameters = read(
        [product("CAL", "CMB"), commodity("C1", [("CAL", "CMB")])],
        [product("OPT", "OOC"), commodity("C2", [("OPT", "OOC")])],
        line("X", {3: "S", 4: "CAL", 14: "0000100"}),
        line("Y", {3: "CAL", 13: "OPT"}),
    )

    assert [[UnsupportedElement("record X CAL price_offset", "100", 7)]] * 2 == [
        list(item.unsupported) for item in parameters.commodities
    ]


def test_an_equivalent_position_factor_other_than_one_has_no_formula() -> None:
    parameters = read(product("ES", "FUT", {144: "00000025000000"}), commodity("ES", [("ES", "FUT")]))

    assert ["2.5"] == [item.value for item in parameters.commodities[0].unsupported]


def test_a_file_for_a_business_function_is_refused_when_held() -> None:
    (org,) = read(ES, header=HEADER.replace("CLR  ", "XMRGN")).clearing_orgs

    assert ["XMRGN"] == [item.value for item in org.unsupported]


def test_the_rate_a_clearing_level_file_carries() -> None:
    header = f"{HEADER[:50]}A CLR   N NRML  2 RESRV I INIT "
    parameters = read(ES, header=header)
    (org,) = parameters.clearing_orgs

    assert [("N", False), ("M", False)] == [(item.code, item.is_customer) for item in parameters.account_types]
    assert {(False, False, "RESERVE")} == {
        (rate.is_customer, rate.is_maintenance, rate.bond_class) for rate in org.rates
    }


def test_a_header_that_says_not_which_rate_is_warned_of() -> None:
    parameters = read(ES, header=HEADER[:66])

    assert ["core maintenance" in item.message for item in parameters.problems] == [True]


def test_the_extreme_scenarios_of_a_commodity_are_those_of_its_series() -> None:
    parameters = read(
        ES, pair("ES", "FUT", "202509"), series("ES", "FUT", "202509", columns={58: "02000", 63: "03500"})
    )
    points = parameters.commodities[0].grids["1"].points

    assert [(2.0, 0.35), (-2.0, 0.35)] == [(point.price_move, point.weight) for point in points[14:]]


# -------------------------------------------------------------------------------- what is not read


def test_records_that_are_not_read_are_counted() -> None:
    parameters = read(ES, "91CME something", "91CME more", "Q  ", line("V", {3: "CME"}), line("R", {6: "ES"}))
    (warning,) = parameters.problems

    assert {"91": 2, "Q": 1} == warning.attributes["found"]
    assert 6 == warning.line


def test_products_without_a_description_are_warned_of() -> None:
    parameters = read(
        product("ES", "FUT"), commodity("ES", [("ES", "FUT"), ("ES", "OOF")]), option(), pair("ES", "FUT", "202509")
    )

    assert ["FUT"] == [link.type for link in parameters.commodities[0].product_links]
    assert 1 == parameters.contracts.height
    assert 2 == sum("no record P" in item.message for item in parameters.problems)


def test_a_type_that_is_not_known_is_warned_of() -> None:
    (warning,) = read(product("ES", "XYZ")).problems

    assert "product type 'XYZ'" in warning.message


# --------------------------------------------------------------------------- recognition, sessions


def test_only_this_format_recognises_these_files() -> None:
    source = Source("x", "x", content(ES), "")

    assert ["pa2"] == [name for name, module in formats().items() if module.recognise(source)]


@pytest.mark.parametrize(
    "text", [b"", b"0 ", b"0 CME", b"account,quantity\n", b"<spanFile>", b"0 CME   2025062xSF" + b" " * 60]
)
def test_other_content_is_not_recognised(text: bytes) -> None:
    assert not pa2.recognise(Source("x", "x", text, ""))


@pytest.mark.parametrize(("code", "words"), [("UP", "Paris expanded"), ("U ", "found 'U', expected 'U2'")])
def test_related_formats_are_refused_with_advice(code: str, words: str) -> None:
    source = Source("x.pa2", "x.pa2", content(ES, header=f"{HEADER[:35]}{code}{HEADER[37:]}"), "")

    assert pa2.recognise(source)
    with pytest.raises(InputRefused, match=words) as refused:
        pa2.read(source)
    (problem,) = refused.value.problems
    assert (Reason.UNKNOWN_FORMAT, 1) == (problem.reason, problem.line)
    assert ".spn" in problem.message


@pytest.mark.parametrize(
    ("session", "fits"), [(None, True), ("settlement", True), ("1", True), ("intraday", False), ("2", False)]
)
def test_the_only_session_must_be_the_one_that_is_asked_for(session: str | None, fits: bool) -> None:
    source = Source("x.pa2", "x.pa2", content(ES), "")
    if fits:
        assert "settlement final" == pa2.read(source, session).sources[0].session
        return
    with pytest.raises(InputRefused, match="the file has only 1: 2025-06-20 settlement final"):
        pa2.read(source, session)


def test_an_intraday_file() -> None:
    header = f"{HEADER[:16]}I  1130{HEADER[23:]}"
    (org,) = read(ES, header=header).clearing_orgs

    assert (False, None, "1130") == (org.is_settlement, org.session_qualifier, org.time)


# --------------------------------------------------------------------------------------- the layout


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
def test_fields_of_a_layout_do_not_overlap(kind: str) -> None:
    fields = sorted(LAYOUTS[kind], key=lambda field: field.first)
    names = [field.name for field in fields]

    assert len(names) == len(set(names))
    assert all(one.last < other.first for one, other in itertools.pairwise(fields))
    assert (1, 2) == (fields[0].first, fields[0].last)
    for field in fields:
        assert field.sign is None or field.sign in names


def test_losses_are_written_as_the_helper_of_these_tests_does() -> None:
    assert "00012-00000+" == losses_text([-12, 0], 5)
