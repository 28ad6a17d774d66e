"""Real lines of CME files, field by field; what each says was read off the line by hand.

Sources: CME end-of-day file of 2025-06-20, one line of each record type (doctests of a public pa2 reader); NYMEX
natural gas of August 2018 (CMU course text), B and 81 records.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from margin.read.parameters import pa2
from margin.read.parameters._pa2.layout import LAYOUTS
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import Record
from margin.read.parameters._pa2.spreads import read_series_spreads, read_tier_spreads
from margin.read.parameters._pa2.tiers import read_tiers
from margin.read.source import Source
from tests.read.parameters.pa2_lines import HEADER, line, product

SAMPLES = Path(__file__).parents[2] / "samples"
CME = (SAMPLES / "cme-20250620-one-line-per-record-type.pa2").read_bytes().splitlines()
NATURAL_GAS = (SAMPLES / "cme-nymex-natgas-201808-fragment.pa2").read_bytes().splitlines()

Values = dict[str, str | float]


def record_of(text: bytes) -> Record:
    return Record(text[:2].decode().strip(), text, 1, Reading("real.pa2"))


def values_of(text: bytes) -> Values:
    """Every field that is not blank: text as it is, numbers with their decimals and signs."""
    record = record_of(text)
    values: Values = {}
    for field in LAYOUTS[record.kind]:
        if field.kind in ("number", "locator") and record.text(field.name):
            number = record.number(field.name)
            assert number is not None
            values[field.name] = number
        elif field.kind == "text" and record.text(field.name) and field.name != "record":
            values[field.name] = record.text(field.name)
    assert not record.reading.faults
    return values


HEADER_VALUES: Values = {
    "clearing_org": "CME",
    "business_date": "20250620",
    "session": "S",
    "file_identifier": "E",
    "creation_date": "20250620",
    "creation_time": "1407",
    "format": "U2",
    "netting": "Y",
    "limit_option_value": "N",
    "business_function": "CLR",
    "customer": "C",
    "customer_name": "CUST",
    "account_type": "H",
    "account_type_name": "HEDGE",
    "bond_class": "1",
    "bond_class_name": "CORE",
    "kind": "M",
    "kind_name": "MAINT",
}
CONVERSION: Values = {
    "from_currency": "CLP",
    "from_code": "C",
    "to_currency": "USD",
    "to_code": "$",
    "multiplier": 0.001063,
}
SOYBEAN_MEAL_OPTIONS: Values = {
    "exchange": "CBT",
    "product": "06",
    "type": "OOF",
    "short_name": "SOYBEAN MEAL OP",
    "price_locator": 3,
    "strike_locator": 0,
    "contract_value_factor": 100.0,
    "cabinet_value": 0.0,
    "positions_per_contract": 1,
    "currency": "USD",
    "currency_code": "$",
    "price_method": "STD",
    "value_factor_exponent": 0,
    "exercise": "AMER",
    "name": "SOYBEAN MEAL OPTIONS Long dated",
    "positionable": "Y",
    "money_method": "F",
    "value_method": "EQTY",
    "settlement_method": "DELIV",
    "equivalent_position_factor": 1.0,
    "equivalent_position_exponent": 0,
}
TEN_YEAR_COMMODITY: Values = {
    "exchange": "CBT",
    "commodity": "26",
    "risk_exponent": 0,
    "currency": "USD",
    "currency_code": "$",
    "option_style": "P",
    "limit_option_value": "N",
    "product_1": "26",
    "type_1": "FUT",
    "product_2": "26",
    "type_2": "OOF",
    "product_3": "59",
    "type_3": "OOF",
    "product_4": "WT1",
    "type_4": "OOF",
    "product_5": "VT1",
    "type_5": "OOF",
    "product_6": "GT1",
    "type_6": "OOF",
}
SCAN_TIERS: Values = {
    "commodity": "07",
    "method": "20",
    "tiers": 2,
    "tier_1": 1,
    "start_1": "202507",
    "end_1": "202507",
    "tier_2": 2,
    "start_2": "202508",
    "end_2": "202812",
    "price_risk_method": "2",
}
INTRACOMMODITY_TIERS: Values = {
    "commodity": "06",
    "method": "10",
    "tier_1": 1,
    "start_1": "202507",
    "end_1": "202507",
    "tier_2": 2,
    "start_2": "202508",
    "end_2": "202508",
    "tier_3": 3,
    "start_3": "202509",
    "end_3": "202509",
    "tier_4": 4,
    "start_4": "202510",
    "end_4": "202511",
    "initial_ratio_member": 1.0,
    "initial_ratio_hedger": 1.0,
    "initial_ratio_speculator": 1.1,
}
BUTTERFLY: Values = {
    "commodity": "06",
    "method": "10",
    "priority": 1,
    "legs": 3,
    "charge": 100,
    "leg_1": 1,
    "tier_1": 14,
    "ratio_1": 1,
    "side_1": "A",
    "leg_2": 2,
    "tier_2": 15,
    "ratio_2": 2,
    "side_2": "B",
    "leg_3": 3,
    "tier_3": 16,
    "ratio_3": 1,
    "side_3": "A",
}
SERIES_SPREAD: Values = {
    "commodity": "17",
    "priority": 1,
    "charge": 250,
    "month_1": "2509",
    "ratio_1": 1.0,
    "side_1": "A",
    "month_2": "2512",
    "ratio_2": 2.0,
    "side_2": "B",
    "month_3": "2603",
    "ratio_3": 1.0,
    "side_3": "A",
}
DELIVERY: Values = {
    "commodity": "YM",
    "method": "10",
    "months": 1,
    "number_1": 1,
    "month_1": "202506",
    "spread_rate_1": 1,
    "outright_rate_1": 0,
    "short_option_minimum": 170,
    "adjustment_member": 1.0,
    "adjustment_hedger": 1.0,
    "adjustment_speculator": 1.0,
    "short_option_minimum_method": "1",
}
CALENDAR_SPREAD_OPTION: Values = {
    "exchange": "CBT",
    "product": "ZSC",
    "type": "OOC",
    "futures_month": "202507",
    "option_month": "202507",
    "base_volatility": 99.999999,
    "volatility_scan": 25.0,
    "price_scan": 600,
    "extreme_move": 3.0,
    "extreme_cover": 0.33,
    "interest_rate": 0.0,
    "time_to_expiry": 0.0,
    "look_ahead": 0.0,
    "delta_scaling_factor": 1.0,
    "expiry_date": "20250620",
    "underlying": "ZSC",
    "pricing_model": "BC",
    "dividend_yield": 0.0,
    "reference_price_flag": "Y",
    "reference_price": -35,
    "contract_value_factor": 5000.0,
    "value_factor_exponent": 0,
    "base_volatility_exponent": 0,
    "volatility_scan_exponent": 0,
    "discount_factor": 1.0,
    "volatility_scan_quotation": "P",
    "price_scan_exponent": 0,
}
GROUP: Values = {
    "group": "CME",
    **{
        f"commodity_{i}": code
        for i, code in enumerate(["06", "07", "14", "31", "3CC", "71", "76", "7CC", "AUW", "BCF"], 1)
    },
}
SUPER_SPREAD: Values = {
    "group": "ALL",
    "priority": 1,
    "credit": 98.0,
    "exchange_1": "NYM",
    "required_1": "N",
    "commodity_1": "NY-HH",
    "ratio_1": 1.0,
    "side_1": "A",
    "exchange_2": "NYM",
    "required_2": "N",
    "commodity_2": "NY-HP",
    "ratio_2": 1.0,
    "side_2": "B",
    "method": "04",
    "target_exchange": "NYM",
    "target_required": "N",
    "target_commodity": "NY-NG",
    "super_spread": "S",
    "target_ratio": 1.0,
    "legs_required": 1,
}
FUTURE: Values = {
    "exchange": "CBT",
    "product": "06",
    "underlying": "06",
    "type": "FUT",
    "futures_month": "202507",
    "strike": 0,
    "loss_1": 0,
    "loss_2": 0,
    "loss_3": -567,
    "loss_4": -567,
    "loss_5": 567,
    "loss_6": 567,
    "loss_7": -1133,
    "loss_8": -1133,
    "loss_9": 1133,
    "settlement_price_long": 284100,
    "settlement_price_flag": "N",
}
OPTION: Values = {
    "exchange": "CBT",
    "product": "06",
    "underlying": "06",
    "type": "OOF",
    "right": "C",
    "futures_month": "202507",
    "option_month": "202507",
    "strike": 145,
    **{f"loss_{i}": 0 for i in range(10, 17)},
    "composite_delta": 0.0,
    "implied_volatility": 0.25,
    "settlement_price": 139100,
    "current_delta": 1.0,
    "current_delta_flag": "C",
}
VARIATION: Values = {
    "exchange": "CME",
    "product": "GA",
    "month": "202506",
    "date": "20250620",
    "long_rate": 0.0,
    "long_rate_kind": "P",
    "short_rate": 0.0,
    "short_rate_kind": "P",
    "long_maintenance": 1.0,
    "short_maintenance": 1.0,
    "long_reset": "Y",
    "long_threshold": 100100,
    "short_reset": "Y",
    "short_threshold": 100100,
    "class": "GSCIER",
}
CRUSH_LEG: Values = {
    "exchange": "CBT",
    "product": "31",
    "kind": "I/C",
    "month": "202507",
    "leg": 1,
    "side": "B",
    "ratio": 10,
    "leg_product": "S",
    "leg_type": "FUT",
    "leg_month": "202507",
    "fractional_ratio": 0,
    "price_flag": "N",
    "price_use": "L",
    "price": 0,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(text, expected, id=text[:8].decode())
        for text, expected in zip(
            CME,
            [
                HEADER_VALUES,
                CONVERSION,
                {"exchange": "CBT", "exchange_code": "01"},
                SOYBEAN_MEAL_OPTIONS,
                TEN_YEAR_COMMODITY,
                SCAN_TIERS,
                INTRACOMMODITY_TIERS,
                BUTTERFLY,
                SERIES_SPREAD,
                DELIVERY,
                CALENDAR_SPREAD_OPTION,
                GROUP,
                SUPER_SPREAD,
                FUTURE,
                OPTION,
                VARIATION,
                {"method": "M", "product": "31", "price_offset": 0},
                {"combination": "31", "option": "31"},
                CRUSH_LEG,
            ],
            strict=True,
        )
    ],
)
def test_every_field_of_a_real_line(text: bytes, expected: Values) -> None:
    assert expected == values_of(text)


def natural_gas(*lines: str) -> bytes:
    """The real lines of natural gas with what they need around them."""
    text = [HEADER, *lines, *(item.decode() for item in NATURAL_GAS)]
    return "\n".join(text).encode()


def read(content: bytes) -> pa2.ParameterSet:
    return pa2.read(Source("real.pa2", "real.pa2", content, "digest"))


def test_natural_gas_of_2018() -> None:
    future = product("NG", "FUT", {3: "NYM", 34: "005"})
    option = product("ON", "OOF", {3: "NYM", 34: "004", 37: "003", 42: "00000000000000"})
    parameters = read(natural_gas(future, option))
    contracts = parameters.contracts
    arrays = parameters.arrays["1"]
    columns = ("period", "underlying_period", "right", "strike", "price", "contract_value_factor", "time_to_expiry")

    assert [
        ("201810", "", None, None, 2.805, 10_000.0, 0.216438),
        ("201810", "201810", "C", 2.75, 0.082, 10_000.0, 0.213699),
        ("201810", "201810", "P", 2.75, 0.042, 10_000.0, 0.213699),
    ] == contracts.select(columns).rows()
    assert [None, 0, 0] == contracts["underlying_contract"].to_list()
    assert [1100.0] * 3 == arrays.scan_ranges["price_scan"].to_list()
    assert [9.0] * 3 == arrays.scan_ranges["volatility_scan_percent"].to_list()
    # The second half of each array is not in the sample: no array at all, instead of one with zeros.
    assert [0, 0, 0] == arrays.points.tolist()
    assert not arrays.losses.any()
    (warning,) = [item for item in parameters.problems if "risk array" in item.message]
    assert 3 == warning.attributes["found"]


def test_natural_gas_losses_are_those_of_the_line() -> None:
    lines = [text.decode() for text in NATURAL_GAS if text.startswith(b"81")]
    seconds = [f"82{text[2:54]}{'00001+00002-' * 3}00003+08270+00150000{'0' * 7}++" for text in lines]
    future = product("NG", "FUT", {3: "NYM", 34: "005"})
    option = product("ON", "OOF", {3: "NYM", 34: "004", 37: "003"})
    parameters = read("\n".join([HEADER, future, option, *lines, *seconds]).encode())
    losses = parameters.arrays["1"].losses

    assert [0, 0, -367, -367, 367, 367, -733, -733, 733, 1, -2, 1, -2, 1, -2, 3] == losses[0].tolist()
    assert [-87, 100, -314, -133, 123, 311, -558, -386, 314, 1, -2, 1, -2, 1, -2, 3] == losses[1].tolist()
    assert [-87, 100, 53, 233, -244, -55, 175, 347, -420, 1, -2, 1, -2, 1, -2, 3] == losses[2].tolist()
    assert [16, 16, 16] == parameters.arrays["1"].points.tolist()
    assert [0.827] * 3 == parameters.arrays["1"].composite_delta.tolist()
    assert [0.15] * 3 == parameters.contracts["volatility"].to_list()


def test_a_zero_with_a_minus_sign_is_zero() -> None:
    assert b"00000-" in CME[13] + b"00000-"
    lines = [text.decode() for text in NATURAL_GAS if b"NG        FUT" in text and text.startswith(b"81")]
    first = lines[0].replace("00000+00000+", "00000-00000-", 1)
    second = f"82{first[2:54]}{'00000-' * 7}00000-00000000{'0' * 7}-+"
    parameters = read("\n".join([HEADER, product("NG", "FUT", {3: "NYM"}), first, second]).encode())
    losses = parameters.arrays["1"].losses[0]

    assert not np.signbit(losses[:2]).any()
    assert not np.signbit(losses[9:]).any()
    assert not np.signbit(parameters.arrays["1"].composite_delta).any()
    assert not np.signbit(parameters.contracts["price"].to_numpy()).any()


def test_the_soybean_meal_option() -> None:
    parameters = read(b"\n".join([CME[0], CME[3], CME[14]]))
    (contract,) = parameters.contracts.rows(named=True)
    (family,) = parameters.products

    assert ("CBT", "06", "OOF", "USD", "EQTY", 100.0) == (
        family.exchange,
        family.code,
        family.type,
        family.currency,
        family.value_method,
        family.contract_value_factor,
    )
    assert ("202507", "202507", "C", 145.0, 139.1) == tuple(
        contract[name] for name in ("period", "underlying_period", "right", "strike", "price")
    )
    assert (100.0, 1.0, 0.25, 3) == tuple(
        contract[name] for name in ("contract_value_factor", "current_delta", "volatility", "line")
    )


def test_the_calendar_spread_option_takes_its_series_parameters() -> None:
    option = line("81", {3: "CBT", 6: "ZSC", 16: "ZSC", 26: "OOC", 29: "C", 30: "202507", 39: "202507", 48: "0000005"})
    parameters = read("\n".join([HEADER, product("ZSC", "OOC", {3: "CBT"}), CME[10].decode(), option]).encode())
    (contract,) = parameters.contracts.rows(named=True)

    assert 5000.0 == contract["contract_value_factor"]
    assert 99.999999 == contract["volatility"]
    assert [600.0] == parameters.arrays["1"].scan_ranges["price_scan"].to_list()


def test_the_butterfly() -> None:
    (spread,) = read_tier_spreads([record_of(CME[7])], "CME")

    assert ("intracommodity", "delta", 1, "F", {"1": 100.0}) == (
        spread.kind,
        spread.form,
        spread.priority,
        spread.charge_method,
        dict(spread.rates),
    )
    assert [("tier", "06", 14, 1.0, "A"), ("tier", "06", 15, 2.0, "B"), ("tier", "06", 16, 1.0, "A")] == [
        (leg.kind, leg.commodity, leg.tier, leg.ratio, leg.side) for leg in spread.legs
    ]
    assert () == spread.unsupported


def test_the_series_spread() -> None:
    (spread,) = read_series_spreads([record_of(CME[8])], "CME", 2025)

    assert ("intracommodity", 1, "F", {"1": 250.0}) == (
        spread.kind,
        spread.priority,
        spread.charge_method,
        dict(spread.rates),
    )
    assert [("202509", 1.0, "A"), ("202512", 2.0, "B"), ("202603", 1.0, "A")] == [
        (leg.period, leg.ratio, leg.side) for leg in spread.legs
    ]


def test_tiers_and_ratios() -> None:
    tables = read_tiers([record_of(CME[5])], [record_of(CME[6])])

    assert [] == tables.scan
    assert [(1, "202507", "202507"), (2, "202508", "202812")] == [
        (tier.number, tier.start, tier.end) for tier in tables.intercommodity
    ]
    assert [
        (1, "202507", "202507"),
        (2, "202508", "202508"),
        (3, "202509", "202509"),
        (4, "202510", "202511"),
    ] == [(tier.number, tier.start, tier.end) for tier in tables.intracommodity]
    assert "SCANRANGE_CAP" == tables.price_risk_method


def test_the_super_spread_and_the_header() -> None:
    parameters = read(b"\n".join(CME))
    (spread,) = parameters.spreads
    (org,) = parameters.clearing_orgs
    (source,) = parameters.sources

    assert ("super", "scanning", 1, {"1": 0.98}, 1, False) == (
        spread.kind,
        spread.form,
        spread.priority,
        dict(spread.rates),
        spread.legs_required,
        spread.is_target_required,
    )
    assert [("NY-HH", False, True), ("NY-HP", False, True), ("NY-NG", True, False)] == [
        (leg.commodity, leg.is_target, leg.is_counted) for leg in spread.legs
    ]
    assert ("CME", "2025-06-20", True, "early", "202506201407") == (
        org.code,
        org.business_date,
        org.is_settlement,
        org.session_qualifier,
        org.created,
    )
    assert ["H", "M", "S"] == [rate.account_type for rate in org.rates]
    assert {("1", True, True, "CORE")} == {
        (rate.rate_id, rate.is_customer, rate.is_maintenance, rate.bond_class) for rate in org.rates
    }
    assert ("pa2", "settlement early") == (source.format, source.session)
    (conversion,) = org.currency_conversions
    assert ("CLP", "USD", 0.001063) == (conversion.from_currency, conversion.to_currency, conversion.factor)
    assert {"USD": 2, "CLP": 0} == {currency.code: currency.decimals for currency in parameters.currencies}
    assert pl.Series(["202507"]).equals(parameters.contracts["period"])
