"""Write a generated market as a SPAN XML 4.00 risk parameter file.

Element names and order: CME SPAN XML schema. Every contract stands on a line of its own, as does every other
element that people look for; the text is plain ASCII and holds no clock time but the business date's.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np

from tests.market.model import BusinessFunction, Family, Market, Point, Series
from tests.market.pricing import LOOK_AHEAD_YEARS
from tests.market.spn_commodities import commodity_lines, spread_lines
from tests.market.spn_elements import Line, nested, number, tag, tags

CURRENCIES = {
    "nse": (
        "INR", "USD", "EUR", "GBP", "JPY", "AUD", "CAD", "CHF", "CNY", "DKK", "HKD", "KRW",
        "MYR", "NOK", "NZD", "RUB", "SAR", "SEK", "SGD", "THB", "TWD", "ZAR",
    ),
    "cme": ("USD", "EUR", "GBP", "JPY", "CAD"),
}  # fmt: skip
CURRENCY_NAMES = {"INR": "Indian Rupee", "USD": "US Dollar", "EUR": "Euro", "GBP": "Pound Sterling", "JPY": "Yen"}
WHOLE_CURRENCIES = frozenset({"JPY", "KRW"})
CONVERSIONS = {"nse": (("INR", "USD", "0.010559"),), "cme": (("EUR", "USD", "1.0842"), ("USD", "EUR", "0.9223"))}


def write_spn(market: Market, path: Path | str, *, indent: bool = False, newline: str = "\n") -> Path:
    """Write a market to a file; ``.gz`` and ``.zip`` at the end of the name compress it.

    Args:
        market: What to write.
        path: The file; a ``.zip`` holds one member named like the file, ending in ``.spn``.
        indent: Indent lines by their depth, for people.
        newline: End of line; clearing houses write ``"\\r\\n"``.

    Returns:
        The path, as a `Path`. The same market gives the same bytes.
    """
    path = Path(path)
    content = spn_text(market, indent=indent, newline=newline).encode("ascii")
    if path.suffix == ".gz":
        buffer = BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as stream:
            stream.write(content)
        content = buffer.getvalue()
    elif path.suffix == ".zip":
        name = path.stem if path.stem.endswith(".spn") else f"{path.stem}.spn"
        day = market.spec.business_date
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
        content = buffer.getvalue()
    path.write_bytes(content)
    return path


def spn_text(market: Market, *, indent: bool = False, newline: str = "\n") -> str:
    """The file's text."""
    if indent:
        return "".join(f"{'  ' * depth}{text}{newline}" for depth, text in _lines(market))
    return "".join(f"{text}{newline}" for _, text in _lines(market))


def _lines(market: Market) -> Iterator[Line]:
    day = f"{market.spec.business_date:%Y%m%d}"
    yield 0, '<?xml version="1.0"?>'
    yield 0, "<spanFile>"
    yield 1, tag("fileFormat", "4.00")
    yield 1, tag("created", f"{day}1900")
    yield from nested(1, "definitions", _definitions(market))
    yield 1, "<pointInTime>"
    yield 2, tags(date=day, isSetl=1, setlQualifier="final", run=1)
    yield from nested(2, "clearingOrg", _clearing_org(market))
    for function in market.business_functions:
        yield from nested(2, "businessFunction", _business_function(market, function))
    yield 1, "</pointInTime>"
    yield 0, "</spanFile>"


def _definitions(market: Market) -> Iterator[Line]:
    for code in CURRENCIES[market.spec.shape]:
        decimals = 0 if code in WHOLE_CURRENCIES else 2
        fields = tags(currency=code, symbol=code, name=CURRENCY_NAMES.get(code, code), decimalPos=decimals)
        yield 2, f"<currencyDef>{fields}</currencyDef>"
    for priority, kind in enumerate(market.account_types, start=1):
        fields = tags(
            isCust=int(kind.is_customer),
            acctType=kind.code,
            name=kind.name,
            isNetMargin=int(kind.is_net),
            priority=priority,
        )
        yield 2, f"<acctTypeDef>{fields}</acctTypeDef>"
    groups = sorted({commodity.group for commodity in market.commodities} - {""})
    if groups:
        yield 2, f"<groupTypeDef>{tags(id=1, name='Product group')}</groupTypeDef>"
        for group in groups:
            yield 2, f"<groupDef>{tags(id=1, aVal=group, description=group.title())}</groupDef>"


def _clearing_org(market: Market) -> Iterator[Line]:
    spec = market.spec
    is_nse = spec.shape == "nse"
    yield (
        3,
        tags(
            ec=spec.clearing_org,
            name=f"{spec.clearing_org} (generated)",
            isContractScale=0,
            isNetMargin=1,
            finalizeMeth="BY" if is_nse else "ROUND",
            oopDeltaMeth="PERIOD",
            capAnov=0,
            lookAheadYears=number(LOOK_AHEAD_YEARS),
            lookAheadDays=1,
            daysPerYear=365,
            custUseLov=1,
            limitSubAccountOffset=0,
        ),
    )
    for source, target, factor in CONVERSIONS[spec.shape]:
        yield 3, f"<curConv>{tags(fromCur=source, toCur=target, factor=factor)}</curConv>"
    for kind in market.account_types:
        for rate, is_maintenance in ((kind.maintenance_rate, 1), (kind.initial_rate, 0)):
            if rate is not None:
                customer = int(kind.is_customer)
                fields = tags(r=rate, isCust=customer, acctType=kind.code, isM=is_maintenance, pbc="CORE")
                yield 3, f"<pbRateDef>{fields}</pbRateDef>"
    for rate in market.rate_ids:
        yield from nested(3, "pointDef", _point_definition(market, rate))
    for exchange in spec.exchanges:
        yield from nested(3, "exchange", _exchange(market, exchange))
    for commodity in market.commodities:
        yield from nested(3, "ccDef", commodity_lines(market, commodity))
    if market.super_spreads:
        yield from nested(3, "superSpreads", spread_lines(market.super_spreads, 4))
    yield from nested(3, "interSpreads", spread_lines(market.inter_spreads, 4))


def _business_function(market: Market, function: BusinessFunction) -> Iterator[Line]:
    head = tags(busFuncType=function.type, ec=function.code, name=function.name)
    settings = tags(isNetMargin=1, finalizeMeth="ROUND", oopDeltaMeth="PERIOD", capAnov=int(function.cap_option_value))
    yield 3, head + settings
    for rate in market.rate_ids:
        yield from nested(3, "pointDef", _point_definition(market, rate))
    yield 3, "<busFuncCoLink>"
    yield 4, tag("ec", market.spec.clearing_org)
    families = [market.family(link.family) for commodity in function.commodities for link in commodity.links]
    for exchange in market.spec.exchanges:
        own = [family for family in families if family.exchange == exchange]
        if own:
            yield from nested(4, "busFuncExchLink", _linked_families(function, exchange, own))
    yield 3, "</busFuncCoLink>"
    for commodity in function.commodities:
        yield from nested(3, "ccDef", commodity_lines(market, commodity))
    yield from nested(3, "interSpreads", spread_lines(function.inter_spreads, 4))


def _linked_families(function: BusinessFunction, exchange: str, families: Iterable[Family]) -> Iterator[Line]:
    yield 5, tag("exch", exchange)
    for family in families:
        head = tags(pfId=family.id, pfCode=family.code, pfType=family.type)
        listed = function.listed.get(family.id)
        if listed is None:
            yield 5, f"<bfPfLink>{head}</bfPfLink>"
            continue
        yield 5, f"<bfPfLink>{head}"
        for contract, arrays in listed.items():
            values = "".join(_own_arrays(rate, *own) for rate, own in arrays.items())
            yield 6, f"<bfC>{tag('cId', contract)}{values}</bfC>"
        yield 5, "</bfPfLink>"


def _own_arrays(rate: str, losses: Iterable[float], delta: float) -> str:
    return f"<ra>{tag('r', rate)}{''.join(tag('a', number(loss)) for loss in losses)}{tag('d', number(delta))}</ra>"


def _point_definition(market: Market, rate: str) -> Iterator[Line]:
    yield 4, tag("r", rate)
    for point in market.grid.scenarios:
        yield 4, f"<scanPointDef>{_point(point)}{tag('pairedPoint', point.paired)}</scanPointDef>"
    for point in market.grid.deltas:
        yield 4, f"<deltaPointDef>{_point(point)}</deltaPointDef>"


def _point(point: Point) -> str:
    price = tags(mult=point.multiplier, numerator=point.numerator, denominator=point.denominator)
    volatility = tags(mult=point.volatility, numerator=1, denominator=1)
    weight = tag("weight", number(point.weight))
    place = tag("point", point.number)
    return f"{place}<priceScanDef>{price}</priceScanDef><volScanDef>{volatility}</volScanDef>{weight}"


def _exchange(market: Market, exchange: str) -> Iterator[Line]:
    yield 4, tags(exch=exchange, name=f"{exchange} (generated)")
    elements = {"PHY": "phyPf", "FUT": "futPf", "OOP": "oopPf", "OOF": "oofPf"}
    for family in market.families:
        if family.exchange == exchange:
            yield from nested(4, elements[family.type], _family(market, family))


def _family(market: Market, family: Family) -> Iterator[Line]:
    spec = market.spec
    common = {
        "priceDl": family.price_decimals,
        "priceFmt": "",
        **({"strikeDl": family.strike_decimals, "strikeFmt": "", "cab": "0"} if family.is_option else {}),
        "valueMeth": family.value_method,
        "priceMeth": "STD",
        "setlMeth": "CASH" if family.is_option or spec.shape == "nse" else "DELIV",
    }
    if family.is_option:
        common["priceModel"] = "BS" if family.is_spot_model else "BLACK76"
    yield (
        5,
        tags(
            pfId=family.id,
            pfCode=family.code,
            name=family.name,
            exercise="EURO" if family.is_option else None,
            currency=family.currency,
            cvf=number(family.contract_value_factor),
            **common,
        ),
    )
    if family.underlying:
        below = market.family(family.underlying)
        fields = tags(exch=below.exchange, pfId=below.id, pfCode=below.code, pfType=below.type, s="A", i=1)
        yield 5, f"<undPf>{fields}</undPf>"
    if family.is_option:
        for series in family.series:
            yield from nested(5, "series", _series(market, family, series))
    else:
        yield from _linear_contracts(market, family)


def _underlying_contract(market: Market, family: Family, contract: int) -> str:
    exchange = market.family(family.underlying).exchange
    return f"<undC>{tags(exch=exchange, pfId=family.underlying, cId=contract, s='A', i=1)}</undC>"


def _interest(family: Family) -> str:
    return f"<intrRate>{tags(val=number(family.interest_rate), rl=1, cpm=0, tm=0, exm=0)}</intrRate>"


def _scan_rates(family: Family, row: int) -> str:
    contracts = family.contracts
    return "".join(
        "<scanRate>"
        + tags(r=rate, priceScan=number(float(scan[row])), volScan=number(float(contracts.volatility_scan[row])))
        + "</scanRate>"
        for rate, scan in contracts.price_scan.items()
    )


def _array_format(family: Family, rates: Iterable[str], points: int) -> str:
    value = f"<a>%.{family.array_decimals}f</a>"
    return "".join(f"<ra><r>{rate}</r>{value * points}<d>%.4f</d></ra>" for rate in rates)


def _array_values(family: Family, rows: slice) -> list[list[float]]:
    """Arrays and composite deltas of all rates side by side, row by row."""
    contracts = family.contracts
    columns = [
        np.column_stack([contracts.losses[rate][rows], contracts.composite_delta[rate][rows]])
        for rate in contracts.losses
    ]
    values: list[list[float]] = np.hstack(columns).tolist() if columns else [[]] * (rows.stop - rows.start)
    return values


def _linear_contracts(market: Market, family: Family) -> Iterator[Line]:
    contracts = family.contracts
    element = family.type.lower()
    arrays = _array_format(family, contracts.losses, len(market.grid.scenarios))
    for row, values in enumerate(_array_values(family, slice(0, len(contracts)))):
        fields = tags(
            cId=row + 1,
            pe=contracts.period[row],
            p=f"{contracts.price[row]:.{family.price_decimals}f}",
            d="1.0",
            v=number(float(contracts.volatility[row])),
            cvf=number(family.contract_value_factor),
            sc=1,
        )
        if family.type == "FUT":
            dates = tags(setlDate=contracts.settlement_date[row], t=number(float(contracts.years[row])))
            below = _underlying_contract(market, family, int(contracts.underlying_contract[row]))
            fields += dates + below + _interest(family)
        fields += _scan_rates(family, row)
        yield 5, f"<{element}>{fields}{arrays % tuple(values)}</{element}>"


def _series(market: Market, family: Family, series: Series) -> Iterator[Line]:
    yield (
        6,
        tags(
            pe=series.period,
            v=number(series.volatility),
            volSrc="",
            setlDate=series.settlement_date,
            t=number(series.years),
            cvf=number(family.contract_value_factor),
            svf=number(family.contract_value_factor),
            sc=1,
        ),
    )
    yield 6, _underlying_contract(market, family, series.underlying_contract)
    yield 6, _interest(family) + _scan_rates(family, series.start)
    contracts = family.contracts
    rows = slice(series.start, series.stop)
    text = (
        f"<opt><cId>%d</cId><o>%s</o><k>%.{family.strike_decimals}f</k><p>%.{family.price_decimals}f</p>"
        "<pq>0</pq><d>%.4f</d><v>%.4f</v>"
        f"{_array_format(family, contracts.losses, len(market.grid.scenarios))}</opt>"
    )
    columns = zip(
        range(series.start + 1, series.stop + 1),
        np.where(contracts.is_call[rows], "C", "P").tolist(),
        contracts.strike[rows].tolist(),
        contracts.price[rows].tolist(),
        contracts.current_delta[rows].tolist(),
        contracts.volatility[rows].tolist(),
        _array_values(family, rows),
        strict=True,
    )
    for *head, values in columns:
        yield 6, text % (*head, *values)
