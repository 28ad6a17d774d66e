"""Scenario grids: the points at which a clearing house revalues every contract."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from margin.numeric.arrays import CodeArray


@dataclass(frozen=True, slots=True)
class ScenarioPoint:
    """One scenario.

    Attributes:
        number: 1-based scenario number, as the file numbers it.
        price_move: Price move as a multiple of the price scan range, signed.
        volatility_move: Volatility move as a multiple of the volatility scan range, signed.
        weight: Cover fraction. It is already inside published arrays and is never applied to them again.
        paired_point: Number of the point with the same price move and the opposite volatility move;
            the point's own number where there is none.
        price_move_kind: ``"scan_range"`` (a multiple of the range), or the file's own word; in house configurations
            also ``"percent"`` of the price or ``"points"``.
        volatility_move_kind: ``"scan_range"``, ``"relative"`` (a fraction of the volatility) or ``"absolute"``
            (added to it).
    """

    number: int
    price_move: float
    volatility_move: float
    weight: float = 1.0
    paired_point: int = 0
    price_move_kind: str = "scan_range"
    volatility_move_kind: str = "scan_range"


@dataclass(frozen=True, slots=True)
class DeltaPoint:
    """One point of the composite delta: a price move and its probability weight; moves as of `ScenarioPoint`."""

    number: int
    price_move: float
    volatility_move: float
    weight: float
    price_move_kind: str = "scan_range"
    volatility_move_kind: str = "scan_range"


@dataclass(frozen=True)
class ScenarioGrid:
    """A list of scenarios, with the points of the composite delta.

    Source: CME SPAN XML schema, ``pointDef``; the standard grid is CME's "Risk Array Scenarios" table.
    """

    points: tuple[ScenarioPoint, ...]
    delta_points: tuple[DeltaPoint, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def pairs(self) -> CodeArray:
        """0-based index of each point's pair; the point's own index where it has none. Shape (points,)."""
        import numpy as np

        index = {point.number: i for i, point in enumerate(self.points)}
        return np.array([index.get(point.paired_point, i) for i, point in enumerate(self.points)], dtype=np.int32)

    @cached_property
    def time_pair(self) -> tuple[int, int] | None:
        """0-based indexes of the two points without a price move: volatility up, volatility down."""
        still = [(i, point.volatility_move) for i, point in enumerate(self.points) if point.price_move == 0.0]
        up = next((i for i, move in still if move > 0.0), None)
        down = next((i for i, move in still if move < 0.0), None)
        return None if up is None or down is None else (up, down)


def _standard_points(extreme_move: float, cover: float) -> tuple[ScenarioPoint, ...]:
    moves = (0.0, 1 / 3, -1 / 3, 2 / 3, -2 / 3, 1.0, -1.0)
    paired = tuple(
        ScenarioPoint(2 * i + j + 1, move, volatility, 1.0, 2 * i + (2 - j))
        for i, move in enumerate(moves)
        for j, volatility in enumerate((1.0, -1.0))
    )
    return (
        *paired,
        ScenarioPoint(15, extreme_move, 0.0, cover, 15),
        ScenarioPoint(16, -extreme_move, 0.0, cover, 16),
    )


def standard_grid(extreme_move: float = 3.0, cover: float = 0.33) -> ScenarioGrid:
    """The standard 16 scenarios and 7 delta points.

    The extreme move and its cover fraction differ by commodity and clearing house
    (CME natural gas 3 and 0.33, NSE index futures 2 and 0.35), so a file's own list always wins.
    """
    weights = (
        (0.0, 0.270),
        (1 / 3, 0.217),
        (-1 / 3, 0.217),
        (2 / 3, 0.111),
        (-2 / 3, 0.111),
        (1.0, 0.037),
        (-1.0, 0.037),
    )
    return ScenarioGrid(
        points=_standard_points(extreme_move, cover),
        delta_points=tuple(DeltaPoint(i + 1, move, 0.0, weight) for i, (move, weight) in enumerate(weights)),
    )
