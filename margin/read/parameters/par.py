"""Recognises standard SPAN files (unpacked ``.par``, packed ``.pck``) and says what to ask for instead.

The public layout of the standard format lacks records 5, 82, C, R and V and the ends of records 2, 4 and 6:
without them there are no arrays beyond the ninth scenario, no deltas and no spreads.
Source: CME "Type n Record - Standard" pages.
"""

from __future__ import annotations

import re

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Problem, Reason
from margin.read.source import Source

_FIRST_RECORD = re.compile(rb"1[ !-~]{2}\d{6}[ !-~]{12}[UP]")
"""Record 1: exchange (columns 2-3), date YYMMDD (4-9), format code (22)."""

_EBCDIC = "cp037"
_HEAD = 80


def recognise(source: Source) -> bool:
    """Whether the content begins with record 1 of the standard format, in ASCII or in EBCDIC (packed)."""
    return _is_text(source.content) or _is_packed(source.content)


def read(source: Source, session: str | None = None) -> ParameterSet:
    """Refuse a standard file, whose layout is public in parts only.

    Args:
        source: The content.
        session: Not looked at: no session of such a file can be read.

    Raises:
        InputRefused: Always.
    """
    kind = "packed, EBCDIC" if _is_packed(source.content) else "unpacked, 80 bytes a record"
    message = (
        f"this is a standard SPAN file ({kind}), which is not read: the public layout of that format lacks records 5, "
        "82, C, R and V and the ends of records 2, 4 and 6, so scenarios 10 to 16, deltas and spreads cannot be told; "
        "ask the clearing house for the SPAN XML file (.spn) or the expanded unpacked file (.pa2) of the same session"
    )
    problem = Problem(
        Reason.UNKNOWN_FORMAT,
        message,
        file=source.path,
        line=1,
        attributes={"found": "par", "expected": ["spn", "pa2"]},
    )
    raise InputRefused([problem])


def _is_text(content: bytes) -> bool:
    return _FIRST_RECORD.match(content[:_HEAD]) is not None


def _is_packed(content: bytes) -> bool:
    head = content[:_HEAD].decode(_EBCDIC)
    return re.match(r"1[A-Z0-9 ]{2}\d{6}", head, re.ASCII) is not None
