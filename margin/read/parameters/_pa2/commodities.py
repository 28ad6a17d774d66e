"""Combined commodities of a file: records 2, S, 3, C, E, 4 and 5 put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from margin.model.contract import PRODUCT_TYPES
from margin.model.parameters import (
    WHOLE_COMMODITY,
    CombinedCommodity,
    ProductLink,
    SpotRate,
    Tier,
    UnsupportedElement,
)
from margin.model.problem import Reason
from margin.model.scenario import ScenarioGrid
from margin.read.parameters._pa2.definitions import Definition
from margin.read.parameters._pa2.header import RATE_ID
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.products import ProductKey
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import Record
from margin.read.parameters._pa2.spreads import read_series_spreads, read_tier_spreads
from margin.read.parameters._pa2.tiers import NO_TIER_RECORD_METHOD, TierTables, month_tiers, read_tiers

COMBINATION_METHODS = MappingProxyType({"S": "SPLIT", "D": "DELTASPLIT", "M": "MODIFIED"})
"""Words of SPAN XML for the one-letter methods; a modified split has no word there."""

_SHORT_OPTION_MINIMUM_METHODS = MappingProxyType({"1": "MAX", "2": "GROSS"})
_ACCOUNT_TYPES = MappingProxyType({"M": "member", "H": "hedger", "S": "speculator"})
_NO_SPOT_CHARGE = frozenset({"", "01"})
_SPOT_TABLE, _BASIS_RISK = "10", "11"


@dataclass(frozen=True)
class Surroundings:
    """What a commodity's definition is completed with from elsewhere in the file.

    Attributes:
        organisation: Clearing organisation.
        business_year: Year of the business date.
        products: Products that are read.
        combination_methods: Method of each combination product, by product code (record X).
        unsupported: Elements of products that have no public formula.
        grids: Scenario grid by commodity, where it is not the standard one.
        delta_periods: Gives the periods in which a commodity's contracts have their deltas.
    """

    organisation: str
    business_year: int
    products: frozenset[ProductKey]
    combination_methods: Mapping[str, str]
    unsupported: Mapping[ProductKey, Sequence[UnsupportedElement]]
    grids: Mapping[str, ScenarioGrid]
    delta_periods: Callable[[str], Sequence[str]]


def read_commodities(
    file: RecordFile, definitions: Mapping[str, Definition], around: Surroundings, reading: Reading
) -> tuple[CombinedCommodity, ...]:
    """Read all combined commodities, in the order in which the file defines them."""
    groups = _read_groups(file, definitions)
    records = _records_by_commodity(file, definitions, reading)
    commodities = tuple(
        _read_commodity(definition, records.get(code, {}), groups.get(code, ()), around)
        for code, definition in definitions.items()
    )
    _warn_of_unread_products(definitions, around.products, reading)
    return commodities


def _records_by_commodity(
    file: RecordFile, definitions: Mapping[str, Definition], reading: Reading
) -> dict[str, dict[str, list[Record]]]:
    found: dict[str, dict[str, list[Record]]] = {}
    for record in file.records("S", "3", "C", "E", "4"):
        record.check()
        code = record.require_text("commodity")
        found.setdefault(code, {}).setdefault(record.kind, []).append(record)
    strange = {code: kinds for code, kinds in found.items() if code and code not in definitions}
    if strange:
        first = min(records[0].line for kinds in strange.values() for records in kinds.values())
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"records S, 3, C, E and 4 of {len(strange):,} combined commodities that no record 2 defines "
            f"({', '.join(list(strange)[:10])}{', …' if len(strange) > 10 else ''}) are without effect",
            line=first,
            found=len(strange),
        )
    return found


def _read_groups(file: RecordFile, definitions: Mapping[str, Definition]) -> dict[str, tuple[str, ...]]:
    """Groups of each commodity. Source: CME "Type 5 Record - Expanded"."""
    groups: dict[str, dict[str, None]] = {}
    for record in file.records("5"):
        group = record.require_text("group")
        for _, name in record.numbered("commodity"):
            if record.text(name) in definitions:
                groups.setdefault(record.text(name), {})[group] = None
    return {code: tuple(names) for code, names in groups.items()}


def _read_commodity(
    definition: Definition, records: Mapping[str, list[Record]], groups: tuple[str, ...], around: Surroundings
) -> CombinedCommodity:
    record, code = definition.record, definition.code
    tables = read_tiers(records.get("S", []), records.get("3", []))
    delivery = records.get("4", [])
    initial, zero_initial = _by_account_type(records.get("3", []), "initial_ratio")
    adjustments, zero_adjustments = _by_account_type(delivery, "adjustment")
    record.check()
    own = {RATE_ID: around.grids[code]} if code in around.grids else {}
    return CombinedCommodity(
        clearing_org=around.organisation,
        code=code,
        currency=record.require_text("currency"),
        groups=groups,
        risk_exponent=record.require_integer("risk_exponent"),
        cap_available_net_option_value=bool(record.is_set("limit_option_value")),
        weighted_price_risk_method=tables.price_risk_method or NO_TIER_RECORD_METHOD,
        short_option_minimum_method=_short_option_minimum_method(delivery),
        combination_method=record.one_of("combination_method", COMBINATION_METHODS),
        grids=MappingProxyType(own),
        product_links=_links(definition, around),
        scan_tiers=_scan_tiers(tables, definition, around),
        intracommodity_tiers=tuple(tables.intracommodity),
        intercommodity_tiers=tuple(tables.intercommodity),
        short_option_minimum_tiers=_short_option_minimum_tiers(tables, delivery),
        spreads=(
            *read_series_spreads(records.get("E", []), around.organisation, around.business_year),
            *read_tier_spreads(records.get("C", []), around.organisation),
        ),
        spot_rates=tuple(_spot_rates(delivery)),
        initial_ratios=initial,
        adjustment_factors=adjustments,
        unsupported=(
            *tables.unsupported,
            *_unsupported_delivery(delivery),
            *zero_initial,
            *zero_adjustments,
            *(item for key in definition.products for item in around.unsupported.get(key, ())),
        ),
        line=record.line,
    )


def _scan_tiers(tables: TierTables, definition: Definition, around: Surroundings) -> tuple[Tier, ...]:
    if tables.is_scanned_by_month:
        return tuple(month_tiers(lambda: around.delta_periods(definition.code), definition.record.line))
    return tuple(tables.scan)


def _links(definition: Definition, around: Surroundings) -> tuple[ProductLink, ...]:
    return tuple(
        ProductLink(
            exchange=key[0],
            product_id=key[1],
            product=key[1],
            type=key[2],
            combination_method=around.combination_methods.get(key[1]) if key[2] == "CMB" else None,
            line=line,
        )
        for key, (_, line) in definition.products.items()
        if key in around.products
    )


def _warn_of_unread_products(
    definitions: Mapping[str, Definition], products: frozenset[ProductKey], reading: Reading
) -> None:
    unread = [
        (line, key)
        for definition in definitions.values()
        for key, (_, line) in definition.products.items()
        if key not in products and key[2] in PRODUCT_TYPES
    ]
    if unread:
        names = ", ".join(" ".join(key) for _, key in unread[:10])
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"record 2: {len(unread):,} product(s) have no record P, which says how their prices and strikes are "
            f"written ({names}{', …' if len(unread) > 10 else ''}); they are not read, and positions in them will not "
            "be found",
            line=unread[0][0],
            found=len(unread),
        )


def _by_account_type(records: Sequence[Record], name: str) -> tuple[Mapping[str, float], list[UnsupportedElement]]:
    """Ratios by account type that the first records which state them give; a ratio of zero has no meaning."""
    found: dict[str, float] = {}
    zero = []
    for record in records:
        for code, word in _ACCOUNT_TYPES.items():
            field = f"{name}_{word}"
            ratio = record.number(field)
            if ratio == 0.0:
                zero.append(
                    UnsupportedElement(f"record {record.kind} {record.text('commodity')} {field}", "0", record.line)
                )
            elif ratio is not None and found.setdefault(code, ratio) != ratio:
                record.invalid(field, f"{found[code]:g} as on the line before, or blanks")
    return MappingProxyType(found), zero


def _short_option_minimum_method(records: Sequence[Record]) -> str | None:
    for record in records:
        code = record.text("short_option_minimum_method")
        if code:
            return _SHORT_OPTION_MINIMUM_METHODS.get(code, code)
    return None


def _short_option_minimum_tiers(tables: TierTables, records: Sequence[Record]) -> tuple[Tier, ...]:
    """Rates by tier, and the commodity's own rate for options outside of every tier."""
    rates = {rate: record.line for record in records if (rate := record.number("short_option_minimum")) is not None}
    for record in records:
        if len(rates) > 1 and record.number("short_option_minimum") is not None:
            record.invalid("short_option_minimum", "the same rate on all records 4 of a commodity, or blanks")
    whole = [Tier(WHOLE_COMMODITY, rates=MappingProxyType({RATE_ID: rate}), line=line) for rate, line in rates.items()]
    return (*tables.short_option_minimum, *whole[:1])


def _spot_rates(records: Sequence[Record]) -> list[SpotRate]:
    """Delivery-month rates by period. Source: CME "Type 4 Record - Expanded", method 10."""
    rates = []
    for record in records:
        if record.text("method") != _SPOT_TABLE:
            continue
        for index, name in record.numbered("month"):
            period = record.period(name, f"day_{index}")
            if period is None:
                _refuse_rates_without_month(record, index)
                continue
            rates.append(
                SpotRate(
                    rate_id=RATE_ID,
                    period=period,
                    spread_rate=record.require_number(f"spread_rate_{index}"),
                    outright_rate=record.require_number(f"outright_rate_{index}"),
                    line=record.line,
                )
            )
    return rates


def _refuse_rates_without_month(record: Record, index: int) -> None:
    if any(record.digits(f"{name}_{index}") for name in ("spread_rate", "outright_rate")):
        record.missing(f"month_{index}", "the month that the rates beside it are for, such as 202506")


def _unsupported_delivery(records: Sequence[Record]) -> list[UnsupportedElement]:
    """Delivery methods without a public formula: basis risk, and those of old files."""
    found = []
    for record in records:
        method, path = record.text("method"), f"record 4 {record.text('commodity')}"
        if method == _BASIS_RISK:
            rate = record.digits("basis_rate")
            if rate:
                found.append(UnsupportedElement(f"{path} basis_rate", str(rate), record.line))
        elif method not in _NO_SPOT_CHARGE | {_SPOT_TABLE}:
            found.append(UnsupportedElement(f"{path} method", method, record.line))
    return found
