"""Expiry calendars of the two market shapes, from the business date alone."""

from __future__ import annotations

import datetime as dt
from itertools import count, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TUESDAY, FRIDAY = 1, 4
QUARTER_MONTHS = (3, 6, 9, 12)
ALL_MONTHS = tuple(range(1, 13))
DAYS_PER_YEAR = 365


def years_between(start: dt.date, end: dt.date) -> float:
    """Calendar days over 365, rounded to 6 decimals as files show it."""
    return round((end - start).days / DAYS_PER_YEAR, 6)


def nth_weekday(year: int, month: int, weekday: int, number: int) -> dt.date:
    """The `number`-th such weekday of a month, counted from 1; −1 is the last one."""
    if number > 0:
        first = dt.date(year, month, 1)
        return first + dt.timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    last = following - dt.timedelta(1)
    return last - dt.timedelta((last.weekday() - weekday) % 7)


def _months(start: dt.date) -> Iterator[tuple[int, int]]:
    return ((start.year + i // 12, i % 12 + 1) for i in count(start.month - 1))


def month_end_tuesdays(start: dt.date, number: int) -> list[dt.date]:
    """The next month-end expiries (last Tuesday), the business date included."""
    days = (nth_weekday(year, month, TUESDAY, -1) for year, month in _months(start))
    return list(islice((day for day in days if day >= start), number))


def weekly_tuesdays(start: dt.date, number: int) -> list[dt.date]:
    """The next Tuesdays that are not month-end expiries."""
    first = start + dt.timedelta((TUESDAY - start.weekday()) % 7)
    days = (first + dt.timedelta(7 * i) for i in count())
    return list(islice((day for day in days if day != nth_weekday(day.year, day.month, TUESDAY, -1)), number))


def long_dated_tuesdays(after: dt.date, number: int) -> list[dt.date]:
    """Month-end expiries beyond `after`: four quarterly ones, then June and December only."""
    quarters = (
        (year, month)
        for year, month in _months(after)
        if month in QUARTER_MONTHS and (year, month) > (after.year, after.month)
    )
    chosen: list[dt.date] = []
    for year, month in quarters:
        if len(chosen) == number:
            break
        if len(chosen) < 4 or month in (6, 12):
            chosen.append(nth_weekday(year, month, TUESDAY, -1))
    return chosen


def third_fridays(start: dt.date, months: tuple[int, ...], number: int) -> list[dt.date]:
    """The next third Fridays in the given calendar months, the business date included."""
    days = (nth_weekday(year, month, FRIDAY, 3) for year, month in _months(start) if month in months)
    return list(islice((day for day in days if day >= start), number))


def weekly_fridays(start: dt.date, number: int) -> list[tuple[str, dt.date]]:
    """The next Fridays that are not third ones, with their period code such as ``202607W2``."""
    first = start + dt.timedelta((FRIDAY - start.weekday()) % 7)
    days = (first + dt.timedelta(7 * i) for i in count())
    weeks = ((f"{day:%Y%m}W{(day.day - 1) // 7 + 1}", day) for day in days)
    return list(islice(((code, day) for code, day in weeks if not code.endswith("W3")), number))
