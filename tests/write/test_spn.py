"""Written SPAN XML reads back as what it was written from, is valid, and refuses what it cannot say."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import margin
from margin.model.parameters import (
    CombinedCommodity,
    CurrencyConversion,
    ParameterSet,
    SpotRate,
    SpreadDefinition,
    SpreadLeg,
    Tier,
    UnsupportedElement,
)
from margin.model.problem import InputRefused, Severity
from margin.write.parameters import writer
from margin.write.parameters._spn.text import number, numbers
from tests.market.generate import ALL_FEATURES, cme_spec, generate_market, nse_spec, write_spn
from tests.oracle.random_books import Features, random_case
from tests.properties.books import comparable
from tests.write.same_parameters import assert_same
from tests.write.spn_schema import assert_valid, needs_schema, schema_faults

SHAPES = {
    "nse": nse_spec(features=ALL_FEATURES, long_expiries=6, futures_only=1),
    "cme": cme_spec(features=ALL_FEATURES, underlyings=12),
}
FEATURES = {"all": Features.all(), "functions": replace(Features.all(), business_functions=True)}

HOUSE = """\
format: margin-parameters
version: 1
clearing_org: EX
business_date: 2026-06-25
exchange: XEX
currency: USD
account_types:
  - {code: S, customer: true, net: true, name: speculator}
  - {code: H, customer: true, net: true, name: hedger}
scenario_grid: {standard: {extreme_move: 3, cover: 0.33}}
cap_available_net_option_value: false
house: {rounding: {scan_risk: {decimals: 0, mode: half_even}}}
commodities:
  - code: GAS
    initial_ratios: {S: 1.1, H: 1.3}
    adjustment_factors: {H: 0.7}
    products:
      - {code: NG, type: FUT, contract_value_factor: 10000}
      - {code: LN, type: OOF, value_method: EQTY, contract_value_factor: 10000}
  - {code: OIL, initial_ratios: {S: 1.35}}
contracts:
  - {id: NGU, commodity: GAS, product: NG, type: FUT, period: 202609, price_scan_range: 1700}
  - {id: NGV, commodity: GAS, product: NG, type: FUT, period: 202610, price_scan_range: 1650}
  - {commodity: GAS, product: LN, type: OOF, period: 202609, underlying_period: 202609, right: C, strike: 3.25,
     price: 0.12, composite_delta: 0.4, losses: [-7, 31, -500.25, -460, 420, 470, -1100, -1000, 700.5, 800, -1700, -1600, 1000, 1100, -1500, 390]}
  - {commodity: OIL, product: CL, type: FUT, period: 202609, price_scan_range: 0.000001}
"""  # noqa: E501  the losses of one contract
BOOK = """\
account,account_type,exchange,product,type,expiry,underlying_expiry,right,strike,quantity
A,S,XEX,NG,FUT,202609,,,,3
A,S,XEX,LN,OOF,202609,202609,C,3.25,-5
A,S,XEX,CL,FUT,202609,,,,-2
B,H,XEX,NG,FUT,202609,,,,-3
B,H,XEX,NG,FUT,202610,,,,7
"""


def content_of(parameters: ParameterSet) -> bytes:
    return b"".join(writer("spn").write(parameters).content)


def read_back(content: bytes, folder: Path) -> ParameterSet:
    path = folder / "again.spn"
    path.write_bytes(content)
    return margin.read_parameters(path)


def book(folder: Path, text: str) -> margin.PositionBook:
    path = folder / "book.csv"
    path.write_text(text, "utf-8")
    return margin.read_positions(path)


@pytest.fixture(scope="module", params=SHAPES)
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ParameterSet:
    path = tmp_path_factory.mktemp("market") / "market.spn"
    write_spn(generate_market(SHAPES[request.param]), path)
    return margin.read_parameters(path)


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> ParameterSet:
    path = tmp_path_factory.mktemp("house") / "house.yaml"
    path.write_text(HOUSE, "utf-8")
    return margin.read_parameters(path)


def test_a_market_reads_back_the_same(market: ParameterSet, tmp_path: Path) -> None:
    content = content_of(market)

    assert [] == schema_faults(ET.fromstring(content))
    assert_same(market, read_back(content, tmp_path))
    assert content == content_of(market)


@needs_schema
def test_a_market_is_valid_against_the_published_schema(market: ParameterSet) -> None:
    assert_valid(content_of(market))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), features=st.sampled_from(sorted(FEATURES)))
def test_any_file_reads_back_the_same_and_margins_the_same(seed: int, features: str) -> None:
    case = random_case(seed, FEATURES[features])
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "file.spn").write_text(case.spn, "utf-8")
        parameters = margin.read_parameters(folder / "file.spn")
        content = content_of(parameters)
        again = read_back(content, folder)
        positions = book(folder, case.positions_csv())
        runs = [margin.calculate(one, positions, rounding="none").to_dict() for one in (parameters, again)]

    assert [] == schema_faults(ET.fromstring(content))
    assert_same(parameters, again)
    assert comparable(runs[0]) == comparable(runs[1])


@needs_schema
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("features", FEATURES)
def test_any_file_is_valid_against_the_published_schema(seed: int, features: str, tmp_path: Path) -> None:
    (tmp_path / "file.spn").write_text(random_case(seed, FEATURES[features]).spn, "utf-8")

    assert_valid(content_of(margin.read_parameters(tmp_path / "file.spn")))


def test_the_schema_check_finds_what_is_misplaced_missing_and_unknown() -> None:
    root = ET.fromstring("<undC><pfId>1</pfId><exch>X</exch><cId>1</cId><s>A</s><x>1</x></undC>")

    assert ["undC: unknown child x", "undC: i is missing", "undC: exch stands after pfId!"] == schema_faults(root)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_are_exact_and_never_scientific(values: list[float]) -> None:
    texts = [*numbers(pl.Series(values, dtype=pl.Float64)), *map(number, values)]

    assert [*values, *values] == [float(text) for text in texts]
    assert not [text for text in texts if "e" in text or text == "-0" or text.endswith((".0", "."))]


def test_a_house_configuration_gives_the_same_margins_through_a_file(configured: ParameterSet, tmp_path: Path) -> None:
    written = writer("spn").write(configured)
    content = b"".join(written.content)
    again = read_back(content, tmp_path)
    positions = book(tmp_path, BOOK)
    runs = [margin.calculate(one, positions, house=configured.house).to_dict() for one in (configured, again)]

    assert [] == schema_faults(ET.fromstring(content))
    assert comparable(runs[0]) == comparable(runs[1])
    assert runs[0]["accounts"][1]["initial_requirement"] is not None
    assert {"house", "adjustment_factors", "contract_id"} == {
        problem.attributes["element"] for problem in written.problems
    }
    assert {Severity.WARNING} == {problem.severity for problem in written.problems}


@needs_schema
def test_a_house_configuration_is_valid_against_the_published_schema(configured: ParameterSet) -> None:
    assert_valid(content_of(configured))


def test_ratios_become_rates_that_derive_from_the_published_one(configured: ParameterSet, tmp_path: Path) -> None:
    again = read_back(content_of(configured), tmp_path)
    gas = next(item for item in again.commodities if item.code == "GAS")
    rates = {(rate.account_type, rate.is_maintenance): rate.rate_id for rate in again.clearing_orgs[0].rates}
    factors = {item.rate_id: item.factor for item in gas.rate_adjustments}

    assert "1" == rates["S", True]
    assert {("S", False): 1.1, ("H", True): 0.7, ("H", False): math.prod([1.0, 0.7, 1.3])} == {
        key: factors[rate_id] for key, rate_id in rates.items() if rate_id != "1"
    }


def test_a_credit_between_commodities_changes_its_sign(market: ParameterSet, tmp_path: Path) -> None:
    legs = tuple(SpreadLeg("tier", market.commodities[i].code, side, 1.0, tier=0) for i, side in enumerate("AB"))  # type: ignore[arg-type]
    org = market.clearing_orgs[0].code
    credit = SpreadDefinition(
        "intercommodity", "delta", org, 900, "F", legs, rates={"1": 12.5}, flat_rate_is_credit=True
    )
    again = read_back(content_of(replace(market, spreads=(*market.spreads, credit))), tmp_path)
    found = next(spread for spread in again.spreads if spread.priority == 900)

    assert ({"1": -12.5}, False) == (dict(found.rates), found.flat_rate_is_credit)


def changed(parameters: ParameterSet, **changes: Any) -> ParameterSet:
    """The set with its first commodity changed."""
    first: CombinedCommodity = replace(parameters.commodities[0], **changes)
    return replace(parameters, commodities=(first, *parameters.commodities[1:]))


def test_everything_that_cannot_be_said_is_refused_at_once(market: ParameterSet) -> None:
    org = replace(
        market.clearing_orgs[0],
        currency_conversions=(CurrencyConversion("EUR", "USD", 1.1, shift_up=0.1, shift_down=0.1),),
    )
    spread = replace(market.commodities[0].spreads[0], form="strategy")
    arrays = {
        rate_id: replace(item, tick_values=np.full(market.contracts.height, 2.0))
        for rate_id, item in market.arrays.items()
    }
    london = changed(
        market,
        spreads=(spread,),
        spot_rates=(SpotRate("1", "202609", 1.0, 2.0, side="long"),),
        intracommodity_tiers=(Tier(1, is_relative=True),),
        unsupported=(UnsupportedElement("ccDef[X]/liqRate", "specificRate=1", 7),),
    )
    london = replace(london, clearing_orgs=(org, *market.clearing_orgs[1:]), arrays=MappingProxyType(arrays))

    with pytest.raises(InputRefused) as refused:
        writer("spn").write(london)

    text = str(refused.value)
    for word in ("curConv EUR to USD", "in ticks", "liqRate", "tier[1]", "spotRate[202609]", "the form strategy"):
        assert word in text, word
    assert all("element" in problem.attributes for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"currency": "EURO"}, "currency 'EURO'"),
        ({"name": "bell \a"}, "a character that XML cannot"),
        ({"short_option_minimum_tiers": (Tier(0, rates={"core": 1.0}),)}, "rate id 'core'"),
        ({"unsupported": (UnsupportedElement("ccDef[X]/pfLink[Y]/eqPosFactor", "2", 1),)}, "eqPosFactor"),
    ],
)
def test_terms_without_a_word_are_refused(market: ParameterSet, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputRefused, match=words.replace("'", ".")):
        writer("spn").write(changed(market, **changes))


def test_single_elements_that_margin_refuses_stay_and_are_refused_again(market: ParameterSet, tmp_path: Path) -> None:
    found = (UnsupportedElement("ccDef[X]/concScaleUp", "2", 1), UnsupportedElement("ccDef[X]/binaryArrays", "1", 1))
    again = read_back(content_of(changed(market, unsupported=found)), tmp_path)

    assert [("concScaleUp", "2"), ("binaryArrays", "1")] == [
        (item.path.rpartition("/")[2], item.value) for item in again.commodities[0].unsupported
    ]


def test_an_underlying_that_is_not_in_the_set_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text(HOUSE.replace("underlying_period: 202609", "underlying_period: 202612"), "utf-8")

    with pytest.raises(InputRefused, match="the underlying contract of 202612 is not in the set"):
        writer("spn").write(margin.read_parameters(path))


def test_an_option_without_a_price_keeps_none_and_says_so(market: ParameterSet, tmp_path: Path) -> None:
    contracts = market.contracts.with_columns(price=pl.lit(None, dtype=pl.Float64))
    written = writer("spn").write(replace(market, contracts=contracts))
    again = read_back(b"".join(written.content), tmp_path)

    assert ["price"] == [problem.attributes["element"] for problem in written.problems]
    assert again.contracts.height == again.contracts["price"].null_count()


def scanning(*, counted: bool, required: bool) -> SpreadDefinition:
    target = SpreadLeg("tier", "T", "A", 1.0, tier=0, is_target=True, is_counted=counted)
    legs = (target, *(SpreadLeg("tier", code, "A", 1.0, tier=0) for code in "UV"))
    return SpreadDefinition("super", "scanning", "X", 1, "W", legs, rates={"1": 0.5}, is_target_required=required)


def test_a_required_target_that_does_not_count_is_one_leg_more(market: ParameterSet, tmp_path: Path) -> None:
    spread = replace(scanning(counted=False, required=True), clearing_org=market.clearing_orgs[0].code)
    again = read_back(content_of(replace(market, spreads=(spread,))), tmp_path)

    assert [3] == [item.legs_required for item in again.spreads]


def test_a_target_that_neither_counts_nor_must_be_present_is_refused(market: ParameterSet) -> None:
    with pytest.raises(InputRefused, match="its target does not count as a leg"):
        writer("spn").write(replace(market, spreads=(scanning(counted=False, required=False),)))
