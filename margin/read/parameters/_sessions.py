"""Which of a file's points in time is read, for every format that has any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from margin.model.problem import InputRefused, Problem, Reason
from margin.model.session import PointInTime, SessionKind, newest, parse_session


class MissingSessionError(InputRefused):
    """A file does not hold the session that is asked for.

    Attributes:
        organisations: Codes of the file's clearing organisations; empty where another file cannot stand in.
    """

    def __init__(self, problem: Problem, organisations: Iterable[str]) -> None:
        super().__init__([problem])
        self.organisations = frozenset(organisations)


def require_session(point: PointInTime, session: str | None, organisation: str, file: str) -> None:
    """Refuse a file whose only point in time is not the one that is asked for.

    Args:
        point: The file's only point in time.
        session: ``settlement``, ``intraday`` or a number in text; `None` for any.
        organisation: Code of its clearing organisation.
        file: The file, as the user named it.

    Raises:
        MissingSessionError: It is another one.
    """
    asked = parse_session(session)
    if asked in (None, point.kind, 1):
        return
    raise missing_session([point], asked, [organisation], file)


def missing_session(
    points: Sequence[PointInTime], asked: SessionKind | int | None, organisations: Sequence[str], file: str
) -> MissingSessionError:
    """The refusal of a file that has only other points in time.

    Args:
        points: Those it has.
        asked: What is asked for.
        organisations: Codes of all its clearing organisations.
        file: The file, as the user named it.
    """
    wanted = f"point in time {asked} of the file" if isinstance(asked, int) else f"the {asked} session"
    message = (
        f"{wanted} is asked for, but the file has only {listed(points)}; give the file of that session, "
        "or ask for another with --session"
    )
    problem = Problem(Reason.UNKNOWN_NAME, message, file=file, attributes={"found": listed(points), "expected": asked})
    return MissingSessionError(problem, () if isinstance(asked, int) else organisations)


def listed(points: Sequence[PointInTime]) -> str:
    """Points in time with the numbers by which they are chosen."""
    return "; ".join(f"{point.number}: {point}" for point in points)


def chosen(points: Sequence[PointInTime], asked: SessionKind | None) -> PointInTime | None:
    """The one of several points in time of a clearing organisation that is meant; `None` if that is open.

    Args:
        points: Those of the kind that is asked for, or all.
        asked: Without it only a single settlement decides. Of several settlements of one day, and of several
            intraday ones, the newest is meant.
    """
    if len(points) == 1:
        return points[0]
    if asked is None:
        settlements = [point for point in points if point.is_settlement]
        return settlements[0] if len(settlements) == 1 else None
    if asked == "intraday":
        last = max(point.date for point in points)
        points = [point for point in points if point.date == last]
    return newest(points)
