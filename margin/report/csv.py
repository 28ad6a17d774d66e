"""The long table as CSV: one row per figure, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from margin.model.long_table import LONG_SCHEMA, long_table_parts

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".csv",)
IS_BINARY = False

_FORMULA = r"^[=+\-@\t\r]"


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the long table: UTF-8, header, commas, line feeds, shortest digits that give the same double.

    A text that a spreadsheet would take for a formula (it starts with ``=``, ``+``, ``-``, ``@``, a tab or a
    carriage return) gets an apostrophe in front.
    """
    LONG_SCHEMA.to_frame().write_csv(out)
    for part in long_table_parts(run):
        part.with_columns(_harmless(name) for name, type_ in LONG_SCHEMA.items() if type_ == pl.String).write_csv(
            out, include_header=False
        )


def _harmless(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).alias(column)
