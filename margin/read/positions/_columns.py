"""Column names of position tables: aliases, duplicates, missing columns and likely misspellings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from margin.model.position import POSITION_SCHEMA
from margin.model.problem import Faults, Problem, Reason, Severity

SIDE = "side"
"""A column beside an unsigned quantity; read, and folded into the sign of the quantity."""

_TAGS = {
    # CME SPAN XML schema, element names of portfolios and positions, also used as CSV headings.
    "acctid": "account",
    "accttype": "account_type",
    "iscust": "is_customer",
    "seg": "segregation",
    "ec": "clearing_org",
    "cc": "commodity",
    "exch": "exchange",
    "pfcode": "product",
    "pftype": "type",
    "pe": "expiry",
    "undpe": "underlying_expiry",
    "o": "right",
    "k": "strike",
    "net": "quantity",
    "date": "business_date",
}
ALIASES = {name: name for name in (*POSITION_SCHEMA, SIDE)} | _TAGS | {"qty": "quantity", "symbol": "contract"}
"""Canonical name by the name a file may use, in lower case."""

IGNORED = frozenset({"issetl"})
"""Columns that are known and say nothing about a position."""

_LISTED_COLUMNS = 40
_LIKELY = 0.6
_ALMOST_CERTAIN = 0.85


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an input.

    Attributes:
        position: Its place in the input, from 0.
        header: Its name in the input, without surrounding blanks.
        target: Its name in the positions frame: canonical, or `header` for an extra column (``column_3`` for a
            third column without a name).
        known: Whether it has a canonical name.
    """

    position: int
    header: str
    target: str
    known: bool


def match_columns(
    headers: Sequence[str], faults: Faults, line: int | None, aliases: Mapping[str, str] = ALIASES
) -> tuple[Column, ...]:
    """Give every column its canonical name; names match whatever their case and surrounding blanks.

    Args:
        headers: Names as the input has them.
        faults: Takes names that occur twice and two columns of one meaning.
        line: Line of the header, where the format has one.
        aliases: Canonical name by the name a file may use, in lower case.

    Returns:
        The columns to read, in the order of the input; of columns that clash only the first.
    """
    columns: list[Column] = []
    taken: dict[str, str] = {}
    for position, raw in enumerate(headers):
        header = raw.strip()
        if header.lower() in IGNORED:
            continue
        target = aliases.get(header.lower(), header) or f"column_{position + 1}"
        if target in taken:
            _add_clash(faults, taken[target], header, target, line)
            continue
        taken[target] = header
        columns.append(Column(position, header, target, header.lower() in aliases))
    return tuple(columns)


def _add_clash(faults: Faults, first: str, second: str, target: str, line: int | None) -> None:
    if first == second:
        message = f"column {second!r} occurs twice; give each column its own name"
    else:
        message = f"columns {first!r} and {second!r} both mean {target!r}; keep one of them, or rename the other"
    faults.add(Reason.DUPLICATE_KEY, message, line=line, found=second, field=target)


def require_columns(columns: Sequence[Column], faults: Faults, line: int | None) -> None:
    """Report the columns that a position table cannot do without."""
    targets = {column.target for column in columns}
    if "account" not in targets:
        _add_missing("account", "account", columns, faults, line)
    if "quantity" not in targets:
        if not {"long", "short"} & targets:
            _add_missing("quantity", "quantity (or long and short)", columns, faults, line)
        for name, other in (("long", "short"), ("short", "long")):
            if other in targets and name not in targets:
                _add_missing(name, f"{name} beside {other}", columns, faults, line)
    if "contract" not in targets and not {"product", "type"} <= targets:
        absent = [name for name in ("product", "type") if name not in targets]
        wanted = "contract (or exchange, product, type, expiry, right, strike)"
        _add_missing(absent[0] if len(absent) == 1 else "contract", wanted, columns, faults, line)


def _add_missing(name: str, wanted: str, columns: Sequence[Column], faults: Faults, line: int | None) -> None:
    headers = [column.header for column in columns]
    listed = ", ".join(repr(header[:60]) for header in headers[:_LISTED_COLUMNS]) or "none"
    if len(headers) > _LISTED_COLUMNS:
        listed += f" and {len(headers) - _LISTED_COLUMNS} more"
    extras = {column.header.lower(): column.header for column in columns if not column.known}
    hint = next(
        (
            extras[match]
            for spelling in (name, *(alias for alias, target in _TAGS.items() if target == name))
            if len(spelling) > 2
            for match in difflib.get_close_matches(spelling, extras, n=1, cutoff=_LIKELY)
        ),
        None,
    )
    advice = f"did you mean {name!r} where it says {hint!r}? Rename that column" if hint else f"add a column {name!r}"
    faults.add(
        Reason.MISSING_FIELD,
        f"there is no column {wanted}; the columns found are {listed}; {advice}",
        line=line,
        field=name,
        found=headers[:_LISTED_COLUMNS],
        hint=hint,
    )


def misspelling_warnings(columns: Sequence[Column], file: str, line: int | None) -> tuple[Problem, ...]:
    """Warnings for extra columns whose names look like a misspelt column that the input lacks."""
    absent = set(ALIASES.values()) - {column.target for column in columns}
    candidates = sorted(name for name in ALIASES if len(name) > 4 and ALIASES[name] in absent)
    problems = []
    for column in columns:
        spelling = column.header.lower().replace(" ", "_")
        matches = difflib.get_close_matches(spelling, candidates, n=1, cutoff=_ALMOST_CERTAIN)
        if column.known or not matches:
            continue
        message = (
            f"column {column.header!r} is carried along unread; did you mean {matches[0]!r}? "
            "Rename it if it is meant to count"
        )
        attributes = {"found": column.header, "hint": matches[0]}
        problems.append(Problem(Reason.UNKNOWN_NAME, message, Severity.WARNING, file, line, attributes=attributes))
    return tuple(problems)
