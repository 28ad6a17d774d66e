"""Risk arrays as one JSON document, with the files they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.model.json_text import json_bytes, json_text

if TYPE_CHECKING:
    from margin.report import Presentation
    from margin.views.risk_arrays import RiskArrayTable

SUFFIXES = (".json",)
IS_BINARY = False


def render(arrays: RiskArrayTable, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document; its JSON Schema is ``configs/schema/arrays.schema.json``."""
    out.write(json_bytes(json_text(arrays.to_dict())))
    out.write(b"\n")
