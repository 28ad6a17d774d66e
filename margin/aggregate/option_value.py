"""Option value: what premium-style options are worth, long and short, and how much of it may be counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.model.house import RoundingPolicy, rounded
from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.exact import as_whole, scale_by_code
from margin.numeric.segments import segment_any, segment_sums
from margin.resolve.contracts import ResolvedContracts
from margin.scan.groups import PositionGroups

_DECIMALS = 9


@dataclass(frozen=True)
class OptionValue:
    """Option values of each (account, commodity) group, shape (groups,); all but `net` are not negative.

    Attributes:
        long: Value of long options (LOV).
        short: Value of short options, as a positive number (SOV).
        net: LOV − SOV; positive for a net owner of option value (NOV).
        only_long_options: The group holds long premium-style options and nothing else.
    """

    long: FloatArray
    short: FloatArray
    net: FloatArray
    only_long_options: BoolArray


def option_value(groups: PositionGroups, contracts: ResolvedContracts, policy: RoundingPolicy) -> OptionValue:
    """Value of the premium-style options of each group: quantity × price × contract value factor.

    Futures-style options are settled daily and have no value at the clearing house; neither have futures
    and physicals. Source: CME SPAN, option value and available net option value; ``valueMeth`` EQTY.
    """
    premium = contracts.is_premium_option[groups.contract]
    unit_value = np.nan_to_num(np.where(contracts.is_premium_option, contracts.unit_value, 0.0))
    held = set(np.unique(groups.group_commodity).tolist())
    value_scale = scale_by_code(unit_value, contracts.commodity, _DECIMALS, held)
    value = groups.whole_quantity * as_whole(unit_value, value_scale)[groups.contract]
    scale = (groups.quantity_scale * value_scale[groups.contract])[groups.starts]
    long = segment_sums(np.maximum(value, 0.0), groups.starts)
    short = segment_sums(np.maximum(-value, 0.0), groups.starts)
    other = ~(premium & (groups.quantity > 0.0))
    if policy.option_value is None:
        net = (long - short) / scale
        return OptionValue(long / scale, short / scale, net, ~segment_any(other, groups.starts))
    long, short = rounded(long / scale, policy.option_value), rounded(short / scale, policy.option_value)
    return OptionValue(long, short, long - short, ~segment_any(other, groups.starts))


def available_net_option_value(net: FloatArray, span_risk: FloatArray, capped: BoolArray) -> FloatArray:
    """Net option value that may be set against requirements.

    Where a commodity is capped, long premium cannot pay for another commodity: the value is at most the
    commodity's own requirement. A negative net option value is never cut.
    Source: CME SPAN, "Combined Commodities", ``capAnov``.
    """
    return np.where(capped, np.minimum(net, span_risk), net)
