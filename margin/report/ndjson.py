"""One account per line as JSON, for programs that read accounts one after the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from margin.model.document import account_documents

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".ndjson", ".jsonl")
IS_BINARY = False

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write each account as in the JSON document's ``accounts``, compact, each ended by a line feed."""
    for account in account_documents(run):
        out.write(_ENCODER.encode(account).encode() + b"\n")
