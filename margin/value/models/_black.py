"""Black's formula without discounting, to full relative precision from the money to the far wings.

Source: F. Black, The pricing of commodity contracts, Journal of Financial Economics 3 (1976). The value out of the
money, m·N(d₁) − M·N(d₂) with m < M the forward and the strike, is computed as m·φ(d₁)·(Y(d₁) − Y(d₂)), Y = N/φ,
because its two terms all but cancel in the wings.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.normal import density, mills_difference, standardised

_WIDE = 20.0
"""Total volatility above this leaves nothing to cancel, and Y overflows."""


def log_moneyness(forward: FloatArray, strike: FloatArray) -> FloatArray:
    """ln(forward / strike), without the rounding error of the quotient where the two are close."""
    ratio = (forward - strike) / strike
    return np.where(np.abs(ratio) < 0.5, np.log1p(np.maximum(ratio, -0.75)), np.log(forward / strike))


def out_of_the_money(
    forward: FloatArray, strike: FloatArray, log_ratio: FloatArray, deviation: FloatArray
) -> FloatArray:
    """Undiscounted value of the call or the put, whichever is out of the money.

    Args:
        forward: Positive.
        strike: Positive.
        log_ratio: ln(forward / strike).
        deviation: Volatility × √years, positive.
    """
    middle = standardised(-np.abs(log_ratio), deviation)
    half = 0.5 * deviation
    smaller = np.minimum(forward, strike)
    wide = deviation > _WIDE
    width = np.where(wide, 1.0, half)
    value = np.asarray(smaller * density(middle + width) * mills_difference(middle, width))
    if wide.any():
        larger = np.maximum(forward, strike)
        value = np.where(wide, smaller * ndtr(middle + half) - larger * ndtr(middle - half), value)
    return np.maximum(value, 0.0)


def value(
    forward: FloatArray,
    strike: FloatArray,
    excess: FloatArray,
    log_ratio: FloatArray,
    deviation: FloatArray,
    is_call: BoolArray,
) -> FloatArray:
    """Undiscounted value of an option: intrinsic where nothing is left to vary or the forward is not positive.

    Args:
        forward: Any sign; the value at or below zero is the intrinsic value, which no model exceeds there.
        strike: Not negative; a call of strike 0 is the forward itself.
        excess: forward − strike.
        log_ratio: ln(forward / strike) where both are positive.
        deviation: Volatility × √years; 0 for an expired option.
        is_call: Call or put.
    """
    forward, strike, excess, log_ratio, deviation, is_call = np.broadcast_arrays(
        forward, strike, excess, log_ratio, deviation, is_call
    )
    intrinsic = np.maximum(np.where(is_call, excess, -excess), 0.0)
    lives = (deviation > 0.0) & (forward > 0.0) & (strike > 0.0)
    bound = np.where(is_call, forward, strike)  # which rounding must not pass
    if lives.all():
        return np.minimum(intrinsic + out_of_the_money(forward, strike, log_ratio, deviation), bound)
    time_value = np.zeros(forward.shape)
    time_value[lives] = out_of_the_money(forward[lives], strike[lives], log_ratio[lives], deviation[lives])
    return np.where(lives, np.minimum(intrinsic + time_value, bound), intrinsic)


def forward_delta(
    forward: FloatArray, strike: FloatArray, log_ratio: FloatArray, deviation: FloatArray, is_call: BoolArray
) -> FloatArray:
    """Derivative of `value` by the forward; at an expired option's strike, half the step."""
    forward, strike, log_ratio, deviation, is_call = np.broadcast_arrays(forward, strike, log_ratio, deviation, is_call)
    sign = np.where(is_call, 1.0, -1.0)
    lives = (deviation > 0.0) & (forward > 0.0) & (strike > 0.0)
    divisor = np.where(lives, deviation, 1.0)
    d1 = standardised(np.where(lives, log_ratio, 0.0), divisor) + 0.5 * divisor
    step = np.where(forward == strike, 0.5, np.where(sign * (forward - strike) > 0.0, 1.0, 0.0))
    return np.asarray(sign * np.where(lives, ndtr(sign * d1), step))
