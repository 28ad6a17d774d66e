"""Risk parameter files: one module per format, told apart by content, several files merged into one set."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from margin.model.parameters import ParameterSet
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.read.parameters.merge import merge_parameter_sets
from margin.read.source import Source, open_source

_HELPERS = frozenset({"merge"})
_SUFFIXES = (".spn", ".xml", ".pa2", ".par", ".yaml", ".yml")


class ParameterFormat(Protocol):
    """What each format module of this folder offers."""

    def recognise(self, source: Source) -> bool:
        """Whether the content is of this format."""

    def read(self, source: Source) -> ParameterSet:
        """Read the content, refusing with all its faults."""


def formats() -> dict[str, ParameterFormat]:
    """The format modules by name: every public module of this folder but its helpers."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(__path__)
        if not module.ispkg and not module.name.startswith("_") and module.name not in _HELPERS
    )
    return {name: cast(ParameterFormat, import_module(f"{__name__}.{name}")) for name in names}


def read_parameters(paths: Sequence[str | Path]) -> ParameterSet:
    """Read risk parameter files of any known format and merge them.

    Args:
        paths: Files, plain or compressed; ``-`` for standard input.

    Raises:
        InputRefused: With the faults of all files.
    """
    faults = Faults()
    sets: list[ParameterSet] = []
    if not paths:
        faults.add(Reason.MISSING_FIELD, "no risk parameter file is given, expected at least one")
    for path in paths:
        try:
            sets.append(_read_file(path))
        except InputRefused as refused:
            faults.extend(refused)
    faults.refuse_if_any()
    return merge_parameter_sets(sets)


def _read_file(path: str | Path) -> ParameterSet:
    source = open_source(path, suffixes=_SUFFIXES)
    known = formats()
    for module in known.values():
        if module.recognise(source):
            return module.read(source)
    raise InputRefused(
        [
            Problem(
                Reason.UNKNOWN_FORMAT,
                f"{source.name} is in no known risk parameter format, expected one of: {', '.join(known)}; "
                f"its first bytes are {source.content[:40]!r}",
                file=source.path,
                attributes={"expected": sorted(known)},
            )
        ]
    )
