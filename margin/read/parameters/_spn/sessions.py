"""Which points in time and clearing organisations of a SPAN XML file are read."""

from __future__ import annotations

from margin.model.problem import Reason
from margin.model.session import PointInTime, SessionKind, parse_session
from margin.read.parameters._sessions import chosen, listed, missing_session
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.reading import FLAGS, Fields, Reading

Session = tuple[Element, Element]
"""A point in time and one of its clearing organisations or business functions."""


def choose_sessions(root: Element, reading: Reading, session: str | None = None) -> list[Session]:
    """One point in time for each clearing organisation; several that could be meant are a fault.

    Args:
        root: The document.
        reading: Takes faults and warnings.
        session: ``settlement``, ``intraday``, or the number of a point in time in the order of the file. Without
            it the only point in time is meant, or the only settlement, with a warning.

    Raises:
        MissingSessionError: A clearing organisation has no such session.
    """
    asked = parse_session(session)
    numbered = list(enumerate(root.all("pointInTime"), 1))
    by_org: dict[str, list[tuple[int, Session]]] = {}
    for number, point_in_time in numbered:
        for org in point_in_time.all("clearingOrg"):
            sessions = by_org.setdefault(org.text_of("ec"), [])
            if sessions and sessions[-1][0] == number:
                label = f"pointInTime {point_in_time.text_of('date')}"
                Fields(reading, point_in_time, label).duplicate(org, f"clearingOrg {org.text_of('ec')}")
            else:
                sessions.append((number, (point_in_time, org)))
    if not by_org:
        reading.faults.add(
            Reason.MISSING_FIELD,
            "the file has no pointInTime with a clearingOrg, expected at least one; it holds no risk parameters",
            line=root.line,
        )
        return []
    if isinstance(asked, int):
        return _numbered(asked, [point for _, point in numbered], by_org, reading)
    for sessions in by_org.values():
        points = [_point(number, session[0]) for number, session in sessions]
        if asked and asked not in [point.kind for point in points]:
            raise missing_session(points, asked, list(by_org), reading.path)
    return [_choose(org, sessions, asked, reading) for org, sessions in by_org.items()]


def business_functions_of(sessions: list[Session]) -> list[Session]:
    """The business functions of the points in time that are read, in the order of the file."""
    points = {point_in_time.row: point_in_time for point_in_time, _ in sessions}
    return [(point, function) for _, point in sorted(points.items()) for function in point.all("businessFunction")]


def _numbered(
    number: int, points: list[Element], by_org: dict[str, list[tuple[int, Session]]], reading: Reading
) -> list[Session]:
    """All of one point in time; clearing organisations that stand in others only are left out, with a warning."""
    if number > len(points):
        raise missing_session([_point(i, point) for i, point in enumerate(points, 1)], number, [], reading.path)
    read = [session for sessions in by_org.values() for at, session in sessions if at == number]
    elsewhere = [org for org, sessions in by_org.items() if number not in [at for at, _ in sessions]]
    if not read:
        reading.faults.add(
            Reason.MISSING_FIELD,
            f"point in time {number}, which is asked for, has no clearingOrg; ask for another with --session",
            line=points[number - 1].line,
        )
    elif elsewhere:
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"clearing organisation {', '.join(elsewhere)} is not in point in time {number}, which is asked for, "
            "but in others; its parameters are not read",
            line=points[number - 1].line,
            found=elsewhere,
        )
    return read


def _choose(org: str, sessions: list[tuple[int, Session]], asked: SessionKind | None, reading: Reading) -> Session:
    points = [_point(number, session[0]) for number, session in sessions]
    wanted = [point for point in points if asked in (None, point.kind)]
    point = chosen(wanted, asked)
    by_number = dict(sessions)
    several = f"the file has {len(points)} points in time of clearing organisation {org} ({listed(points)})"
    if point is None:
        open_question = (
            f"which {asked} is meant cannot be told" if asked else "expected one, or one settlement among them"
        )
        reading.faults.add(
            Reason.DUPLICATE_KEY,
            f"{several}, {open_question}; choose one with --session {points[0].number} and so on"
            + ("" if asked else ", --session settlement or --session intraday"),
            line=sessions[1][1][0].line,
            found=len(points),
        )
        return sessions[0][1]
    if len(points) > 1 and len(wanted if asked else points) > 1:
        why = f"the newest {asked}" if asked else "the only settlement"
        reading.warn(Reason.DUPLICATE_KEY, f"{several}; {why} is used: {point.number}", line=sessions[0][1][0].line)
    return by_number[point.number]


def _point(number: int, element: Element) -> PointInTime:
    return PointInTime(
        date=element.text_of("date").replace("-", ""),
        is_settlement=bool(FLAGS.get(element.text_of("isSetl"))),
        qualifier=element.text_of("setlQualifier") or None,
        time=element.text_of("time") or None,
        run=element.text_of("run") or None,
        number=number,
    )
