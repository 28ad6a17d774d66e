"""The SPAN requirement of each commodity: scan risk plus charges less credits, with its floor and its cap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.aggregate.option_value import OptionValue, available_net_option_value
from margin.model.house import Rounding, rounded
from margin.numeric.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Components:
    """What a commodity's risk is made of, by (account, commodity) group; charges and credits are positive.

    Attributes:
        scan_risk, intracommodity_charge, delivery_charge: Add to the requirement.
        intercommodity_credit, interclearing_credit: Reduce it.
        short_option_minimum: Floor under the sum.
    """

    scan_risk: FloatArray
    intracommodity_charge: FloatArray
    delivery_charge: FloatArray
    intercommodity_credit: FloatArray
    interclearing_credit: FloatArray
    short_option_minimum: FloatArray


@dataclass(frozen=True)
class Requirement:
    """Risk and requirement of each group for one class and kind, in the commodity's currency.

    Attributes:
        span_risk: Requirement before option value.
        available_net_option_value: Option value that may be set against it; negative for net sellers.
        requirement: max(0, span_risk − available_net_option_value).
    """

    span_risk: FloatArray
    available_net_option_value: FloatArray
    requirement: FloatArray


def risk_before_factors(components: Components, value: OptionValue) -> FloatArray:
    """Risk of each group before account-type factors: the sum of the components, floored and capped.

    The short option minimum is a floor, not an add-on. A group of nothing but long options never requires
    more than they are worth. Source: CME SPAN, order of evaluation; PC-SPAN build 610.151.
    """
    before = (
        components.scan_risk
        + components.intracommodity_charge
        + components.delivery_charge
        - components.intercommodity_credit
        - components.interclearing_credit
    )
    floored = np.maximum(np.maximum(before, components.short_option_minimum), 0.0)
    return np.where(value.only_long_options, np.minimum(floored, value.long), floored)


def requirement(
    risk: FloatArray, factor: FloatArray, value: OptionValue, capped: BoolArray, step: Rounding | None
) -> Requirement:
    """The requirement of one class and kind.

    Args:
        risk: Result of `risk_before_factors`.
        factor: Rate adjustment × account-type adjustment × initial ratio of each group.
        value: Option values of the groups.
        capped: Whether available net option value is capped by the commodity's own risk.
        step: Rounding of the risk after the factor, from the unrounded product.
    """
    span_risk = rounded(risk * factor, step)
    available = available_net_option_value(value.net, span_risk, capped)
    return Requirement(span_risk, available, np.maximum(span_risk - available, 0.0))
