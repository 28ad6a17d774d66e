"""One commodity of all accounts as it stands while spreads are formed: deltas, amounts, and what merged into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from margin.model.parameters import CombinedCommodity, RateId
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.numeric.segments import rows_by_code
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.cover import EVERY_PERIOD, Cover
from margin.scan.delta import DeltaLedger


@dataclass(frozen=True, slots=True)
class Merge:
    """Something that changed the scenario losses of some columns of a target, in the order it happened.

    Attributes:
        columns: Columns of the target.
        allowance: Share of a scenario gain that counts; losses count in full.
        leg: The state merged in; `None` if the allowance applies to what the target itself holds so far.
        leg_columns: Columns of the leg, one for each of `columns`.
        leg_merges: What had merged into the leg before; later merges concern other columns.
    """

    columns: IntArray
    allowance: float
    leg: CommodityState | None = None
    leg_columns: IntArray | None = None
    leg_merges: tuple[Merge, ...] = ()


@dataclass(eq=False)
class CommodityState:
    """A commodity over its holders; arrays have one column per account that holds it or may have it merged in.

    Attributes:
        code: Commodity code.
        commodity: Its definition.
        rate_id: The rate id it is margined on.
        accounts: Account code of each column, ascending, shape (holders,).
        groups: Group of each column.
        periods: Normalised delta periods, ascending; the rows of the deltas.
        original: Net deltas before any spread, shape (periods, holders).
        remaining: Net deltas that no spread has used.
        noise: Deltas of a sum no larger than this are rounding noise, shape (periods, holders).
        dust: What spreads leave of a delta below this is rounding noise, shape (holders,): noise over all periods,
            since what one period lacks for a leg is taken from the next.
        present: Columns with positions, own or merged in, that no spread has absorbed.
        absorbed_into: Commodity code of the target that absorbed the column, −1 if none did.
        merges: What changed the scenario losses.
        amounts: Charges, credits, minimums and option values by name, each of shape (holders,).
        only_long_options: Columns of long premium-style options and nothing else.
    """

    code: int
    commodity: CombinedCommodity
    rate_id: RateId
    accounts: IntArray
    groups: IntArray
    periods: tuple[str, ...]
    original: FloatArray
    remaining: FloatArray
    noise: FloatArray
    dust: FloatArray
    present: BoolArray
    absorbed_into: IntArray
    amounts: dict[str, FloatArray]
    only_long_options: BoolArray
    merges: list[Merge] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def merged_columns(self) -> IntArray:
        """Columns whose scenario losses something changed, ascending."""
        return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(merge.columns for merge in self.merges)]))

    @property
    def money(self) -> float:
        """What amounts of the file are multiplied by: ten to the risk exponent."""
        return 10.0**self.commodity.risk_exponent

    def rows_in(self, cover: Cover) -> tuple[int, ...]:
        """Rows of the periods in a cover, earliest first."""
        return tuple(row for row, period in enumerate(self.periods) if period in cover)

    @property
    def net_delta(self) -> FloatArray:
        """Net original delta of the whole commodity, shape (holders,); zero for absorbed columns."""
        return np.where(self.absorbed_into < 0, self.original_net(EVERY_PERIOD), 0.0)

    def original_net(self, cover: Cover) -> FloatArray:
        """Signed sum of original deltas over a cover, shape (holders,)."""
        net: FloatArray = self.original[list(self.rows_in(cover))].sum(axis=0)
        return np.where(np.abs(net) <= self.dust, 0.0, net)

    def remaining_net(self, rows: Sequence[int]) -> FloatArray:
        """Signed sum of remaining deltas over rows, shape (holders,)."""
        net: FloatArray = self.remaining[list(rows)].sum(axis=0)
        return np.where(np.abs(net) <= self.dust, 0.0, net)


AMOUNTS = (
    "intracommodity_charge",
    "delivery_charge",
    "intercommodity_credit",
    "interclearing_credit",
    "short_option_minimum",
    "long_option_value",
    "short_option_value",
)
"""Amounts that move to the target with an absorbed commodity."""


@dataclass(frozen=True)
class GroupFacts:
    """What is known of every group before spreads, shape (groups,) each; groups past the held ones are empty."""

    account: IntArray
    commodity: IntArray
    holds: BoolArray
    amounts: Mapping[str, FloatArray]
    only_long_options: BoolArray


def commodity_states(
    facts: GroupFacts,
    ledger: DeltaLedger,
    contracts: ResolvedContracts,
    base: Mapping[int, RateId],
    lent_periods: Mapping[int, Sequence[int]],
) -> dict[int, CommodityState]:
    """Lay out every margined commodity over its holders.

    Args:
        facts: The groups.
        ledger: Deltas by group and slot.
        contracts: Gives commodities and periods of slots.
        base: Rate id of each commodity code that is margined; others get no state.
        lent_periods: Commodity codes whose deltas may move into a commodity, by commodity code.
    """
    groups_of = rows_by_code(facts.commodity, np.lexsort((facts.account, facts.commodity)))
    slot_commodity = contracts.slot_commodity[ledger.slot]
    rows_of = rows_by_code(slot_commodity, np.argsort(slot_commodity, kind="stable"))
    none = np.zeros(0, dtype=np.int64)
    own_periods = {code: np.unique(ledger.slot[rows]) for code, rows in rows_of.items()}
    states = {}
    for code in sorted(groups_of):
        if code in base:
            slots = [own_periods.get(item, none) for item in (code, *lent_periods.get(code, ()))]
            periods = sorted({contracts.slot_periods[slot] for slot in np.concatenate(slots)})
            states[code] = _state(
                code, facts, groups_of[code], ledger, rows_of.get(code, none), contracts, base[code], tuple(periods)
            )
    return states


def _state(
    code: int,
    facts: GroupFacts,
    groups: IntArray,
    ledger: DeltaLedger,
    rows: IntArray,
    contracts: ResolvedContracts,
    rate_id: RateId,
    periods: tuple[str, ...],
) -> CommodityState:
    column_of = np.zeros(int(groups.max(initial=-1)) + 1, dtype=np.int64)
    column_of[groups] = np.arange(len(groups))
    row_of_period = {period: row for row, period in enumerate(periods)}
    slots, inverse = np.unique(ledger.slot[rows], return_inverse=True)
    row_of_slot = np.array([row_of_period[contracts.slot_periods[slot]] for slot in slots], dtype=np.int64)
    cells = (row_of_slot[inverse], column_of[ledger.group[rows]]) if len(rows) else (rows, rows)
    shape = (len(periods), len(groups))
    original, noise = np.zeros(shape), np.zeros(shape)
    original[cells] = ledger.original[rows]
    noise[cells] = ledger.noise[rows]
    return CommodityState(
        code=code,
        commodity=contracts.commodities[code],
        rate_id=rate_id,
        accounts=facts.account[groups],
        groups=groups,
        periods=periods,
        original=original,
        remaining=original.copy(),
        noise=noise,
        dust=noise.sum(axis=0),
        present=facts.holds[groups],
        absorbed_into=np.full(len(groups), -1, dtype=np.int64),
        amounts={
            name: facts.amounts[name][groups] if name in facts.amounts else np.zeros(len(groups)) for name in AMOUNTS
        },
        only_long_options=facts.only_long_options[groups],
    )
