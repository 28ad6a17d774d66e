"""What the format readers take in and hand back: one opened input, and the positions found in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NoReturn

import polars as pl

from margin.model.position import ACCOUNT_BALANCE_SCHEMA, PositionPart
from margin.model.problem import InputRefused, Problem, Reason
from margin.read.positions._encoding import is_marked_utf16, refuse_foreign_text, utf8_of_utf16
from margin.read.positions._notation import Decimal
from margin.read.source import STANDARD_INPUT, Source, open_source

HEAD_BYTES = 1 << 18
"""How much of the start of an input is looked at to tell its format, delimiter and number types."""

SUFFIXES = (".csv", ".tsv", ".txt", ".pos", ".xml", ".parquet", ".ndjson", ".jsonl")
"""Endings of position files, preferred where an archive holds several files."""

_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_WORKBOOK = b"[Content_Types].xml"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class PositionInput:
    """One input, opened far enough to tell its format.

    Attributes:
        path: The input as the user named it, ``-`` for standard input.
        name: Name of the innermost file (``book.csv`` for ``book.csv.gz``).
        head: Its first `HEAD_BYTES` bytes, decompressed.
        in_place: The file on disk, where it is plain and so may be read where it lies.
        source: The whole content, where it had to be loaded to see the head.
        decimal: What the user says stands before the decimals of numbers; `None` to tell it by content.
    """

    path: str
    name: str
    head: bytes
    in_place: Path | None
    source: Source | None
    decimal: Decimal | None = None

    def load(self) -> Source:
        """The whole content in memory, for formats that are not read in place."""
        return open_source(self.path) if self.source is None else self.source


def open_input(path: str, stdin: BinaryIO | None = None, suffixes: tuple[str, ...] = SUFFIXES) -> PositionInput:
    """Open an input far enough to tell its format; plain files stay on disk.

    Raises:
        InputRefused: It cannot be read, is a workbook, or text in an encoding that is not read.
    """
    head = _head_on_disk(path)
    if (head.startswith(_PACKED) and _WORKBOOK in head) or head.startswith(_OLD_WORKBOOK):
        _refuse_workbook(path)
    if head and not head.startswith(_PACKED):
        refuse_foreign_text(path, head)
        if not is_marked_utf16(head):
            return PositionInput(path, Path(path).name, head, Path(path).absolute(), None)
    source = open_source(path, stdin=stdin, suffixes=suffixes)
    refuse_foreign_text(path, source.content)
    if is_marked_utf16(source.content):
        source = replace(source, content=utf8_of_utf16(path, source.content))
    return PositionInput(path, source.name, source.content[:HEAD_BYTES], None, source)


def _head_on_disk(path: str) -> bytes:
    """Start of a regular file; empty for anything else, of which `open_source` says what is wrong."""
    try:
        if path == STANDARD_INPUT or not Path(path).is_file():
            return b""
        with Path(path).open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except (OSError, ValueError):
        return b""


def _refuse_workbook(path: str) -> NoReturn:
    message = "this is a workbook, expected a table; save the sheet as CSV UTF-8"
    raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=path)])


def no_balances() -> pl.DataFrame:
    """An empty frame of account balances, for formats that say nothing of the accounts themselves."""
    return pl.DataFrame(schema=ACCOUNT_BALANCE_SCHEMA)


@dataclass(frozen=True, slots=True)
class PositionsRead:
    """What one input holds: its positions, its account balances and the warnings about it."""

    part: PositionPart
    balances: pl.DataFrame = field(default_factory=no_balances)
    problems: tuple[Problem, ...] = ()
