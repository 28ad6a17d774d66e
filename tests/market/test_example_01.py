"""The first example's shipped files are what the generator writes, and say what the example's page promises."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.market.__main__ import main
from tests.market.example_01 import ACCOUNTS, FOLDER, example_market, example_positions, write_example


def test_regenerating_gives_the_shipped_files_to_the_byte(tmp_path: Path) -> None:
    written = write_example(tmp_path)

    assert [path.name for path in written] == ["parameters.spn", "positions.csv", "positions.pos"]
    for path in written:
        assert (FOLDER / path.name).read_bytes() == path.read_bytes()


def test_the_page_counts_the_positions_and_names_every_account() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    positions = example_positions(example_market())

    assert f"hold {positions.height} positions" in page
    assert len(ACCOUNTS) == positions["account"].n_unique()
    for _, account, _, _ in ACCOUNTS:
        assert f"| {account} |" in page


def test_no_account_of_the_example_holds_a_contract_twice() -> None:
    positions = example_positions(example_market())

    assert positions.select(pl.exclude("quantity")).is_duplicated().sum() == 0


def test_the_command_writes_a_market_and_a_book(tmp_path: Path) -> None:
    parameters, positions = tmp_path / "x.spn.gz", tmp_path / "x.parquet"
    size = ["--shape", "cme", "--options", "300", "--accounts", "5", "--positions", "60"]

    assert main([*size, "--out", str(parameters), "--positions-out", str(positions)]) == 0
    assert parameters.stat().st_size > 0
    assert pl.read_parquet(positions).height == 60
