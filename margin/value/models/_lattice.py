"""The right to exercise a put of strike 1 early, by a binomial tree.

Each step goes up or down with probability one half, by exp((r − q)·h)·(1 ± tanh(σ·√h)): the tree's forwards are
exact for any rates and volatility. The last step is the European value (which takes away the sawtooth of the
payoff's corner), and trees of n and n/2 steps are extrapolated to none. Source: M. Broadie and J. Detemple, American
option valuation: new bounds, approximations, and a comparison of existing methods, Review of Financial Studies 9
(1996), method BBSR; tree of R. Jarrow and A. Rudd, Option Pricing (1983), with its forward made exact.

Largest errors in the domains of `_ju_zhong`: 0.002 % and 0.03 % of the strike of a put or the spot of a call.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from margin.numeric.arrays import FloatArray
from margin.value.models._early_exercise import Puts

STEPS = 256
"""Steps of the finer tree; even. The other has half as many."""

_CHUNK = 128
"""Options that a tree is laid out for at a time: its layers fit a processor's cache."""

_FARTHEST = 700.0
"""Logarithms of x are not let further from 0, so that exp is finite; the put is worth 0 or 1 there."""


def premium(puts: Puts, steps: int = STEPS) -> FloatArray:
    """The right to exercise puts early, whatever the signs of their rates; `steps` of the finer tree, even."""
    return premium_and_slope(puts, steps)[0]


def premium_and_slope(puts: Puts, steps: int = STEPS) -> tuple[FloatArray, FloatArray]:
    """The same, and its derivative by ln x."""
    value, slope = np.empty(len(puts)), np.empty(len(puts))
    for start in range(0, len(puts), _CHUNK):
        rows = slice(start, start + _CHUNK)
        part = puts.at(rows)
        european, european_slope = _european(part.log_x, part, part.years)
        fine, coarse = _tree(part, steps), _tree(part, steps // 2)
        value[rows] = 2.0 * fine[0] - coarse[0] - european
        slope[rows] = 2.0 * fine[1] - coarse[1] - european_slope
    has_worth = value > 0.0
    return np.where(has_worth, value, 0.0), np.where(has_worth, slope, 0.0)


def _european(log_x: FloatArray, puts: Puts, years: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value of the European put and its derivative by ln x."""
    deviation = puts.volatility * np.sqrt(years)
    d1 = (log_x + (puts.rate - puts.carry) * years) / deviation + 0.5 * deviation
    slope = -np.exp(log_x - puts.carry * years) * ndtr(-d1)
    return np.asarray(np.exp(-puts.rate * years) * ndtr(deviation - d1) + slope), np.asarray(slope)


def _tree(puts: Puts, steps: int) -> tuple[FloatArray, FloatArray]:
    """Value at the root of a tree and its derivative by ln x: the slope between the two nodes that follow."""
    half = 0.5 * np.exp(-puts.rate * (puts.years / steps))
    layers = _layers(puts, steps)
    x = next(layers)
    value = np.maximum(_european(np.log(x), puts, puts.years / steps)[0], 1.0 - x)
    held, paid = np.empty_like(value), np.empty_like(value)
    slope = np.zeros(len(puts))
    for x in layers:
        nodes = len(x)
        np.add(value[:nodes], value[1 : nodes + 1], out=held[:nodes])
        np.multiply(held[:nodes], half, out=held[:nodes])
        np.subtract(1.0, x, out=paid[:nodes])
        np.maximum(held[:nodes], paid[:nodes], out=held[:nodes])
        value, held = held, value
        if nodes == 2:
            slope = (value[1] - value[0]) / (x[1] - x[0])
    root = np.exp(puts.log_x)
    return value[0].copy(), root * np.where(value[0] <= 1.0 - root, -1.0, slope)


def _layers(puts: Puts, steps: int) -> Iterator[FloatArray]:
    """Layers of x from the last but one to the root of a tree; shape (nodes, options), lowest x first."""
    step = puts.years / steps
    move = puts.volatility * np.sqrt(step)
    down = (puts.rate - puts.carry) * step - move - (np.logaddexp(move, -move) - np.log(2.0))

    def log_x(nodes: int) -> FloatArray:
        farther = puts.log_x + (nodes - 1) * down + np.arange(nodes)[:, None] * (2.0 * move)
        return np.asarray(np.clip(farther, -_FARTHEST, _FARTHEST))

    is_wide = float((np.abs(puts.log_x) + steps * (np.abs(down) + 2.0 * move)).max()) > _FARTHEST
    x = np.exp(log_x(steps))
    yield x
    up_again = np.exp(np.minimum(-down, _FARTHEST))
    for nodes in range(steps - 1, 0, -1):
        if is_wide:
            x = np.exp(log_x(nodes))
        else:
            x = x[:nodes]
            np.multiply(x, up_again, out=x)
        yield x
