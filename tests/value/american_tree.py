"""American options by the textbook's binomial tree, option by option: slow, and independent of the code they check."""

from __future__ import annotations

import numpy as np


def american_value(
    spot: float,
    strike: float,
    volatility: float,
    years: float,
    rate: float,
    carry: float,
    is_call: bool,
    steps: int = 2_000,
) -> float:
    """Mean of two trees of Cox, Ross and Rubinstein (1979), one step apart: their errors all but cancel."""
    args = (spot, strike, volatility, years, rate, carry, 1.0 if is_call else -1.0)
    return 0.5 * (_tree(*args, steps) + _tree(*args, steps + 1))


def _tree(
    spot: float, strike: float, volatility: float, years: float, rate: float, carry: float, sign: float, steps: int
) -> float:
    step = years / steps
    up = np.exp(volatility * np.sqrt(step))
    chance = (np.exp((rate - carry) * step) - 1.0 / up) / (up - 1.0 / up)
    assert 0.0 < chance < 1.0
    discount = np.exp(-rate * step)
    paid = np.maximum(sign * (spot * up ** np.arange(-steps, steps + 1) - strike), 0.0)
    value = paid[::2]
    for layer in range(steps - 1, -1, -1):
        value = discount * (chance * value[1:] + (1.0 - chance) * value[:-1])
        value = np.maximum(value, paid[steps - layer : steps + layer + 1 : 2])
    return float(value[0])
