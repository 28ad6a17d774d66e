"""Contracts of a house configuration, each with the place it stands at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from margin.read.parameters._house.document import ContractEntry
from margin.read.parameters._house.draft import Placed
from margin.read.strict_yaml import Position, YamlTree

ProductKey = tuple[str, str, str]
"""Exchange, product code and type."""


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A contract and its place.

    Attributes:
        entry: The contract.
        label: What the place is called: ``contracts, item 3`` or ``line 3``.
        line: Line of its start; `None` in files without lines.
        place_of: Line and column of one of its fields.
    """

    entry: ContractEntry
    label: str
    line: int | None
    place_of: Callable[[str], tuple[int | None, int | None]]


def rows_of_document(tree: YamlTree, contracts: tuple[Placed[ContractEntry], ...]) -> list[ContractRow]:
    """Contracts that stand in the document."""

    def row(placed: Placed[ContractEntry]) -> ContractRow:
        def place_of(field: str) -> Position:
            return tree.position_of((*placed.path, field))

        start = tree.position_of(placed.path)
        return ContractRow(placed.entry, f"contracts, item {int(placed.path[1]) + 1}", start.line, place_of)

    return [row(placed) for placed in contracts]


def product_key(row: ContractRow, exchange: str) -> ProductKey:
    """The product a contract belongs to; `exchange` is the document's."""
    entry = row.entry
    return entry.exchange or exchange, entry.product or entry.commodity, entry.type
