"""What was found in files as one JSON document: UTF-8, two spaces of indentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.model.json_text import json_bytes, json_text

if TYPE_CHECKING:
    from margin.report import Presentation
    from margin.views.validate import Validation

SUFFIXES = (".json",)
IS_BINARY = False


def render(validation: Validation, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document; its JSON Schema is ``configs/schema/validate.schema.json``."""
    out.write(json_bytes(json_text(validation.to_dict())))
    out.write(b"\n")
