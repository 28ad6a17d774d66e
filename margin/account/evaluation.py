"""All figures of all scopes at given prices, in the order they are made."""

from __future__ import annotations

from dataclasses import dataclass

from margin.account.arrays import AccountArrays, PriceOf
from margin.account.collateral import Collateral, collateral
from margin.account.equity import Equity, equity
from margin.account.requirement import AccountRequirement, requirement
from margin.numeric.arrays import FloatArray


@dataclass(frozen=True)
class Evaluation:
    """The figures of every scope at one set of prices.

    Attributes:
        owned: Equity and its parts.
        backing: Adjusted equity and its parts.
        required: Requirements and their parts.
    """

    owned: Equity
    backing: Collateral
    required: AccountRequirement

    @property
    def health(self) -> FloatArray:
        """Adjusted equity less maintenance requirement, shape (scopes,): its sign is the trigger."""
        return self.backing.adjusted_maintenance - self.required.maintenance

    @property
    def initial_health(self) -> FloatArray:
        """Adjusted equity less initial requirement, shape (scopes,)."""
        return self.backing.adjusted_initial - self.required.initial


def evaluate(arrays: AccountArrays, price_of: PriceOf | None = None) -> Evaluation:
    """Value every scope, weight what it owns, and ask what it must hold.

    Args:
        arrays: The accounts.
        price_of: Prices; `None` for today's.
    """
    owned = equity(arrays, arrays.today if price_of is None else price_of)
    backing = collateral(arrays, owned)
    return Evaluation(owned, backing, requirement(arrays, owned, backing))
