"""Levels and volatilities of contracts under the moves of a scenario grid."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np

from margin.model.scenario import DeltaPoint, ScenarioPoint
from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.models.terms import Terms

Move = tuple[str, float]
"""The kind of a move and its size."""

PRICE_MOVES = frozenset({"scan_range", "percent", "points"})
VOLATILITY_MOVES = frozenset({"scan_range", "relative", "absolute"})
NO_MOVE: Move = ("scan_range", 0.0)


@dataclass(frozen=True, slots=True)
class Priced:
    """Contracts of one model and one grid, one entry per contract; see `margin.model.pricing.PRICING_SCHEMA`."""

    level: FloatArray
    volatility: FloatArray
    years: FloatArray
    look_ahead: FloatArray
    price_scan_up: FloatArray
    price_scan_down: FloatArray
    volatility_scan_up: FloatArray
    volatility_scan_down: FloatArray
    volatility_scale: FloatArray
    volatility_is_relative: BoolArray
    volatility_floor: FloatArray
    volatility_floor_is_general: BoolArray
    multiplier: FloatArray
    rate: FloatArray
    carry: FloatArray
    strike: FloatArray
    is_call: BoolArray

    def __len__(self) -> int:
        return len(self.level)

    def at(self, rows: slice | np.ndarray) -> Priced:
        """Some of the contracts."""
        return Priced(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def terms(self) -> Terms:
        """Terms of the contracts, as models take them."""
        return Terms(self.strike, self.is_call, self.rate, self.carry)

    @property
    def years_after(self) -> FloatArray:
        """Years to expiry once the look-ahead has passed, not below 0."""
        return np.maximum(self.years - self.look_ahead, 0.0)


def price_move(point: ScenarioPoint | DeltaPoint) -> Move:
    """The price move of a point; one of nothing is of no kind."""
    return (point.price_move_kind, point.price_move) if point.price_move else NO_MOVE


def volatility_move(point: ScenarioPoint | DeltaPoint) -> Move:
    """The volatility move of a point; one of nothing is of no kind."""
    return (point.volatility_move_kind, point.volatility_move) if point.volatility_move else NO_MOVE


def price_shift(priced: Priced, move: Move) -> FloatArray:
    """What a move adds to the level, in price points; shape (contracts,)."""
    kind, size = move
    if kind == "points":
        return np.full(len(priced), size)
    # Thirds are multiplied and divided, so that no digit of the range is lost to the nearest double of 1/3.
    ratio = Fraction(size).limit_denominator(1_000)
    numerator, denominator = (ratio.numerator, ratio.denominator) if float(ratio) == size else (size, 1)
    if kind == "percent":
        return np.asarray(priced.level * numerator / (100.0 * denominator))
    scan = priced.price_scan_up if size >= 0.0 else priced.price_scan_down
    return np.asarray(scan * numerator / denominator)


def shocked_volatility(priced: Priced, move: Move) -> FloatArray:
    """Volatilities after a move; never below zero, nor below a floor that holds there. Shape (contracts,)."""
    kind, size = move
    today = priced.volatility
    if size == 0.0:
        shocked = today
    elif kind == "scan_range":
        scan = priced.volatility_scan_up if size > 0.0 else priced.volatility_scan_down
        shocked = today + size * np.where(priced.volatility_is_relative, today * scan, scan)
    else:
        shocked = today + size * priced.volatility_scale * (today if kind == "relative" else 1.0)
    is_floored = priced.volatility_floor_is_general | (size > 0.0)
    floor = np.where(is_floored & ~np.isnan(priced.volatility_floor), priced.volatility_floor, 0.0)
    return np.maximum(shocked, floor)
