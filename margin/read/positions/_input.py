"""What the format readers take in and hand back: one opened input, and the positions found in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from margin.model.position import ACCOUNT_BALANCE_SCHEMA, PositionPart
from margin.model.problem import Problem
from margin.read.source import Source, open_source

HEAD_BYTES = 1 << 18
"""How much of the start of an input is looked at to tell its format, delimiter and number types."""


@dataclass(frozen=True, slots=True)
class PositionInput:
    """One input, opened far enough to tell its format.

    Attributes:
        path: The input as the user named it, ``-`` for standard input.
        name: Name of the innermost file (``book.csv`` for ``book.csv.gz``).
        head: Its first `HEAD_BYTES` bytes, decompressed.
        in_place: The file on disk, where it is plain and so may be read where it lies.
        source: The whole content, where it had to be loaded to see the head.
    """

    path: str
    name: str
    head: bytes
    in_place: Path | None
    source: Source | None

    def load(self) -> Source:
        """The whole content in memory, for formats that are not read in place."""
        return open_source(self.path) if self.source is None else self.source


def no_balances() -> pl.DataFrame:
    """An empty frame of account balances, for formats that say nothing of the accounts themselves."""
    return pl.DataFrame(schema=ACCOUNT_BALANCE_SCHEMA)


@dataclass(frozen=True, slots=True)
class PositionsRead:
    """What one input holds: its positions, its account balances and the warnings about it."""

    part: PositionPart
    balances: pl.DataFrame = field(default_factory=no_balances)
    problems: tuple[Problem, ...] = ()
