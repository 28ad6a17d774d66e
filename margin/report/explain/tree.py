"""The explanation as a tree for a terminal: figures in a column, how they combine, where their numbers stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.text import shown_text, text_width
from margin.report.explain._outline import Line, Outline, rule_words, sources_words, title_words

if TYPE_CHECKING:
    from margin.report import Presentation

SUFFIXES = (".txt",)
IS_BINARY = False

_NARROWEST = 40
_WIDEST = 110
"""Figures further to the right than this are hard to follow from their label."""

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def render(document: dict[str, Any], out: BinaryIO, presentation: Presentation) -> None:
    """Write the tree; no line is longer than the presentation's width unless a figure needs it."""
    drawing = _Drawing(presentation)
    outline = Outline(document["decimals"], document["why"], presentation.is_complete)
    drawing.text(title_words(document["account"]), _BOLD)
    for words in sources_words(document["run"]):
        drawing.text(words, _DIM, indent="  ")
    drawing.blank()
    drawing.root(outline.line(document["requirement"]))
    for other in document["other_requirements"]:
        drawing.blank()
        if presentation.is_complete:
            drawing.root(outline.line(other))
        else:
            drawing.root(Line(other["label"], outline.amount(other["value"], other["currency"]), is_main=True))
    if outline.rules:
        drawing.blank()
        drawing.text("Rules", _BOLD)
        for place, rule in enumerate(outline.rules.values(), start=1):
            drawing.text(f"[{place}] {rule_words(rule)}", "", indent="  ", hang="    ")
    if document["problems"]:
        drawing.blank()
        drawing.text("Problems", _BOLD)
        for problem in document["problems"]:
            drawing.text(f"{problem['severity']}: {_place(problem)}{problem['message']}", "", indent="  ", hang="    ")
    out.write(drawing.encoded())


def _place(problem: dict[str, Any]) -> str:
    where = ":".join(str(part) for part in (problem["file"], problem["line"]) if part is not None)
    return f"{where}: " if where else ""


class _Drawing:
    """Collects lines of a width."""

    def __init__(self, presentation: Presentation) -> None:
        self._presentation = presentation
        self._width = min(max(presentation.width, _NARROWEST), _WIDEST)
        self._lines: list[str] = []

    def text(self, words: str, style: str, *, indent: str = "", hang: str = "") -> None:
        """Write a paragraph."""
        rows = wrap(self._shown(words), self._width - len(indent), subsequent_indent=hang, break_on_hyphens=False)
        self._lines.extend(indent + self._styled(row, style) for row in rows)

    def blank(self) -> None:
        """Write an empty line."""
        self._lines.append("")

    def root(self, line: Line) -> None:
        """Write a tree."""
        self._node(line, "", "")

    def encoded(self) -> bytes:
        """Everything written."""
        text = "\n".join(line.rstrip() for line in self._lines) + "\n"
        return text.encode(self._presentation.encoding, "backslashreplace")

    def _node(self, line: Line, first: str, rest: str) -> None:
        """Write a line and what is below it.

        Args:
            line: The line.
            first: What stands before its first row.
            rest: What stands before its further rows and the lines below it.
        """
        below = f"{rest}│ " if line.children else f"{rest}  "
        self._figure(line, first, below)
        if line.note:
            self._remark(line.note, below)
        if line.table is not None and self._presentation.is_complete:
            for row in _table_rows(line.table):
                self._lines.append(self._styled(self._shown(below), _DIM) + self._styled(self._shown(row), _DIM))
        for child in line.children:
            is_last = child is line.children[-1]
            self._node(child, rest + ("└ " if is_last else "├ "), rest + ("  " if is_last else "│ "))

    def _figure(self, line: Line, first: str, below: str) -> None:
        """Write the label, what fits beside it, and the value at the right edge; then what did not fit."""
        value = self._shown(line.value)
        room = self._width - text_width(first) - text_width(value) - 2
        label = self._shown(line.label)
        beside = [self._shown(words) for words in line.beside]
        rows = wrap(label, max(room, 12), break_on_hyphens=False) or [""]
        last = rows.pop()
        fitting: list[str] = []
        while beside and text_width("  ".join([last, *fitting, beside[0]])) <= room:
            fitting.append(beside.pop(0))
        style = _BOLD if line.is_main else ""
        prefix = first
        for row in rows:
            self._lines.append(self._styled(self._shown(prefix), _DIM) + self._styled(row, style))
            prefix = below
        extra = "".join(f"  {words}" for words in fitting)
        gap = self._width - text_width(prefix) - text_width(last) - text_width(extra) - text_width(value)
        self._lines.append(
            self._styled(self._shown(prefix), _DIM)
            + self._styled(last, style)
            + self._styled(extra, _DIM)
            + " " * max(gap, 2)
            + self._styled(value, style)
        )
        if beside:
            self._remark("  ".join(beside), below)

    def _remark(self, words: str, below: str) -> None:
        width = max(self._width - text_width(below) - 2, 20)
        for row in wrap(self._shown(words), width, break_on_hyphens=False):
            self._lines.append(self._styled(f"{self._shown(below)}  {row}", _DIM))

    def _shown(self, words: str) -> str:
        return shown_text(words, self._presentation.unicode)

    def _styled(self, words: str, style: str) -> str:
        return f"{style}{words}{_RESET}" if self._presentation.color and style and words else words


def _table_rows(table: Mapping[str, Any]) -> Iterator[str]:
    """The rows of a table, columns below one another."""
    cells = [[str(name) for name in table["columns"]], *([_cell(value) for value in row] for row in table["rows"])]
    widths = [max(text_width(row[i]) for row in cells) for i in range(len(cells[0]))]
    numeric = [all(not isinstance(row[i], str) for row in table["rows"]) for i in range(len(widths))]
    for row in cells:
        yield "  " + "  ".join(_padded(row, widths, numeric))


def _padded(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> Iterator[str]:
    for cell, width, is_number in zip(row, widths, numeric, strict=True):
        blanks = " " * (width - text_width(cell))
        yield blanks + cell if is_number else cell + blanks


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:z,.10g}"
