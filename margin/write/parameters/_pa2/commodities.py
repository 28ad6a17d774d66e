"""Records 2, S, 3 and 4: what a combined commodity consists of, its tiers, factors, minimum and delivery charges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from margin.model.parameters import WHOLE_COMMODITY, CombinedCommodity, SpotRate, Tier
from margin.write.parameters._pa2.factors import Factors
from margin.write.parameters._pa2.figures import Figures
from margin.write.parameters._pa2.limits import WRITE_ANOTHER, Limits
from margin.write.parameters._pa2.periods import split_period
from margin.write.parameters._pa2.record import Record
from margin.write.parameters._pa2.subject import Subject, refuse_elements

CURRENCY_LETTERS = {
    "AUD": "A", "GBP": "L", "CAD": "C", "EUR": "E", "FRF": "F", "DEM": "D", "HKD": "H", "HUF": "U", "ITL": "I",
    "JPY": "Y", "MXN": "P", "NZD": "Z", "NOK": "N", "SGD": "G", "ESP": "T", "ZAR": "R", "SEK": "K", "CHF": "S",
    "USD": "$", "CLP": "C",
}  # fmt: skip
"""One-letter currency codes; other currencies have their ISO code alone. Source: CME, "Type T Record - Expanded"."""

WHOLE_UNITS = "written in whole units of money before the risk exponent"

_PRODUCTS_PER_RECORD = 6
_SCAN_TIERS_PER_RECORD = 5
_INTRA_TIERS_PER_RECORD = 4
_MONTHS_PER_RECORD = 2
_NO_START, _NO_END = "000000", "999999"
_PRICE_RISK_METHODS = {None: "1", "": "1", "NORMAL": "1", "SCANRANGE_CAP": "2", "SCANRANGE": "3"}
_MINIMUM_METHODS = {None: "2", "": "2", "GROSS": "2", "MAX": "1"}
_COMBINATION_METHODS = {None: "", "": "", "NONE": "", "SPLIT": "S", "DELTASPLIT": "D", "MODIFIED": "M"}
_NO_SPOT_CHARGE = "NONE"

T = TypeVar("T")


def in_parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Items, so many at a time; one empty part where there are none."""
    return [items[start : start + size] for start in range(0, max(len(items), 1), size)]


def combination_code(word: str | None) -> str | None:
    """The code of a combination method: blank for an array of its own, `None` if there is no code for it."""
    return _COMBINATION_METHODS.get(word)


def refuse_commodity(subject: Subject, commodity: CombinedCommodity) -> None:
    """What a combined commodity asks for that no record has a place for."""
    limits, place, line = subject.limits, f"ccDef[{commodity.code}]", commodity.line
    refuse_elements(commodity.unsupported, limits)
    if commodity.name:
        limits.leave_out("names of commodities")
    words = (
        ("procMeth", commodity.procedure_method, {None, "", "NORMAL"}),
        ("marginMeth", commodity.margin_method, {None, "", "SPAN", "NORMAL"}),
        ("wfprMeth", commodity.weighted_price_risk_method, set(_PRICE_RISK_METHODS)),
        ("somMeth", commodity.short_option_minimum_method, set(_MINIMUM_METHODS)),
        ("spotMeth", commodity.spot_method, {None, "", "NORMAL", _NO_SPOT_CHARGE}),
        ("cmbMeth", commodity.combination_method, set(_COMBINATION_METHODS)),
    )
    for element, word, known in words:
        if word not in known:
            limits.refuse(
                f"{place}/{element}", str(word), f"it has codes for {', '.join(sorted(filter(None, known)))}",
                WRITE_ANOTHER, line=line,
            )  # fmt: skip
    if commodity.customer_use_long_option_value is False:
        limits.refuse(f"{place}/custUseLov", "0", "no record has a place for it", WRITE_ANOTHER, line=line)
    if len(commodity.groups) > 1:
        limits.refuse(
            f"{place}/group", ", ".join(commodity.groups), "a commodity is in one group", "keep one group", line=line
        )
    if any(tier.rates for tier in commodity.rate_tiers):
        limits.refuse(f"{place}/rateTiers", "rates", "no record has a place for them", WRITE_ANOTHER, line=line)
    for link in commodity.product_links:
        if link.clearing_org is not None:
            limits.refuse(
                f"{place}/pfLink[{link.product}]", link.clearing_org, "all products are of one clearing organisation",
                WRITE_ANOTHER, line=link.line,
            )  # fmt: skip
        if link.type == "OOP" and link.option_delta_method not in (None, "", "PERIOD"):
            limits.refuse(
                f"{place}/pfLink[{link.product}]/oopDeltaMeth", link.option_delta_method or "",
                "the delta of an option on a physical goes into its own period", WRITE_ANOTHER, line=link.line,
            )  # fmt: skip


def definition(
    subject: Subject, commodity: CombinedCommodity, figures: Figures
) -> Iterator[tuple[str, list[int], Record]]:
    """Records 2, one for each exchange and six products: the exchange, the product rows, and the record."""
    products = subject.parameters.products
    rows: dict[str, list[int]] = {}
    for _, row in subject.products_of(commodity):
        rows.setdefault(products[row].exchange, []).append(row)
    if not rows:
        rows = {exchange_of(subject, commodity): []}
    cap = commodity.cap_available_net_option_value
    if cap is None:
        cap = subject.organisation.cap_available_net_option_value
    premium = [products[row].is_premium_style for _, row in subject.products_of(commodity) if products[row].is_option]
    for exchange, own in rows.items():
        for part in in_parts(own, _PRODUCTS_PER_RECORD):
            record = Record("2", f"ccDef[{commodity.code}]", subject.limits, commodity.line)
            record.text("exchange", exchange, "/exch")
            record.text("commodity", commodity.code, "/cc")
            record.whole("risk_exponent", commodity.risk_exponent, "/riskExponent")
            record.text("currency", commodity.currency, "/currency")
            record.text("currency_code", CURRENCY_LETTERS.get(commodity.currency))
            record.text("option_style", "F" if premium and not any(premium) else "P")
            record.text("limit_option_value", "Y" if cap else "N")
            record.text("combination_method", combination_code(commodity.combination_method))
            for number, row in enumerate(part, start=1):
                decimals = int(figures.array_decimals[row])
                record.text(f"product_{number}", products[row].code, f"/pfLink[{products[row].code}]")
                record.text(f"type_{number}", products[row].type)
                record.whole(f"array_locator_{number}", decimals or None)
            yield exchange, list(part), record


def exchange_of(subject: Subject, commodity: CombinedCommodity) -> str:
    """The exchange that a commodity is listed under: its first product's, else the first of the file."""
    products = subject.parameters.products
    rows = [row for _, row in subject.products_of(commodity)]
    return products[rows[0]].exchange if rows else products[0].exchange if products else ""


def tier_records(subject: Subject, commodity: CombinedCommodity) -> list[Record]:
    """Records S: scan and inter-commodity tiers, in one table where they are the same, and short option tiers."""
    scan, inter = _numbered(commodity.scan_tiers), _numbered(commodity.intercommodity_tiers)
    minimum = _numbered(commodity.short_option_minimum_tiers)
    ranges = [[(tier.number, tier.start, tier.end) for tier in tiers] for tiers in (scan, inter)]
    tables: list[tuple[str, tuple[Tier, ...], str]]
    if not scan and not inter:
        tables = [("01", (), "scanTiers")]
    elif ranges[0] == ranges[1]:
        tables = [("21", scan, "scanTiers")]
    elif not inter:
        tables = [("10", scan, "scanTiers")]
    elif not scan:
        tables = [("20", inter, "interTiers")]
    else:
        tables = [("22", scan, "scanTiers"), ("23", inter, "interTiers")]
    if minimum:
        tables.append(("30", minimum, "somTiers"))
    return [record for table in tables for record in _tier_table(subject, commodity, *table)]


def _refuse_repeated(subject: Subject, commodity: CombinedCommodity, name: str, tiers: Sequence[Tier]) -> None:
    """A tier has one range."""
    numbers = [tier.number for tier in tiers]
    for number in sorted({one for one in numbers if numbers.count(one) > 1}):
        subject.limits.refuse(
            f"ccDef[{commodity.code}]/{name}/tier[{number}]", f"tier {number} more than once",
            "a tier has one range of periods", "give the ranges numbers of their own", line=commodity.line,
        )  # fmt: skip


def _numbered(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """Tiers with a number; the one without is the whole commodity, which needs no table."""
    return tuple(tier for tier in tiers if tier.number != WHOLE_COMMODITY)


def _tier_table(
    subject: Subject, commodity: CombinedCommodity, method: str, tiers: tuple[Tier, ...], name: str
) -> Iterator[Record]:
    _refuse_repeated(subject, commodity, name, tiers)
    for part in in_parts(tiers, _SCAN_TIERS_PER_RECORD):
        record = Record("S", f"ccDef[{commodity.code}]", subject.limits, commodity.line)
        record.text("commodity", commodity.code)
        record.text("method", method)
        record.whole("tiers", len(tiers) or None, f"/{name}")
        record.text("price_risk_method", _PRICE_RISK_METHODS.get(commodity.weighted_price_risk_method))
        for place, tier in enumerate(part, start=1):
            element = f"/{name}/tier[{tier.number}]"
            _put_tier(record, place, tier, element, subject.limits)
            if method == "30":
                rate = _rate(subject, tier, f"ccDef[{commodity.code}]{element}")
                record.number(
                    f"short_option_minimum_{place}", rate, f"short option minimums, {WHOLE_UNITS}", f"{element}/rate"
                )
        yield record


def _put_tier(record: Record, place: int, tier: Tier, element: str, limits: Limits) -> None:
    if tier.is_relative:
        limits.refuse(
            record.element + element, "relative bounds", "tiers run from month to month", WRITE_ANOTHER,
            line=tier.line,
        )  # fmt: skip
    record.whole(f"tier_{place}", tier.number, element)
    for name, bound, unbounded in (("start", tier.start, _NO_START), ("end", tier.end, _NO_END)):
        month, day = split_period(bound, record.element + element, limits, tier.line) if bound else (unbounded, "")
        record.text(f"{name}_{place}", month)
        record.text(f"{name}_day_{place}", day)


def _rate(subject: Subject, tier: Tier, element: str) -> float | None:
    """A tier's rate of the rate id that is written."""
    rate = tier.rates.get(subject.rate_id)
    if rate is None:
        refuse_missing_rate(subject, element, tier.line)
    return rate


def refuse_missing_rate(subject: Subject, element: str, line: int | None) -> None:
    """There is no rate of the rate id that is written."""
    subject.limits.refuse(
        f"{element}/rate", "no rate", f"every rate is given for the rate id of the file, {subject.rate_id}",
        f"state a rate for {subject.rate_id}", line=line,
    )  # fmt: skip


def intracommodity_records(
    subject: Subject, commodity: CombinedCommodity, factors: Mapping[str, Factors]
) -> Iterator[Record]:
    """Records 3: tiers of spreads inside the commodity, and initial ratios by account type."""
    tiers = _numbered(commodity.intracommodity_tiers)
    _refuse_repeated(subject, commodity, "intraTiers", tiers)
    for part in in_parts(tiers, _INTRA_TIERS_PER_RECORD):
        record = Record("3", f"ccDef[{commodity.code}]", subject.limits, commodity.line)
        record.text("commodity", commodity.code)
        record.text("method", "10" if tiers else "01")
        for place, tier in enumerate(part, start=1):
            _put_tier(record, place, tier, f"/intraTiers/tier[{tier.number}]", subject.limits)
        for word, own in factors.items():
            record.number(
                f"initial_ratio_{word}", own.initial, "initial ratios, written to 3 decimals", f"/adjRate[{word}]"
            )
        yield record


def delivery_records(
    subject: Subject, commodity: CombinedCommodity, factors: Mapping[str, Factors]
) -> Iterator[Record]:
    """Records 4: delivery-month charges, the short option minimum of the whole commodity, adjustment factors."""
    months = _spot_rates(subject, commodity)
    whole = [tier for tier in commodity.short_option_minimum_tiers if tier.number == WHOLE_COMMODITY]
    for first, part in enumerate(in_parts(months, _MONTHS_PER_RECORD)):
        record = Record("4", f"ccDef[{commodity.code}]", subject.limits, commodity.line)
        record.text("commodity", commodity.code)
        record.text("method", "10" if months else "01")
        record.whole("months", len(months) or None, "/spotRate")
        for place, rate in enumerate(part, start=1):
            _put_month(subject, record, place, first * _MONTHS_PER_RECORD + place, rate)
        for tier in whole[:1]:
            minimum = _rate(subject, tier, f"{record.element}/somTiers/tier[0]")
            record.number("short_option_minimum", minimum, f"short option minimums, {WHOLE_UNITS}", "/somTiers/tier[0]")
        for word, own in factors.items():
            record.number(
                f"adjustment_{word}", own.adjustment, "adjustment factors, written to 2 decimals", f"/adjRate[{word}]"
            )
        record.text("short_option_minimum_method", _MINIMUM_METHODS.get(commodity.short_option_minimum_method))
        yield record


def _spot_rates(subject: Subject, commodity: CombinedCommodity) -> list[SpotRate]:
    if commodity.spot_method == _NO_SPOT_CHARGE:
        return []
    rates = [rate for rate in commodity.spot_rates if rate.rate_id == subject.rate_id]
    for rate in rates:
        if rate.side != "both":
            subject.limits.refuse(
                f"ccDef[{commodity.code}]/spotRate[{rate.period}]", rate.side,
                "delivery charges are the same for long and short", WRITE_ANOTHER, line=rate.line,
            )  # fmt: skip
    return rates


def _put_month(subject: Subject, record: Record, place: int, number: int, rate: SpotRate) -> None:
    element = f"/spotRate[{rate.period}]"
    month, day = split_period(rate.period, record.element + element, subject.limits, rate.line)
    what = f"delivery charges, {WHOLE_UNITS}"
    record.whole(f"number_{place}", number, element)
    record.text(f"month_{place}", month)
    record.text(f"day_{place}", day)
    record.number(f"spread_rate_{place}", rate.spread_rate, what, f"{element}/sprd")
    record.number(f"outright_rate_{place}", rate.outright_rate, what, f"{element}/outr")
