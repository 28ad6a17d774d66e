"""The document for a person at a terminal: facts and tables that fit the width."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.text import shown_text, text_width
from margin.report.inspect._blocks import Block, Column, Facts, Heading, Remark, Table
from margin.report.inspect._outline import page_of

if TYPE_CHECKING:
    from margin.report import Presentation

SUFFIXES = (".txt",)
IS_BINARY = False

_NARROWEST = 40
_WIDEST_TEXT = 110
"""Paragraphs longer than this are hard to read; tables may be wider."""

_LABEL = 16
_GAP = "  "
_INDENT = "  "
_NARROWEST_CELL = 12
_NARROWEST_BARS = 8
_WIDEST_BARS = 40
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_SEVERITIES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}


def render(document: dict[str, Any], out: BinaryIO, presentation: Presentation) -> None:
    """Write the page; columns that do not fit the width are left out, the least needed first."""
    page = _Page(presentation)
    for block in page_of(document, is_complete=presentation.is_complete):
        page.write(block)
    out.write(page.encoded())


class _Page:
    """Collects lines of a width."""

    def __init__(self, presentation: Presentation) -> None:
        self._presentation = presentation
        self._width = max(presentation.width, _NARROWEST)
        self._lines: list[str] = []

    def write(self, block: Block) -> None:
        """Write a block."""
        match block:
            case Heading(text, level):
                if self._lines:
                    self._lines.append("")
                self._paragraph(text, _BOLD, indent="")
                if level == 1:
                    self._lines.append("")
            case Facts(rows):
                for label, values in rows:
                    self._fact(label, values)
            case Remark(text, severity):
                words = f"{severity}: {text}" if severity and not text.startswith("!") else text
                self._paragraph(words, _SEVERITIES.get(severity, _DIM))
            case Table():
                self._table(block)

    def encoded(self) -> bytes:
        """Everything written."""
        text = "\n".join(line.rstrip() for line in self._lines) + "\n"
        return text.encode(self._presentation.encoding, "backslashreplace")

    def _paragraph(self, text: str, style: str, indent: str = _INDENT) -> None:
        width = min(self._width, _WIDEST_TEXT) - len(indent)
        for row in wrap(self._shown(text), width, subsequent_indent=_INDENT, break_on_hyphens=False):
            self._lines.append(indent + self._styled(row, style))

    def _fact(self, label: str, values: Sequence[str]) -> None:
        width = max(min(self._width, _WIDEST_TEXT) - len(_INDENT) - _LABEL, _NARROWEST_CELL)
        for value in values:
            for row in wrap(self._shown(value), width, break_on_hyphens=False, subsequent_indent=_INDENT) or [""]:
                self._lines.append(f"{_INDENT}{self._styled(f'{self._shown(label):<{_LABEL}}', _DIM)}{row}")
                label = ""

    def _table(self, table: Table) -> None:
        rows = [[self._shown(cell) for cell in row] for row in table.rows]
        columns = [
            place for place, column in enumerate(table.columns) if any(row[place] for row in rows) or not column.title
        ]
        columns = [place for place in columns if any(row[place] for row in rows)]
        widths = _fitted(table.columns, rows, columns, self._width - len(_INDENT))
        heading = [_folded(self._shown(table.columns[place].title), widths[place]) for place in widths]
        self._row(table.columns, heading, widths, _DIM)
        taken = len(_INDENT) + sum(widths.values()) + len(_GAP) * len(widths)
        bars = _bars(table.bars, min(self._width - taken, _WIDEST_BARS))
        for number, row in enumerate(rows):
            cells = [_folded(row[place], widths[place]) for place in widths]
            self._row(table.columns, cells, widths, "", self._shown(bars[number]) if bars else "")

    def _row(
        self, columns: Sequence[Column], cells: list[list[str]], widths: dict[int, int], style: str, beside: str = ""
    ) -> None:
        """Write the lines of one row; a cell that was folded goes on below itself."""
        for line in range(max(map(len, cells), default=0)):
            parts = []
            for (place, width), cell in zip(widths.items(), cells, strict=True):
                text = cell[line] if line < len(cell) else ""
                blanks = " " * (width - text_width(text))
                parts.append(blanks + text if columns[place].is_number else text + blanks)
            after = _GAP + beside if beside and line == 0 else ""
            self._lines.append(_INDENT + self._styled(_GAP.join(parts) + after, style))

    def _shown(self, text: str) -> str:
        return shown_text(text, self._presentation.unicode)

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self._presentation.color and style and text.strip() else text


def _fitted(columns: Sequence[Column], rows: list[list[str]], places: list[int], width: int) -> dict[int, int]:
    """Widths of the columns that are shown, by place: those of the highest rank go until the rest fits or can fold."""
    natural = {
        place: max(text_width(cell) for cell in [columns[place].title, *(row[place] for row in rows)])
        for place in places
    }
    while True:
        excess = sum(natural.values()) + len(_GAP) * (len(natural) - 1) - width
        if excess <= 0:
            return natural
        spare = {
            place: natural[place] - columns[place].least
            for place in natural
            if columns[place].may_fold and natural[place] > columns[place].least
        }
        optional = [place for place in natural if columns[place].rank]
        if excess > sum(spare.values()) and optional:
            del natural[max(optional, key=lambda place: columns[place].rank)]
            continue
        if not spare:
            return natural
        widest = max(spare, key=lambda place: spare[place])
        natural[widest] -= min(excess, spare[widest])


def _folded(text: str, width: int) -> list[str]:
    """A cell's lines."""
    if text_width(text) <= width:
        return [text]
    return wrap(text, max(width, 1), break_on_hyphens=False) or [""]


def _bars(values: Sequence[float], width: int) -> list[str]:
    """A bar for each value, losses to the right of an axis and gains to its left; none where there is no room."""
    worst, best = max([*values, 0.0]), -min([*values, 0.0])
    if width < _NARROWEST_BARS or worst + best == 0.0:
        return []
    scale = (width - 1) / (worst + best)
    left = int(best * scale)
    return [f"{'░' * int(max(-value, 0.0) * scale):>{left}}│{'█' * int(max(value, 0.0) * scale)}" for value in values]
