"""Risk arrays as CSV: one row per contract and rate id, a column per scenario, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import polars as pl

if TYPE_CHECKING:
    from margin.report import Presentation
    from margin.views.risk_arrays import RiskArrayTable

SUFFIXES = (".csv",)
IS_BINARY = False

_FORMULA = r"^[=+\-@\t\r]"


def render(arrays: RiskArrayTable, out: BinaryIO, presentation: Presentation) -> None:
    """Write the table: UTF-8, header, commas, line feeds, shortest digits that give the same double.

    A text that a spreadsheet would take for a formula (it starts with ``=``, ``+``, ``-``, ``@``, a tab or a
    carriage return) gets an apostrophe in front.
    """
    table = arrays.wide()
    texts = [pl.col(name) for name, kind in table.schema.items() if kind == pl.String]
    harmless = [
        pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep() for text in texts
    ]
    table.with_columns(harmless).write_csv(out)
