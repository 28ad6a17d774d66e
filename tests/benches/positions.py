"""Reading a million positions, against Polars reading the same CSV without a check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

import margin
from tests.benches.measure import Bench, Variant
from tests.market.generate import generate_market, nse_full_size
from tests.market.position_files import write_csv, write_parquet
from tests.market.positions import generate_positions

ROWS = 1_000_000


def make_inputs(folder: Path) -> None:
    """The same book as CSV and as Parquet."""
    frame = generate_positions(generate_market(nse_full_size()), ROWS // 20, ROWS, seed=1)
    write_csv(frame, folder / "positions.csv")
    write_parquet(frame, folder / "positions.parquet")


def bare_csv(folder: Path) -> Callable[[], object]:
    """Polars alone, which guesses the types."""
    return lambda: pl.read_csv(folder / "positions.csv")


def checked_csv(folder: Path) -> Callable[[], object]:
    """Positions from CSV."""
    return lambda: margin.read_positions(folder / "positions.csv")


def checked_parquet(folder: Path) -> Callable[[], object]:
    """Positions from Parquet."""
    return lambda: margin.read_positions(folder / "positions.parquet")


BENCHES = (
    Bench(
        "positions",
        f"Read {ROWS:,} positions",
        make_inputs,
        (
            Variant("polars.read_csv", bare_csv),
            Variant("read_positions, CSV", checked_csv, limit=2.5),
            Variant("read_positions, Parquet", checked_parquet, limit=1.2),
        ),
    ),
)
