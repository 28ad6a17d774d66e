"""Spreads inside a commodity and between commodities (records C, E and 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from margin.model.parameters import (
    WHOLE_COMMODITY,
    RateId,
    Side,
    SpreadDefinition,
    SpreadLeg,
    UnsupportedElement,
)
from margin.model.problem import Reason
from margin.read.parameters._pa2.header import RATE_ID
from margin.read.parameters._pa2.layout import FLAT_CREDIT_DECIMALS
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import Record, parse_period

_SIDES = MappingProxyType({"A": "A", "B": "B"})
_TABLE = "10"
_SCANNING, _TIERED = "04", "20"
_PLAIN = frozenset({"", "01", "10"})
_CREDIT_METHODS = MappingProxyType({"W": "weighted price risk", "F": "flat"})
_SUPER = MappingProxyType({"S": "super spread"})
_REQUIRED = MappingProxyType({"Y": "required", "N": "not required"})
_PERCENT = 100
_YEARS_BACK = 20
"""A year of two digits lies from this many years before the business date to 79 after it."""


def read_tier_spreads(records: Sequence[Record], organisation: str) -> list[SpreadDefinition]:
    """Tier-to-tier spreads of one commodity. Source: CME "Type C Record - Expanded"."""
    return [_tier_spread(group, organisation) for group in _continued(records, _is_next_tier_record)]


def _is_next_tier_record(group: Sequence[Record], record: Record) -> bool:
    first = group[0]
    found = sum(len(_leg_numbers(item)) for item in group)
    return first.text("priority") == record.text("priority") and found < (first.digits("legs") or 0)


def _leg_numbers(record: Record) -> list[int]:
    return [index for index, name in record.numbered("side") if record.text(name) or record.text(f"leg_{index}")]


def _tier_spread(group: Sequence[Record], organisation: str) -> SpreadDefinition:
    first = group[0]
    commodity = first.require_text("commodity")
    legs = [
        SpreadLeg(
            kind="tier",
            commodity=commodity,
            side=_side(record, index),
            ratio=record.positive(f"ratio_{index}"),
            tier=record.require_integer(f"tier_{index}"),
        )
        for record in group
        for index in _leg_numbers(record)
    ]
    declared = first.require_integer("legs")
    if declared != len(legs) or len(legs) < 2:
        first.reading.contradiction(
            first.kind,
            first.line,
            f"columns 13-14 (legs): spread {first.text('priority')} of commodity {commodity} declares {declared} legs, "
            f"found {len(legs)}, expected the same, and two or more",
            found=len(legs),
            expected=declared,
        )
    unsupported = []
    if first.text("method") != _TABLE:
        unsupported.append(UnsupportedElement(_path(first, "method"), first.text("method"), first.line))
    return _inside(first, organisation, legs, unsupported)


def _path(record: Record, field: str) -> str:
    return f"record {record.kind} {record.text('priority')} {field}"


def _inside(
    first: Record, organisation: str, legs: list[SpreadLeg], unsupported: list[UnsupportedElement]
) -> SpreadDefinition:
    return SpreadDefinition(
        kind="intracommodity",
        form="delta",
        clearing_org=organisation,
        priority=first.require_integer("priority"),
        charge_method="F",
        legs=tuple(legs),
        rates=MappingProxyType({RATE_ID: first.require_number("charge")}),
        unsupported=tuple(unsupported),
        line=first.line,
    )


def read_series_spreads(records: Sequence[Record], organisation: str, business_year: int) -> list[SpreadDefinition]:
    """Series-to-series spreads of one commodity. Source: CME "Type E Record - Expanded"."""
    return [_series_spread(group, organisation, business_year) for group in _continued(records, _is_next_full_record)]


def _is_next_full_record(group: Sequence[Record], record: Record) -> bool:
    """Whether a record has more legs of the spread before it, whose last record is full."""
    return _spread_key(group[0]) == _spread_key(record) and all(
        group[-1].text(name) for _, name in group[-1].numbered("side")
    )


def _spread_key(record: Record) -> tuple[str, ...]:
    names = ("commodity", "priority") if record.kind == "E" else ("group", "priority")
    return tuple(record.text(name) for name in names)


def _series_spread(group: Sequence[Record], organisation: str, business_year: int) -> SpreadDefinition:
    first = group[0]
    commodity = first.require_text("commodity")
    legs = [
        SpreadLeg(
            kind="period",
            commodity=commodity,
            side=_side(record, index),
            ratio=record.positive(f"ratio_{index}"),
            period=_leg_period(record, index, business_year),
        )
        for record in group
        for index, name in record.numbered("month")
        if record.text(name) or record.text(f"side_{index}")
    ]
    _require_legs(first, len(legs))
    return _inside(first, organisation, legs, [])


def _require_legs(first: Record, found: int) -> None:
    if found < 2:
        first.reading.contradiction(
            first.kind, first.line, f"spread {first.text('priority')} has {found} leg(s), expected two or more"
        )


def _leg_period(record: Record, index: int, business_year: int) -> str:
    """The period of a leg, whose year has two digits."""
    month, rest = record.text(f"month_{index}"), record.text(f"rest_{index}")
    if len(month) == 4 and month.isascii() and month.isdecimal():
        period = parse_period(f"{full_year(int(month[:2]), business_year)}{month[2:]}", rest)
        if period is not None:
            return period
    record.invalid(f"month_{index}", "a month such as 2509")
    return ""


def full_year(two_digits: int, business_year: int) -> int:
    """The year from 20 years before to 79 years after the business date that ends in two digits."""
    first = business_year - _YEARS_BACK
    return first + (two_digits - first) % 100


def _side(record: Record, index: int) -> Side:
    name = f"side_{index}"
    if not record.text(name):
        record.missing(name, "A or B")
    return cast(Side, record.one_of(name, _SIDES) or "A")


def _continued(
    records: Iterable[Record], belongs: Callable[[Sequence[Record], Record], bool]
) -> Iterator[Sequence[Record]]:
    """Records with those that continue them."""
    group: list[Record] = []
    for record in records:
        if group and belongs(group, record):
            group.append(record)
            continue
        if group:
            yield group
        group = [record]
    if group:
        yield group


def read_spreads_between_commodities(
    file: RecordFile, organisation: str, known: frozenset[str], reading: Reading
) -> tuple[SpreadDefinition, ...]:
    """Super and intercommodity spreads, in the order of the file. Source: CME "Type 6 Record - Expanded".

    Args:
        file: The file.
        organisation: Clearing organisation.
        known: Codes of the combined commodities of the file.
        reading: Takes faults and warnings.
    """
    spreads = []
    for group in _continued(file.records("6"), _is_next_full_record):
        _check_continuation(group)
        method = group[0].text("method")
        read = _scanning_spread if method == _SCANNING else _delta_spread
        spreads.append(read(group, organisation))
    strange = [spread for spread in spreads if any(leg.commodity not in known for leg in spread.legs)]
    if strange:
        names = sorted({leg.commodity for spread in strange for leg in spread.legs} - known)
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"record 6: {len(strange):,} spread(s) have legs in commodities that the file does not define "
            f"({', '.join(names[:10])}{', …' if len(names) > 10 else ''}); those legs hold no positions here",
            line=strange[0].line,
            found=len(strange),
        )
    return tuple(spreads)


_SAME_IN_CONTINUATION = ("credit", "method", "credit_method", "super_spread", "target_commodity")


def _check_continuation(group: Sequence[Record]) -> None:
    """What a record with further legs repeats of the spread must agree with its first record."""
    first = group[0]
    for record in group[1:]:
        for name in _SAME_IN_CONTINUATION:
            if record.text(name) and record.text(name) != first.text(name):
                record.invalid(name, f"{first.text(name)!r} or blanks, as on line {first.line} of the same spread")


def _delta_spread(group: Sequence[Record], organisation: str) -> SpreadDefinition:
    """A spread of deltas: the rate is a credit, as a fraction of weighted price risk or as money per spread."""
    first = group[0]
    is_flat = first.one_of("credit_method", _CREDIT_METHODS) == "flat"
    legs = [leg for record in group for leg in _legs(record, first, is_flat=is_flat)]
    _require_legs(first, len(legs))
    return SpreadDefinition(
        kind="super" if first.one_of("super_spread", _SUPER) else "intercommodity",
        form="delta",
        clearing_org=organisation,
        priority=first.require_integer("priority"),
        charge_method="F" if is_flat else "W",
        legs=tuple(legs),
        rates=_credit(first, "credit", is_flat=is_flat),
        flat_rate_is_credit=is_flat,
        unsupported=tuple(_unsupported(group, legs, is_flat=is_flat)),
        line=first.line,
    )


def _unsupported(group: Sequence[Record], legs: Sequence[SpreadLeg], *, is_flat: bool) -> Iterator[UnsupportedElement]:
    first = group[0]
    method = first.text("method")
    if method not in _PLAIN | {_TIERED, _SCANNING} or (method in _PLAIN and any(leg.tier for leg in legs)):
        yield UnsupportedElement(_path(first, "method"), method, first.line)
    if is_flat and any(record.is_set("separate_rates") for record in group):
        yield UnsupportedElement(_path(first, "separate_rates"), "Y", first.line)
    if first.text("origin_restriction"):
        yield UnsupportedElement(_path(first, "origin_restriction"), first.text("origin_restriction"), first.line)


def _credit(record: Record, name: str, *, is_flat: bool) -> Mapping[RateId, float]:
    """A credit rate: a fraction from a percentage with four decimals, or money with two."""
    record.require_number(name)
    digits = (record.digits(name) if record.text(name) else None) or 0
    return MappingProxyType({RATE_ID: digits / (10**FLAT_CREDIT_DECIMALS if is_flat else 10**4 * _PERCENT)})


def _legs(record: Record, first: Record, *, is_flat: bool) -> Iterator[SpreadLeg]:
    separate = bool(record.is_set("separate_rates") or first.is_set("separate_rates"))
    for index, name in record.numbered("side"):
        if not (record.text(name) or record.text(f"commodity_{index}")):
            continue
        yield SpreadLeg(
            kind="tier",
            commodity=record.require_text(f"commodity_{index}"),
            side=_side(record, index),
            ratio=record.positive(f"ratio_{index}"),
            tier=record.digits(f"tier_{index}") or WHOLE_COMMODITY,
            rates=_credit(record, f"rate_{index}", is_flat=is_flat) if separate else MappingProxyType({}),
            is_required=record.one_of(f"required_{index}", _REQUIRED) == "required",
        )


def _scanning_spread(group: Sequence[Record], organisation: str) -> SpreadDefinition:
    """A scanning-based spread: the legs' arrays merge into a target; the rate is the allowance for gains.

    A target that is no leg is present or not, but does not count towards the legs that are required.
    Source: CME "Type 6 Record - Expanded", bytes 91-121; CME advisory SPAN 03-04.
    """
    first = group[0]
    target = first.require_text("target_commodity")
    ratio = first.positive("target_ratio") if first.text("target_ratio") else 1.0
    legs = [
        SpreadLeg(
            kind="tier",
            commodity=leg.commodity,
            side="A",
            ratio=leg.ratio,
            tier=WHOLE_COMMODITY,
            rates=leg.rates,
            is_target=leg.commodity == target,
            is_required=leg.is_required,
        )
        for record in group
        for leg in _legs(record, first, is_flat=False)
    ]
    if not any(leg.is_target for leg in legs):
        legs.append(SpreadLeg("tier", target, "A", ratio, tier=WHOLE_COMMODITY, is_target=True, is_counted=False))
    return SpreadDefinition(
        kind="super" if first.one_of("super_spread", _SUPER) else "intercommodity",
        form="scanning",
        clearing_org=organisation,
        priority=first.require_integer("priority"),
        charge_method="W",
        legs=tuple(legs),
        rates=_credit(first, "credit", is_flat=False),
        is_target_required=first.one_of("target_required", _REQUIRED) == "required",
        legs_required=first.digits("legs_required") or None,
        unsupported=tuple(_unsupported(group, (), is_flat=False)),
        line=first.line,
    )
