"""Checks the oracle itself: published and hand-worked figures, and what must hold for any book."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.case_files import (
    HOUSE_OF_CASES,
    SpanCase,
    parameters,
    portfolio_cases,
    position,
    read_yaml,
)
from tests.oracle.holding import holdings
from tests.oracle.json_account import as_json
from tests.oracle.ledger import most_spreads
from tests.oracle.model import Account, Policy, Position, Rounding
from tests.oracle.random_books import Features, random_case
from tests.oracle.result import AccountResult
from tests.oracle.rounding import rounded
from tests.oracle.span import requirement
from tests.oracle.spn import read_spn

ACCOUNT = Account()
COMPONENTS = {
    "scan": "scan_risk",
    "active": "active_scenario",
    "time": "time_risk",
    "vol": "volatility_risk",
    "price": "price_risk",
    "net_delta": "net_delta",
    "intra": "intracommodity_charge",
    "spot": "delivery_charge",
    "inter": "intercommodity_credit",
    "som": "short_option_minimum",
    "maint": "span_risk",
}
CURRENCY_TOTALS = {"maint": "span_risk", "margin_maint": "maintenance_requirement"}


def figure(result: AccountResult, check: str) -> Fraction | int | None:
    """The figure a check names: ``ccs.X.scan`` or ``currency.CUR.maint``."""
    scope, code, name = check.split(".")
    if scope == "currency":
        assert result.currency == code
        total: Fraction = getattr(result, CURRENCY_TOTALS[name])
        return total
    value: Fraction | int | None = getattr(result.commodity(code), COMPONENTS[name])
    return value


@pytest.mark.parametrize("case", list(portfolio_cases()), ids=lambda case: case.name)
@pytest.mark.parametrize("policy", [Policy(), HOUSE_OF_CASES], ids=["exact", "whole units"])
def test_case_files(case: SpanCase, policy: Policy) -> None:
    result = requirement(case.parameters, case.positions, ACCOUNT, policy)

    assert case.checks
    for check, expected in case.checks.items():
        assert Fraction(str(expected)) == figure(result, check), check


@pytest.mark.parametrize(
    "name",
    [
        "13-nymex-initial-ratios.yaml",
        "15-hkex-client-initial-2018.yaml",
        "19-investopedia-hedger-speculator.yaml",
    ],
)
def test_initial_ratios_round_as_published(name: str) -> None:
    inputs = read_yaml(name)["inputs"]
    mode = {"half_up": "half_away", "down": "down"}[inputs["mode"]]
    for row in inputs["rows"]:
        got = [rounded(row["base"] * Fraction(factor), Rounding(0, mode)) for factor in inputs["factors"]]

        assert row["expected"] == got


def test_position_deltas_of_the_kdpw_example() -> None:
    node = read_yaml("20-kdpw-option-portfolio-deltas.yaml")["inputs"]
    lines = node["positions"]
    sums: dict[str, list[Fraction]] = {code: [Fraction(0), Fraction(0)] for code in node["sums"]}
    for line in lines:
        inputs = {
            "ccs": {line["cc"]: {"currency": "PLN"}},
            "contracts": {line["id"]: line | {"kind": "FUT", "period": 201112, "psr": 1}},
        }
        (held,) = holdings(parameters(inputs), [position(inputs, line)])
        ((_period, delta),) = held.deltas(held.net, "1")

        assert Fraction(line["position_delta"]) == delta
        sums[line["cc"]][0 if delta > 0 else 1] += delta
    assert {code: [Fraction(str(v)) for v in pair] for code, pair in node["sums"].items()} == sums


ZEROS = [0] * 16


def book(inputs: dict[str, Any], positions: dict[str, Any], policy: Policy | None = None) -> AccountResult:
    """The requirement of net positions by contract id."""
    lines = [position(inputs, {"id": name, "net": net}) for name, net in positions.items()]
    return requirement(parameters(inputs), lines, ACCOUNT, policy)


def months(count: int, **commodity: Any) -> dict[str, Any]:
    """A commodity A with futures M1, M2 … of no scan risk and rate-100 spreads as given."""
    return {
        "ccs": {"A": {"currency": "USD", **commodity}},
        "contracts": {
            f"M{i}": {"cc": "A", "kind": "FUT", "period": f"0{i}", "array": ZEROS} for i in range(1, count + 1)
        },
    }


def test_a_tier_is_not_netted_before_it_spreads_with_itself() -> None:
    one_against_one = {"priority": 1, "rate": 100, "legs": [{"tier": 0, "side": "A"}, {"tier": 0, "side": "B"}]}
    inputs = months(3, intra=[one_against_one])

    result = book(inputs, {"M1": 3, "M2": -2, "M3": "1.5"})

    row = result.commodity("A")
    assert 200 == row.intracommodity_charge
    assert [1, 0, Fraction("1.5")] == [row.periods[f"0{i}"].remaining_delta for i in (1, 2, 3)]


def test_legs_of_one_side_share_what_their_pools_hold_together() -> None:
    overlapping = {
        "priority": 1,
        "rate": 100,
        "legs": [{"tier": 1, "side": "A"}, {"tier": 0, "side": "A"}, {"tier": 2, "side": "B", "ratio": 2}],
    }
    tiers = [{"tn": 1, "start": "01", "end": "02"}, {"tn": 2, "start": "03", "end": "03"}]
    inputs = months(4, intra=[overlapping], intra_tiers=tiers)

    # Tier 1 holds 1 + 2 = 3, the whole commodity 3 + 4 = 7 long: two legs together 7/2, tier 1 alone 3, shorts 8/2.
    result = book(inputs, {"M1": 1, "M2": 2, "M3": -8, "M4": 4})

    row = result.commodity("A")
    assert 300 == row.intracommodity_charge
    assert [0, 0, -2, 1] == [row.periods[f"0{i}"].remaining_delta for i in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("pools", "ratios", "expected"),
    [
        ([{"1": 3}], [1], 3),
        ([{"1": 3}, {"1": 3}], [1, 1], Fraction(3, 2)),
        ([{"1": 3}, {"1": 3, "2": 1}], [1, 1], 2),
        ([{"1": 1}, {"1": 1, "2": 9}], [1, 1], 1),
        ([{"1": 3}, {}], [1, 1], 0),
    ],
)
def test_number_of_spreads_is_bounded_by_every_set_of_legs(
    pools: list[dict[str, int]], ratios: list[int], expected: Fraction
) -> None:
    exact_pools = [{period: Fraction(delta) for period, delta in pool.items()} for pool in pools]

    assert expected == most_spreads(exact_pools, [Fraction(ratio) for ratio in ratios])


def test_scan_tiers_do_not_offset_one_another() -> None:
    tiers = [{"tn": 1, "start": "01", "end": "01"}, {"tn": 2, "start": "02", "end": "02"}]
    inputs = {
        "ccs": {"A": {"currency": "USD", "scan_tiers": tiers}},
        "contracts": {
            name: {"cc": "A", "kind": "FUT", "period": period, "psr": 900}
            for name, period in [("M1", "01"), ("M2", "02"), ("M3", "03"), ("M4", "04")]
        },
    }

    result = book(inputs, {"M1": 1, "M2": -1, "M3": 2, "M4": -2})

    row = result.commodity("A")
    assert 1800 == row.scan_risk
    assert row.active_scenario is None
    assert [(0, 0, 1), (1, 900, 13), (2, 900, 11)] == [
        (tier.tier, tier.scan_risk, tier.active_scenario) for tier in row.scan_tiers
    ]


@pytest.mark.parametrize(("when", "expected"), [("after_intra", 160), ("after_inter", 100)])
def test_delivery_charge_before_or_after_intercommodity_spreads(when: str, expected: int) -> None:
    inputs = {
        "ccs": {
            "A": {"currency": "USD", "spot": [{"period": 1, "spread": 10, "outright": 40}]},
            "B": {"currency": "USD"},
        },
        "contracts": {
            "F": {"cc": "A", "kind": "FUT", "period": 1, "psr": 1000},
            "G": {"cc": "B", "kind": "FUT", "period": 1, "psr": 1000},
        },
        "inters": [{"priority": 1, "rate": "0.5", "legs": [{"cc": "A", "side": "A"}, {"cc": "B", "side": "B"}]}],
    }

    result = book(inputs, {"F": 4, "G": -2}, Policy(spot_when=when))

    assert expected == result.commodity("A").delivery_charge


def test_flat_spread_between_commodities_is_a_charge_shared_by_distinct_commodities() -> None:
    legs = [
        {"cc": "A", "tier": 1, "side": "A"},
        {"cc": "A", "tier": 2, "side": "B"},
        {"cc": "B", "tier": 0, "side": "B"},
    ]
    tiers = [{"tn": 1, "start": "01", "end": "01"}, {"tn": 2, "start": "02", "end": "02"}]
    inputs = months(2, inter_tiers=tiers)
    inputs["ccs"]["B"] = {"currency": "USD"}
    inputs["contracts"]["B1"] = {"cc": "B", "kind": "FUT", "period": "01", "array": ZEROS}
    inputs["inters"] = [{"priority": 1, "method": "F", "rate": 60, "legs": legs}]

    result = book(inputs, {"M1": -2, "M2": 3, "B1": 5})

    assert (-60, -60) == (
        result.commodity("A").intercommodity_credit,
        result.commodity("B").intercommodity_credit,
    )


def test_every_scenario_a_gain_leaves_no_scan_and_no_price_risk() -> None:
    inputs = months(1)
    inputs["contracts"]["M1"]["array"] = [-8, -4, *[-5] * 14]

    row = book(inputs, {"M1": 1}).commodity("A")

    assert (0, 2, -6, -2, 0) == (
        row.scan_risk,
        row.active_scenario,
        row.time_risk,
        row.volatility_risk,
        row.price_risk,
    )


def test_long_options_alone_are_not_asked_more_than_their_value() -> None:
    inputs = months(0)
    inputs["contracts"]["C"] = {
        "cc": "A", "kind": "CALL", "period": 1, "delta": "0.5", "price": 3, "cvf": 10, "array": [40] * 16,
    }  # fmt: skip
    inputs["contracts"]["F"] = {"cc": "A", "kind": "FUT", "period": 1, "array": ZEROS}

    alone = book(inputs, {"C": 2})
    with_future = book(inputs, {"C": 2, "F": 1})

    assert (60, 0) == (alone.span_risk, alone.maintenance_requirement)
    assert (80, 20) == (with_future.span_risk, with_future.maintenance_requirement)


def test_spreads_between_periods_come_before_spreads_between_tiers() -> None:
    inputs = months(
        2,
        intra=[
            {"priority": 1, "rate": 100, "legs": [{"tier": 0, "side": "A"}, {"tier": 0, "side": "B"}]},
            {"priority": 9, "rate": 7, "legs": [{"period": "02", "side": "A"}, {"period": "01", "side": "B"}]},
        ],
    )

    by_block = book(inputs, {"M1": 1, "M2": -1})
    by_priority = book(inputs, {"M1": 1, "M2": -1}, Policy(series_spreads_first=False))

    assert (7, 100) == (by_block.span_risk, by_priority.span_risk)


def test_weighted_price_risk_credit_inside_a_commodity() -> None:
    credit = {
        "priority": 1, "method": "W", "rate": "0.5", "legs": [{"tier": 1, "side": "A"}, {"tier": 2, "side": "B"}],
    }  # fmt: skip
    tiers = [{"tn": 1, "start": "01", "end": "01"}, {"tn": 2, "start": "02", "end": "02"}]
    inputs = months(2, intra=[credit], intra_tiers=tiers)
    inputs["contracts"]["M1"] = {"cc": "A", "kind": "FUT", "period": "01", "psr": 900}

    row = book(inputs, {"M1": 3, "M2": -1}).commodity("A")

    # Scan 2,700 on a net delta of 2 is 1,350 per delta: one spread, two legs, half of it each.
    assert (1350, -1350, 1350) == (row.weighted_futures_price_risk, row.intracommodity_charge, row.span_risk)


def test_target_of_a_scanning_spread_counts_its_own_gains_at_its_allowance() -> None:
    inputs = {
        "ccs": {"T": {"currency": "USD"}, "L": {"currency": "USD"}},
        "contracts": {
            "TF": {"cc": "T", "kind": "FUT", "period": 1, "array": [0, 0, -100, 100, *ZEROS[4:]]},
            "LF": {"cc": "L", "kind": "FUT", "period": 1, "array": [0, 0, 90, -90, *ZEROS[4:]]},
        },
        "supers": [
            {
                "priority": 1,
                "kind": "scan",
                "rate": "0.5",
                "legs": [{"cc": "T", "target": True}, {"cc": "L", "ratio": 2}],
            }
        ],
    }

    result = book(inputs, {"TF": 1, "LF": 1})

    target, leg = result.commodity("T"), result.commodity("L")
    assert [40, 55] == (target.scenario_losses or [])[2:4]
    assert (55, Fraction(3, 2)) == (target.scan_risk, target.net_delta)
    assert ("T", 0) == (leg.absorbed_into, leg.scan_risk)


def test_split_combination_is_margined_as_its_legs() -> None:
    inputs = months(2)
    inputs["contracts"]["M1"]["array"] = [10] * 16
    inputs["contracts"]["M2"]["array"] = [4] * 16
    inputs["contracts"]["S"] = {
        "cc": "A", "kind": "FUT", "period": "01", "array": [99] * 16, "legs": {"M1": 1, "M2": -2},
    }  # fmt: skip

    split, delta_split, whole = (
        book(inputs | {"ccs": {"A": {"currency": "USD", "combinations": method}}}, {"S": 3, "M2": 1}).commodity("A")
        for method in ("SPLIT", "DELTASPLIT", "NONE")
    )

    assert (3 * 10 - 5 * 4, 3 - 5) == (split.scan_risk, split.net_delta)
    assert (3 * 99 + 4, 3 - 6 + 1) == (delta_split.scan_risk, delta_split.net_delta)
    assert (3 * 99 + 4, 3 + 1) == (whole.scan_risk, whole.net_delta)


def test_home_legs_of_an_interclearing_spread_earn_a_credit_against_away_deltas() -> None:
    home = {
        "ccs": {"A": {"currency": "USD"}},
        "contracts": {"F": {"cc": "A", "kind": "FUT", "period": 1, "psr": 900}},
        "interclears": [
            {
                "priority": 1,
                "rate": "0.5",
                "legs": [{"cc": "A", "side": "A"}, {"ec": "AWAY", "cc": "Z", "side": "B", "ratio": 2}],
            }
        ],
    }
    away = {"ccs": {"Z": {"currency": "USD"}}, "contracts": {"G": {"cc": "Z", "kind": "FUT", "period": 1, "psr": 100}}}
    known = parameters(home).merged(parameters(away, "AWAY"))
    lines = [position(home, {"id": "F", "net": 4}), position(away, {"id": "G", "net": -6})]

    result = requirement(known, lines, ACCOUNT)

    assert (1350, 0) == (result.commodity("A").interclearing_credit, result.commodity("Z").interclearing_credit)
    assert (3600 - 1350, 600) == (result.commodity("A").span_risk, result.commodity("Z").span_risk)


def test_gross_account_adds_up_naked_longs_and_shorts() -> None:
    inputs = months(1)
    inputs["contracts"]["M1"]["array"] = [0, 0, 7, -3, *[0] * 12]
    gross = parameters(inputs)
    gross = replace(gross, orgs={"CH": replace(gross.orgs["CH"], is_net=False)})

    result = requirement(gross, [position(inputs, {"id": "M1", "long": 2, "short": 5})], ACCOUNT)

    assert ("gross", 2 * 7 + 5 * 3) == (result.netting, result.span_risk)


SEEDS = range(25)
EVERYTHING = Features.all()


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_and_reordering_lines_changes_nothing(seed: int) -> None:
    case = random_case(seed, EVERYTHING, books=2)
    known = read_spn(case.spn)
    for held in case.books:
        halves = [
            Position(line.key, (line.quantity or Fraction(0)) * share)
            for share in (Fraction(1, 4), Fraction(3, 4))
            for line in reversed(held.positions)
        ]

        assert as_json(requirement(known, held.positions, held.account)) == as_json(
            requirement(known, halves, held.account)
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_margining_together_never_scans_more_than_alone(seed: int) -> None:
    case = random_case(seed, EVERYTHING, books=3)
    known = read_spn(case.spn)
    for held in case.books:
        result = requirement(known, held.positions, held.account)
        together = [
            row.scan_risk for row in result.commodities if (row.bond_class, row.kind) == ("CORE", "maintenance")
        ]

        assert 0 <= sum(together) <= result.outright_risk


@pytest.mark.parametrize("seed", SEEDS)
def test_spreads_use_delta_that_is_there_and_use_it_once(seed: int) -> None:
    case = random_case(seed, replace(EVERYTHING, scanning=False), books=3)
    known = read_spn(case.spn)
    for held in case.books:
        for row in requirement(known, held.positions, held.account).commodities:
            for period in row.periods.values():
                assert abs(period.remaining_delta) <= abs(period.delta)
                assert period.delta * period.remaining_delta >= 0
