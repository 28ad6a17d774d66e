"""Periods as months with a day or week code."""

from __future__ import annotations

import re

from margin.write.parameters._pa2.limits import OTHER_FORMAT, Limits

PERIOD = r"[0-9]{4}(0[1-9]|1[0-2])([0-2][0-9]|3[01]|[A-Z][A-Z0-9]|[0-9][A-Z])?"
"""A period that records can hold: CCYYMM, and where there is one a day of the month or a code such as ``W1``."""

_PERIOD = re.compile(PERIOD)


def split_period(period: str, element: str, limits: Limits, line: int | None = None) -> tuple[str, str]:
    """Month and day code of a period; one that has other parts is refused."""
    if not _PERIOD.fullmatch(period):
        limits.refuse(
            element, period, "a period is a month and a code of two characters, such as 202606 or 202606W1",
            f"take it out, {OTHER_FORMAT}", line=line,
        )  # fmt: skip
        return "", ""
    return period[:6], period[6:]
