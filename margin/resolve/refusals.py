"""What a file asks of a held commodity that this engine does not do: refused by name, never left out in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from margin.model.house import SpanSwitches
from margin.model.parameters import (
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    RateId,
    SpreadDefinition,
)
from margin.model.problem import Problem, Reason
from margin.numeric.arrays import BoolArray
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.cover import EVERY_PERIOD, Cover, tier_cover
from margin.resolve.scan_ranges import price_scan_range_per_delta


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule of one commodity that cannot be applied: where in the file it stands, its value, and why."""

    path: str
    value: str
    why: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A held commodity and what surrounds it.

    Attributes:
        code: Commodity code.
        contracts: All contracts.
        organisation: Its clearing organisation.
        between: Spreads between commodities that have it as a leg.
        rate_id: The rate id it is margined on.
        product_types: Product types held.
        broken_combinations: Codes of combinations whose legs cannot be used.
        switches: The house's choices.
    """

    code: int
    contracts: ResolvedContracts
    organisation: ClearingOrganisation | None
    between: tuple[SpreadDefinition, ...]
    rate_id: RateId
    product_types: frozenset[str]
    broken_combinations: frozenset[int]
    switches: SpanSwitches

    @property
    def commodity(self) -> CombinedCommodity:
        """Its definition."""
        return self.contracts.commodities[self.code]

    @property
    def path(self) -> str:
        """Where it stands in the file."""
        return f"ccDef[{self.commodity.code}]"

    @property
    def periods(self) -> tuple[str, ...]:
        """Its delta periods."""
        first, last = self.contracts.commodity_slots[self.code], self.contracts.commodity_slots[self.code + 1]
        return self.contracts.slot_periods[first:last]

    def legs_measured(self, spread: SpreadDefinition) -> list[Cover]:
        """The covers whose weighted futures price risk a spread takes from this commodity."""
        if spread.kind == "intracommodity":
            return [EVERY_PERIOD]
        return [
            tier_cover(self.commodity.intercommodity_tiers, (leg.tier or 0) if leg.kind == "tier" else 0)
            for leg in spread.legs
            if leg.commodity == self.commodity.code and leg.clearing_org is None
        ]

    def has_scan_range(self, cover: Cover) -> bool:
        """Whether a cover has a scan range, or nobody can have a delta there that would need one."""
        takes_deltas = any(
            leg.is_target and leg.commodity == self.commodity.code for spread in self.between for leg in spread.legs
        )
        contracts, org = self.contracts, self.commodity.clearing_org
        # What merges into a target may stand in any period of its clearing organisation.
        sources = [item.clearing_org == org for item in contracts.commodities] if takes_deltas else None
        own = contracts.commodity == self.code if sources is None else np.array(sources)[contracts.commodity]
        with_delta = own & (contracts.parameters.arrays[self.rate_id].points[contracts.rows] > 0)
        if not any(contracts.slot_periods[slot] in cover for slot in np.unique(contracts.slot[with_delta])):
            return True
        return price_scan_range_per_delta(self.contracts, self.code, cover, self.rate_id) is not None

    def currency_of(self, commodity: str) -> str | None:
        """Currency of a commodity of the same clearing organisation."""
        items = self.contracts.commodities
        org = self.commodity.clearing_org
        return next((item.currency for item in items if (item.clearing_org, item.code) == (org, commodity)), None)


def path_of(held: Held, spread: SpreadDefinition) -> str:
    """Where a spread stands in the file."""
    if spread.kind == "intracommodity":
        return f"{held.path}/dSpread[{spread.priority}]"
    return f"{spread.kind}[{spread.priority}]"


Rule = Callable[[Held], Iterator[Refusal]]
"""Finds what a held commodity asks that a method does not do."""


def refuse_commodities(
    contracts: ResolvedContracts,
    held: Mapping[int, frozenset[str]],
    base: Mapping[int, RateId],
    broken: frozenset[int],
    switches: SpanSwitches,
    rules: Sequence[Rule],
) -> tuple[BoolArray, list[Problem]]:
    """Find the held commodities that cannot be margined.

    Args:
        contracts: The contracts.
        held: Product types held, by commodity code.
        base: Rate id of each commodity code.
        broken: Codes of combinations whose legs cannot be used.
        switches: The house's choices.
        rules: What the method does not do.

    Returns:
        Refused commodities by commodity code, and one error per refused rule.
    """
    parameters = contracts.parameters
    refused = np.zeros(len(contracts.commodities), dtype=np.bool_)
    organisations = {org.code: org for org in parameters.clearing_orgs}
    files = {source.clearing_org: source.path for source in parameters.sources}
    between = _spreads_by_commodity(parameters)
    problems: list[Problem] = []
    for code in sorted(set(held) & set(base)):
        commodity = contracts.commodities[code]
        key = (commodity.clearing_org, commodity.code)
        subject = Held(
            code, contracts, organisations.get(key[0]), between.get(key, ()), base[code], held[code], broken, switches
        )
        for rule in rules:
            for refusal in rule(subject):
                refused[code] = True
                problems.append(_problem(refusal, commodity, files.get(commodity.clearing_org)))
    return refused, problems


def refuse_lenders(
    contracts: ResolvedContracts, refused: BoolArray, lenders: Mapping[int, Sequence[int]]
) -> list[Problem]:
    """Refuse what may merge into a refused target: without the target its requirement would be a guess.

    Args:
        contracts: The contracts.
        refused: Refused commodities by commodity code; changed in place.
        lenders: Commodity codes that scanning-based spreads may merge into each target.

    Returns:
        One error per commodity that is refused only because of a target.
    """
    problems = []
    for target in [code for code in lenders if refused[code]]:
        name = contracts.commodities[target].code
        for code in [code for code in lenders[target] if not refused[code]]:
            refused[code] = True
            refusal = Refusal("sSpread", name, f"it may merge into {name}, which is not margined")
            problems.append(_problem(refusal, contracts.commodities[code], None))
    return problems


def _spreads_by_commodity(parameters: ParameterSet) -> dict[tuple[str, str], tuple[SpreadDefinition, ...]]:
    """Spreads between commodities by (clearing org, commodity) of their legs at home."""
    found: dict[tuple[str, str], dict[int, SpreadDefinition]] = {}
    for place, spread in enumerate(parameters.spreads):
        for leg in spread.legs:
            if leg.clearing_org is None:
                found.setdefault((spread.clearing_org, leg.commodity), {})[place] = spread
    return {key: tuple(spreads.values()) for key, spreads in found.items()}


def _problem(refusal: Refusal, commodity: CombinedCommodity, file: str | None) -> Problem:
    return Problem(
        Reason.UNSUPPORTED_RULE,
        f"{refusal.path} = {refusal.value}: {refusal.why}; commodity {commodity.code} is not margined",
        file=file,
        line=refusal.line,
        attributes={
            "clearing_org": commodity.clearing_org,
            "commodity": commodity.code,
            "element": refusal.path,
            "value": refusal.value,
        },
    )
