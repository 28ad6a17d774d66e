"""What an expanded unpacked file can say is read from it again as it was written."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings

from margin.model.contract import SCAN_RANGE_SCHEMA
from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition, SpreadLeg, Tier
from margin.model.scenario import standard_grid
from margin.read.parameters import pa2 as reader
from margin.read.source import Source
from margin.write.parameters import pa2 as writer
from tests.write.pa2_random import parameter_sets
from tests.write.pa2_sets import RATE

PHASES = tuple(phase for phase in Phase if phase not in (Phase.shrink, Phase.explain))
"""Without shrinking, which takes minutes for sets of this size."""

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=40, deadline=None, phases=PHASES, suppress_health_check=SLOW)
@given(parameters=parameter_sets())
def test_everything_that_margins_follow_from_is_read_again(parameters: ParameterSet) -> None:
    written = writer.write(parameters)

    again = read(b"".join(written.content))

    assert written.problems == ()
    assert contracts_of(parameters) == contracts_of(again)
    assert described(parameters) == described(again)


@settings(max_examples=10, deadline=None, phases=PHASES, suppress_health_check=SLOW)
@given(parameters=parameter_sets())
def test_a_file_that_was_read_is_written_as_it_was(parameters: ParameterSet) -> None:
    content = b"".join(writer.write(parameters).content)

    again = b"".join(writer.write(read(content)).content)

    # The header's cap is that of the organisation, which a file has for each commodity besides.
    assert content.splitlines()[1:] == again.splitlines()[1:]


def read(content: bytes) -> ParameterSet:
    """A file's content, read."""
    return reader.read(Source("made.pa2", "made.pa2", content, hashlib.sha256(content).hexdigest()))


def contracts_of(parameters: ParameterSet) -> dict[tuple, dict[str, Any]]:
    """All that margins take from each contract, by the codes it is named by; in the order of the set."""
    products = parameters.products
    scale = {
        (link.exchange, link.product_id, link.type): link.delta_scaling_factor
        for commodity in parameters.commodities
        for link in commodity.product_links
    }
    (arrays,) = parameters.arrays.values()
    ranges = arrays.scan_ranges.select(pl.all().exclude("quote_in_option_terms")).rows()
    found = {}
    for row, one in enumerate(parameters.contracts.iter_rows(named=True)):
        product = products[one["product"]]
        key = (product.exchange, product.code, product.type, one["period"], one["underlying_period"], one["right"])
        below = one["underlying_contract"]
        found[*key, one["strike"]] = {
            "price": one["price"],
            "factor": one["contract_value_factor"] or (1.0 if product.is_option else None),
            "scale": one["delta_scaling_factor"] * scale[product.exchange, product.product_id, product.type],
            "points": int(arrays.points[row]),
            "losses": arrays.losses[row].tolist(),
            "delta": float(arrays.composite_delta[row]),
            "ranges": dict(zip(list(SCAN_RANGE_SCHEMA)[:-1], ranges[row], strict=True)),
            "underlying": below,
            "currency": product.currency,
            "value method": product.value_method,
        }
    assert len(found) == parameters.contracts.height
    return found


def described(parameters: ParameterSet) -> dict[str, Any]:
    """The organisation, its commodities and spreads, without the words in which files differ."""
    (organisation,) = parameters.clearing_orgs
    cap = organisation.cap_available_net_option_value
    return {
        "code": organisation.code,
        "date": organisation.business_date,
        "session": (organisation.is_settlement, organisation.session_qualifier),
        "conversions": organisation.currency_conversions,
        "commodities": {one.code: _commodity(one, cap_of_organisation=cap) for one in parameters.commodities},
        "spreads": sorted((_spread(spread) for spread in parameters.spreads), key=lambda spread: spread["priority"]),
    }


def _commodity(commodity: CombinedCommodity, *, cap_of_organisation: bool) -> dict[str, Any]:
    cap = commodity.cap_available_net_option_value
    grid = commodity.grids.get(RATE, standard_grid())
    return {
        "currency": commodity.currency,
        "groups": commodity.groups,
        "exponent": commodity.risk_exponent,
        "cap": cap_of_organisation if cap is None else cap,
        "price risk": commodity.weighted_price_risk_method or "NORMAL",
        "minimum": commodity.short_option_minimum_method or "GROSS",
        "extreme": grid.points[14] if commodity.product_links else None,
        "products": [(link.exchange, link.product, link.type) for link in commodity.product_links],
        "scan": [_tier(tier) for tier in commodity.scan_tiers],
        "intra": [_tier(tier) for tier in commodity.intracommodity_tiers],
        "inter": [_tier(tier) for tier in commodity.intercommodity_tiers],
        "minimums": [_tier(tier) for tier in commodity.short_option_minimum_tiers],
        "spreads": [_spread(spread) for spread in commodity.spreads],
        "delivery": [(rate.period, rate.spread_rate, rate.outright_rate, rate.side) for rate in commodity.spot_rates],
        "ratios": dict(commodity.initial_ratios),
        "factors": dict(commodity.adjustment_factors),
        "unsupported": commodity.unsupported,
    }


def _tier(tier: Tier) -> tuple:
    return tier.number, tier.start, tier.end, tier.rates.get(RATE)


def _spread(spread: SpreadDefinition) -> dict[str, Any]:
    return {
        "kind": spread.kind,
        "form": spread.form,
        "priority": spread.priority,
        "method": spread.charge_method,
        "rate": spread.rates[RATE],
        "legs": [_leg(leg) for leg in spread.legs],
        "target": (spread.is_target_required, spread.legs_required),
        "unsupported": spread.unsupported,
    }


def _leg(leg: SpreadLeg) -> tuple:
    place = (leg.kind, leg.commodity, leg.side, leg.tier, leg.period, leg.rates.get(RATE))
    target = (leg.is_target, leg.is_counted, leg.is_required)
    return *place, *target, None if leg.is_target else leg.ratio
