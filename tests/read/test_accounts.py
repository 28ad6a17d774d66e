from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from margin.model.problem import InputRefused
from margin.read.accounts import read_accounts

YAML = """format: margin-accounts
version: 1
accounts:
  - account: A1
    firm: F
    call_asset: USDC
    previous_state: warn
    balances:
      - {asset: USDC, quantity: 20000, venue: here, chain: main, custodian: own}
      - {asset: BTC, quantity: -0.5}
      - {asset: USDC, quantity: 10, scope: "isolated:b"}
    positions:
      - {id: p1, market: BTC-PERP, quantity: 12, entry: 61000, leverage: 25}
      - {market: BTC-PERP, quantity: 1, entry: 60000, scope: "isolated:b"}
    orders:
      - {id: p1, market: BTC-PERP, quantity: -2, limit_price: 65000}
  - {account: A2}
"""
HEADER = (
    "firm,account,coin,qty,venue,chain,custodian,scope,id,market,entry,leverage,limit_price,call_asset,previous_state\n"
)
TABLE = (
    HEADER
    + """\
F,A1,,,,,,,,,,,,USDC,warn
F,A1,USDC,20000,here,main,own,cross,,,,,,,
F,A1,BTC,-0.5,,,,,,,,,,,
F,A1,USDC,10,,,,isolated:b,,,,,,,
F,A1,,12,,,,,p1,BTC-PERP,61000,25,,,
F,A1,,1,,,,isolated:b,,BTC-PERP,60000,,,,
F,A1,,-2,,,,,p1,BTC-PERP,,,65000,,
,A2,,,,,,,,,,,,,
"""
)
FRAMES = ("accounts", "balances", "positions", "orders")


def _written(folder: Path, text: str, name: str = "accounts.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_every_format_says_the_same(tmp_path: Path) -> None:
    table = _written(tmp_path, TABLE)
    parquet = tmp_path / "accounts.parquet"
    pl.read_csv(table).write_parquet(parquet)

    books = [read_accounts(_written(tmp_path, YAML, "a.yaml")), read_accounts(table), read_accounts(parquet)]

    for name in FRAMES:
        frames = [getattr(book, name).drop("file", "line") for book in books]
        for other in frames[1:]:
            assert_frame_equal(frames[0], other)
    assert [("A2", None), ("A1", "F")] == books[0].accounts.select("account", "firm").rows()
    assert [1, 1, 1] == books[0].balances["account_index"].to_list()
    assert ["", "", "b"] == books[0].balances["scope"].to_list()


def test_files_may_share_an_account(tmp_path: Path) -> None:
    first = _written(tmp_path, "account,asset,quantity\nA1,USDC,5\n", "balances.csv")
    second = _written(tmp_path, "account,market,quantity,entry\nA1,PERP,5,100\n", "positions.csv")

    book = read_accounts([first, second])

    assert ["A1"] == book.accounts["account"].to_list()
    assert [0, 1] == [book.balances["file"][0], book.positions["file"][0]]


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        (["A1,USDC,,,,,,"], 2, "quantity is blank in a row that is a balance"),
        (["A1,USDC,5,PERP,,,,"], 2, "asset and market are both given"),
        (["A1,USDC,5,,7,,,"], 2, "entry is given in a row that is a balance"),
        (["A1,USDC,nan,,,,,"], 2, "expected a finite number"),
        (["A1,USDC,1e19,,,,,"], 2, "quantity is"),
        (["A1,,5,PERP,-1,,,"], 2, "entry is -1.0, expected more than zero"),
        (["A1,,5,PERP,1,0,,"], 2, "leverage is 0.0, expected more than zero"),
        (["A1,USDC,5,,,,isolated:,"], 2, "scope is 'isolated:', expected cross or isolated:ID"),
        (["A1,USDC,5,,,,x,"], 2, "scope is 'x'"),
        ([",USDC,5,,,,,"], 2, "account is blank"),
        (["A1,,5,,,,,"], 2, "quantity is given in a row that is about an account"),
        (["A1,,5,PERP,1,,,p", "A1,,5,PERP,1,,,p"], 3, "the position p of A1 stands again"),
        (["A1,,,,,,,", "A1,,,,,,,"], 3, "the account A1 is described again"),
    ],
)
def test_what_a_row_cannot_mean_is_refused_where_it_stands(
    tmp_path: Path, rows: list[str], line: int, words: str
) -> None:
    header = "account,asset,quantity,market,entry,leverage,scope,id"
    path = _written(tmp_path, "\n".join([header, *rows, "A2,USDC,1,,,,,"]) + "\n")

    with pytest.raises(InputRefused) as refused:
        read_accounts(path)

    assert any(words in problem.message and line == problem.line for problem in refused.value.problems), str(
        refused.value
    )


def test_all_faults_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    first = _written(tmp_path, "account,asset,quantity\nA1,USDC,x\nA1,BTC,y\n", "a.csv")
    second = _written(
        tmp_path, YAML.replace("25}", "-25}").replace("previous_state: warn", "previous_state: ill"), "b.yaml"
    )

    with pytest.raises(InputRefused) as refused:
        read_accounts([first, second, tmp_path / "c.csv"])

    assert 5 == refused.value.total


def test_columns_without_a_meaning_are_mentioned(tmp_path: Path) -> None:
    book = read_accounts(_written(tmp_path, "account,asset,quantity,chian\nA1,USDC,5,x\n"))

    (problem,) = book.problems
    assert "column 'chian' is not read; did you mean 'chain'?" in problem.message
