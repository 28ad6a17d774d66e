"""Combined commodities and spreads of a generated market as SPAN XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.market.model import Commodity, Leg, Market, Spread, Tier
from tests.market.spn_elements import Line, nested, number, tag, tags


def commodity_lines(market: Market, commodity: Commodity) -> Iterator[Line]:
    """What stands inside a ``ccDef``."""
    yield 4, tags(cc=commodity.code, name=commodity.name)
    if commodity.group:
        yield 4, f"<group>{tags(id=1, aVal=commodity.group)}</group>"
    yield (
        4,
        tags(
            currency=commodity.currency,
            riskExponent=commodity.risk_exponent,
            capAnov=int(commodity.cap_option_value),
            procMeth="NORMAL",
            wfprMeth=commodity.weighted_price_risk_method,
            spotMeth="NORMAL",
            somMeth=commodity.short_option_minimum_method,
            cmbMeth="NONE",
        ),
    )
    for link in commodity.links:
        family = market.family(link.family)
        fields = tags(
            exch=family.exchange,
            pfId=family.id,
            pfCode=family.code,
            pfType=family.type,
            sc=number(link.delta_scaling_factor),
        )
        yield 4, f"<pfLink>{fields}</pfLink>"
    for rate, base, factor in commodity.adjustments:
        yield 4, f"<adjRate>{tags(r=rate, baseR=base, val=f'{factor:.5f}')}</adjRate>"
    tier_lists = (
        ("scanTiers", commodity.scan_tiers),
        ("intraTiers", commodity.intra_tiers),
        ("interTiers", commodity.inter_tiers),
        ("somTiers", commodity.som_tiers),
    )
    for name, tiers in tier_lists:
        if tiers:
            yield from nested(4, name, ((5, _tier(tier)) for tier in tiers))
    yield from spread_lines(commodity.spreads, 4)
    for spot in commodity.spot_rates:
        fields = tags(r=spot.rate_id, pe=spot.period, sprd=number(spot.spread_rate), outr=number(spot.outright_rate))
        yield 4, f"<spotRate>{fields}</spotRate>"


def _rates(rates: Mapping[str, float]) -> str:
    return "".join(f"<rate>{tags(r=rate, val=number(value))}</rate>" for rate, value in rates.items())


def _tier(tier: Tier) -> str:
    return f"<tier>{tags(tn=tier.number, sPe=tier.start, ePe=tier.end)}{_rates(tier.rates)}</tier>"


def spread_lines(spreads: Iterable[Spread], depth: int) -> Iterator[Line]:
    """The ``dSpread`` and ``sSpread`` elements of a list."""
    for spread in spreads:
        head = tag("spread", spread.priority)
        legs = "".join(_leg(leg) for leg in spread.legs)
        if spread.method:
            head += tag("chargeMeth", spread.method)
            yield depth, f"<dSpread>{head}{_rates(spread.rates)}{legs}</dSpread>"
        else:
            head += tags(isTargetReq=int(spread.is_target_required), numLegsReq=spread.legs_required)
            yield depth, f"<sSpread>{head}{_rates(spread.rates)}{legs}</sSpread>"


def _leg(leg: Leg) -> str:
    ratio = number(leg.ratio)
    if leg.tier is not None:
        return f"<tLeg>{tags(cc=leg.commodity, tn=leg.tier, rs=leg.side, i=ratio)}</tLeg>"
    if leg.period is not None:
        return f"<pLeg>{tags(cc=leg.commodity, pe=leg.period, rs=leg.side, i=ratio)}</pLeg>"
    flags = tags(cc=leg.commodity, isTarget=int(leg.is_target), isRequired=int(leg.is_required), i=ratio)
    return f"<sLeg>{flags}</sLeg>"
