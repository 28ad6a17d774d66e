"""Equal books give equal bytes: however their rows are split, ordered, spread over files, threads or accounts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.market.generate import ALL_FEATURES, cme_spec, generate_market, spn_text
from tests.market.positions import generate_positions
from tests.oracle.model import Position
from tests.oracle.random_books import Book
from tests.properties.books import EVERYTHING, calculated, case_of, comparable, margined, only_accounts, shuffled

SEEDS = range(7_000_000, 7_000_008)
SHARES = (Fraction(1, 8), Fraction(-3, 2), Fraction(19, 8))
"""Parts that a position is split into; they add up to the whole."""


def in_parts(book: Book) -> Book:
    """A book with every line cut in three: of one sign where long and short are kept apart."""
    shares = SHARES if book.account.account_type == "S" else (Fraction(1, 8), Fraction(3, 8), Fraction(1, 2))
    lines = [Position(line.key, (line.quantity or Fraction(0)) * share) for share in shares for line in book.positions]
    return replace(book, positions=lines)


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_positions_into_lines_changes_nothing(seed: int, tmp_path: Path) -> None:
    case = case_of(seed)
    parts = replace(case, books=[in_parts(book) for book in case.books])

    assert comparable(calculated(tmp_path, case)) == comparable(calculated(tmp_path, parts))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_and_the_files_of_rows_change_nothing(seed: int, tmp_path: Path) -> None:
    case = case_of(seed)
    header, *rows = case.positions_csv().splitlines()
    mixed = shuffled(rows, seed)
    tables = ["\n".join([header, *part]) + "\n" for part in (mixed[2::3], mixed[::3], mixed[1::3])]

    expected = comparable(calculated(tmp_path, case))

    assert expected == comparable(margined(tmp_path, case.spn, ["\n".join([header, *mixed]) + "\n"]))
    assert expected == comparable(margined(tmp_path, case.spn, tables))
    assert expected == comparable(margined(tmp_path, case.spn, tables[::-1]))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_account_is_the_same_alone_and_in_company(seed: int, tmp_path: Path) -> None:
    case = case_of(seed, replace(EVERYTHING, scanning=False))
    together = only_accounts(calculated(tmp_path, case))

    for book in case.books:
        alone = calculated(tmp_path, replace(case, books=[book]))
        chosen = calculated(tmp_path, case, only=[book.account.account])
        name = book.account.account
        assert {name: together[name]} == only_accounts(alone)
        assert {name: together[name]} == only_accounts(chosen)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_account_with_merged_losses_is_the_same_alone_and_in_company(seed: int, tmp_path: Path) -> None:
    case = case_of(seed)
    together = only_accounts(calculated(tmp_path, case))

    for book in case.books:
        alone = only_accounts(calculated(tmp_path, replace(case, books=[book])))
        assert {book.account.account: together[book.account.account]} == alone


@pytest.mark.parametrize("seed", SEEDS)
def test_company_with_many_decimals_changes_nothing(seed: int, tmp_path: Path) -> None:
    """Sums are exact as whole numbers of an account's own decimals, not of the book's."""
    case = case_of(seed)
    first = case.books[0]
    lines = [Position(line.key, Fraction(123_456_789, 10**9)) for line in first.positions]
    guest = replace(first, account=replace(first.account, account="GUEST"), positions=lines)

    alone = only_accounts(calculated(tmp_path, case))
    company = only_accounts(calculated(tmp_path, replace(case, books=[*case.books, guest])))

    assert alone == {name: found for name, found in company.items() if name != "GUEST"}


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    """A book large enough for several chunks of positions."""
    market = generate_market(cme_spec(seed=3, features=ALL_FEATURES))
    table = generate_positions(market, accounts=400, positions=70_000, seed=4).write_csv()
    text = spn_text(market)

    runs = [comparable(margined(tmp_path, text, [table], threads=threads)) for threads in (1, 2, 8)]

    assert runs[0] == runs[1] == runs[2]


def test_a_gross_account_may_hold_what_no_net_account_holds(tmp_path: Path) -> None:
    """Net and gross accounts of one run hold different commodities, or there is no net account at all."""
    case = next(
        case
        for case in map(case_of, range(7_100_000, 7_100_100))
        if len({book.account.account_type for book in case.books}) > 1 and "<cc>CB</cc>" in case.spn
    )
    future_of = {line.key.product: line for book in case.books for line in book.positions if line.key.type == "FUT"}
    net = next(book for book in case.books if book.account.account_type == "S")
    gross = next(book for book in case.books if book.account.account_type == "O")
    one = replace(net, positions=[Position(future_of["CAF"].key, Fraction(2))])
    other = replace(gross, positions=[Position(future_of["CBF"].key, Fraction(-3))])

    both = calculated(tmp_path, replace(case, books=[one, other]))
    apart = [calculated(tmp_path, replace(case, books=[book])) for book in (one, other)]

    assert {name: found for run in apart for name, found in only_accounts(run).items()} == only_accounts(both)
    assert {"net", "gross"} == {account["netting"] for account in both["accounts"]}
