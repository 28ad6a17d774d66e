"""Risk arrays derived from a house configuration and market data, among them published arrays rebuilt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from margin.model.market import SVI_SCHEMA, UNDERLYING_SCHEMA, VOLATILITY_POINT_SCHEMA, MarketData
from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.parameters.merge import merge_parameter_sets
from margin.value.derived import derive_arrays
from margin.value.models import black_76
from margin.value.models.terms import Terms
from tests.value.house import GOLD, HEAD, LISTED, QUOTED, SOURCE, derived, gold_quotes, losses, market, read

NATURAL_GAS = """format: margin-parameters
version: 1
clearing_org: NYM
business_date: 2018-07-10
currency: USD
cap_available_net_option_value: false
scenario_grid: {{standard: {{extreme_move: 3, cover: 0.33}}}}
array_rounding: {{unit: 1, mode: half_away}}
days_per_year: 365
look_ahead: {{days: 1}}
rate: 0
commodities:
  - code: NG
    model: {model}
    price_scan_range: 1100
    volatility_scan_range: {{relative: 0.09}}
    products:
      - {{code: NG, type: FUT, contract_value_factor: 10000}}
      - {{code: ON, type: OOF, contract_value_factor: 10000, value_method: EQTY}}
contracts:
  - {{commodity: NG, type: FUT, period: 201810, price: 2.805}}
  - {{commodity: NG, product: ON, type: OOF, period: 201810, underlying_period: 201810, right: C, strike: 2.75,
      volatility: 0.209372, time_to_expiry: 0.213699}}
  - {{commodity: NG, product: ON, type: OOF, period: 201810, underlying_period: 201810, right: P, strike: 2.75,
      volatility: 0.209372, time_to_expiry: 0.213699}}
"""
# Records B and 81 of a NYMEX file of 2018, natural gas October 2018: points 1 to 9.
FILED_FUTURE = [0, 0, -367, -367, 367, 367, -733, -733, 733]
FILED_CALL = [-87, 100, -314, -133, 123, 311, -558, -386, 314]
FILED_PUT = [-87, 100, 53, 233, -244, -55, 175, 347, -420]

# Values of NSE's file of 2026-06-25 as transcribed in public documentation: rupees per unit, look-ahead in years.
NSE = {
    "NIFTY": (
        24051.80,
        0.016438,
        [8.72, -736.49, 753.93, -1481.70, 1499.14, -2226.91, 2244.36, -1561.89, 1568.00],
    ),
    "BANKNIFTY": (
        58187.20,
        0.016438,
        [21.11, -1809.65, 1851.87, -3640.41, 3682.63, -5471.17, 5513.40, -3837.21, 3851.99],
    ),
}
NSE_LOOK_AHEAD = 0.002739


def test_a_natural_gas_future_is_the_filed_one_to_the_unit() -> None:
    parameters = derived(NATURAL_GAS.format(model="black_76"))
    assert losses(parameters)[:9] == FILED_FUTURE
    assert losses(parameters) == [*FILED_FUTURE, 733, -1100, -1100, 1100, 1100, -1089, 1089]
    assert parameters.arrays["1"].composite_delta[0] == 1.0
    assert parameters.arrays["1"].scan_ranges["price_scan"][0] == 1100.0


@pytest.mark.parametrize("model", ["black_76", "american_future"])
def test_natural_gas_options_are_the_filed_ones_within_two_units(model: str) -> None:
    """The files leave look-ahead and rate open: one day and no interest come nearest."""
    parameters = derived(NATURAL_GAS.format(model=model))
    assert np.abs(np.array(losses(parameters, 1)[:9]) - FILED_CALL).max() <= 2
    assert np.abs(np.array(losses(parameters, 2)[:9]) - FILED_PUT).max() <= 2


@pytest.mark.parametrize("index", NSE)
def test_index_futures_are_the_filed_ones_from_three_of_their_points(index: str) -> None:
    """What the file does not say, the carry and its scan range of the spot, follows from points 1, 11 and 13."""
    price, years, filed = NSE[index]
    drift, up, down = filed[0], filed[5], filed[6]
    carry = -math.log1p(-drift / price) / NSE_LOOK_AHEAD
    spot = price * math.exp(-carry * years)
    scan = (down - up) / 2.0 * math.exp(-carry * (years - NSE_LOOK_AHEAD))
    text = f"""format: margin-parameters
version: 1
clearing_org: NSCCL
business_date: 2026-06-25
currency: INR
scenario_grid: {{standard: {{extreme_move: 2, cover: 0.35}}}}
array_rounding: {{unit: 0.01, mode: half_away}}
look_ahead: {{years: {NSE_LOOK_AHEAD}}}
commodities:
  - code: {index}
    model: cost_of_carry
    rate: {carry!r}
    carry: 0
    price_scan_range: {{points: {scan!r}}}
    products: [{{code: {index}, type: FUT, contract_value_factor: 1}}]
contracts: [{{commodity: {index}, type: FUT, period: 20260630, time_to_expiry: {years}}}]
"""
    parameters = derived(text, market(underlyings=[{"underlying": index, "period": "", "price": spot}]))
    expected = [value for value in filed[:7] for _ in (0, 1)] + filed[7:]
    assert np.abs(np.array(losses(parameters)) - expected).max() <= 0.02
    assert parameters.arrays["1"].composite_delta[0] == 1.0
    assert parameters.contracts["price"][0] == pytest.approx(price)


def test_listed_contracts_find_their_numbers_in_the_market() -> None:
    parameters = derived(LISTED, market(gold_quotes()))
    years = 152 / 365
    terms = Terms(np.array([2400.0]), np.array([True]), np.array([0.02]), np.zeros(1))
    today = black_76.value(np.array([2350.0]), np.array([0.16]), np.array([years]), terms)
    worst = black_76.value(np.array([2260.0]), np.array([0.16 * 0.85]), np.array([years - 1 / 365]), terms)
    assert losses(parameters)[12] == 9000.0
    assert losses(parameters, 1)[13] == pytest.approx(100.0 * (today - worst).item(), abs=1e-9)
    assert parameters.contracts["price"].to_list() == [2350.0, pytest.approx(today.item()), 31.5]
    call, put = parameters.arrays["1"].composite_delta[1:]
    assert (0.0 < call < 1.0, -1.0 < put < 0.0) == (True, True)
    assert parameters.pricing is not None
    assert parameters.pricing.market == (SOURCE,)


def test_quoted_contracts_are_those_listed() -> None:
    quoted, listed = derived(QUOTED, market(gold_quotes())), derived(LISTED, market(gold_quotes()))
    assert quoted.contracts["contract_id"].to_list() == [
        "XCH GC FUT 202612",
        "XCH OG OOF 20261124 202612 C 2400",
        "XCH OG OOF 20261124 202612 P 2200",
    ]
    assert (quoted.arrays["1"].losses == listed.arrays["1"].losses).all()
    assert quoted.contracts.drop("line").equals(listed.contracts.drop("line"))


def test_arrays_can_be_derived_again_from_another_market() -> None:
    first = derived(QUOTED, market(gold_quotes()))
    cheaper = [{**row, "price": 2300.0} if row["product"] == "GC" else row for row in gold_quotes()]
    assert (derive_arrays(first, market(gold_quotes())).arrays["1"].losses == first.arrays["1"].losses).all()
    again = derive_arrays(first, market(cheaper[:2]))
    assert (again.arrays["1"].losses == derived(QUOTED, market(cheaper[:2])).arrays["1"].losses).all()
    assert again.contracts.height == 2


def test_scan_ranges_are_points_percent_or_money() -> None:
    stated = ("{points: 90}", "{percent: 3.8297872340425534}", "{money: 9000}", "9000")
    found = [derived(LISTED.replace("{points: 90}", text), market(gold_quotes())) for text in stated]
    for other in found[1:]:
        np.testing.assert_allclose(other.arrays["1"].losses, found[0].arrays["1"].losses, rtol=1e-9, atol=1e-7)
        assert other.arrays["1"].scan_ranges["price_scan"].to_list() == pytest.approx([9000.0] * 3)


def test_the_innermost_statement_wins_field_by_field() -> None:
    text = LISTED.replace(
        "    products:", "    scan_range_tiers: [{first_period: 202612, price_scan_range: 8000}]\n    products:"
    )
    assert losses(derived(text, market(gold_quotes())))[12] == 8000.0
    text = text.replace(
        "type: FUT, contract_value_factor: 100", "type: FUT, contract_value_factor: 100, price_scan_range: 7000"
    )
    assert losses(derived(text, market(gold_quotes())))[12] == 7000.0
    text = text.replace("type: FUT, period: 202612", "type: FUT, period: 202612, price_scan_range_down: 6000")
    found = losses(derived(text, market(gold_quotes())))
    assert (found[10], found[12]) == (-7000.0, 6000.0)


def test_a_range_that_is_stated_anew_brings_its_own_other_side() -> None:
    text = LISTED.replace("price_scan_range: {points: 90}", "price_scan_range: 9000\n    price_scan_range_down: 12000")
    assert losses(derived(text, market(gold_quotes())))[12] == 12000.0
    text = text.replace("type: FUT, period: 202612", "type: FUT, period: 202612, price_scan_range: 5000")
    assert losses(derived(text, market(gold_quotes())))[12] == 5000.0


def test_moves_that_shrink_with_time_do_so_by_their_own_power_on_either_side() -> None:
    scaled = LISTED.replace(
        "    products:",
        "    volatility_time_scaling: {days: 30, short_power: 0.3, long_power: 0.13, least_days: 1}\n    products:",
    )
    parameters = derived(scaled, market(gold_quotes()))
    assert parameters.pricing is not None
    assert parameters.pricing.frame["volatility_scan_up"][1] == pytest.approx(0.15 * (30 / 152) ** 0.13)
    near = [{**row, "time_to_expiry": 0.0} if row["type"] == "OOF" else row for row in gold_quotes()]
    parameters = derived(scaled, market(near))
    assert parameters.pricing is not None
    assert parameters.pricing.frame["volatility_scan_up"][1] == pytest.approx(0.15 * 30**0.3)


def test_expired_options_are_worth_what_they_pay() -> None:
    rows = [{**row, "period": "20260601"} if row["type"] == "OOF" else row for row in gold_quotes()]
    rows[1]["strike"], rows[2]["price"] = 2300.0, None
    parameters = derived(QUOTED, market(rows))
    assert parameters.contracts["price"].to_list() == [2350.0, 50.0, 0.0]
    assert losses(parameters, 1)[12:14] == pytest.approx([5000.0, 5000.0])
    assert losses(parameters, 2)[12:14] == pytest.approx([0.0, 0.0])


def test_an_inverse_contract_loses_coins() -> None:
    text = (
        HEAD.replace("USD", "BTC")
        + """commodities:
  - code: BTC
    model: inverse
    price_scan_range: {percent: 20}
    products: [{code: BTC, type: FUT, contract_value_factor: 10}]
contracts: [{commodity: BTC, type: FUT, period: 20260925, price: 50000}]
"""
    )
    parameters = derived(text)
    assert losses(parameters)[12] == pytest.approx(10 / 40000 - 10 / 50000)
    assert losses(parameters)[10] == pytest.approx(10 / 60000 - 10 / 50000)
    assert parameters.arrays["1"].composite_delta[0] == 1.0
    assert parameters.arrays["1"].scan_ranges["price_scan"][0] is None
    assert "takes the price to zero or below" in refusal(text.replace("percent: 20", "percent: 34"))
    assert "does not move by evenly" in refusal(text.replace("{percent: 20}", "20"))


def test_a_grid_may_move_in_percent_of_the_price() -> None:
    grid = """scenario_grid:
  price_moves_are: percent
  volatility_moves_are: absolute
  points:
    - {price_move: 16, volatility_move: 0.1, weight: 1, pair: 2}
    - {price_move: 16, volatility_move: -0.1, weight: 1, pair: 1}
    - {price_move: -66, volatility_move: 0, weight: 0.18}
  delta_points: [{price_move: 0, weight: 0.5}, {price_move: 10, weight: 0.5}]
"""
    text = LISTED.replace("scenario_grid: {standard: {extreme_move: 3, cover: 0.33}}\n", grid)
    text = text.replace("    price_scan_range: {points: 90}\n    volatility_scan_range: {relative: 0.15}\n", "")
    parameters = derived(text, market(gold_quotes()))
    assert losses(parameters) == pytest.approx([-37600.0, -37600.0, 0.18 * 155100.0])
    assert losses(parameters, 1)[0] < losses(parameters, 1)[1]
    assert parameters.arrays["1"].scan_ranges["price_scan"].to_list() == [None] * 3


def test_rounding_is_to_any_unit() -> None:
    for unit, mode, expected in (("0.25", "half_away", 2933.25), ("5", "up", 2935.0), ("1000", "down", 2000.0)):
        text = LISTED.replace("rate: 0.02\n", f"rate: 0.02\narray_rounding: {{unit: {unit}, mode: {mode}}}\n")
        found = losses(derived(text.replace("{points: 90}", "{points: 88}"), market(gold_quotes())))
        assert (found[4], found[2]) == (expected, -expected)


def refusal(text: str, data: MarketData | None = None) -> str:
    with pytest.raises(InputRefused) as refused:
        derived(text, data)
    return str(refused.value)


def test_without_market_data_the_refusal_says_which_option_is_missing() -> None:
    message = refusal(LISTED)
    assert "no market data are given, and contracts of the house configuration need them; give --market FILE" in message
    assert "GOLD: no volatility for 2 contracts: XCH OG OOF 20261124 202612 C 2400, XCH OG" in message
    assert "GOLD: no price of the underlying for 3 contracts" in message
    assert "give the price of GOLD 202612 in the market data" in message
    assert "contracts are those quoted, and no market data quote any; give --market FILE" in refusal(QUOTED)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: 0.02\n", "", "GOLD: no rate for 2 contracts"),
        ("look_ahead: {days: 1}\n", "", "GOLD: no look_ahead for 2 contracts"),
        ("days_per_year: 365\n", "", "GOLD: days to expiry and no days_per_year for 2 contracts"),
        ("    volatility_scan_range: {relative: 0.15}\n", "", "GOLD: no volatility_scan_range for 2 contracts"),
        ("    price_scan_range: {points: 90}\n", "    price_scan_range_down: 5\n", "GOLD: no price_scan_range"),
        ("OOF, contract_value_factor: 100,", "OOF,", "GOLD: no contract_value_factor for 2 contracts"),
        ("    model: black_76\n", "", "GOLD: no pricing model for 2 contracts"),
        ("    model: black_76\n", "    model: black_scholes_merton\n    carry: 0\n", "none"),
    ],
)
def test_whatever_a_model_needs_is_asked_for_with_the_contracts(old: str, new: str, message: str) -> None:
    text = QUOTED.replace(old, new)
    assert text != QUOTED
    if message == "none":
        assert derived(text, market(gold_quotes())).pricing is not None
    else:
        assert message in refusal(text, market(gold_quotes()))


def test_all_faults_are_said_at_once() -> None:
    text = QUOTED.replace("rate: 0.02\n", "").replace("look_ahead: {days: 1}\n", "")
    message = refusal(text, market([{**row, "volatility": None} for row in gold_quotes()]))
    for found in ("no rate", "no look_ahead", "no volatility"):
        assert found in message


def test_a_price_that_a_model_cannot_take_names_the_model_that_can() -> None:
    rows = [{**row, "price": -5.0} if row["product"] == "GC" else row for row in gold_quotes()]
    message = refusal(LISTED, market(rows))
    assert "black_76 cannot take the price of the underlying or the strike for 2 contracts" in message
    assert "bachelier takes prices and strikes of any sign" in message
    normal = LISTED.replace("black_76", "bachelier").replace("{relative: 0.15}", "{absolute: 20}")
    quotes = [{**row, "volatility": 300.0} for row in rows]
    assert np.isfinite(derived(normal, market(quotes)).arrays["1"].losses).all()


def test_quotes_of_other_products_are_warned_of() -> None:
    other = {"product": "SI", "type": "FUT", "period": "202612", "price": 30.0}
    parameters = derived(LISTED, market([*gold_quotes(), other]))
    (problem,) = parameters.problems
    assert (problem.reason, problem.severity) == (Reason.UNKNOWN_CONTRACT, Severity.WARNING)
    assert "1 quote is of products that no house configuration lists, and not used: SI FUT" in problem.message


def test_market_data_of_another_day_or_for_nothing_are_warned_of() -> None:
    data = market(gold_quotes())
    later = MarketData(data.sources, "2026-06-26", data.underlyings, data.quotes)
    assert [problem.reason for problem in derived(LISTED, later).problems] == [Reason.DATE_MISMATCH]
    plain = HEAD + "contracts: [{commodity: X, type: FUT, period: 202612, losses: [" + "1, " * 15 + "1]}]\n"
    assert "are not used" in derived(plain, data).problems[0].message


def test_quotes_without_what_a_contract_needs_are_refused() -> None:
    rows: list[dict[str, Any]] = [{**row, "right": None, "underlying_period": None} for row in gold_quotes()]
    message = refusal(QUOTED, market(rows))
    assert "2 quotes of OG are to be contracts and lack right and strike" in message
    assert "2 quotes of OG are to be contracts and lack an underlying expiry" in message


def test_given_losses_stay_beside_derived_ones() -> None:
    given = "  - {commodity: GOLD, product: GC, type: FUT, period: 202702, losses: [" + "1, " * 15 + "2]}\n"
    parameters = derived(LISTED + given, market(gold_quotes()))
    assert losses(parameters, 3) == [1.0] * 15 + [2.0]
    assert losses(parameters)[12] == 9000.0
    assert parameters.pricing is not None
    assert parameters.pricing.frame["model"].to_list() == ["linear", "black_76", "black_76", None]


def test_merged_sets_are_derived_together() -> None:
    other = QUOTED.replace("XCH", "YCH").replace("GOLD", "GOLDY").replace("GC", "GY").replace("OG", "OY")
    renamed = [{**row, "product": {"GC": "GY", "OG": "OY"}[row["product"]]} for row in gold_quotes()]
    merged = merge_parameter_sets([read(other), read(LISTED)])
    parameters = derive_arrays(merged, market([*gold_quotes(), *renamed]))
    alone = derived(LISTED, market(gold_quotes())).arrays["1"].losses
    assert parameters.contracts.height == 6
    assert (parameters.arrays["1"].losses == np.vstack([alone, alone])).all()


def test_a_scan_range_in_money_alone_needs_no_market() -> None:
    text = HEAD + "contracts: [{commodity: CORN, type: FUT, period: 202612, price_scan_range: 1100}]\n"
    before = read(text)
    assert not before.lacks_arrays
    after = derive_arrays(before)
    assert (after.arrays["1"].losses == before.arrays["1"].losses).all()
    assert isinstance(after, ParameterSet)
    assert after.pricing is not None
    assert after.pricing.frame.select("model", "level", "multiplier").row(0) == ("linear", None, 1.0)


def test_every_number_of_the_pricing_frame_is_finite() -> None:
    parameters = derived(GOLD + "contracts: {quoted: true}\n", market(gold_quotes()))
    assert parameters.pricing is not None
    for column in parameters.pricing.frame.select(pl.col(pl.Float64)):
        assert column.drop_nulls().is_finite().all(), column.name


def test_a_price_implies_the_volatility_that_gives_it() -> None:
    by_volatility = derived(QUOTED, market(gold_quotes()[:2]))
    rows = gold_quotes()[:2]
    rows[1] = {**rows[1], "volatility": None, "price": by_volatility.contracts["price"][1]}
    by_price = derived(QUOTED, market(rows))
    assert by_price.contracts["volatility"][1] == pytest.approx(0.16, rel=1e-12)
    np.testing.assert_allclose(by_price.arrays["1"].losses, by_volatility.arrays["1"].losses, atol=1e-8)


def test_a_price_that_no_volatility_gives_says_so() -> None:
    rows = gold_quotes()
    rows[2] = {**rows[2], "volatility": None, "price": 5000.0}
    assert "above the discounted forward or strike, which no volatility gives, for 1 contract" in refusal(
        QUOTED, market(rows)
    )


def test_volatilities_come_from_points_of_a_surface_where_nothing_is_quoted() -> None:
    data = market([{**row, "volatility": None, "price": None} for row in gold_quotes()])
    future = [{"underlying": "GOLD", "period": "202612", "price": 2350.0}]
    points = [
        {"underlying": "GOLD", "period": "20261124", "strike": strike, "volatility": volatility}
        for strike, volatility in ((2200.0, 0.18), (2400.0, 0.16))
    ]
    data = MarketData(
        data.sources,
        data.date,
        underlyings=pl.DataFrame(future, schema=UNDERLYING_SCHEMA),
        quotes=data.quotes,
        volatility_points=pl.DataFrame(points, schema=VOLATILITY_POINT_SCHEMA),
    )
    parameters = derived(QUOTED, data)
    assert parameters.contracts["volatility"].to_list()[1:] == pytest.approx([0.16, 0.18], rel=1e-12)
    slices = [{"underlying": "GOLD", "period": "20261124", "a": 0.01, "b": 0.0, "rho": 0.0, "m": 0.0, "sigma": 0.1}]
    flat = MarketData(
        data.sources,
        data.date,
        underlyings=data.underlyings,
        quotes=data.quotes,
        svi=pl.DataFrame(slices, schema=SVI_SCHEMA),
    )
    expected = math.sqrt(0.01 / (152 / 365))
    assert derived(QUOTED, flat).contracts["volatility"].to_list()[1:] == pytest.approx([expected] * 2, rel=1e-12)


def with_surface(
    points: list[tuple[str, float, float, float | None]],
    parameters: Sequence[tuple[str, float | None]] = (),
) -> MarketData:
    """Gold without volatilities but those of a surface: (period, strike, volatility, years), and flat SVI slices."""
    data = market([{**row, "volatility": None, "price": None} for row in gold_quotes()])
    names = ("period", "strike", "volatility", "time_to_expiry")
    flat = {"underlying": "GOLD", "a": 0.01, "b": 0.0, "rho": 0.0, "m": 0.0, "sigma": 0.1}
    future = [{"underlying": "GOLD", "period": "202612", "price": 2350.0}]
    return MarketData(
        data.sources,
        data.date,
        underlyings=pl.DataFrame(future, schema=UNDERLYING_SCHEMA),
        quotes=data.quotes,
        volatility_points=pl.DataFrame(
            [{"underlying": "GOLD", **dict(zip(names, point, strict=True))} for point in points],
            schema=VOLATILITY_POINT_SCHEMA,
        ),
        svi=pl.DataFrame(
            [{**flat, "period": period, "time_to_expiry": years} for period, years in parameters], schema=SVI_SCHEMA
        ),
    )


def test_two_expiries_at_one_time_are_refused_by_name() -> None:
    points = [("202612", 2400.0, 0.16, 0.4), ("202701", 2400.0, 0.17, 0.4)]
    said = "has two expiries at one time, 202612 and 202701, both 0.4 years away; correct their time_to_expiry"
    assert f"the volatility surface of GOLD {said}" in refusal(QUOTED, with_surface(points))
    assert said in refusal(QUOTED, with_surface([], [("202612", 0.4), ("202701", 0.4)]))
    assert said in refusal(QUOTED, with_surface(points[:1], [("202701", 0.4)]))


def test_each_expiry_of_a_surface_has_points_or_parameters_of_its_own() -> None:
    data = with_surface(
        [("20261124", 2200.0, 0.18, None), ("20261124", 2400.0, 0.16, None)],
        [("20261124", None), ("20270126", None)],
    )
    parameters = derived(QUOTED, data)
    assert parameters.contracts["volatility"].to_list()[1:] == [0.16, 0.18]


def test_arbitrage_of_a_surface_is_warned_of_with_the_parameters() -> None:
    points = [("20261124", 2400.0, 0.40, None), ("20270126", 2400.0, 0.10, None)]
    data = with_surface(points)
    later = pl.DataFrame([{"underlying": "GOLD", "period": "20270126", "price": 2350.0}], schema=UNDERLYING_SCHEMA)
    forwards = MarketData(
        data.sources, data.date, pl.concat([data.underlyings, later]), data.quotes, data.volatility_points
    )
    (problem,) = derived(QUOTED, forwards).problems
    assert problem.severity is Severity.WARNING
    assert "total variance falls from 20261124 to 20270126" in problem.message


def test_options_beyond_all_expiries_of_a_surface_are_warned_of() -> None:
    data = with_surface([], [("202701", 1.0), ("202702", 1.1)])
    forwards = [{"underlying": "GOLD", "period": name, "price": 2350.0} for name in ("202612", "202701", "202702")]
    known = pl.DataFrame(forwards, schema=UNDERLYING_SCHEMA)
    (problem,) = derived(QUOTED, MarketData(data.sources, data.date, known, data.quotes, svi=data.svi)).problems
    assert problem.message.startswith("2 of the options on GOLD expire before or after all expiries")


def test_expiries_that_cannot_be_placed_are_named() -> None:
    message = refusal(QUOTED, with_surface([("202701", 2400.0, 0.16, None), ("202702", 2400.0, 0.16, 0.9)]))
    assert (
        "the volatility surface of GOLD has expiries that cannot be placed among the others: 202701, 202702" in message
    )
    assert "GOLD: no volatility for 2 contracts" in message
