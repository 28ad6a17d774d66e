"""A clearing organisation's own settings: rate ids, conversions and scenario grids; and the file's definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from margin.model.parameters import ClearingOrganisation, Currency, ParameterSet, RateId
from margin.model.scenario import DeltaPoint, ScenarioGrid, ScenarioPoint
from margin.resolve.accounts import STANDARD_ACCOUNT_TYPES
from margin.write.parameters._spn.text import element, nested, tag, tags

BOND_CLASSES = {"RESERVE": "RESRV"}
_MOST_PARTS = 100


def definitions(parameters: ParameterSet) -> Iterator[str]:
    """The ``definitions``: currencies, account types and groups."""
    lines = [
        element(
            "currencyDef",
            tags(currency=currency.code, symbol=currency.symbol or "", name="", decimalPos=currency.decimals),
        )
        for currency in _currencies(parameters)
    ]
    lines += [
        element(
            "acctTypeDef",
            tags(
                isCust=kind.is_customer,
                acctType=kind.code,
                name=kind.name,
                isNetMargin=kind.is_net_margin,
                priority=kind.priority,
            ),
        )
        for kind in parameters.account_types or STANDARD_ACCOUNT_TYPES
    ]
    groups = {
        (number, group): None
        for commodity in parameters.commodities
        for number, group in enumerate(commodity.groups, start=1)
    }
    for number in sorted({number for number, _ in groups}):
        lines.append(element("groupTypeDef", tags(id=number, name="Product group")))
    lines += [element("groupDef", tags(id=number, aVal=group)) for number, group in groups]
    return nested("definitions", lines)


def _currencies(parameters: ParameterSet) -> tuple[Currency, ...]:
    """The set's currencies; one that defines none means two decimals everywhere."""
    used = dict.fromkeys(commodity.currency for commodity in parameters.commodities)
    return parameters.currencies or tuple(Currency(code) for code in used)


def settings(org: ClearingOrganisation) -> str:
    """What an organisation or business function says of itself, from ``isContractScale`` to ``capRiskArray``."""
    shares = {
        item.path.rpartition("/")[2]: item.value
        for item in org.unsupported
        if item.path.endswith(("/minIntExDeltaPct", "/useLovPct"))
    }
    return tags(
        isContractScale=org.is_contract_scale,
        isNetMargin=org.is_net_margin,
        finalizeMeth=org.finalize_method or "",
        oopDeltaMeth=org.option_delta_method,
        capAnov=org.cap_available_net_option_value,
        minIntExDeltaPct=shares.get("minIntExDeltaPct"),
        lookAheadYears=org.look_ahead_years,
        custUseLov=org.customer_use_long_option_value,
        useLovPct=shares.get("useLovPct"),
        limitSubAccountOffset=org.limit_sub_account_offset,
        capRiskArray=org.cap_risk_array,
    )


def conversions(org: ClearingOrganisation) -> Iterator[str]:
    """The ``curConv`` elements; the dates of haircuts are not known and stay empty."""
    for item in org.currency_conversions:
        haircuts = "".join(element("hfactor", tags(date="", rate=rate)) for rate in item.haircuts)
        fields = tags(fromCur=item.from_currency, toCur=item.to_currency, factor=item.factor)
        yield element("curConv", fields, haircuts)


def bond_rates(org: ClearingOrganisation) -> Iterator[str]:
    """The ``pbRateDef`` elements."""
    for rate in org.rates:
        yield element(
            "pbRateDef",
            tags(
                r=rate.rate_id,
                isCust=rate.is_customer,
                acctType=rate.account_type,
                isM=rate.is_maintenance,
                pbc=BOND_CLASSES.get(rate.bond_class, rate.bond_class),
            ),
        )


def grids(by_rate: Mapping[RateId, ScenarioGrid]) -> Iterator[str]:
    """The ``pointDef`` elements."""
    for rate_id, grid in by_rate.items():
        scans = [_scan_point(point) for point in grid.points]
        deltas = [_delta_point(point) for point in grid.delta_points]
        yield from nested("pointDef", [tag("r", rate_id), *scans, *deltas])


def _scan_point(point: ScenarioPoint) -> str:
    kind = None if point.price_move_kind == "scan_range" else point.price_move_kind
    moves = _move("priceScanDef", point.price_move, kind) + _move("volScanDef", point.volatility_move)
    end = tags(weight=point.weight, pairedPoint=point.paired_point)
    return element("scanPointDef", tag("point", point.number), moves, end)


def _delta_point(point: DeltaPoint) -> str:
    moves = _move("priceScanDef", point.price_move) + _move("volScanDef", point.volatility_move)
    return element("deltaPointDef", tag("point", point.number), moves, tag("weight", point.weight))


def _move(name: str, move: float, kind: str | None = None) -> str:
    """A move as mult × numerator ÷ denominator: a fraction of small numbers where one is the same double."""
    near = Fraction(move).limit_denominator(_MOST_PARTS)
    if near.numerator / near.denominator == move:
        sign = (near > 0) - (near < 0)
        parts = tags(mult=sign, numerator=abs(near.numerator), denominator=near.denominator)
    else:
        parts = tags(mult=move, numerator=1, denominator=1)
    return element(name, parts, tag("defType", kind))
