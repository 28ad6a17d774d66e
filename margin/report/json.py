"""The run as one JSON document: UTF-8, two spaces of indentation, lists of numbers on one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.document import document_parts
from margin.model.json_text import INDENT, json_bytes, json_text, quoted

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".json",)
IS_BINARY = False


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document, account by account; fields, order and meaning as `MarginRun.to_dict`."""
    out.write(b"{")
    separator = "\n"
    for name, part in document_parts(run).items():
        out.write(f"{separator}{INDENT}{quoted(name)}: ".encode())
        if isinstance(part, Iterator):
            _write_list(part, out)
        else:
            out.write(json_bytes(json_text(part, "\n" + INDENT)))
        separator = ",\n"
    out.write(b"\n}\n")


def _write_list(items: Iterable[Any], out: BinaryIO) -> None:
    """Write a list of the top level item by item."""
    line = "\n" + 2 * INDENT
    separator, end = "[" + line, "[]"
    for item in items:
        out.write(json_bytes(separator + json_text(item, line)))
        separator, end = "," + line, "\n" + INDENT + "]"
    out.write(end.encode())
