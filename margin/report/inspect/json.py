"""The document as JSON: UTF-8, two spaces of indentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.json_text import json_bytes, json_text

if TYPE_CHECKING:
    from margin.report import Presentation

SUFFIXES = (".json",)
IS_BINARY = False


def render(document: dict[str, Any], out: BinaryIO, presentation: Presentation) -> None:
    """Write the document as it is; its JSON Schema is ``configs/schema/inspect.schema.json``."""
    out.write(json_bytes(json_text(document)))
    out.write(b"\n")
