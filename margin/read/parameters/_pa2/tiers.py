"""Tiers of a combined commodity (records S and 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from margin.model.contract import NO_PERIOD
from margin.model.parameters import WHOLE_COMMODITY, Tier, UnsupportedElement
from margin.model.problem import Reason
from margin.read.parameters._pa2.header import RATE_ID
from margin.read.parameters._pa2.record import Record

_PRICE_RISK_METHODS = MappingProxyType({"1": "NORMAL", "2": "SCANRANGE_CAP", "3": "SCANRANGE"})
NO_TIER_RECORD_METHOD = "SCANRANGE_CAP"
"""Weighted price risk method of a commodity whose tier records say none. Source: CME advisory SPAN 03-05."""

_NO_TIERS = frozenset({"", "01"})
_EACH_MONTH = "02"
_SCAN = frozenset({"10", "21", "22"})
_INTERCOMMODITY = frozenset({"20", "21", "23"})
_SHORT_OPTION_MINIMUM = "30"
_TABLE = "10"


@dataclass
class TierTables:
    """What the tier records of one commodity say."""

    scan: list[Tier] = field(default_factory=list)
    intercommodity: list[Tier] = field(default_factory=list)
    short_option_minimum: list[Tier] = field(default_factory=list)
    intracommodity: list[Tier] = field(default_factory=list)
    is_scanned_by_month: bool = False
    price_risk_method: str | None = None
    unsupported: list[UnsupportedElement] = field(default_factory=list)


def read_tiers(scan_records: Sequence[Record], intracommodity_records: Sequence[Record]) -> TierTables:
    """Read the S and 3 records of one commodity; each may have several of either."""
    tables = TierTables()
    declared: dict[str, list[tuple[int, int, Record]]] = {}
    for record in scan_records:
        method = record.text("method")
        tiers = _tiers_of(record, with_rates=method == _SHORT_OPTION_MINIMUM)
        declared.setdefault(method, []).append((record.digits("tiers") or 0, len(tiers), record))
        _sort_in(tables, method, tiers, record)
        _read_price_risk_method(tables, record)
    for method, counts in declared.items():
        if method not in _NO_TIERS | {_EACH_MONTH}:
            _check_number(counts)
    for record in intracommodity_records:
        tables.intracommodity += _tiers_of(record, with_rates=False)
        if record.text("method") not in _NO_TIERS | {_TABLE}:
            tables.unsupported.append(_unsupported(record))
    for name in ("scan", "intercommodity", "short_option_minimum", "intracommodity"):
        setattr(tables, name, _distinct(getattr(tables, name), [*scan_records, *intracommodity_records]))
    return tables


def _sort_in(tables: TierTables, method: str, tiers: list[Tier], record: Record) -> None:
    """Put the tiers of an S record where its method says they belong."""
    if method == _SHORT_OPTION_MINIMUM:
        tables.short_option_minimum += tiers
    elif method == _EACH_MONTH:
        tables.is_scanned_by_month = True
    elif method in _SCAN | _INTERCOMMODITY:
        tables.scan += tiers if method in _SCAN else []
        tables.intercommodity += tiers if method in _INTERCOMMODITY else []
    elif method not in _NO_TIERS:
        tables.unsupported.append(_unsupported(record))


def _unsupported(record: Record) -> UnsupportedElement:
    return UnsupportedElement(
        f"record {record.kind} {record.text('commodity')} method", record.text("method"), record.line
    )


def _tiers_of(record: Record, *, with_rates: bool) -> list[Tier]:
    """The tiers of one record; a tier without a number and without a range is not there."""
    tiers = []
    for index, name in record.numbered("tier"):
        start, end = f"start_{index}", f"end_{index}"
        if not any(record.text(item).strip("0") for item in (name, start, end)):
            continue
        rate = record.number(f"short_option_minimum_{index}") if with_rates else None
        tiers.append(
            Tier(
                number=record.require_integer(name),
                start=record.period(start, f"start_day_{index}"),
                end=record.period(end, f"end_day_{index}"),
                rates=MappingProxyType({} if rate is None else {RATE_ID: rate}),
                line=record.line,
            )
        )
    return tiers


def _read_price_risk_method(tables: TierTables, record: Record) -> None:
    method = record.one_of("price_risk_method", _PRICE_RISK_METHODS)
    if method is None:
        return
    if tables.price_risk_method not in (None, method):
        record.reading.contradiction(
            record.kind,
            record.line,
            f"column 83 (price_risk_method) of commodity {record.text('commodity')} means {method}, but an earlier "
            f"record said {tables.price_risk_method}; expected the same",
            found=method,
            expected=tables.price_risk_method,
        )
    tables.price_risk_method = method


def _check_number(counts: list[tuple[int, int, Record]]) -> None:
    """The number of tiers is that of the record or of all records of the method together."""
    total = sum(found for _, found, _ in counts)
    for declared, found, record in counts:
        if declared not in (0, found, total):
            record.reading.contradiction(
                record.kind,
                record.line,
                f"columns 11-12 (tiers): commodity {record.text('commodity')} declares {declared} tiers, found {found}",
                found=found,
                expected=declared,
            )


def _distinct(tiers: list[Tier], records: Sequence[Record]) -> list[Tier]:
    """Each tier once; one number for two ranges is a fault."""
    found: dict[int, Tier] = {}
    for tier in tiers:
        first = found.setdefault(tier.number, tier)
        if (first.start, first.end, dict(first.rates)) != (tier.start, tier.end, dict(tier.rates)):
            record = next(record for record in records if record.line == tier.line)
            record.reading.faults.add(
                Reason.DUPLICATE_KEY,
                f"record {record.kind}: tier {tier.number} of commodity {record.text('commodity')} is given again, and "
                f"otherwise than on line {first.line}, expected once; remove one",
                line=tier.line,
                found=tier.number,
            )
    return list(found.values())


def month_tiers(delta_periods: Callable[[], Sequence[str]], line: int | None) -> list[Tier]:
    """A tier for each month in which a commodity has deltas, ascending; contracts without expiry have tier 0."""
    months = sorted({period[:6] for period in delta_periods() if period != NO_PERIOD})
    return [Tier(number, month, month, line=line) for number, month in enumerate(months, WHOLE_COMMODITY + 1)]
