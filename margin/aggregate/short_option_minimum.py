"""Short option minimum: the least that short options require, whatever the scenarios say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from margin.model.house import RoundingPolicy, rounded
from margin.model.parameters import CombinedCommodity, RateId, Tier
from margin.numeric.arrays import CodeArray, FloatArray, IntArray
from margin.numeric.order import distinct_codes, distinct_keys
from margin.numeric.segments import segment_starts, sums_by_code
from margin.resolve.contracts import ResolvedContracts, tier_of_periods
from margin.scan.groups import PositionGroups

GREATER_OF_CALLS_AND_PUTS = "MAX"
"""The file's word for charging the greater of calls and puts; every other known word, or none, charges both."""


def short_option_minimum(
    groups: PositionGroups, contracts: ResolvedContracts, base: Mapping[int, RateId], policy: RoundingPolicy
) -> FloatArray:
    """Short contracts × scaling factor × rate, summed over the short option tiers of each group.

    Shorts are counted after netting inside each series. ``GROSS`` charges calls and puts, ``MAX`` the
    greater of the two numbers in each tier. Tiers go by the option's own period.
    Source: CME SPAN, Type 4 record and Advisory 99-65; SPAN XML ``somTiers``, ``somMeth``.

    Args:
        groups: The positions and their groups.
        contracts: Gives option rights, periods and scaling factors.
        base: Rate id of each commodity code that is margined.
        policy: Rounding of the result.

    Returns:
        Money in each commodity's currency, not negative, shape (groups,).
    """
    short = np.flatnonzero((groups.quantity < 0.0) & contracts.is_option[groups.contract])
    if not len(short):
        return np.zeros(len(groups))
    contract = groups.contract[short]
    rate, tier, takes_greater = _rates_by_contract(distinct_codes(contract, len(contracts)), contracts, base)
    charge = -groups.quantity[short] * contracts.delta_scale[contract] * rate[contract]
    # Rows of one group and tier are brought together; tier codes of a contract lie below the number of contracts.
    key = groups.position_group[short] * (len(contracts) + 1) + tier[contract] + 1
    rows, row = distinct_keys(key)
    is_call = contracts.is_call[contract]
    calls = sums_by_code(np.where(is_call, charge, 0.0), row, len(rows))
    puts = sums_by_code(np.where(is_call, 0.0, charge), row, len(rows))
    group = rows // (len(contracts) + 1)
    greater = takes_greater[groups.group_commodity[group]]
    by_tier = np.where(greater, np.maximum(calls, puts), calls + puts)
    return rounded(sums_by_code(by_tier, group, len(groups)), policy.short_option_minimum)


def _rates_by_contract(
    held: IntArray, contracts: ResolvedContracts, base: Mapping[int, RateId]
) -> tuple[FloatArray, CodeArray, np.ndarray]:
    """Rate and tier of each contract that is held short, and which commodities take the greater of calls and puts."""
    rate = np.zeros(len(contracts))
    tier = np.full(len(contracts), -1, dtype=np.int32)
    takes_greater = np.zeros(len(contracts.commodities), dtype=np.bool_)
    for own in np.split(held, segment_starts(contracts.commodity[held])[1:]):
        code = int(contracts.commodity[own[0]])
        commodity = contracts.commodities[code]
        takes_greater[code] = commodity.short_option_minimum_method == GREATER_OF_CALLS_AND_PUTS
        if code not in base:
            continue
        codes, period = distinct_keys(contracts.own_period_codes[own])
        periods = [contracts.own_periods[i] for i in codes]
        found = np.array(tier_of_periods(periods, commodity.short_option_minimum_tiers))[period]
        tier[own] = found
        rates = [_rate(i, commodity, base[code]) for i in range(len(commodity.short_option_minimum_tiers))]
        rate[own] = np.array([*rates, 0.0])[found]
    return rate, tier, takes_greater


def _rate(index: int, commodity: CombinedCommodity, rate_id: RateId) -> float:
    tier: Tier = commodity.short_option_minimum_tiers[index]
    return tier.rates[rate_id] * 10.0**commodity.risk_exponent
