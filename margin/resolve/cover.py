"""Sets of periods: the tiers that rules of a combined commodity speak of."""

from __future__ import annotations

from dataclasses import dataclass

from margin.model.contract import period_in_range
from margin.model.parameters import WHOLE_COMMODITY, Tier

_AFTER_EVERY_PERIOD = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Cover:
    """The periods in any of some ranges that none of some other ranges holds.

    Attributes:
        ranges: (first period, last period), both included, `None` for no bound.
        excluded: Ranges of periods that are left out.
    """

    ranges: tuple[tuple[str | None, str | None], ...]
    excluded: tuple[tuple[str | None, str | None], ...] = ()

    def __contains__(self, period: object) -> bool:
        return (
            isinstance(period, str)
            and any(period_in_range(period, start, end) for start, end in self.ranges)
            and not any(period_in_range(period, start, end) for start, end in self.excluded)
        )

    @property
    def end(self) -> str:
        """Something that sorts by where the cover ends: after every period it holds."""
        return max((_AFTER_EVERY_PERIOD if end is None else f"{end}~" for _, end in self.ranges), default="")


EVERY_PERIOD = Cover(((None, None),))


def one_period(period: str) -> Cover:
    """A single period."""
    return Cover(((period, period),))


def tier_cover(tiers: tuple[Tier, ...], number: int) -> Cover:
    """The periods of a tier; tier 0 is the whole commodity, whatever ranges it is given."""
    if number == WHOLE_COMMODITY:
        return EVERY_PERIOD
    return Cover(tuple((tier.start, tier.end) for tier in tiers if tier.number == number))


def partition(tiers: tuple[Tier, ...]) -> dict[int, Cover]:
    """Tiers that share out all periods: the first numbered tier that covers a period has it, tier 0 the rest."""
    covers: dict[int, Cover] = {}
    taken: list[tuple[str | None, str | None]] = []
    for tier in tiers:
        if tier.number != WHOLE_COMMODITY:
            covers[tier.number] = Cover(((tier.start, tier.end),), tuple(taken))
            taken.append((tier.start, tier.end))
    covers[WHOLE_COMMODITY] = Cover(((None, None),), tuple(taken))
    return covers
