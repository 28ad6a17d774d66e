"""Holds the engine against the exact oracle on files with business functions, and on what their comparison says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import margin
from tests.oracle import spn
from tests.oracle.compare import differences, figure
from tests.oracle.model import OracleError, Parameters
from tests.oracle.random_books import Book, Features, random_case
from tests.oracle.span import requirement

FEATURES = replace(Features.all(), business_functions=True, weighted_intra=False)
FIRST_SEED = 5_000_000
FILES = 8
BOOKS = 12


def compared_functions(known: Parameters, book: Book, account: dict) -> Iterator[str]:
    """Differences of the comparison of each business function with normal clearing."""
    rows = {row["clearing_org"]: row for row in account.get("business_functions", [])}
    opted_in = {line.key.clearing_org for line in book.positions} - {""}
    if opted_in != set(rows):
        yield f"business functions: got {sorted(rows)}, expected {sorted(opted_in)}"
        return
    for code, row in rows.items():
        own = [line for line in book.positions if line.key.clearing_org == code]
        here = requirement(known, own, book.account)
        without = [replace(line, key=replace(line.key, clearing_org="")) for line in own]
        normal = requirement(known, without, book.account)
        saving = normal.maintenance_requirement - here.maintenance_requirement
        yield from figure(code, "span_risk_here", row["span_risk_here"], here.span_risk)
        yield from figure(code, "requirement_here", row["requirement_here"], here.maintenance_requirement)
        yield from figure(code, "normal_clearing_span_risk", row["normal_clearing_span_risk"], normal.span_risk)
        name = "normal_clearing_requirement"
        yield from figure(code, name, row[name], normal.maintenance_requirement)
        yield from figure(code, "saving", row["saving"], saving)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + FILES))
def test_engine_and_oracle_agree_on_business_functions(seed: int, tmp_path: Path) -> None:
    case = random_case(seed, FEATURES, BOOKS)
    (tmp_path / "p.spn").write_text(case.spn, "utf-8")
    (tmp_path / "b.csv").write_text(case.positions_csv(), "utf-8")
    run = margin.calculate(
        margin.read_parameters(tmp_path / "p.spn"), margin.read_positions(tmp_path / "b.csv"), rounding="none"
    )
    accounts = {account["account"]: account for account in run.to_dict()["accounts"]}
    known = spn.read_spn(case.spn)

    lines: list[str] = []
    for book in case.books:
        account = accounts[book.account.account]
        try:
            expected = requirement(known, book.positions, book.account)
        except OracleError:
            continue
        lines += [f"{book.account.account} {line}" for line in differences(expected, account)]
        lines += [f"{book.account.account} {line}" for line in compared_functions(known, book, account)]

    assert [] == lines[:10]


def test_some_of_these_files_have_business_functions_that_list_contracts_and_lines_that_opt_in() -> None:
    cases = [random_case(seed, FEATURES, BOOKS) for seed in range(FIRST_SEED, FIRST_SEED + FILES)]

    assert any("<bfC>" in case.spn for case in cases)
    lines = [line for case in cases for book in case.books for line in book.positions]
    assert sum(bool(line.key.clearing_org) for line in lines) > 100
