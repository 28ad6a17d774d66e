"""Combined commodities of a SPAN XML file (``ccDef``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from margin.model.contract import PRODUCT_TYPES
from margin.model.parameters import (
    CombinedCommodity,
    ProductLink,
    RateAdjustment,
    SpotRate,
    SpreadDefinition,
    Tier,
    UnsupportedElement,
)
from margin.model.problem import Reason
from margin.model.scenario import ScenarioGrid
from margin.read.parameters._spn.clearing import read_grids, unsupported_option_value_share
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Fields, Reading, is_set
from margin.read.parameters._spn.spreads import read_delta_spread

LIMITED_POINTS = 16
"""Number of scenarios that ``limitArraysTo16Points`` keeps."""

_RELATIVE_BOUNDS = ("tne", "tbn", "btn", "brk")
_UNSET = ("", "0")


def read_commodities(
    org: Element, code: str, org_grids: Mapping[str, ScenarioGrid], families: Families, reading: Reading
) -> list[CombinedCommodity]:
    """Read the combined commodities of one clearing organisation, in the order of the file."""
    commodities: dict[str, CombinedCommodity] = {}
    home: dict[int, str] = {}
    for element in org.all("ccDef"):
        fields = Fields(reading, element, f"ccDef[{element.text_of('cc')}]")
        commodity = _read_commodity(fields, code, org_grids, families, home)
        if commodity.code in commodities:
            Fields(reading, org, f"{org.name} {code}").duplicate(element, f"the combined commodity {commodity.code}")
        commodities[commodity.code] = commodity
    return list(commodities.values())


def _read_commodity(
    fields: Fields, org: str, org_grids: Mapping[str, ScenarioGrid], families: Families, home: dict[int, str]
) -> CombinedCommodity:
    element = fields.element
    links, link_problems = _read_links(fields, org, families, home)
    limited = bool(fields.flag("limitArraysTo16Points"))
    tiers = {name: _read_tiers(fields, name) for name in _TIER_LISTS}
    return CombinedCommodity(
        clearing_org=org,
        code=fields.require_text("cc"),
        currency=fields.require_text("currency"),
        name=fields.text("name"),
        groups=tuple(group.text_of("aVal") or group.text_of("id") for group in element.all("group")),
        risk_exponent=_read_risk_exponent(fields),
        cap_available_net_option_value=fields.flag("capAnov"),
        customer_use_long_option_value=fields.flag("custUseLov"),
        procedure_method=fields.text("procMeth"),
        weighted_price_risk_method=fields.text("wfprMeth"),
        spot_method=fields.text("spotMeth"),
        short_option_minimum_method=fields.text("somMeth"),
        combination_method=fields.text("cmbMeth"),
        margin_method=fields.text("marginMeth"),
        limit_arrays_to_16_points=limited,
        grids=_limit_grids(read_grids(element, fields), org_grids) if limited else read_grids(element, fields),
        product_links=links,
        rate_adjustments=_read_adjustments(fields),
        scan_tiers=tiers["scanTiers"],
        intracommodity_tiers=tiers["intraTiers"],
        intercommodity_tiers=tiers["interTiers"],
        rate_tiers=tiers["rateTiers"],
        short_option_minimum_tiers=tiers["somTiers"],
        spreads=_read_intracommodity_spreads(fields, org),
        spot_rates=_read_spot_rates(fields),
        unsupported=(*_unsupported(fields, tiers), *link_problems),
        line=element.line,
    )


_LARGEST_RISK_EXPONENT = 18


def _read_risk_exponent(fields: Fields) -> int:
    """The power of ten that amounts of the commodity are multiplied by, 0 where the file is silent."""
    exponent = fields.integer("riskExponent") or 0
    if abs(exponent) > _LARGEST_RISK_EXPONENT:
        for child in fields.element.all("riskExponent"):
            fields.invalid(child, f"a power of ten from -{_LARGEST_RISK_EXPONENT} to {_LARGEST_RISK_EXPONENT}")
    return exponent


_TIER_LISTS = ("scanTiers", "intraTiers", "interTiers", "rateTiers", "somTiers")


def _limit_grids(own: Mapping[str, ScenarioGrid], of_org: Mapping[str, ScenarioGrid]) -> Mapping[str, ScenarioGrid]:
    """The first 16 scenarios of each grid that the commodity uses."""
    return MappingProxyType(
        {
            rate_id: ScenarioGrid(grid.points[:LIMITED_POINTS], grid.delta_points)
            for rate_id, grid in {**of_org, **own}.items()
        }
    )


def _read_links(
    fields: Fields, org: str, families: Families, home: dict[int, str]
) -> tuple[tuple[ProductLink, ...], list[UnsupportedElement]]:
    links, unsupported = [], []
    for element in fields.element.all("pfLink"):
        code = element.text_of("pfCode")
        inner = Fields(fields.reading, element, f"{fields.label}/pfLink[{code or element.text_of('pfId')}]")
        exchange, product_id = inner.require_text("exch"), inner.require_text("pfId")
        type_ = element.text_of("pfType").upper()
        index = families.find(org, exchange, product_id, type_)
        if index is None:
            owner = f"business function {org} links" if org in families.business_functions else "the file has"
            _warn_of_unknown_family(inner, owner, exchange, product_id, type_)
        else:
            _claim_family(inner, index, families, home, fields.element.text_of("cc"))
            code, type_ = families.products[index].code, families.products[index].type
            if index in families.equivalent_factors:
                unsupported.append(inner.unsupported(families.equivalent_factors[index]))
        if inner.flag("applyBasisRisk"):
            unsupported.extend(inner.unsupported(child) for child in element.all("applyBasisRisk"))
        factor = inner.number("sc")
        home_org = org
        if index is not None:  # found by an alias, maybe
            exchange, home_org = families.products[index].exchange, families.products[index].clearing_org
        links.append(
            ProductLink(
                exchange=exchange,
                product_id=product_id,
                product=code,
                type=type_,
                delta_scaling_factor=1.0 if factor is None else factor,
                combination_method=inner.text("cmbMeth"),
                option_delta_method=inner.text("oopDeltaMeth"),
                line=element.line,
                clearing_org=None if home_org == org else home_org,
            )
        )
    return tuple(links), unsupported


def _warn_of_unknown_family(link: Fields, owner: str, exchange: str, product_id: str, type_: str) -> None:
    kind = f"{type_} " if type_ in PRODUCT_TYPES else ""
    link.reading.warn(
        Reason.UNKNOWN_NAME,
        f"{link.label}: {owner} no {kind}product family with id {product_id} on exchange {exchange}; "
        "the link is without effect",
        line=link.element.line,
        found=product_id,
    )


def _claim_family(link: Fields, index: int, families: Families, home: dict[int, str], commodity: str) -> None:
    """A product family is margined in one combined commodity only."""
    product = families.products[index]
    if index in home:
        link.reading.faults.add(
            Reason.DUPLICATE_KEY,
            f"{product.type} product family {product.code} (id {product.product_id}) belongs to two combined "
            f"commodities, {home[index]} and {commodity}, expected one; remove one of the pfLink elements",
            line=link.element.line,
            found=product.code,
        )
    home.setdefault(index, commodity)


def _read_adjustments(fields: Fields) -> tuple[RateAdjustment, ...]:
    adjustments = []
    for element in fields.element.all("adjRate"):
        inner = Fields(fields.reading, element, f"{fields.label}/adjRate")
        adjustments.append(
            RateAdjustment(inner.require_text("r"), inner.require_text("baseR"), inner.require_number("val"))
        )
    return tuple(adjustments)


def _read_tiers(fields: Fields, name: str) -> tuple[Tier, ...]:
    tiers = []
    for container in fields.element.all(name):
        for element in container.all("tier"):
            inner = Fields(fields.reading, element, f"{fields.label}/{name}/tier[{element.text_of('tn')}]")
            start, end = _bound(inner, "sPe"), _bound(inner, "ePe")
            if element.first("scanRate") is not None:
                fields.reading.warn_once(
                    Reason.UNSUPPORTED_RULE,
                    f"scan ranges of {name} are not read, those of contracts are; risk arrays are not affected",
                    line=element.line,
                )
            bounded = start is not None or end is not None
            relative = any(element.text_of(bound) not in _UNSET for bound in _RELATIVE_BOUNDS)
            tiers.append(
                Tier(
                    number=inner.require_integer("tn"),
                    start=start,
                    end=end,
                    rates=inner.rates("rate"),
                    is_relative=relative and not bounded,
                    line=element.line,
                )
            )
    return tuple(tiers)


def _bound(fields: Fields, name: str) -> str | None:
    """First or last period of a tier; nines, as zeros, set no bound."""
    return None if not fields.element.text_of(name).strip("9") else fields.period(name) or None


def _read_intracommodity_spreads(fields: Fields, org: str) -> tuple[SpreadDefinition, ...]:
    return tuple(
        read_delta_spread(
            Fields(fields.reading, element, f"{fields.label}/dSpread[{element.text_of('spread')}]"),
            "intracommodity",
            org,
        )
        for element in fields.element.all("dSpread")
    )


def _read_spot_rates(fields: Fields) -> tuple[SpotRate, ...]:
    rates = []
    for element in fields.element.all("spotRate"):
        inner = Fields(fields.reading, element, f"{fields.label}/spotRate[{element.text_of('pe')}]")
        if not any(element.text_of(name) for name in ("pe", "sprd", "outr")):
            continue
        rates.append(
            SpotRate(
                rate_id=inner.require_text("r"),
                period=inner.require_period("pe"),
                spread_rate=inner.require_number("sprd"),
                outright_rate=inner.require_number("outr"),
                line=element.line,
            )
        )
    return tuple(rates)


def _is_set(element: Element) -> bool:
    return is_set(element.text)


def _has_rate(element: Element) -> bool:
    """Whether any number inside, the rate id apart, is other than zero."""
    inner = [child for child in element.children if child.name != "r"]
    if not inner:
        return bool(element.text)
    return any(_has_rate(child) if child.children else child.text.strip("0.+-") != "" for child in inner)


def _is_other_margin_method(element: Element) -> bool:
    return element.text.upper() not in ("", "SPAN", "NORMAL")


_UNSUPPORTED: Mapping[str, Callable[[Element], bool]] = MappingProxyType(
    {
        "concScaleUp": _is_set,
        "marginMeth": _is_other_margin_method,
        "hvarSetId": _is_set,
        "fxHvarSetId": _is_set,
        "isCDSScanRisk": _is_set,
        "binaryArrays": _is_set,
        "concAdjRate": _has_rate,
        "liqRate": _has_rate,
        "basisRates": _has_rate,
        "cdsRate": _has_rate,
    }
)
"""Elements that change a requirement by no public formula, and when they do."""


def _unsupported(fields: Fields, tiers: Mapping[str, tuple[Tier, ...]]) -> list[UnsupportedElement]:
    found = [
        fields.unsupported(child)
        for child in fields.element.children
        if child.name in _UNSUPPORTED and _UNSUPPORTED[child.name](child)
    ]
    if any(tier.rates for tier in tiers["rateTiers"]):
        found.extend(fields.unsupported(child) for child in fields.element.all("rateTiers"))
    found.extend(unsupported_option_value_share(fields.element, fields))
    return found
