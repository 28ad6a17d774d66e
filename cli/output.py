"""Where reports go: standard output, or files that are replaced only once they are complete."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import typer

from cli.console import ColorChoice, Console, wants_color
from margin.files import replaced
from margin.model.problem import InputRefused
from margin.report import RUN_FORMATS, Formats, Presentation, ReportFormat

STANDARD_OUTPUT = "-"
DEFAULT_WIDTH = 80

_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Destination:
    """One report: its format, and its file or ``-`` for standard output."""

    format: str
    path: str

    @property
    def is_standard_output(self) -> bool:
        """Whether it goes to standard output."""
        return self.path == STANDARD_OUTPUT


def destinations(
    format_name: str | None,
    output: str | None,
    reports: Iterable[str],
    inputs: Sequence[Path],
    formats: Formats = RUN_FORMATS,
) -> tuple[Destination, ...]:
    """What is to be written where, refused before anything is computed if it cannot be.

    Args:
        format_name: ``--format``; without it the ending of `output` tells.
        output: ``--output``; without it the first report goes to standard output.
        reports: ``--report`` values, ``FORMAT=FILE``.
        inputs: Files that are read and must not be written.
        formats: The formats there are.

    Raises:
        typer.BadParameter: A format or ending is unknown, a folder does not exist, a file is named twice or
            is an input, or a binary format would go to a terminal.
    """
    planned = [_first(format_name, output, formats), *(_further(report, formats) for report in reports)]
    seen: dict[str, str] = {os.path.realpath(path): "is also an input" for path in inputs if str(path) != "-"}
    for destination in planned:
        place = destination.path if destination.is_standard_output else os.path.realpath(destination.path)
        if place in seen:
            raise typer.BadParameter(f"{destination.path!r} {seen[place]}; name another file for the report")
        seen[place] = "is named for two reports"
        _require_writable(destination, formats)
    return tuple(planned)


def write_reports(
    subject: Any,
    planned: Iterable[Destination],
    console: Console,
    presentation: Presentation,
    formats: Formats = RUN_FORMATS,
) -> bool:
    """Write every report, files first; one that cannot be written does not keep back the others.

    Args:
        subject: What the reports are of: a run, or what `formats` are for.
        planned: What is to be written where.
        console: Says what cannot be written.
        presentation: What to show; width, colours and encoding come from each medium.
        formats: The formats there are.

    Returns:
        Whether all were written. A reader that closed the pipe early has what it wanted.
    """
    is_complete = True
    for destination in sorted(planned, key=lambda item: item.is_standard_output):
        try:
            if destination.is_standard_output:
                _write_standard_output(subject, formats.format(destination.format), console.color, presentation)
            else:
                color = console.color is ColorChoice.ALWAYS
                on_file = replace(presentation, width=DEFAULT_WIDTH, color=color)
                with replaced(Path(destination.path)) as out:
                    formats.format(destination.format).render(subject, out, on_file)
        except OSError as error:
            console.error(f"cannot write {_name(destination)}: {error.strerror or error}")
            is_complete = False
        except InputRefused as refused:
            console.problems(refused.problems, refused.total, is_refusal=True)
            console.error(f"cannot write {_name(destination)}: {destination.format} cannot say this")
            is_complete = False
    return is_complete


def _name(destination: Destination) -> str:
    return "standard output" if destination.is_standard_output else destination.path


def discard_standard_output() -> None:
    """Send what is still buffered for standard output nowhere, so that closing it cannot fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _first(format_name: str | None, output: str | None, formats: Formats) -> Destination:
    path = STANDARD_OUTPUT if output is None else output
    if format_name is None and path != STANDARD_OUTPUT:
        try:
            format_name = formats.for_path(path)
        except ValueError as error:
            raise typer.BadParameter(f"{error}; say the format with --format") from error
    return Destination(format_name or formats.default, path)


def _further(report: str, formats: Formats) -> Destination:
    name, separator, path = report.partition("=")
    if not separator or not name or not path:
        example = "json=run.json"
        raise typer.BadParameter(f"--report {report!r} is not of the form FORMAT=FILE, such as {example}")
    if name not in formats.names():
        try:
            formats.format(name)
        except ValueError as error:
            raise typer.BadParameter(f"--report {report!r}: {error}") from error
    return Destination(name, path)


def _require_writable(destination: Destination, formats: Formats) -> None:
    if destination.is_standard_output:
        if formats.format(destination.format).IS_BINARY and sys.stdout is not None and sys.stdout.isatty():
            raise typer.BadParameter(
                f"{destination.format} is not for terminals; write it to a file with --output FILE"
            )
        return
    path = Path(destination.path)
    if path.is_dir():
        raise typer.BadParameter(f"{destination.path!r} is a folder; name a file inside it")
    if not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"the folder of {destination.path!r} does not exist; create it first")


def _write_standard_output(
    subject: Any, report_format: ReportFormat, color: ColorChoice, presentation: Presentation
) -> None:
    if sys.stdout is None:
        raise OSError("it is closed")
    on_screen = replace(
        presentation,
        width=shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns,
        color=wants_color(color, sys.stdout),
        encoding=sys.stdout.encoding or "utf-8",
    )
    with standard_output() as out:
        report_format.render(subject, out, on_screen)


@contextlib.contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """A stream of bytes to standard output; that its reader closed the pipe early ends the block and is no error.

    Raises:
        OSError: It is closed, or cannot be written for another reason.
    """
    if sys.stdout is None:
        raise OSError("it is closed")
    out = _StandardOutput(sys.stdout.buffer)
    try:
        sys.stdout.flush()
        with io.BufferedWriter(out, _BUFFER_BYTES) as buffered:
            yield buffered
    except Exception:
        discard_standard_output()
        if not out.is_broken:
            raise


class _StandardOutput(io.RawIOBase):
    """Standard output without its file descriptor, which some writers would write to behind Python's back.

    Attributes:
        is_broken: Whether the reader has closed the pipe; not every writer passes that error on as it is.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.is_broken = False

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        try:
            self._stream.write(content)
            self._stream.flush()
        except BrokenPipeError:
            self.is_broken = True
            raise
        return memoryview(content).nbytes
