"""Flat PC-SPAN position files (``.pos``, ``POSDATA.TXT``): recognised, and refused with the way out.

Source: layouts of flat position files as public descriptions have them. Known are the header (record 1) and the
portfolio (record 2); of the position (record 5) the end is not public, nor, in the expanded form, are the fourteen
bytes that hold an option's strike. A quantity or strike taken from guessed bytes would margin something else.
"""

from __future__ import annotations

import re

from margin.model.problem import Faults, Reason
from margin.read.positions._input import PositionInput, PositionsRead

FORMAT = "flat-pos"

_HEADER = re.compile(rb"1..(\d{4})(\d{2})(\d{2})([SEGI])\d{4}.{12}([SE])?", re.DOTALL)
_NEXT_RECORD = re.compile(rb"[^\r\n]*\r?\n([^\r\n])")
_FORMS = {b"S": "the standard form", b"E": "the expanded form"}


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with the header of a flat position file: record 1 with a date and a session."""
    header = _HEADER.match(head)
    return header is not None and 1 <= int(header[2]) <= 12 and not _is_table(head)


def _is_table(head: bytes) -> bool:
    """Whether the second record is none of a flat position file's."""
    following = _NEXT_RECORD.match(head)
    return following is not None and following[1] not in b"2345"


def read(source: PositionInput) -> PositionsRead:
    """Refuse the input, saying what was recognised and what to do instead.

    Raises:
        InputRefused: Always.
    """
    faults = Faults(source.path)
    header = _HEADER.match(source.head)
    about = ""
    if header is not None:
        year, month, day = (header[number].decode() for number in (1, 2, 3))
        about = f" of {year}-{month}-{day} in {_FORMS.get(header[5], 'an unknown form')}"
    faults.add(
        Reason.UNKNOWN_FORMAT,
        f"this is a flat PC-SPAN position file{about}, which is not read: of its position records the end, and the "
        "fourteen bytes of strikes in the expanded form, are not public; open it in PC-SPAN and save it as an XML "
        "position file (root posFile), or write the positions as CSV",
        line=1,
        found="flat position file",
        expected="posfile or csv",
    )
    faults.refuse_if_any()
    raise AssertionError("a flat position file is refused")
