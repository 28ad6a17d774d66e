"""Spreads that formed, as columns: which definition, in which accounts, how many, for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from margin.model.parameters import SpreadDefinition, SpreadLeg
from margin.numeric.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from margin.spread.measure import Measure
    from margin.spread.state import CommodityState


@dataclass(frozen=True, slots=True)
class SpreadBatch:
    """What one definition formed in one orientation, over accounts.

    Attributes:
        definition: The spread.
        rate_id: The rate id it was formed on.
        orientation: +1 where side A was long, −1 where it was short, 0 for a scanning-based spread.
        accounts: Account codes, ascending, shape (formed,).
        groups: The group of each account in the first commodity of the spread.
        number: How many formed; fractional.
        amount: Charge inside a commodity, credit between commodities; unrounded, in that commodity's currency.
        legs: The legs that took part.
        leg_amounts: Credit of each of them; empty where the amount is not shared out.
    """

    definition: SpreadDefinition
    rate_id: str
    orientation: int
    accounts: IntArray
    groups: IntArray
    number: FloatArray
    amount: FloatArray
    legs: tuple[SpreadLeg, ...]
    leg_amounts: tuple[FloatArray, ...] = ()


@dataclass
class FormedSpreads:
    """The spreads of one run, in the order in which they formed.

    The methods are called as spreads form. Only `add` does anything here; a subclass may take notes of
    commodities in passing, and changes nothing.
    """

    batches: list[SpreadBatch] = field(default_factory=list)

    def begin(self, states: Mapping[int, CommodityState], measure: Measure) -> None:
        """No spread has formed yet."""

    def watch(self, *states: CommodityState) -> None:
        """A spread is about to draw on these commodities, if it forms."""

    def add(self, batch: SpreadBatch, *states: CommodityState) -> None:
        """Spreads have formed and used up deltas of these commodities: one for each leg, or one for all legs."""
        self.batches.append(batch)

    def charge_delivery(self, state: CommodityState) -> None:
        """The delivery charge is about to be taken on the deltas as they stand."""
