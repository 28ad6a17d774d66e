"""Losses and composite deltas of contracts of one model over the scenarios of one grid.

Source: CME SPAN, risk arrays and composite delta: L = w · (V(S, σ, t) − V(S + m·scan range, σ′, t − look-ahead)) ·
contract value factor, and d = Σ ω · delta(S + m·scan range, σ, t − look-ahead).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from margin.model.scenario import ScenarioGrid, standard_grid
from margin.numeric.arrays import FloatArray, IntArray
from margin.value.american_ladder import MODELS as _EARLY_EXERCISE
from margin.value.american_ladder import AmericanLadder
from margin.value.european_ladder import MODELS as _CLOSED_FORM
from margin.value.european_ladder import EuropeanLadder
from margin.value.pricing_models import PricingModel, pricing_model
from margin.value.shocks import NO_MOVE, Move, Priced, price_move, price_shift, shocked_volatility, volatility_move

CHUNK = 4_096
"""Contracts that are valued at a time: what they need fits a processor's second-level cache."""


class _Ladder(Protocol):
    def values(self, price: Move, volatility: Move, out: FloatArray) -> None: ...

    def deltas(self, price: Move, volatility: Move, out: FloatArray) -> None: ...


class _ModelLadder:
    """Any model, scenario by scenario."""

    def __init__(self, model: PricingModel, priced: Priced, years: FloatArray) -> None:
        self._model, self._priced, self._years, self._terms = model, priced, years, priced.terms

    def values(self, price: Move, volatility: Move, out: FloatArray) -> None:
        out[:] = self._model.value(*self._at(price, volatility), self._years, self._terms)

    def deltas(self, price: Move, volatility: Move, out: FloatArray) -> None:
        out[:] = self._model.delta(*self._at(price, volatility), self._years, self._terms)

    def _at(self, price: Move, volatility: Move) -> tuple[FloatArray, FloatArray]:
        return self._priced.level + price_shift(self._priced, price), shocked_volatility(self._priced, volatility)


def _ladder(name: str, priced: Priced, years: FloatArray) -> _Ladder:
    if name in _CLOSED_FORM:
        return EuropeanLadder(pricing_model(name), priced, years)
    if name in _EARLY_EXERCISE:
        return AmericanLadder(pricing_model(name), priced, years)
    return _ModelLadder(pricing_model(name), priced, years)


def scenario_losses(
    name: str,
    priced: Callable[[slice], Priced],
    rows: IntArray,
    grid: ScenarioGrid,
    losses: FloatArray,
    threads: int | None,
) -> None:
    """Fill the losses of contracts of one model, chunk by chunk; the same for any number of threads.

    Args:
        name: The model.
        priced: Gives some of the contracts, by their places in `rows`.
        rows: Their rows in `losses`, ascending.
        grid: The scenarios.
        losses: Loss (+) or gain (−) of one long contract; shape (contracts, at least points), filled in place.
        threads: Threads to use; `None` for one per processor.
    """
    in_order = len(rows) > 0 and int(rows[-1]) - int(rows[0]) == len(rows) - 1

    def fill(place: slice) -> None:
        chunk = _chunk_losses(name, priced(place), grid)
        target = slice(rows[place.start], rows[place.stop - 1] + 1) if in_order else rows[place]
        losses[target, : len(grid)] = chunk.T

    _each(fill, len(rows), threads)


def _chunk_losses(name: str, priced: Priced, grid: ScenarioGrid) -> FloatArray:
    """Losses of some contracts; shape (points, contracts)."""
    losses = np.empty((len(grid), len(priced)))
    if name == "linear":
        # The price itself cancels: a scan range in money needs none.
        for point, out in zip(grid.points, losses, strict=True):
            np.multiply(price_shift(priced, price_move(point)), -point.weight, out=out)
        losses *= priced.multiplier
        return losses + 0.0
    today = np.empty(len(priced))
    _ladder(name, priced, priced.years).values(NO_MOVE, NO_MOVE, today)
    ladder = _ladder(name, priced, priced.years_after)
    for point, out in zip(grid.points, losses, strict=True):
        ladder.values(price_move(point), volatility_move(point), out)
        np.subtract(today, out, out=out)
        if point.weight != 1.0:
            np.multiply(out, point.weight, out=out)
    losses *= priced.multiplier
    losses += 0.0
    return losses


def composite_deltas(
    name: str,
    priced: Callable[[slice], Priced],
    rows: IntArray,
    grid: ScenarioGrid,
    deltas: FloatArray,
    threads: int | None,
) -> None:
    """Fill the composite deltas of contracts of one model; arguments as of `scenario_losses`.

    Everything but options has a composite delta of 1: one contract is the unit that spreads count in.
    """
    if not pricing_model(name).IS_OPTION:
        deltas[rows] = 1.0
        return
    points = grid.delta_points or standard_grid().delta_points

    def fill(place: slice) -> None:
        chunk = priced(place)
        ladder = _ladder(name, chunk, chunk.years_after)
        total, out = np.zeros(len(chunk)), np.empty(len(chunk))
        for point in points:
            ladder.deltas(price_move(point), volatility_move(point), out)
            total += point.weight * out
        deltas[rows[place]] = total + 0.0

    _each(fill, len(rows), threads)


def values_today(name: str, priced: Callable[[slice], Priced], count: int) -> FloatArray:
    """What the model says contracts are worth today, in price points; shape (contracts,)."""
    values = np.empty(count)
    model = pricing_model(name)
    for place in _chunks(count):
        chunk = priced(place)
        volatility = shocked_volatility(chunk, NO_MOVE)
        values[place] = model.value(chunk.level, volatility, chunk.years, chunk.terms)
    return values


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def _each(fill: Callable[[slice], None], count: int, threads: int | None) -> None:
    """Fill all chunks. Chunks lie the same for any number of threads, so that the figures are the same too."""
    places = list(_chunks(count))
    workers = min(len(places), threads or os.cpu_count() or 1)
    if workers <= 1:
        for place in places:
            fill(place)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(fill, places):
            pass
