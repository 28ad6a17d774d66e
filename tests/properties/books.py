"""Random books through the public API: how property tests margin them and read the JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import margin
from tests.oracle.model import Position
from tests.oracle.random_books import Book, Case, Features, random_case

Json = dict[str, Any]
EVERYTHING = replace(Features.all(), business_functions=False)
"""One clearing organisation, so that the code of a commodity is enough to find it."""
NET_ONLY = replace(EVERYTHING, gross=False)
TOLERANCE = 1e-9


def calculated(folder: Path, case: Case, *, threads: int | None = None, **options: Any) -> Json:
    """The JSON of a case without rounding."""
    return margined(folder, case.spn, [case.positions_csv()], threads=threads, **options)


def margined(folder: Path, spn: str, tables: Sequence[str], *, threads: int | None = None, **options: Any) -> Json:
    """The JSON of positions given as one or more CSV texts."""
    (folder / "parameters.spn").write_text(spn, "utf-8")
    paths = [folder / f"positions-{i}.csv" for i in range(len(tables))]
    for path, table in zip(paths, tables, strict=True):
        path.write_text(table, "utf-8")
    parameters = margin.read_parameters(folder / "parameters.spn")
    positions = margin.read_positions(paths)
    return margin.calculate(parameters, positions, **{"rounding": "none", "threads": threads} | options).to_dict()


def comparable(run: Json) -> bytes:
    """The bytes of the part of the JSON that equal books share."""
    return json.dumps([run["accounts"], run["totals"]]).encode()


def only_accounts(run: Json) -> dict[str, bytes]:
    """The bytes of each account."""
    return {account["account"]: json.dumps(account).encode() for account in run["accounts"]}


def scaled(book: Book, factor: int) -> Book:
    """A book with every quantity times a factor."""
    lines = [Position(line.key, (line.quantity or Fraction(0)) * factor) for line in book.positions]
    return replace(book, positions=lines)


def shuffled(lines: Sequence[str], seed: int) -> list[str]:
    """Lines in another order."""
    mixed = list(lines)
    random.Random(seed).shuffle(mixed)
    return mixed


def at_most(smaller: float, larger: float) -> bool:
    """Whether one figure is not above another, but for the noise of doubles."""
    return smaller <= larger + TOLERANCE * max(1.0, abs(larger))


def case_of(seed: int, features: Features = EVERYTHING, books: int = 8) -> Case:
    """The random case of a seed."""
    return random_case(seed, features, books)
