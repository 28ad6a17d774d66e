"""What a reading of one file has found so far: its faults and warnings."""

from __future__ import annotations

from typing import Any

from margin.model.problem import Faults, Problem, Reason, Severity
from margin.read.parameters._pa2.layout import Field

ADVICE = "correct the line, or get the file again from the clearing house"
_LONGEST_SHOWN = 80


class Reading:
    """Collects what is wrong with one file while it is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.faults = Faults(path)
        self.warnings: list[Problem] = []

    def warn(self, reason: Reason, message: str, *, line: int | None = None, **attributes: Any) -> None:
        """Record a warning: something that does not keep any figure from being computed."""
        self.warnings.append(
            Problem(reason, message, Severity.WARNING, file=self.path, line=line, attributes=attributes)
        )

    def invalid(self, record: str, field: Field, line: int, found: str, expected: str) -> None:
        """Record a field that does not hold what it must."""
        self._fault(Reason.INVALID_VALUE, record, field, line, f"found {shown(found)}", found, expected)

    def missing(self, record: str, field: Field, line: int, expected: str) -> None:
        """Record a field that is blank and must not be."""
        self._fault(Reason.MISSING_FIELD, record, field, line, "found blanks", "", expected)

    def contradiction(self, record: str, line: int, message: str, **attributes: Any) -> None:
        """Record a record that does not agree with another, or with itself."""
        self.faults.add(Reason.INVALID_VALUE, f"record {record}: {message}; {ADVICE}", line=line, **attributes)

    def _fault(
        self, reason: Reason, record: str, field: Field, line: int, words: str, found: str, expected: str
    ) -> None:
        columns = f"columns {field.first}-{field.last}" if field.width > 1 else f"column {field.first}"
        self.faults.add(
            reason,
            f"record {record}, {columns} ({field.name}): {words}, expected {expected}; {ADVICE}",
            line=line,
            column=field.first,
            record=record,
            field=field.name,
            found=found[:_LONGEST_SHOWN],
            expected=expected,
        )


def shown(text: str) -> str:
    """A text of the file as a message quotes it."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]!r}…"


def digits_expected(field: Field) -> str:
    """What a numeric field must hold, in words."""
    sign = ", the first of which may be a minus sign," if field.kind == "locator" else ""
    return f"{field.width} digits{sign} or blanks" if field.width > 1 else "a digit or a blank"
