"""Spreads (``dSpread``, ``sSpread``, ``clearSpread``) as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from margin.model.parameters import RateId, SpreadDefinition, SpreadKind, SpreadLeg
from margin.write.parameters._spn.text import element, nested, tag, tags

_LEGS_REQUIRED = 2
"""Legs that a scanning-based spread needs where nothing is stated."""

CONTAINERS: dict[SpreadKind, str] = {
    "super": "superSpreads",
    "super_interclearing": "superInterClearSpreads",
    "intercommodity": "interSpreads",
    "interclearing": "interClearSpreads",
}
"""List of each kind of spread between commodities, in order. Source: CME SPAN XML schema, ``clearingOrg``."""


def spread_lists(spreads: Iterable[SpreadDefinition], org: str) -> Iterator[str]:
    """The lists of spreads between the commodities of a clearing organisation."""
    own = [spread for spread in spreads if spread.clearing_org == org]
    for kind, name in CONTAINERS.items():
        lines = [spread_text(spread) for spread in own if spread.kind == kind]
        if lines:
            yield from nested(name, lines)


def rate_texts(rates: Mapping[RateId, float]) -> str:
    """The ``rate`` elements of each rate id."""
    return "".join(element("rate", tags(r=rate_id, val=value)) for rate_id, value in rates.items())


def spread_text(spread: SpreadDefinition) -> str:
    """A spread on one line."""
    if spread.form == "scanning":
        return _scanning_spread(spread)
    if spread.kind == "interclearing":
        return _clearing_spread(spread)
    return _delta_spread(spread)


def flat_rates(spread: SpreadDefinition) -> Mapping[RateId, float]:
    """A spread's rates in this format, where a positive flat rate is always a charge."""
    if spread.charge_method == "F" and spread.flat_rate_is_credit and spread.kind != "intracommodity":
        return {rate_id: -value for rate_id, value in spread.rates.items()}
    return spread.rates


def _delta_spread(spread: SpreadDefinition) -> str:
    if spread.charge_method == "P":
        rates = "".join(
            element("pmpsRate", tags(r=rate_id, val=rate.flat, pmRate=rate.per_month, psRate=rate.per_spread))
            for rate_id, rate in spread.month_rates.items()
        )
    else:
        rates = rate_texts(flat_rates(spread))
    head = tags(spread=spread.priority, chargeMeth=spread.charge_method)
    return element("dSpread", head, rates, *(_leg(leg) for leg in spread.legs))


def _leg(leg: SpreadLeg) -> str:
    end = tags(rs=leg.side, i=leg.ratio)
    rates = rate_texts(leg.rates)
    if leg.kind == "period":
        return element("pLeg", tags(cc=leg.commodity, pe=leg.period or "000000"), end, rates)
    if leg.kind == "relative":
        numbers = tags(btNum=leg.first_tier, etNum=leg.last_tier)
        return element("rpLeg", tags(cc=leg.commodity, rpNum=leg.relative_number), end, numbers, rates)
    return element("tLeg", tags(cc=leg.commodity, tn=leg.tier), end, rates)


def _scanning_spread(spread: SpreadDefinition) -> str:
    head = tags(
        spread=spread.priority,
        isTargetReq=spread.is_target_required,
        numLegsReq=_legs_required(spread),
        applyFxRisk=spread.apply_currency_risk or None,
    )
    legs = (
        element(
            "sLeg",
            tags(cc=leg.commodity, isTarget=leg.is_target, isRequired=leg.is_required, i=leg.ratio),
            rate_texts(leg.rates),
        )
        for leg in spread.legs
    )
    return element("sSpread", head, rate_texts(spread.rates), *legs)


def _legs_required(spread: SpreadDefinition) -> int | None:
    """How many legs must be present: in this format the target is one of them, and counts.

    A target that must be present and does not count in the source is one leg more.
    """
    if all(leg.is_counted for leg in spread.legs):
        return spread.legs_required
    needed = _LEGS_REQUIRED if spread.legs_required is None else max(spread.legs_required, 1)
    return needed + sum(not leg.is_counted for leg in spread.legs)


def _clearing_spread(spread: SpreadDefinition) -> str:
    """Legs at home come first and carry the rates; a rate of the whole spread is theirs where they have none."""
    home, away = [], []
    for leg in spread.legs:
        end = tags(cc=leg.commodity, tn=leg.tier, rs=leg.side, i=leg.ratio)
        if leg.clearing_org is None:
            home.append(element("homeLeg", end, rate_texts(leg.rates or spread.rates)))
        else:
            away.append(element("awayLeg", tag("ec", leg.clearing_org), end))
    return element("clearSpread", tag("spread", spread.priority), *home, *away)
