"""Elements of SPAN XML as text, one line for what people look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

Line = tuple[int, str]
"""Nesting depth and text."""


def tag(name: str, value: object) -> str:
    """One element."""
    return f"<{name}>{escape(str(value))}</{name}>"


def tags(**values: object) -> str:
    """Elements in the order given; `None` is left out."""
    return "".join(tag(name, value) for name, value in values.items() if value is not None)


def number(value: float) -> str:
    """A number without superfluous zeros; never scientific."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def nested(depth: int, name: str, lines: Iterable[Line]) -> Iterator[Line]:
    """Lines inside an element whose tags stand on lines of their own."""
    yield depth, f"<{name}>"
    yield from lines
    yield depth, f"</{name}>"
