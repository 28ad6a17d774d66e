"""Initial ratios and adjustment factors by account type, said as rate ids that derive from others (``adjRate``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from types import MappingProxyType

from margin.model.parameters import (
    AccountType,
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    PerformanceBondRate,
    RateAdjustment,
    RateId,
)
from margin.model.problem import Faults, Reason
from margin.resolve.accounts import STANDARD_ACCOUNT_TYPES
from margin.resolve.rates import CORE

_NOTHING: Mapping[str, float] = MappingProxyType({})


def with_derived_rates(parameters: ParameterSet, faults: Faults) -> ParameterSet:
    """The same set without initial ratios and adjustment factors, and with rate ids that mean the same.

    requirement(new rate id) = requirement(base) × rate adjustment × adjustment factor × initial ratio, multiplied
    in the order of the calculation, so that every figure is the same double.
    """
    derived = [_Organisation(parameters, org, faults).derived() for org in parameters.clearing_orgs]
    adjusted = {key: value for _, commodities in derived for key, value in commodities.items()}
    return replace(
        parameters,
        clearing_orgs=tuple(org for org, _ in derived),
        commodities=tuple(adjusted.get((item.clearing_org, item.code), item) for item in parameters.commodities),
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """A requirement that accounts are asked for: whose, and of which class and kind."""

    account_type: AccountType
    is_maintenance: bool
    bond_class: str


@dataclass
class _Organisation:
    """Derives the rates of one clearing organisation."""

    parameters: ParameterSet
    org: ClearingOrganisation
    faults: Faults

    def derived(self) -> tuple[ClearingOrganisation, dict[tuple[str, str], CombinedCommodity]]:
        """The organisation with its rate ids, and its commodities with what they derive."""
        own = [item for item in self.parameters.commodities if item.clearing_org == self.org.code]
        if not any(item.initial_ratios or item.adjustment_factors for item in own):
            return self.org, {}
        published = self._published()
        adjustments: dict[str, list[RateAdjustment]] = {item.code: [] for item in own}
        rates: list[RateId] = []
        for target, rate_id in self._targets(own, published).items():
            code = target.account_type.code
            is_adjusted = any(code in item.adjustment_factors for item in own)
            chosen = rate_id
            if rate_id is None or is_adjusted:
                chosen = self._free_id([*rates, *published.values()], adjustments)
                for item in own:
                    found = self._adjustment(item, target, chosen, rate_id, published)
                    adjustments[item.code] += [found] if found is not None else []
            self._refuse_both(own, target, rate_id)
            rates.append(chosen or "")
        targets = self._targets(own, published)
        return replace(
            self.org,
            rates=tuple(
                PerformanceBondRate(
                    rate_id,
                    target.account_type.is_customer,
                    target.account_type.code,
                    target.is_maintenance,
                    target.bond_class,
                )
                for target, rate_id in zip(targets, rates, strict=True)
            ),
        ), {
            (self.org.code, item.code): replace(
                item,
                initial_ratios=_NOTHING,
                adjustment_factors=_NOTHING,
                rate_adjustments=(*item.rate_adjustments, *adjustments[item.code]),
            )
            for item in own
        }

    def _published(self) -> dict[_Target, RateId]:
        """The rate ids of the set; one with a single set of arrays and no definitions means it for everybody."""
        known = self.parameters.account_types or STANDARD_ACCOUNT_TYPES
        if self.org.rates:
            kinds = {(kind.code, kind.is_customer): kind for kind in known}
            return {
                _Target(
                    kinds.get((rate.account_type, rate.is_customer), AccountType(rate.account_type, rate.is_customer)),
                    rate.is_maintenance,
                    rate.bond_class,
                ): rate.rate_id
                for rate in self.org.rates
            }
        if len(self.parameters.arrays) != 1:
            return {}
        return {_Target(kind, True, CORE): next(iter(self.parameters.arrays)) for kind in known}

    def _targets(
        self, own: list[CombinedCommodity], published: Mapping[_Target, RateId]
    ) -> dict[_Target, RateId | None]:
        """Everything that is asked for: what is published, and initial requirements that a ratio gives."""
        targets: dict[_Target, RateId | None] = {}
        for target, rate_id in published.items():
            targets[target] = rate_id
            initial = replace(target, is_maintenance=False, bond_class=CORE)
            is_headline = target.is_maintenance and target.bond_class == CORE
            has_ratio = any(target.account_type.code in item.initial_ratios for item in own)
            if is_headline and has_ratio and initial not in published:
                targets[initial] = None
        return targets

    def _free_id(self, rates: list[str], adjustments: Mapping[str, list[RateAdjustment]]) -> RateId:
        """The next whole number that is no rate id of the set."""
        used = {*self.parameters.arrays, *self.org.grids, *rates}
        used |= {rate.rate_id for org in self.parameters.clearing_orgs for rate in org.rates}
        used |= {item.rate_id for commodity in self.parameters.commodities for item in commodity.rate_adjustments}
        used |= {item.rate_id for items in adjustments.values() for item in items}
        number = 1
        while str(number) in used:
            number += 1
        return str(number)

    def _adjustment(
        self,
        item: CombinedCommodity,
        target: _Target,
        rate_id: RateId,
        published: RateId | None,
        rates: Mapping[_Target, RateId],
    ) -> RateAdjustment | None:
        """What the new rate id is in a commodity: a factor on the base that it was worked out from before."""
        code = target.account_type.code
        parts = []
        if published is None:
            if code not in item.initial_ratios:
                return None
            parts = [item.initial_ratios[code]]
            published = rates[replace(target, is_maintenance=True)]
        base, factor = _follow(item, published)
        return RateAdjustment(rate_id, base, prod([factor, item.adjustment_factors.get(code, 1.0), *parts]))

    def _refuse_both(self, own: list[CombinedCommodity], target: _Target, published: RateId | None) -> None:
        """An initial rate that is published wins where its arrays are there; the ratio is for the rest."""
        if published is None or target.is_maintenance or target.bond_class != CORE:
            return
        for item in own:
            if target.account_type.code in item.initial_ratios:
                self.faults.add(
                    Reason.UNSUPPORTED_RULE,
                    f"commodity {item.code} has an initial ratio for account type {target.account_type.code}, whose "
                    f"initial rate {published} {self.org.code} defines; a .spn cannot say both, remove the ratio",
                    line=item.line,
                    element=f"{item.clearing_org}/{item.code}/initial_ratios",
                )


def _follow(commodity: CombinedCommodity, rate_id: RateId) -> tuple[RateId, float]:
    """The rate id that one derives from, and the factor between them; a circle ends where it closes."""
    adjustments = {item.rate_id: item for item in commodity.rate_adjustments}
    factor, seen = 1.0, {rate_id}
    while rate_id in adjustments:
        item = adjustments[rate_id]
        factor *= item.factor
        rate_id = item.base_rate_id
        if rate_id in seen:
            break
        seen.add(rate_id)
    return rate_id, factor
