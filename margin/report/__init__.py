"""Writes a finished run for a person or a program: one module per format, its name the format's.

A format module has ``render(run, out, presentation)``, which writes bytes to a stream; ``SUFFIXES``, the file
name endings it is known by; and ``IS_BINARY``, whether a terminal cannot show it. Nothing registers a format:
the modules of this folder are the formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from margin.model.run import MarginRun

DEFAULT_FORMAT = "table"

DETAILED_ACCOUNTS = 5
"""For how many accounts a report for people goes into detail, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a report for people may use of its medium; formats for programs do not depend on it.

    Attributes:
        width: Characters per line.
        color: Whether terminal colours may be used.
        encoding: Of the text; characters it does not have are replaced by plain ones.
        detailed_accounts: For how many accounts, largest requirement first, each component is shown.
        is_complete: Whether to show everything, however long it gets.
    """

    width: int = 80
    color: bool = False
    encoding: str = "utf-8"
    detailed_accounts: int = DETAILED_ACCOUNTS
    is_complete: bool = False

    @property
    def unicode(self) -> bool:
        """Whether the encoding has every character."""
        return self.encoding.lower().replace("-", "").replace("_", "").startswith("utf")


class ReportFormat(Protocol):
    """What a module of this folder provides."""

    SUFFIXES: tuple[str, ...]
    IS_BINARY: bool

    def render(self, run: Any, out: BinaryIO, presentation: Presentation) -> None:
        """Write the run, or what the folder's formats are for, to a stream of bytes."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one kind of document: the modules of a folder, each named as its format, ``_`` for ``-``.

    Attributes:
        package: The folder.
        default: The format that is taken where none is named.
        others: Modules of the folder that are no formats but folders of other documents' formats.
    """

    package: str
    default: str
    others: frozenset[str] = frozenset()

    def names(self) -> tuple[str, ...]:
        """Names of all formats, sorted; imports none of them."""
        return _modules_of(self.package, self.others)

    def format(self, name: str) -> ReportFormat:
        """The format of this name.

        Raises:
            ValueError: There is none; the message names those there are.
        """
        if name not in self.names():
            near = get_close_matches(name, self.names(), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"{name!r} is not a format{hint} (formats: {', '.join(self.names())})")
        return cast(ReportFormat, import_module(f"{self.package}.{name.replace('-', '_')}"))

    def for_path(self, path: str | Path) -> str:
        """The format a file name asks for by its ending.

        Raises:
            ValueError: No format has this ending; the message names the endings there are.
        """
        suffix = Path(path).suffix.lower()
        endings = {ending: name for name in self.names() for ending in self.format(name).SUFFIXES}
        if suffix not in endings:
            raise ValueError(f"the ending of {str(path)!r} is not one of {', '.join(sorted(endings))}")
        return endings[suffix]


@cache
def _modules_of(package: str, others: frozenset[str]) -> tuple[str, ...]:
    modules = (module.name for module in iter_modules(import_module(package).__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if name not in others and not name.startswith("_")))


RUN_FORMATS = Formats(
    __name__, DEFAULT_FORMAT, frozenset({"arrays", "explain", "health", "inspect", "scan_range", "validation"})
)
"""Formats of a finished run."""

ARRAY_FORMATS = Formats(f"{__name__}.arrays", "table")
"""Formats of risk arrays, besides those of parameter files."""

EXPLANATION_FORMATS = Formats(f"{__name__}.explain", "tree")
"""Formats of the explanation of an account."""

HEALTH_FORMATS = Formats(f"{__name__}.health", "table")
"""Formats of the health of accounts."""

INSPECTION_FORMATS = Formats(f"{__name__}.inspect", "table")
"""Formats of what a file holds, or of what changed between two."""

SCAN_RANGE_FORMATS = Formats(f"{__name__}.scan_range", "yaml")
"""Formats of price scan ranges from history."""

VALIDATION_FORMATS = Formats(f"{__name__}.validation", "text")
"""Formats of what was found in files."""


def format_names() -> tuple[str, ...]:
    """Names of a run's formats, sorted; imports none of them."""
    return RUN_FORMATS.names()


def report_format(name: str) -> ReportFormat:
    """A run's format of this name.

    Raises:
        ValueError: There is none; the message names those there are.
    """
    return RUN_FORMATS.format(name)


def format_for(path: str | Path) -> str:
    """The run's format a file name asks for by its ending.

    Raises:
        ValueError: No format has this ending; the message names the endings there are.
    """
    return RUN_FORMATS.for_path(path)


def render(run: MarginRun, format: str, out: BinaryIO, presentation: Presentation | None = None) -> None:  # noqa: A002  the option's name
    """Write a run in a format to a stream of bytes.

    Raises:
        ValueError: There is no such format.
    """
    report_format(format).render(run, out, presentation or Presentation())
