"""Reading position files: formats are told by content, and every fault of every file is reported at once."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, cast

import polars as pl

from margin.model.position import PositionBook
from margin.model.problem import Faults, InputRefused, Problem, Reason, Severity
from margin.read.positions._input import HEAD_BYTES, PositionInput, PositionsRead, no_balances
from margin.read.source import STANDARD_INPUT, open_source

_SUFFIXES = (".csv", ".tsv", ".txt", ".pos", ".xml", ".parquet", ".ndjson", ".jsonl")
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_WORKBOOK = b"[Content_Types].xml"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


class PositionFormat(Protocol):
    """What each module of this folder without a leading underscore offers."""

    FORMAT: str

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether an input that starts with `head` is of this format."""

    def read(self, source: PositionInput) -> PositionsRead:
        """Read an input, or raise `InputRefused` with all of its faults."""


@cache
def formats() -> Mapping[str, PositionFormat]:
    """The formats that can be read, by name: the modules of this folder."""
    modules = [
        cast("PositionFormat", import_module(f"{__name__}.{module.name}"))
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    return {module.FORMAT: module for module in modules}


def read_positions(
    paths: Sequence[str | Path] | str | Path,
    *,
    input_format: str | None = None,
    stdin: BinaryIO | None = None,
) -> PositionBook:
    """Read position files into one book, file by file in the order given.

    Args:
        paths: Files, plain or compressed; ``-`` is standard input.
        input_format: A format's name for all inputs (``csv``, ``ndjson``, ``parquet``, ``posfile``,
            ``spanposconv``); default is to tell each by its content.
        stdin: Stream that ``-`` means; default the process's standard input.

    Returns:
        Positions as the inputs name them, with signed quantities (long > 0) or counts of longs and shorts.

    Raises:
        InputRefused: With the faults of all inputs; no positions are used unless every input is sound.
    """
    chosen = None if input_format is None else _format_named(input_format)
    faults = Faults()
    reads: list[PositionsRead] = []
    named = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    for path in dict.fromkeys(named):
        try:
            if named.count(path) > 1:
                _refuse(path, Reason.DUPLICATE_KEY, "the input is named more than once; name it once")
            source = _open(path, stdin)
            reads.append((chosen or _recognised(source)).read(source))
        except InputRefused as refused:
            in_order = sorted(refused.problems, key=lambda problem: problem.line or 0)
            faults.extend(InputRefused(in_order, refused.total))
        except OSError as error:
            message = f"the file cannot be read to its end ({error.strerror or error}); check the disk it lies on"
            faults.extend(InputRefused([Problem(Reason.UNREADABLE, message, file=path)]))
    faults.refuse_if_any()
    return PositionBook(
        parts=tuple(read.part for read in reads),
        balances=pl.concat([no_balances(), *(read.balances for read in reads)]),
        problems=(*(problem for read in reads for problem in read.problems), *_repeated(reads)),
    )


def _format_named(name: str) -> PositionFormat:
    known = formats()
    if name in known:
        return known[name]
    hints = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {hints[0]!r}?" if hints else "name one of them"
    message = f"there is no position format {name!r}, expected one of {', '.join(sorted(known))}; {advice}"
    raise InputRefused([Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name})])


def _open(path: str, stdin: BinaryIO | None) -> PositionInput:
    """Open an input far enough to tell its format; plain files stay on disk."""
    head = _head_on_disk(path)
    if (head.startswith(_PACKED) and _WORKBOOK in head) or head.startswith(_OLD_WORKBOOK):
        _refuse(path, Reason.UNKNOWN_FORMAT, "this is a workbook, expected a table; save the sheet as CSV UTF-8")
    if head and not head.startswith(_PACKED):
        return PositionInput(path, Path(path).name, head, Path(path).absolute(), None)
    source = open_source(path, stdin=stdin, suffixes=_SUFFIXES)
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


def _recognised(source: PositionInput) -> PositionFormat:
    for candidate in formats().values():
        if candidate.recognise(source.head, source.name):
            return candidate
    known = ", ".join(sorted(formats()))
    message = f"the content is no position format that is read, expected one of {known}; name the format if it is"
    raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=source.path)])


def _refuse(path: str, reason: Reason, message: str) -> NoReturn:
    raise InputRefused([Problem(reason, message, file=path)])


def _repeated(reads: Sequence[PositionsRead]) -> list[Problem]:
    """Warnings for inputs of equal content, whose positions count twice."""
    first: dict[str, str] = {}
    problems = []
    for read in reads:
        source = read.part.source
        same = first.setdefault(source.sha256, source.path)
        if same != source.path:
            message = f"the content is that of {same}, and its positions count again; drop one if that is not meant"
            problems.append(
                Problem(Reason.DUPLICATE_KEY, message, Severity.WARNING, source.path, attributes={"found": same})
            )
    return problems
