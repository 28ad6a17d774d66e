"""Reading market data: formats are told by content, and every fault of every file is reported at once."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, cast

import polars as pl

from margin.model.market import MarketData
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.read.market._columns import are_of_market
from margin.read.market._input import MarketRead, add_repeated
from margin.read.positions._input import PositionInput, open_input

CATCH_ALL = "csv"
"""The format that any text may be: every other format is asked first."""

_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".yaml", ".yml")


class MarketFormat(Protocol):
    """What each module of this folder without a leading underscore offers."""

    FORMAT: str

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether an input that starts with `head` is of this format."""

    def headers(self, source: PositionInput) -> Sequence[str] | None:
        """Names of the columns of an input of this format; `None` where it declares itself market data.

        Raises:
            InputRefused: They cannot be told.
        """

    def read(self, source: PositionInput) -> MarketRead:
        """Read an input, or raise `InputRefused` with all of its faults."""


@cache
def formats() -> Mapping[str, MarketFormat]:
    """The formats that can be read, by name: the modules of this folder."""
    modules = [
        cast("MarketFormat", import_module(f"{__name__}.{module.name}"))
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    return {module.FORMAT: module for module in modules}


def recognised(source: PositionInput) -> str | None:
    """Name of the format of an input that is market data and nothing else; `None` where it is not."""
    try:
        found = _format_of(source)
        if found is None:
            return None
        headers = found.headers(source)
    except InputRefused:
        return None
    return found.FORMAT if headers is None or are_of_market(headers) else None


def read_market(
    paths: Sequence[str | Path] | str | Path,
    *,
    stdin: BinaryIO | None = None,
) -> MarketData:
    """Read files of market data, which go together: no two may say anything of the same thing.

    Args:
        paths: Files, plain or compressed; ``-`` is standard input.
        stdin: Stream that ``-`` means; default the process's standard input.

    Returns:
        Prices, rates and volatilities as quoted, row by row in the order of the files; warnings in `problems`.

    Raises:
        InputRefused: With the faults of all files; none is used unless every one is sound.
    """
    faults = Faults()
    reads: list[MarketRead] = []
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
    if len(reads) > 1:
        add_repeated(reads, faults)
        _add_other_dates(reads, faults)
    faults.refuse_if_any()
    return _merged(reads)


def _merged(reads: Sequence[MarketRead]) -> MarketData:
    if not reads:
        return MarketData()
    frames = {kind: pl.concat(read.frames[kind] for read in reads) for kind in reads[0].frames}
    return MarketData(
        sources=tuple(read.source for read in reads),
        date=next((read.date for read in reads if read.date is not None), None),
        underlyings=frames["underlying"],
        quotes=frames["quote"],
        volatility_points=frames["volatility"],
        svi=frames["svi"],
        problems=tuple(problem for read in reads for problem in read.problems),
    )


def _format_of(source: PositionInput) -> MarketFormat | None:
    by_content = sorted(formats().values(), key=lambda candidate: candidate.FORMAT == CATCH_ALL)
    return next((candidate for candidate in by_content if candidate.recognise(source.head, source.name)), None)


def _read_one(source: PositionInput) -> MarketRead:
    found = _format_of(source)
    if found is None:
        known = ", ".join(sorted(formats()))
        message = f"the content is no market data in a format that is read, expected one of {known}"
        raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=source.path)])
    return found.read(source)


def _refuse_repeated(path: str) -> NoReturn:
    message = "the input is named more than once; name it once"
    raise InputRefused([Problem(Reason.DUPLICATE_KEY, message, file=path)])


def _add_other_dates(reads: Sequence[MarketRead], faults: Faults) -> None:
    """Report files of another day than the first that has one."""
    first = next((read for read in reads if read.date is not None), None)
    for read in reads:
        if first is not None and read.date not in (None, first.date):
            message = (
                f"the data are of {read.date}, those of {first.source.path} of {first.date}; give files of one day"
            )
            problem = Problem(Reason.DATE_MISMATCH, message, file=read.source.path, attributes={"found": read.date})
            faults.extend(InputRefused([problem]))
