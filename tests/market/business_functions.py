"""Agreements of the CME-like shape: a cross-margin one over two commodities, a mutual offset one over futures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from tests.market.model import BusinessFunction, Commodity, Family, Leg, Link, OwnArrays, Spread, Tier
from tests.market.pricing import round_plain

CROSS_MARGIN = "XMGN"
MUTUAL_OFFSET = "MOSX"
CREDIT = 0.75
CHEAPER = 0.5
OFFSET_RISK = 0.8


def business_functions(
    commodities: tuple[Commodity, ...], families: Iterable[Family], rate_ids: Iterable[str]
) -> tuple[BusinessFunction, ...]:
    """Both agreements, over the first two commodities and the futures of the first."""
    rate_ids = tuple(rate_ids)
    crossed = tuple(_cheaper(commodity, f"X{commodity.code}") for commodity in commodities[:2])
    return (
        BusinessFunction(
            type="XM",
            code=CROSS_MARGIN,
            name="Cross-margin agreement (generated)",
            commodities=crossed,
            inter_spreads=_credits(crossed, rate_ids),
            cap_option_value=True,
        ),
        _mutual_offset(commodities[0], {family.id: family for family in families}),
    )


def _cheaper(commodity: Commodity, code: str) -> Commodity:
    """The same products under another code, with spreads inside the commodity at half the charge."""
    spreads = tuple(
        replace(
            spread,
            rates={rate: value * (CHEAPER if spread.method == "F" else 1.0) for rate, value in spread.rates.items()},
            legs=tuple(replace(leg, commodity=code) for leg in spread.legs),
        )
        for spread in commodity.spreads
    )
    return replace(commodity, code=code, name=f"{commodity.name} (agreement)", spreads=spreads)


def _credits(commodities: tuple[Commodity, ...], rate_ids: tuple[str, ...]) -> tuple[Spread, ...]:
    if len(commodities) < 2:
        return ()
    legs = tuple(Leg(commodity.code, side, tier=0) for commodity, side in zip(commodities, "AB", strict=True))
    return (Spread(1, "W", dict.fromkeys(rate_ids, CREDIT), legs),)


def _mutual_offset(commodity: Commodity, families: Mapping[int, Family]) -> BusinessFunction:
    """The first two months of the main future, with arrays of their own that are smaller than normal clearing's."""
    link = next(link for link in commodity.links if families[link.family].type == "FUT")
    family = families[link.family]
    count = min(2, len(family.contracts))
    code = f"O{commodity.code}"
    own = Commodity(
        code=code,
        name=f"{commodity.name} (agreement)",
        currency=commodity.currency,
        links=(Link(link.family, link.delta_scaling_factor),),
        risk_exponent=commodity.risk_exponent,
        adjustments=commodity.adjustments,
        som_tiers=(Tier(0, rates=dict.fromkeys(family.contracts.losses, 0.0)),),
    )
    listed = {row + 1: _own_arrays(family, row) for row in range(count)}
    return BusinessFunction("MOS", MUTUAL_OFFSET, "Mutual offset (generated)", (own,), listed={link.family: listed})


def _own_arrays(family: Family, row: int) -> OwnArrays:
    contracts = family.contracts
    return {
        rate: (
            tuple(round_plain(np.asarray(losses[row]) * OFFSET_RISK, family.array_decimals).tolist()),
            float(contracts.composite_delta[rate][row]),
        )
        for rate, losses in contracts.losses.items()
    }
