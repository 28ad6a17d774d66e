"""Pricing fields of a house configuration: what is read, and what contradicts itself or the contract."""

from __future__ import annotations

import pytest

from margin.model.pricing import PriceScanRange, VolatilityScanRange
from margin.model.problem import InputRefused
from tests.value.house import GOLD, HEAD, LISTED, QUOTED, read


def refusal(text: str) -> str:
    with pytest.raises(InputRefused) as refused:
        read(text)
    return str(refused.value)


def test_terms_are_kept_where_they_are_stated() -> None:
    rules = read(LISTED).pricing_rules
    assert rules is not None
    terms = rules.commodities["XCH", "GOLD"].terms
    assert (terms.option_model, terms.linear_model) == ("black_76", None)
    assert terms.price_scan_range == PriceScanRange(90.0, "points")
    assert terms.volatility_scan_range == VolatilityScanRange(0.15, "relative")
    assert terms.rate == 0.02
    assert rules.priced.tolist() == [0, 1, 2]
    assert read(LISTED).arrays["1"].points.tolist() == [0, 0, 0]
    assert read(LISTED).lacks_arrays


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{points: 90}", "{points: 90, money: 5}", "give exactly one of points, percent, money"),
        ("{points: 90}", "{}", "give exactly one of points, percent, money"),
        ("{points: 90}", "0", "found the number 0, expected more than 0"),
        ("{points: 90}", "90 points", "expected a number (money), or one of {points: 12.5}"),
        ("{points: 90}", "{percentage: 4}", "unknown field 'percentage'"),
        ("{relative: 0.15}", "{relative: -0.15}", "expected at least 0"),
        ("{relative: 0.15}", "0.15", "expected a mapping of fields"),
        ("{days: 1}", "{days: 1, years: 0.1}", "look_ahead: give exactly one of days, years"),
        ("model: black_76", "model: black76", "did you mean 'black_76'"),
        ("{code: GC, type: FUT,", "{code: GC, type: FUT, model: bachelier,", "bachelier values options, but the type"),
        ("{code: OG, type: OOF,", "{code: OG, type: OOF, model: linear,", "linear does not value options, but"),
        ("right: C, strike: 2400", "right: C, strike: 2400, composite_delta: 0.5", "the model gives the composite"),
        ("right: C, strike: 2400", "right: C, id: X", "the field 'strike' is missing; a model needs it"),
        ("right: C, strike: 2400", "right: C, strike: 2400, tick_value: 5", "a model gives losses in money"),
        ("cover: 0.33}}", "cover: 0.33}, price_moves_are: percent}", "the standard scenarios move by scan ranges"),
        (
            "cover: 0.33}}",
            "cover: 0.33}, delta_points: [{price_move: 0, weight: 0.9}]}",
            "the weights add up to 0.9, expected 1",
        ),
        (
            "    products:",
            "    scan_range_tiers: [{last_period: 202612, price_scan_range: 5}, {first_period: 202612}]\n    products:",
            "overlaps with scan_range_tiers, item 1",
        ),
        (
            "    products:",
            "    scan_range_tiers: [{first_period: 202701, last_period: 202612}]\n    products:",
            "the first period 202701 is later than the last, 202612",
        ),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(old: str, new: str, message: str) -> None:
    text = LISTED.replace(old, new, 1)
    assert text != LISTED
    assert message in refusal(text)


def test_losses_and_a_model_exclude_each_other() -> None:
    sixteen = "[" + "1, " * 15 + "1]"
    given = f"contracts: [{{commodity: GOLD, product: GC, type: FUT, period: 202612, losses: {sixteen}"
    assert "model belongs to contracts without losses, but losses are given" in refusal(
        f"{GOLD}{given}, model: linear}}]"
    )
    beside = f"{GOLD}{given}, price_scan_range: {{points: 5}}}}]"
    assert "beside losses, the price scan range is an amount of money" in refusal(beside)
    assert read(f"{GOLD}{given}, price_scan_range: 500}}]").pricing_rules is None


def test_options_need_losses_or_a_model() -> None:
    message = refusal(LISTED.replace("    model: black_76\n", ""))
    assert "give the composite delta of one long option" in message
    assert "price_scan_range alone does not give the risk of OOF; name a model" in message


def test_quoted_contracts_need_listed_products() -> None:
    assert "list the products of every commodity" in refusal(HEAD + "contracts: {quoted: true}\n")
    assert "give a file, or quoted: true" in refusal(GOLD + "contracts: {quoted: false}\n")
    assert "the field 'value_method' is missing" in refusal(QUOTED.replace(", value_method: EQTY", ""))
    assert read(QUOTED).contracts.height == 0


def test_a_faulty_commodity_does_not_blame_its_contracts() -> None:
    message = refusal(LISTED.replace("{points: 90}", "{points: x}"))
    assert "expected a number" in message
    assert "'losses' is missing" not in message
    assert "'composite_delta' is missing" not in message


def test_scan_ranges_of_a_commodity_serve_weighted_price_risk() -> None:
    text = GOLD.replace("    model:", "    weighted_price_risk_method: SCANRANGE\n    model:").replace(
        "method: F, rate: 300", "method: W, rate: 0.5"
    )
    assert read(text + "contracts: {quoted: true}\n").pricing_rules is not None
