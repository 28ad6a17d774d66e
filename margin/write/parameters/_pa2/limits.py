"""What the format cannot say, what it says less exactly and what it has no place for, collected while writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from margin.model.problem import Faults, Problem, Reason, Severity

WRITE_ANOTHER = "write a format that has room for it"
OTHER_FORMAT = f"or {WRITE_ANOTHER}"


@dataclass
class _Difference:
    """How far some figures of one kind are from what is written."""

    number: int = 0
    largest: float = 0.0
    element: str = ""


class Limits:
    """Collects what a document cannot say; refusals are raised, the rest becomes warnings.

    Attributes:
        file: The file that the parameters came from.
        faults: What cannot be said.
    """

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.faults = Faults(file)
        self._differences: dict[str, _Difference] = {}
        self._left_out: dict[str, int] = {}
        self._codes: set[tuple[str, int]] = set()
        self._notes: list[Problem] = []

    def refuse_code(self, element: str, code: str, width: int, line: int | None) -> None:
        """A code that does not fit, once, however many records name it: another code would be another thing."""
        if (code, width) not in self._codes:
            self._codes.add((code, width))
            self.refuse(
                element,
                code,
                f"it has {width} characters of plain ASCII for it",
                f"give a shorter code, {OTHER_FORMAT}",
                line=line,
            )

    def refuse(
        self,
        element: str,
        found: object,
        why: str,
        hint: str,
        *,
        line: int | None = None,
        number: int = 1,
    ) -> None:
        """Something that would be another figure, or none, if it were left out.

        Args:
            element: Where it stands, as a path of SPAN XML.
            found: What stands there.
            why: What the format has instead, as the rest of a sentence.
            hint: What to do.
            line: Line in the source.
            number: How many places this speaks for; all are counted.
        """
        text = found if isinstance(found, str) else f"{found:g}" if isinstance(found, float) else str(found)
        self.faults.add(
            Reason.UNSUPPORTED_RULE,
            f"{element}: found {text[:80]!r}, which a .pa2 file cannot say: {why}; {hint}",
            line=line,
            element=element,
            found=text[:80],
        )
        self.faults.count_unlisted(number - 1)

    def differ(self, what: str, element: str, difference: float, number: int = 1) -> None:
        """Figures that are written less exactly.

        Args:
            what: Their kind and how they are written; one warning tells all of a kind.
            element: Where the largest difference is.
            difference: The largest difference, not negative.
            number: How many figures differ.
        """
        known = self._differences.setdefault(what, _Difference())
        known.number += number
        if difference > known.largest or not known.element:
            known.largest, known.element = difference, element

    def leave_out(self, what: str, number: int = 1) -> None:
        """Something without a place in the format that no margin figure follows from."""
        self._left_out[what] = self._left_out.get(what, 0) + number

    def note(self, element: str, message: str) -> None:
        """Something without a place in the format that the user must give elsewhere."""
        self._notes.append(self._warning(message, element=element))

    def warnings(self) -> tuple[Problem, ...]:
        """What is to be given elsewhere, one warning per kind of inexact figure, and one for all that is left out."""
        told = [
            self._warning(
                f"{what}: {known.number:,} {'differs' if known.number == 1 else 'differ'} from the source, at most by "
                f"{known.largest:.6g} ({known.element})",
                element=known.element,
                number=known.number,
                largest_difference=known.largest,
            )
            for what, known in self._differences.items()
        ]
        if self._left_out:
            listed = ", ".join(f"{what} ({number:,})" for what, number in self._left_out.items())
            told.append(
                self._warning(f"not written, because the format has no place for it: {listed}", left_out=self._left_out)
            )
        return (*self._notes, *told)

    def _warning(self, message: str, **attributes: Any) -> Problem:
        return Problem(
            Reason.UNSUPPORTED_RULE, message, severity=Severity.WARNING, file=self.file, attributes=attributes
        )
