"""Rounding of exact numbers to decimals, in the four modes houses use."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from tests.oracle.model import Rounding


def round_half_away(value: Fraction) -> int:
    """To a whole number, ties away from zero."""
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def round_half_even(value: Fraction) -> int:
    """To a whole number, ties to the even one."""
    return round(value)


def round_down(value: Fraction) -> int:
    """Towards zero."""
    return floor(value) if value >= 0 else -floor(-value)


def round_up(value: Fraction) -> int:
    """Away from zero."""
    return -floor(-value) if value >= 0 else floor(value)


MODES = {
    "half_away": round_half_away,
    "half_even": round_half_even,
    "down": round_down,
    "up": round_up,
}


def rounded(value: Fraction, rounding: Rounding | None) -> Fraction:
    """The value at the stated decimals, or unchanged where the policy does not round."""
    if rounding is None:
        return value
    unit = Fraction(1, 10) ** rounding.decimals
    return MODES[rounding.mode](value / unit) * unit
