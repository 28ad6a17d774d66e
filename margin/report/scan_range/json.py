"""Scan ranges as one JSON document, with the ranges of every day and the moves after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.model.json_text import json_bytes, json_text

if TYPE_CHECKING:
    from margin.model.scan_range import ScanRangeStudy
    from margin.report import Presentation

SUFFIXES = (".json",)
IS_BINARY = False


def render(study: ScanRangeStudy, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document; its JSON Schema is ``configs/schema/scan-range.schema.json``."""
    out.write(json_bytes(json_text(study.to_dict())))
    out.write(b"\n")
