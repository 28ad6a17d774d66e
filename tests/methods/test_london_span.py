"""London SPAN: every rule by a figure that a person can check, and random books against a plain-Python twin."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest
import yaml

import margin
from margin.methods import margin_method, method_names
from margin.model.problem import InputRefused, Severity
from tests.methods.london_documents import HEAD, book, document
from tests.methods.london_twin import Account

Node = dict[str, Any]
CASE = Path(__file__).parents[1] / "cases" / "span" / "c10-london-offset.yaml"


def grid(points: int) -> Node:
    """Scenarios that are told apart by their order alone."""
    return {"points": [{"price_move": 1 + i, "volatility_move": 0, "weight": 1} for i in range(points)]}


def parameters_of(folder: Path, node: Node) -> margin.ParameterSet:
    path = folder / "parameters.yaml"
    path.write_text(json.dumps(node, indent=1), "utf-8")
    return margin.read_parameters(path)


def positions_of(folder: Path, books: dict[str, dict[str, Any]]) -> margin.PositionBook:
    path = folder / "positions.csv"
    rows = [f"{account},{contract},{float(q):g}" for account, held in books.items() for contract, q in held.items()]
    path.write_text("\n".join(["account,contract,quantity", *rows]) + "\n", "utf-8")
    return margin.read_positions(path)


def calculated(
    folder: Path,
    node: Node,
    books: dict[str, dict[str, Any]],
    *,
    method: str = "london-span",
    rounding: Literal["house", "none"] = "house",
) -> Node:
    run = margin.calculate(
        parameters_of(folder, node), positions_of(folder, books), method=method, rounding=rounding, threads=1
    )
    return run.to_dict()


def only(folder: Path, node: Node, held: dict[str, Any], rounding: Literal["house", "none"] = "house") -> Node:
    """The one account of a run without problems, its commodities by code."""
    run = calculated(folder, node, {"ACC": held}, rounding=rounding)
    assert [] == errors(run)
    (account,) = run["accounts"]
    return account | {"commodities": {row["commodity"]: row for row in account["commodities"]}}


def errors(run: Node) -> list[str]:
    return [problem["message"] for problem in run["problems"] if problem["severity"] == Severity.ERROR]


def future(contract: str, commodity: str, losses: list[float], period: int = 202609, **more: Any) -> Node:
    return {"id": contract, "commodity": commodity, "type": "FUT", "period": period, "losses": losses, **more}


def option(contract: str, commodity: str, losses: list[float], price: float, **more: Any) -> Node:
    terms = {"type": "OOF", "period": 202609, "underlying_period": 202609, "right": "C", "strike": 100}
    value = {"value_method": "EQTY", "contract_value_factor": 1, "price": price, "composite_delta": 0.5}
    return {"id": contract, "commodity": commodity, "losses": losses, **terms, **value, **more}


def simple(points: int, commodities: list[Node], contracts: list[Node], **more: Any) -> Node:
    return copy.deepcopy(
        {**HEAD, "scenario_grid": grid(points), "commodities": commodities, "contracts": contracts, **more}
    )


# --- offsets


def test_the_constructed_offset_case(tmp_path: Path) -> None:
    case = yaml.safe_load(CASE.read_text("utf-8"))
    arrays, charge = case["inputs"]["arrays"], case["inputs"]["charge"]
    codes = [f"C{i}" for i in range(len(arrays))]
    node = simple(
        len(arrays[0]),
        [{"code": code} for code in codes],
        [future(code, code, array) for code, array in zip(codes, arrays, strict=True)],
        offset_spreads=[{"priority": 1, "charge": charge, "commodities": codes}],
    )

    account = only(tmp_path, node, dict.fromkeys(codes, 1))
    (spread,) = account["spreads"]

    assert case["checks"] == [account["commodities"][code]["intercommodity_credit"] for code in codes]
    assert ("intercommodity", "offset", 1, sum(case["checks"])) == tuple(
        spread[key] for key in ("kind", "form", "number", "amount")
    )
    assert case["checks"] == [leg["amount"] for leg in spread["legs"]]
    assert 180 - sum(case["checks"]) == account["maintenance_requirement"]


def offset_document(charge: float) -> Node:
    return simple(
        2,
        [{"code": "A"}, {"code": "B"}],
        [future("A", "A", [100, -100]), future("B", "B", [-80, 80])],
        offset_spreads=[{"priority": 1, "charge": charge, "commodities": ["A", "B"]}],
    )


def test_an_offset_without_rounding_keeps_fractions(tmp_path: Path) -> None:
    account = only(tmp_path, offset_document(10), {"A": 1, "B": 1}, rounding="none")

    assert pytest.approx(100 * 150 / 180, rel=1e-12) == account["commodities"]["A"]["intercommodity_credit"]
    assert pytest.approx(80 * 150 / 180, rel=1e-12) == account["commodities"]["B"]["intercommodity_credit"]


@pytest.mark.parametrize(
    ("charge", "held"),
    [
        (160, {"A": 1, "B": 1}),  # together 20 + 160 = 180: nothing is saved
        (400, {"A": 1, "B": 1}),  # together dearer than apart: still no credit, and no surcharge
        (0, {"A": 1, "B": -1}),  # the same scenario is worst for both: 180 together
        (0, {"A": 1}),  # one commodity alone
    ],
)
def test_no_offset_forms_where_nothing_is_saved(charge: float, held: Node, tmp_path: Path) -> None:
    account = only(tmp_path, offset_document(charge), held)

    assert [] == account["spreads"]
    assert sum({"A": 100, "B": 80}[code] for code in held) == account["span_risk"]


# --- ticks and foreign currencies


@pytest.mark.parametrize(("ticks", "expected"), [({"tick_value": 12.5}, 500), ({}, 40)])
def test_losses_are_in_ticks_where_a_tick_value_is_given(ticks: Node, expected: float, tmp_path: Path) -> None:
    node = simple(2, [{"code": "A"}], [future("A", "A", [40, -24], **ticks)])

    assert expected == only(tmp_path, node, {"A": 1})["commodities"]["A"]["scan_risk"]


def test_a_contract_s_tick_value_wins_over_its_product_s(tmp_path: Path) -> None:
    product = {"code": "A", "type": "FUT", "tick_value": 10}
    contracts = [future("A", "A", [40, -24]), future("B", "A", [40, -24], 202612, tick_value=5)]
    node = simple(2, [{"code": "A", "products": [product]}], contracts)

    assert [400, -240] == only(tmp_path, node, {"A": 1})["commodities"]["A"]["scenario_losses"]
    assert [200, -120] == only(tmp_path, node, {"B": 1})["commodities"]["A"]["scenario_losses"]


def test_a_price_scan_range_is_in_ticks_too(tmp_path: Path) -> None:
    contract = {"id": "A", "commodity": "A", "type": "FUT", "period": 202609, "price_scan_range": 90, "tick_value": 10}
    node = {**HEAD, "commodities": [{"code": "A"}], "contracts": [contract]}

    assert 900 == only(tmp_path, node, {"A": 1})["commodities"]["A"]["scan_risk"]


def foreign_document(contracts: list[Node], up: float = 0.25, down: float = 0.25) -> Node:
    product = {"code": "A", "type": "FUT", "tick_value": 10, "currency": "EUR"}
    options = {"code": "A", "type": "OOF", "tick_value": 10, "currency": "EUR", "value_method": "EQTY"}
    conversion = {"from_currency": "EUR", "to_currency": "GBP", "factor": 0.5, "up": up, "down": down}
    return simple(2, [{"code": "A", "products": [product, options]}], contracts, conversions=[conversion])


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (2, [2 * 400 * 0.625, -2 * 240 * 0.375]),  # long: 40 ticks lost at the high rate, 24 gained at the low one
        (-2, [-2 * 400 * 0.375, 2 * 240 * 0.625]),  # short: the gain of 40 ticks at the low rate
    ],
)
def test_a_foreign_loss_is_converted_at_the_high_rate_and_a_gain_at_the_low_one(
    quantity: int, expected: list[float], tmp_path: Path
) -> None:
    row = only(tmp_path, foreign_document([future("A", "A", [40, -24])]), {"A": quantity})["commodities"]["A"]

    assert expected == row["scenario_losses"]
    assert max(expected) == row["scan_risk"] == row["outright_risk"]
    assert quantity == row["net_delta"]


def test_a_foreign_position_is_converted_before_positions_are_added_up(tmp_path: Path) -> None:
    node = foreign_document([future("A", "A", [40, -24]), future("B", "A", [30, -20], 202612)])

    row = only(tmp_path, node, {"A": 1, "B": -1})["commodities"]["A"]

    assert [400 * 0.625 - 300 * 0.375, -240 * 0.375 + 200 * 0.625] == row["scenario_losses"]


def test_foreign_option_value_is_converted_at_the_rate_itself(tmp_path: Path) -> None:
    node = foreign_document([option("A", "A", [40, -24], price=600)])

    account = only(tmp_path, node, {"A": -1})

    assert 300 == account["short_option_value"]
    assert (150, 450) == (account["span_risk"], account["maintenance_requirement"])  # 240 × 0.625; less −300


def test_home_and_foreign_contracts_stand_in_one_commodity(tmp_path: Path) -> None:
    node = foreign_document([future("A", "A", [40, -24]), future("H", "A", [-100, 60], product="H")])
    del node["commodities"][0]["products"]
    node["commodities"][0]["products"] = [
        {"code": "A", "type": "FUT", "tick_value": 10, "currency": "EUR"},
        {"code": "H", "type": "FUT"},
    ]

    assert [250 - 100, -90 + 60] == only(tmp_path, node, {"A": 1, "H": 1})["commodities"]["A"]["scenario_losses"]


# --- strategies


def strategy_document(**spreads: Any) -> Node:
    periods = (202609, 202612, 202703)
    contracts = [future(f"M{i}", "A", [0, 0], period) for i, period in enumerate(periods, start=1)]
    return simple(2, [{"code": "A", **spreads}], contracts)


BUTTERFLY = [
    {"period": 202609, "side": "A", "ratio": 1},
    {"period": 202612, "side": "B", "ratio": 2},
    {"period": 202703, "side": "A", "ratio": 1},
]
CALENDAR = [{"period": 202609, "side": "A", "ratio": 1}, {"period": 202612, "side": "B", "ratio": 1}]


def test_strategies_form_before_inter_month_spreads_whatever_the_priorities(tmp_path: Path) -> None:
    node = strategy_document(
        strategy_spreads=[{"priority": 9, "charge": 100, "legs": BUTTERFLY}],
        intracommodity_spreads=[{"priority": 1, "method": "F", "rate": 70, "legs": CALENDAR}],
    )

    account = only(tmp_path, node, {"M1": 2, "M2": -3, "M3": 1})

    # One butterfly uses 1, −2 and 1; the calendar finds 1 against −1.
    assert [("strategy", 9, 1, 100), ("delta", 1, 1, 70)] == [
        (spread["form"], spread["priority"], spread["number"], spread["amount"]) for spread in account["spreads"]
    ]
    assert 170 == account["commodities"]["A"]["intracommodity_charge"]


def test_the_charge_of_strategies_is_rounded_by_itself(tmp_path: Path) -> None:
    node = strategy_document(
        strategy_spreads=[{"priority": 1, "charge": 100.5, "legs": BUTTERFLY}],
        intracommodity_spreads=[{"priority": 1, "method": "F", "rate": 70.5, "legs": CALENDAR}],
    )
    held = {"M1": 2, "M2": -3, "M3": 1}

    assert 101 + 71 == only(tmp_path, node, held)["commodities"]["A"]["intracommodity_charge"]
    assert 171 == only(tmp_path, node, held, rounding="none")["commodities"]["A"]["intracommodity_charge"]


def test_strategies_form_by_priority_and_the_other_way_round(tmp_path: Path) -> None:
    node = strategy_document(
        strategy_spreads=[
            {"priority": 2, "charge": 1, "legs": CALENDAR},
            {"priority": 1, "charge": 100, "legs": BUTTERFLY},
        ]
    )

    account = only(tmp_path, node, {"M1": -2, "M2": 3, "M3": -1})

    assert [(1, 1), (2, 1)] == [(spread["priority"], spread["number"]) for spread in account["spreads"]]
    assert 101 == account["span_risk"]


# --- delivery


@pytest.mark.parametrize(
    ("side", "quantity", "expected"),
    [("long", 3, 30), ("long", -3, 0), ("short", 3, 0), ("short", -3, 30), ("both", 3, 30), ("both", -3, 30)],
)
def test_a_delivery_charge_may_be_for_one_side_alone(side: str, quantity: int, expected: float, tmp_path: Path) -> None:
    charge = {"period": 202609, "spread_rate": 4, "outright_rate": 10, "side": side}
    node = simple(2, [{"code": "A", "spot_charges": [charge]}], [future("A", "A", [0, 0])])

    assert expected == only(tmp_path, node, {"A": quantity})["commodities"]["A"]["delivery_charge"]


def test_deltas_that_spreads_have_used_keep_their_side(tmp_path: Path) -> None:
    charges = [
        {"period": 202609, "spread_rate": 4, "outright_rate": 10, "side": "long"},
        {"period": 202609, "spread_rate": 5, "outright_rate": 20, "side": "short"},
    ]
    node = strategy_document(
        spot_charges=charges, intracommodity_spreads=[{"priority": 1, "method": "F", "rate": 0, "legs": CALENDAR}]
    )

    long = only(tmp_path, node, {"M1": 3, "M2": -2})["commodities"]["A"]["delivery_charge"]
    short = only(tmp_path, node, {"M1": -3, "M2": 2})["commodities"]["A"]["delivery_charge"]

    assert (10 + 2 * 4, 20 + 2 * 5) == (long, short)


@pytest.mark.parametrize(("side", "expected"), [("long", 30), ("short", 20), ("both", 50)])
def test_gross_accounts_are_charged_on_that_side_alone(side: str, expected: float, tmp_path: Path) -> None:
    charge = {"period": 202609, "spread_rate": 0, "outright_rate": 10, "side": side}
    node = simple(
        2,
        [{"code": "A", "spot_charges": [charge]}],
        [future("A", "A", [0, 0])],
        account_types=[{"code": "O", "customer": True, "net": False}],
    )
    (tmp_path / "gross.csv").write_text("account,contract,long,short\nACC,A,3,2\n", "utf-8")

    run = margin.calculate(
        parameters_of(tmp_path, node), margin.read_positions(tmp_path / "gross.csv"), method="london-span"
    )

    assert [expected] == run.commodities["delivery_charge"].to_list()


# --- between commodities


def tiered_document() -> Node:
    tiers = [{"tier": 1, "last_period": 202609}, {"tier": 2, "first_period": 202612}]
    return simple(
        2,
        [
            {"code": "A", "intercommodity_tiers": tiers, "weighted_price_risk_method": "NORMAL"},
            {"code": "B", "weighted_price_risk_method": "NORMAL"},
        ],
        [
            future("A1", "A", [-1000, 1000]),
            future("A2", "A", [-400, 400], 202612),
            future("B1", "B", [-777.5, 777.5]),
        ],
        spreads=[
            {
                "kind": "intercommodity",
                "priority": 1,
                "method": "W",
                "rate": 0.5,
                "legs": [
                    {"commodity": "A", "tier": 1, "side": "A", "ratio": 1},
                    {"commodity": "B", "side": "B", "ratio": 1},
                ],
            }
        ],
    )


def test_one_weighted_futures_price_risk_serves_every_tier_of_a_commodity(tmp_path: Path) -> None:
    held = {"A1": 1, "A2": 1, "B1": -1}

    london = only(tmp_path, tiered_document(), held)["commodities"]["A"]
    (account,) = calculated(tmp_path, tiered_document(), {"ACC": held}, method="span")["accounts"]
    span = next(row for row in account["commodities"] if row["commodity"] == "A")

    assert (700, 350) == (london["weighted_futures_price_risk"], london["intercommodity_credit"])  # 1400 ÷ 2 × 0.5
    assert 500 == span["intercommodity_credit"]  # the tier's own 1000 × 0.5


def test_weighted_futures_price_risk_and_credits_are_whole(tmp_path: Path) -> None:
    held = {"A1": 1, "A2": 1, "B1": -3}

    row = only(tmp_path, tiered_document(), held)["commodities"]["B"]

    assert 2333 == row["scan_risk"]  # 3 × 777.5 = 2332.5
    assert 778 == row["weighted_futures_price_risk"]  # 2333 ÷ 3 = 777.67
    assert 389 == row["intercommodity_credit"]


def test_deltas_have_four_decimals_and_numbers_of_spreads_six(tmp_path: Path) -> None:
    node = tiered_document()
    node["contracts"][2] |= {"composite_delta": 0.33335}
    node["spreads"][0]["legs"][1]["ratio"] = 0.7

    account = only(tmp_path, node, {"A1": 1, "B1": -1})
    (spread,) = account["spreads"]
    (period,) = account["commodities"]["B"]["periods"]

    assert -0.3334 == period["delta"]
    assert 0.476285 == spread["number"]  # 0.3334 ÷ 0.7 = 0.4762857…


# --- option value and groups


def test_option_value_pays_inside_its_group_alone(tmp_path: Path) -> None:
    node = simple(
        2,
        [{"code": code, "groups": [group]} for code, group in (("A", "RATES"), ("B", "RATES"), ("C", "METALS"))],
        [
            option("A", "A", [10, 10], price=500),
            future("B", "B", [300, -300]),
            future("C", "C", [200, -200]),
        ],
    )

    account = only(tmp_path, node, {"A": 1, "B": 1, "C": 1})

    # RATES 10 + 300 − 500 is below zero; METALS owes 200 and is not helped by the 190 left over.
    assert (510, 500) == (account["span_risk"], account["available_net_option_value"])
    assert 200 == account["maintenance_requirement"]


def test_the_floor_by_group_is_the_method_s_whatever_the_house(tmp_path: Path) -> None:
    method = margin_method("london-span")

    assert "group" == method.choices(margin.read_house("none")).option_value_floor
    assert "london" == method.DEFAULT_HOUSE
    assert "total" == margin_method("span").choices(margin.read_house("cme")).option_value_floor


# --- refusals


def refused(tmp_path: Path, node: Node, method: str) -> list[str]:
    """What is refused of a book that holds one of every contract."""
    held = {contract["id"]: 1 for contract in node["contracts"]}
    run = calculated(tmp_path, node, {"ACC": held}, method=method)
    (account,) = run["accounts"]
    found = errors(run)
    assert (account["complete"], account["span_risk"] is None) == ((True, False) if not found else (False, True))
    return found


LONDON_TERMS: dict[str, Node] = {
    "dSpread[9]/form = strategy": strategy_document(strategy_spreads=[{"priority": 9, "charge": 1, "legs": BUTTERFLY}]),
    "intercommodity[1]/form = offset": offset_document(10),
    "ccDef[A]/tick_value": simple(2, [{"code": "A"}], [future("A", "A", [4, -2], tick_value=5)]),
    "ccDef[A]/spotRate[202609]/side = long": strategy_document(
        spot_charges=[{"period": 202609, "spread_rate": 0, "outright_rate": 1, "side": "long"}]
    ),
}


@pytest.mark.parametrize("element", LONDON_TERMS)
def test_span_refuses_by_name_what_only_london_knows(element: str, tmp_path: Path) -> None:
    found = refused(tmp_path, LONDON_TERMS[element], "span")

    assert found
    assert all(element in message and "london-span" in message for message in found)
    assert [] == refused(tmp_path, LONDON_TERMS[element], "london-span")


def two(**changes: Any) -> Node:
    """Two commodities, a term of the first changed."""
    return simple(
        2,
        [{"code": "A", "weighted_price_risk_method": "NORMAL", **changes}, {"code": "B"}],
        [future("A", "A", [10, -10]), future("B", "B", [10, -10])],
    )


def between(**changes: Any) -> Node:
    node = tiered_document()
    spread = node["spreads"][0]
    spread.update({key: value for key, value in changes.items() if value is not None})
    for key, value in changes.items():
        if value is None:
            del spread[key]
    return node


SCANNING = [{"commodity": "A", "target": True, "ratio": 1}, {"commodity": "B", "ratio": 1}]
AWAY = [
    {"commodity": "A", "side": "A", "ratio": 1},
    {"commodity": "Z", "clearing_org": "AWAY", "side": "B", "ratio": 1},
]
WEIGHTED = {
    "priority": 4,
    "method": "W",
    "rate": 0.5,
    "legs": [{"tier": 0, "side": "A", "ratio": 1}, {"tier": 0, "side": "B", "ratio": 1}],
}
NOT_LONDON: dict[str, Node] = {
    "super[1] = super": between(kind="super"),
    "interclearing[1] = interclearing": between(kind="interclearing", legs=AWAY),
    "super_interclearing[1] = super_interclearing": between(kind="super_interclearing", legs=AWAY),
    "intercommodity[1]/form = scanning": between(form="scanning", method=None, legs=SCANNING),
    "intercommodity[1]/chargeMeth = F": between(method="F", flat_rate_is="credit"),
    "ccDef[A]/dSpread[4]/chargeMeth = W": two(intracommodity_spreads=[WEIGHTED]),
    "ccDef[A]/scanTiers/tier[1]": two(scan_tiers=[{"tier": 1}]),
    "ccDef[A]/wfprMeth = SCANRANGE": two(weighted_price_risk_method="SCANRANGE"),
    "ccDef[A]/capAnov = 1": two(cap_available_net_option_value=True),
    "ccDef[A]/groups = METALS, RATES": two(groups=["METALS", "RATES"]),
}


@pytest.mark.parametrize("element", NOT_LONDON)
def test_london_refuses_by_name_what_no_source_states_for_it(element: str, tmp_path: Path) -> None:
    found = refused(tmp_path, NOT_LONDON[element], "london-span")

    assert any(element in message for message in found), found


@pytest.mark.parametrize(
    ("conversion", "expected"),
    [
        ([], "ccDef[A]/currency = EUR to GBP: no such conversion is given"),
        ([{"from_currency": "EUR", "to_currency": "GBP", "factor": 0.5}], "has no up and down"),
        ([{"from_currency": "GBP", "to_currency": "EUR", "factor": 2, "up": 0, "down": 0}], "no such conversion"),
    ],
)
def test_a_foreign_currency_needs_a_conversion_with_its_shifts(
    conversion: list[Node], expected: str, tmp_path: Path
) -> None:
    node = foreign_document([future("A", "A", [40, -24])]) | {"conversions": conversion}

    (message,) = refused(tmp_path, node, "london-span")

    assert expected in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"commodities": [{"code": "A", "currency": "EUR"}, {"code": "B"}]}, "different currencies"),
        ({"commodities": [{"code": "A"}, {"code": "B", "scenario_grid": {"points": [
            {"price_move": 7, "volatility_move": 0, "weight": 1}, {"price_move": 8, "volatility_move": 0, "weight": 1}]
        }}]}, "different scenarios"),
        ({"offset_spreads": [{"priority": i, "charge": 0, "commodities": ["A", "B"]} for i in (1, 2)]}, "share"),
    ],
)  # fmt: skip
def test_offsets_that_cannot_be_told_are_refused(change: Node, expected: str, tmp_path: Path) -> None:
    found = refused(tmp_path, offset_document(10) | change, "london-span")

    assert found
    assert all("intercommodity[" in message and expected in message for message in found)


def test_a_term_of_the_other_method_is_refused_only_where_it_is_held(tmp_path: Path) -> None:
    node = offset_document(10)
    node["commodities"].append({"code": "C"})
    node["contracts"].append(future("C", "C", [7, -7]))

    run = calculated(tmp_path, node, {"ONE": {"A": 1}, "OTHER": {"C": 1}}, method="span")

    assert [None, 7] == [account["span_risk"] for account in run["accounts"]]


# --- the document


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"conversions": [{"from_currency": "EUR", "to_currency": "GBP", "factor": 1, "up": 0.1}]}, "'down'"),
        (
            {"conversions": [{"from_currency": "EUR", "to_currency": "GBP", "factor": 1, "up": 0.1, "down": 1.5}]},
            "down",
        ),
        ({"offset_spreads": [{"priority": 1, "charge": 0, "commodities": ["A", "A"]}]}, "twice"),
        ({"offset_spreads": [{"priority": 1, "charge": 0, "commodities": ["A", "X"]}]}, "unknown commodity 'X'"),
        ({"offset_spreads": [{"priority": 1, "charge": -5, "commodities": ["A", "B"]}]}, "charge"),
        ({"commodities": [{"code": "A", "strategy_spreads": [{"priority": 1, "legs": CALENDAR}]}]}, "charge"),
        (
            {"commodities": [{"code": "A", "strategy_spreads": [{"priority": 1, "charge": 1,
                                                            "legs": CALENDAR[:1] * 2}]}]},
            "one side",
        ),
        (
            {"commodities": [{"code": "A", "products": [{"code": "A", "type": "FUT", "currency": "EUR"}]}]},
            "'tick_value' is missing",
        ),
        (
            {"commodities": [{"code": "A", "products": [
                {"code": "A", "type": "FUT", "currency": "XXX", "tick_value": 1}]}]},
            "unknown currency 'XXX'",
        ),
        (
            {"commodities": [{"code": "A", "spot_charges": [
                {"period": 202609, "spread_rate": 0, "outright_rate": 1, "side": side} for side in ("both", "long")]}]},
            "stands in spot_charges already",
        ),
    ],
)  # fmt: skip
def test_faults_of_london_terms_are_reported(change: Node, expected: str, tmp_path: Path) -> None:
    base = simple(2, [{"code": "A"}], [future("A", "A", [10, -10])])

    with pytest.raises(InputRefused) as found:
        parameters_of(tmp_path, base | change)

    assert any(expected in problem.message for problem in found.value.problems)
    assert all(problem.line is not None for problem in found.value.problems)


def test_tick_values_may_stand_in_a_file_of_contracts(tmp_path: Path) -> None:
    node = simple(2, [{"code": "A"}], []) | {"contracts": {"file": "contracts.csv"}}
    (tmp_path / "contracts.csv").write_text(
        "id,commodity,type,period,tick_value,a1,a2\nF,A,FUT,202609,12.5,40,-24\nG,A,FUT,202612,,40,-24\n", "utf-8"
    )

    assert 500 + 40 == only(tmp_path, node, {"F": 1, "G": 1})["span_risk"]


def test_merged_files_keep_their_tick_values(tmp_path: Path) -> None:
    one = simple(2, [{"code": "A"}], [future("A", "A", [40, -24], tick_value=12.5)])
    other = simple(2, [{"code": "B"}], [future("B", "B", [40, -24])]) | {"clearing_org": "OTHER"}
    paths = []
    for name, node in (("one", one), ("other", other)):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(json.dumps(node, indent=1), "utf-8")

    run = margin.calculate(
        margin.read_parameters(paths), positions_of(tmp_path, {"ACC": {"A": 1, "B": 1}}), method="london-span"
    )

    assert [500, 40] == run.commodities["scan_risk"].to_list()


# --- the method among the methods


def test_methods_are_the_modules_of_their_folder() -> None:
    assert {"span", "london-span"} <= set(method_names())
    for name in ("span", "london-span"):
        method = margin_method(name)
        assert callable(method.outcome)
        assert margin.read_house(method.DEFAULT_HOUSE)


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'london_span' is not a method; did you mean london-span\?"):
        margin_method("london_span")


def test_a_run_says_its_method_and_takes_the_method_s_house(tmp_path: Path) -> None:
    run = calculated(tmp_path, offset_document(10), {"ACC": {"A": 1, "B": 1}})

    assert ("london-span", "london") == (run["run"]["method"], run["run"]["house"])
    assert "span" == calculated(tmp_path, two(), {"ACC": {"A": 1}}, method="span")["run"]["method"]


# --- against the twin

TWIN_FIGURES = {
    "scan_risk": "scan",
    "weighted_futures_price_risk": "price_risk_per_delta",
    "intracommodity_charge": "intra",
    "delivery_charge": "delivery",
    "intercommodity_credit": "credit",
    "short_option_minimum": "minimum",
    "long_option_value": "long_value",
    "short_option_value": "short_value",
    "span_risk": "risk",
}


def twin_differences(node: Node, books: dict[str, dict[str, Fraction]], run: Node, *, rounds: bool) -> list[str]:
    found = []
    for account in run["accounts"]:
        twin = Account(node, books[account["account"]], rounds=rounds)
        rows = {row["commodity"]: row for row in account["commodities"]}
        assert set(rows) == set(twin.held)
        pairs = [
            (f"{code} {name}", row[name], getattr(twin.held[code], field))
            for code, row in rows.items()
            for name, field in TWIN_FIGURES.items()
        ]
        pairs.append(("requirement", account["maintenance_requirement"], twin.requirement))
        for name, engine, expected in pairs:
            if abs(engine - float(expected)) > 1e-9 * max(1.0, abs(float(expected))):
                found.append(f"{account['account']} {name}: engine {engine}, twin {float(expected)}")
    return found


@pytest.mark.parametrize("rounding", ["house", "none"])
@pytest.mark.parametrize("seed", range(8))
def test_random_books_agree_with_the_twin(seed: int, rounding: Literal["house", "none"], tmp_path: Path) -> None:
    random = Random(seed)
    node = document(random)
    books = {f"ACC{i:02}": book(random, node["contracts"]) for i in range(25)}

    run = calculated(tmp_path, node, books, rounding=rounding)

    assert [] == errors(run)
    assert [] == twin_differences(node, books, run, rounds=rounding == "house")


def test_random_books_use_every_rule(tmp_path: Path) -> None:
    random = Random(8)
    node = document(random)
    books = {f"ACC{i:03}": book(random, node["contracts"]) for i in range(200)}

    run = calculated(tmp_path, node, books)
    rows = [row for account in run["accounts"] for row in account["commodities"]]
    forms = {(spread["kind"], spread["form"]) for account in run["accounts"] for spread in account["spreads"]}

    assert {
        ("intracommodity", "strategy"),
        ("intracommodity", "delta"),
        ("intercommodity", "delta"),
        ("intercommodity", "offset"),
    } == forms
    for name in TWIN_FIGURES:
        assert any(row[name] for row in rows), name
