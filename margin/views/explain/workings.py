"""Margins one account again, and keeps everything the engine found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from margin.aggregate.accounts import AccountTables, account_tables, shared_floors
from margin.aggregate.figures import SpanFigures
from margin.aggregate.run_problems import missing_rates, unknown_exposures, unusable_contracts
from margin.aggregate.tables import CommodityTable, commodity_table, has_capped_option_value
from margin.methods import margin_method
from margin.model.house import RoundingPolicy
from margin.model.position import ACCOUNT_KEY, PositionPart
from margin.model.problem import Problem
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.resolve.accounts import default_account_type
from margin.resolve.combinations import Legs, resolve_combinations
from margin.resolve.contracts import ResolvedContracts, contract_names
from margin.resolve.foreign import ForeignContracts, foreign_contracts
from margin.resolve.grids import scenario_words_by_commodity
from margin.resolve.positions import ResolvedBook, resolve_positions
from margin.resolve.rates import RateTable, RequirementKind, resolve_rates
from margin.views.explain.inputs import Inputs
from margin.views.explain.journal import SpreadJournal
from margin.views.explain.provenance import Provenance

_Explained = TypeVar("_Explained")

AccountKey = tuple[str, str, str, str]
"""Firm, account, account type and segregation."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One contract of the account in one commodity; `long` and `short` are counts, one of them zero where netted."""

    code: int
    name: str
    long: float
    short: float

    @property
    def net(self) -> float:
        """Signed quantity."""
        return self.long - self.short


@dataclass(frozen=True)
class Workings:
    """One account margined by itself.

    Attributes:
        inputs: What it was calculated from.
        book: Its positions.
        rates: Rates by account type and kind.
        table: Commodity rows, and the figures of each run.
        totals: Account rows.
        account: Account code in the book.
        problems: Everything the engine said of the account and its commodities.
        scenario_words: Scenarios in words, by (clearing org, commodity).
        explained: What may stand in several places, by what they explain.
    """

    inputs: Inputs
    book: ResolvedBook
    rates: RateTable
    table: CommodityTable
    totals: AccountTables
    account: int
    problems: tuple[Problem, ...]
    scenario_words: dict[tuple[str, str], tuple[str, ...]]
    explained: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def once(self, key: tuple[Any, ...], make: Callable[[], _Explained]) -> _Explained:
        """What explains something, made at its first use, so that equal things are one object."""
        if key not in self.explained:
            self.explained[key] = make()
        explained: _Explained = self.explained[key]
        return explained

    @property
    def contracts(self) -> ResolvedContracts:
        """The contracts."""
        return self.inputs.contracts

    @property
    def policy(self) -> RoundingPolicy:
        """Rounding of every step."""
        return self.inputs.policy

    @cached_property
    def where(self) -> Provenance:
        """Where numbers stand in the parameter files."""
        return Provenance(self.inputs.contracts, self.inputs.house)

    @cached_property
    def capped(self) -> BoolArray:
        """Whether available net option value is capped, by commodity code."""
        return has_capped_option_value(self.contracts)

    @cached_property
    def floors(self) -> IntArray:
        """Which commodities share one floor at zero, by commodity code."""
        return shared_floors(self.contracts, self.inputs.house)

    @cached_property
    def delta_split(self) -> Legs:
        """Combinations whose deltas lie in the periods of their legs."""
        return resolve_combinations(self.contracts).delta_split

    @cached_property
    def currency(self) -> str:
        """The account's currency."""
        return str(self.totals.accounts["currency"][self.account])

    @cached_property
    def foreign(self) -> ForeignContracts:
        """Rates of contracts in another currency than their commodity's."""
        return foreign_contracts(self.contracts)

    @property
    def spot(self) -> FloatArray:
        """Rate that a contract's option value is converted at, by contract code."""
        return self.foreign.spot

    def rows(self, kind: RequirementKind) -> Iterator[CommodityRow]:
        """The account's commodities in one kind of requirement, in the order of the run."""
        kind_code = self.rates.kinds.index(kind)
        own = (self.table.frame["account_index"] == self.account) & (self.table.origin["kind_code"] == kind_code)
        for row in np.flatnonzero(own.to_numpy()).tolist():
            figures = self.table.frame.row(row, named=True)
            origin = self.table.origin.row(row, named=True)
            yield CommodityRow(
                code=origin["commodity_code"],
                group=origin["group"],
                run=self.table.runs[origin["run"]],
                is_valid=origin["valid"],
                kind=kind,
                span_risk=figures["span_risk"],
                available_net_option_value=figures["available_net_option_value"],
                absorbed_into=figures["absorbed_into"],
                currency=figures["currency"],
                conversion=self.totals.conversion_factor[row],
            )

    def holdings(self, commodity: int) -> tuple[Holding, ...]:
        """The account's net positions in a commodity, or its gross ones where it is margined gross."""
        net, gross = self.book, self.book.gross
        found: list[tuple[int, float, float]] = []
        own = np.flatnonzero((net.account == self.account) & (self.contracts.commodity[net.contract] == commodity))
        found.extend(
            (code, max(quantity, 0.0), max(-quantity, 0.0))
            for code, quantity in zip(net.contract[own].tolist(), net.quantity[own].tolist(), strict=True)
        )
        own = np.flatnonzero((gross.account == self.account) & (self.contracts.commodity[gross.contract] == commodity))
        found.extend(
            zip(gross.contract[own].tolist(), gross.long[own].tolist(), gross.short[own].tolist(), strict=True)
        )
        names = contract_names(self.contracts, [code for code, _, _ in found])
        return tuple(Holding(code, name, long, short) for (code, long, short), name in zip(found, names, strict=True))

    def problems_of(self, commodity: int) -> str:
        """What was said of a commodity, as one text."""
        item = self.contracts.commodities[commodity]
        said = [
            str(problem)
            for problem in self.problems
            if problem.attributes.get("commodity") == item.code
            and problem.attributes.get("clearing_org", item.clearing_org) == item.clearing_org
        ]
        return "; ".join(said) or "; ".join(str(problem) for problem in self.problems if "kind" in problem.attributes)


@dataclass(frozen=True)
class CommodityRow:
    """One commodity of the account in one kind of requirement.

    Attributes:
        code: Commodity code.
        group: Group in the run.
        run: The run that its figures come from.
        is_valid: Whether the figures may be shown.
        kind: The kind of requirement.
        span_risk, available_net_option_value: As the run gives them, in `currency`.
        absorbed_into: The commodity it is margined inside of.
        currency: The commodity's currency.
        conversion: Factor from it to the account's; `None` where the parameters give none.
    """

    code: int
    group: int
    run: SpanFigures
    is_valid: bool
    kind: RequirementKind
    span_risk: float | None
    available_net_option_value: float | None
    absorbed_into: str | None
    currency: str
    conversion: float | None

    @property
    def journal(self) -> SpreadJournal | None:
        """Notes on the run; `None` for a gross one, in which nothing spreads."""
        return self.run.spreads if isinstance(self.run.spreads, SpreadJournal) else None


def recompute(inputs: Inputs, key: AccountKey) -> Workings:
    """Margin one account of a book by itself, by the same engine and the same steps as the run.

    Args:
        inputs: What the run was calculated from.
        key: The account.
    """
    parameters, contracts, house = inputs.parameters, inputs.contracts, inputs.house
    positions = replace(inputs.positions, parts=tuple(_parts_of(key, inputs)))
    book = resolve_positions(
        positions,
        parameters,
        contracts,
        house,
        account_type=inputs.account_type,
        unit=inputs.unit,
        only=[key[1]],
    )
    rates = resolve_rates(contracts, book.accounts.types, house)
    method = margin_method(inputs.method)
    outcome = method.outcome(book, contracts, rates, house, inputs.policy, threads=1, record=SpreadJournal)
    table = commodity_table(list(outcome.rows), outcome.runs, rates, contracts)
    totals = account_tables(book, table, rates, contracts, house)
    return Workings(
        inputs=inputs,
        book=book,
        rates=rates,
        table=table,
        totals=totals,
        account=book.accounts.frame.select(ACCOUNT_KEY).rows().index(key),
        problems=(
            *book.problems,
            *missing_rates(book, rates, contracts),
            *outcome.problems,
            *unusable_contracts(outcome.runs, contracts),
            *unknown_exposures(table, house),
            *totals.problems,
        ),
        scenario_words=scenario_words_by_commodity(contracts, outcome.grids),
    )


def _parts_of(key: Sequence[str], inputs: Inputs) -> Iterator[PositionPart]:
    """The rows of one account in each input; rows keep their lines."""
    unnamed = {
        **dict.fromkeys(ACCOUNT_KEY, ""),
        "account_type": inputs.account_type or default_account_type(inputs.parameters).code,
    }
    for part in inputs.positions.parts:
        own = np.ones(part.frame.height, dtype=np.bool_)
        for name, wanted in zip(ACCOUNT_KEY, key, strict=True):
            if name in part.frame.columns:
                own &= (part.frame[name].fill_null(unnamed[name]) == wanted).to_numpy()
            elif unnamed[name] != wanted:
                own[:] = False
        rows = np.flatnonzero(own)
        lines = part.lines
        if lines is not None:
            lines = lines[rows]
        elif part.first_line is not None:
            lines = rows.astype(np.int64) + part.first_line
        yield replace(part, frame=part.frame[rows], lines=lines)


def column_of(accounts: IntArray, account: int) -> int | None:
    """Column of an account among the holders of a commodity."""
    found = np.flatnonzero(accounts == account)
    return int(found[0]) if len(found) else None


def at(values: FloatArray, column: int) -> float:
    """One holder's figure, as a plain float without a negative zero."""
    return float(values[column]) + 0.0
