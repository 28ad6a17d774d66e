"""Reading position files: formats are told by content, and every fault of every file is reported at once."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, cast

import polars as pl

from margin.model.position import PositionBook
from margin.model.problem import Faults, InputRefused, Problem, Reason, Severity
from margin.read.positions._input import PositionInput, PositionsRead, no_balances, open_input
from margin.read.positions._notation import DECIMALS, Decimal

CATCH_ALL = "csv"
"""The format that any text may be, however badly written: every other format is asked first."""


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
    decimal: Decimal | None = None,
    stdin: BinaryIO | None = None,
) -> PositionBook:
    """Read position files into one book, file by file in the order given.

    Args:
        paths: Files, plain or compressed; ``-`` is standard input.
        input_format: A format's name for all inputs, one of `formats`; default is to tell each by its content.
        decimal: What text tables write before decimals, ``point`` or ``comma``; default is to tell it by content.
        stdin: Stream that ``-`` means; default the process's standard input.

    Returns:
        Positions as the inputs name them, with signed quantities (long > 0) or counts of longs and shorts.

    Raises:
        InputRefused: With the faults of all inputs; no positions are used unless every input is sound.
        ValueError: `decimal` is another word.
    """
    if decimal not in (None, *DECIMALS):
        raise ValueError(f"decimal is {decimal!r}, expected one of {', '.join(DECIMALS)}")
    chosen = None if input_format is None else _format_named(input_format)
    faults = Faults()
    reads: list[PositionsRead] = []
    named = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    for path in dict.fromkeys(named):
        try:
            if named.count(path) > 1:
                _refuse_repeated(path)
            source = replace(open_input(path, stdin), decimal=decimal)
            reads.append((chosen or _require_recognised(source)).read(source))
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


def recognised(source: PositionInput) -> PositionFormat | None:
    """The format an input is of, told by its head and name; `None` where it is no position file."""
    by_content = sorted(formats().values(), key=lambda candidate: candidate.FORMAT == CATCH_ALL)
    return next((candidate for candidate in by_content if candidate.recognise(source.head, source.name)), None)


def _require_recognised(source: PositionInput) -> PositionFormat:
    found = recognised(source)
    if found is not None:
        return found
    known = ", ".join(sorted(formats()))
    message = f"the content is no position format that is read, expected one of {known}; name the format if it is"
    raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=source.path)])


def _refuse_repeated(path: str) -> NoReturn:
    message = "the input is named more than once; name it once"
    raise InputRefused([Problem(Reason.DUPLICATE_KEY, message, file=path)])


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
