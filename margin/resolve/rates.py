"""Which rate id each account pays in each commodity, by class and kind, and what it is derived from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from margin.model.house import HousePolicy
from margin.model.parameters import AccountType, CombinedCommodity, ParameterSet, RateId
from margin.model.problem import Faults, Reason
from margin.numeric.arrays import BoolArray

CORE = "CORE"
MAINTENANCE = "maintenance"
INITIAL = "initial"
_CLASS_ORDER = {CORE: 0, "RESERVE": 1}


@dataclass(frozen=True, slots=True)
class RequirementKind:
    """A requirement that is asked of accounts: performance-bond class, and maintenance or initial."""

    bond_class: str
    kind: str

    @property
    def is_headline(self) -> bool:
        """Whether an account's first figures are of this kind."""
        return self.bond_class == CORE and self.kind == MAINTENANCE


HEADLINE = RequirementKind(CORE, MAINTENANCE)


@dataclass(frozen=True, slots=True)
class CommodityRate:
    """How one commodity's requirement of one kind comes about for one account type.

    Attributes:
        base: Rate id whose arrays and rates the algorithm runs on.
        factor: What the requirement on `base` is multiplied by: rate adjustment × adjustment factor × initial ratio.
    """

    base: RateId
    factor: float


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


def resolve_rates(
    parameters: ParameterSet,
    commodities: tuple[CombinedCommodity, ...],
    types: tuple[AccountType, ...],
    house: HousePolicy,
) -> RateTable:
    """Find the rates of every account type that occurs.

    Source: CME SPAN XML schema, ``pbRateDef`` and ``adjRate``. Parameters without rate definitions have one
    rate id, which is maintenance of class core; its initial requirement follows from an initial ratio.
    """
    kinds = sorted(
        {
            RequirementKind(rate.bond_class, MAINTENANCE if rate.is_maintenance else INITIAL)
            for org in parameters.clearing_orgs
            for rate in org.rates
        }
        | {HEADLINE, RequirementKind(CORE, INITIAL)},
        key=lambda item: (_CLASS_ORDER.get(item.bond_class, 2), item.bond_class, item.kind != MAINTENANCE),
    )
    faults = Faults()
    defined = {
        (
            org.code,
            rate.account_type,
            rate.is_customer,
            RequirementKind(rate.bond_class, _kind(rate.is_maintenance)),
        ): (rate.rate_id)
        for org in parameters.clearing_orgs
        for rate in org.rates
    }
    with_rates = {org.code for org in parameters.clearing_orgs if org.rates}
    rates: dict[tuple[int, RequirementKind], tuple[CommodityRate | None, ...]] = {}
    for type_code, account_type in enumerate(types):
        for kind in kinds:
            rates[type_code, kind] = tuple(
                _commodity_rate(parameters, commodity, account_type, kind, house, defined, with_rates, faults)
                for commodity in commodities
            )
    faults.refuse_if_any()
    return RateTable(kinds=tuple(kinds), rates=rates)


def _kind(is_maintenance: bool) -> str:
    return MAINTENANCE if is_maintenance else INITIAL


def _commodity_rate(
    parameters: ParameterSet,
    commodity: CombinedCommodity,
    account_type: AccountType,
    kind: RequirementKind,
    house: HousePolicy,
    defined: Mapping[tuple[str, str, bool, RequirementKind], RateId],
    with_rates: set[str],
    faults: Faults,
) -> CommodityRate | None:
    """The rate of one commodity, account type and kind; `None` where the file and the house give none."""
    adjustment = commodity.adjustment_factors.get(
        account_type.code, house.adjustment_factors.get(account_type.code, 1.0)
    )
    own = defined.get((commodity.clearing_org, account_type.code, account_type.is_customer, kind))
    if own is not None:
        derived = _follow(commodity, own, faults)
        if derived is not None and derived[0] in parameters.arrays:
            return CommodityRate(derived[0], derived[1] * adjustment)
    ratio = commodity.initial_ratios.get(account_type.code, house.initial_ratios.get(account_type.code))
    if kind.kind == INITIAL:
        if kind.bond_class != CORE or ratio is None:
            return None
        base = _commodity_rate(parameters, commodity, account_type, HEADLINE, house, defined, with_rates, faults)
        return None if base is None else CommodityRate(base.base, base.factor * ratio)
    if kind == HEADLINE and commodity.clearing_org not in with_rates and len(parameters.arrays) == 1:
        return CommodityRate(next(iter(parameters.arrays)), adjustment)
    return None


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
