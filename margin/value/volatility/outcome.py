"""What comes of asking for a volatility: found, or the reason why a price implies none."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Outcome(IntEnum):
    """What a quoted price says of the volatility."""

    FOUND = 0
    NO_TIME_VALUE = 1
    BELOW_INTRINSIC = 2
    AT_UPPER_BOUND = 3
    ABOVE_UPPER_BOUND = 4
    EXPIRED = 5
    OUTSIDE_MODEL = 6


WORDS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.FOUND: "the price implies a volatility",
        Outcome.NO_TIME_VALUE: "the price is the discounted intrinsic value: it implies no volatility but 0",
        Outcome.BELOW_INTRINSIC: "the price is below the discounted intrinsic value, which no volatility gives",
        Outcome.AT_UPPER_BOUND: "the price is the most that any volatility gives, the discounted forward or strike",
        Outcome.ABOVE_UPPER_BOUND: "the price is above the discounted forward or strike, which no volatility gives",
        Outcome.EXPIRED: "no time is left to expiry, so that the price says nothing of the volatility",
        Outcome.OUTSIDE_MODEL: "the model does not take this forward, strike or price",
    }
)
"""Each outcome as a clause for messages."""
