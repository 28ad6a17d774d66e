"""What is wrong with an input, as a value: reason, place, what was found, what to try.

Faults of data are collected as `Problem` values so that one bad row never hides the next ten thousand;
`InputRefused` carries all of them at once when nothing can be computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

LISTED_PROBLEMS = 1_000
"""How many problems a report lists; all of them are counted."""

LONGEST_TEXT = 2_000
"""Characters of a message, or of a text beside it, at most: an input may hold a word of a million."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Reason(StrEnum):
    """Why something is a problem; scripts match on these words."""

    UNREADABLE = "unreadable"
    UNKNOWN_FORMAT = "unknown_format"
    HOSTILE_CONTENT = "hostile_content"
    SYNTAX = "syntax"
    MISSING_FIELD = "missing_field"
    INVALID_VALUE = "invalid_value"
    WRONG_LENGTH = "wrong_length"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_NAME = "unknown_name"
    UNKNOWN_ACCOUNT_TYPE = "unknown_account_type"
    UNKNOWN_CONTRACT = "unknown_contract"
    AMBIGUOUS_CONTRACT = "ambiguous_contract"
    NET_POSITION_IN_GROSS_ACCOUNT = "net_position_in_gross_account"
    UNSUPPORTED_RULE = "unsupported_rule"
    MISSING_RATE = "missing_rate"
    MISSING_CONVERSION = "missing_conversion"
    MISSING_LOT_SIZE = "missing_lot_size"
    ASSUMED_ACCOUNT_TYPE = "assumed_account_type"
    DATE_MISMATCH = "date_mismatch"


class Severity(StrEnum):
    """How bad a problem is: an error leaves a figure out, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one input.

    Attributes:
        reason: Why, one of `Reason`.
        message: One plain sentence: what was found, what was expected, what to try.
        severity: `Severity.ERROR` or `Severity.WARNING`.
        file: Path of the input as the user named it, ``-`` for standard input.
        line: Line in the file, 1-based.
        column: Column in the line, 1-based (text formats that know it).
        account: The account concerned, where one is.
        attributes: Machine-readable details (``found``, ``expected``, ``hint``, element paths…).
    """

    reason: Reason
    message: str
    severity: Severity = Severity.ERROR
    file: str | None = None
    line: int | None = None
    column: int | None = None
    account: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        # Whatever words of an input are quoted, a report of its faults stays one that can be read.
        if len(self.message) > LONGEST_TEXT:
            object.__setattr__(self, "message", _cut(self.message))
        if any(isinstance(value, str) and len(value) > LONGEST_TEXT for value in self.attributes.values()):
            shortened = {
                name: _cut(value) if isinstance(value, str) else value for name, value in self.attributes.items()
            }
            object.__setattr__(self, "attributes", shortened)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.message}" if place else self.message

    def to_dict(self) -> dict[str, Any]:
        """The problem as the JSON report shows it."""
        return {
            "reason": str(self.reason),
            "severity": str(self.severity),
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "account": self.account,
            "attributes": dict(self.attributes),
        }


def _cut(text: str) -> str:
    """A text without its middle, if it is too long: what was found stands at one end, what to try at the other."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2 - 1
    return f"{text[:half]}…{text[-half:]}"


class InputRefused(Exception):
    """An input cannot be used: nothing was computed, and `problems` says everything that is wrong.

    Attributes:
        problems: The first `LISTED_PROBLEMS` problems, in the order of the input.
        total: How many there are in all.
    """

    def __init__(self, problems: Iterable[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        unlisted = self.total - len(self.problems)
        lines = [str(problem) for problem in self.problems]
        if unlisted:
            lines.append(f"... and {unlisted:,} more")
        super().__init__("\n".join(lines))


class Faults:
    """Collects the faults of an input: all counted, the first `LISTED_PROBLEMS` kept."""

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.total = 0

    def __bool__(self) -> bool:
        return self.total > 0

    def add(
        self,
        reason: Reason,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        **attributes: Any,
    ) -> None:
        """Record one fault of this file."""
        self.total += 1
        if len(self.problems) < LISTED_PROBLEMS:
            self.problems.append(
                Problem(reason, message, file=self.file, line=line, column=column, attributes=attributes)
            )

    def count_unlisted(self, number: int) -> None:
        """Count faults that are known to exist but are too many to describe."""
        self.total += number

    def extend(self, refused: InputRefused) -> None:
        """Take over the faults another reader found."""
        self.total += refused.total
        self.problems.extend(refused.problems[: max(0, LISTED_PROBLEMS - len(self.problems))])

    def refuse_if_any(self) -> None:
        """Raise `InputRefused` with everything found, if anything was."""
        if self.total:
            raise InputRefused(self.problems, self.total)
