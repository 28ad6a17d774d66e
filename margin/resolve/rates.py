"""Which rate id each account pays in each commodity, by class and kind, and what it is derived from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from margin.model.house import HousePolicy
from margin.model.parameters import AccountType, CombinedCommodity, PerformanceBondRate, RateId
from margin.model.problem import Faults, Reason
from margin.numeric.arrays import BoolArray
from margin.resolve.contracts import ResolvedContracts

CORE = "CORE"
MAINTENANCE = "maintenance"
INITIAL = "initial"
_CLASS_ORDER = {CORE: 0, "RESERVE": 1}


@dataclass(frozen=True, slots=True)
class RequirementKind:
    """A requirement that is asked of accounts: performance-bond class, and maintenance or initial."""

    bond_class: str
    kind: str


HEADLINE = RequirementKind(CORE, MAINTENANCE)


@dataclass(frozen=True, slots=True)
class CommodityRate:
    """How one commodity's requirement of one kind comes about for one account type.

    Attributes:
        base: Rate id whose arrays and rates the algorithm runs on.
        factor: What the requirement on `base` is multiplied by: rate adjustment × adjustment factor × initial
            ratio × house multiplier.
        parts: What `factor` is the product of, by name.
    """

    base: RateId
    factor: float
    parts: tuple[tuple[str, float], ...] = ()


def _combined(base: RateId, **parts: float) -> CommodityRate:
    return CommodityRate(base, prod(parts.values()), tuple(parts.items()))


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rates by account type and kind: one entry per commodity code, `None` where no rate is given."""

    kinds: tuple[RequirementKind, ...]
    rates: Mapping[tuple[int, RequirementKind], tuple[CommodityRate | None, ...]]

    def is_given(self, kind: RequirementKind) -> BoolArray:
        """Whether each account type has a rate of this kind in any commodity, shape (account types,)."""
        types = sorted({account_type for account_type, _ in self.rates})
        return np.array([any(self.rates[account_type, kind]) for account_type in types], dtype=np.bool_)

    def selections(self, held: Sequence[int]) -> list[RateSelection]:
        """The different sets of base rates that accounts need in the commodities they hold.

        Args:
            held: Commodity codes that are held by anybody.
        """
        served: dict[tuple[RateId | None, ...], list[tuple[int, RequirementKind]]] = {}
        for key, rates in self.rates.items():
            chosen = tuple(None if (rate := rates[code]) is None else rate.base for code in held)
            served.setdefault(chosen, []).append(key)
        return [
            RateSelection(
                {code: rate for code, rate in zip(held, chosen, strict=True) if rate is not None}, tuple(keys)
            )
            for chosen, keys in served.items()
            if any(chosen)
        ]


@dataclass(frozen=True, slots=True)
class RateSelection:
    """One set of base rates, on which the algorithm runs once.

    Attributes:
        base: Rate id by commodity code.
        served: The (account type code, kind) pairs whose requirements follow from it.
    """

    base: Mapping[int, RateId]
    served: tuple[tuple[int, RequirementKind], ...]


def resolve_rates(contracts: ResolvedContracts, types: tuple[AccountType, ...], house: HousePolicy) -> RateTable:
    """Find the rates of every account type that occurs.

    Source: CME SPAN XML schema, ``pbRateDef`` and ``adjRate``. Parameters without rate definitions have one
    rate id, which is maintenance of class core; its initial requirement follows from an initial ratio.
    """
    parameters = contracts.parameters
    kinds = sorted(
        {RequirementKind(rate.bond_class, _kind(rate)) for org in parameters.clearing_orgs for rate in org.rates}
        | {HEADLINE, RequirementKind(CORE, INITIAL)},
        key=lambda item: (_CLASS_ORDER.get(item.bond_class, 2), item.bond_class, item.kind != MAINTENANCE),
    )
    finder = _RateFinder(
        house=house,
        defined={
            (org.code, rate.account_type, rate.is_customer, RequirementKind(rate.bond_class, _kind(rate))): rate.rate_id
            for org in parameters.clearing_orgs
            for rate in org.rates
        },
        with_rates=frozenset(org.code for org in parameters.clearing_orgs if org.rates),
        with_arrays=_commodities_with_arrays(contracts),
        faults=Faults(),
    )
    rates = {
        (type_code, kind): tuple(
            finder.find(code, commodity, account_type, kind) for code, commodity in enumerate(contracts.commodities)
        )
        for type_code, account_type in enumerate(types)
        for kind in kinds
    }
    finder.faults.refuse_if_any()
    return RateTable(kinds=tuple(kinds), rates=rates)


def _kind(rate: PerformanceBondRate) -> str:
    return MAINTENANCE if rate.is_maintenance else INITIAL


def _commodities_with_arrays(contracts: ResolvedContracts) -> dict[RateId, frozenset[int]]:
    """Commodity codes that have a risk array of each rate id, or no contract that could have one.

    A commodity without contracts is there for others to merge into.
    """
    empty = frozenset(range(len(contracts.commodities))) - frozenset(contracts.commodity.tolist())
    return {
        rate_id: empty | frozenset(np.unique(contracts.commodity[arrays.points[contracts.rows] > 0]).tolist())
        for rate_id, arrays in contracts.parameters.arrays.items()
    }


@dataclass(frozen=True)
class _RateFinder:
    """Finds the rate of one commodity, account type and kind.

    Attributes:
        house: Gives ratios, factors and multipliers.
        defined: Rate id by clearing organisation, account type, customer flag and kind.
        with_rates: Clearing organisations that define rates.
        with_arrays: Commodity codes with arrays, by rate id.
        faults: Takes rate adjustments that run in a circle.
    """

    house: HousePolicy
    defined: Mapping[tuple[str, str, bool, RequirementKind], RateId]
    with_rates: frozenset[str]
    with_arrays: Mapping[RateId, frozenset[int]]
    faults: Faults

    def find(
        self, code: int, commodity: CombinedCommodity, account_type: AccountType, kind: RequirementKind
    ) -> CommodityRate | None:
        """The rate; `None` where neither the file nor the house gives one."""
        multiplier = self.house.commodity_multipliers.get(commodity.code, self.house.requirement_multiplier)
        adjustment = self._ratio(account_type, commodity.adjustment_factors, self.house.adjustment_factors) or 1.0
        if kind.kind == INITIAL and not self.house.switches.adjust_initial:
            adjustment = 1.0
        derived = self._published(code, commodity, account_type, kind)
        if derived is not None:
            return _combined(
                derived[0], rate_adjustment=derived[1], adjustment_factor=adjustment, multiplier=multiplier
            )
        ratio = self._ratio(account_type, commodity.initial_ratios, self.house.initial_ratios)
        if kind != RequirementKind(CORE, INITIAL) or ratio is None:
            return None
        derived = self._published(code, commodity, account_type, HEADLINE)
        if derived is None:
            return None
        return _combined(
            derived[0],
            rate_adjustment=derived[1],
            adjustment_factor=adjustment,
            initial_ratio=ratio,
            multiplier=multiplier,
        )

    def _ratio(
        self, account_type: AccountType, of_commodity: Mapping[str, float], of_house: Mapping[str, float]
    ) -> float | None:
        """A ratio by account type: the commodity's, else the house's."""
        return of_commodity.get(account_type.code, of_house.get(account_type.code))

    def _published(
        self, code: int, commodity: CombinedCommodity, account_type: AccountType, kind: RequirementKind
    ) -> tuple[RateId, float] | None:
        """Base rate id and the factor of its rate adjustments, as the parameters give them."""
        organisation = commodity.clearing_org
        rate_id = self.defined.get((organisation, account_type.code, account_type.is_customer, kind))
        if rate_id is None and kind == HEADLINE and organisation not in self.with_rates and len(self.with_arrays) == 1:
            rate_id = next(iter(self.with_arrays))
        derived = None if rate_id is None else _follow(commodity, rate_id, self.faults)
        return derived if derived is not None and code in self.with_arrays.get(derived[0], ()) else None


def _follow(commodity: CombinedCommodity, rate_id: RateId, faults: Faults) -> tuple[RateId, float] | None:
    """Follow rate adjustments to a rate id that is not derived; `None` if they run in a circle."""
    adjustments = {item.rate_id: item for item in commodity.rate_adjustments}
    factor, seen = 1.0, {rate_id}
    while rate_id in adjustments:
        item = adjustments[rate_id]
        factor *= item.factor
        if item.base_rate_id == rate_id:
            return rate_id, factor
        rate_id = item.base_rate_id
        if rate_id in seen:
            faults.add(
                Reason.INVALID_VALUE,
                f"rate adjustments of commodity {commodity.code} run in a circle through rate id {rate_id}",
                line=commodity.line,
                found=rate_id,
            )
            return None
        seen.add(rate_id)
    return rate_id, factor
