"""Scan ranges as one HTML page that needs nothing else: charts, steps, and every move beyond its range as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from margin.report.scan_range._chart import chart

if TYPE_CHECKING:
    from margin.model.scan_range import ScanRange, ScanRangeStudy
    from margin.report import Presentation

SUFFIXES = (".html", ".htm")
IS_BINARY = False

_STYLE = """\
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --page: #ffffff;
  --move: #7d8590; --range: #0550ae; --beyond: #b35900; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b1; --line: #30363d; --page: #0d1117;
  --move: #6e7681; --range: #79c0ff; --beyond: #ffa657; } }
body { margin: 2rem auto; max-width: 64rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.note { color: var(--soft); } .digest { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
svg path { fill: none; stroke: var(--line); } svg .zero { stroke: var(--soft); }
svg .move { stroke: var(--move); stroke-width: 1.2; } svg .range { stroke: var(--range); stroke-width: 2; }
svg .beyond { fill: none; stroke: var(--beyond); stroke-width: 2; }
"""

Cell = str | float | int


def render(study: ScanRangeStudy, out: BinaryIO, presentation: Presentation) -> None:
    """Write the page, UTF-8; it loads nothing and runs nothing."""
    for line in _page(study):
        out.write((line + "\n").encode("utf-8", "backslashreplace"))


def _page(study: ScanRangeStudy) -> Iterator[str]:
    title = f"Price scan ranges of {study.as_of}"
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield f'<head><meta charset="utf-8"><title>{escape(title)}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>\n{_STYLE}</style></head>"
    yield "<body>"
    yield f"<h1>{escape(title)}</h1>"
    source = study.source
    yield f'<p class="note digest">From {escape(source.path)} ({source.rows:,} prices, sha256 {source.sha256})'
    if study.rules.path is not None:
        yield f" by the rule in {escape(study.rules.path)} (sha256 {study.rules.sha256})"
    yield "</p>"
    yield from _summary(study)
    for problem in study.problems:
        yield f'<p class="note">{escape(str(problem.severity))}: {escape(problem.message)}</p>'
    for number, item in enumerate(study.ranges, start=1):
        yield from _section(item, number)
    yield "</body>"
    yield "</html>"


def _summary(study: ScanRangeStudy) -> Iterator[str]:
    titles = ("Underlying", "Unit", "Price", "Up", "Down", "Days tested", "Above", "Below", "Expected at most")
    rows: list[Sequence[Cell]] = [
        (
            item.underlying,
            item.rule.unit,
            item.price,
            item.up,
            item.down,
            item.backtest.days,
            item.backtest.above,
            item.backtest.below,
            "not stated" if item.backtest.expected is None else f"{item.backtest.expected:.1f}",
        )
        for item in study.ranges
    ]
    caption = "Moves over the holding period against the range of the day before them, which knows nothing of them."
    yield from _table(caption, titles, rows)


def _section(item: ScanRange, number: int) -> Iterator[str]:
    yield f"<h2>{escape(item.underlying)}</h2>"
    yield chart(item, number)
    yield (
        '<p class="note">Bars: price moves over the holding period, by the day they start from. Lines: the scan range '
        "of that day, up and down. Rings: moves beyond it.</p>"
    )
    steps: list[Sequence[Cell]] = [(step.name, step.up, step.down, step.unit) for step in item.steps]
    yield from _table(f"Steps on {item.series.dates[-1]}", ("Step", "Up", "Down", "Unit"), steps)
    rule: list[Sequence[Cell]] = [(name, _words(value)) for name, value in item.rule.to_dict().items()]
    facts: list[Sequence[Cell]] = [("history", f"{item.prices:,} prices from {item.first_date}")]
    if item.average_volume is not None:
        facts.append(("average volume", f"{item.average_volume:,.10g} a day"))
    yield from _table("Rule", ("Field", "Value"), [*rule, *facts])
    yield from _beyond(item)


def _beyond(item: ScanRange) -> Iterator[str]:
    series = item.series
    places = np.flatnonzero(series.is_above | series.is_below).tolist()
    if not places:
        yield "<p>No move was beyond its range.</p>" if len(series.moves) else "<p>No move can be tested yet.</p>"
        return
    held = item.rule.holding_days
    rows: list[Sequence[Cell]] = []
    for place in places:
        move = float(series.moves[place])
        limit = float(series.up[place]) if move > 0.0 else -float(series.down[place])
        rows.append((str(series.dates[place]), str(series.dates[place + held]), move, limit, move / limit))
    titles = ("From", "To", f"Move in {item.rule.unit}", "Range", "Times the range")
    yield from _table("Moves beyond the range", titles, rows)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_words(inner) for inner in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(caption: str, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """A table; columns that hold numbers are aligned to the right."""
    numeric = [bool(rows) and all(isinstance(row[place], int | float) for row in rows) for place in range(len(titles))]
    yield '<div class="scroll"><table>'
    yield f"<caption>{escape(caption)}</caption>"
    heads = (
        f'<th scope="col"{_aligned(is_right)}>{escape(t)}</th>' for t, is_right in zip(titles, numeric, strict=True)
    )
    yield f"<tr>{''.join(heads)}</tr>"
    for row in rows:
        cells = (
            f"<td{_aligned(is_right)}>{escape(cell if isinstance(cell, str) else f'{cell:,.10g}')}</td>"
            for cell, is_right in zip(row, numeric, strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table></div>"


def _aligned(is_right: bool) -> str:
    return ' class="number"' if is_right else ""
