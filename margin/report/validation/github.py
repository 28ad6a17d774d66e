"""What was found in files as annotations that GitHub shows beside the lines they are about.

Source: GitHub Actions documentation, "Workflow commands for GitHub Actions", ``error`` and ``warning``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from margin.model.problem import Severity

if TYPE_CHECKING:
    from margin.model.problem import Problem
    from margin.report import Presentation
    from margin.views.validate import Validation

SUFFIXES = ()
IS_BINARY = False

_IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}


def render(validation: Validation, out: BinaryIO, presentation: Presentation) -> None:
    """Write one line per problem; files without any are not mentioned."""
    for file in validation.files:
        lines = [_annotation(problem, file.path) for problem in file.problems]
        if file.unlisted:
            more = _escaped(f"... and {file.unlisted:,} more", _IN_MESSAGES)
            lines.append(f"::error file={_escaped(file.path, _IN_PROPERTIES)}::{more}")
        out.writelines((line + "\n").encode("utf-8", "backslashreplace") for line in lines)


def _annotation(problem: Problem, path: str) -> str:
    command = "warning" if problem.severity is Severity.WARNING else "error"
    properties = {
        "file": problem.file or path,
        "line": problem.line,
        "col": problem.column,
        "title": str(problem.reason).replace("_", " "),
    }
    said = ",".join(
        f"{name}={_escaped(str(value), _IN_PROPERTIES)}" for name, value in properties.items() if value is not None
    )
    return f"::{command} {said}::{_escaped(problem.message, _IN_MESSAGES)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
