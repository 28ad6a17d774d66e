"""What the SPAN XML reader delivers of a well-formed file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from margin.model.contract import CONTRACT_SCHEMA, SCAN_RANGE_SCHEMA, Product
from margin.model.parameters import (
    AccountType,
    Currency,
    CurrencyConversion,
    MonthRates,
    ParameterSet,
    PerformanceBondRate,
    ProductLink,
    RateAdjustment,
    SpotRate,
    SpreadLeg,
    Tier,
)
from margin.model.problem import Severity
from margin.model.scenario import ScenarioPoint
from tests.read.parameters.spn_documents import (
    BANKNIFTY_LOSSES,
    DEFINITIONS,
    LINKS,
    NIFTY_LOSSES,
    ORG_HEADER,
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
    link,
    option,
    point_def,
    point_in_time,
    ra,
    scan_rate,
    series,
    und_c,
    und_pf,
)

Read = Callable[[str | bytes], ParameterSet]


def with_families(*families: str, links: str = "", tail: str = "", spreads: str = "", more: str = "") -> str:
    org = clearing_org("".join(families), cc_def(links=links, tail=tail) + more, spreads=spreads)
    return document(point_in_time(org))


def with_tail(tail: str) -> str:
    return document(point_in_time(clearing_org(commodities=cc_def(tail=tail))))


def with_spreads(spreads: str) -> str:
    return document(point_in_time(clearing_org(spreads=spreads)))


def test_source_says_what_the_file_is(read_spn: Read) -> None:
    (source,) = read_spn(document()).sources

    assert source.format == "spn"
    assert source.clearing_org == "NSCCL"
    assert source.business_date == "2026-06-25"
    assert source.session == "intraday early"
    assert source.revision == "202606242149"


def test_run_wins_over_creation_time_as_revision(read_spn: Read) -> None:
    (source,) = read_spn(document(point_in_time(run="0002", settlement=1, setlQualifier="final"))).sources

    assert source.revision == "0002"
    assert source.session == "settlement final"


def test_definitions(read_spn: Read) -> None:
    parameters = read_spn(document())

    assert parameters.currencies == (Currency("INR", "Rs.", 2), Currency("JPY", None, 0))
    assert parameters.account_types == (
        AccountType("S", is_customer=True, name="Speculator", is_net_margin=True, priority=1),
        AccountType("M", is_customer=False, name=None, is_net_margin=False, priority=2),
    )


def test_clearing_organisation(read_spn: Read) -> None:
    (org,) = read_spn(document()).clearing_orgs

    assert (org.code, org.name, org.business_date) == ("NSCCL", "NSE Clearing", "2026-06-25")
    assert (org.is_settlement, org.session_qualifier) == (False, "early")
    assert (org.is_contract_scale, org.finalize_method, org.option_delta_method) == (True, "BY", "PERIOD")
    assert org.look_ahead_years == 0.002739
    assert org.currency_conversions == (CurrencyConversion("INR", "USD", 0.010559),)
    assert org.rates == (
        PerformanceBondRate("1", True, "S", True, "CORE"),
        PerformanceBondRate("2", True, "S", False, "RESERVE"),
    )
    assert org.unsupported == ()


def test_currency_conversion_haircuts(read_spn: Read) -> None:
    conversion = el(
        "curConv",
        fields(fromCur="USD", toCur="EUR", factor="0.9"),
        el("hfactor", fields(date="20260625", rate="0.05")),
    )

    (org,) = read_spn(document(point_in_time(clearing_org(header=ORG_HEADER + conversion)))).clearing_orgs

    assert org.currency_conversions[1] == CurrencyConversion("USD", "EUR", 0.9, (0.05,))


def test_look_ahead_in_days(read_spn: Read) -> None:
    header = fields(ec="X", finalizeMeth="", lookAheadDays=1, daysPerYear=250)

    (org,) = read_spn(document(point_in_time(clearing_org(header=header)))).clearing_orgs

    assert org.look_ahead_years == 1 / 250


def test_scenario_grid(read_spn: Read) -> None:
    grid = read_spn(document()).clearing_orgs[0].grids["1"]

    assert len(grid) == 16
    assert grid.points[4] == ScenarioPoint(5, -1 / 3, 1.0, 1.0, 6)
    assert grid.points[14] == ScenarioPoint(15, 2.0, 0.0, 0.35, 15)
    assert grid.points[15] == ScenarioPoint(16, -2.0, 0.0, 0.35, 16)
    assert grid.time_pair == (0, 1)
    assert [point.weight for point in grid.delta_points] == [0.27, 0.217, 0.217, 0.111, 0.111, 0.037, 0.037]


def test_products(read_spn: Read) -> None:
    physical, futures, options = read_spn(document()).products

    assert (physical.type, futures.type, options.type) == ("PHY", "FUT", "OOP")
    assert options == Product(
        clearing_org="NSCCL",
        exchange="NSE",
        product_id="3",
        code="NIFTY",
        type="OOP",
        currency="INR",
        value_method="EQTY",
        name="NIFTY",
        contract_value_factor=1.0,
        price_method="STD",
        settlement_method="CASH",
        exercise="EURO",
        price_model="BS",
        price_decimals=2,
        cabinet_value=0.05,
        underlying=(("NSE", "1"),),
        line=1,
    )


def test_contracts(read_spn: Read) -> None:
    frame = read_spn(document()).contracts

    assert frame.schema == CONTRACT_SCHEMA
    assert frame["product"].to_list() == [0, 1, 1, 2, 2, 2, 2]
    assert frame["contract_id"].to_list() == ["1", "1", "2", "1", "2", "3", "4"]
    assert frame["period"].to_list() == ["", "20260630", "20260728", *["20260630"] * 3, "20260728"]
    assert frame["right"].to_list() == [None, None, None, "C", "P", "C", "C"]
    assert frame["strike"].to_list() == [None, None, None, 24000.0, 24000.0, 24100.0, 24000.0]
    assert frame["price"].to_list() == [24050.35, 24051.8, 24051.8, 100.5, 100.5, 100.5, 100.5]
    assert frame["underlying_contract"].to_list() == [None, 0, 0, 0, 0, 0, 0]
    assert frame["underlying_period"].to_list() == [""] * 7
    assert frame["current_delta"].to_list() == [1.0, 1.0, 1.0, 0.4, 0.4, 0.4, 0.4]
    assert frame["volatility"].to_list() == [None, 0.17, 0.17, 0.17, 0.17, 0.17, 0.17]
    assert frame["time_to_expiry"].to_list() == [None, *[0.016438] * 6]


def test_real_arrays_are_read_to_the_last_digit(read_spn: Read) -> None:
    bank = family("futPf", 2, "BANKNIFTY", und_pf(), future(1, "20260630", array=ra(BANKNIFTY_LOSSES)))
    nifty = family("futPf", 4, "NIFTY", und_pf(), future(1, "20260630"))

    arrays = read_spn(with_families(bank, nifty)).arrays["1"]

    assert arrays.losses.flags.c_contiguous
    assert arrays.losses.dtype == np.float64
    assert [tuple(row) for row in arrays.losses] == [BANKNIFTY_LOSSES, NIFTY_LOSSES]
    assert arrays.composite_delta.tolist() == [1.0, 1.0]
    assert arrays.points.tolist() == [16, 16]


def test_several_array_sets_per_contract_and_none(read_spn: Read) -> None:
    first, second = [1.0] * 16, [2.0] * 16
    futures = family(
        "futPf",
        2,
        "X",
        und_pf(),
        future(1, "202606", array=ra(first, "0.9", 1) + ra(second, "0.8", 7)),
        future(2, "202607", array=""),
        future(3, "202608", array=ra(second, "0.7", 7)),
    )

    arrays = read_spn(with_families(futures)).arrays

    assert list(arrays) == ["1", "7"]
    assert arrays["1"].points.tolist() == [16, 0, 0]
    assert arrays["7"].points.tolist() == [16, 0, 16]
    assert arrays["1"].losses[:, 0].tolist() == [1.0, 0.0, 0.0]
    assert arrays["7"].losses[:, 15].tolist() == [2.0, 0.0, 2.0]
    assert arrays["7"].composite_delta.tolist() == [0.8, 0.0, 0.7]


def test_scan_ranges_of_the_contract_win_over_the_series(read_spn: Read) -> None:
    ranges = read_spn(document()).arrays["1"].scan_ranges

    assert ranges.schema == SCAN_RANGE_SCHEMA
    assert ranges["price_scan"].to_list() == [2234.01] * 7
    assert ranges["volatility_scan"].to_list() == [0.04] * 7
    assert ranges["price_scan_percent"].to_list() == [None] * 7


def test_all_kinds_of_scan_range(read_spn: Read) -> None:
    given = scan_rate(
        priceScan=1, priceScanPct=2, volScan=3, volScanPct=4, priceScanDown=5, priceScanDownPct=6,
        volScanDown=7, volScanDownPct=8, quoteInOptTerms=1,
    )  # fmt: skip
    physicals = family("phyPf", 1, "X", el("phy", fields(cId=1), given, ra()))

    ranges = read_spn(with_families(physicals)).arrays["1"].scan_ranges

    assert ranges.row(0) == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, True)


def test_innermost_factor_wins_and_delta_scaling_multiplies(read_spn: Read) -> None:
    plain = fields(cId=1, o="C", k=1, p=1) + ra()
    own = fields(cId=2, o="C", k=2, p=1, cvf=7, svf=8, sc="0.5", v="0.3") + ra()
    options = family(
        "oofPf",
        3,
        "X",
        fields(cab=0, priceModel="B"),
        und_pf(),
        series("202606", el("opt", plain), el("opt", own), head=fields(v="0.2", cvf=5, svf=6, sc="0.1")),
        series("202607", option(3, "P", 3), head=""),
        cvf="3.0",
    )

    frame = read_spn(with_families(PHYSICALS, options)).contracts.tail(3)

    assert frame["contract_value_factor"].to_list() == [5.0, 7.0, 3.0]
    assert frame["strike_value_factor"].to_list() == [6.0, 8.0, None]
    assert frame["delta_scaling_factor"].to_list() == [0.1, 0.05, 1.0]
    assert frame["volatility"].to_list() == [0.2, 0.3, 0.17]
    assert frame["price"].to_list() == [1.0, 1.0, 100.5]


def test_option_on_a_future_takes_the_futures_period(read_spn: Read) -> None:
    futures = family("futPf", 2, "ES", und_pf(), future(10, "202609"), future(11, "202612"))
    weekly = series("202606W1", option(1, "C", 5000), underlying=und_c(2, 10))
    later = series("202612", option(2, "C", 5000), underlying=und_c(2, 11))
    options = family("oofPf", 3, "ES", fields(cab=0, priceModel="B"), und_pf(2), weekly, later)

    frame = read_spn(with_families(PHYSICALS, futures, options)).contracts.tail(2)

    assert frame["period"].to_list() == ["202606W1", "202612"]
    assert frame["underlying_period"].to_list() == ["202609", "202612"]
    assert frame["underlying_contract"].to_list() == [1, 2]


def test_same_series_on_two_futures_are_two_contracts(read_spn: Read) -> None:
    futures = family("futPf", 2, "NG", und_pf(), future(10, "202609"), future(11, "202612"))
    both = [series("202606", option(i, "C", 3), underlying=und_c(2, cid)) for i, cid in ((1, 10), (2, 11))]
    options = family("oofPf", 3, "NG", fields(cab=0, priceModel="B"), und_pf(2), *both)

    assert read_spn(with_families(PHYSICALS, futures, options)).contracts.height == 5


def test_unknown_underlying_is_a_warning(read_spn: Read) -> None:
    options = family("oopPf", 3, "X", fields(cab=0, priceModel="B"), und_pf(), series("202606", option(1, "C", 3)))

    parameters = read_spn(with_families(options))

    assert parameters.contracts["underlying_period"].to_list() == [""]
    assert parameters.contracts["underlying_contract"].to_list() == [None]
    (warning,) = parameters.problems
    assert warning.severity == Severity.WARNING
    assert "product id 1" in warning.message


def test_id_shared_by_families_of_two_types_resolves_by_type(read_spn: Read) -> None:
    physical = family("phyPf", 7, "X", el("phy", fields(cId=1), ra()))
    futures = family("futPf", 7, "X", und_pf(7), future(1, "202609"))
    on_future = series("202606", option(1, "C", 3), underlying=und_c(7, 1))
    options = family("oofPf", 8, "X", fields(cab=0, priceModel="B"), und_pf(7), on_future)

    frame = read_spn(with_families(physical, futures, options)).contracts

    assert frame["underlying_period"].to_list() == ["", "", "202609"]


def test_combination_legs(read_spn: Read) -> None:
    spread = fields(cId=1, pe="202609", p="0.5")
    near = el("undC", fields(exch="NSE", pfId=2, cId=10, s="A", i=1, legPriceFlag="S+", legPrice="24.5"))
    far = el("undC", fields(exch="NSE", pfId=2, cId=11, s="B", i=2))
    futures = family("futPf", 2, "CL", und_pf(), future(10, "202609"), future(11, "202612"))
    second = el("cmb", fields(cId=2, pe="202609"), near, near, ra())
    combinations = family("cmbPf", 5, "CL", und_pf(2), und_pf(2), el("cmb", spread, near, far, ra()), second)

    parameters = read_spn(with_families(futures, combinations))

    assert parameters.products[1].underlying == (("NSE", "2"), ("NSE", "2"))
    assert parameters.combination_legs.rows() == [
        (2, 0, 1.0, "S+", 24.5),
        (2, 1, -2.0, None, None),
        (3, 0, 1.0, "S+", 24.5),
        (3, 0, 1.0, "S+", 24.5),
    ]


@pytest.mark.parametrize(
    ("family_name", "contract", "type_"),
    [
        ("phyPf", "phy", "PHY"),
        ("debtPf", "debt", "DEBT"),
        ("equityPf", "equity", "EQTY"),
        ("futPf", "fut", "FUT"),
        ("fwdPf", "fwd", "FWD"),
        ("IRSwapPf", "IRSwap", "IRSWAP"),
        ("CDSwapPf", "CDSwap", "CDSWAP"),
        ("eDebtPf", "eDebt", "EDEBT"),
        ("cmbPf", "cmb", "CMB"),
    ],
)
def test_families_without_options(read_spn: Read, family_name: str, contract: str, type_: str) -> None:
    content = family(family_name, 9, "X", el(contract, fields(cId=1, pe="202606", pq="1", val="5.5"), ra()))

    parameters = read_spn(with_families(content))

    assert [product.type for product in parameters.products] == [type_]
    assert parameters.contracts["price_quality"].to_list() == ["1"]
    assert parameters.contracts["contract_value"].to_list() == [5.5]
    assert parameters.arrays["1"].losses[0].tolist() == list(NIFTY_LOSSES)


@pytest.mark.parametrize(("name", "type_"), [("oopPf", "OOP"), ("oofPf", "OOF"), ("ooePf", "OOE"), ("oocPf", "OOC")])
def test_families_of_options(read_spn: Read, name: str, type_: str) -> None:
    content = family(name, 9, "X", fields(cab=0, priceModel="B"), und_pf(), series("202606", option(1, "P", "0.5")))

    parameters = read_spn(with_families(PHYSICALS, content))

    assert parameters.products[1].type == type_
    assert parameters.contracts["right"].to_list() == [None, "P"]


def test_unknown_family_is_a_warning(read_spn: Read) -> None:
    (warning,) = read_spn(with_families(PHYSICALS, family("swapPf", 9, "X"))).problems

    assert "swapPf" in warning.message


def test_unknown_elements_are_skipped_with_their_content(read_spn: Read) -> None:
    unknown = el("factorScenarioSetId", el("phy", fields(cId=9)), el("series", el("opt", fields(cId=8))), el("a", "x"))
    physicals = family("phyPf", 1, "X", unknown, el("phy", fields(cId=1), el("other", el("k", "x")), ra()))

    parameters = read_spn(with_families(physicals, unknown))

    assert parameters.contracts["contract_id"].to_list() == ["1"]


def test_periods_are_normalised(read_spn: Read) -> None:
    futures = family("futPf", 2, "X", und_pf(), future(1, "20260600"), future(2, "2026-07-30"), future(3, "202608SD"))

    assert read_spn(with_families(futures)).contracts["period"].to_list() == ["202606", "20260730", "202608SD"]


def test_ampersand_in_a_code(read_spn: Read) -> None:
    futures = family("futPf", 2, "M&amp;M", und_pf(), future(1, "202606"))

    assert read_spn(with_families(futures)).products[0].code == "M&M"


def test_combined_commodity(read_spn: Read) -> None:
    (commodity,) = read_spn(document()).commodities

    assert (commodity.code, commodity.currency, commodity.clearing_org) == ("NIFTY", "INR", "NSCCL")
    assert commodity.cap_available_net_option_value is False
    assert commodity.customer_use_long_option_value is None
    assert commodity.procedure_method == "NORMAL"
    assert commodity.short_option_minimum_method == "GROSS"
    assert commodity.product_links == (
        ProductLink("NSE", "1", "NIFTY", "PHY", 1.0, line=1),
        ProductLink("NSE", "2", "NIFTY", "FUT", 1.0, line=1),
        ProductLink("NSE", "3", "NIFTY", "OOP", 1.0, line=1),
    )
    assert commodity.rate_adjustments == (RateAdjustment("2", "1", 1.0),)
    assert commodity.intracommodity_tiers == (Tier(1, "20260630", "20260728", line=1),)
    assert commodity.short_option_minimum_tiers == (Tier(0, rates={"1": 0.0}, line=1),)
    assert commodity.unsupported == ()
    assert dict(commodity.grids) == {}


def test_methods_keep_the_files_words(read_spn: Read) -> None:
    head = fields(procMeth="LIQ", wfprMeth="SCANRANGE_CAP", spotMeth="10", somMeth="MAX", cmbMeth="SPLIT", custUseLov=0)

    (commodity,) = read_spn(document(point_in_time(clearing_org(commodities=cc_def(head=head))))).commodities

    assert commodity.procedure_method == "LIQ"
    assert commodity.weighted_price_risk_method == "SCANRANGE_CAP"
    assert commodity.spot_method == "10"
    assert commodity.short_option_minimum_method == "MAX"
    assert commodity.combination_method == "SPLIT"
    assert commodity.customer_use_long_option_value is False


def test_all_five_kinds_of_tier(read_spn: Read) -> None:
    names = ("scanTiers", "intraTiers", "interTiers", "rateTiers", "somTiers")
    tail = "".join(el(name, el("tier", fields(tn=i, sPe="202600" if i > 9 else None))) for i, name in enumerate(names))

    (commodity,) = read_spn(with_tail(tail)).commodities

    assert [
        commodity.scan_tiers[0].number,
        commodity.intracommodity_tiers[0].number,
        commodity.intercommodity_tiers[0].number,
        commodity.rate_tiers[0].number,
        commodity.short_option_minimum_tiers[0].number,
    ] == [0, 1, 2, 3, 4]
    assert commodity.unsupported == ()


def test_tier_bounds(read_spn: Read) -> None:
    tiers = el(
        "intraTiers",
        el("tier", fields(tn=1, sPe="", ePe="202612")),
        el("tier", fields(tn=2, sPe="20270100", ePe="000000")),
        el("tier", fields(tn=3, tne=3, tbn=1)),
        el("tier", fields(tn=4, tne=0, sPe="202701")),
        el("tier", fields(tn=5, sPe="202701", ePe="999999")),
    )

    (commodity,) = read_spn(with_tail(tiers)).commodities

    bounds = [(tier.start, tier.end, tier.is_relative) for tier in commodity.intracommodity_tiers]
    assert bounds == [
        (None, "202612", False),
        ("202701", None, False),
        (None, None, True),
        ("202701", None, False),
        ("202701", None, False),
    ]


def test_delta_spread_of_every_kind_of_leg(read_spn: Read) -> None:
    t_leg = el("tLeg", fields(cc="NIFTY", tn=1, rs="A", i="2.0"), el("rate", fields(r=1, val="0.3")))
    p_leg = el("pLeg", fields(cc="NIFTY", pe="20260630", rs="B", i="0.5"))
    rp_leg = el("rpLeg", fields(cc="NIFTY", rpNum=2, rs="B", i=1, btNum=1, etNum=3))

    (commodity,) = read_spn(with_tail(d_spread(7, t_leg, p_leg, rp_leg, method="W", value="-0.5"))).commodities

    (spread,) = commodity.spreads
    assert (spread.kind, spread.form, spread.priority, spread.charge_method) == ("intracommodity", "delta", 7, "W")
    assert dict(spread.rates) == {"1": -0.5}
    assert spread.legs == (
        SpreadLeg("tier", "NIFTY", "A", 2.0, tier=1, rates={"1": 0.3}),
        SpreadLeg("period", "NIFTY", "B", 0.5, period="20260630"),
        SpreadLeg("relative", "NIFTY", "B", 1.0, relative_number=2, first_tier=1, last_tier=3),
    )
    assert spread.unsupported == ()


def test_spot_rates(read_spn: Read) -> None:
    tail = el("spotRate", fields(r=1, pe="20260630", sprd="10", outr="20.5")) + el(
        "spotRate", fields(r=1, pe="", sprd="", outr="")
    )

    (commodity,) = read_spn(with_tail(tail)).commodities

    assert commodity.spot_rates == (SpotRate("1", "20260630", 10.0, 20.5, line=1),)


def test_groups_and_risk_exponent(read_spn: Read) -> None:
    own = fields(cc="C", currency="USD", riskExponent=3)
    group = el("group", fields(id=1, aVal="AGR"))
    text = el("ccDef", fields(cc="C"), group, own.replace(el("cc", "C"), ""))

    (commodity,) = read_spn(document(point_in_time(clearing_org(commodities=text)))).commodities

    assert commodity.groups == ("AGR",)
    assert commodity.risk_exponent == 3


def test_commodity_grid_and_limit_to_16_points(read_spn: Read) -> None:
    longer = point_def(points=16).replace("<deltaPointDef>", scan_17() + "<deltaPointDef>", 1)
    org = clearing_org(
        family("futPf", 2, "NIFTY", und_pf(), future(1, "202606", array=ra([*NIFTY_LOSSES, 99.0]))),
        cc_def(links=link(2, "FUT"), head=el("limitArraysTo16Points", 1)),
        points=longer,
    )

    parameters = read_spn(document(point_in_time(org)))

    assert len(parameters.clearing_orgs[0].grids["1"]) == 17
    assert len(parameters.commodities[0].grids["1"]) == 16
    assert parameters.commodities[0].limit_arrays_to_16_points
    assert parameters.arrays["1"].losses.tolist() == [list(NIFTY_LOSSES)]
    assert parameters.arrays["1"].points.tolist() == [16]


def scan_17() -> str:
    move = fields(mult=3, numerator=1, denominator=1)
    moves = el("priceScanDef", move, el("defType", "ABS")) + el("volScanDef", move)
    return el("scanPointDef", el("point", 17), moves, fields(weight=1, pairedPoint=17))


def test_grid_of_the_commodity_wins_and_arrays_are_padded(read_spn: Read) -> None:
    commodity = cc_def(links=link(2, "FUT"), tail=point_def(points=8))
    futures = family("futPf", 2, "NIFTY", und_pf(), future(1, "202606", array=ra(NIFTY_LOSSES[:8])))

    arrays = read_spn(document(point_in_time(clearing_org(PHYSICALS + futures, commodity)))).arrays["1"]

    assert arrays.points.tolist() == [16, 8]
    assert arrays.losses[1].tolist() == [*NIFTY_LOSSES[:8], *[0.0] * 8]


def test_move_kind_keeps_the_files_word(read_spn: Read) -> None:
    longer = point_def().replace("<deltaPointDef>", scan_17() + "<deltaPointDef>", 1)
    org = clearing_org(families="", commodities=" ", points=longer)

    grid = read_spn(document(point_in_time(org))).clearing_orgs[0].grids["1"]

    assert grid.points[0].price_move_kind == "scan_range"
    assert grid.points[16].price_move_kind == "ABS"


def test_spreads_between_commodities(read_spn: Read) -> None:
    legs = [el("tLeg", fields(cc=cc, tn=0, rs=side, i=1)) for cc, side in (("A", "A"), ("B", "B"))]
    spreads = (
        el("superSpreads", d_spread(1, *legs, method="W", value="0.6"))
        + el("superInterClearSpreads", d_spread(2, *legs))
        + el("interSpreads", d_spread(3, *legs, method="W", value="0.5"), d_spread(4, *legs, value="-100"))
        + el("interClearSpreads", clear_spread())
    )

    found = read_spn(with_spreads(spreads)).spreads

    assert [(s.kind, s.priority, s.charge_method, dict(s.rates)) for s in found] == [
        ("super", 1, "W", {"1": 0.6}),
        ("super_interclearing", 2, "F", {"1": 425.0}),
        ("intercommodity", 3, "W", {"1": 0.5}),
        ("intercommodity", 4, "F", {"1": -100.0}),
        ("interclearing", 5, "W", {}),
    ]
    assert not any(s.flat_rate_is_credit for s in found)
    assert {s.clearing_org for s in found} == {"NSCCL"}
    assert found[4].legs == (
        SpreadLeg("tier", "A", "A", 1.0, tier=1, rates={"1": 0.4}),
        SpreadLeg("tier", "Z", "B", 2.0, tier=0, clearing_org="CME"),
    )


def clear_spread() -> str:
    home = el("homeLeg", fields(cc="A", tn=1, rs="A", i=1), el("rate", fields(r=1, val="0.4")))
    return el("clearSpread", el("spread", 5), home, el("awayLeg", fields(ec="CME", cc="Z", tn=0, rs="B", i=2)))


def test_scanning_based_spread(read_spn: Read) -> None:
    target = el("sLeg", fields(cc="A", isTarget=1, isRequired=1, i=5))
    other = el("sLeg", fields(cc="B", isTarget=0), el("rate", fields(r=1, val="0.7")))
    head = fields(spread=3, isTargetReq=1, numLegsReq=1, applyFxRisk=1, apportionRisk=0)
    rate = el("rate", fields(r=1, val="0.9"))

    (spread,) = read_spn(with_spreads(el("superSpreads", el("sSpread", head, rate, target, other)))).spreads

    assert (spread.kind, spread.form, spread.priority) == ("super", "scanning", 3)
    assert (spread.is_target_required, spread.legs_required, spread.apply_currency_risk) == (True, 1, True)
    assert dict(spread.rates) == {"1": 0.9}
    assert spread.legs == (
        SpreadLeg("tier", "A", "A", 5.0, tier=0, is_target=True, is_required=True),
        SpreadLeg("tier", "B", "A", 1.0, tier=0, rates={"1": 0.7}),
    )
    assert spread.unsupported == ()


@pytest.mark.parametrize(
    ("content", "path", "value"),
    [
        (
            el("liqRate", fields(r=1, specificRate="0.5", genericRate=0)),
            "liqRate",
            "r=1 specificRate=0.5 genericRate=0",
        ),
        (el("concAdjRate", fields(val="1.5")), "concAdjRate", "val=1.5"),
        (el("concScaleUp", "20"), "concScaleUp", "20"),
        (el("marginMeth", "HVAR"), "marginMeth", "HVAR"),
        (el("hvarSetId", "12"), "hvarSetId", "12"),
        (el("isCDSScanRisk", "1"), "isCDSScanRisk", "1"),
        (el("binaryArrays", "1"), "binaryArrays", "1"),
        (el("useLovPct", "50"), "useLovPct", "50"),
        (el("basisRates", el("rate", fields(r=1, val="0.1"))), "basisRates", "rate=(r=1 val=0.1)"),
        (
            el("rateTiers", el("tier", el("tn", 1), el("rate", fields(r=1, val="1")))),
            "rateTiers",
            "tier=(tn=1 rate=(r=1 val=1))",
        ),
    ],
)
def test_elements_without_a_public_formula_are_kept(read_spn: Read, content: str, path: str, value: str) -> None:
    (commodity,) = read_spn(with_tail(content)).commodities

    (unsupported,) = commodity.unsupported
    assert (unsupported.path, unsupported.value, unsupported.line) == (f"ccDef[NIFTY]/{path}", value, 1)


@pytest.mark.parametrize(
    "content",
    [
        el("liqRate", fields(r=1, specificRate="0", genericRate="0.00")),
        el("concScaleUp", ""),
        el("marginMeth", "SPAN"),
        el("marginMeth", ""),
        el("hvarSetId", ""),
        el("useLovPct", "100"),
        el("basisRates", ""),
        el("vmRate", fields(r=1, lrate=1)),
    ],
)
def test_elements_without_effect_are_no_obstacle(read_spn: Read, content: str) -> None:
    (commodity,) = read_spn(with_tail(content)).commodities

    assert commodity.unsupported == ()


def test_basis_risk_and_equivalent_positions_are_kept_as_unsupported(read_spn: Read) -> None:
    futures = family("futPf", 2, "X", und_pf(), future(1, "202606"), eqPosFactor="0.5")

    (commodity,) = read_spn(with_families(futures, links=link(2, "FUT", applyBasisRisk=1))).commodities

    assert [(u.path, u.value) for u in commodity.unsupported] == [
        ("ccDef[NIFTY]/pfLink[NIFTY]/eqPosFactor", "0.5"),
        ("ccDef[NIFTY]/pfLink[NIFTY]/applyBasisRisk", "1"),
    ]


def test_spread_elements_without_a_public_formula_are_kept(read_spn: Read) -> None:
    legs = [el("tLeg", fields(cc="A", tn=0, rs=side, i=1)) for side in "AB"]
    monthly = el("pmpsRate", fields(r=1, val=1, pmRate=2, psRate=3))
    spread = el(
        "dSpread",
        fields(spread=4, spreadType="DELATVOL", chargeMeth="P"),
        monthly,
        *legs,
        el("volRate", el("rate", fields(r=1, val=1))),
        d_spread(1, *legs),
    )

    (found,) = read_spn(with_spreads(el("interSpreads", spread))).spreads

    assert found.charge_method == "P"
    assert dict(found.month_rates) == {"1": MonthRates(flat=1.0, per_month=2.0, per_spread=3.0)}
    assert {u.path for u in found.unsupported} == {
        f"interSpreads/dSpread[4]/{name}" for name in ("volRate", "dSpread", "spreadType")
    }


def test_a_monthly_rate_that_is_no_number_leaves_the_spread_without_one(read_spn: Read) -> None:
    legs = [el("tLeg", fields(cc="A", tn=0, rs=side, i=1)) for side in "AB"]
    monthly = el("pmpsRate", fields(r=1, val=1, pmRate="see notice", psRate=3))
    spread = el("dSpread", fields(spread=4, chargeMeth="P"), monthly, *legs)

    (found,) = read_spn(with_spreads(el("interSpreads", spread))).spreads

    assert dict(found.month_rates) == {}


def test_unknown_charge_method_keeps_its_word(read_spn: Read) -> None:
    legs = [el("tLeg", fields(cc="A", tn=0, rs=side, i=1)) for side in "AB"]

    (found,) = read_spn(with_spreads(el("interSpreads", d_spread(1, *legs, method="Q")))).spreads

    assert found.charge_method == "Q"
    assert [u.value for u in found.unsupported] == ["Q"]


def test_scanning_spread_elements_without_a_public_formula_are_kept(read_spn: Read) -> None:
    head = fields(spread=1, apportionRisk=1) + el("sPointDef", fields(point=1, aggMeth=1))
    legs = [el("sLeg", fields(cc=cc, isTarget=0)) for cc in "AB"]
    spread = el("sSpread", head, el("rate", fields(r=1, val=1)), *legs)

    (found,) = read_spn(with_spreads(el("superSpreads", spread))).spreads

    assert {u.path for u in found.unsupported} == {
        "superSpreads/sSpread[1]/sPointDef",
        "superSpreads/sSpread[1]/apportionRisk",
    }


def test_clearing_organisation_elements_without_a_public_formula_are_kept(read_spn: Read) -> None:
    header = ORG_HEADER + fields(minIntExDeltaPct="0.5", useLovPct=30)

    (org,) = read_spn(document(point_in_time(clearing_org(header=header)))).clearing_orgs

    assert [u.path for u in org.unsupported] == ["clearingOrg NSCCL/minIntExDeltaPct", "clearingOrg NSCCL/useLovPct"]


def test_link_to_an_unknown_family_is_a_warning(read_spn: Read) -> None:
    parameters = read_spn(document(point_in_time(clearing_org(commodities=cc_def(links=LINKS + link(99, "FUT"))))))

    (warning,) = parameters.problems
    assert warning.severity == Severity.WARNING
    assert "id 99" in warning.message
    assert len(parameters.commodities[0].product_links) == 4


def test_parts_without_a_place_in_the_model_are_warned_of_once(read_spn: Read) -> None:
    tiers = el("scanTiers", *(el("tier", el("tn", number), scan_rate()) for number in (1, 2)))
    spreads = el("interSpreads", el("hSpread", el("spread", 1)), el("hSpread", el("spread", 2)))

    parameters = read_spn(document(point_in_time(clearing_org(commodities=cc_def(tail=tiers), spreads=spreads))))

    assert ["scanTiers", "hSpread"] == [
        next(word for word in ("scanTiers", "hSpread") if word in problem.message) for problem in parameters.problems
    ]


def test_link_takes_the_familys_code_and_its_own_factors(read_spn: Read) -> None:
    links = el("pfLink", fields(exch="NSE", pfId=2, sc="0.2", cmbMeth="SPLIT", oopDeltaMeth="PERIOD"))

    (commodity,) = read_spn(document(point_in_time(clearing_org(commodities=cc_def(links=links))))).commodities

    assert commodity.product_links == (ProductLink("NSE", "2", "NIFTY", "FUT", 0.2, "SPLIT", "PERIOD", 1),)


def test_several_clearing_organisations_in_one_point_in_time(read_spn: Read) -> None:
    other = clearing_org(header=ORG_HEADER.replace("NSCCL", "NSECOM"), commodities=cc_def("GOLD"))

    parameters = read_spn(document(point_in_time(clearing_org(), other)))

    assert [org.code for org in parameters.clearing_orgs] == ["NSCCL", "NSECOM"]
    assert [c.clearing_org for c in parameters.commodities] == ["NSCCL", "NSECOM"]
    assert parameters.contracts.height == 14
    assert parameters.contracts["underlying_contract"].to_list() == [None, *[0] * 6, None, *[7] * 6]


def test_only_settlement_of_several_points_in_time_is_read(read_spn: Read) -> None:
    futures = family("futPf", 2, "NIFTY", und_pf(), future(1, "202606"))
    settlement = point_in_time(clearing_org(futures, " "), settlement=1, setlQualifier="final")

    parameters = read_spn(document(point_in_time(), settlement, point_in_time(time="1300")))

    assert parameters.contracts.height == 1
    assert parameters.sources[0].session == "settlement final"
    assert any("points in time" in problem.message for problem in parameters.problems)


def test_empty_optional_elements_are_not_given(read_spn: Read) -> None:
    empty = el("fut", fields(cId=1, pe="202606", p="", v="", cvf="", sc="", t=""), und_c(), ra())
    futures = family("futPf", 2, "X", und_pf(), empty, priceDl="", cvf="")

    frame = read_spn(with_families(PHYSICALS, futures)).contracts.tail(1)

    assert frame.select("price", "volatility", "contract_value_factor", "time_to_expiry").row(0) == (None,) * 4
    assert frame["delta_scaling_factor"].to_list() == [1.0]


def test_lines_are_those_of_the_file(read_spn: Read) -> None:
    text = indented(document())
    lines = text.split("\n")

    parameters = read_spn(text)

    for row in parameters.contracts.iter_rows(named=True):
        tag = {"PHY": "<phy>", "FUT": "<fut>", "OOP": "<opt>"}[parameters.products[row["product"]].type]
        assert lines[row["line"] - 1] == tag
    assert lines[(parameters.commodities[0].line or 0) - 1] == "<ccDef>"


def without_lines(parameters: ParameterSet) -> tuple[object, ...]:
    return (parameters.contracts.drop("line").rows(), {r: a.losses.tolist() for r, a in parameters.arrays.items()})


@pytest.mark.parametrize(
    "variant",
    [
        indented(document(), "\r\n").encode(),
        b"\xef\xbb\xbf" + indented(document()).encode(),
        b"\n\n" + indented(document()).encode(),
        indented(document()).replace("<spanFile>", "<!-- made by\nhand -->\n<!---->\n<spanFile>").encode(),
        b"\xff\xfe" + indented(document()).encode("utf-16-le"),
        indented(document()).encode() + b"\r\n\x1a\0\0",
        document().replace("<cId>1<", "<cId>\n  1\t<").encode(),
        document().replace("<a>8.72<", "<a><![CDATA[8.72]]><").encode(),
        document().replace("<a>8.72<", "<a><!-- first -->8.72<").encode(),
        document().replace("<a>8.72<", "<a>&#56;.72<").encode(),
        document().replace("<spanFile>", '<spanFile xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">').encode(),
        document().replace("<setlMeth>CASH</setlMeth>", "<setlMeth/>").encode(),
    ],
)
def test_spellings_of_the_same_document(read_spn: Read, variant: bytes) -> None:
    assert without_lines(read_spn(document())) == without_lines(read_spn(variant))


def test_latin_1_without_a_declared_encoding(read_spn: Read) -> None:
    text = indented(document(definitions=DEFINITIONS.replace("Speculator", "Spéculateur")))

    assert read_spn(text.encode("latin-1")).account_types[0].name == "Spéculateur"
    assert read_spn(text.encode("utf-8")).account_types[0].name == "Spéculateur"


def test_declared_encoding(read_spn: Read) -> None:
    text = indented(document(definitions=DEFINITIONS.replace("Speculator", "Spekulant Łódź")))
    declared = text.replace('version="1.0"', 'version="1.0" encoding="ISO-8859-2"')

    assert read_spn(declared.encode("iso-8859-2")).account_types[0].name == "Spekulant Łódź"


def test_unknown_attribute_is_a_warning(read_spn: Read) -> None:
    parameters = read_spn(document().replace("<phy>", '<phy state="new">'))

    assert "state" in parameters.problems[0].message


def test_frames_have_their_schemas_even_when_empty(read_spn: Read) -> None:
    parameters = read_spn(document(point_in_time(clearing_org(families="", commodities=" "))))

    assert parameters.contracts.schema == CONTRACT_SCHEMA
    assert parameters.contracts.height == 0
    assert parameters.combination_legs.height == 0
    assert isinstance(parameters.contracts, pl.DataFrame)
    assert parameters.commodities == ()


def test_a_file_with_scan_ranges_but_no_arrays_is_read(read_spn: Read) -> None:
    futures = family("futPf", 2, "NIFTY", und_pf(), future(1, "202606", array=" "))

    arrays = read_spn(with_families(futures)).arrays["1"]

    assert [0] == arrays.points.tolist()
    assert [2234.01] == arrays.scan_ranges["price_scan"].to_list()
