"""Scan ranges for a person at a terminal: the ranges, how they held, and the steps of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from margin.model.text import shown_text, text_width

if TYPE_CHECKING:
    from margin.model.scan_range import ScanRange, ScanRangeStudy
    from margin.report import Presentation

SUFFIXES = (".txt",)
IS_BINARY = False

Styled: TypeAlias = Callable[[str, str], str]

_GAP = "  "
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_SUMMARY = ("Underlying", "Unit", "Price", "Up", "Down", "Prices", "Tested", "Above", "Below", "Expected")
_TEXT_COLUMNS = frozenset({"Underlying", "Unit", "Step"})


def render(study: ScanRangeStudy, out: BinaryIO, presentation: Presentation) -> None:
    """Write the page; steps of many underlyings are left out unless all is to be shown."""
    lines = list(_page(study, presentation))
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    out.write(text.encode(presentation.encoding, "backslashreplace"))


def _page(study: ScanRangeStudy, presentation: Presentation) -> Iterator[str]:
    def styled(text: str, style: str) -> str:
        shown = shown_text(text, presentation.unicode)
        return f"{style}{shown}{_RESET}" if presentation.color and shown.strip() else shown

    source = study.source
    yield styled(f"Price scan ranges of {study.as_of}", _BOLD)
    yield styled(f"from {source.path} ({source.format}, {source.rows:,} prices), sha256 {source.sha256}", _DIM)
    yield ""
    yield from _table(_SUMMARY, [_summary(item) for item in study.ranges], styled)
    yield ""
    yield styled(
        "Tested: days whose move over the holding period is known; above, below: moves beyond the range.", _DIM
    )
    few = study.ranges if presentation.is_complete else study.ranges[: presentation.detailed_accounts]
    for item in few:
        yield ""
        yield styled(item.underlying, _BOLD)
        rows = [(step.name, _number(step.up), _number(step.down), step.unit) for step in item.steps]
        yield from _table(("Step", "Up", "Down", "Unit"), rows, styled)
    if len(few) < len(study.ranges):
        yield ""
        yield styled(f"… steps of {len(study.ranges) - len(few):,} more underlyings: a YAML report shows them.", _DIM)


def _summary(item: ScanRange) -> tuple[str, ...]:
    test = item.backtest
    return (
        item.underlying,
        item.rule.unit,
        _number(item.price),
        _number(item.up),
        _number(item.down),
        f"{item.prices:,}",
        f"{test.days:,}",
        f"{test.above:,}",
        f"{test.below:,}",
        "—" if test.expected is None else f"≤ {test.expected:.1f}",
    )


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], styled: Styled) -> Iterator[str]:
    widths = [max(text_width(row[place]) for row in (titles, *rows)) for place in range(len(titles))]
    for number, row in enumerate((titles, *rows)):
        cells = []
        for title, cell, width in zip(titles, row, widths, strict=True):
            blanks = " " * (width - text_width(cell))
            cells.append(cell + blanks if title in _TEXT_COLUMNS else blanks + cell)
        yield _GAP + styled(_GAP.join(cells), "" if number else _DIM)
