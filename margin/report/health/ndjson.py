"""The health of one account per line as JSON, for programs that read accounts one after the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from margin.model.health import health_documents

if TYPE_CHECKING:
    from margin.model.health import HealthRun
    from margin.report import Presentation

SUFFIXES = (".ndjson", ".jsonl")
IS_BINARY = False

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def render(run: HealthRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write each account as in the JSON document's ``accounts``, compact, each ended by a line feed."""
    for account in health_documents(run):
        out.write(_ENCODER.encode(account).encode() + b"\n")
