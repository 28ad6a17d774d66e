"""Formats that risk parameters are written in: one module per format, its name the format's."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from margin.model.parameters import ParameterSet
from margin.write.written import Written


class ParameterWriter(Protocol):
    """What each format module of this folder offers."""

    TITLE: str
    SUFFIXES: tuple[str, ...]

    def write(self, parameters: ParameterSet) -> Written:
        """The risk parameters in this format.

        Raises:
            InputRefused: With everything that the format cannot say.
        """


def format_names() -> tuple[str, ...]:
    """Names of all formats, sorted; imports none of them."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if not name.startswith("_")))


def writer(name: str) -> ParameterWriter:
    """The writer of the format of this name, one of `format_names`."""
    return cast(ParameterWriter, import_module(f"{__name__}.{name}"))
