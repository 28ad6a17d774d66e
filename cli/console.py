"""What is said beside the payload, all of it on standard error, and where colours are allowed.

Payload goes to standard output and nowhere else. Problems that left a figure out are always said; warnings and
the summary not with ``--quiet``; details only with ``--verbose``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from margin.model.problem import Problem

LISTED_PROBLEMS = 20

_COLORS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}
_PLAIN = "\x1b[0m"


class Verbosity(StrEnum):
    """How much is said."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


class ColorChoice(StrEnum):
    """When output is coloured; ``auto`` looks at the stream and the environment."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass
class Console:
    """Says things on standard error."""

    verbosity: Verbosity = Verbosity.NORMAL
    color: ColorChoice = ColorChoice.AUTO

    @property
    def is_verbose(self) -> bool:
        """Whether details are wanted."""
        return self.verbosity is Verbosity.VERBOSE

    def error(self, message: str) -> None:
        """Say what went wrong; always."""
        self._say("error", message)

    def note(self, message: str) -> None:
        """Say how it went; not when quiet."""
        if self.verbosity is not Verbosity.QUIET:
            self._write(message)

    def detail(self, message: str) -> None:
        """Say more; only when verbose."""
        if self.is_verbose:
            self._write(message)

    def problems(self, problems: Iterable[Problem], total: int | None = None, *, is_refusal: bool = False) -> None:
        """List problems, one a line.

        Args:
            problems: What was found.
            total: How many there are, where `problems` are only the first of them.
            is_refusal: Nothing could be computed because of them, so that all are listed.
        """
        found = list(problems)
        heard = [p for p in found if self.verbosity is not Verbosity.QUIET or p.severity == "error"]
        listed = heard if self.is_verbose or is_refusal else heard[:LISTED_PROBLEMS]
        for problem in listed:
            self._say(str(problem.severity), str(problem))
        unlisted = len(heard) - len(listed)
        if unlisted:
            self._write(f"... and {unlisted:,} more; --verbose and a JSON report list all of them")
        if total is not None and total > len(found):
            self._write(f"... and {total - len(found):,} more")

    def _say(self, word: str, message: str) -> None:
        if wants_color(self.color, sys.stderr):
            self._write(f"{_COLORS[word]}{word}:{_PLAIN} {printable(message)}", is_safe=True)
        else:
            self._write(f"{word}: {message}")

    def _write(self, message: str, *, is_safe: bool = False) -> None:
        # Whoever closed standard error does not want to hear that it is closed.
        with contextlib.suppress(OSError, ValueError):
            print(message if is_safe else printable(message), file=sys.stderr)  # noqa: T201  the one place


class _Notes(logging.Handler):
    """Passes what the library notes on to a console, which says it when verbose."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Say one note."""
        self._console.detail(record.getMessage())


def hear_library(console: Console) -> None:
    """Let a console say what the library notes beside its results, such as what it found in its cache."""
    logger = logging.getLogger("margin")
    logger.setLevel(logging.INFO)
    logger.handlers = [_Notes(console)]


def printable(text: str) -> str:
    """The text without anything that would steer a terminal; line breaks stay."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


def wants_color(choice: ColorChoice, stream: IO[str] | None) -> bool:
    """Whether to colour a stream.

    The option decides; with ``auto``, ``NO_COLOR`` then ``FORCE_COLOR`` (set and not empty), then whether the
    stream is a terminal that is not ``dumb``.
    """
    if choice is not ColorChoice.AUTO:
        return choice is ColorChoice.ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
