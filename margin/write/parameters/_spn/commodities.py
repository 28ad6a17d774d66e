"""Combined commodities (``ccDef``) with their tiers, spreads and charges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from margin.model.parameters import CombinedCommodity, ParameterSet, ProductLink, Tier
from margin.write.parameters._spn.clearing import grids
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.spreads import rate_texts, spread_text
from margin.write.parameters._spn.text import element, nested, tag, tags

KEPT_ELEMENTS = ("concScaleUp", "hvarSetId", "fxHvarSetId", "useLovPct", "isCDSScanRisk", "binaryArrays")
"""Elements that margin cannot apply, and writes as it read them so that they are refused again."""


class CommodityWriter:
    """Writes the commodities of a document."""

    def __init__(self, parameters: ParameterSet, ids: Identifiers) -> None:
        self._commodities = parameters.commodities
        self._ids = {
            (product.clearing_org, product.exchange, product.product_id, product.type): ids.products[i]
            for i, product in enumerate(parameters.products)
        }

    def commodities(self, org: str) -> Iterator[str]:
        """The ``ccDef`` elements of a clearing organisation or business function."""
        for commodity in self._commodities:
            if commodity.clearing_org == org:
                yield from nested("ccDef", self._commodity(commodity))

    def _commodity(self, commodity: CombinedCommodity) -> Iterator[str]:
        yield _head(commodity)
        yield from grids(commodity.grids)
        for link in commodity.product_links:
            yield from self._link(commodity, link)
        for item in commodity.rate_adjustments:
            yield element("adjRate", tags(r=item.rate_id, baseR=item.base_rate_id, val=item.factor))
        for name, tiers in tier_lists(commodity).items():
            if tiers:
                yield from nested(name, (_tier(tier) for tier in tiers))
        for spread in commodity.spreads:
            yield spread_text(spread)
        for spot in commodity.spot_rates:
            fields = tags(r=spot.rate_id, pe=spot.period or "000000", sprd=spot.spread_rate, outr=spot.outright_rate)
            yield element("spotRate", fields)

    def _link(self, commodity: CombinedCommodity, link: ProductLink) -> Iterator[str]:
        """A ``pfLink``; one to a family that is not in the set is without effect and left out."""
        org = link.clearing_org or commodity.clearing_org
        product_id = self._ids.get((org, link.exchange, link.product_id, link.type))
        if product_id is None:
            return
        yield element(
            "pfLink",
            tags(
                exch=link.exchange,
                pfId=product_id,
                pfCode=link.product,
                pfType=link.type,
                sc=link.delta_scaling_factor,
                cmbMeth=link.combination_method,
                oopDeltaMeth=link.option_delta_method,
            ),
        )


def tier_lists(commodity: CombinedCommodity) -> Mapping[str, tuple[Tier, ...]]:
    """The tiers of a commodity by the name of their list."""
    return {
        "scanTiers": commodity.scan_tiers,
        "intraTiers": commodity.intracommodity_tiers,
        "interTiers": commodity.intercommodity_tiers,
        "rateTiers": commodity.rate_tiers,
        "somTiers": commodity.short_option_minimum_tiers,
    }


def _tier(tier: Tier) -> str:
    return element("tier", tags(tn=tier.number, sPe=tier.start, ePe=tier.end), rate_texts(tier.rates))


def _head(commodity: CombinedCommodity) -> str:
    """Everything before the scenario grids."""
    kept: dict[str, str] = {}
    for item in commodity.unsupported:
        name = item.path.rpartition("/")[2]
        if name in KEPT_ELEMENTS:
            kept[name] = kept.get(name, "") + tag(name, item.value)
    groups = (element("group", tags(id=i, aVal=group)) for i, group in enumerate(commodity.groups, start=1))
    return "".join(
        (
            tag("cc", commodity.code),
            kept.get("concScaleUp", ""),
            tag("name", commodity.name),
            *groups,
            tags(
                currency=commodity.currency,
                riskExponent=commodity.risk_exponent,
                capAnov=commodity.cap_available_net_option_value,
                procMeth=commodity.procedure_method,
                wfprMeth=commodity.weighted_price_risk_method,
                spotMeth=commodity.spot_method,
                somMeth=commodity.short_option_minimum_method,
                cmbMeth=commodity.combination_method,
                marginMeth=commodity.margin_method,
            ),
            kept.get("hvarSetId", ""),
            kept.get("fxHvarSetId", ""),
            tag("custUseLov", commodity.customer_use_long_option_value),
            kept.get("useLovPct", ""),
            kept.get("isCDSScanRisk", ""),
            kept.get("binaryArrays", ""),
            tag("limitArraysTo16Points", commodity.limit_arrays_to_16_points or None),
        )
    )
