"""The health of accounts as one JSON document: UTF-8, two spaces of indentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from margin.model.health import health_document_parts
from margin.model.json_text import INDENT, json_bytes, json_text, quoted

if TYPE_CHECKING:
    from margin.model.health import HealthRun
    from margin.report import Presentation

SUFFIXES = (".json",)
IS_BINARY = False


def render(run: HealthRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document, account by account; its JSON Schema is ``configs/schema/health.schema.json``."""
    separator = "{\n"
    for name, part in health_document_parts(run).items():
        out.write(f"{separator}{INDENT}{quoted(name)}: ".encode())
        if isinstance(part, Iterator):
            line, comma, end = "\n" + 2 * INDENT, "[", "[]"
            for item in part:
                out.write(json_bytes(comma + line + json_text(item, line)))
                comma, end = ",", f"\n{INDENT}]"
            out.write(end.encode())
        else:
            out.write(json_bytes(json_text(part, "\n" + INDENT)))
        separator = ",\n"
    out.write(b"\n}\n")
