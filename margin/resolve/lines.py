"""Lines of positions become net positions: one per account and contract, combinations split into their legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.model.house import HousePolicy, QuantityUnit
from margin.model.position import MAX_QUANTITY_DECIMALS
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.order import stable_order
from margin.numeric.segments import segment_starts, segment_sums
from margin.resolve.accounts import AccountTable
from margin.resolve.combinations import expanded, resolve_combinations
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.quantities import file_units_per_quantity

_SIGNIFICANT_DIGITS = 15


@dataclass(frozen=True)
class GrossPositions:
    """Positions that are not netted, ascending by account and contract; neither side is negative, one is not zero."""

    account: CodeArray
    contract: CodeArray
    long: FloatArray
    short: FloatArray


@dataclass(frozen=True)
class PositionLines:
    """Lines of the inputs whose account and contract are known; every array has one entry per line.

    Attributes:
        account: Account code.
        contract: Contract code, combinations not yet split.
        long, short: Quantities as given, not negative.
        is_signed: Whether the line was given as one signed quantity, which says nothing of long and short.
    """

    account: IntArray
    contract: IntArray
    long: FloatArray
    short: FloatArray
    is_signed: BoolArray

    def take(self, which: IntArray | BoolArray) -> PositionLines:
        """Some of the lines."""
        return PositionLines(
            self.account[which], self.contract[which], self.long[which], self.short[which], self.is_signed[which]
        )


@dataclass(frozen=True)
class NetPositions:
    """Positions in the units of the parameter file, ascending by account and contract, each pair at most once.

    Attributes:
        account: Account code of each net position.
        contract: Its contract code.
        quantity: Net quantity, long > 0, never zero.
        gross: Positions that are margined gross.
    """

    account: CodeArray
    contract: CodeArray
    quantity: FloatArray
    gross: GrossPositions


def net_positions(
    lines: PositionLines,
    accounts: AccountTable,
    contracts: ResolvedContracts,
    house: HousePolicy,
    unit: QuantityUnit | None,
) -> NetPositions:
    """Sort by account and contract, split combinations, and add up the lines of the same contract.

    Raises:
        InputRefused: A lot size is needed that the house does not give.
    """
    row, code, ratio = expanded(lines.contract, resolve_combinations(contracts).split)
    account, sides = lines.account[row], (lines.long[row] * np.abs(ratio), lines.short[row] * np.abs(ratio))
    long, short = np.where(ratio > 0.0, sides, sides[::-1])
    packed = account * max(len(contracts), 1) + code
    if np.any(packed[1:] < packed[:-1]):
        order = stable_order(packed)
        packed, long, short = packed[order], long[order], short[order]
    starts = segment_starts(packed)
    account, code = np.divmod(packed[starts], max(len(contracts), 1))
    product = contracts.parameters.contracts["product"].to_numpy()[contracts.rows[code]]
    factor = file_units_per_quantity(contracts.parameters, house, unit, product)[product]
    net = _exact_sums(long - short, starts) * factor
    long, short = _exact_sums(long, starts) * factor, _exact_sums(short, starts) * factor
    is_net = margined_net(accounts, contracts, account, code)
    own, gross = np.flatnonzero(is_net & (net != 0.0)), np.flatnonzero(~is_net & ((long != 0.0) | (short != 0.0)))
    return NetPositions(
        account=account[own].astype(np.int32),
        contract=code[own].astype(np.int32),
        quantity=net[own],
        gross=GrossPositions(account[gross].astype(np.int32), code[gross].astype(np.int32), long[gross], short[gross]),
    )


def margined_net(accounts: AccountTable, contracts: ResolvedContracts, account: IntArray, code: IntArray) -> BoolArray:
    """Whether each position is margined net: its account type and its clearing organisation must both say so."""
    organisations = {org.code: org.is_net_margin for org in contracts.parameters.clearing_orgs}
    of_commodity = np.array(
        [organisations.get(item.clearing_org, True) for item in contracts.commodities] or [True], dtype=np.bool_
    )
    if not len(accounts):
        return np.ones(len(account), dtype=np.bool_)
    commodity = contracts.commodity[code] if len(contracts) else np.zeros(len(code), dtype=np.int32)
    net: BoolArray = accounts.is_net[account] & of_commodity[commodity]
    return net


def _exact_sums(quantity: FloatArray, starts: IntArray) -> FloatArray:
    """Sums of quantities as decimals, so that it does not matter how a position is split into lines."""
    sums = segment_sums(quantity, starts)
    if np.array_equal(sums, np.rint(sums)):
        return sums
    # A double holds 15 significant digits: beyond 10⁶ fewer than nine of them stand after the point.
    digits = np.floor(np.log10(np.maximum(np.abs(sums), 1.0)))
    scale = 10.0 ** np.minimum(MAX_QUANTITY_DECIMALS, _SIGNIFICANT_DIGITS - 1 - digits)
    exact: FloatArray = np.rint(sums * scale) / scale
    return exact
