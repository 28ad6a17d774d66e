from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from margin.model.problem import InputRefused
from margin.read.account_market import read_account_market

TABLE = """underlying,expiry,price,bid,ask,strike,volatility,time,daily_volatility
BTC,,60000,,,,,2026-06-25T18:00:00+02:00,0.03
ETH,,,2999,3001,,,2026-06-25T16:00:00.5Z,
BTC,202609,61000,,,,,,
BTC,202609,,,,60000,0.6,,
"""
YAML = """format: margin-market
version: 1
time: 2026-06-25T16:00:00Z
underlyings:
  - {underlying: BTC, price: 60000, confidence: 12.5, deposits: 100, beta: 1.2}
  - {underlying: BTC, expiry: 202609, price: 61000}
  - {underlying: ETH, price: 3000}
"""


def _written(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_spot_rows_are_prices_and_others_are_passed_over(tmp_path: Path) -> None:
    prices = read_account_market(_written(tmp_path, TABLE, "market.csv")).prices

    assert [("BTC", 60000.0, 0.03), ("ETH", 3000.0, None)] == prices.select("name", "price", "volatility").rows()
    assert [datetime(2026, 6, 25, 16, 0, 0, 0, UTC), datetime(2026, 6, 25, 16, 0, 0, 500_000, UTC)] == prices[
        "time"
    ].to_list()


def test_a_document_says_its_time_and_more_of_a_price(tmp_path: Path) -> None:
    market = read_account_market(_written(tmp_path, YAML, "market.yaml"))

    assert "2026-06-25T16:00:00Z" == market.time
    assert [("BTC", 60000.0, 12.5, 100.0, 1.2), ("ETH", 3000.0, None, None, None)] == market.prices.select(
        "name", "price", "confidence", "deposits", "beta"
    ).rows()


def test_a_parquet_table_may_hold_times(tmp_path: Path) -> None:
    path = tmp_path / "market.parquet"
    time = datetime(2026, 6, 25, 16, tzinfo=UTC)
    pl.DataFrame({"asset": ["BTC"], "price": [60000.0], "time": [time]}).write_parquet(path)

    assert [("BTC", 60000.0, time)] == read_account_market(path).prices.select("name", "price", "time").rows()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("BTC,0,", "price is 0.0, expected more than zero"),
        ("BTC,-5,", "price is -5.0"),
        ("BTC,inf,", "expected a finite number"),
        ("BTC,1e19,", "at most 1e+18"),
        ("BTC,5,2026-06-25T16:00:00", "expected a time with its offset"),
        ("ETH,5,", "ETH has a price again, first in"),
    ],
)
def test_a_price_that_cannot_be_one_is_refused(tmp_path: Path, row: str, words: str) -> None:
    path = _written(tmp_path, f"asset,price,time\nETH,3000,\n{row}\n", "market.csv")

    with pytest.raises(InputRefused) as refused:
        read_account_market(path)

    assert words in str(refused.value)
    assert 3 == refused.value.problems[0].line


def test_files_of_two_moments_do_not_go_together(tmp_path: Path) -> None:
    one = _written(tmp_path, YAML, "one.yaml")
    other = YAML.replace("16:00:00Z", "17:00:00Z").replace("BTC", "B").replace("ETH", "E")

    with pytest.raises(InputRefused, match="different times"):
        read_account_market([one, _written(tmp_path, other, "two.yaml")])
