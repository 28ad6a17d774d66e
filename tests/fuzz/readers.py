"""Every reader that there is, with its seeds: the modules of the format folders, and house policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import margin
from margin.read.kind import HOUSE_FORMAT
from margin.read.market import formats as market_formats
from margin.read.parameters import formats as parameter_formats
from margin.read.parameters.merge import merge_parameter_sets
from margin.read.positions import formats as position_formats
from margin.read.positions._input import open_input
from margin.read.source import open_source
from margin.write.parameters import arrow

FOLDER = Path(__file__).parent
SEEDS = FOLDER / "seeds"
CRASHERS = FOLDER / "crashers"
NEVER_READ = frozenset({"par", "flat-pos"})
"""Formats that are recognised in order to say what to ask for instead."""
WRITTEN = frozenset({"arrow"})
"""Formats whose files only the version reads that wrote them: their seed is written when it is needed."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader.

    Attributes:
        kind: ``parameters``, ``positions``, ``market``, ``house``, ``history`` or ``rule``.
        format: Name of its format.
        read: Reads a file as this format, whatever it looks like.
    """

    kind: str
    format: str
    read: Callable[[Path], Any]

    @property
    def name(self) -> str:
        """The folder of its seeds below `SEEDS`."""
        return f"{self.kind}/{self.format}"

    @property
    def seeds(self) -> dict[str, bytes]:
        """Sound files of this format, content by name."""
        if self.format in WRITTEN:
            return {"options.margin": _columnar()}
        return {path.name: path.read_bytes() for path in sorted((SEEDS / self.name).glob("*"))}


def readers() -> list[Reader]:
    """All readers."""
    return [
        *(Reader("parameters", name, _as_parameters(module)) for name, module in parameter_formats().items()),
        *(Reader("positions", name, _as_positions(name)) for name in position_formats()),
        *(Reader("market", f"market-{name}", _as_market(module)) for name, module in market_formats().items()),
        Reader("house", HOUSE_FORMAT, margin.read_house),
        Reader("history", "price-history", margin.read_price_history),
        Reader("rule", "scan-range-rule", margin.read_scan_range_rule),
    ]


def reader_of(path: Path) -> Reader:
    """The reader that a crasher named ``<format>-<defect>.<ending>`` is for."""
    name = path.name
    return next(
        reader
        for reader in sorted(readers(), key=lambda reader: len(reader.format), reverse=True)
        if name.startswith(f"{reader.format}-")
    )


@cache
def _columnar() -> bytes:
    """A columnar file, which only the version that wrote it reads."""
    parameters = margin.read_parameters(SEEDS / "parameters" / "spn" / "options.spn", cache=False)
    return b"".join(arrow.write(parameters).content)


def _as_parameters(module: Any) -> Callable[[Path], Any]:
    return lambda path: merge_parameter_sets([module.read(open_source(path))])


def _as_positions(name: str) -> Callable[[Path], Any]:
    return lambda path: margin.read_positions(path, input_format=name)


def _as_market(module: Any) -> Callable[[Path], Any]:
    return lambda path: module.read(open_input(str(path)))
