"""Everything one run of a margin method finds out by (account, commodity) group, before classes and kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from margin.aggregate.option_value import OptionValue
from margin.aggregate.requirement import Components
from margin.model.parameters import RateId
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.scan.risk import CommodityScan, ScanRisk
from margin.spread.formed import FormedSpreads


@dataclass(frozen=True)
class ScanRows:
    """Scan risk by scan tier: group, the file's tier number, and risk of each row, ascending by group and tier."""

    group: IntArray
    tier: CodeArray
    risk: ScanRisk


@dataclass(frozen=True)
class SpanFigures:
    """Figures on one set of base rates, in each commodity's currency.

    Attributes:
        base: Rate id of each commodity code that was margined.
        account: Account code of each group, shape (groups,).
        commodity: Commodity code of each group.
        shown: Groups that have a row in the result: with positions, or the target of a spread that formed.
        absorbed_into: Commodity code of the target that absorbed the group, −1 if none did.
        grids: Scenario grid by commodity code.
        scan_rows: Scan risk by scan tier.
        scan: Scan risk by group.
        deltas: Frame of group, period, delta and remaining_delta, ascending by group and period.
        spreads: Spreads formed.
        components: Charges and credits by group.
        value: Option values by group.
        risk: Risk by group before account-type factors.
        outright: Sum of each position's own risk, by group.
        net_delta: Net original delta by group.
        exposure: Exposure margin by group, NaN where the house asks none or a price is not known.
        weighted_price_risk: Weighted futures price risk of the whole commodity by group, NaN where unknown.
        unusable: Held contract codes without an array or, as premium options, without a price.
        valid: Groups whose figures may be shown; false where something was refused.
    """

    base: Mapping[int, RateId]
    account: IntArray
    commodity: IntArray
    shown: BoolArray
    absorbed_into: IntArray
    grids: Mapping[int, ScenarioGrid]
    scan_rows: ScanRows
    scan: CommodityScan
    deltas: pl.DataFrame
    spreads: FormedSpreads
    components: Components
    value: OptionValue
    risk: FloatArray
    outright: FloatArray
    net_delta: FloatArray
    exposure: FloatArray
    weighted_price_risk: FloatArray
    unusable: CodeArray
    valid: BoolArray

    def __len__(self) -> int:
        return len(self.account)
