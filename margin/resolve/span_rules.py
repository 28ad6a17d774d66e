"""What the SPAN engine does not do, rule by rule: each names the element, its value, and why it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from margin.model.parameters import WHOLE_COMMODITY, SpreadDefinition
from margin.resolve.combinations import METHODS as COMBINATION_METHODS
from margin.resolve.cover import one_period, tier_cover
from margin.resolve.refusals import Held, Refusal, Rule, path_of

_NO_SPOT_CHARGE = "NONE"
NORMAL = "NORMAL"
WEIGHTED_PRICE_RISK_METHODS = frozenset({NORMAL, "SCANRANGE", "SCANRANGE_CAP"})
OPTION_DELTA_METHODS = frozenset({None, "", "PERIOD"})
SHORT_OPTION_MINIMUM_METHODS = frozenset({None, "", "GROSS", "MAX"})


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
