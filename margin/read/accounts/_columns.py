"""Columns of tables of accounts: what each kind of row may say, and the names a file may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.read.positions._columns import Column
from margin.read.validated import did_you_mean

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "balance": ("asset", "quantity", "scope", "venue", "chain", "custodian"),
        "position": ("id", "market", "quantity", "entry", "leverage", "scope"),
        "order": ("id", "market", "quantity", "limit_price", "scope"),
        "account": ("call_asset", "previous_state"),
    }
)
"""What each kind of row may say besides whose it is; everything else is blank in it."""

COLUMNS = tuple(dict.fromkeys((*ACCOUNT_KEY, *(name for names in FIELDS.values() for name in names))))
"""All columns there are."""

NUMBERS = frozenset({"quantity", "entry", "leverage", "limit_price"})

ALIASES: Mapping[str, str] = MappingProxyType(
    {name: name for name in COLUMNS}
    | {
        # CME SPAN XML schema, element names of portfolios, as position tables have them, too.
        "acctid": "account",
        "accttype": "account_type",
        "seg": "segregation",
        "qty": "quantity",
        "entry_price": "entry",
        "symbol": "market",
        "coin": "asset",
        "currency": "asset",
        "position_id": "id",
        "order_id": "id",
    }
)
"""Canonical name by the name a file may use, in lower case."""


def require_columns(columns: Sequence[Column], faults: Faults, line: int | None) -> None:
    """Report the columns without which no row says anything."""
    headers = [column.header for column in columns]
    targets = {column.target for column in columns}
    listed = ", ".join(map(repr, headers[:40])) or "none"
    if "account" not in targets:
        message = f"there is no column account; the columns found are {listed}{did_you_mean('account', headers)}"
        faults.add(Reason.MISSING_FIELD, message, line=line, field="account", found=headers[:40])
    if not targets & {"asset", "market", *FIELDS["account"]}:
        message = (
            "there is no column asset (for balances) and no column market (for positions and orders); "
            f"the columns found are {listed}"
        )
        faults.add(Reason.MISSING_FIELD, message, line=line, field="asset", found=headers[:40])


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
