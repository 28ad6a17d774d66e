"""Deltas by period: what a commodity holds, what spreads have used, what is left."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from tests.oracle.model import Rounding
from tests.oracle.rounding import rounded
from tests.oracle.scan import Covers

ZERO = Fraction(0)


class Ledger:
    """Original and remaining net delta of every period of one commodity."""

    def __init__(self) -> None:
        self.original: dict[str, Fraction] = {}
        self.remaining: dict[str, Fraction] = {}

    def add(self, period: str, original: Fraction, remaining: Fraction) -> None:
        """Books delta to a period."""
        self.original[period] = self.original.get(period, ZERO) + original
        self.remaining[period] = self.remaining.get(period, ZERO) + remaining

    def round(self, rounding: Rounding | None) -> None:
        """Rounds the net delta of every period, before any is used."""
        self.original = {period: rounded(delta, rounding) for period, delta in self.original.items()}
        self.remaining = dict(self.original)

    def copy(self) -> Ledger:
        """A ledger with the same deltas, to be used up on its own."""
        other = Ledger()
        other.original, other.remaining = dict(self.original), dict(self.remaining)
        return other

    def original_net(self, covers: Covers) -> Fraction:
        """Signed sum of original deltas over the periods."""
        return sum((delta for period, delta in self.original.items() if covers(period)), ZERO)

    def remaining_net(self, covers: Covers) -> Fraction:
        """Signed sum of remaining deltas over the periods."""
        return sum((delta for period, delta in self.remaining.items() if covers(period)), ZERO)

    def pool(self, covers: Covers, sign: int) -> dict[str, Fraction]:
        """Remaining deltas of one sign, as positive amounts by period, earliest period first."""
        return {
            period: abs(self.remaining[period])
            for period in sorted(self.remaining)
            if covers(period) and self.remaining[period] * sign > 0
        }

    def consume(self, covers: Covers, sign: int, amount: Fraction) -> None:
        """Uses up delta of one sign, earliest period first."""
        left = amount
        for period, available in self.pool(covers, sign).items():
            used = min(available, left)
            self.remaining[period] -= sign * used
            left -= used
        if left != 0:
            raise AssertionError(f"{left} delta more was to be used than is there")


def most_spreads(pools: list[dict[str, Fraction]], ratios: list[Fraction]) -> Fraction:
    """The largest number of spreads that legs drawing on these pools can form together.

    Pools may overlap (a period can feed several legs of one side), so the number is bounded for every set of
    legs: together they cannot use more than the union of their pools holds.
    """
    bounds = []
    for size in range(1, len(pools) + 1):
        for legs in combinations(range(len(pools)), size):
            union: dict[str, Fraction] = {}
            for leg in legs:
                union.update(pools[leg])
            bounds.append(sum(union.values(), ZERO) / sum((ratios[leg] for leg in legs), ZERO))
    return min(bounds)
