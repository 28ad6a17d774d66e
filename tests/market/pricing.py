"""Option values, deltas, risk arrays and composite deltas, vectorised over contracts.

Formulas: Black (1976) on the forward; Black-Scholes-Merton on a spot is the same with the forward
S·exp(r·t). Arrays follow the general form of SPAN risk arrays: value now minus value in the scenario.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from tests.market.model import BoolArray, FloatArray, Grid, Point

LOOK_AHEAD_YEARS = 0.002739
"""One day, as clearing houses write it."""

SMALLEST_VOLATILITY = 0.001
SMALLEST_PRICE = 1e-6
EXTREME_MOVE = 2
EXTREME_COVER = 0.35


def standard_grid() -> Grid:
    """The 16 scenarios with extremes of 2 scan ranges at 0.35 cover, and the 7 composite-delta points."""
    moves = ((0, 0, 1), (1, 1, 3), (-1, 1, 3), (1, 2, 3), (-1, 2, 3), (1, 3, 3), (-1, 3, 3))
    scenarios = [
        Point(2 * i + j + 1, *move, volatility, 1.0, 2 * i + 2 - j)
        for i, move in enumerate(moves)
        for j, volatility in enumerate((1, -1))
    ]
    scenarios += [
        Point(15, EXTREME_MOVE, 1, 1, 0, EXTREME_COVER, 15),
        Point(16, -EXTREME_MOVE, 1, 1, 0, EXTREME_COVER, 16),
    ]
    weights = (0.270, 0.217, 0.217, 0.111, 0.111, 0.037, 0.037)
    deltas = [Point(i + 1, *move, 0, weight) for i, (move, weight) in enumerate(zip(moves, weights, strict=True))]
    return Grid(tuple(scenarios), tuple(deltas))


@dataclass(frozen=True)
class Terms:
    """What is needed to revalue contracts, one entry per contract.

    Attributes:
        level: Price of the underlying spot (spot model) or future; of the contract itself if linear.
        is_option: Options; other contracts are linear in the level.
        is_spot_model: The level is a spot that grows at the interest rate.
        rate: Continuously compounded interest rate, fraction a year.
        price_scan: Price scan range in points of the level.
        volatility_scan: Absolute volatility scan range.
        contract_value_factor: Money of one point of one contract, over the risk exponent.
    """

    level: FloatArray
    strike: FloatArray
    is_call: BoolArray
    is_option: BoolArray
    is_spot_model: BoolArray
    volatility: FloatArray
    years: FloatArray
    rate: FloatArray
    price_scan: FloatArray
    volatility_scan: FloatArray
    contract_value_factor: FloatArray


def value_and_delta(
    terms: Terms, level: FloatArray, volatility: FloatArray, years: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Price of each contract, in points, and its derivative by the level; at expiry the intrinsic value."""
    growth = np.where(terms.is_spot_model, np.exp(terms.rate * years), 1.0)
    discount = np.exp(-terms.rate * years)
    forward = level * growth
    strike = np.where(terms.is_option, terms.strike, 1.0)
    deviation = np.maximum(volatility, SMALLEST_VOLATILITY) * np.sqrt(np.maximum(years, 1e-12))
    d1 = np.log(forward / strike) / deviation + deviation / 2
    sign = np.where(terms.is_call, 1.0, -1.0)
    in_money = ndtr(sign * d1)
    option = discount * sign * (forward * in_money - strike * ndtr(sign * (d1 - deviation)))
    option = np.maximum(option, 0.0)
    value = np.where(terms.is_option, option, forward)
    delta = np.where(terms.is_option, sign * discount * growth * in_money, growth)
    return value, delta


def risk_arrays(terms: Terms, grid: Grid, scan_factor: float = 1.0) -> FloatArray:
    """Loss (+) or gain (−) of one long contract in each scenario, unrounded; shape (contracts, scenarios).

    Args:
        terms: The contracts.
        grid: The scenarios; the cover of an extreme move is applied to the whole change of value.
        scan_factor: Multiplies the price scan range (initial rates have a wider one).
    """
    today, _ = value_and_delta(terms, terms.level, terms.volatility, terms.years)
    later = np.maximum(terms.years - LOOK_AHEAD_YEARS, 0.0)
    losses = np.empty((len(terms.level), len(grid.scenarios)))
    for i, point in enumerate(grid.scenarios):
        level = np.maximum(terms.level + point.price_move * scan_factor * terms.price_scan, SMALLEST_PRICE)
        volatility = terms.volatility + point.volatility * terms.volatility_scan
        value, _ = value_and_delta(terms, level, volatility, later)
        losses[:, i] = point.weight * (today - value) * terms.contract_value_factor
    return losses


def composite_deltas(terms: Terms, grid: Grid, scan_factor: float = 1.0) -> FloatArray:
    """Probability-weighted delta over the delta points, volatility unchanged; 1 for linear contracts."""
    later = np.maximum(terms.years - LOOK_AHEAD_YEARS, 0.0)
    composite = np.zeros(len(terms.level))
    for point in grid.deltas:
        level = np.maximum(terms.level + point.price_move * scan_factor * terms.price_scan, SMALLEST_PRICE)
        composite += point.weight * value_and_delta(terms, level, terms.volatility, later)[1]
    return np.where(terms.is_option, composite, 1.0)


def round_plain(values: FloatArray, decimals: int) -> FloatArray:
    """Round to decimals, ties away from zero, never to a negative zero."""
    scale = 10.0**decimals
    rounded: FloatArray = np.copysign(np.floor(np.abs(values) * scale + 0.5), values) / scale + 0.0
    return rounded


def smile(base: FloatArray, level: FloatArray, strike: FloatArray) -> FloatArray:
    """Implied volatility by strike: dearer puts below and a mild rise in both wings, 4 decimals."""
    moneyness = np.log(strike / level) / 0.2
    skewed = base * (1.0 - 0.12 * np.clip(moneyness, -1.5, 1.5) + 0.10 * np.minimum(moneyness**2, 4.0))
    return round_plain(skewed, 4)
