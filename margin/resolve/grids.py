"""Which scenario grid each commodity is margined on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from margin.model.parameters import RateId
from margin.model.scenario import ScenarioGrid, ScenarioPoint, standard_grid
from margin.numeric.arrays import CodeArray
from margin.resolve.contracts import ResolvedContracts

_UNITS = {"percent": "%", "points": " points"}
"""What a price move counts where it is no multiple of the scan range, by its kind."""


def grid_codes(contracts: ResolvedContracts, base: Mapping[int, RateId]) -> tuple[list[ScenarioGrid], CodeArray]:
    """The grids in use, and the index of each commodity's grid, shape (commodities,).

    A commodity's own grid wins over its clearing organisation's; a file that gives none means the standard 16.
    Source: CME SPAN XML schema, ``pointDef``.
    """
    organisations = {org.code: org for org in contracts.parameters.clearing_orgs}
    grids: list[ScenarioGrid] = []
    codes = np.zeros(len(contracts.commodities), dtype=np.int32)
    for code, commodity in enumerate(contracts.commodities):
        if code not in base:
            continue
        organisation = organisations.get(commodity.clearing_org)
        own = _of_rate(commodity.grids, base[code])
        grid = own or (organisation and _of_rate(organisation.grids, base[code])) or standard_grid()
        if commodity.limit_arrays_to_16_points and len(grid) > 16:
            grid = ScenarioGrid(grid.points[:16], grid.delta_points)
        if grid not in grids:
            grids.append(grid)
        codes[code] = grids.index(grid)
    return grids or [standard_grid()], codes


def _of_rate(grids: Mapping[RateId, ScenarioGrid], rate_id: RateId) -> ScenarioGrid | None:
    """The grid of a rate id; a file that defines one grid means it for every rate id."""
    if rate_id in grids:
        return grids[rate_id]
    return next(iter(grids.values())) if len(grids) == 1 else None


def scenario_words_by_commodity(
    contracts: ResolvedContracts, grids: Mapping[int, ScenarioGrid]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Each scenario in words, by clearing organisation and commodity.

    Args:
        contracts: The contracts.
        grids: Grid by commodity code.
    """
    words: dict[int, tuple[str, ...]] = {}
    result = {}
    for code, grid in sorted(grids.items()):
        if id(grid) not in words:
            words[id(grid)] = tuple(
                _words(_price_words(point), point.volatility_move, point.weight) for point in grid.points
            )
        commodity = contracts.commodities[code]
        result[commodity.clearing_org, commodity.code] = words[id(grid)]
    return result


def _words(price: str, volatility_move: float, weight: float) -> str:
    volatility = {1: "volatility up", 0: "volatility unchanged", -1: "volatility down"}[int(np.sign(volatility_move))]
    cover = "" if weight == 1.0 else f", {weight:.0%} covered"
    return f"{price}, {volatility}{cover}"


def _price_words(point: ScenarioPoint) -> str:
    if point.price_move == 0.0:
        return "price unchanged"
    unit = _UNITS.get(point.price_move_kind)
    return f"price {point.price_move:+.6g}{unit}" if unit else f"price {_fraction(point.price_move)} of scan range"


def _fraction(move: float) -> str:
    thirds = round(move * 3)
    if abs(move * 3 - thirds) < 1e-6:
        return f"{move:+.0f}×" if thirds % 3 == 0 else f"{thirds:+d}/3"
    return f"{move:+.4g}×"
