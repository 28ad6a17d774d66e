"""Records C, E and 6: spreads between tiers, between series and between commodities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set

from margin.model.parameters import CombinedCommodity, LegKind, SpreadDefinition, SpreadLeg
from margin.read.parameters._pa2.layout import FLAT_CREDIT_DECIMALS, TIER_LEGS_PER_RECORD
from margin.read.parameters._pa2.spreads import full_year
from margin.write.parameters._pa2.commodities import WHOLE_UNITS, in_parts, refuse_missing_rate
from margin.write.parameters._pa2.limits import OTHER_FORMAT, WRITE_ANOTHER, Limits
from margin.write.parameters._pa2.periods import split_period
from margin.write.parameters._pa2.record import Record
from margin.write.parameters._pa2.subject import Subject, refuse_elements

GROUP = "ALL"
"""The group whose members spreads between commodities are for."""

_SERIES_LEGS_PER_RECORD = 4
_LEGS_PER_RECORD = 4
_LAST_PRIORITIES = {"C": 99, "E": 99_999, "6": 9_999}
_FRACTION_DECIMALS = 6


def numbered(
    spreads: Sequence[SpreadDefinition], record: str, element: str, limits: Limits
) -> list[tuple[int, SpreadDefinition]]:
    """Spreads with their priorities, which are counted anew where records could not tell them apart.

    Args:
        spreads: In the order in which they are formed.
        record: The record id, whose field bounds priorities.
        element: Where they stand, for messages.
        limits: Takes what cannot be said.
    """
    last = _LAST_PRIORITIES[record]
    priorities = [spread.priority for spread in spreads]
    if priorities == sorted(set(priorities)) and all(0 <= one <= last for one in priorities):
        return list(zip(priorities, spreads, strict=True))
    if len(spreads) > last:
        limits.refuse(element, f"{len(spreads)} spreads", f"it has priorities up to {last}", WRITE_ANOTHER)
        return []
    limits.differ(
        f"priorities of record {record}, which are counted anew in the same order", element,
        float(max(abs(i - one) for i, one in enumerate(priorities, start=1))),
        sum(i != one for i, one in enumerate(priorities, start=1)),
    )  # fmt: skip
    return list(enumerate(spreads, start=1))


def spreads_inside(subject: Subject, commodity: CombinedCommodity) -> Iterator[Record]:
    """Records C and E of a commodity: spreads between tiers, then spreads between series."""
    place = f"ccDef[{commodity.code}]/dSpread"
    by_record: dict[str, list[SpreadDefinition]] = {"C": [], "E": []}
    for spread in sorted(commodity.spreads, key=lambda spread: spread.priority):
        kinds = {leg.kind for leg in spread.legs}
        if _can_stand_inside(subject, commodity, spread, kinds):
            by_record["C" if kinds == {"tier"} else "E"].append(spread)
    writers: Mapping[str, Callable[[Subject, CombinedCommodity, int, SpreadDefinition], Iterator[Record]]]
    writers = {"C": _tier_spread, "E": _series_spread}
    for record, write in writers.items():
        for priority, spread in numbered(by_record[record], record, place, subject.limits):
            yield from write(subject, commodity, priority, spread)


def _can_stand_inside(
    subject: Subject, commodity: CombinedCommodity, spread: SpreadDefinition, kinds: Set[LegKind]
) -> bool:
    place, limits = f"ccDef[{commodity.code}]/dSpread[{spread.priority}]", subject.limits
    before = limits.faults.total
    refuse_elements(spread.unsupported, limits)
    rules = (
        (spread.form != "delta", "form", spread.form, "spreads inside a commodity pair up deltas"),
        (spread.charge_method != "F", "chargeMeth", spread.charge_method, "a spread has a flat charge, method F"),
        (len(kinds) > 1, "legs", ", ".join(sorted(kinds)), "all legs are tiers, or all are periods"),
        ("relative" in kinds, "rpLeg", "relative", "legs are tiers or periods"),
        (
            any(leg.commodity != commodity.code for leg in spread.legs), "legs/cc",
            ", ".join(leg.commodity for leg in spread.legs), "all legs are of the commodity itself",
        ),
    )  # fmt: skip
    for broken, element, found, why in rules:
        if broken:
            limits.refuse(f"{place}/{element}", found, why, f"take the spread out, {OTHER_FORMAT}", line=spread.line)
    if spread.charge_method == "F" and subject.rate_id not in spread.rates:
        refuse_missing_rate(subject, place, spread.line)
    return limits.faults.total == before


def _tier_spread(
    subject: Subject, commodity: CombinedCommodity, priority: int, spread: SpreadDefinition
) -> Iterator[Record]:
    """Records C of one spread. Legs are counted through; those beyond the line stand on further records."""
    for first, part in enumerate(in_parts(spread.legs, TIER_LEGS_PER_RECORD)):
        record = Record("C", f"ccDef[{commodity.code}]/dSpread[{spread.priority}]", subject.limits, spread.line)
        record.text("commodity", commodity.code)
        record.text("method", "10")
        record.whole("priority", priority)
        record.whole("legs", len(spread.legs), "/tLeg")
        record.number("charge", spread.rates[subject.rate_id], _charges(), "/rate")
        for place, leg in enumerate(part, start=1):
            record.whole(f"leg_{place}", first * TIER_LEGS_PER_RECORD + place, "/tLeg")
            record.whole(f"tier_{place}", leg.tier, "/tLeg/tn")
            record.whole(f"ratio_{place}", leg.ratio, "/tLeg/i")
            record.text(f"side_{place}", leg.side)
        yield record


def _series_spread(
    subject: Subject, commodity: CombinedCommodity, priority: int, spread: SpreadDefinition
) -> Iterator[Record]:
    """Records E of one spread; legs beyond the fourth stand on further records of the same priority."""
    business_year = int(subject.organisation.business_date[:4])
    for part in in_parts(spread.legs, _SERIES_LEGS_PER_RECORD):
        record = Record("E", f"ccDef[{commodity.code}]/dSpread[{spread.priority}]", subject.limits, spread.line)
        record.text("commodity", commodity.code)
        record.whole("priority", priority)
        record.number("charge", spread.rates[subject.rate_id], _charges(), "/rate")
        for place, leg in enumerate(part, start=1):
            month, day = _short_period(leg, business_year, record.element, subject.limits, spread.line)
            record.text(f"month_{place}", month)
            record.text(f"rest_{place}", day)
            record.number(f"ratio_{place}", leg.ratio, "ratios of spreads, written to 4 decimals", "/pLeg/i")
            record.text(f"side_{place}", leg.side)
        yield record


def _charges() -> str:
    return f"charges of spreads inside commodities, {WHOLE_UNITS}"


def _short_period(
    leg: SpreadLeg, business_year: int, element: str, limits: Limits, line: int | None
) -> tuple[str, str]:
    """YYMM and the rest of a period, whose century follows from the business date."""
    month, day = split_period(leg.period or "", f"{element}/pLeg/pe", limits, line)
    if month and full_year(int(month[2:4]), business_year) != int(month[:4]):
        limits.refuse(
            f"{element}/pLeg/pe", leg.period, "years have two digits, from 20 years before the business date on",
            f"take the spread out, {OTHER_FORMAT}", line=line,
        )  # fmt: skip
    return month[2:], day


def spreads_between(subject: Subject, exchanges: Mapping[str, str]) -> Iterator[Record]:
    """Records 6: super spreads, then spreads between commodities, by priority.

    Args:
        subject: What is written.
        exchanges: Exchange that each combined commodity is listed under.
    """
    spreads = [spread for spread in subject.parameters.spreads if _can_stand_between(subject, spread)]
    order = sorted(spreads, key=lambda spread: (spread.kind != "super", spread.priority))
    by_number = sorted(spreads, key=lambda spread: spread.priority)
    distinct = len({spread.priority for spread in spreads}) == len(spreads)
    for priority, spread in numbered(by_number if distinct else order, "6", "interSpreads", subject.limits):
        yield from _spread_between(subject, priority, spread, exchanges)


def _can_stand_between(subject: Subject, spread: SpreadDefinition) -> bool:
    place, limits = _place(spread), subject.limits
    before = limits.faults.total
    refuse_elements(spread.unsupported, limits)
    scanning = spread.form == "scanning"
    away = [leg.clearing_org for leg in spread.legs if leg.clearing_org]
    targets = sum(leg.is_target for leg in spread.legs)
    rules = (
        (spread.kind not in ("super", "intercommodity"), "kind", spread.kind, "spreads are inside one organisation"),
        (bool(away), "awayLeg", ", ".join(filter(None, away)), "all legs are of its own clearing organisation"),
        (spread.form not in ("delta", "scanning"), "form", spread.form, "spreads pair up deltas, or merge scans"),
        (spread.charge_method == "P", "chargeMeth", "P", "credits are flat, or of weighted price risk"),
        (any(leg.kind != "tier" for leg in spread.legs), "legs", "period", "legs are tiers of commodities"),
        (scanning and targets != 1, "sLeg/isTarget", str(targets), "a scanning-based spread has one target"),
        (spread.apply_currency_risk, "applyFxRisk", "1", "no record has a place for it"),
    )
    for broken, element, found, why in rules:
        if broken:
            limits.refuse(f"{place}/{element}", found, why, f"take the spread out, {OTHER_FORMAT}", line=spread.line)
    if spread.charge_method != "P" and any(_rate(subject, spread, leg) is None for leg in spread.legs):
        refuse_missing_rate(subject, place, spread.line)
    return limits.faults.total == before


def _place(spread: SpreadDefinition) -> str:
    container = {"super": "superSpreads", "intercommodity": "interSpreads"}.get(spread.kind, spread.kind)
    return f"{container}[{spread.priority}]"


def _rate(subject: Subject, spread: SpreadDefinition, leg: SpreadLeg) -> float | None:
    """The rate a leg earns: its own, or the spread's; flat credits are the spread's."""
    is_flat = spread.form == "delta" and spread.charge_method == "F"
    rates = spread.rates if is_flat else leg.rates or spread.rates
    return rates.get(subject.rate_id)


def _spread_between(
    subject: Subject, priority: int, spread: SpreadDefinition, exchanges: Mapping[str, str]
) -> Iterator[Record]:
    legs = [leg for leg in spread.legs if leg.is_counted]
    rates = [_rate(subject, spread, leg) for leg in legs]
    is_flat = spread.form == "delta" and spread.charge_method == "F"
    separate = not is_flat and any(leg.rates for leg in legs)
    factor = -1.0 if is_flat and not spread.flat_rate_is_credit else 1.0
    decimals = FLAT_CREDIT_DECIMALS if is_flat else _FRACTION_DECIMALS
    what = f"credits of spreads, written to {decimals} decimals"
    has_tiers = spread.form == "delta" and any(leg.tier for leg in spread.legs)
    method = "04" if spread.form == "scanning" else "20" if has_tiers else "10"
    for first, part in enumerate(in_parts(legs, _LEGS_PER_RECORD)):
        record = Record("6", _place(spread), subject.limits, spread.line)
        record.text("group", GROUP)
        record.whole("priority", priority)
        record.number("credit", factor * (rates[0] or 0.0) + 0.0, what, "/rate", decimals)
        record.text("method", method)
        record.text("credit_method", "F" if is_flat else "")
        record.text("super_spread", "S" if spread.kind == "super" else "")
        record.text("separate_rates", "Y" if separate else "")
        for place, leg in enumerate(part, start=1):
            record.text(f"exchange_{place}", exchanges.get(leg.commodity))
            record.text(f"commodity_{place}", leg.commodity, "/cc")
            record.number(f"ratio_{place}", leg.ratio, "ratios of spreads, written to 4 decimals", "/i")
            record.text(f"side_{place}", leg.side)
            record.text(f"required_{place}", "Y" if leg.is_required else "N" if method == "04" else "")
            if has_tiers:
                record.whole(f"tier_{place}", leg.tier or 0, "/tn")
            if separate:
                rate = rates[first * _LEGS_PER_RECORD + place - 1]
                record.number(f"rate_{place}", rate, what, "/rate", decimals)
        if method == "04":
            _put_target(record, spread, exchanges)
        yield record


def _put_target(record: Record, spread: SpreadDefinition, exchanges: Mapping[str, str]) -> None:
    target = next(leg for leg in spread.legs if leg.is_target)
    record.text("target_exchange", exchanges.get(target.commodity))
    record.text("target_commodity", target.commodity, "/cc")
    record.text("target_required", "Y" if spread.is_target_required else "N")
    record.number("target_ratio", target.ratio, "ratios of spreads, written to 4 decimals", "/i")
    record.whole("legs_required", spread.legs_required, "/numLegsReq")
