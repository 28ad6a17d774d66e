"""Terms that only London SPAN knows, and terms that it does not know: each method refuses the other's by name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from margin.model.parameters import WHOLE_COMMODITY, SpreadDefinition
from margin.model.scenario import standard_grid
from margin.resolve.foreign import conversion_of, foreign_currencies, has_ticks, tick_values
from margin.resolve.refusals import Held, Refusal, Rule, path_of
from margin.resolve.span_rules import NORMAL

_LONDON_ALONE = "only London SPAN knows it; choose the method london-span"


def _offsets(held: Held) -> list[SpreadDefinition]:
    return [spread for spread in held.between if spread.form == "offset"]


def _london_spreads(held: Held) -> Iterator[Refusal]:
    for spread in (*held.commodity.spreads, *held.between):
        if spread.form in ("strategy", "offset"):
            yield Refusal(f"{path_of(held, spread)}/form", spread.form, _LONDON_ALONE, spread.line)


def _arrays_in_ticks(held: Held) -> Iterator[Refusal]:
    if not has_ticks(held.contracts):
        return
    own = held.contracts.commodity == held.code
    if not np.isnan(tick_values(held.contracts, held.rate_id)[own]).all():
        yield Refusal(f"{held.path}/tick_value", "losses in ticks", _LONDON_ALONE, held.commodity.line)


def _charges_of_one_side(held: Held) -> Iterator[Refusal]:
    for rate in held.commodity.spot_rates:
        if rate.rate_id == held.rate_id and rate.side != "both":
            yield Refusal(f"{held.path}/spotRate[{rate.period}]/side", rate.side, _LONDON_ALONE, rate.line)


def _spreads_not_formed(held: Held) -> Iterator[Refusal]:
    for spread in held.between:
        if spread.kind != "intercommodity":
            yield Refusal(path_of(held, spread), spread.kind, "London SPAN forms no such spreads", spread.line)
        elif spread.form == "scanning":
            yield Refusal(
                f"{path_of(held, spread)}/form",
                spread.form,
                "London SPAN is not known to form scanning-based spreads",
                spread.line,
            )
        elif spread.form == "delta" and spread.charge_method != "W":
            yield Refusal(
                f"{path_of(held, spread)}/chargeMeth",
                spread.charge_method,
                "London SPAN credits spreads between commodities by weighted futures price risk (W)",
                spread.line,
            )


def _charges_not_taken(held: Held) -> Iterator[Refusal]:
    for spread in held.commodity.spreads:
        if spread.charge_method != "F":
            yield Refusal(
                f"{path_of(held, spread)}/chargeMeth",
                spread.charge_method,
                "London SPAN charges spreads inside a commodity a flat rate (F)",
                spread.line,
            )
        if any(leg.kind == "relative" for leg in spread.legs):
            yield Refusal(
                f"{path_of(held, spread)}/rpLeg", "relative", "London SPAN knows tiers and periods", spread.line
            )


def _one_price_risk(held: Held) -> Iterator[Refusal]:
    own = held.commodity
    for tier in own.scan_tiers:
        if tier.number != WHOLE_COMMODITY:
            yield Refusal(
                f"{held.path}/scanTiers/tier[{tier.number}]",
                "scan tier",
                "London SPAN scans a commodity as a whole",
                tier.line,
            )
    method = own.weighted_price_risk_method or NORMAL
    if method != NORMAL:
        yield Refusal(f"{held.path}/wfprMeth", method, "London SPAN divides price risk by net delta (NORMAL)", own.line)


def _option_value(held: Held) -> Iterator[Refusal]:
    own = held.commodity
    capped = own.cap_available_net_option_value
    if capped is None and held.organisation is not None:
        capped = held.organisation.cap_available_net_option_value
    if capped:
        yield Refusal(f"{held.path}/capAnov", "1", "in London SPAN option value pays for its whole group", own.line)
    if len(own.groups) > 1:
        yield Refusal(
            f"{held.path}/groups",
            ", ".join(own.groups),
            "option value pays inside one group, and the commodity is in several",
            own.line,
        )


def _combinations(held: Held) -> Iterator[Refusal]:
    if "CMB" in held.product_types:
        yield Refusal(
            f"{held.path}/cmbPf", "CMB", "how London SPAN margins combinations is not known", held.commodity.line
        )


def _currencies(held: Held) -> Iterator[Refusal]:
    for currency in foreign_currencies(held.contracts, held.code):
        conversion = conversion_of(held.contracts, held.code, currency)
        pair = f"{currency} to {held.commodity.currency}"
        if conversion is None:
            yield Refusal(f"{held.path}/currency", pair, "no such conversion is given", held.commodity.line)
        elif conversion.shift_up is None or conversion.shift_down is None:
            yield Refusal(
                f"{held.path}/currency",
                pair,
                "the conversion has no up and down for scenario values",
                held.commodity.line,
            )


def _offset_legs(held: Held) -> Iterator[Refusal]:
    for spread in _offsets(held):
        codes = [leg.commodity for leg in spread.legs]
        if len({held.currency_of(code) for code in codes}) > 1:
            yield Refusal(
                path_of(held, spread),
                " ".join(codes),
                "how offsets of commodities in different currencies are scanned is not published",
                spread.line,
            )
        if len({_grid_of(held, code) for code in codes}) > 1:
            yield Refusal(
                path_of(held, spread),
                " ".join(codes),
                "commodities with different scenarios cannot be scanned together",
                spread.line,
            )


def _grid_of(held: Held, commodity: str) -> object:
    """The scenarios of a commodity of the same clearing organisation."""
    key = (held.commodity.clearing_org, commodity)
    own = next((item for item in held.contracts.commodities if (item.clearing_org, item.code) == key), None)
    grids = own.grids if own is not None and own.grids else (held.organisation.grids if held.organisation else {})
    return grids.get(held.rate_id) or standard_grid()


def _credits_on_the_same_scan(held: Held) -> Iterator[Refusal]:
    """An offset credits scan risk that another spread between commodities may credit too."""
    offsets = _offsets(held)
    for spread in offsets:
        if len(held.between) > 1:
            yield Refusal(
                path_of(held, spread),
                held.commodity.code,
                "the commodity has other spreads between commodities too, and how they share its scan risk is not "
                "published",
                spread.line,
            )


LONDON_ONLY: tuple[Rule, ...] = (_london_spreads, _arrays_in_ticks, _charges_of_one_side)
"""What SPAN refuses and London SPAN does."""

NOT_IN_LONDON: tuple[Rule, ...] = (
    _spreads_not_formed,
    _charges_not_taken,
    _one_price_risk,
    _option_value,
    _combinations,
    _currencies,
    _offset_legs,
    _credits_on_the_same_scan,
)
"""What London SPAN refuses: terms that no source states for it, and terms that contradict each other."""
