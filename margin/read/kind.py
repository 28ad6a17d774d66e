"""What an input is, told by its beginning: parameters, positions, market data or a house policy, and its format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from margin.model.problem import InputRefused, Problem, Reason
from margin.read import market, parameters, positions
from margin.read.parameters._spn.document import root_name
from margin.read.positions._columns import ALIASES
from margin.read.positions._input import SUFFIXES as POSITION_SUFFIXES
from margin.read.positions._input import PositionInput, open_input
from margin.read.positions._text_table import first_line, parse_header
from margin.read.source import STANDARD_INPUT, Source

HOUSE_FORMAT = "margin-house"
"""Name of the format of house policies."""

_XML_ROOTS = {"spanFile": ("parameters", "spn"), "posFile": ("positions", "posfile")}
_YAML_FORMAT = re.compile(rb"""^format\s*:\s*["']?([\w-]+)""", re.MULTILINE)
_PARAMETERS_FIRST = (".spn", ".pa2", ".par", ".yaml", ".yml", ".margin")
_TABLE_SUFFIXES = (".csv", ".tsv")

Kind = Literal["parameters", "positions", "market", "house"]


@dataclass(frozen=True, slots=True)
class FileKind:
    """What an input is.

    Attributes:
        kind: What it holds.
        format: Name of its format: one of `margin.read.parameters.formats`, one of
            `margin.read.positions.formats`, one of `margin.read.market.formats`, or `HOUSE_FORMAT`.
    """

    kind: Kind
    format: str


def kind_of(path: str | Path, input_format: str | None = None, *, stdin: BinaryIO | None = None) -> FileKind:
    """Tell what an input is without reading more of it than its beginning.

    Args:
        path: The file, plain or compressed; ``-`` is `stdin`.
        input_format: Name of a format, which settles the question; default is to tell it by content.
        stdin: Stream that ``-`` means; it must be seekable and is left where it was.

    Raises:
        InputRefused: The input cannot be read, is in no known format, or there is no format of this name.
    """
    named = str(path)
    if input_format is not None:
        return _of_format(input_format)
    for suffixes in (_PARAMETERS_FIRST, POSITION_SUFFIXES):
        try:
            found = _of_content(_open(named, stdin, suffixes))
        except InputRefused:
            # An archive may hold one file of either kind among others; the endings that are sought decide.
            if suffixes is POSITION_SUFFIXES:
                raise
            continue
        if found is not None:
            return found
    raise _unknown(named)


def format_names() -> tuple[str, ...]:
    """Names of all formats that are read, sorted."""
    return tuple(sorted({*parameters.formats(), *positions.formats(), HOUSE_FORMAT}))


def _of_format(name: str) -> FileKind:
    if name in parameters.formats():
        return FileKind("parameters", name)
    if name in positions.formats():
        return FileKind("positions", name)
    if name == HOUSE_FORMAT:
        return FileKind("house", name)
    known = ", ".join(format_names())
    message = f"there is no format {name!r}, expected one of {known}"
    raise InputRefused([Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name})])


def _open(named: str, stdin: BinaryIO | None, suffixes: tuple[str, ...]) -> PositionInput:
    if named != STANDARD_INPUT or stdin is None:
        return open_input(named, stdin, suffixes)
    start = stdin.tell()
    try:
        return open_input(named, stdin, suffixes)
    finally:
        stdin.seek(start)


def _of_content(opened: PositionInput) -> FileKind | None:
    """What the beginning of an input says it is."""
    beginning = Source(opened.path, opened.name, opened.head, "")
    root = root_name(_as_utf8(opened.head))
    if root in _XML_ROOTS:
        return FileKind(*_XML_ROOTS[root])  # type: ignore[arg-type]  # a tuple's literals are inferred as text
    if root is not None:
        return None
    market_format = market.recognised(opened)
    if market_format is not None:
        return FileKind("market", market_format)
    for name, module in parameters.formats().items():
        if module.recognise(beginning):
            declared = _YAML_FORMAT.search(opened.head)
            is_policy = declared is not None and declared[1] == HOUSE_FORMAT.encode()
            return FileKind("house", HOUSE_FORMAT) if name == "house" and is_policy else FileKind("parameters", name)
    found = positions.recognised(opened)
    if found is None or (found.FORMAT == positions.CATCH_ALL and not _is_table(opened)):
        return None
    return FileKind("positions", found.FORMAT)


def _as_utf8(head: bytes) -> bytes:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "ignore").encode()
    return head


def _is_table(opened: PositionInput) -> bool:
    """Whether a text is called a table, or its first line names a column of positions."""
    if opened.name.lower().endswith(_TABLE_SUFFIXES):
        return True
    line = first_line(opened.head)
    return line is not None and any(name.strip().lower() in ALIASES for name in parse_header(line).names)


def _unknown(named: str) -> InputRefused:
    message = (
        "the content is neither risk parameters, positions, market data nor a house policy in a format that is read, "
        f"expected one of {', '.join(format_names())}; check that it is the file you mean, or name its format"
    )
    return InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=named, attributes={"expected": format_names()})])
