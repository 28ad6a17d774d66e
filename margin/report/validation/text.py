"""What was found in files as lines for a person: one per file, and one per problem below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.model.text import shown_text

if TYPE_CHECKING:
    from margin.report import Presentation
    from margin.views.validate import ValidatedFile, Validation

SUFFIXES = (".txt",)
IS_BINARY = False

_COLORS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}
_PLAIN = "\x1b[0m"


def render(validation: Validation, out: BinaryIO, presentation: Presentation) -> None:
    """Write the lines."""
    for file in validation.files:
        for line in _lines(file, presentation):
            out.write((line + "\n").encode(presentation.encoding, "backslashreplace"))


def _lines(file: ValidatedFile, presentation: Presentation) -> list[str]:
    def shown(text: str) -> str:
        return shown_text(text, has_unicode=presentation.unicode)

    counts = [_counted(number, noun) for number, noun in ((file.faults, "fault"), (file.warnings, "warning")) if number]
    about = f" ({file.kind}, {file.format})" if file.kind else ""
    lines = [f"{shown(file.path)}: {', '.join(counts) or 'sound'}{about}"]
    for problem in file.problems:
        word = str(problem.severity)
        if presentation.color:
            word = f"{_COLORS[word]}{word}{_PLAIN}"
        lines.append(f"  {word}: {shown(str(problem))}")
    if file.unlisted:
        lines.append(f"  ... and {_counted(file.unlisted, 'more fault')}")
    return lines


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
