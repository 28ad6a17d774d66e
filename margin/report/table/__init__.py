"""The run for a person at a terminal: what was computed, every account, the largest in detail, the problems.

The only part of the library that knows `rich`. Widths, colours and characters come from the presentation;
nothing here depends on the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.report.table.detail import show_details
from margin.report.table.header import show_header
from margin.report.table.overview import largest_first, show_accounts
from margin.report.table.page import Page
from margin.report.table.problems import show_problems

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".txt",)
IS_BINARY = False


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the page in the presentation's encoding; the longest line has the presentation's width."""
    page = Page(presentation, run.currency_decimals)
    order = largest_first(run)
    show_header(page, run)
    show_accounts(page, run, order)
    show_details(page, run, order[: presentation.detailed_accounts])
    show_problems(page, run)
    out.write(page.encoded())
