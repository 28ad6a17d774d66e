"""Which points in time and clearing organisations of a SPAN XML file are read."""

from __future__ import annotations

from margin.model.problem import Reason
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.reading import Reading

Session = tuple[Element, Element]
"""A point in time and one of its clearing organisations or business functions."""


def choose_sessions(root: Element, reading: Reading) -> list[Session]:
    """One point in time for each clearing organisation; several that could be meant are a fault.

    Where a file has several for the same organisation, the only settlement among them is taken, with a warning.
    """
    by_org: dict[str, list[Session]] = {}
    for point_in_time in root.all("pointInTime"):
        for org in point_in_time.all("clearingOrg"):
            by_org.setdefault(org.text_of("ec"), []).append((point_in_time, org))
    if not by_org:
        reading.faults.add(
            Reason.MISSING_FIELD,
            "the file has no pointInTime with a clearingOrg, expected at least one; it holds no risk parameters",
            line=root.line,
        )
    return [_choose(org, sessions, reading) for org, sessions in by_org.items()]


def business_functions_of(sessions: list[Session]) -> list[Session]:
    """The business functions of the points in time that are read, in the order of the file."""
    points = {point_in_time.row: point_in_time for point_in_time, _ in sessions}
    return [(point, function) for _, point in sorted(points.items()) for function in point.all("businessFunction")]


def _choose(org: str, sessions: list[Session], reading: Reading) -> Session:
    settlements = [session for session in sessions if session[0].text_of("isSetl") in ("1", "true")]
    if len(sessions) == 1:
        return sessions[0]
    listed = "; ".join(_describe(session) for session in sessions)
    if len(settlements) == 1:
        reading.warn(
            Reason.DUPLICATE_KEY,
            f"the file has {len(sessions)} points in time of clearing organisation {org} ({listed}); "
            "the only settlement is used",
            line=sessions[0][0].line,
        )
        return settlements[0]
    reading.faults.add(
        Reason.DUPLICATE_KEY,
        f"the file has {len(sessions)} points in time of clearing organisation {org} ({listed}), expected one, "
        "or one settlement among them; split the file or remove the others",
        line=sessions[1][1].line,
        found=len(sessions),
    )
    return sessions[0]


def _describe(session: Session) -> str:
    point_in_time = session[0]
    kind = "settlement" if point_in_time.text_of("isSetl") in ("1", "true") else "intraday"
    words = [point_in_time.text_of("date"), kind]
    words += [point_in_time.text_of(name) for name in ("setlQualifier", "time", "run")]
    return f"line {point_in_time.line}: " + " ".join(word for word in words if word)
