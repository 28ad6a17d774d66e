"""The long table as Parquet: one row per figure, for databases and data frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import polars as pl
from polars.io.plugins import register_io_source

from margin.model.long_table import LONG_SCHEMA, long_table_parts

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".parquet", ".pq")
IS_BINARY = True

_ROW_GROUP = 250_000


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the long table, compressed with Zstandard, without holding all of it in memory."""

    def parts(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield from long_table_parts(run)

    register_io_source(parts, schema=LONG_SCHEMA).sink_parquet(
        out, compression="zstd", row_group_size=_ROW_GROUP, maintain_order=True
    )
