"""Scenario grids of a house configuration, and the arrays that follow from a price scan range."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from margin.model.problem import Faults, Reason
from margin.model.scenario import DeltaPoint, ScenarioGrid, ScenarioPoint, standard_grid
from margin.read.parameters._house.document import GridEntry, PointEntry
from margin.read.strict_yaml import TreePath, YamlTree

_WEIGHT_TOLERANCE = 1e-9
_STANDARD_POINTS = len(standard_grid())


def points_of(entry: GridEntry) -> int:
    """Number of scenarios of a grid."""
    return len(entry.points) if entry.points is not None else _STANDARD_POINTS


def build_grid(entry: GridEntry) -> ScenarioGrid:
    """The grid that a sound entry describes. A listed grid has the points of a composite delta that it lists."""
    price_kind, volatility_kind = entry.price_moves_are, entry.volatility_moves_are
    delta_points = tuple(
        DeltaPoint(i, point.price_move, point.volatility_move, point.weight, price_kind, volatility_kind)
        for i, point in enumerate(entry.delta_points or (), start=1)
    )
    if entry.standard is not None:
        standard = standard_grid(entry.standard.extreme_move, entry.standard.cover)
        return replace(standard, delta_points=delta_points) if delta_points else standard
    return ScenarioGrid(
        points=tuple(
            ScenarioPoint(
                i, point.price_move, point.volatility_move, point.weight, point.pair or i, price_kind, volatility_kind
            )
            for i, point in enumerate(entry.points or (), start=1)
        ),
        delta_points=delta_points,
    )


def check_grid(tree: YamlTree, path: TreePath, entry: GridEntry, faults: Faults) -> None:
    """Report a grid that is given twice or not at all, and pairs that are no pairs."""
    if (entry.standard is None) == (entry.points is None):
        line, column = tree.position_of(path)
        faults.add(
            Reason.INVALID_VALUE,
            "scenario_grid: give either standard, with extreme_move and cover, or points",
            line=line,
            column=column,
        )
    if entry.standard is not None and (entry.price_moves_are, entry.volatility_moves_are) != ("scan_range",) * 2:
        line, column = tree.position_of(path)
        message = "scenario_grid: the standard scenarios move by scan ranges; list points to move by anything else"
        faults.add(Reason.INVALID_VALUE, message, line=line, column=column)
    if entry.delta_points:
        total = math.fsum(point.weight for point in entry.delta_points)
        if abs(total - 1.0) > _WEIGHT_TOLERANCE:
            line, column = tree.position_of((*path, "delta_points"))
            message = f"scenario_grid, delta_points: the weights add up to {total:.9g}, expected 1"
            faults.add(Reason.INVALID_VALUE, message, line=line, column=column)
    points = entry.points or []
    for i, point in enumerate(points):
        complaint = _pair_complaint(points, i, point)
        if complaint:
            line, column = tree.position_of((*path, "points", i, "pair"))
            faults.add(
                Reason.INVALID_VALUE,
                f"scenario_grid, points, item {i + 1}: {complaint}",
                line=line,
                column=column,
            )


def _pair_complaint(points: list[PointEntry], i: int, point: PointEntry) -> str:
    if point.pair is None:
        if point.volatility_move != 0.0:
            return "the volatility moves, so the field 'pair' is needed; give the point's own number for none"
        return ""
    if point.pair > len(points):
        return f"pair is {point.pair}, but there are {len(points)} points"
    other = points[point.pair - 1]
    if point.pair == i + 1:
        return ""
    if other.pair != i + 1:
        return f"pair is {point.pair}, but point {point.pair} names {other.pair or 'none'} as its pair"
    if other.price_move != point.price_move or other.volatility_move != -point.volatility_move:
        return f"point {point.pair} has another price move or not the opposite volatility move"
    return ""


def losses_of_scan_range(price_scan_range: float, grid: ScenarioGrid) -> list[float]:
    """Losses of one long contract whose value moves one for one with the price.

    Args:
        price_scan_range: Money that one contract loses over one scan range, positive.
        grid: The scenarios.

    Returns:
        Loss (+) or gain (−) by scenario: −move × range × weight, exact and rounded once to a double.
    """
    exact_range = _exact(price_scan_range)
    return [float(-_exact(point.price_move) * exact_range * _exact(point.weight)) + 0.0 for point in grid.points]


def _exact(value: float) -> Fraction:
    """What a double was written as: a third where it is the nearest double to one, else its shortest decimal."""
    decimal = Fraction(Decimal(repr(value)))
    simple = decimal.limit_denominator(1_000)
    return simple if float(simple) == value else decimal
