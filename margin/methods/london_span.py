"""London SPAN: SPAN as London's exchanges and clearing houses took it over, in its order of evaluation.

Scan, of arrays in ticks and at the worse rate of a foreign currency; strategy spreads; spreads inside each
commodity; delivery charge, of longs or shorts alone where the house says so; between commodities delta spreads
on one weighted futures price risk per commodity, and offsets; then the requirement, with option value paying
inside each group of commodities. Methodology and sources: ``docs/methodology/london-span.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from margin.methods._span_family import SpanOutcome, Variant, margin_book
from margin.model.house import HousePolicy, RoundingPolicy
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.foreign import foreign_contracts
from margin.resolve.london_rules import NOT_IN_LONDON
from margin.resolve.positions import ResolvedBook
from margin.resolve.rates import RateTable
from margin.resolve.span_rules import RULES
from margin.spread.formed import FormedSpreads
from margin.value.ticks import tick_arrays

DEFAULT_HOUSE = "london"
"""The house policy where neither the parameters nor their clearing organisation have one."""

_LONDON = Variant(rules=(*RULES, *NOT_IN_LONDON), arrays=tick_arrays, price_risk_by_tier=False)


def choices(house: HousePolicy) -> HousePolicy:
    """The house's choices, except that option value pays inside its group of commodities, whatever the house."""
    return replace(house, option_value_floor="group")


def outcome(
    book: ResolvedBook,
    contracts: ResolvedContracts,
    rates: RateTable,
    house: HousePolicy,
    policy: RoundingPolicy,
    *,
    threads: int | None = None,
    record: Callable[[], FormedSpreads] = FormedSpreads,
) -> SpanOutcome:
    """Margin a book by London SPAN; arguments as `margin.methods.MarginMethod.outcome` has them."""
    at_home = replace(contracts, unit_value=contracts.unit_value * foreign_contracts(contracts).spot)
    return margin_book(_LONDON, book, at_home, rates, house, policy, threads=threads, record=record)
