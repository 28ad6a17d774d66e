"""Reads columnar parameter files (``.margin``): a whole parameter set as Arrow tables and arrays in one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Problem, Reason
from margin.read.parameters._arrow.layout import MARK
from margin.read.parameters._sessions import require_session
from margin.read.source import Source


def recognise(source: Source) -> bool:
    """Whether the content starts with the mark of a columnar parameter file."""
    return source.content.startswith(MARK)


def read(source: Source, session: str | None = None) -> ParameterSet:
    """Read a columnar parameter file.

    Args:
        source: The file.
        session: Which session is asked for; the file has the one it was written with.

    Returns:
        The parameters as they were written. Lines are those of the file that they were first read from, which
        is named beside this one.

    Raises:
        InputRefused: The file was cut off or changed, or written by another version; or another session is
            asked for.
    """
    # Readers of other formats shall not wait for what reads this one.
    from margin.read.parameters._arrow.checks import check
    from margin.read.parameters._arrow.decode import decode
    from margin.read.parameters._arrow.layout import Damaged, OtherVersion

    try:
        parameters, _ = decode(source.content)
        check(parameters)
    except OtherVersion as error:
        raise _refusal(source, f"{error}; write it again from the clearing house's own file") from error
    except Damaged as error:
        raise _refusal(
            source, f"the columnar parameter file is damaged: {error}; copy or write it again", Reason.UNREADABLE
        ) from error
    for org in parameters.clearing_orgs:
        require_session(org.point_in_time, session, org.code, source.path)
    return _as_read_here(parameters, source)


def _as_read_here(parameters: ParameterSet, source: Source) -> ParameterSet:
    """The set with this file as its source."""

    def here(origin: str) -> str:
        return f"{source.path} (from {PurePath(origin).name})"

    return replace(
        parameters,
        sources=tuple(
            replace(item, path=here(item.path), sha256=source.sha256, format="arrow") for item in parameters.sources
        ),
        problems=tuple(
            item if item.file is None else replace(item, file=here(item.file)) for item in parameters.problems
        ),
    )


def _refusal(source: Source, message: str, reason: Reason = Reason.UNKNOWN_FORMAT) -> InputRefused:
    return InputRefused([Problem(reason, message, file=source.path)])
