"""Builds small SPAN XML files for tests: a complete one, of which each test changes one part."""

from __future__ import annotations

from collections.abc import Sequence


def el(name: str, *content: object) -> str:
    """One element; texts, numbers and finished elements go inside it."""
    return f"<{name}>{''.join(map(str, content))}</{name}>"


def fields(**values: object) -> str:
    """Leaf elements in order; `None` leaves one out."""
    return "".join(el(name.rstrip("_"), value) for name, value in values.items() if value is not None)


NIFTY_LOSSES = (
    8.72, 8.72, -736.49, -736.49, 753.93, 753.93, -1481.70, -1481.70,
    1499.14, 1499.14, -2226.91, -2226.91, 2244.36, 2244.36, -1561.89, 1568.00,
)  # fmt: skip
"""Values of nsccl.20260625.i01.spn as transcribed publicly by subhash7476/quantifty (future of 2026-06-30)."""

BANKNIFTY_LOSSES = (
    21.11, 21.11, -1809.65, -1809.65, 1851.87, 1851.87, -3640.41, -3640.41,
    3682.63, 3682.63, -5471.17, -5471.17, 5513.40, 5513.40, -3837.21, 3851.99,
)  # fmt: skip
"""From the same source."""


def ra(losses: Sequence[object] = NIFTY_LOSSES, delta: object = "1.0", r: object = 1) -> str:
    return el("ra", el("r", r), *(el("a", loss) for loss in losses), el("d", delta))


def scan_rate(r: object = 1, **values: object) -> str:
    return el("scanRate", el("r", r), fields(**(values or {"priceScan": "2234.01", "volScan": "0.04"})))


_MOVES = ((0, 1), (1, 3), (-1, 3), (2, 3), (-2, 3), (1, 1), (-1, 1))


def scan_point(number: int, price: tuple[object, object, object], vol: object, weight: object, pair: int) -> str:
    mult, numerator, denominator = price
    return el(
        "scanPointDef",
        el("point", number),
        el("priceScanDef", fields(mult=mult, numerator=numerator, denominator=denominator)),
        el("volScanDef", fields(mult=vol, numerator=1, denominator=1)),
        fields(weight=weight, pairedPoint=pair),
    )


def point_def(r: object = 1, points: int = 16) -> str:
    """The grid of NSE index futures: extreme moves of twice the scan range, covered at 0.35."""
    lines = []
    for i in range(14):
        numerator, denominator = _MOVES[i // 2]
        vol = 1 - 2 * (i % 2)
        lines.append(scan_point(i + 1, ("1.0", numerator, denominator), vol, "1.0", i + 2 - 2 * (i % 2)))
    lines += [scan_point(15 + i, (sign * 2, 1, 1), 0, "0.35", 15 + i) for i, sign in enumerate((1, -1))]
    deltas = [
        el(
            "deltaPointDef",
            el("point", i + 1),
            el("priceScanDef", fields(mult="1.0", numerator=n, denominator=d)),
            el("volScanDef", fields(mult=0, numerator=0, denominator=0)),
            el("weight", weight),
        )
        for i, ((n, d), weight) in enumerate(
            zip(_MOVES, (".270", ".217", ".217", ".111", ".111", ".037", ".037"), strict=True)
        )
    ]
    return el("pointDef", el("r", r), *lines[:points], *deltas)


DEFINITIONS = el(
    "definitions",
    el("currencyDef", fields(currency="INR", symbol="Rs.", name="Rupee", decimalPos=2)),
    el("currencyDef", fields(currency="JPY", symbol="", name="Yen", decimalPos=0)),
    el("acctTypeDef", fields(isCust=1, acctType="S", name="Speculator", isNetMargin=1, priority=1)),
    el("acctTypeDef", fields(isCust=0, acctType="M", isNetMargin=0, priority=2)),
)

ORG_HEADER = (
    fields(ec="NSCCL", name="NSE Clearing", isContractScale=1, isNetMargin=1, finalizeMeth="BY")
    + fields(oopDeltaMeth="PERIOD", capAnov=0, lookAheadYears="0.002739", custUseLov=1, capRiskArray=0)
    + el("curConv", fields(fromCur="INR", toCur="USD", factor="0.010559"))
    + el("pbRateDef", fields(r=1, isCust=1, acctType="S", isM=1, pbc="CORE"))
    + el("pbRateDef", fields(r=2, isCust=1, acctType="S", isM=0, pbc="RESRV"))
)


def option(cid: object, right: object, strike: object, *extra: object, array: str | None = None) -> str:
    own = fields(cId=cid, o=right, k=strike, p="100.5", d="0.4", v="0.17", val="100.5")
    return el("opt", own, *extra, ra(delta="0.45") if array is None else array)


def und_c(product_id: object = 1, cid: object = 1, exch: object = "NSE", **more: object) -> str:
    return el("undC", fields(exch=exch, pfId=product_id, cId=cid, s="A", i="1.0", **more))


def future(cid: object, period: object, *extra: object, array: str | None = None) -> str:
    own = fields(cId=cid, pe=period, p="24051.80", d="1.0", v="0.17", cvf="1.0", val="24051.80", sc="1.0", t="0.016438")
    return el("fut", own, *extra, und_c(), scan_rate(), ra() if array is None else array)


def family(name: str, pf_id: object, code: object, *content: object, **more: object) -> str:
    given = {"currency": "INR", "cvf": "1.0", "priceDl": 2, "valueMeth": "FUT", "priceMeth": "STD", "setlMeth": "CASH"}
    return el(name, fields(pfId=pf_id, pfCode=code, name=code), fields(**{**given, **more}), *content)


def und_pf(pf_id: object = 1) -> str:
    return el("undPf", fields(exch="NSE", pfId=pf_id, s="A", i="1.0"))


PHYSICALS = family("phyPf", 1, "NIFTY", el("phy", fields(cId=1, p="24050.35", d="1.0", cvf="1.0"), scan_rate(), ra()))
FUTURES = family("futPf", 2, "NIFTY", und_pf(), future(1, "20260630"), future(2, "20260728"))


def series(period: object, *options: object, head: str | None = None, underlying: str | None = None) -> str:
    own = fields(v="0.17", t="0.016438", cvf="1.0", svf="1.0", sc="1.0") if head is None else head
    und = und_c() if underlying is None else underlying
    return el("series", el("pe", period), own, und, scan_rate(), *options)


OPTIONS = family(
    "oopPf",
    3,
    "NIFTY",
    fields(cab="0.05", priceModel="BS"),
    und_pf(),
    series("20260630", option(1, "C", "24000.00"), option(2, "P", "24000.00"), option(3, "C", "24100.00")),
    series("20260728", option(4, "C", "24000.00")),
    exercise="EURO",
    valueMeth="EQTY",
)


def leg(period: object, side: object, ratio: object = "1.0", cc: object = "NIFTY") -> str:
    return el("pLeg", fields(cc=cc, pe=period, rs=side, i=ratio))


def d_spread(
    number: object, *legs: str, method: object = "F", value: object = "425.0", rates: str | None = None
) -> str:
    rate = el("rate", fields(r=1, val=value)) if rates is None else rates
    return el("dSpread", fields(spread=number, chargeMeth=method), rate, *legs)


def link(pf_id: object, type_: object, code: object = "NIFTY", exch: object = "NSE", **more: object) -> str:
    return el("pfLink", fields(exch=exch, pfId=pf_id, pfCode=code, pfType=type_, sc="1.0", **more))


LINKS = link(1, "PHY") + link(2, "FUT") + link(3, "OOP")

CC_METHODS = fields(procMeth="NORMAL", wfprMeth="NORMAL", spotMeth="NORMAL", somMeth="GROSS", cmbMeth="NONE")
CC_TAIL = (
    el("adjRate", fields(r=2, baseR=1, val="1.00000"))
    + el("intraTiers", el("tier", fields(tn=1, sPe="20260630", ePe="20260728")))
    + el("somTiers", el("tier", el("tn", 0), el("rate", fields(r=1, val="0.0"))))
    + d_spread(1, leg("20260630", "A"), leg("20260728", "B"))
)


def cc_def(code: object = "NIFTY", links: str = LINKS, tail: str = CC_TAIL, head: str = CC_METHODS) -> str:
    own = fields(cc=code, name=code, currency="INR", riskExponent=0, capAnov=0)
    return el("ccDef", own, head, links, tail)


def clearing_org(
    families: str = PHYSICALS + FUTURES + OPTIONS,
    commodities: str | None = None,
    header: str = ORG_HEADER,
    points: str | None = None,
    spreads: str = "",
) -> str:
    exchange = el("exchange", fields(exch="NSE", name="NSE"), families)
    grid = point_def() if points is None else points
    return el("clearingOrg", header, grid, exchange, cc_def() if commodities is None else commodities, spreads)


def point_in_time(
    *orgs: str, date: object = "20260625", settlement: object = 0, extra: str = "", **more: object
) -> str:
    head = fields(date=date, isSetl=settlement, **{"setlQualifier": "early", **more})
    return el("pointInTime", head, *(orgs or (clearing_org(),)), extra)


def document(*points_in_time: str, definitions: str = DEFINITIONS) -> str:
    """A whole file without declaration and line ends."""
    head = fields(fileFormat="4.00", created="202606242149")
    return el("spanFile", head, definitions, *(points_in_time or (point_in_time(),)))


def indented(text: str, newline: str = "\n") -> str:
    """The same document with one element per line."""
    return '<?xml version="1.0"?>' + newline + text.replace("><", f">{newline}<") + newline
