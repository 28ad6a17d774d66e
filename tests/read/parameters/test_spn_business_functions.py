"""What the SPAN XML reader makes of ``businessFunction`` blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Reason
from margin.read.parameters._spn import columnar
from tests.read.parameters.spn_documents import (
    BANKNIFTY_LOSSES,
    FUTURES,
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
    leg,
    link,
    point_def,
    point_in_time,
    ra,
    scan_rate,
    und_c,
    und_pf,
)

Read = Callable[[str | bytes], ParameterSet]
Refuse = Callable[[str | bytes], InputRefused]


def bf_link(product_id: object, *content: object, **more: object) -> str:
    return el("bfPfLink", el("pfId", product_id), fields(**more), *content)


def co_link(*links: str, ec: object = "NSCCL", exch: object = "NSE", alias: object = None) -> str:
    exchange = el("busFuncExchLink", fields(exch=exch, exchAlias=alias), *links)
    return el("busFuncCoLink", el("ec", ec), exchange)


FUTURES_ONLY = link(2, "FUT")


def function(
    *links: str,
    code: object = "XM1",
    kind: object = "XM",
    settings: str = "",
    points: str | None = None,
    commodities: str | None = None,
    spreads: str = "",
) -> str:
    """A business function over the futures family, unless other links are given."""
    head = fields(busFuncType=kind, ec=code, name="Cross margin", finalizeMeth="BY")
    grid = point_def() if points is None else points
    own = cc_def("XNIFTY", FUTURES_ONLY, "") if commodities is None else commodities
    return el("businessFunction", head, settings, grid, *(links or (co_link(bf_link(2)),)), own, spreads)


def with_functions(*functions: str, **org: str) -> str:
    return document(point_in_time(clearing_org(**org), extra="".join(functions)))


def listed(cid: object, *content: str) -> str:
    return el("bfC", el("cId", cid), *content)


def own_contracts(parameters: ParameterSet) -> pl.DataFrame:
    """Contracts of families that a business function lists."""
    copies = [i for i, product in enumerate(parameters.products) if product.normal_clearing_org]
    return parameters.contracts.with_row_index("row").filter(pl.col("product").is_in(copies))


def test_a_business_function_is_an_organisation_of_its_own_with_commodities_and_spreads(read_spn: Read) -> None:
    spreads = el("interSpreads", d_spread(1, leg("20260630", "A"), leg("20260728", "B")))

    parameters = read_spn(with_functions(function(spreads=spreads)))

    normal, cross_margin = parameters.clearing_orgs
    assert (None, ()) == (normal.business_function, normal.home_organisations)
    assert ("XM1", "XM", ("NSCCL",)) == (
        cross_margin.code,
        cross_margin.business_function,
        cross_margin.home_organisations,
    )
    assert ("Cross margin", "2026-06-25") == (cross_margin.name, cross_margin.business_date)
    assert [("NSCCL", "NIFTY"), ("XM1", "XNIFTY")] == [(c.clearing_org, c.code) for c in parameters.commodities]
    assert [("XM1", "intercommodity")] == [(s.clearing_org, s.kind) for s in parameters.spreads]
    assert ["NSCCL", "XM1"] == [source.clearing_org for source in parameters.sources]
    assert () == parameters.problems


def test_a_link_says_where_its_products_are_cleared(read_spn: Read) -> None:
    parameters = read_spn(with_functions(function()))

    normal, cross_margin = parameters.commodities
    assert [None] * 3 == [item.clearing_org for item in normal.product_links]
    assert [("NSCCL", "NSE", "2")] == [(o.clearing_org, o.exchange, o.product_id) for o in cross_margin.product_links]
    assert 3 == len(parameters.products)


def test_a_link_may_name_the_exchange_by_its_alias(read_spn: Read) -> None:
    own = cc_def("XNIFTY", link(2, "FUT", exch="N"), "")

    parameters = read_spn(with_functions(function(co_link(bf_link(2), alias="N"), commodities=own)))

    assert ["NSE"] == [item.exchange for item in parameters.commodities[1].product_links]
    assert () == parameters.problems


def test_products_of_several_clearing_organisations_meet(read_spn: Read) -> None:
    gold = clearing_org(
        family("futPf", 2, "GOLD", und_pf(), future(1, "202608")),
        cc_def("GOLD", link(2, "FUT", code="GOLD", exch="MCX"), ""),
        header=ORG_HEADER.replace("NSCCL", "MCXCCL"),
    ).replace("<exch>NSE</exch>", "<exch>MCX</exch>")
    links = co_link(bf_link(2)) + co_link(bf_link(2), ec="MCXCCL", exch="MCX")
    own = cc_def("BOTH", FUTURES_ONLY + link(2, "FUT", code="GOLD", exch="MCX"), "")

    parameters = read_spn(document(point_in_time(clearing_org(), gold, extra=function(links, commodities=own))))

    assert ("NSCCL", "MCXCCL") == parameters.clearing_orgs[2].home_organisations
    assert ["NSCCL", "MCXCCL"] == [item.clearing_org for item in parameters.commodities[2].product_links]


def test_a_silent_business_function_follows_the_first_organisation_it_links(read_spn: Read) -> None:
    normal, silent, outspoken = read_spn(
        with_functions(
            function(points=""),
            function(
                code="XM2",
                settings=fields(isNetMargin=0, capAnov=1)
                + el("curConv", fields(fromCur="INR", toCur="USD", factor="0.02"))
                + el("pbRateDef", fields(r=1, isCust=1, acctType="S", isM=1, pbc="CORE")),
            ),
        )
    ).clearing_orgs

    for name in ("rates", "currency_conversions", "grids", "look_ahead_years", "is_contract_scale"):
        assert getattr(normal, name) == getattr(silent, name), name
    assert (True, False) == (silent.is_net_margin, silent.cap_available_net_option_value)
    assert (False, True) == (outspoken.is_net_margin, outspoken.cap_available_net_option_value)
    assert [0.02] == [item.factor for item in outspoken.currency_conversions]
    assert 1 == len(outspoken.rates)


def test_listed_contracts_alone_take_part_with_arrays_of_their_own(read_spn: Read) -> None:
    link_with_list = bf_link(2, listed(2, ra(BANKNIFTY_LOSSES, "0.9")))

    parameters = read_spn(with_functions(function(co_link(link_with_list))))

    (copy,) = [product for product in parameters.products if product.normal_clearing_org]
    assert ("XM1", "NSCCL", "NIFTY") == (copy.clearing_org, copy.normal_clearing_org, copy.code)
    (row,) = own_contracts(parameters).iter_rows(named=True)
    assert ("2", "20260728", 24051.8) == (row["contract_id"], row["period"], row["price"])
    arrays = parameters.arrays["1"]
    np.testing.assert_array_equal(BANKNIFTY_LOSSES, arrays.losses[row["row"]])
    assert (0.9, 16) == (arrays.composite_delta[row["row"]], arrays.points[row["row"]])
    normal = parameters.contracts["contract_id"].to_list().index("2")
    np.testing.assert_array_equal(NIFTY_LOSSES, arrays.losses[normal])
    assert 2234.01 == arrays.scan_ranges["price_scan"][row["row"]]


def test_a_listed_contract_without_an_array_has_normal_clearings(read_spn: Read) -> None:
    parameters = read_spn(with_functions(function(co_link(bf_link(2, listed(1), listed(2))))))

    rows = own_contracts(parameters)["row"].to_list()
    np.testing.assert_array_equal([NIFTY_LOSSES] * 2, parameters.arrays["1"].losses[rows])


@pytest.mark.parametrize(("scan", "points"), [("2234.01", 16), ("1000.00", 0)])
def test_a_scan_range_of_its_own_without_an_array_leaves_a_contract_without_one(
    read_spn: Read, scan: str, points: int
) -> None:
    own_range = scan_rate(priceScan=scan, volScan="0.04")

    parameters = read_spn(with_functions(function(co_link(bf_link(2, listed(1, own_range))))))

    (row,) = own_contracts(parameters)["row"]
    assert points == parameters.arrays["1"].points[row]
    assert float(scan) == parameters.arrays["1"].scan_ranges["price_scan"][row]


def test_own_arrays_may_be_for_a_rate_id_that_normal_clearing_does_not_know(read_spn: Read) -> None:
    link_with_list = bf_link(2, listed(1, ra(BANKNIFTY_LOSSES, r=7)))

    parameters = read_spn(with_functions(function(co_link(link_with_list))))

    (row,) = own_contracts(parameters)["row"]
    assert ["1", "7"] == sorted(parameters.arrays)
    assert [row] == np.flatnonzero(parameters.arrays["7"].points).tolist()


def test_a_series_lists_its_contracts(read_spn: Read) -> None:
    series = el("bfSeries", el("pe", "20260630"), und_c())
    one = el("bfSeries", el("pe", "20260728"), und_c(), listed(4, ra(BANKNIFTY_LOSSES, "0.3")))
    own = cc_def("XNIFTY", link(3, "OOP"), "")

    parameters = read_spn(with_functions(function(co_link(bf_link(3, series, one)), commodities=own)))

    rows = own_contracts(parameters)
    assert ["1", "2", "3", "4"] == rows["contract_id"].to_list()
    deltas = parameters.arrays["1"].composite_delta[rows["row"].to_numpy()]
    np.testing.assert_array_equal([0.45, 0.45, 0.45, 0.3], deltas)


def test_a_series_on_another_underlying_lists_nothing(read_spn: Read) -> None:
    series = el("bfSeries", el("pe", "20260630"), und_c(2, 1))

    parameters = read_spn(with_functions(function(co_link(bf_link(3, series)), commodities=cc_def("X", "", ""))))

    assert own_contracts(parameters).is_empty()
    (warning,) = parameters.problems
    assert "lists 1 contracts or series" in warning.message


def test_legs_of_a_listed_combination_are_those_that_are_listed(read_spn: Read) -> None:
    legs = und_c(2, 1) + und_c(2, 2)
    combination = family(
        "cmbPf", 9, "CAL", und_pf(2), el("cmb", fields(cId=1, pe="20260630", p=1), legs, ra(), scan_rate())
    )
    links = co_link(bf_link(2, listed(1)), bf_link(9, listed(1)))
    own = cc_def("X", FUTURES_ONLY + link(9, "CMB", code="CAL"), "")
    normal = cc_def(links=FUTURES_ONLY + link(9, "CMB", code="CAL"))

    parameters = read_spn(
        with_functions(function(links, commodities=own), families=PHYSICALS + FUTURES + combination, commodities=normal)
    )

    copies = own_contracts(parameters)
    future_row, combination_row = copies["row"].to_list()
    legs_there = parameters.combination_legs.filter(pl.col("contract") == combination_row)["leg"].to_list()
    assert [future_row, 2] == legs_there


@pytest.mark.parametrize("render", [str, indented], ids=["one line", "lines"])
def test_both_tokenisers_read_the_same(
    read_spn: Read, monkeypatch: pytest.MonkeyPatch, render: Callable[[str], str]
) -> None:
    text = render(
        with_functions(function(co_link(bf_link(2, listed(2, ra(BANKNIFTY_LOSSES)))), settings=fields(capAnov=1)))
    )
    quick = read_spn(text)
    monkeypatch.setattr(columnar, "tokenise", lambda content: None)
    strict = read_spn(text)

    assert quick.clearing_orgs == strict.clearing_orgs
    assert quick.commodities == strict.commodities
    assert quick.contracts.equals(strict.contracts)
    np.testing.assert_array_equal(quick.arrays["1"].losses, strict.arrays["1"].losses)


def test_scenarios_other_than_those_of_the_arrays_cannot_be_margined(read_spn: Read) -> None:
    other = point_def().replace("<mult>2</mult>", "<mult>3</mult>")

    _, cross_margin = read_spn(with_functions(function(points=other))).commodities

    (element,) = cross_margin.unsupported
    assert "pointDef" in element.path
    assert "other scenarios than those of NSCCL" in element.value


def test_scenarios_of_its_own_are_fine_for_arrays_of_its_own(read_spn: Read) -> None:
    other = point_def().replace("<mult>2</mult>", "<mult>3</mult>")
    contracts = bf_link(2, listed(1, ra(BANKNIFTY_LOSSES)), listed(2))

    parameters = read_spn(with_functions(function(co_link(contracts), points=other)))

    assert () == parameters.commodities[1].unsupported
    rows = own_contracts(parameters)["row"].to_list()
    assert [16, 0] == parameters.arrays["1"].points[rows].tolist()


WITHOUT_EFFECT = {
    "clearing organisation": (co_link(bf_link(2), ec="OCC"), "the file has no clearing organisation OCC"),
    "exchange": (co_link(bf_link(2), exch="BSE"), "NSCCL has no product family with id 2 on exchange BSE"),
    "family": (co_link(bf_link(99)), "NSCCL has no product family with id 99"),
    "type": (co_link(bf_link(2, pfType="OOP")), "NSCCL has no OOP product family with id 2"),
    "contract": (co_link(bf_link(2, listed(99))), "lists 1 contracts or series of FUT product family NIFTY"),
}


@pytest.mark.parametrize("what", WITHOUT_EFFECT)
def test_a_link_to_something_unknown_is_without_effect_and_said(read_spn: Read, what: str) -> None:
    links, expected = WITHOUT_EFFECT[what]

    parameters = read_spn(with_functions(function(links)))

    assert any(expected in problem.message for problem in parameters.problems)
    assert all(problem.severity == "warning" and problem.line is not None for problem in parameters.problems)
    assert own_contracts(parameters).is_empty()


def test_a_commodity_may_only_hold_what_the_business_function_links(read_spn: Read) -> None:
    own = cc_def("XNIFTY", FUTURES_ONLY + link(3, "OOP"), "")

    parameters = read_spn(with_functions(function(commodities=own)))

    (warning,) = parameters.problems
    assert "business function XM1 links no OOP product family with id 3" in warning.message


FAULTS = {
    "code of a clearing organisation": ((function(code="NSCCL"),), "the code NSCCL"),
    "code twice": ((function(), function()), "the code XM1"),
    "family linked twice": ((function(co_link(bf_link(2), bf_link(2))),), "product family NIFTY (id 2)"),
    "family in two commodities": (
        (function(commodities=cc_def("A", FUTURES_ONLY, "") + cc_def("B", FUTURES_ONLY, "")),),
        "belongs to two combined commodities, A and B",
    ),
    "contract listed twice": ((function(co_link(bf_link(2, listed(1), listed(1)))),), "lists contract 1"),
    "commodity twice": ((function(commodities=cc_def("A", "", "") * 2),), "the combined commodity A"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_is_stated_twice_is_refused(refuse_spn: Refuse, what: str) -> None:
    functions, expected = FAULTS[what]

    refused = refuse_spn(with_functions(*functions))

    assert [Reason.DUPLICATE_KEY] == [problem.reason for problem in refused.problems]
    assert expected in refused.problems[0].message
    assert refused.problems[0].line is not None


def test_an_array_of_its_own_has_one_value_per_scenario(refuse_spn: Refuse) -> None:
    refused = refuse_spn(with_functions(function(co_link(bf_link(2, listed(1, ra([1, 2, 3])))))))

    (problem,) = refused.problems
    assert Reason.WRONG_LENGTH == problem.reason
    assert "bfC" in problem.message


def test_a_business_function_of_another_point_in_time_is_not_read(read_spn: Read) -> None:
    settlement = point_in_time(clearing_org(), settlement=1, setlQualifier="final")
    early = point_in_time(clearing_org(), extra=function())

    assert 1 == len(read_spn(document(early, settlement)).clearing_orgs)
