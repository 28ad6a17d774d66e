"""Gross accounts: nothing nets, every long and every short stands alone, no spread forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from margin.aggregate.exposure import exposure_margin
from margin.aggregate.figures import ScanRows, SpanFigures
from margin.aggregate.option_value import OptionValue, option_value
from margin.aggregate.requirement import Components, risk_before_factors
from margin.aggregate.short_option_minimum import short_option_minimum
from margin.model.house import HousePolicy, RoundingPolicy, rounded
from margin.model.parameters import RateId
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.segments import segment_any, sums_by_code
from margin.resolve.combinations import Legs, expanded
from margin.resolve.contracts import ResolvedContracts
from margin.scan.groups import PositionGroups
from margin.scan.outright import outright_risk
from margin.scan.risk import CommodityScan, ScanRisk
from margin.spread.delivery import NO_CHARGE
from margin.spread.formed import FormedSpreads
from margin.value.published import BaseArrays


def gross_figures(
    groups: PositionGroups,
    short: FloatArray,
    contracts: ResolvedContracts,
    arrays: BaseArrays,
    base: Mapping[int, RateId],
    grids: Mapping[int, ScenarioGrid],
    house: HousePolicy,
    policy: RoundingPolicy,
    delta_split: Legs,
    refused: BoolArray,
) -> SpanFigures:
    """Margin gross positions.

    Scan risk is long × the worst loss of a long plus short × the worst loss of a short, contract by contract;
    the short option minimum counts every short; naked deltas in a delivery period pay its outright rate.
    Source: CME SPAN XML schema, ``gReq`` (``nlr``, ``nsr``, ``dr``); SPAN for omnibus accounts.

    Args:
        groups: Positions by account and commodity; the quantities are the longs.
        short: Shorts of the same positions, not negative.
        contracts: The contracts.
        arrays: Arrays on the base rates.
        base: Rate id of each commodity code.
        grids: Scenario grid of each commodity code.
        house: Gives the rules of exposure margin.
        policy: Rounding of every step.
        delta_split: Legs of combinations whose delta lies in the periods of their legs.
        refused: Commodities that must not be margined, by commodity code.
    """
    shorts = replace(groups, quantity=-short)
    naked = outright_risk(groups, arrays) + outright_risk(shorts, arrays)
    margined = {code: rate for code, rate in base.items() if not refused[code]}
    value = _option_value(groups, shorts, contracts, policy)
    nothing = np.zeros(len(groups))
    components = Components(
        scan_risk=rounded(naked, policy.scan_risk),
        intracommodity_charge=nothing,
        delivery_charge=rounded(
            _naked_delivery_charge(groups, short, contracts, arrays, margined, delta_split), policy.delivery_charge
        ),
        intercommodity_credit=nothing,
        interclearing_credit=nothing,
        short_option_minimum=short_option_minimum(shorts, contracts, margined, policy),
    )
    sum_of_sides = exposure_margin(groups, contracts, house.exposure_margin, policy.maintenance) + exposure_margin(
        shorts, contracts, house.exposure_margin, policy.maintenance
    )
    unknown = np.full(len(groups), np.nan)
    has_rate = np.zeros(len(refused), dtype=np.bool_)
    has_rate[list(margined)] = True
    unusable = arrays.unusable[groups.contract]
    return SpanFigures(
        base=base,
        account=groups.group_account.astype(np.int64),
        commodity=groups.group_commodity.astype(np.int64),
        shown=np.ones(len(groups), dtype=np.bool_),
        absorbed_into=np.full(len(groups), -1, dtype=np.int64),
        grids=grids,
        scan_rows=_no_scan_rows(arrays.losses.shape[1]),
        scan=CommodityScan(components.scan_risk, unknown, unknown, unknown, np.full(len(groups), -1, dtype=np.int64)),
        deltas=pl.DataFrame(
            schema={"group": pl.Int64, "period": pl.String, "delta": pl.Float64, "remaining_delta": pl.Float64}
        ),
        spreads=FormedSpreads(),
        components=components,
        value=value,
        risk=risk_before_factors(components, value),
        outright=naked,
        exposure=sum_of_sides,
        net_delta=_net_delta(groups, short, contracts, arrays, delta_split),
        weighted_price_risk=unknown,
        unusable=np.unique(groups.contract[unusable]),
        valid=has_rate[groups.group_commodity] & ~segment_any(unusable, groups.starts),
    )


def _option_value(
    longs: PositionGroups, shorts: PositionGroups, contracts: ResolvedContracts, policy: RoundingPolicy
) -> OptionValue:
    long, short = option_value(longs, contracts, policy), option_value(shorts, contracts, policy)
    premium = contracts.is_premium_option[longs.contract]
    other = (shorts.quantity < 0.0) | ((longs.quantity > 0.0) & ~premium)
    only_long = ~segment_any(other, longs.starts) & segment_any(longs.quantity > 0.0, longs.starts)
    return OptionValue(long.long, short.short, long.long - short.short, only_long)


def _naked_delivery_charge(
    groups: PositionGroups,
    short: FloatArray,
    contracts: ResolvedContracts,
    arrays: BaseArrays,
    margined: Mapping[int, RateId],
    delta_split: Legs,
) -> FloatArray:
    """Every naked delta of a delivery period at its outright rate, as far as its side is charged."""
    long_rate, short_rate = (np.zeros(len(contracts.slot_periods)) for _ in range(2))
    slots = {
        (int(commodity), period): slot
        for slot, (commodity, period) in enumerate(zip(contracts.slot_commodity, contracts.slot_periods, strict=True))
    }
    for code, rate_id in margined.items():
        commodity = contracts.commodities[code]
        for rate in commodity.spot_rates if commodity.spot_method != NO_CHARGE else ():
            slot = slots.get((code, rate.period))
            if slot is not None and rate.rate_id == rate_id:
                money = rate.outright_rate * 10.0**commodity.risk_exponent
                long_rate[slot] += money if rate.side != "short" else 0.0
                short_rate[slot] += money if rate.side != "long" else 0.0
    row, code_of, ratio = expanded(groups.contract.astype(np.int64), delta_split)
    delta, slot_of = ratio * (arrays.composite_delta * contracts.delta_scale)[code_of], contracts.slot[code_of]
    of_longs = np.where(delta > 0.0, long_rate[slot_of], short_rate[slot_of])
    of_shorts = np.where(delta > 0.0, short_rate[slot_of], long_rate[slot_of])
    charge = np.abs(delta) * (groups.quantity[row] * of_longs + short[row] * of_shorts)
    return sums_by_code(charge, groups.position_group[row], len(groups))


def _net_delta(
    groups: PositionGroups, short: FloatArray, contracts: ResolvedContracts, arrays: BaseArrays, delta_split: Legs
) -> FloatArray:
    row, code, ratio = expanded(groups.contract.astype(np.int64), delta_split)
    delta = (groups.quantity - short)[row] * ratio * (arrays.composite_delta * contracts.delta_scale)[code]
    return sums_by_code(delta, groups.position_group[row], len(groups))


def _no_scan_rows(points: int) -> ScanRows:
    nothing = np.zeros(0)
    codes = np.zeros(0, dtype=np.int64)
    risk = ScanRisk(np.zeros((0, points)), nothing, codes, nothing, nothing, nothing)
    return ScanRows(codes, codes.astype(np.int32), risk)
