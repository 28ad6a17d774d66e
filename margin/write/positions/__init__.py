"""Formats that positions are written in: one module per format, its name the format's."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from margin.model.position import PositionBook
from margin.write.written import Written


class PositionWriter(Protocol):
    """What each format module of this folder offers."""

    TITLE: str
    SUFFIXES: tuple[str, ...]

    def write(self, positions: PositionBook) -> Written:
        """The positions in this format.

        Raises:
            InputRefused: With everything that the format cannot say.
        """


def format_names() -> tuple[str, ...]:
    """Names of all formats, sorted; imports none of them."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if not name.startswith("_")))


def writer(name: str) -> PositionWriter:
    """The writer of the format of this name, one of `format_names`."""
    return cast(PositionWriter, import_module(f"{__name__}.{name}"))
