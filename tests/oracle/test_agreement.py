"""Holds the engine against the exact oracle on random parameter files and books, figure by figure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Literal

import pytest

import margin
from margin.model.house import RoundingPolicy
from tests.oracle import spn
from tests.oracle.compare import differences
from tests.oracle.model import ContractKey, OracleError, Policy, Position, Rounding
from tests.oracle.random_books import Case, Features, random_case
from tests.oracle.result import AccountResult
from tests.oracle.span import requirement

BOOKS_ASKED = int(os.environ.get("MARGIN_AGREEMENT_BOOKS", "300"))
"""Books per set of features; more of them take more seeds, and the first seeds stay the same."""
BOOKS_PER_FILE = 25
CHUNKS = 15
SHOWN = 10

CORE = Features()
EVERYTHING = Features.all()
ONE_RATE = replace(EVERYTHING, several_rates=False)
"""Without rates of class RESERVE: a house's ratio says what is initially asked of class CORE alone."""
FILES = ceil(BOOKS_ASKED / BOOKS_PER_FILE)
HOUSE_FILES = ceil(FILES / 8)

MODES_HOUSE = """\
format: margin-house
version: 1
title: Every mode
source: constructed, so that each rounding step has a mode and decimals of its own
effective_date: 2026-06-25
quantity_unit: contracts
initial_ratios: {S: 1.35, O: 1.35}
adjustment_factors: {S: 1.05, O: 1.05}
rounding:
  scan_risk: {decimals: 1, mode: up}
  risk_components: {decimals: 1, mode: half_even}
  weighted_price_risk: {decimals: 2, mode: down}
  intracommodity_charge: {decimals: 0, mode: half_even}
  delivery_charge: {decimals: 1, mode: down}
  intercommodity_credit: {decimals: 1, mode: down}
  short_option_minimum: {decimals: -1, mode: up}
  option_value: {decimals: 1, mode: half_even}
  maintenance: {decimals: 1, mode: half_away}
  initial: {decimals: 0, mode: up}
"""


@dataclass(frozen=True)
class Compared:
    """One book margined by both; the oracle's side is its reason where it refuses.

    Attributes:
        seed: Gives the file and its books again.
        expected: What the oracle says.
        account: The account of the engine's JSON.
        problems: Messages of the engine's run.
        cautious: Commodities that the engine refuses for all holders because a merge might need their scan range.
    """

    seed: int
    expected: AccountResult | str
    account: dict[str, Any]
    problems: list[str]
    cautious: frozenset[str] = frozenset()

    def lines(self) -> list[str]:
        """What differs, each line with seed and account."""
        if isinstance(self.expected, str):
            refused = self.account["complete"] is False and self.account["maintenance_requirement"] is None
            found = [] if refused else [f"margined, but the oracle refuses: {self.expected}"]
        elif self.is_refused_out_of_caution:
            found = []
        else:
            found = differences(self.expected, self.account)
        return [f"seed {self.seed} {self.account['account']} {line} {self.problems[:2] or ''}" for line in found]

    @property
    def is_refused_out_of_caution(self) -> bool:
        """Whether the account holds a commodity that is refused although nothing merges into it here."""
        held = {row.commodity for row in self.expected.commodities} if not isinstance(self.expected, str) else set()
        return self.account["complete"] is False and not held.isdisjoint(self.cautious)


def compared(
    seed: int,
    case: Case,
    folder: Path,
    policy: Policy | None = None,
    *,
    house: margin.HousePolicy | None = None,
    rounding: Literal["house", "none"] = "none",
) -> Iterator[Compared]:
    """Both answers to every book of a case."""
    parameters, positions = folder / f"{seed}.spn", folder / f"{seed}.csv"
    parameters.write_text(case.spn, "utf-8")
    positions.write_text(case.positions_csv(), "utf-8")
    run = margin.calculate(
        margin.read_parameters(parameters), margin.read_positions(positions), house=house, rounding=rounding
    ).to_dict()
    accounts = {account["account"]: account for account in run["accounts"]}
    problems = [problem["message"] for problem in run["problems"]]
    cautious = refused_out_of_caution(run["problems"], case)
    known = spn.read_spn(case.spn)
    for book in case.books:
        expected: AccountResult | str
        try:
            expected = requirement(known, book.positions, book.account, policy)
        except OracleError as refusal:
            expected = str(refusal)
        yield Compared(seed, expected, accounts[book.account.account], problems, cautious)


def refused_out_of_caution(problems: list[dict[str, Any]], case: Case) -> frozenset[str]:
    """Commodities refused because something might merge into them, or because they might merge into such a one."""
    needs_range = {
        problem["attributes"]["commodity"]
        for problem in problems
        if "it needs a price scan range" in problem["message"]
    }
    targets = {code for code in needs_range if f"<cc>{code}</cc>\n<isTarget>1</isTarget>" in case.spn}
    lenders = {
        problem["attributes"]["commodity"]
        for problem in problems
        if any(f"it may merge into {code}," in problem["message"] for code in targets)
    }
    return frozenset(targets | lenders)


def seeds_of_chunk(chunk: int, files: int, first: int) -> range:
    """Every `CHUNKS`-th seed, so that chunks are equally long."""
    return range(first + chunk, first + files, CHUNKS)


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize(("features", "first"), [(CORE, 0), (EVERYTHING, 1_000_000)], ids=["core", "everything"])
def test_engine_and_oracle_agree(features: Features, first: int, chunk: int, tmp_path: Path) -> None:
    lines: list[str] = []
    for seed in seeds_of_chunk(chunk, FILES, first):
        for one in compared(seed, random_case(seed, features, BOOKS_PER_FILE), tmp_path):
            lines += one.lines()

    assert [] == lines[:SHOWN]


@pytest.mark.parametrize("chunk", range(4))
def test_engine_and_oracle_agree_on_an_account_alone(chunk: int, tmp_path: Path) -> None:
    """Nobody else holds what a spread may need: the target of a merge, or any net position at all."""
    lines: list[str] = []
    for seed in range(6_000_000 + chunk, 6_000_000 + 2 * FILES, 4):
        for one in compared(seed, random_case(seed, EVERYTHING, 1), tmp_path):
            lines += one.lines()

    assert [] == lines[:SHOWN]


def exact(value: float) -> Fraction:
    """The decimal that a double was written as."""
    return Fraction(repr(value))


def policy_of(house: margin.HousePolicy) -> Policy:
    """The oracle's words for a house; account types that have a factor have the same."""
    factors = [exact(value) for value in {*house.adjustment_factors.values()}]
    ratios = [exact(value) for value in {*house.initial_ratios.values()}]
    assert max(len(factors), len(ratios)) <= 1
    steps = {
        f"round_{step}": None if found is None else Rounding(found.decimals, str(found.mode))
        for step in RoundingPolicy.__dataclass_fields__
        for found in [getattr(house.rounding, step)]
    }
    return Policy(adjustment_factor=(factors or [Fraction(1)])[0], initial_ratio=(ratios or [None])[0], **steps)


@pytest.mark.parametrize("chunk", range(5))
def test_engine_and_oracle_agree_where_a_house_rounds(chunk: int, tmp_path: Path) -> None:
    house = margin.read_house("cme")
    lines: list[str] = []
    for seed in range(2_000_000 + chunk, 2_000_000 + HOUSE_FILES, 5):
        case = random_case(seed, EVERYTHING, BOOKS_PER_FILE)
        for one in compared(seed, case, tmp_path, policy_of(house), house=house, rounding="house"):
            lines += one.lines()

    assert [] == lines[:SHOWN]


def without_initial_rates(case: Case) -> Case:
    """The same case, in which initial requirements follow from the house's ratio."""
    rates = re.compile(r"<pbRateDef>(?:(?!</pbRateDef>).)*<isM>0</isM>.*?</pbRateDef>", re.DOTALL)
    assert rates.search(case.spn)
    return replace(case, spn=rates.sub("", case.spn))


@pytest.mark.parametrize("chunk", range(5))
def test_engine_and_oracle_agree_in_every_rounding_mode(chunk: int, tmp_path: Path) -> None:
    path = tmp_path / "modes.yaml"
    path.write_text(MODES_HOUSE, "utf-8")
    house = margin.read_house(path)
    lines: list[str] = []
    for seed in range(3_000_000 + chunk, 3_000_000 + HOUSE_FILES, 5):
        case = without_initial_rates(random_case(seed, ONE_RATE, BOOKS_PER_FILE))
        for one in compared(seed, case, tmp_path, policy_of(house), house=house, rounding="house"):
            lines += one.lines()

    assert [] == lines[:SHOWN]


REFUSED = {
    "two targets": ("<isTarget>0</isTarget>", "<isTarget>1</isTarget>"),
    "no price": ("<p>[^<]*</p>", ""),
}
"""What is done to the text of a file so that it asks for what cannot be found."""


def netted(case: Case) -> Case:
    """The same case with one line per contract and none that is zero, which nobody needs a price for."""
    books = []
    for book in case.books:
        sums: dict[ContractKey, Fraction] = {}
        for line in book.positions:
            sums[line.key] = sums.get(line.key, Fraction(0)) + (line.quantity or 0)
        books.append(replace(book, positions=[Position(key, net) for key, net in sums.items() if net]))
    return replace(case, books=[book for book in books if book.positions])


@pytest.mark.parametrize("fault", REFUSED)
def test_what_the_oracle_refuses_the_engine_refuses(fault: str, tmp_path: Path) -> None:
    pattern, replacement = REFUSED[fault]
    lines: list[str] = []
    refusals = 0
    for seed in range(4_000_000, 4_000_008):
        case = netted(random_case(seed, EVERYTHING, BOOKS_PER_FILE))
        for one in compared(seed, replace(case, spn=re.sub(pattern, replacement, case.spn)), tmp_path):
            if isinstance(one.expected, str):
                refusals += 1
                lines += one.lines()

    assert refusals >= 10
    assert [] == lines[:SHOWN]


def test_a_price_risk_per_delta_of_an_unknown_method_is_not_guessed(tmp_path: Path) -> None:
    case = random_case(5_000_000, CORE, BOOKS_PER_FILE)
    spn_text = re.sub("<wfprMeth>.*</wfprMeth>", "<wfprMeth>MEDIAN</wfprMeth>", case.spn)

    known = [one.account for one in compared(1, case, tmp_path)]
    unknown = [one.account for one in compared(2, replace(case, spn=spn_text), tmp_path)]

    for one, other in zip(known, unknown, strict=True):
        assert one["maintenance_requirement"] == other["maintenance_requirement"]
        assert {None} >= {row["weighted_futures_price_risk"] for row in other["commodities"]}
