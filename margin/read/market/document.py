"""Market data as a YAML document (``format: margin-market``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from margin.model.market import MarketSource
from margin.model.problem import Faults
from margin.read.market._columns import COLUMNS, NUMBERS
from margin.read.market._input import MarketRead, market_read
from margin.read.market._rows import check_rows
from margin.read.positions._input import PositionInput
from margin.read.positions._row_faults import RowFaults
from margin.read.strict_yaml import YamlTree, load_yaml
from margin.read.validated import validate

FORMAT = "yaml"

_SUFFIXES = (".yaml", ".yml")
_DECLARED = re.compile(rb"""^format\s*:\s*["']?margin-market\b""", re.MULTILINE)


def recognise(head: bytes, name: str) -> bool:
    """Whether an input is called YAML, or declares the format."""
    return name.lower().endswith(_SUFFIXES) or _DECLARED.search(head) is not None


def headers(source: PositionInput) -> Sequence[str] | None:
    """None, where a document declares that it is market data; else nothing tells."""
    return None if _DECLARED.search(source.head) else ()


def read(source: PositionInput) -> MarketRead:
    """Read a YAML document of market data.

    Raises:
        InputRefused: With every fault of the document.
    """
    faults = Faults(source.path)
    opened = source.load()
    tree = load_yaml(opened.content, faults)
    entries = _entries(tree, faults) if tree else []
    lines = [line for line, _ in entries]
    rows = RowFaults(len(entries))
    values = {
        name: pl.Series([entry.get(name) for _, entry in entries], dtype=pl.Float64 if name in NUMBERS else pl.String)
        for name in COLUMNS
    }
    checked = check_rows(values, pl.Series(lines, dtype=pl.Int32), rows)
    rows.report(faults, lambda row: lines[row])
    return market_read(MarketSource(source.path, opened.sha256, FORMAT, len(entries)), checked, faults)


def _entries(tree: YamlTree, faults: Faults) -> list[tuple[int, dict[str, Any]]]:
    """Well-formed entries of all lists with their lines, in the order of the document, each with its date."""
    # Readers of other formats shall not wait for the document models to be built.
    from margin.read.market._document import ENTRIES, DocumentHead

    head = validate(tree, DocumentHead, faults)
    date = {"date": head.date} if head and head.date else {}
    found = []
    for name, model in ENTRIES.items():
        listed = tree.value.get(name) if isinstance(tree.value, dict) else None
        for place in range(len(listed) if isinstance(listed, list) else 0):
            entry = validate(tree, model, faults, (name, place))
            if entry:
                line = tree.position_of((name, place)).line
                found.append((line, date | entry.model_dump(exclude_none=True)))
    return sorted(found, key=lambda item: item[0])
