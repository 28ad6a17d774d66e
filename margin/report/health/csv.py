"""The health of accounts as CSV: one row per figure, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from margin.model.health_table import HEALTH_TABLE_SCHEMA, health_table_parts

if TYPE_CHECKING:
    from margin.model.health import HealthRun
    from margin.report import Presentation

SUFFIXES = (".csv",)
IS_BINARY = False

_FORMULA = r"^[=+\-@\t\r]"


def render(run: HealthRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the long table: UTF-8, header, commas, line feeds, shortest digits that give the same double.

    A text that a spreadsheet would take for a formula (it starts with ``=``, ``+``, ``-``, ``@``, a tab or a
    carriage return) gets an apostrophe in front.
    """
    texts = [pl.col(name) for name, kind in HEALTH_TABLE_SCHEMA.items() if kind == pl.String]
    harmless = [
        pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep() for text in texts
    ]
    HEALTH_TABLE_SCHEMA.to_frame().write_csv(out)
    for part in health_table_parts(run):
        part.with_columns(harmless).write_csv(out, include_header=False)
