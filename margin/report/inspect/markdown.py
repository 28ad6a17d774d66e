"""The document as Markdown: facts as a list, tables as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.text import shown_text
from margin.report.inspect._blocks import Block, Facts, Heading, Remark, Table
from margin.report.inspect._outline import page_of

if TYPE_CHECKING:
    from margin.report import Presentation

SUFFIXES = (".md", ".markdown")
IS_BINARY = False

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def render(document: dict[str, Any], out: BinaryIO, presentation: Presentation) -> None:
    """Write the page, UTF-8."""
    lines: list[str] = []
    for block in page_of(document, is_complete=presentation.is_complete):
        if lines:
            lines.append("")
        lines.extend(_lines(block))
    out.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {_text(text)}"
        case Facts(rows):
            for label, values in rows:
                words = "; ".join(_text(value) for value in values)
                yield f"* {_text(label)}: {words}" if label else f"* {words}"
        case Remark(text, severity):
            yield f"{severity}: {_text(text)}" if severity else f"*{_text(text)}*"
        case Table(columns, rows):
            yield f"| {' | '.join(_text(column.title) for column in columns)} |"
            yield f"|{'|'.join('---:' if column.is_number else '---' for column in columns)}|"
            for row in rows:
                yield f"| {' | '.join(_text(cell) for cell in row)} |"


def _text(words: str) -> str:
    """Words with nothing in them that Markdown would take for markup."""
    return _SPECIAL.sub(r"\\\1", shown_text(words, has_unicode=True))
