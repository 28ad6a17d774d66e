"""Risk parameter files: one module per format, told apart by content, several files merged into one set."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from margin.model.parameters import ParameterSet
from margin.model.problem import Faults, InputRefused, Problem, Reason, Severity
from margin.model.session import parse_session
from margin.read.parameters._cache.entries import load, store
from margin.read.parameters._cache.key import key_of
from margin.read.parameters._sessions import MissingSessionError
from margin.read.parameters._spn.document import root_name
from margin.read.parameters.merge import merge_parameter_sets
from margin.read.source import Source, open_source

_HELPERS = frozenset({"merge"})
_SUFFIXES = (".spn", ".xml", ".pa2", ".par", ".yaml", ".yml", ".margin")


class ParameterFormat(Protocol):
    """What each format module of this folder offers."""

    def recognise(self, source: Source) -> bool:
        """Whether the content is of this format."""

    def read(self, source: Source, session: str | None = None) -> ParameterSet:
        """Read the content, refusing with all its faults.

        Args:
            source: The content.
            session: ``settlement``, ``intraday`` or a number, as `read_parameters` takes it.
        """


@cache
def formats() -> dict[str, ParameterFormat]:
    """The format modules by name: every public module of this folder but its helpers."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(__path__)
        if not module.ispkg and not module.name.startswith("_") and module.name not in _HELPERS
    )
    return {name: cast(ParameterFormat, import_module(f"{__name__}.{name}")) for name in names}


def read_parameters(paths: Sequence[str | Path], *, session: str | None = None, cache: bool = True) -> ParameterSet:
    """Read risk parameter files of any known format and merge them.

    Args:
        paths: Files, plain or compressed; ``-`` for standard input.
        session: Which point in time of a file is read: ``settlement``, ``intraday``, or its number in the order of
            the file, from 1; `None` for the only one, or the only settlement.
        cache: Whether what was parsed before is used again, and what is parsed now is kept.

    Raises:
        InputRefused: With the faults of all files.
        ValueError: There is no such session.
    """
    parse_session(session)
    faults = Faults()
    sets: list[ParameterSet] = []
    without_session: list[MissingSessionError] = []
    if not paths:
        faults.add(Reason.MISSING_FIELD, "no risk parameter file is given, expected at least one")
    for path in paths:
        try:
            sets.append(_read_file(path, session, cache))
        except MissingSessionError as refused:
            without_session.append(refused)
        except InputRefused as refused:
            faults.extend(refused)
    warnings = _left_out(without_session, sets, faults)
    faults.refuse_if_any()
    merged = merge_parameter_sets(sets)
    return replace(merged, problems=(*merged.problems, *warnings)) if warnings else merged


def _left_out(refusals: Sequence[MissingSessionError], sets: Sequence[ParameterSet], faults: Faults) -> list[Problem]:
    """Files of another session are left out, with a warning, where other files have the session that is asked for."""
    found = {org.code for parameters in sets for org in parameters.clearing_orgs}
    warnings = []
    for refused in refusals:
        if refused.organisations and refused.organisations <= found:
            warnings += [replace(problem, severity=Severity.WARNING) for problem in refused.problems]
        else:
            faults.extend(refused)
    return warnings


def _read_file(path: str | Path, session: str | None, cache: bool) -> ParameterSet:
    key = key_of(path, session) if cache else None
    found = None if key is None else load(key, path)
    if found is not None:
        return found
    parameters = _parse_file(path, session)
    if key is not None:
        store(key, parameters)
    return parameters


def _parse_file(path: str | Path, session: str | None) -> ParameterSet:
    source = open_source(path, suffixes=_SUFFIXES)
    known = formats()
    for module in known.values():
        if module.recognise(source):
            return module.read(source, session)
    root = root_name(source.content)
    found = f"an XML document with root element <{root}>" if root else f"its first bytes are {source.content[:40]!r}"
    raise InputRefused(
        [
            Problem(
                Reason.UNKNOWN_FORMAT,
                f"{source.name} is in no known risk parameter format ({found}), expected one of: {', '.join(known)}",
                file=source.path,
                attributes={"expected": sorted(known)},
            )
        ]
    )
