"""Positions as a text table: CSV with a header, also with semicolons or tabs."""

from __future__ import annotations

from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._text_table import (
    first_line,
    is_span_position_header,
    parse_header,
    read_header,
    read_table,
)

FORMAT = "csv"

_OTHER_FORMATS = (b"<", b"{", b"[", b"PAR1", b"PK")
_BINARY_BYTES = frozenset(range(32)) - frozenset(b"\0\t\n\r")


def recognise(head: bytes, name: str) -> bool:
    """Whether an input may be a text table: text that is no other format, whatever it is called."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_OTHER_FORMATS) or _BINARY_BYTES & frozenset(head.partition(b"\n")[0]):
        return False
    line = first_line(head)
    return line is None or not is_span_position_header(parse_header(line).names)


def read(source: PositionInput) -> PositionsRead:
    """Read a text table of positions.

    The first line names the columns (`POSITION_SCHEMA`, their aliases, and columns of the user's own, which are
    carried as text). Fields may stand in double quotes; blank lines are skipped; text is UTF-8.

    Raises:
        InputRefused: With every fault of the input: structure, names and values.
    """
    return read_table(source, FORMAT, read_header(source))
