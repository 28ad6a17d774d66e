"""Finds the pages of the documentation, and the fenced blocks, links and prose of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
METHODOLOGY = DOCS / "methodology"

_FENCE = re.compile(r"^(```+)[ \t]*([^\n`]*)\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the first word after the fence, the words after it, the content and its place."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(REPOSITORY).as_posix()

    def blocks(self, language: str | None = None) -> list[Block]:
        """The fenced blocks, in order; those of one language if it is given."""
        found = []
        for match in _FENCE.finditer(self.text):
            first, *rest = match[2].split() or [""]
            found.append(Block(first, tuple(rest), match[3], self.text.count("\n", 0, match.start()) + 1))
        return [block for block in found if language in (None, block.language)]

    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def sections(self) -> dict[str, str]:
        """Prose of each section of the second level by its heading."""
        return {match[1].strip(): match[2] for match in _SECTION.finditer(self.prose())}

    def links(self) -> list[str]:
        """Targets of the links in the prose."""
        return _LINK.findall(_CODE_SPAN.sub("", self.prose()))

    def code_spans(self) -> set[str]:
        """What stands between single backticks in the prose."""
        return set(_CODE_SPAN.findall(self.prose()))

    def words_in_code(self) -> set[str]:
        """Identifiers in code spans and fenced blocks."""
        texts = [*self.code_spans(), *(block.text for block in self.blocks())]
        return {word for text in texts for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)}

    def anchors(self) -> set[str]:
        """Anchors of the headings, as GitHub makes them."""
        return {
            re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
            for heading in _HEADING.findall(self.prose())
        }


def page(path: Path) -> Page:
    """One page."""
    return Page(path, path.read_text("utf-8"))


def pages() -> Iterator[Page]:
    """The README and every page of the documentation."""
    yield page(REPOSITORY / "README.md")
    for path in sorted(DOCS.rglob("*.md")):
        yield page(path)
