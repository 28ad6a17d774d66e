"""What an expanded unpacked file cannot say is refused all at once; what it says less exactly is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from margin.model.contract import COMBINATION_LEG_SCHEMA
from margin.model.house import HousePolicy
from margin.model.parameters import (
    AccountType,
    CombinedCommodity,
    CurrencyConversion,
    ParameterSet,
    PerformanceBondRate,
    RateAdjustment,
    SpotRate,
    SpreadDefinition,
    SpreadLeg,
    Tier,
    UnsupportedElement,
)
from margin.model.problem import InputRefused, Reason, Severity
from margin.model.scenario import ScenarioGrid, standard_grid
from margin.write.parameters._pa2 import contracts as contract_records
from margin.write.parameters.pa2 import write
from tests.write.pa2_sets import ORG, RATE, columns, links, parameter_set, product
from tests.write.test_pa2_round_trip import read

LOSSES = [0.0, 0.0, -367.0, -367.0, 367.0, 367.0, -733.0, -733.0, 733.0, 733.0, -1100.0, -1100.0, 1100.0, 1100.0,
          -1089.0, 1089.0]  # fmt: skip


def a_set(losses: list[float] = LOSSES, future: dict[str, Any] | None = None, option: dict[str, Any] | None = None,
          **facts: Any) -> ParameterSet:  # fmt: skip
    """A future and an option on it, in one commodity."""
    families = [
        product("NYM", "NG", "FUT", contract_value_factor=10_000.0, price_decimals=3),
        product("NYM", "ON", "OOF", contract_value_factor=10_000.0),
    ]
    rows = [
        {"product": 0, "period": "201810", "price": 2.805, "losses": losses, "price_scan": 1100.0, **(future or {})},
        {
            "product": 1, "period": "201810", "underlying_period": "201810", "underlying_contract": 0, "right": "C",
            "strike": 2.75, "price": 0.082, "delta": 0.6, "losses": LOSSES, **(option or {}),
        },
    ]  # fmt: skip
    rows = [{"contract_value_factor": 10_000.0, **row} for row in rows]
    commodity = CombinedCommodity(ORG, "NG", "USD", product_links=links(*families), **facts)
    return parameter_set(families, rows, [commodity])


def lines(parameters: ParameterSet, *records: str) -> list[str]:
    """Lines of some records."""
    content = b"".join(write(parameters).content).decode("ascii")
    return [line for line in content.splitlines() if line[:2].strip() in records]


def refused(parameters: ParameterSet) -> InputRefused:
    """What writing it raises."""
    with pytest.raises(InputRefused) as caught:
        write(parameters)
    return caught.value


def _changed(**facts: Any) -> Callable[[], ParameterSet]:
    return lambda: a_set(**facts)


def _organisation(**facts: Any) -> Callable[[], ParameterSet]:
    def make() -> ParameterSet:
        made = a_set()
        return replace(made, clearing_orgs=(replace(made.clearing_orgs[0], **facts),))

    return make


def _tier_legs(*ratios: float) -> tuple[SpreadLeg, ...]:
    return tuple(SpreadLeg("tier", "NG", "AB"[i % 2], ratio, tier=0) for i, ratio in enumerate(ratios))


def _spread(**facts: Any) -> dict[str, Any]:
    stated = {"kind": "intracommodity", "form": "delta", "priority": 1, "charge_method": "F", "rates": {RATE: 100.0}}
    return {"spreads": (SpreadDefinition(clearing_org=ORG, **{**stated, "legs": _tier_legs(1, 1), **facts}),)}


def _between(**facts: Any) -> Callable[[], ParameterSet]:
    stated = {"kind": "intercommodity", "form": "delta", "priority": 1, "charge_method": "W", "rates": {RATE: 0.5}}
    spread = SpreadDefinition(clearing_org=ORG, **{**stated, "legs": _tier_legs(1, 1), **facts})
    return lambda: replace(a_set(), spreads=(spread,))


def _several_rates() -> ParameterSet:
    made = a_set()
    return replace(made, arrays={"1": made.arrays["1"], "2": made.arrays["1"]})


def _several_organisations() -> ParameterSet:
    made = a_set()
    return replace(made, clearing_orgs=(*made.clearing_orgs, replace(made.clearing_orgs[0], code="NYMEX")))


def _with_house() -> ParameterSet:
    return replace(a_set(), house=HousePolicy("pennies", "Pennies", "made up", "2025-01-01"))


def _twin_products() -> ParameterSet:
    made = a_set()
    return replace(made, products=(*made.products, replace(made.products[0], product_id="7")))


def _long_code() -> ParameterSet:
    made = a_set()
    return replace(made, commodities=(replace(made.commodities[0], code="NATURALGAS"),))


def _in_ticks() -> ParameterSet:
    made = a_set()
    return replace(made, arrays={RATE: replace(made.arrays[RATE], tick_values=np.array([10.0, np.nan]))})


def _other_scenarios() -> ParameterSet:
    points = standard_grid().points
    return a_set(grids={RATE: ScenarioGrid((*points[:14], replace(points[14], price_move=-3.0), points[15]))})


RELATIVE = SpreadLeg("relative", "NG", "A", 1.0, relative_number=1)
PERIOD = SpreadLeg("period", "NG", "A", 1.0, period="201810")

REFUSED: dict[str, tuple[Callable[[], ParameterSet], str]] = {
    "several rate ids": (_several_rates, "ra/r: found '1, 2'"),
    "several organisations": (_several_organisations, "found 'CME, NYMEX'"),
    "business function": (_organisation(business_function="XM"), "businessFunction[CME]"),
    "gross margining": (_organisation(is_net_margin=False), "isNetMargin"),
    "reserve rates": (
        _organisation(rates=(PerformanceBondRate(RATE, True, "S", True, "RESERVE"),)), "pbRateDef/pbc: found 'RESERVE'",
    ),
    "a rate that does not follow": (
        _organisation(rates=tuple(PerformanceBondRate(r, True, "S", r == "1", "CORE") for r in "12")), "adjRate",
    ),
    "conversion with a haircut": (
        _organisation(currency_conversions=(CurrencyConversion("EUR", "USD", 1.1, (0.05,)),)), "hfactor",
    ),
    "conversion too small": (
        _organisation(currency_conversions=(CurrencyConversion("KRW", "USD", 0.0000041),)), "curConv[KRW/USD]/factor",
    ),
    "two products of one name": (_twin_products, "products are told apart"),
    "long commodity code": (_long_code, "it has 6 characters"),
    "losses in ticks": (_in_ticks, "its losses are money"),
    "other scenarios": (_other_scenarios, "pointDef"),
    "long group": (_changed(groups=("ENERGY",)), "group[ENERGY]"),
    "two groups": (_changed(groups=("EN", "GA")), "found 'EN, GA'"),
    "risk exponent below zero": (_changed(risk_exponent=-2), "riskExponent"),
    "long strike": (_changed(option={"strike": 123_456.789}), "k of NYM ON OOF 201810"),
    "long period": (_changed(future={"period": "201810W12"}), "pe of NYM NG FUT 201810W12"),
    "future without a period": (_changed(future={"period": ""}), "pe of NYM NG FUT"),
    "large delta": (_changed(option={"delta": 10.0}), "ra/d of NYM ON OOF"),
    "no future": (_changed(option={"underlying_period": "", "underlying_contract": None}), "undC of NYM ON OOF"),
    "scan range down": (_changed(future={"price_scan_down": 900.0}), "priceScanDown"),
    "delta scaling factor of zero": (_changed(future={"delta_scaling_factor": 0.0}), "sc of NYM NG FUT"),
    "relative tier": (_changed(scan_tiers=(Tier(1, is_relative=True),)), "scanTiers/tier[1]"),
    "tier without a rate": (_changed(short_option_minimum_tiers=(Tier(1),)), "somTiers/tier[1]/rate"),
    "tier of two ranges": (_changed(intracommodity_tiers=(Tier(1, None, "2018"), Tier(1, "2020"))), "more than once"),
    "one-sided delivery charge": (
        _changed(spot_rates=(SpotRate(RATE, "201810", 1.0, 2.0, side="long"),)), "spotRate[201810]: found 'long'",
    ),
    "unknown short option method": (_changed(short_option_minimum_method="NET"), "somMeth: found 'NET'"),
    "element without a record": (_changed(unsupported=(UnsupportedElement("ccDef/liqRate", "5"),)), "ccDef/liqRate"),
    "relative leg": (_changed(**_spread(legs=(RELATIVE, RELATIVE))), "rpLeg"),
    "mixed legs": (_changed(**_spread(legs=(_tier_legs(1)[0], PERIOD))), "dSpread[1]/legs"),
    "charge by months": (_changed(**_spread(charge_method="P")), "chargeMeth: found 'P'"),
    "weighted charge": (_changed(**_spread(charge_method="W")), "chargeMeth: found 'W'"),
    "charge that is a credit": (_changed(**_spread(rates={RATE: -5.0})), "dSpread[1]/rate: found '-5'"),
    "large charge": (_changed(**_spread(rates={RATE: 12_345_678.0})), "9999999"),
    "fractional ratio of tiers": (_changed(**_spread(legs=_tier_legs(1.5, 1))), "tLeg/i: found '1.5'"),
    "leg away": (_between(legs=(_tier_legs(1)[0], replace(_tier_legs(1)[0], clearing_org="OCC"))), "awayLeg"),
    "leg by period": (_between(legs=(PERIOD, PERIOD)), "interSpreads[1]/legs"),
    "flat charge between commodities": (_between(charge_method="F", rates={RATE: 10.0}), "interSpreads[1]/rate"),
    "two targets": (
        _between(form="scanning", legs=tuple(replace(leg, is_target=True) for leg in _tier_legs(1, 1))), "isTarget",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_format_cannot_say_is_refused(name: str) -> None:
    make, words = REFUSED[name]

    problems = refused(make()).problems

    assert [problem for problem in problems if words in str(problem)]
    assert {Reason.UNSUPPORTED_RULE} == {problem.reason for problem in problems}
    assert all("; " in problem.message and problem.attributes["element"] for problem in problems)


def test_a_house_policy_is_to_be_named_where_the_file_is_used() -> None:
    (problem,) = write(_with_house()).problems

    assert "name it with --house" in problem.message
    assert "house" == problem.attributes["element"]


def test_everything_is_refused_at_once() -> None:
    made = a_set(groups=("ENERGY",), risk_exponent=12, **_spread(charge_method="P"))

    assert {"group[ENERGY]", "ccDef[NG]/riskExponent", "ccDef[NG]/dSpread[1]/chargeMeth"} == {
        problem.attributes["element"] for problem in refused(made).problems
    }


def test_nothing_is_told_where_all_is_exact() -> None:
    assert () == write(a_set()).problems


@pytest.mark.parametrize(
    ("largest", "record", "locator", "digits"),
    [
        (99_999.0, "81", "", "99999"),
        (999.25, "81", "2", "99925"),
        (1_000.25, "83", "2", "00100025"),
        (100_000.0, "83", "", "00100000"),
        (999_999_990.0, "83", "1-", "99999999"),
        (1 / 3, "83", "8", "33333333"),
    ],
)
def test_arrays_take_the_digits_they_need(largest: float, record: str, locator: str, digits: str) -> None:
    made = a_set([largest, *([0.0] * 15)])

    (found,) = (line for line in lines(made, "81", "83") if line[2:5] == "NYM" and line[25:28] == "FUT")
    (definition,) = lines(made, "2")

    assert record == found[:2]
    assert digits == columns(found, 55, 54 + len(digits))
    assert locator == columns(definition, 36, 37).strip()


def test_rounded_arrays_tell_the_largest_difference() -> None:
    (problem,) = write(a_set([100_000.0, 1.23456, *([0.0] * 14)])).problems

    assert Severity.WARNING == problem.severity
    assert "risk arrays" in problem.message
    assert "NYM NG FUT 201810" in problem.message
    assert 1.23456 - 1.23 == pytest.approx(problem.attributes["largest_difference"])


def test_rounded_charges_and_deltas_tell_the_largest_difference() -> None:
    made = a_set(option={"delta": 0.61237}, **_spread(rates={RATE: 100.4}))

    told = {problem.message.split(",")[0]: problem.attributes["largest_difference"] for problem in write(made).problems}

    assert {
        "composite deltas": pytest.approx(3e-5),
        "charges of spreads inside commodities": pytest.approx(0.4),
    } == told


@pytest.mark.parametrize("price", [0.082, 12_345_678.5, 999.0001, -1.25])
def test_prices_of_any_size_are_read_again(price: float) -> None:
    made = a_set(option={"price": price})
    again = read(b"".join(write(made).content))

    assert [2.805, price] == again.contracts["price"].to_list()
    long, short = (
        columns(line, *place) for line, place in zip(lines(made, "81", "82")[2:], ((123, 123), (111, 117)), strict=True)
    )
    assert ("Y", "       ") == (long, short) if price > 999 else ("N", 7) == (long, len(short.strip()))


@pytest.mark.parametrize(("value", "digits"), [(12.5, "9991250"), (0.0, "9990000"), (250.0, "9999999")])
def test_values_of_options_without_a_price_are_cabinet_values(value: float, digits: str) -> None:
    made = a_set(option={"price": None, "contract_value": value})
    made = replace(made, products=(made.products[0], replace(made.products[1], cabinet_value=250.0)))

    assert digits == columns(lines(made, "82")[1], 111, 117)
    assert [value] == read(b"".join(write(made).content)).contracts["contract_value"].drop_nulls().to_list()


def test_factors_that_differ_inside_a_series_stand_with_each_contract() -> None:
    made = a_set()
    more = pl.concat([made.contracts, made.contracts[1:].with_columns(strike=2.8, contract_value_factor=12.5)])
    arrays = made.arrays[RATE]
    arrays = replace(
        arrays,
        losses=np.vstack([arrays.losses, arrays.losses[1:]]),
        composite_delta=np.append(arrays.composite_delta, 0.5),
        points=np.append(arrays.points, np.int32(16)),
        scan_ranges=pl.concat([arrays.scan_ranges, arrays.scan_ranges[1:]]),
    )
    made = replace(made, contracts=more, arrays={RATE: arrays})

    again = read(b"".join(write(made).content))

    assert [10_000.0, 10_000.0, 12.5] == again.contracts["contract_value_factor"].to_list()
    assert ["", "1"] == [columns(line, 161, 161).strip() for line in lines(made, "P")]


def test_contracts_keep_their_order_over_pieces_and_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = a_set([100_000.0, *LOSSES[1:]])
    whole = b"".join(write(made).content)
    monkeypatch.setattr(contract_records, "ROWS_AT_ONCE", 1)

    assert whole == b"".join(write(made).content)
    assert ["83", "84", "81", "82"] == [line[:2] for line in lines(made, "81", "82", "83", "84")]


def test_combinations_are_read_again_with_their_legs() -> None:
    made = a_set(combination_method="SPLIT")
    combination = product("NYM", "NGC", "CMB")
    row = {"product": 2, "period": "201810", "price": 0.5, "losses": LOSSES, "contract_value_factor": 1.0}
    extra = parameter_set([combination], [row], [])
    arrays, own = made.arrays[RATE], extra.arrays[RATE]
    joined = replace(
        arrays,
        losses=np.vstack([arrays.losses, own.losses]),
        composite_delta=np.append(arrays.composite_delta, own.composite_delta),
        points=np.append(arrays.points, own.points),
        scan_ranges=pl.concat([arrays.scan_ranges, own.scan_ranges]),
    )
    legs = pl.DataFrame([(2, 0, -2.0, "A", None)], schema=COMBINATION_LEG_SCHEMA, orient="row")
    commodity = made.commodities[0]
    member = replace(links(combination)[0], combination_method="DELTASPLIT")
    made = replace(
        made,
        products=(*made.products, combination),
        contracts=pl.concat([made.contracts, extra.contracts]),
        combination_legs=legs,
        arrays={RATE: joined},
        commodities=(replace(commodity, product_links=(*commodity.product_links, member)),),
    )

    again = read(b"".join(write(made).content))

    assert legs.rows() == again.combination_legs.rows()
    assert "SPLIT" == again.commodities[0].combination_method
    assert "DELTASPLIT" == again.commodities[0].product_links[2].combination_method


def test_derived_rates_become_factors_by_account_type() -> None:
    types = ("S", "H", "O")
    rates = [
        PerformanceBondRate(f"{kind}{is_maintenance}", True, kind, is_maintenance, "CORE")
        for kind in types
        for is_maintenance in (True, False)
    ]
    adjustments = tuple(
        RateAdjustment(rate.rate_id, RATE, factor)
        for rate, factor in zip(rates, (1.0, 1.35, 1.2, 1.2, 1.0, 1.1), strict=True)
    )
    made = a_set(rate_adjustments=adjustments, adjustment_factors={"H": 1.1})
    made = replace(
        made,
        clearing_orgs=(replace(made.clearing_orgs[0], rates=tuple(rates)),),
        account_types=tuple(AccountType(kind, True) for kind in types),
    )

    again = read(b"".join(write(made).content)).commodities[0]
    (problem,) = write(made).problems

    assert {"S": 1.35, "H": 1.0} == dict(again.initial_ratios)
    assert {"H": 1.32} == dict(again.adjustment_factors)
    assert {"account type O": 1} == problem.attributes["left_out"]


def test_priorities_that_would_collide_are_counted_anew() -> None:
    def spread(kind: Any, rate: float) -> SpreadDefinition:
        return SpreadDefinition(kind, "delta", ORG, 1, "W", _tier_legs(1, 1), rates={RATE: rate})

    made = replace(a_set(), spreads=(spread("intercommodity", 0.5), spread("super", 0.3)))

    again = read(b"".join(write(made).content)).spreads
    (problem,) = write(made).problems

    assert [("super", 1, 0.3), ("intercommodity", 2, 0.5)] == [
        (one.kind, one.priority, one.rates["1"]) for one in again
    ]
    assert "counted anew" in problem.message
