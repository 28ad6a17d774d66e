"""Points in time of a clearing organisation: which one of a file is meant, and which of two is the newer revision."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

SessionKind = Literal["settlement", "intraday"]
SESSION_KINDS: tuple[SessionKind, ...] = ("settlement", "intraday")

_NUMBER = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_CLOCK = re.compile(r"(\d\d):?(\d\d)(?::?(\d\d))?", re.ASCII)
_CREATED = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[T ]?(\d\d):?(\d\d)(?::?(\d\d))?", re.ASCII)
_RUN = re.compile(r"(\d{1,9})", re.ASCII)
_QUALIFIERS = {"early": 0, "complete": 1, "final": 1}
"""What comes first of the settlements of a day; no public source says whether complete or final does."""


def parse_session(text: str | None) -> SessionKind | int | None:
    """Which point in time of a file is asked for.

    Args:
        text: ``settlement``, ``intraday``, or a number: 1 for the first point in time of the file; `None` for the
            format's own choice.

    Raises:
        ValueError: It is none of these.
    """
    if text is None:
        return None
    for kind in SESSION_KINDS:
        if text == kind:
            return kind
    if _NUMBER.fullmatch(text):
        return int(text)
    raise ValueError(f"{text!r} is not a session; expected settlement, intraday or a number from 1")


@dataclass(frozen=True, slots=True)
class PointInTime:
    """When parameters were made, in the file's own words.

    Attributes:
        date: Business date.
        is_settlement: Settlement or intraday.
        qualifier: Of a settlement: ``early``, ``complete`` or ``final``.
        time: Time of the day.
        run: Number of the run.
        created: When the file was made.
        number: Its place in the file, from 1.
    """

    date: str
    is_settlement: bool
    qualifier: str | None = None
    time: str | None = None
    run: str | None = None
    created: str | None = None
    number: int = 1

    @property
    def kind(self) -> SessionKind:
        """``settlement`` or ``intraday``."""
        return "settlement" if self.is_settlement else "intraday"

    def __str__(self) -> str:
        words = [self.date, self.kind, self.qualifier, self.time, self.run and f"run {self.run}"]
        return " ".join(word for word in words if word)

    def newer_by(self, other: PointInTime) -> str | None:
        """Which marks make this the newer of two revisions of one session.

        Both must be of one business date and kind. Where both state a mark that can be compared, and it differs,
        it must say newer; a mark that says older leaves the question open. Marks are, in the order of the answer:
        qualifier (early before the others), time, run, creation.

        Returns:
            The marks in words (``run 2 after run 1``), or `None` if this is not known to be newer.
        """
        if (self.date, self.is_settlement) != (other.date, other.is_settlement):
            return None
        said = []
        for label, name, read in _MARKS:
            own, others = getattr(self, name), getattr(other, name)
            newer, older = read(own), read(others)
            if newer is None or older is None or newer == older:
                continue
            if newer < older:
                return None
            said.append(f"{label}{own} after {others}")
        return ", ".join(said) or None


def _qualifier(text: str | None) -> tuple[int, ...] | None:
    place = _QUALIFIERS.get((text or "").lower())
    return None if place is None else (place,)


def _numbers(pattern: re.Pattern[str]) -> Callable[[str | None], tuple[int, ...] | None]:
    def read(text: str | None) -> tuple[int, ...] | None:
        match = pattern.fullmatch(text or "")
        return tuple(int(part or 0) for part in match.groups()) if match else None

    return read


_MARKS: tuple[tuple[str, str, Callable[[str | None], tuple[int, ...] | None]], ...] = (
    ("", "qualifier", _qualifier),
    ("time ", "time", _numbers(_CLOCK)),
    ("run ", "run", _numbers(_RUN)),
    ("created ", "created", _numbers(_CREATED)),
)


def newest(points: Sequence[PointInTime]) -> PointInTime | None:
    """The point in time that is a newer revision than every other; `None` where that cannot be told."""
    for point in points:
        if all(point is other or point.newer_by(other) for other in points):
            return point
    return None
