"""A clearing organisation's own parameters: session, rate ids, conversions, scenario grids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from margin.model.parameters import (
    AccountType,
    ClearingOrganisation,
    Currency,
    CurrencyConversion,
    PerformanceBondRate,
    UnsupportedElement,
)
from margin.model.scenario import DeltaPoint, ScenarioGrid, ScenarioPoint
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.reading import Fields, Reading

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_BOND_CLASSES = {"CORE": "CORE", "RESRV": "RESERVE", "RESERVE": "RESERVE"}


def read_currencies(root: Element, reading: Reading) -> tuple[Currency, ...]:
    """Currencies of the file (``definitions/currencyDef``)."""
    currencies = []
    for definitions in root.all("definitions"):
        for element in definitions.all("currencyDef"):
            fields = Fields(reading, element, "currencyDef")
            decimals = fields.integer("decimalPos")
            currencies.append(
                Currency(
                    fields.require_text("currency"),
                    fields.text("symbol"),
                    2 if decimals is None else decimals,
                )
            )
    return tuple(currencies)


def read_account_types(root: Element, reading: Reading) -> tuple[AccountType, ...]:
    """Account types of the file (``definitions/acctTypeDef``)."""
    account_types = []
    for definitions in root.all("definitions"):
        for element in definitions.all("acctTypeDef"):
            fields = Fields(reading, element, "acctTypeDef")
            is_net = fields.flag("isNetMargin")
            account_types.append(
                AccountType(
                    code=fields.require_text("acctType"),
                    is_customer=fields.require_flag("isCust"),
                    name=fields.text("name"),
                    is_net_margin=True if is_net is None else is_net,
                    priority=fields.integer("priority") or 0,
                )
            )
    return tuple(account_types)


def read_business_date(fields: Fields) -> str:
    """The point in time's date as an ISO date."""
    text = fields.require_text("date")
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(*map(int, match.groups())).isoformat()
    except ValueError:
        pass
    element = fields.element.first("date")
    if text and element is not None:
        fields.invalid(element, "a business date such as 20260630")
    return ""


def read_clearing_organisation(point_in_time: Element, element: Element, reading: Reading) -> ClearingOrganisation:
    """Read what a ``clearingOrg`` or ``businessFunction`` says about itself, without commodities and spreads."""
    time = Fields(reading, point_in_time, "pointInTime")
    fields = Fields(reading, element, f"{element.name} {element.text_of('ec')}")
    return ClearingOrganisation(
        code=fields.require_text("ec"),
        business_date=read_business_date(time),
        name=fields.text("name"),
        is_settlement=time.require_flag("isSetl"),
        session_qualifier=time.text("setlQualifier"),
        time=time.text("time"),
        run=time.text("run"),
        is_net_margin=_flag_or(fields, "isNetMargin", default=True),
        is_contract_scale=fields.flag("isContractScale"),
        finalize_method=fields.text("finalizeMeth"),
        option_delta_method=fields.text("oopDeltaMeth"),
        cap_available_net_option_value=_flag_or(fields, "capAnov", default=False),
        customer_use_long_option_value=_flag_or(fields, "custUseLov", default=True),
        limit_sub_account_offset=_flag_or(fields, "limitSubAccountOffset", default=False),
        cap_risk_array=_flag_or(fields, "capRiskArray", default=False),
        look_ahead_years=_look_ahead(fields),
        currency_conversions=_read_conversions(element, reading),
        rates=_read_bond_rates(element, reading),
        grids=read_grids(element, fields),
        unsupported=_unsupported(element, fields),
    )


def _flag_or(fields: Fields, name: str, *, default: bool) -> bool:
    value = fields.flag(name)
    return default if value is None else value


def _look_ahead(fields: Fields) -> float | None:
    years = fields.number("lookAheadYears")
    days, days_per_year = fields.number("lookAheadDays"), fields.number("daysPerYear")
    if years is not None or days is None or not days_per_year:
        return years
    return days / days_per_year


def _read_conversions(element: Element, reading: Reading) -> tuple[CurrencyConversion, ...]:
    conversions = []
    for child in element.all("curConv"):
        fields = Fields(reading, child, "curConv")
        haircuts = [Fields(reading, inner, "curConv/hfactor").number("rate") for inner in child.all("hfactor")]
        conversions.append(
            CurrencyConversion(
                fields.require_text("fromCur"),
                fields.require_text("toCur"),
                fields.positive("factor"),
                tuple(haircut for haircut in haircuts if haircut is not None),
            )
        )
    return tuple(conversions)


def _read_bond_rates(element: Element, reading: Reading) -> tuple[PerformanceBondRate, ...]:
    rates = []
    for child in element.all("pbRateDef"):
        fields = Fields(reading, child, "pbRateDef")
        word = fields.require_text("pbc")
        rates.append(
            PerformanceBondRate(
                rate_id=fields.require_text("r"),
                is_customer=fields.require_flag("isCust"),
                account_type=fields.require_text("acctType"),
                is_maintenance=fields.require_flag("isM"),
                bond_class=_BOND_CLASSES.get(word.upper(), word),
            )
        )
    return tuple(rates)


def read_grids(element: Element, fields: Fields) -> Mapping[str, ScenarioGrid]:
    """Scenario grids by rate id (``pointDef``). Source: CME SPAN XML schema, ``pointDef``."""
    grids: dict[str, ScenarioGrid] = {}
    for child in element.all("pointDef"):
        inner = Fields(fields.reading, child, f"{fields.label}/pointDef")
        rate_id = inner.require_text("r")
        if rate_id in grids:
            fields.duplicate(child, f"the scenario list of rate id {rate_id}")
        points = [_read_scan_point(point, inner) for point in child.all("scanPointDef")]
        if not points:
            inner.require_text("scanPointDef")
        numbers = [point.number for point in points]
        if numbers != sorted(set(numbers)):
            _refuse_order(inner, numbers)
        grids[rate_id] = ScenarioGrid(
            points=tuple(points),
            delta_points=tuple(_read_delta_point(point, inner) for point in child.all("deltaPointDef")),
        )
    return MappingProxyType(grids)


def _refuse_order(fields: Fields, numbers: list[int]) -> None:
    """Array values stand in the order of the scenarios, so their numbers must say that order."""
    element = next(fields.element.all("scanPointDef"))
    fields.invalid(
        Element("scanPointDef/point", " ".join(map(str, numbers)), element.line, element.row),
        "ascending scenario numbers, each once",
    )


def _read_scan_point(element: Element, outer: Fields) -> ScenarioPoint:
    fields = Fields(outer.reading, element, f"{outer.label}/scanPointDef {element.text_of('point')}")
    number = fields.require_integer("point")
    price = element.first("priceScanDef")
    kind = price.text_of("defType") if price is not None else ""
    paired = fields.integer("pairedPoint")
    return ScenarioPoint(
        number=number,
        price_move=_read_move(fields, "priceScanDef"),
        volatility_move=_read_move(fields, "volScanDef"),
        weight=fields.require_number("weight"),
        paired_point=number if paired is None else paired,
        price_move_kind=kind or "scan_range",
    )


def _read_delta_point(element: Element, outer: Fields) -> DeltaPoint:
    fields = Fields(outer.reading, element, f"{outer.label}/deltaPointDef {element.text_of('point')}")
    return DeltaPoint(
        number=fields.require_integer("point"),
        price_move=_read_move(fields, "priceScanDef"),
        volatility_move=_read_move(fields, "volScanDef"),
        weight=fields.require_number("weight"),
    )


def _read_move(fields: Fields, name: str) -> float:
    """A move as a multiple of the scan range: mult × numerator / denominator."""
    element = fields.element.first(name)
    if element is None:
        fields.require_text(name)
        return 0.0
    inner = Fields(fields.reading, element, f"{fields.label}/{name}")
    numerator, denominator = inner.number("numerator"), inner.number("denominator")
    move = inner.require_number("mult") * (1.0 if numerator is None else numerator)
    if denominator == 0.0:
        if move:
            inner.invalid(next(element.all("denominator")), "a number other than zero")
        return 0.0
    return move / (1.0 if denominator is None else denominator)


def _unsupported(element: Element, fields: Fields) -> tuple[UnsupportedElement, ...]:
    """Elements that change a requirement in a way no public formula describes."""
    found = [
        fields.unsupported(child)
        for child in element.all("minIntExDeltaPct")
        if fields.number("minIntExDeltaPct") not in (None, 0.0)
    ]
    found.extend(unsupported_option_value_share(element, fields))
    return tuple(found)


def unsupported_option_value_share(element: Element, fields: Fields) -> list[UnsupportedElement]:
    """A partial use of long option value (``useLovPct``); the whole of it is the rule, and none is a flag."""
    share = fields.number("useLovPct")
    none_used = share == 0.0 and fields.flag("custUseLov") is False
    if share in (None, 1.0, 100.0) or none_used:
        return []
    return [fields.unsupported(child) for child in element.all("useLovPct")]
