"""Accounts that hold at two clearing organisations, with spreads between them: the engine against the oracle."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

import margin
from tests.oracle.compare import differences
from tests.oracle.model import OracleError
from tests.oracle.random_books import Book, Case, Features, random_case
from tests.oracle.span import requirement
from tests.oracle.spn import read_spn

FEATURES = replace(Features.all(), gross=False, several_rates=False)
"""With one set of rates, so that there is one answer to which deltas an organisation has left for another."""
BOOKS = 12
RATE_IDS = range(1, 7)


def leg(name: str, organisation: str, commodity: str, side: str, ratio: int, rate: str) -> str:
    """A home leg with its rate, or an away leg of another organisation."""
    ec = f"<ec>{organisation}</ec>" if organisation else ""
    rates = "".join(f"<rate><r>{r}</r><val>{rate}</val></rate>" for r in RATE_IDS) if rate else ""
    return f"<{name}>{ec}<cc>{commodity}</cc><tn>0</tn><rs>{side}</rs><i>{ratio}</i>{rates}</{name}>"


def with_interclearing_spreads(text: str, away: str, rng: random.Random) -> str:
    """A file of one organisation with spreads against another, from commodity to commodity."""
    spreads = []
    for priority in range(1, 4):
        home, other = rng.choice(["CA", "CB"]), rng.choice(["CA", "CB"])
        legs = leg("homeLeg", "", home, "A", rng.randint(1, 3), rng.choice(["0.5", "0.75", "-0.2"])) + leg(
            "awayLeg", away, other, rng.choice("AB"), rng.randint(1, 3), ""
        )
        spreads.append(f"<clearSpread><spread>{priority}</spread>{legs}</clearSpread>")
    block = f"<interClearSpreads>{''.join(spreads)}</interClearSpreads>"
    return text.replace("</clearingOrg>", f"{block}</clearingOrg>", 1)


def at_another_organisation(case: Case) -> Case:
    """The same case under another clearing organisation and exchange."""
    text = case.spn.replace("<ec>CH</ec>", "<ec>CX</ec>").replace("<exch>X</exch>", "<exch>Y</exch>")
    books = [
        Book(book.account, [replace(line, key=replace(line.key, exchange="Y")) for line in book.positions])
        for book in case.books
    ]
    return Case(text, books)


@pytest.mark.parametrize("seed", range(40))
def test_accounts_at_two_organisations_agree_with_the_oracle(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    home = random_case(910_000 + seed, FEATURES, books=BOOKS)
    other = at_another_organisation(random_case(920_000 + seed, FEATURES, books=BOOKS))
    texts = [with_interclearing_spreads(home.spn, "CX", rng), with_interclearing_spreads(other.spn, "CH", rng)]
    books = [Book(a.account, a.positions + b.positions) for a, b in zip(home.books, other.books, strict=True)]
    paths = [tmp_path / "home.spn", tmp_path / "other.spn"]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    (tmp_path / "books.csv").write_text(Case("", books).positions_csv())

    run = margin.calculate(
        margin.read_parameters(paths), margin.read_positions(tmp_path / "books.csv"), rounding="none"
    ).to_dict()

    parameters = read_spn(texts[0]).merged(read_spn(texts[1]))
    found = {account["account"]: account for account in run["accounts"]}
    for book in books:
        try:
            expected = requirement(parameters, book.positions, book.account)
        except OracleError:
            assert found[book.account.account]["complete"] is False
            continue
        if found[book.account.account]["complete"]:
            assert [] == differences(expected, found[book.account.account])
        else:
            assert any("wfprMeth" in problem["message"] for problem in run["problems"])


def test_spreads_between_organisations_do_form(tmp_path: Path) -> None:
    formed = 0
    for seed in range(12):
        rng = random.Random(seed)
        home = random_case(910_000 + seed, FEATURES, books=BOOKS)
        other = at_another_organisation(random_case(920_000 + seed, FEATURES, books=BOOKS))
        parameters = read_spn(with_interclearing_spreads(home.spn, "CX", rng)).merged(read_spn(other.spn))
        for a, b in zip(home.books, other.books, strict=True):
            try:
                result = requirement(parameters, a.positions + b.positions, a.account)
            except OracleError:
                continue
            formed += sum(row.interclearing_credit != 0 for row in result.commodities)

    assert formed > 20
