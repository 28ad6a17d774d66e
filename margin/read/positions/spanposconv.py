"""Positions as the CME SPAN Position Converter writes them: CSV with a fixed, case-sensitive header."""

from __future__ import annotations

from itertools import zip_longest

from margin.model.problem import Faults, Reason
from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._text_table import (
    SPAN_POSITION_COLUMNS,
    first_line,
    is_span_position_header,
    parse_header,
    read_header,
    read_table,
)

FORMAT = "spanposconv"


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with the converter's header."""
    line = first_line(head)
    return line is not None and is_span_position_header(parse_header(line).names)


def read(source: PositionInput) -> PositionsRead:
    """Read one net position per row; ``isSetl`` says nothing of a position, ``coupon`` is carried as text.

    Raises:
        InputRefused: With every fault of the input: structure, names and values.
    """
    header = read_header(source)
    if not is_span_position_header(header.names):
        faults = Faults(source.path)
        _add_header_fault(header.names, faults)
        faults.refuse_if_any()
    return read_table(source, FORMAT, header)


def _add_header_fault(names: tuple[str, ...], faults: Faults) -> None:
    pairs = zip_longest(names, (*SPAN_POSITION_COLUMNS, "coupon"))
    position, (found, expected) = next(
        (position, pair) for position, pair in enumerate(pairs, start=1) if pair[0] != pair[1]
    )
    faults.add(
        Reason.MISSING_FIELD,
        f"column {position} is {'absent' if found is None else repr(found)}, expected "
        f"{'none' if expected is None else repr(expected)} as in {','.join(SPAN_POSITION_COLUMNS)}; "
        "names are case-sensitive: correct the header, or read the file as csv",
        line=1,
        found=found,
        expected=expected,
    )
