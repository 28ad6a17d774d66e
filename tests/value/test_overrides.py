"""Overrides: what they change, what they leave, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import margin
from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused
from margin.value.derived.overrides import with_overrides
from tests.value.house import HEAD, LISTED, derived, gold_quotes, losses, market, read


@pytest.fixture(scope="module")
def gold() -> ParameterSet:
    return derived(LISTED, market(gold_quotes()))


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("GOLD.price_scan_range", "+10%", "{points: 90}", "{points: 99}"),
        ("GOLD.price_scan_range", "-50%", "{points: 90}", "{points: 45}"),
        ("*.price_scan_range", "*2", "{points: 90}", "{points: 180}"),
        ("GOLD.price_scan_range", 12_000, "{points: 90}", "{money: 12000}"),
        ("GOLD.volatility_scan_range", "0.25", "{relative: 0.15}", "{relative: 0.25}"),
        ("GOLD.volatility_scan_range", "0", "{relative: 0.15}", "{relative: 0}"),
        ("GOLD.extreme_move", "2", "extreme_move: 3", "extreme_move: 2"),
        ("GOLD.cover", "0.35", "cover: 0.33", "cover: 0.35"),
        ("GOLD.look_ahead", "*3", "{days: 1}", "{days: 3}"),
    ],
)
def test_an_override_gives_what_the_document_would(
    gold: ParameterSet, name: str, value: str | float, old: str, new: str
) -> None:
    changed = with_overrides(gold, {name: value})
    expected = derived(LISTED.replace(old, new), market(gold_quotes()))
    np.testing.assert_allclose(changed.arrays["1"].losses, expected.arrays["1"].losses, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(changed.arrays["1"].composite_delta, expected.arrays["1"].composite_delta, rtol=1e-12)
    np.testing.assert_allclose(
        changed.arrays["1"].scan_ranges["price_scan"], expected.arrays["1"].scan_ranges["price_scan"], rtol=1e-12
    )
    assert changed.overrides == (f"{name}={value}",)
    assert (gold.arrays["1"].losses == derived(LISTED, market(gold_quotes())).arrays["1"].losses).all()


def test_overrides_add_up_in_their_order(gold: ParameterSet) -> None:
    both = with_overrides(gold, {"GOLD.price_scan_range": "+100%", "GOLD.cover": "1"})
    assert losses(both)[10] == -18000.0
    assert losses(both)[14] == -54000.0
    assert with_overrides(gold, {}) is gold


def test_rates_are_changed_in_place(gold: ParameterSet) -> None:
    changed = with_overrides(gold, {"GOLD.short_option_minimum": "+20%", "GOLD.intracommodity_spread[1]": 450})
    (commodity,) = changed.commodities
    assert dict(commodity.short_option_minimum_tiers[0].rates) == {"1": 30.0}
    assert dict(commodity.spreads[0].rates) == {"1": 450.0}
    assert (changed.arrays["1"].losses == gold.arrays["1"].losses).all()


def test_spreads_between_commodities_are_told_by_organisation_and_priority() -> None:
    text = (
        HEAD
        + """commodities:
  - {code: A, weighted_price_risk_method: NORMAL}
  - {code: B, weighted_price_risk_method: NORMAL}
spreads:
  - kind: intercommodity
    priority: 2
    method: W
    rate: 0.5
    legs: [{commodity: A, side: A, ratio: 1}, {commodity: B, side: B, ratio: 1}]
contracts:
  - {commodity: A, type: FUT, period: 202612, price_scan_range: 100}
  - {commodity: B, type: FUT, period: 202612, price_scan_range: 100}
"""
    )
    changed = with_overrides(read(text), {"XCH.intercommodity_spread[2]": "-10%", "*.price_scan_range": "+10%"})
    assert dict(changed.spreads[0].rates) == {"1": 0.45}
    assert losses(changed, 1)[12] == pytest.approx(110.0)
    with pytest.raises(InputRefused, match="XCH has no super_spread of priority 2"):
        with_overrides(read(text), {"XCH.super_spread[2]": "0.4"})


def test_given_arrays_have_no_model_to_give_others() -> None:
    given = "contracts: [{commodity: CORN, type: FUT, period: 202612, losses: [" + "1, " * 15 + "1]}]\n"
    with pytest.raises(InputRefused, match="the risk arrays of CORN are given, and no model says"):
        with_overrides(read(HEAD + given), {"CORN.price_scan_range": "+10%"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GOLD.price_scan_rnge", "+10%", "did you mean 'price_scan_range'"),
        ("price_scan_range", "+10%", "expected COMMODITY.FIELD"),
        ("GOLDD.price_scan_range", "+10%", "unknown commodity 'GOLDD'; did you mean 'GOLD'"),
        ("GOLD.price_scan_range", "10 %", "expected a number, or a change such as"),
        ("GOLD.price_scan_range", "0", "that leaves it positive"),
        ("GOLD.price_scan_range", "-100%", "that leaves it positive"),
        ("GOLD.cover", "1.5", "that leaves it positive"),
        ("GOLD.cover", "*4", "cover more than the whole loss"),
        ("GOLD.price_scan_range", "nan", "expected a number"),
        ("GOLD.price_scan_range[1]", "5", "expected price_scan_range without a priority"),
        ("GOLD.intracommodity_spread", "5", "expected intracommodity_spread[PRIORITY]"),
        ("GOLD.intracommodity_spread[7]", "5", "GOLD has no intracommodity_spread of priority 7"),
    ],
)
def test_what_means_nothing_is_refused(gold: ParameterSet, name: str, value: str, message: str) -> None:
    with pytest.raises(InputRefused) as refused:
        with_overrides(gold, {name: value})
    assert message in str(refused.value)


def test_all_faults_are_said_at_once(gold: ParameterSet) -> None:
    with pytest.raises(InputRefused) as refused:
        with_overrides(gold, {"GOLD.cover": "x", "SILVER.cover": "0.5", "GOLD.look_behind": "1"})
    assert refused.value.total == 3


def test_the_public_names_do_the_same(gold: ParameterSet) -> None:
    changed = margin.with_overrides(gold, {"GOLD.price_scan_range": "+10%"})
    again = margin.derive_arrays(read(LISTED), market(gold_quotes()))
    assert losses(changed)[12] == pytest.approx(9900.0)
    assert (again.arrays["1"].losses == gold.arrays["1"].losses).all()


def test_a_run_says_its_market_and_its_overrides(gold: ParameterSet, tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("account,exchange,product,type,expiry,quantity\nA,XCH,GC,FUT,202612,2\n")
    changed = margin.with_overrides(gold, {"GOLD.price_scan_range": "+10%"})
    run = margin.calculate(changed, margin.read_positions(tmp_path / "book.csv")).to_dict()["run"]
    assert run["market"] == [{"path": "quotes.csv", "sha256": "1" * 64, "format": "csv", "rows": 1}]
    assert run["overrides"] == ["GOLD.price_scan_range=+10%"]
