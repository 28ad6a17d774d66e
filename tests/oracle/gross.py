"""Gross accounts: nothing nets, long and short of every contract stand alone, no spreads are formed."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.holding import Holding
from tests.oracle.model import BondRate, Commodity, Policy
from tests.oracle.result import CommodityResult
from tests.oracle.rounding import rounded
from tests.oracle.state import minimum_of_counts

ZERO = Fraction(0)


def naked_risk(holding: Holding, rate_id: str) -> Fraction:
    """long × max(0, worst loss of a long) + short × max(0, worst loss of a short), times x."""
    long_loss = max(ZERO, *holding.losses(holding.long, rate_id))
    short_loss = max(ZERO, *holding.losses(-holding.short, rate_id))
    return long_loss + short_loss


def naked_delivery_charge(commodity: Commodity, holding: Holding, rate_id: str) -> Fraction:
    """Every naked delta of a delivery month at its outright rate, long and short separately."""
    if commodity.spot_method == "NONE":
        return ZERO
    deltas = holding.deltas(holding.long, rate_id) + holding.deltas(-holding.short, rate_id)
    return sum(
        (
            abs(delta) * rate.outright_rate * commodity.multiplier
            for rate in commodity.spot_rates
            if rate.rate_id == rate_id
            for period, delta in deltas
            if period == rate.period
        ),
        ZERO,
    )


def gross_row(
    commodity: Commodity, rate_id: str, mine: list[Holding], bond_rate: BondRate, policy: Policy
) -> CommodityResult:
    """The components of one commodity of a gross account; a short option minimum counts every short."""
    kind = "maintenance" if bond_rate.is_maintenance else "initial"
    row = CommodityResult(commodity.clearing_org, commodity.code, commodity.currency, bond_rate.bond_class, kind)
    risk = sum((naked_risk(holding, rate_id) for holding in mine), ZERO)
    delivery = sum((naked_delivery_charge(commodity, holding, rate_id) for holding in mine), ZERO)
    shorts = [
        (holding, holding.short * holding.scaling)
        for holding in mine
        if holding.contract.is_option and holding.short > 0
    ]
    row.scan_risk = rounded(risk, policy.round_scan_risk)
    row.delivery_charge = rounded(delivery, policy.round_delivery_charge)
    row.short_option_minimum = minimum_of_counts(commodity, shorts, rate_id, policy)
    long_value = sum((holding.option_value(holding.long) for holding in mine), ZERO)
    short_value = sum((holding.option_value(holding.short) for holding in mine), ZERO)
    row.long_option_value = rounded(long_value, policy.round_option_value)
    row.short_option_value = rounded(short_value, policy.round_option_value)
    row.net_delta = sum((delta for holding in mine for _period, delta in holding.deltas(holding.net, rate_id)), ZERO)
    return row
