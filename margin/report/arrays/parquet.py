"""Risk arrays as Parquet: one row per contract and rate id, a column per scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from margin.report import Presentation
    from margin.views.risk_arrays import RiskArrayTable

SUFFIXES = (".parquet", ".pq")
IS_BINARY = True


def render(arrays: RiskArrayTable, out: BinaryIO, presentation: Presentation) -> None:
    """Write the table, compressed with Zstandard."""
    arrays.wide().write_parquet(out, compression="zstd")
