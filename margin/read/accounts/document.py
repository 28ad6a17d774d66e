"""Accounts as a YAML document, for books that people write."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from margin.model.account import AccountSource
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Faults
from margin.read.accounts._columns import COLUMNS, FIELDS, NUMBERS
from margin.read.accounts._rows import AccountRead, check_rows
from margin.read.positions._input import PositionInput
from margin.read.positions._row_faults import RowFaults
from margin.read.strict_yaml import YamlTree, load_yaml
from margin.read.validated import validate

FORMAT = "yaml"

_SUFFIXES = (".yaml", ".yml")
_DECLARED = re.compile(rb"""^format\s*:\s*["']?margin-accounts\b""", re.MULTILINE)
_LISTS = ("balances", "positions", "orders")


def recognise(head: bytes, name: str) -> bool:
    """Whether an input is called YAML, or declares the format."""
    return name.lower().endswith(_SUFFIXES) or _DECLARED.search(head) is not None


def read(source: PositionInput) -> AccountRead:
    """Read a YAML document of accounts; its JSON Schema is ``configs/schema/accounts.schema.json``.

    Raises:
        InputRefused: With every fault of the document.
    """
    # Readers of other formats shall not wait for the document model to be built.
    from margin.read.accounts._document import AccountsDocument

    faults = Faults(source.path)
    opened = source.load()
    tree = load_yaml(opened.content, faults)
    document = validate(tree, AccountsDocument, faults) if tree else None
    entries = _entries(tree, document.model_dump()) if tree and document else []
    rows = RowFaults(len(entries))
    values = {
        name: pl.Series([entry.get(name) for _, entry in entries], dtype=pl.Float64 if name in NUMBERS else pl.String)
        for name in COLUMNS
    }
    lines = [line for line, _ in entries]
    frame = check_rows(values, pl.Series(lines, dtype=pl.Int32), rows)
    rows.report(faults, lambda row: lines[row])
    faults.refuse_if_any()
    return AccountRead(AccountSource(source.path, opened.sha256, FORMAT, len(entries)), frame)


def _entries(tree: YamlTree, document: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """A row for each account, balance, position and order, with its line."""
    found = []
    for number, account in enumerate(document["accounts"]):
        path = ("accounts", number)
        key = {name: account[name] for name in ACCOUNT_KEY}
        about = {name: account[name] for name in FIELDS["account"]}
        found.append((tree.position_of(path).line, key | about))
        for kind in _LISTS:
            for place, entry in enumerate(account[kind] or ()):
                found.append((tree.position_of((*path, kind, place)).line, key | entry))
    return found
