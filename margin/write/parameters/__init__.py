"""Formats that risk parameters are written in: one module per format, its name the format's."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from margin.model.parameters import ParameterSet
from margin.model.problem import Problem, Reason, Severity
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


def left_out(parameters: ParameterSet) -> tuple[Problem, ...]:
    """Warnings of what no format of parameter files says: how arrays follow from market data, once they do."""
    if parameters.pricing is None or parameters.pricing_rules is None:
        return ()
    message = (
        "the risk arrays are written as derived; the models and scan ranges that they follow from are not, "
        "so that --market derives no others from the file: keep the house configuration for that"
    )
    return (Problem(Reason.INVALID_VALUE, message, Severity.WARNING),)


def format_names() -> tuple[str, ...]:
    """Names of all formats, sorted; imports none of them."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if not name.startswith("_")))


def writer(name: str) -> ParameterWriter:
    """The writer of the format of this name, one of `format_names`."""
    return cast(ParameterWriter, import_module(f"{__name__}.{name}"))
