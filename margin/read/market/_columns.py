"""Columns of tables of market data: names, aliases, and warnings for those that are not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from margin.model.problem import Faults, Problem, Reason, Severity
from margin.read.positions._columns import ALIASES as POSITION_ALIASES
from margin.read.positions._columns import Column
from margin.read.validated import did_you_mean

SVI_COLUMNS = ("a", "b", "rho", "m", "sigma")

_QUOTED = ("price", "bid", "ask")
_ALWAYS = ("date", "time_to_expiry")

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "underlying": ("underlying", "expiry", *_QUOTED, "rate", "carry", *_ALWAYS),
        "quote": (
            *("exchange", "product", "type", "expiry", "underlying_expiry", "right", "strike"),
            *(*_QUOTED, "volatility", *_ALWAYS),
        ),
        "volatility": ("underlying", "expiry", "strike", "volatility", *_ALWAYS),
        "svi": ("underlying", "expiry", *SVI_COLUMNS, *_ALWAYS),
    }
)
"""What each kind of row may say; everything else is blank in it."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "underlying": "price of an underlying",
        "quote": "contract's quote",
        "volatility": "point of a volatility surface",
        "svi": "row of SVI parameters",
    }
)
"""What messages call each kind of row."""

COLUMNS = tuple(dict.fromkeys(name for names in FIELDS.values() for name in names))
"""All columns there are."""

NUMBERS = frozenset({*_QUOTED, "rate", "carry", "volatility", "time_to_expiry", "strike", *SVI_COLUMNS})

ALIASES: Mapping[str, str] = MappingProxyType(
    {name: name for name in COLUMNS}
    | {
        # CME SPAN XML schema, element names of positions, as position tables have them, too.
        "exch": "exchange",
        "pfcode": "product",
        "pftype": "type",
        "pe": "expiry",
        "undpe": "underlying_expiry",
        "o": "right",
        "k": "strike",
        "period": "expiry",
        "underlying_period": "underlying_expiry",
        "business_date": "date",
        "vol": "volatility",
        "yield": "carry",
    }
)
"""Canonical name by the name a file may use, in lower case."""


_VALUES = frozenset({*_QUOTED, "rate", "carry", "volatility", *SVI_COLUMNS})
_OF_POSITIONS = frozenset({"account", "quantity", "long", "short"})


def are_of_market(headers: Iterable[str]) -> bool:
    """Whether the columns of a table are those of market data, and say of no account or quantity."""
    names = {header.strip().lower() for header in headers}
    found = {ALIASES[name] for name in names & ALIASES.keys()}
    held = {POSITION_ALIASES[name] for name in names & POSITION_ALIASES.keys()} & _OF_POSITIONS
    return bool(found & {"underlying", "product"} and found & _VALUES and not held)


def require_columns(columns: Sequence[Column], faults: Faults, line: int | None) -> bool:
    """Whether the rows of a table can say what they are of; reported where they cannot."""
    if {"underlying", "product"} & {column.target for column in columns}:
        return True
    headers = [column.header for column in columns]
    hint = next((text for name in ("underlying", "product") if (text := did_you_mean(name, headers))), "")
    message = (
        "there is no column underlying and no column product (with type), one of which says what a row is of; "
        f"the columns found are {', '.join(map(repr, headers[:40])) or 'none'}{hint}"
    )
    faults.add(Reason.MISSING_FIELD, message, line=line, field="underlying", found=headers[:40])
    return False


def unknown_warnings(columns: Sequence[Column], file: str, line: int | None) -> tuple[Problem, ...]:
    """Warnings for columns that mean nothing here, which are not read."""
    return tuple(
        Problem(
            Reason.UNKNOWN_NAME,
            f"column {column.header!r} is not read{did_you_mean(column.header.lower(), COLUMNS)}",
            Severity.WARNING,
            file,
            line,
            attributes={"found": column.header},
        )
        for column in columns
        if not column.known and column.header
    )
