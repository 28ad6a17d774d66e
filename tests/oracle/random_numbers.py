"""Random numbers for parameter files and books: any numbers, with more zeros, ties and gains than markets have."""

from __future__ import annotations

import random
from fractions import Fraction


class Numbers:
    """Draws numbers as the text that will stand in a file.

    Args:
        rng: Source of randomness.
        rate_ids: Rate ids for which the file has arrays and rates of its own.
        points: Scenarios per array.
    """

    def __init__(self, rng: random.Random, rate_ids: list[str], points: int) -> None:
        self.rng = rng
        self.rate_ids = rate_ids
        self.points = points
        self.decimals = rng.choice([0, 0, 2])

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return self.rng.random() < probability

    def money(self, low: int, high: int) -> str:
        """A whole or two-decimal number as text."""
        if self.decimals == 0:
            return str(self.rng.randint(low, high))
        return f"{self.rng.randint(low * 100, high * 100) / 100:.2f}"

    def rates(self, low: int, high: int) -> dict[str, str]:
        """A rate for every rate id."""
        return {rate: self.money(low, high) for rate in self.rate_ids}

    def fractions(self) -> dict[str, str]:
        """A credit rate as a fraction for every rate id; sometimes negative, so that it charges."""
        choices = ["0.5", "0.55", "0.8192", "1", "0", "-0.25", "0.333"]
        return {rate: self.rng.choice(choices) for rate in self.rate_ids}

    def array(self) -> list[str]:
        """Losses of one long contract: anything, a linear future, all gains, all zeros, or full of ties."""
        shape = self.rng.choice(["any", "any", "any", "linear", "linear", "gains", "zeros", "ties", "small"])
        if shape == "linear" and self.points == 16:
            step = self.rng.randint(1, 500)
            moves = [0, 0, -1, -1, 1, 1, -2, -2, 2, 2, -3, -3, 3, 3, -3, 3]
            return [str(step * move) for move in moves]
        if shape == "gains":
            return [self.money(-900, -1) for _ in range(self.points)]
        if shape == "zeros":
            return ["0"] * self.points
        if shape == "ties":
            values = [self.money(-50, 50), self.money(-50, 50)]
            return [self.rng.choice(values) for _ in range(self.points)]
        reach = 3 if shape == "small" else 1000
        return [self.money(-reach, reach) for _ in range(self.points)]

    def delta(self, *, is_option: bool, right: str = "C") -> str:
        """A composite delta with four decimals; options in (−1, 1) by right, futures mostly 1."""
        if not is_option:
            return self.rng.choice(["1.0000", "1.0000", "1.0000", "0.9500", "0.0000"])
        value = self.rng.choice([0, 1, 10000, self.rng.randint(0, 10000), self.rng.randint(0, 10000)])
        return f"{'-' if right == 'P' and value else ''}{value / 10000:.4f}"

    def scaling(self) -> str:
        """A delta scaling factor, mostly 1."""
        return self.rng.choice(["1", "1", "1", "1", "0.1", "0.5", "2"])

    def quantity(self) -> Fraction:
        """A signed quantity: small integers mostly, decimals at times, now and then 0 or large."""
        kind = self.rng.random()
        if kind < 0.70:
            return Fraction(self.rng.choice([-7, -5, -3, -2, -1, 1, 1, 2, 3, 4, 10]))
        if kind < 0.85:
            return Fraction(self.rng.randint(-9999, 9999), 1000)
        if kind < 0.90:
            return Fraction(0)
        return Fraction(self.rng.randint(-20000, 20000))
