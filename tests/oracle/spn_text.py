"""Writes small SPAN XML documents (format 4.00) from plain descriptions, element order as in CME's schema."""

from __future__ import annotations

from tests.oracle.spn_description import (
    BusinessFunctionText,
    CommodityText,
    ContractText,
    FileText,
    LegText,
    OptionFamily,
    Rates,
    ScanningSpreadText,
    SeriesText,
    SpreadText,
    TierText,
)


def tag(name: str, content: object) -> str:
    """An element, or nothing where the content is `None`."""
    return "" if content is None else f"<{name}>{content}</{name}>"


def rates_text(rates: Rates) -> str:
    """``rate`` elements."""
    return "".join(tag("rate", tag("r", rate) + tag("val", value)) for rate, value in rates.items())


def arrays_text(contract: ContractText) -> str:
    """``ra`` elements."""
    return "".join(
        tag(
            "ra",
            tag("r", rate) + "".join(tag("a", loss) for loss in losses) + tag("d", contract.deltas[rate]),
        )
        for rate, losses in contract.arrays.items()
    )


def scan_ranges_text(ranges: Rates) -> str:
    """``scanRate`` elements."""
    return "".join(
        tag("scanRate", tag("r", rate) + tag("priceScan", value) + tag("volScan", "0.04"))
        for rate, value in ranges.items()
    )


def reference_text(family: int, contract: int, sign: str = "A", quantity: str = "1") -> str:
    """An ``undC`` element."""
    return tag(
        "undC",
        tag("exch", "X") + tag("pfId", family) + tag("cId", contract) + tag("s", sign) + tag("i", quantity),
    )


def underlying_family_text(family: int) -> str:
    """An ``undPf`` element."""
    return tag("undPf", tag("exch", "X") + tag("pfId", family) + tag("s", "A") + tag("i", "1"))


def future_text(contract: ContractText, element: str, underlying: str) -> str:
    """A ``fut`` or ``cmb``."""
    head = tag("cId", contract.cid) + tag("pe", contract.period) + tag("p", contract.price) + tag("d", "1")
    factors = tag("cvf", contract.contract_value_factor) + tag("sc", contract.scaling)
    body = head + factors + underlying + scan_ranges_text(contract.scan_ranges) + arrays_text(contract)
    return tag(element, body)


def non_option_head(family: int, code: str) -> str:
    """The fields in front of the contracts of a family of futures, physicals or combinations."""
    return (
        tag("pfId", family)
        + tag("pfCode", code)
        + tag("name", code)
        + tag("currency", "USD")
        + tag("cvf", "1")
        + tag("valueMeth", "FUT")
        + tag("priceMeth", "STD")
    )


def futures_text(commodity: CommodityText) -> str:
    """The ``futPf`` of a commodity."""
    family = commodity.futures
    contracts = "".join(
        future_text(contract, "fut", reference_text(family.pf_id, contract.cid)) for contract in family.contracts
    )
    return tag("futPf", non_option_head(family.pf_id, family.code) + underlying_family_text(family.pf_id) + contracts)


def physical_text(commodity: CommodityText) -> str:
    """The ``phyPf`` below options on a physical: a contract that nobody holds."""
    family = commodity.options
    if family is None or family.on_futures:
        return ""
    contract = tag("phy", tag("cId", 1) + tag("pe", "000000") + tag("p", "100") + tag("sc", "1"))
    return tag("phyPf", non_option_head(family.underlying_family, f"{commodity.code}P") + contract)


def option_text(contract: ContractText) -> str:
    """An ``opt``."""
    return tag(
        "opt",
        tag("cId", contract.cid)
        + tag("o", contract.right)
        + tag("k", contract.strike)
        + tag("p", contract.price)
        + tag("d", "0")
        + tag("v", "0.2")
        + tag("cvf", contract.contract_value_factor)
        + tag("sc", contract.scaling)
        + arrays_text(contract),
    )


def series_text(family: OptionFamily, series: SeriesText) -> str:
    """A ``series``."""
    return tag(
        "series",
        tag("pe", series.period)
        + tag("v", "0.2")
        + tag("t", "0.1")
        + tag("cvf", series.contract_value_factor)
        + tag("sc", series.scaling)
        + reference_text(family.underlying_family, series.underlying_id)
        + scan_ranges_text(series.scan_ranges)
        + "".join(option_text(contract) for contract in series.contracts),
    )


def options_text(commodity: CommodityText) -> str:
    """The ``oofPf`` or ``oopPf`` of a commodity."""
    family = commodity.options
    if family is None:
        return ""
    head = (
        tag("pfId", family.pf_id)
        + tag("pfCode", family.code)
        + tag("name", family.code)
        + tag("exercise", "EURO")
        + tag("currency", "USD")
        + tag("cvf", family.contract_value_factor)
        + tag("cab", "0")
        + tag("valueMeth", family.value_method)
        + tag("priceMeth", "STD")
        + tag("setlMeth", "CASH")
        + tag("priceModel", "BS")
    )
    body = underlying_family_text(family.underlying_family)
    body += "".join(series_text(family, series) for series in family.series)
    return tag("oofPf" if family.on_futures else "oopPf", head + body)


def combination_text(commodity: CommodityText) -> str:
    """The ``cmbPf`` of a commodity."""
    if commodity.combination is None:
        return ""
    legs = "".join(
        reference_text(commodity.futures.pf_id, cid, sign, quantity)
        for cid, sign, quantity in commodity.combination_legs
    )
    head = non_option_head(commodity.combination_family, commodity.combination_code)
    contract = future_text(commodity.combination, "cmb", legs)
    return tag("cmbPf", head + underlying_family_text(commodity.futures.pf_id) + contract)


def tiers_text(name: str, tiers: list[TierText]) -> str:
    """A list of tiers."""
    if not tiers:
        return ""
    return tag(
        name,
        "".join(
            tag(
                "tier",
                tag("tn", tier.number) + tag("sPe", tier.start) + tag("ePe", tier.end) + rates_text(tier.rates),
            )
            for tier in tiers
        ),
    )


def leg_text(leg: LegText) -> str:
    """A ``tLeg``, ``pLeg`` or ``rpLeg``."""
    tail = tag("rs", leg.side) + tag("i", leg.ratio)
    if leg.period is not None:
        return tag("pLeg", tag("cc", leg.commodity) + tag("pe", leg.period) + tail + rates_text(leg.rates))
    if leg.relative is not None:
        numbers = tag("btNum", leg.tiers[0]) + tag("etNum", leg.tiers[1])
        return tag(
            "rpLeg",
            tag("cc", leg.commodity) + tag("rpNum", leg.relative) + tail + numbers + rates_text(leg.rates),
        )
    return tag("tLeg", tag("cc", leg.commodity) + tag("tn", leg.tier) + tail + rates_text(leg.rates))


def spread_text(spread: SpreadText | ScanningSpreadText) -> str:
    """A ``dSpread`` or ``sSpread``."""
    if isinstance(spread, SpreadText):
        head = tag("spread", spread.priority) + tag("chargeMeth", spread.method) + rates_text(spread.rates)
        return tag("dSpread", head + "".join(leg_text(leg) for leg in spread.legs))
    is_target_required = None if spread.is_target_required is None else int(spread.is_target_required)
    legs = "".join(
        tag(
            "sLeg",
            tag("cc", leg.commodity)
            + tag("isTarget", int(leg.is_target))
            + tag("isRequired", int(leg.is_required))
            + tag("i", leg.ratio)
            + rates_text(leg.rates),
        )
        for leg in spread.legs
    )
    return tag(
        "sSpread",
        tag("spread", spread.priority)
        + tag("isTargetReq", is_target_required)
        + tag("numLegsReq", spread.legs_required)
        + rates_text(spread.rates)
        + legs,
    )


def link_text(family: int, code: str, type_: str, scaling: str) -> str:
    """A ``pfLink``."""
    return tag(
        "pfLink",
        tag("exch", "X") + tag("pfId", family) + tag("pfCode", code) + tag("pfType", type_) + tag("sc", scaling),
    )


def commodity_text(commodity: CommodityText) -> str:
    """A ``ccDef``."""
    links = link_text(commodity.futures.pf_id, commodity.futures.code, "FUT", commodity.futures_scaling)
    if commodity.options is not None:
        type_ = "OOF" if commodity.options.on_futures else "OOP"
        links += link_text(commodity.options.pf_id, commodity.options.code, type_, commodity.options_scaling)
        if not commodity.options.on_futures:
            links += link_text(commodity.options.underlying_family, f"{commodity.code}P", "PHY", "1")
    if commodity.combination is not None:
        links += link_text(commodity.combination_family, commodity.combination_code, "CMB", "1")
    return tag(
        "ccDef",
        tag("cc", commodity.code)
        + tag("name", commodity.code)
        + tag("currency", commodity.currency)
        + tag("riskExponent", commodity.exponent)
        + tag("capAnov", commodity.cap_available_value)
        + tag("procMeth", "NORMAL")
        + tag("wfprMeth", commodity.wfpr_method)
        + tag("spotMeth", "NORMAL")
        + tag("somMeth", commodity.som_method)
        + tag("cmbMeth", commodity.combination_method)
        + links
        + "".join(
            tag("adjRate", tag("r", rate) + tag("baseR", "1") + tag("val", value))
            for rate, value in commodity.adjustments.items()
        )
        + tiers_text("scanTiers", commodity.scan_tiers)
        + tiers_text("intraTiers", commodity.intra_tiers)
        + tiers_text("interTiers", commodity.inter_tiers)
        + tiers_text("somTiers", commodity.som_tiers)
        + "".join(spread_text(spread) for spread in commodity.spreads)
        + "".join(
            tag("spotRate", tag("r", rate) + tag("pe", period) + tag("sprd", spread) + tag("outr", outright))
            for rate, period, spread, outright in commodity.spot_rates
        ),
    )


def point_text(number: int, price: tuple[int, int, int], volatility: int, pair: int) -> str:
    """A ``scanPointDef``; a price move is mult × numerator / denominator."""
    mult, numerator, denominator = price
    return tag(
        "scanPointDef",
        tag("point", number)
        + tag(
            "priceScanDef",
            tag("mult", mult) + tag("numerator", numerator) + tag("denominator", denominator),
        )
        + tag("volScanDef", tag("mult", volatility) + tag("numerator", 1) + tag("denominator", 1))
        + tag("weight", "0.33" if volatility == 0 else "1")
        + tag("pairedPoint", pair),
    )


def grid_text(rate_id: str, points: int) -> str:
    """A ``pointDef``: pairs of volatility up and down along price moves, then points without a partner."""
    moves = [(0, 0, 3), (1, 1, 3), (-1, 1, 3), (1, 2, 3), (-1, 2, 3), (1, 3, 3), (-1, 3, 3)]
    singles = {16: 2, 6: 2, 17: 3}[points]
    found = []
    for index, price in enumerate(moves[: (points - singles) // 2]):
        up, down = 2 * index + 1, 2 * index + 2
        found.append(point_text(up, price, 1, down))
        found.append(point_text(down, price, -1, up))
    for index in range(singles):
        number = points - singles + index + 1
        found.append(point_text(number, (3 if index % 2 == 0 else -3, 1, 1), 0, 0))
    deltas = tag(
        "deltaPointDef",
        tag("point", 1)
        + tag("priceScanDef", tag("mult", 0) + tag("numerator", 1) + tag("denominator", 1))
        + tag("volScanDef", tag("mult", 0) + tag("numerator", 1) + tag("denominator", 1))
        + tag("weight", 1),
    )
    return tag("pointDef", tag("r", rate_id) + "".join(found) + deltas)


def bond_rate_text(rate: str, account_type: str, is_maintenance: int, bond_class: str) -> str:
    """A ``pbRateDef`` of customers."""
    return tag(
        "pbRateDef",
        tag("r", rate)
        + tag("isCust", 1)
        + tag("acctType", account_type)
        + tag("isM", is_maintenance)
        + tag("pbc", bond_class),
    )


def bond_rates_text(rate_ids: list[str]) -> str:
    """All ``pbRateDef`` elements."""
    found = ""
    for account_type in ("S", "O"):
        found += bond_rate_text("1", account_type, 1, "CORE")
        found += bond_rate_text("2", account_type, 0, "CORE")
        if "3" in rate_ids:
            found += bond_rate_text("3", account_type, 1, "RESRV")
    return found


def spread_lists_text(
    super_spreads: list[SpreadText | ScanningSpreadText], inter_spreads: list[SpreadText | ScanningSpreadText]
) -> str:
    """``superSpreads`` and ``interSpreads``, as far as there are any."""
    found = ""
    for name, spreads in (("superSpreads", super_spreads), ("interSpreads", inter_spreads)):
        if spreads:
            found += tag(name, "".join(spread_text(spread) for spread in spreads))
    return found


def linked_family_text(family: int, listed: list[ContractText] | None) -> str:
    """A ``bfPfLink``, with a ``bfC`` for each contract that is listed."""
    contracts = "".join(tag("bfC", tag("cId", item.cid) + arrays_text(item)) for item in listed or ())
    return tag("bfPfLink", tag("pfId", family) + contracts)


def business_function_text(function: BusinessFunctionText, file: FileText) -> str:
    """A ``businessFunction``."""
    families = ""
    for commodity in function.commodities:
        numbers = [commodity.futures.pf_id]
        if commodity.options is not None:
            numbers.append(commodity.options.pf_id)
            if not commodity.options.on_futures:
                numbers.append(commodity.options.underlying_family)
        if commodity.combination is not None:
            numbers.append(commodity.combination_family)
        families += "".join(linked_family_text(number, function.listed.get(number)) for number in numbers)
    body = (
        tag("busFuncType", function.type)
        + tag("ec", function.code)
        + tag("name", function.code)
        + tag("finalizeMeth", "BY")
        + tag("capAnov", function.cap_available_value)
        + (bond_rates_text(file.rate_ids) if function.bond_rates else "")
        + "".join(grid_text(rate, file.points) for rate in file.rate_ids)
        + tag("busFuncCoLink", tag("ec", "CH") + tag("busFuncExchLink", tag("exch", "X") + families))
        + "".join(commodity_text(commodity) for commodity in function.commodities)
    )
    return tag("businessFunction", body + spread_lists_text(function.super_spreads, function.inter_spreads))


def document(file: FileText) -> str:
    """The whole SPAN XML document."""
    bond_rates = bond_rates_text(file.rate_ids)
    families = [
        "".join(physical_text(commodity) for commodity in file.commodities),
        "".join(futures_text(commodity) for commodity in file.commodities),
        "".join(options_text(c) for c in file.commodities if c.options and not c.options.on_futures),
        "".join(options_text(c) for c in file.commodities if c.options and c.options.on_futures),
        "".join(combination_text(commodity) for commodity in file.commodities),
    ]
    org = (
        tag("ec", "CH")
        + tag("name", "Clearing House")
        + tag("isContractScale", 1)
        + tag("isNetMargin", 1)
        + tag("finalizeMeth", "BY")
        + tag("oopDeltaMeth", "PERIOD")
        + tag("capAnov", file.cap_available_value)
        + tag("lookAheadYears", "0.002739")
        + bond_rates
        + "".join(grid_text(rate, file.points) for rate in file.rate_ids)
        + tag("exchange", tag("exch", "X") + tag("name", "Exchange") + "".join(families))
        + "".join(commodity_text(commodity) for commodity in file.commodities)
    )
    org += spread_lists_text(file.super_spreads, file.inter_spreads)
    definitions = tag(
        "definitions",
        tag(
            "currencyDef",
            tag("currency", "USD") + tag("symbol", "$") + tag("name", "Dollar") + tag("decimalPos", 2),
        )
        + account_type_text("S", is_net=1)
        + account_type_text("O", is_net=0),
    )
    functions = "".join(business_function_text(function, file) for function in file.business_functions)
    point = tag("pointInTime", tag("date", "20260625") + tag("isSetl", 1) + tag("clearingOrg", org) + functions)
    body = tag("fileFormat", "4.00") + tag("created", "202606251800") + definitions + point
    return f'<?xml version="1.0"?>\n{tag("spanFile", body)}\n'.replace("><", ">\n<")


def account_type_text(code: str, *, is_net: int) -> str:
    """An ``acctTypeDef`` of customers."""
    return tag(
        "acctTypeDef",
        tag("isCust", 1) + tag("acctType", code) + tag("name", code) + tag("isNetMargin", is_net) + tag("priority", 1),
    )
