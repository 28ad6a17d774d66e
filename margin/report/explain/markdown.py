"""The explanation as Markdown: a nested list of figures, the tables beside them, and the rules they follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.text import shown_text
from margin.report.explain._outline import (
    Line,
    Outline,
    number_text,
    rule_words,
    sources_words,
    title_words,
)

if TYPE_CHECKING:
    from margin.report import Presentation

SUFFIXES = (".md", ".markdown")
IS_BINARY = False

_COMMODITY = 2
"""Level of the commodities: below the requirement and its SPAN risk."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def render(document: dict[str, Any], out: BinaryIO, presentation: Presentation) -> None:
    """Write the page, UTF-8."""
    outline = Outline(document["decimals"], document["why"], presentation.is_complete)
    trees = [outline.line(node) for node in (document["requirement"], *document["other_requirements"])]
    lines = [f"# {_text(title_words(document['account']))}", ""]
    lines.extend(f"* {_text(words)}" for words in sources_words(document["run"]))
    for tree in trees:
        lines.extend(["", f"## {_text(tree.label[:1].upper() + tree.label[1:])}", ""])
        lines.extend(_items(tree, ""))
        lines.extend(_tables(tree))
    if outline.rules:
        lines.extend(["", "## Rules", ""])
        for place, rule in enumerate(outline.rules.values(), start=1):
            lines.append(f"{place}. {_text(rule_words(rule))}")
    if document["problems"]:
        lines.extend(["", "## Problems", ""])
        lines.extend(f"* {problem['severity']}: {_text(problem['message'])}" for problem in document["problems"])
    out.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))


def _items(line: Line, indent: str) -> Iterator[str]:
    label = f"**{_text(line.label)}**" if line.is_main else _text(line.label)
    words = f"{label}: {_text(line.value)}" if line.value else label
    if line.beside:
        words += f" — {', '.join(_text(part) for part in line.beside)}"
    if line.note:
        words += f" — *{_text(line.note)}*"
    yield f"{indent}* {words}"
    for child in line.children:
        yield from _items(child, f"{indent}  ")


def _tables(line: Line, above: tuple[str, ...] = ()) -> Iterator[str]:
    """The tables of a line and of those below it, each under its commodity and the label of its line."""
    if line.table is not None:
        heading = [*above[_COMMODITY : _COMMODITY + 1], line.label]
        yield from ("", f"### {_text(', '.join(heading))}", "")
        yield from _table(line.table)
    for child in line.children:
        yield from _tables(child, (*above, line.label))


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    numeric = [all(not isinstance(row[i], str) for row in table["rows"]) for i in range(len(table["columns"]))]
    yield f"| {' | '.join(_text(name) for name in table['columns'])} |"
    yield f"|{'|'.join('---:' if is_number else '---' for is_number in numeric)}|"
    for row in table["rows"]:
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    return _text(value) if isinstance(value, str) else number_text(value)


def _text(words: str) -> str:
    """Words with nothing in them that Markdown would take for markup."""
    return _SPECIAL.sub(r"\\\1", shown_text(words, has_unicode=True))
