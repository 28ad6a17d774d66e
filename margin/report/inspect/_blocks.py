"""What a page for people is made of: headings, facts, tables, remarks; and numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

MISSING = "—"
NO_EXPIRY = "no expiry"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the page's."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with one line or several each."""

    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        is_number: Whether it is aligned to the right.
        rank: Where lines are short, the column of the highest rank is left out first; 0 stays.
        may_fold: Whether long cells may be broken into several lines.
        least: How narrow a column that may fold can get.
    """

    title: str
    is_number: bool = False
    rank: int = 0
    may_fold: bool = False
    least: int = 12


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `bars` are drawn beside the rows where there is room, losses to the right."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    bars: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """A paragraph; `severity` is that of a problem."""

    text: str
    severity: str = ""


Block: TypeAlias = Heading | Facts | Table | Remark


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a list is shown.

    Attributes:
        is_complete: Whether all of it is.
    """

    is_complete: bool = False
    _rest: list[int] = field(default_factory=list)

    def of(self, rows: Sequence[Any], most: int) -> Sequence[Any]:
        """The rows to show."""
        return rows if self.is_complete or len(rows) <= most else rows[:most]

    def remark(self, rows: Sequence[Any], most: int, noun: str) -> Iterator[Remark]:
        """What to say of those that are not shown."""
        if len(self.of(rows, most)) < len(rows):
            yield Remark(f"… {len(rows) - most:,} more {noun}; --all and a JSON report show all of them.")


def number(value: float | None) -> str:
    """A number with thousands separators and as many digits as it has, ten at most; a dash where there is none."""
    if value is None:
        return MISSING
    text = f"{value:z,.10g}"
    return text if "e" not in text else f"{value:.6g}"


def number_or_nothing(value: float | None) -> str:
    """A number; nothing where there is none."""
    return "" if value is None else number(value)


def value_text(value: Any) -> str:
    """Any scalar as people read it."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else str(value)


def percent(change: float | None) -> str:
    """A relative change, signed: ``+10.0%``; nothing where there is none."""
    return "" if change is None else f"{change:+z,.2%}"


def counted(amount: int, noun: str) -> str:
    """A count with its noun: ``1 row``, ``2 rows``, ``3 commodities``."""
    if amount == 1:
        return f"1 {noun}"
    return f"{amount:,} {noun[:-1]}ies" if noun.endswith("ty") else f"{amount:,} {noun}s"


def rates_text(rates: dict[str, float]) -> str:
    """Rates by rate id, equal ones together: ``420.88``, ``1,2: 0.75; 3: 0.8``."""
    by_value: dict[float, list[str]] = {}
    for rate_id, rate in rates.items():
        by_value.setdefault(rate, []).append(rate_id)
    if len(by_value) == 1:
        return number(next(iter(by_value)))
    return "; ".join(f"{','.join(ids)}: {number(rate)}" for rate, ids in by_value.items())


RANGE_NAMES = ("price_scan", "volatility_scan")


def range_text(ranges: dict[str, Any], name: str) -> str:
    """A scan range as one cell: money or percent, up and down where they differ; empty where none is stated."""
    parts = []
    for suffix, unit in (("", ""), ("_percent", "%")):
        up, down = ranges[f"{name}{suffix}"], ranges[f"{name}_down{suffix}"]
        if up is None and down is None:
            continue
        both = number(up) if down in (None, up) else f"+{number_or_nothing(up)}/−{number(down)}"
        parts.append(f"{both}{unit}")
    return " or ".join(parts)


def period_span(first: str | None, last: str | None) -> str:
    """From which period to which."""
    return MISSING if first is None else first if first == last else f"{first} to {last}"


def source_facts(sources: Iterable[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """The files that parameters come from."""
    files = dict.fromkeys((s["path"], s["format"], s["sha256"]) for s in sources)
    return [("file", [f"{path}  {format_}  sha256 {digest[:12]}" for path, format_, digest in files])]


def problem_blocks(title: str, problems: Sequence[dict[str, Any]], limits: Limits, most: int = 20) -> Iterator[Block]:
    """A list of problems, errors first; nothing where there are none."""
    if not problems:
        return
    yield Heading(title)
    ordered = sorted(problems, key=lambda problem: problem["severity"] != "error")
    for problem in limits.of(ordered, most):
        place = ":".join(str(part) for part in (problem["file"], problem["line"]) if part is not None)
        yield Remark(f"{place}: {problem['message']}" if place else problem["message"], problem["severity"])
    yield from limits.remark(ordered, most, "problems")
