"""The head of the page: what was computed, from which bytes, by which rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from margin.report.table.page import Page

if TYPE_CHECKING:
    from margin.model.run import MarginRun

DIGEST_LETTERS = 12
LISTED_FILES = 5

_ROUNDING = {"house": "as the house rounds", "none": "none, figures are exact"}


def show_header(page: Page, run: MarginRun) -> None:
    """Write where the figures come from, and how much was margined."""
    organisations = " · ".join(
        dict.fromkeys(
            f"{source.clearing_org} {source.business_date} {source.session}" for source in run.parameter_sources
        )
    )
    page.line((f"Margin requirement · {organisations}", "bold"))
    page.blank()
    files = dict.fromkeys(f"{s.path}  {_digest(s.sha256)}" for s in run.parameter_sources)
    _fact(page, "parameters", list(files))
    _fact(page, "market", [f"{s.path}  {_digest(s.sha256)}  {_count(s.rows, 'row')}" for s in run.market_sources])
    _fact(page, "changed", list(run.overrides), style="yellow")
    _fact(page, "positions", [f"{s.path}  {_digest(s.sha256)}  {_count(s.rows, 'row')}" for s in run.position_sources])
    _fact(page, "as of", [run.as_of])
    _fact(page, "method", [f"{run.method}, house {run.house}, margin {run.version}"])
    _fact(page, "rounding", [_ROUNDING.get(run.rounding, run.rounding)])
    _fact(page, "quantities are", [run.quantity_unit])
    incomplete = int((~run.accounts["complete"]).sum())
    positions, set_aside = int(run.accounts["positions"].sum()), int(run.accounts["set_aside"].sum())
    aside = f"of which {set_aside:,} set aside" if set_aside else "none set aside"
    counts = f"{_count(run.accounts.height, 'account')}, {_count(positions, 'position')}, {aside}"
    _fact(page, "book", [counts], style="yellow" if set_aside else "")
    if incomplete:
        _fact(page, "incomplete", [_count(incomplete, "account")], style="yellow")


def _fact(page: Page, label: str, values: list[str], style: str = "") -> None:
    for number, value in enumerate(values[:LISTED_FILES]):
        page.line((f"{'' if number else label:<16}", "dim"), (value, style), indent=2)
    if len(values) > LISTED_FILES:
        page.line(f"{'':<16}… and {len(values) - LISTED_FILES:,} more", indent=2)


def _digest(sha256: str) -> str:
    return f"sha256 {sha256[:DIGEST_LETTERS]}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
