"""What a file asks of a held commodity that this engine does not do: refused by name, never left out in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from margin.model.house import SpanSwitches
from margin.model.parameters import (
    WHOLE_COMMODITY,
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    RateId,
    SpreadDefinition,
)
from margin.model.problem import Problem, Reason
from margin.numeric.arrays import BoolArray
from margin.resolve.combinations import METHODS as COMBINATION_METHODS
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.cover import EVERY_PERIOD, Cover, one_period, tier_cover
from margin.resolve.scan_ranges import price_scan_range_per_delta

_NO_SPOT_CHARGE = "NONE"
NORMAL = "NORMAL"
WEIGHTED_PRICE_RISK_METHODS = frozenset({NORMAL, "SCANRANGE", "SCANRANGE_CAP"})
OPTION_DELTA_METHODS = frozenset({None, "", "PERIOD"})
SHORT_OPTION_MINIMUM_METHODS = frozenset({None, "", "GROSS", "MAX"})


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


def _elements_without_formula(held: Held) -> Iterator[Refusal]:
    elements = [*held.commodity.unsupported]
    if held.organisation is not None:
        elements.extend(held.organisation.unsupported)
    for spread in (*held.commodity.spreads, *held.between):
        elements.extend(spread.unsupported)
    for element in elements:
        yield Refusal(element.path, element.value, "no public formula is known for it", element.line)


def _methods(held: Held) -> Iterator[Refusal]:
    commodity = held.commodity
    known: tuple[tuple[str, str | None, frozenset[str | None]], ...] = (
        ("procMeth", commodity.procedure_method, frozenset({None, "", "NORMAL"})),
        ("marginMeth", commodity.margin_method, frozenset({None, "", "SPAN"})),
        ("somMeth", commodity.short_option_minimum_method, SHORT_OPTION_MINIMUM_METHODS),
        ("spotMeth", commodity.spot_method, frozenset({None, "", "NORMAL", _NO_SPOT_CHARGE})),
    )
    for element, value, values in known:
        if value not in values:
            words = ", ".join(sorted(word for word in values if word))
            yield Refusal(
                f"{held.path}/{element}",
                str(value),
                f"this value is unknown; known are {words}",
                commodity.line,
            )


def _option_delta_methods(held: Held) -> Iterator[Refusal]:
    """Into which period the delta of an option on a physical goes, where the file has a word for it."""
    if "OOP" not in held.product_types:
        return
    words = {link.option_delta_method for link in held.commodity.product_links if link.type == "OOP"}
    if held.organisation is not None:
        words.add(held.organisation.option_delta_method)
    for word in sorted(words - OPTION_DELTA_METHODS, key=str):
        yield Refusal(
            f"{held.path}/oopDeltaMeth", str(word), "this value is unknown; known is PERIOD", held.commodity.line
        )


def _long_option_value(held: Held) -> Iterator[Refusal]:
    own = held.commodity.customer_use_long_option_value
    if own is None and held.organisation is not None:
        own = held.organisation.customer_use_long_option_value
    if own is False:
        yield Refusal(
            f"{held.path}/custUseLov",
            "0",
            "how the scan changes without long option value is not published",
            held.commodity.line,
        )


def _tier_bounds(held: Held) -> Iterator[Refusal]:
    for name, tiers in (
        ("scanTiers", held.commodity.scan_tiers),
        ("intraTiers", held.commodity.intracommodity_tiers),
        ("interTiers", held.commodity.intercommodity_tiers),
        ("somTiers", held.commodity.short_option_minimum_tiers),
    ):
        for tier in tiers:
            if tier.is_relative:
                yield Refusal(
                    f"{held.path}/{name}/tier[{tier.number}]",
                    "relative bounds",
                    "bounds given as positions in the list of periods are not resolved",
                    tier.line,
                )


def _charge_methods(held: Held) -> Iterator[Refusal]:
    for spread in (*held.commodity.spreads, *held.between):
        if spread.form == "delta" and spread.charge_method == "P" and not _is_charged_by_months(spread, held):
            yield Refusal(
                f"{path_of(held, spread)}/chargeMeth",
                "P",
                "the charge per month and per spread has no public formula; a house may choose one for spreads "
                "between two periods (switches: per_month_charge)",
                spread.line,
            )


def _is_charged_by_months(spread: SpreadDefinition, held: Held) -> bool:
    return (
        held.switches.per_month_charge == "flat_plus_months"
        and spread.kind == "intracommodity"
        and len(spread.legs) == 2
        and all(leg.kind == "period" for leg in spread.legs)
        and held.rate_id in spread.month_rates
    )


def _spread_rates(held: Held) -> Iterator[Refusal]:
    for spread in (*held.commodity.spreads, *held.between):
        for leg in spread.legs:
            at_home = leg.commodity == held.commodity.code and leg.clearing_org is None
            takes_leg_rate = spread.form == "scanning" or spread.charge_method == "W"
            rates = (leg.rates or spread.rates) if takes_leg_rate else spread.rates
            if at_home and held.rate_id not in rates and spread.charge_method != "P":
                yield Refusal(
                    f"{path_of(held, spread)}/rate",
                    held.rate_id,
                    "the spread has no rate for this rate id",
                    spread.line,
                )
                break


def _spread_tiers(held: Held) -> Iterator[Refusal]:
    own = held.commodity
    for spreads, tiers in ((own.spreads, own.intracommodity_tiers), (held.between, own.intercommodity_tiers)):
        defined = {tier.number for tier in tiers} | {WHOLE_COMMODITY}
        for spread in spreads:
            for leg in spread.legs:
                at_home = leg.commodity == own.code and leg.clearing_org is None
                if at_home and leg.kind == "tier" and leg.tier not in defined:
                    yield Refusal(
                        f"{path_of(held, spread)}/tLeg/tn",
                        str(leg.tier),
                        "the commodity defines no such tier",
                        spread.line,
                    )


def _legs_on_the_same_deltas(held: Held) -> Iterator[Refusal]:
    """Two legs between commodities that draw on the same periods: how they share them is not published."""
    for spread in held.between:
        own = [leg for leg in spread.legs if leg.commodity == held.commodity.code and leg.clearing_org is None]
        covers = [
            one_period(leg.period or "")
            if leg.kind == "period"
            else tier_cover(held.commodity.intercommodity_tiers, leg.tier or WHOLE_COMMODITY)
            for leg in own
        ]
        if spread.form == "delta" and any(
            period in one and period in other for one, other in combinations(covers, 2) for period in held.periods
        ):
            yield Refusal(
                path_of(held, spread),
                held.commodity.code,
                "two legs draw on the same deltas, and how they share them is not published",
                spread.line,
            )


def _relative_legs_between(held: Held) -> Iterator[Refusal]:
    for spread in held.between:
        if any(leg.kind == "relative" for leg in spread.legs):
            yield Refusal(
                f"{path_of(held, spread)}/rpLeg",
                "relative",
                "relative legs are known inside a commodity only",
                spread.line,
            )


def _weighted_price_risk(held: Held) -> Iterator[Refusal]:
    """Weighted futures price risk that a spread needs and that cannot be found."""
    method = held.commodity.weighted_price_risk_method or NORMAL
    for spread in (*held.commodity.spreads, *held.between):
        if spread.form != "delta" or spread.charge_method != "W":
            continue
        if method not in WEIGHTED_PRICE_RISK_METHODS:
            yield Refusal(
                f"{held.path}/wfprMeth",
                method,
                f"this value is unknown; known are {', '.join(sorted(WEIGHTED_PRICE_RISK_METHODS))}",
                held.commodity.line,
            )
            return
        if method != NORMAL and not all(held.has_scan_range(leg) for leg in held.legs_measured(spread)):
            yield Refusal(
                f"{held.path}/wfprMeth",
                method,
                "it needs a price scan range in money, the same up and down, which the nearest maturity does not state",
                held.commodity.line,
            )
            return


def _scanning_spreads(held: Held) -> Iterator[Refusal]:
    for spread in held.between:
        if spread.form == "scanning":
            if sum(leg.is_target for leg in spread.legs) != 1:
                yield Refusal(
                    path_of(held, spread), "target", "a scanning-based spread needs one target leg", spread.line
                )
            if len({held.currency_of(leg.commodity) for leg in spread.legs}) > 1:
                yield Refusal(
                    f"{path_of(held, spread)}/applyFxRisk",
                    str(int(spread.apply_currency_risk)),
                    "how losses in different currencies merge is not published",
                    spread.line,
                )


def _short_option_rates(held: Held) -> Iterator[Refusal]:
    for tier in held.commodity.short_option_minimum_tiers:
        if held.rate_id not in tier.rates:
            yield Refusal(
                f"{held.path}/somTiers/tier[{tier.number}]/rate",
                held.rate_id,
                "the tier has no rate for this rate id",
                tier.line,
            )


def _combinations(held: Held) -> Iterator[Refusal]:
    if "CMB" not in held.product_types:
        return
    words = {held.commodity.combination_method, *(link.combination_method for link in held.commodity.product_links)}
    for word in sorted(words - COMBINATION_METHODS, key=str):
        yield Refusal(f"{held.path}/cmbMeth", str(word), "this value is unknown", held.commodity.line)
    if any(held.contracts.commodity[code] == held.code for code in held.broken_combinations):
        yield Refusal(
            f"{held.path}/cmbPf/undC",
            "legs",
            "a combination is to be split into legs that cannot be used: unknown, combinations themselves, or "
            "deltas in another commodity",
            held.commodity.line,
        )


Rule = Callable[[Held], Iterator[Refusal]]
"""Finds what a held commodity asks that a method does not do."""

RULES: tuple[Rule, ...] = (
    _elements_without_formula,
    _methods,
    _option_delta_methods,
    _long_option_value,
    _tier_bounds,
    _charge_methods,
    _spread_rates,
    _spread_tiers,
    _legs_on_the_same_deltas,
    _relative_legs_between,
    _weighted_price_risk,
    _scanning_spreads,
    _short_option_rates,
    _combinations,
)


def refuse_commodities(
    contracts: ResolvedContracts,
    held: Mapping[int, frozenset[str]],
    base: Mapping[int, RateId],
    broken: frozenset[int],
    switches: SpanSwitches,
    rules: Sequence[Rule] = RULES,
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
