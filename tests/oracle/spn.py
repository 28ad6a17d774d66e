"""Reads a SPAN XML risk parameter file (format 4.00) into the oracle's nouns, number by number, exactly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree as ET

from tests.oracle.model import (
    BondRate,
    ClearingOrg,
    CombinationLeg,
    Commodity,
    Contract,
    ContractKey,
    Leg,
    OracleError,
    Parameters,
    ProductLink,
    RateAdjustment,
    Rates,
    ScanPoint,
    SpotRate,
    Spread,
    Tier,
    normalise_period,
)

Element = ET.Element
Reference = tuple[str, str, str]

NON_OPTION_FAMILIES = {
    "phyPf": ("PHY", "phy"),
    "debtPf": ("DEBT", "debt"),
    "equityPf": ("EQTY", "equity"),
    "futPf": ("FUT", "fut"),
    "fwdPf": ("FWD", "fwd"),
    "cmbPf": ("CMB", "cmb"),
}
OPTION_FAMILIES = {"oopPf": "OOP", "oofPf": "OOF", "ooePf": "OOE", "oocPf": "OOC"}
SCAN_RANGE_FIELDS = ("priceScan", "priceScanPct", "priceScanDown", "priceScanDownPct")


def read_spn(document: str) -> Parameters:
    """Every clearing organisation and business function of a SPAN XML document given as text."""
    root = ET.fromstring(document)
    nets = {
        (text(item, "isCust") == "1", text(item, "acctType")): text(item, "isNetMargin") != "0"
        for item in root.findall("definitions/acctTypeDef")
    }
    normal = {text(item, "ec"): item for item in root.findall("pointInTime/clearingOrg")}
    orgs = {code: read_org(item) for code, item in normal.items()}
    functions = [read_function(item, normal, orgs) for item in root.findall("pointInTime/businessFunction")]
    return Parameters(orgs | {function.code: function for function in functions}, nets)


# -- scalars ----------------------------------------------------------------------------------------


def optional_text(element: Element, tag: str) -> str | None:
    """The text of a child, `None` where it is absent or empty."""
    value = (element.findtext(tag) or "").strip()
    return value or None


def text(element: Element, tag: str) -> str:
    """The text of a child that must be there."""
    value = optional_text(element, tag)
    if value is None:
        raise OracleError(f"<{element.tag}> lacks <{tag}>")
    return value


def optional_number(element: Element, tag: str) -> Fraction | None:
    """The exact value of a child's decimal text."""
    value = optional_text(element, tag)
    return None if value is None else Fraction(value)


def number(element: Element, tag: str, default: Fraction | None = None) -> Fraction:
    """The exact value of a child's decimal text, or the default."""
    value = optional_number(element, tag)
    if value is not None:
        return value
    if default is None:
        raise OracleError(f"<{element.tag}> lacks <{tag}>")
    return default


def innermost(*values: Fraction | None) -> Fraction | None:
    """The first value that is given; pass contract, series, family (``cvf`` may stand on each)."""
    return next((value for value in values if value is not None), None)


def rates(element: Element) -> Rates:
    """``rate`` children by rate id."""
    return {text(item, "r"): number(item, "val") for item in element.findall("rate")}


def sign(letter: str) -> int:
    """+1 for A (or +, 1), −1 for B (or −, −1): the sign of an ``undC`` leg."""
    if letter in {"A", "+", "1", "+1"}:
        return 1
    if letter in {"B", "-", "-1"}:
        return -1
    raise OracleError(f"unknown leg sign {letter!r}")


# -- contracts --------------------------------------------------------------------------------------


def reference(element: Element, contract: str) -> Reference:
    """(exchange, family id, contract id) of an ``undC`` element."""
    return text(element, "exch"), text(element, "pfId"), contract


def arrays(element: Element) -> tuple[dict[str, tuple[Fraction, ...]], Rates]:
    """Risk arrays and composite deltas (``ra/d``, not ``d``) by rate id."""
    losses: dict[str, tuple[Fraction, ...]] = {}
    deltas: Rates = {}
    for item in element.findall("ra"):
        losses[text(item, "r")] = tuple(Fraction((value.text or "").strip()) for value in item.findall("a"))
        deltas[text(item, "r")] = number(item, "d")
    return losses, deltas


def scan_ranges(element: Element) -> dict[str, dict[str, Fraction]]:
    """Price scan ranges by rate id, as the file states them."""
    ranges: dict[str, dict[str, Fraction]] = {}
    for item in element.findall("scanRate"):
        given = {name: optional_number(item, name) for name in SCAN_RANGE_FIELDS}
        ranges[text(item, "r")] = {name: value for name, value in given.items() if value is not None}
    return ranges


def read_non_option_family(exchange: str, family: Element) -> list[Contract]:
    """Futures, physicals, equities, combinations: the delta belongs to the contract's own period."""
    type_, tag = NON_OPTION_FAMILIES[family.tag]
    found = []
    for item in family.findall(tag):
        losses, deltas = arrays(item)
        period = normalise_period(item.findtext("pe"))
        legs = item.findall("undC") if type_ == "CMB" else []
        found.append(
            Contract(
                key=ContractKey(exchange, text(family, "pfCode"), type_, period),
                reference=(exchange, text(family, "pfId"), text(item, "cId")),
                value_method=text(family, "valueMeth"),
                delta_period=period,
                price=optional_number(item, "p"),
                stated_value=optional_number(item, "val"),
                contract_value_factor=innermost(optional_number(item, "cvf"), optional_number(family, "cvf")),
                own_scaling=number(item, "sc", Fraction(1)),
                maturity_scaling=Fraction(1),
                arrays=losses,
                deltas=deltas,
                scan_ranges=scan_ranges(item),
                legs=tuple(
                    CombinationLeg(reference(leg, text(leg, "cId")), sign(text(leg, "s")) * number(leg, "i"))
                    for leg in legs
                ),
            )
        )
    return found


def read_option_family(exchange: str, family: Element, known: dict[Reference, Contract]) -> list[Contract]:
    """Options; the delta of an option on a future belongs to the future's period, of any other to its own."""
    type_ = OPTION_FAMILIES[family.tag]
    found = []
    for series in family.findall("series"):
        period = normalise_period(series.findtext("pe"))
        link = series.find("undC")
        if link is None:
            raise OracleError("<series> lacks <undC>")
        underlying = known.get(reference(link, text(link, "cId")))
        underlying_period = underlying.delta_period if underlying else ""
        for item in series.findall("opt"):
            losses, deltas = arrays(item)
            key = ContractKey(
                exchange,
                text(family, "pfCode"),
                type_,
                period,
                underlying_period,
                text(item, "o"),
                number(item, "k"),
            )
            found.append(
                Contract(
                    key=key,
                    reference=(exchange, text(family, "pfId"), text(item, "cId")),
                    value_method=text(family, "valueMeth"),
                    delta_period=underlying_period if type_ == "OOF" else period,
                    price=optional_number(item, "p"),
                    stated_value=optional_number(item, "val"),
                    contract_value_factor=innermost(
                        optional_number(item, "cvf"),
                        optional_number(series, "cvf"),
                        optional_number(family, "cvf"),
                    ),
                    own_scaling=number(item, "sc", Fraction(1)),
                    maturity_scaling=number(series, "sc", Fraction(1)),
                    arrays=losses,
                    deltas=deltas,
                    scan_ranges=scan_ranges(series),
                )
            )
    return found


def read_contracts(org: Element) -> dict[Reference, Contract]:
    """Every contract of a clearing organisation: non-options first, because options point at them."""
    found: dict[Reference, Contract] = {}
    for exchange in org.findall("exchange"):
        for family in exchange:
            if family.tag in NON_OPTION_FAMILIES:
                for contract in read_non_option_family(text(exchange, "exch"), family):
                    found[contract.reference] = contract
    for exchange in org.findall("exchange"):
        for family in exchange:
            if family.tag in OPTION_FAMILIES:
                for contract in read_option_family(text(exchange, "exch"), family, found):
                    found[contract.reference] = contract
    return found


# -- scenario grids ---------------------------------------------------------------------------------


def move(element: Element) -> Fraction:
    """mult × numerator / denominator of a ``priceScanDef`` or ``volScanDef``.

    Without a denominator (absent or 0) the multiple stands alone.
    """
    numerator = number(element, "numerator", Fraction(1))
    denominator = number(element, "denominator", Fraction(0))
    if denominator == 0:
        return number(element, "mult")
    return number(element, "mult") * numerator / denominator


def read_grids(owner: Element) -> dict[str, tuple[ScanPoint, ...]]:
    """``pointDef`` by rate id, points by number; a pair of 0 or none is the point itself."""
    grids: dict[str, tuple[ScanPoint, ...]] = {}
    for definition in owner.findall("pointDef"):
        points = []
        for item in definition.findall("scanPointDef"):
            price, volatility = item.find("priceScanDef"), item.find("volScanDef")
            if price is None or volatility is None:
                raise OracleError("<scanPointDef> lacks a move")
            point = int(text(item, "point"))
            pair = int(optional_text(item, "pairedPoint") or 0) or point
            points.append(ScanPoint(point, move(price), move(volatility), pair))
        points.sort(key=lambda point: point.number)
        if [point.number for point in points] != list(range(1, len(points) + 1)):
            raise OracleError("scan points are not numbered 1, 2, 3, …")
        grids[text(definition, "r")] = tuple(points)
    return grids


# -- commodities and spreads ------------------------------------------------------------------------


def read_tiers(commodity: Element, name: str) -> tuple[Tier, ...]:
    """One of the tier lists; each list is a name space of its own."""
    return tuple(
        Tier(
            int(text(item, "tn")),
            normalise_period(item.findtext("sPe")) or None,
            normalise_period(item.findtext("ePe")) or None,
            rates(item),
        )
        for container in commodity.findall(name)
        for item in container.findall("tier")
    )


def read_leg(item: Element) -> Leg:
    """A ``tLeg``, ``pLeg``, ``rpLeg``, ``homeLeg`` or ``awayLeg``."""
    first, last = optional_text(item, "btNum"), optional_text(item, "etNum")
    kind = {"pLeg": "period", "rpLeg": "relative"}.get(item.tag, "tier")
    return Leg(
        kind=kind,
        commodity=text(item, "cc"),
        side=text(item, "rs"),
        ratio=number(item, "i"),
        tier=int(text(item, "tn")) if kind == "tier" else 0,
        period=normalise_period(text(item, "pe")) if kind == "period" else "",
        relative_number=int(text(item, "rpNum")) if kind == "relative" else 0,
        first_tier=int(first) if first else None,
        last_tier=int(last) if last else None,
        rates=rates(item),
        clearing_org=optional_text(item, "ec"),
    )


def read_delta_spread(item: Element, kind: str) -> Spread:
    """A ``dSpread``."""
    if item.find("dSpread") is not None:
        raise OracleError("nested spreads have no public formula")
    method = text(item, "chargeMeth")
    if method not in {"F", "W"}:
        raise OracleError(f"charge method {method} has no public formula")
    legs = tuple(read_leg(leg) for leg in item if leg.tag in {"tLeg", "pLeg", "rpLeg"})
    return Spread(kind, "delta", int(text(item, "spread")), method, rates(item), legs)


def read_scanning_spread(item: Element, kind: str) -> Spread:
    """An ``sSpread``: its rate is the gain allowance."""
    required = optional_text(item, "numLegsReq")
    legs = tuple(
        Leg(
            kind="tier",
            commodity=text(leg, "cc"),
            side="A",
            ratio=number(leg, "i", Fraction(1)),
            rates=rates(leg),
            is_target=text(leg, "isTarget") == "1",
            is_required=optional_text(leg, "isRequired") == "1",
        )
        for leg in item.findall("sLeg")
    )
    return Spread(
        kind,
        "scanning",
        int(text(item, "spread")),
        "W",
        rates(item),
        legs,
        is_target_required=optional_text(item, "isTargetReq") == "1",
        legs_required=int(required) if required else None,
    )


def read_interclearing_spread(item: Element) -> Spread:
    """A ``clearSpread``: home legs earn the credit, away legs name another clearing organisation."""
    legs = tuple(read_leg(leg) for leg in item if leg.tag in {"homeLeg", "awayLeg"})
    return Spread("interclearing", "delta", int(text(item, "spread")), "W", rates(item), legs)


def read_spreads(owner: Element, container: str, kind: str) -> tuple[Spread, ...]:
    """The spreads of ``superSpreads``, ``interSpreads`` …, in the order of the file."""
    found = []
    for item in owner.findall(f"{container}/*"):
        if item.tag == "dSpread":
            found.append(read_delta_spread(item, kind))
        elif item.tag == "sSpread":
            found.append(read_scanning_spread(item, kind))
        elif item.tag == "clearSpread":
            found.append(read_interclearing_spread(item))
    return tuple(found)


def read_commodity(org: Element, item: Element) -> Commodity:
    """A ``ccDef``; ``capAnov`` of the commodity wins over that of the clearing organisation."""
    cap = optional_text(item, "capAnov") or optional_text(org, "capAnov")
    return Commodity(
        clearing_org=text(org, "ec"),
        code=text(item, "cc"),
        currency=text(item, "currency"),
        exponent=int(optional_text(item, "riskExponent") or 0),
        cap_available_value=cap == "1",
        wfpr_method=optional_text(item, "wfprMeth") or "NORMAL",
        spot_method=optional_text(item, "spotMeth"),
        som_method=optional_text(item, "somMeth"),
        combination_method=optional_text(item, "cmbMeth"),
        first_sixteen_points_only=optional_text(item, "limitArraysTo16Points") == "1",
        grids=read_grids(item),
        links={
            (text(link, "exch"), text(link, "pfId")): ProductLink(
                number(link, "sc", Fraction(1)), optional_text(link, "cmbMeth")
            )
            for link in item.findall("pfLink")
        },
        adjustments={
            text(rate, "r"): RateAdjustment(text(rate, "baseR"), number(rate, "val"))
            for rate in item.findall("adjRate")
        },
        scan_tiers=read_tiers(item, "scanTiers"),
        intra_tiers=read_tiers(item, "intraTiers"),
        inter_tiers=read_tiers(item, "interTiers"),
        som_tiers=read_tiers(item, "somTiers"),
        spreads=tuple(read_delta_spread(spread, "intracommodity") for spread in item.findall("dSpread")),
        spot_rates=tuple(
            SpotRate(
                text(rate, "r"),
                normalise_period(text(rate, "pe")),
                number(rate, "sprd"),
                number(rate, "outr"),
            )
            for rate in item.findall("spotRate")
        ),
    )


def read_org(item: Element) -> ClearingOrg:
    """A ``clearingOrg``."""
    return ClearingOrg(
        code=text(item, "ec"),
        is_net=optional_text(item, "isNetMargin") != "0",
        bond_rates=tuple(
            BondRate(
                text(rate, "r"),
                text(rate, "isCust") == "1",
                text(rate, "acctType"),
                text(rate, "isM") == "1",
                "CORE" if text(rate, "pbc") == "CORE" else "RESERVE",
            )
            for rate in item.findall("pbRateDef")
        ),
        conversions={
            (text(rate, "fromCur"), text(rate, "toCur")): number(rate, "factor") for rate in item.findall("curConv")
        },
        grids=read_grids(item),
        contracts=read_contracts(item),
        commodities={text(cc, "cc"): read_commodity(item, cc) for cc in item.findall("ccDef")},
        super_spreads=read_spreads(item, "superSpreads", "super"),
        super_interclearing_spreads=read_spreads(item, "superInterClearSpreads", "super_interclearing"),
        inter_spreads=read_spreads(item, "interSpreads", "intercommodity"),
        interclearing_spreads=read_spreads(item, "interClearSpreads", "interclearing"),
    )


# -- business functions -----------------------------------------------------------------------------

INHERITED = ("isNetMargin", "capAnov", "curConv", "pbRateDef", "pointDef")
"""What a business function that is silent takes from the first clearing organisation it links."""


def read_function(item: Element, normal: dict[str, Element], orgs: dict[str, ClearingOrg]) -> ClearingOrg:
    """A ``businessFunction``: commodities of its own over contracts that clearing organisations clear."""
    home = normal[text(item, "busFuncCoLink/ec")]
    for tag in INHERITED:
        if item.find(tag) is None:
            item.extend(home.findall(tag))
    code = text(item, "ec")
    contracts = [
        replace(contract, key=replace(contract.key, clearing_org=code))
        for organisation in item.findall("busFuncCoLink")
        for exchange in organisation.findall("busFuncExchLink")
        for link in exchange.findall("bfPfLink")
        for contract in linked_contracts(link, text(exchange, "exch"), orgs[text(organisation, "ec")].contracts)
    ]
    return replace(read_org(item), contracts={contract.reference: contract for contract in contracts})


def linked_contracts(link: Element, exchange: str, contracts: dict[Reference, Contract]) -> list[Contract]:
    """All contracts of a family, or those that are listed, with their own arrays for the rates they give any for."""
    family = (exchange, text(link, "pfId"))
    listed = link.findall("bfC") + link.findall("bfSeries/bfC")
    if not listed:
        return [contract for contract in contracts.values() if contract.reference[:2] == family]
    found = []
    for item in listed:
        contract = contracts[(*family, text(item, "cId"))]
        losses, deltas = arrays(item)
        found.append(
            replace(
                contract,
                arrays=contract.arrays | losses,
                deltas=contract.deltas | deltas,
                scan_ranges=contract.scan_ranges | scan_ranges(item),
            )
        )
    return found
