"""Generated books have the size asked for, hold contracts that exist, and are the same in every file format."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from tests.market.generate import ALL_FEATURES, cme_spec, generate_market, nse_spec
from tests.market.model import Market
from tests.market.position_files import CONVERTER_COLUMNS, write_csv, write_parquet, write_pos, write_spanposconv
from tests.market.positions import POSITION_COLUMNS, generate_positions

PARTS = ["exchange", "product", "type", "expiry", "underlying_expiry", "right", "strike"]
SPECS = {"nse": nse_spec(futures_only=1), "cme": cme_spec(features=ALL_FEATURES)}


@pytest.fixture(params=SPECS, scope="module")
def market(request: pytest.FixtureRequest) -> Market:
    return generate_market(SPECS[request.param])


@pytest.fixture(scope="module")
def book(market: Market) -> pl.DataFrame:
    return generate_positions(market, 40, 900, seed=3)


def test_a_book_has_the_rows_and_accounts_asked_for(book: pl.DataFrame) -> None:
    assert tuple(book.columns) == POSITION_COLUMNS
    assert book.height == 900
    assert book["account"].n_unique() == 40


def test_every_position_is_in_a_contract_of_the_market(market: Market, book: pl.DataFrame) -> None:
    strangers = book.join(market.contracts, on=PARTS, how="anti", nulls_equal=True)

    assert strangers.height == 0


def test_no_account_holds_a_contract_twice(book: pl.DataFrame) -> None:
    assert book.select("account", *PARTS).is_duplicated().sum() == 0


def test_quantities_are_whole_lots_on_both_sides(market: Market, book: pl.DataFrame) -> None:
    lots = market.contracts.select("exchange", "product", "type", "lot_size").unique()
    joined = book.join(lots, on=["exchange", "product", "type"], how="left")

    assert joined.filter(pl.col("quantity") % pl.col("lot_size") != 0).height == 0
    assert joined.filter(pl.col("quantity") == 0).height == 0
    assert {-1, 1} == set(joined["quantity"].sign().to_list())


def test_equal_seeds_give_equal_books_and_other_seeds_others(market: Market, book: pl.DataFrame) -> None:
    assert book.equals(generate_positions(market, 40, 900, seed=3))
    assert not book.equals(generate_positions(market, 40, 900, seed=4))


@pytest.mark.parametrize(("accounts", "positions"), [(10, 9), (1, 100_000)])
def test_a_size_that_the_market_cannot_hold_is_refused(market: Market, accounts: int, positions: int) -> None:
    with pytest.raises(ValueError, match="are possible"):
        generate_positions(market, accounts, positions, seed=1)


def test_a_book_fills_a_market_to_the_limit_of_its_accounts(market: Market) -> None:
    limit = market.contracts.filter(pl.col("type") != "PHY").height // 2

    assert 2 * limit == generate_positions(market, 2, 2 * limit, seed=1).height


def test_csv_and_parquet_give_the_frame_back(book: pl.DataFrame, tmp_path: Path) -> None:
    texts = dict.fromkeys(("expiry", "underlying_expiry", "right"), pl.String)
    table = pl.read_csv(write_csv(book, tmp_path / "x.csv"), schema_overrides={**texts, "strike": pl.Float64})

    assert book.equals(table)
    assert book.equals(pl.read_parquet(write_parquet(book, tmp_path / "x.parquet")))


def test_the_position_file_holds_every_position_once(market: Market, book: pl.DataFrame, tmp_path: Path) -> None:
    root = ET.parse(write_pos(book, market, tmp_path / "x.pos")).getroot()
    found = [
        (portfolio.findtext("acctId"), np.findtext("pfCode"), np.findtext("pe"), np.findtext("o"),
         float(np.findtext("k", "0")), int(np.findtext("net", "")))
        for portfolio in root.iter("portfolio")
        for np in portfolio.iter("np")
    ]  # fmt: skip
    held = book.select("account", "product", "expiry", "right", pl.col("strike").fill_null(0.0), "quantity").rows()

    assert len(list(root.iter("portfolio"))) == 40
    assert sorted(held, key=str) == sorted(found, key=str)


def test_the_converter_file_names_the_combined_commodity(market: Market, book: pl.DataFrame, tmp_path: Path) -> None:
    with write_spanposconv(book, market, tmp_path / "x.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)

    assert list(CONVERTER_COLUMNS) == header
    assert book["quantity"].to_list() == [int(row[-1]) for row in rows]
    commodity = {(f.code, f.type): f.commodity for f in market.families if f.commodity}
    place = {name: header.index(name) for name in ("pfCode", "pfType", "cc")}
    for row in rows:
        assert commodity[row[place["pfCode"]], row[place["pfType"]]] == row[place["cc"]]
