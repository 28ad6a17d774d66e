"""The health of accounts as Parquet: one row per figure, for databases and data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.model.health_table import health_table

if TYPE_CHECKING:
    from margin.model.health import HealthRun
    from margin.report import Presentation

SUFFIXES = (".parquet", ".pq")
IS_BINARY = True


def render(run: HealthRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the long table, compressed with Zstandard."""
    health_table(run).write_parquet(out, compression="zstd")
