"""What must hold between the figures of any account, derived again from the JSON alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.oracle.random_books import Features
from tests.properties.books import EVERYTHING, NET_ONLY, TOLERANCE, Json, at_most, calculated, case_of, scaled

SEEDS = range(8_000_000, 8_000_012)
DELTA_BASED = replace(NET_ONLY, scanning=False)


@cache
def run_of(seed: int, features: Features = EVERYTHING) -> Json:
    """The JSON of a seed's case, calculated once."""
    with TemporaryDirectory() as folder:
        return calculated(Path(folder), case_of(seed, features))


@cache
def spn_of(seed: int, features: Features) -> str:
    """The parameter file of a seed."""
    return case_of(seed, features).spn


def accounts_of(seed: int, features: Features = EVERYTHING) -> Iterator[Json]:
    """Accounts that have figures."""
    accounts = [account for account in run_of(seed, features)["accounts"] if account["complete"]]
    assert accounts
    yield from accounts


def rows_of(seed: int, features: Features = EVERYTHING) -> Iterator[tuple[Json, Json]]:
    """Every commodity row with its account, all classes and kinds."""
    for account in accounts_of(seed, features):
        for row in account["commodities"]:
            yield account, row


def near(value: float | None) -> object:
    """A figure as doubles give it."""
    return pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE)


def is_headline(row: Json) -> bool:
    """Whether a row is class CORE, maintenance."""
    return (row["class"], row["kind"]) == ("CORE", "maintenance")


def before_floors(row: Json) -> float:
    """Charges added and credits taken off."""
    total: float = row["scan_risk"] + row["intracommodity_charge"] + row["delivery_charge"]
    return total - row["intercommodity_credit"] - row["interclearing_credit"]


def factor_of(seed: int, row: Json) -> float:
    """The rate adjustment of an initial requirement; 1 for what has arrays of its own."""
    if row["kind"] == "maintenance":
        return 1.0
    text = re.search(rf"<ccDef>\s*<cc>{row['commodity']}</cc>.*?</ccDef>", spn_of(seed, EVERYTHING), re.DOTALL)
    assert text
    stated = re.search(r"<adjRate>\s*<r>2</r>\s*<baseR>1</baseR>\s*<val>([^<]*)</val>", text[0])
    return float(stated[1]) if stated else 1.0


def caps_value(seed: int, row: Json) -> bool:
    """Whether option value pays for its own commodity only: the commodity's flag, else its organisation's."""
    head, *definitions = re.split(r"<ccDef>\s*", spn_of(seed, EVERYTHING))
    (own,) = [text for text in definitions if text.startswith(f"<cc>{row['commodity']}</cc>")]
    for text in (own.partition("</ccDef>")[0], head):
        if stated := re.search("<capAnov>([01])</capAnov>", text):
            return stated[1] == "1"
    return False


@pytest.mark.parametrize("seed", SEEDS)
def test_components_add_up_to_the_requirement(seed: int) -> None:
    seen = set()
    for _, row in rows_of(seed):
        risk = max(before_floors(row), row["short_option_minimum"], 0.0) * factor_of(seed, row)
        # A commodity of long options alone owes no more than they are worth.
        is_cut = row["short_option_value"] == 0.0 and risk > row["span_risk"] + 1e-6
        if is_cut:
            risk = row["long_option_value"] * factor_of(seed, row)
        value = row["net_option_value"]
        available = min(value, row["span_risk"]) if caps_value(seed, row) else value

        assert near(risk) == row["span_risk"]
        assert near(row["long_option_value"] - row["short_option_value"]) == value
        assert near(available) == row["available_net_option_value"]
        assert near(max(0.0, row["span_risk"] - available)) == row["requirement"]
        seen.add(row["absorbed_into"] is None)
    assert True in seen


@pytest.mark.parametrize("seed", SEEDS)
def test_an_absorbed_commodity_has_no_figures_of_its_own(seed: int) -> None:
    for account, row in rows_of(seed):
        if row["absorbed_into"] is not None:
            assert row["absorbed_into"] in {other["commodity"] for other in account["commodities"]}
            assert [0.0] * 4 == [row[name] for name in ("scan_risk", "span_risk", "requirement", "net_option_value")]


@pytest.mark.parametrize("seed", SEEDS)
def test_commodities_add_up_to_the_account(seed: int) -> None:
    for account in accounts_of(seed):
        for total in account["requirements"]:
            key = (total["class"], total["kind"])
            rows = [row for row in account["commodities"] if (row["class"], row["kind"]) == key]
            risk = sum(row["span_risk"] for row in rows)
            available = sum(row["available_net_option_value"] for row in rows)
            assert near(risk) == total["span_risk"]
            assert near(available) == total["available_net_option_value"]
            assert near(max(0.0, risk - available)) == total["requirement"]
            if key == ("CORE", "maintenance"):
                assert near(total["requirement"]) == account["maintenance_requirement"]
                assert near(risk) == account["span_risk"]
                for name in ("net_option_value", "long_option_value", "short_option_value"):
                    assert near(sum(row[name] for row in rows)) == account[name]
            if key == ("CORE", "initial"):
                assert near(total["requirement"]) == account["initial_requirement"]


@pytest.mark.parametrize("seed", SEEDS)
def test_accounts_add_up_to_the_totals(seed: int) -> None:
    run = run_of(seed)
    complete = list(accounts_of(seed))
    (total,) = run["totals"]["by_currency"]

    for name in ("span_risk", "maintenance_requirement", "initial_requirement"):
        assert near(sum(account[name] for account in complete)) == total[name]


@pytest.mark.parametrize("seed", SEEDS)
def test_scan_risk_is_the_worst_scenario_and_splits_into_its_parts(seed: int) -> None:
    for account, row in rows_of(seed):
        if account["netting"] == "gross" or row["absorbed_into"] is not None:
            continue
        tiers = row["scan_tiers"]
        for tier in tiers:
            assert near(max(0.0, *tier["scenario_losses"])) == tier["scan_risk"]
            active = tier["scenario_losses"][tier["active_scenario"] - 1]
            assert near(max(tier["scenario_losses"])) == active
        assert near(sum(tier["scan_risk"] for tier in tiers)) == row["scan_risk"]
        for i, loss in enumerate(row["scenario_losses"]):
            assert near(sum(tier["scenario_losses"][i] for tier in tiers)) == loss
        parts = max(0.0, row["scan_risk"] - row["time_risk"] - row["volatility_risk"])
        assert row["price_risk"] in (near(parts), 0.0)
        assert at_most(max(0.0, *row["scenario_losses"]), row["scan_risk"])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_less_is_asked_than_the_worst_loss_before_credits(seed: int) -> None:
    for _, row in rows_of(seed):
        if is_headline(row) and row["absorbed_into"] is None and row["short_option_value"] > 0.0:
            credits_given = row["intercommodity_credit"] + row["interclearing_credit"]
            credit_inside = min(row["intracommodity_charge"], 0.0)
            assert at_most(row["scan_risk"], row["span_risk"] + credits_given - credit_inside)
            assert at_most(row["short_option_minimum"], row["span_risk"])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_delta_is_used_once(seed: int) -> None:
    for account in accounts_of(seed, DELTA_BASED):
        used: dict[str, float] = defaultdict(float)
        for spread in account["spreads"]:
            for leg in spread["legs"]:
                used[leg["commodity"]] += abs(leg["delta_used"])
                assert near(leg["ratio"] * spread["number"]) == abs(leg["delta_used"])
        for row in account["commodities"]:
            gone = 0.0
            for period in row["periods"]:
                delta, remaining = period["delta"], period["remaining_delta"]
                assert remaining == 0.0 or (remaining > 0.0) == (delta > 0.0)
                assert at_most(abs(remaining), abs(delta))
                gone += abs(delta) - abs(remaining)
            if is_headline(row):
                assert near(used[row["commodity"]]) == gone


@pytest.mark.parametrize("seed", SEEDS)
def test_spreads_add_up_to_charges_and_credits(seed: int) -> None:
    formed = 0
    for account in accounts_of(seed, DELTA_BASED):
        charges: dict[str, float] = defaultdict(float)
        credits_given: dict[str, float] = defaultdict(float)
        for spread in account["spreads"]:
            formed += 1
            if spread["kind"] == "intracommodity":
                charges[spread["legs"][0]["commodity"]] += spread["amount"]
                continue
            for leg in spread["legs"]:
                credits_given[leg["commodity"]] += leg["amount"]
            assert near(sum(leg["amount"] for leg in spread["legs"])) == spread["amount"]
        for row in filter(is_headline, account["commodities"]):
            assert near(charges[row["commodity"]]) == row["intracommodity_charge"]
            assert near(credits_given[row["commodity"]]) == row["intercommodity_credit"]
    assert formed or "<dSpread>" not in spn_of(seed, DELTA_BASED)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_weighted_credit_is_no_more_than_price_risk_times_delta_times_rate(seed: int) -> None:
    """Where all of a commodity's credits are on its whole, at rates between 0 and 1."""
    features = Features(inter=True)
    spn = spn_of(seed, features)
    spreads = spn.partition("<interSpreads>")[2]
    for account in accounts_of(seed, features):
        for row in filter(is_headline, account["commodities"]):
            own = [
                (spread, leg)
                for spread in account["spreads"]
                for leg in spread["legs"]
                if spread["kind"] == "intercommodity" and leg["commodity"] == row["commodity"] and leg["tier"] == 0
            ]
            for spread, leg in own:
                (text,) = re.findall(
                    rf"<dSpread>\s*<spread>{spread['priority']}</spread>.*?</dSpread>", spreads, re.DOTALL
                )
                if "<chargeMeth>W</chargeMeth>" in text:
                    highest = max(0.0, *(float(value) for value in re.findall("<val>([^<]*)</val>", text)))
                    limit = row["weighted_futures_price_risk"] * abs(leg["delta_used"]) * highest
                    assert at_most(leg["amount"], limit)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("factor", [2, 7])
def test_figures_grow_with_the_book(seed: int, factor: int, tmp_path: Path) -> None:
    case = case_of(seed)
    larger = replace(case, books=[scaled(book, factor) for book in case.books])
    grown = {account["account"]: account for account in calculated(tmp_path, larger)["accounts"]}

    for account in accounts_of(seed):
        other = grown[account["account"]]
        for name in ("span_risk", "net_option_value", "maintenance_requirement", "outright_risk"):
            assert near(factor * account[name]) == other[name]
        for row, larger_row in zip(account["commodities"], other["commodities"], strict=True):
            assert near(factor * row["scan_risk"]) == larger_row["scan_risk"]
            assert row["active_scenario"] == larger_row["active_scenario"]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_books_together_scan_no_more_than_apart(seed: int, tmp_path: Path) -> None:
    case = case_of(seed, NET_ONLY)
    first, second, *_ = case.books
    both = replace(
        first, account=replace(first.account, account="BOTH"), positions=[*first.positions, *second.positions]
    )
    run = calculated(tmp_path, replace(case, books=[both]))
    apart: dict[tuple[str, str, str], float] = defaultdict(float)
    for account in accounts_of(seed, NET_ONLY):
        if account["account"] in (first.account.account, second.account.account):
            for row in account["commodities"]:
                apart[row["commodity"], row["class"], row["kind"]] += row["scan_risk"]
    merged = any(row["absorbed_into"] for account in run["accounts"] for row in account["commodities"])

    for row in run["accounts"][0]["commodities"]:
        if not merged:
            assert at_most(row["scan_risk"], apart[row["commodity"], row["class"], row["kind"]])
