"""Reading accounts: formats are told by content, and every fault of every file is reported at once."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, cast

from margin.model.account import AccountBook
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.read.accounts._book import account_book
from margin.read.accounts._rows import AccountRead
from margin.read.positions._input import PositionInput, open_input

CATCH_ALL = "csv"
"""The format that any text may be: every other format is asked first."""

_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".yaml", ".yml")


class AccountFormat(Protocol):
    """What each module of this folder without a leading underscore offers."""

    FORMAT: str

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether an input that starts with `head` is of this format."""

    def read(self, source: PositionInput) -> AccountRead:
        """Read an input, or raise `InputRefused` with all of its faults."""


@cache
def formats() -> Mapping[str, AccountFormat]:
    """The formats that can be read, by name: the modules of this folder."""
    modules = [
        cast("AccountFormat", import_module(f"{__name__}.{module.name}"))
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    return {module.FORMAT: module for module in modules}


def read_accounts(paths: Sequence[str | Path] | str | Path, *, stdin: BinaryIO | None = None) -> AccountBook:
    """Read files of accounts into one book; rows of one account may stand in several files.

    Args:
        paths: Files, plain or compressed; ``-`` is standard input.
        stdin: Stream that ``-`` means; default the process's standard input.

    Raises:
        InputRefused: With the faults of all files; none is used unless every one is sound.
    """
    faults = Faults()
    reads: list[AccountRead] = []
    named = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    for path in dict.fromkeys(named):
        try:
            if named.count(path) > 1:
                _refuse_repeated(path)
            reads.append(_read_one(open_input(path, stdin, _SUFFIXES)))
        except InputRefused as refused:
            in_order = sorted(refused.problems, key=lambda problem: problem.line or 0)
            faults.extend(InputRefused(in_order, refused.total))
        except OSError as error:
            message = f"the file cannot be read to its end ({error.strerror or error}); check the disk it lies on"
            faults.extend(InputRefused([Problem(Reason.UNREADABLE, message, file=path)]))
    book = account_book(reads, faults)
    faults.refuse_if_any()
    return book


def _read_one(source: PositionInput) -> AccountRead:
    by_content = sorted(formats().values(), key=lambda candidate: candidate.FORMAT == CATCH_ALL)
    found = next((candidate for candidate in by_content if candidate.recognise(source.head, source.name)), None)
    if found is None:
        known = ", ".join(sorted(formats()))
        message = f"the content is no table or document of accounts that is read, expected one of {known}"
        raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=source.path)])
    return found.read(source)


def _refuse_repeated(path: str) -> NoReturn:
    message = "the input is named more than once; name it once"
    raise InputRefused([Problem(Reason.DUPLICATE_KEY, message, file=path)])
