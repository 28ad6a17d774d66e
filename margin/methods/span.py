"""SPAN (Standard Portfolio Analysis of Risk), in its order of evaluation.

Methodology: CME SPAN as published in CME's risk-management pages, advisories and XML schema (``spanrisk.xsd``):
scan; super spreads; spreads inside each commodity; delivery charge; spreads between commodities and between
clearing organisations; then the requirement with its short option minimum and option value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from margin.aggregate.exposure import exposure_margin
from margin.aggregate.figures import SpanFigures
from margin.aggregate.gross import gross_figures
from margin.aggregate.option_value import option_value
from margin.aggregate.settlement import settled_figures
from margin.aggregate.short_option_minimum import short_option_minimum
from margin.aggregate.tables import KindRows, requirement_rows
from margin.model.house import HousePolicy, RoundingPolicy
from margin.model.parameters import RateId
from margin.model.position import MAX_QUANTITY_DECIMALS
from margin.model.problem import Problem
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.exact import as_whole, decimal_scale
from margin.numeric.segments import segment_any, segment_bounds
from margin.numeric.sparse import weighted_row_sums
from margin.resolve.combinations import resolve_combinations
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.grids import grid_codes
from margin.resolve.positions import ResolvedBook
from margin.resolve.rates import HEADLINE, RateTable
from margin.resolve.refusals import refuse_commodities
from margin.scan.cover_losses import CoverLosses
from margin.scan.delta import delta_ledger
from margin.scan.groups import PositionGroups, group_positions
from margin.scan.outright import outright_risk
from margin.scan.risk import add_up_tiers, scan_risk
from margin.spread.evaluation import form_spreads
from margin.spread.measure import Measure
from margin.spread.state import GroupFacts, commodity_states
from margin.spread.targets import groups_with_targets, possible_targets
from margin.value.published import base_arrays

_LOSS_DECIMALS = 6
_QUANTITY_DECIMALS = MAX_QUANTITY_DECIMALS


@dataclass(frozen=True)
class SpanOutcome:
    """What SPAN finds for a whole book.

    Attributes:
        runs: Figures of each set of base rates in use.
        rows: Requirements of every class and kind.
        in_headline: For each run, whether an account's headline figures come from it, shape (accounts,).
        problems: Refused rules of held commodities.
    """

    runs: tuple[SpanFigures, ...]
    rows: tuple[KindRows, ...]
    in_headline: tuple[BoolArray, ...]
    problems: tuple[Problem, ...]

    @property
    def grids(self) -> dict[int, ScenarioGrid]:
        """Scenario grid by commodity code; that of the first run where runs differ."""
        return {code: grid for figures in reversed(self.runs) for code, grid in figures.grids.items()}


def span(
    book: ResolvedBook,
    contracts: ResolvedContracts,
    rates: RateTable,
    house: HousePolicy,
    policy: RoundingPolicy,
    *,
    threads: int | None = None,
) -> SpanOutcome:
    """Margin a book: run the algorithm once per set of base rates, and derive every class and kind from it.

    Args:
        book: Net positions by account and contract.
        contracts: The contracts.
        rates: Rates of each account type, class and kind.
        house: The house's choices.
        policy: Rounding of every step.
        threads: Threads for the scenario sums; `None` for one per processor.
    """
    held = np.unique(contracts.commodity[np.concatenate((book.contract, book.gross.contract))]).tolist()
    combinations = resolve_combinations(contracts)
    runs: list[SpanFigures] = []
    rows: list[KindRows] = []
    in_headline: list[BoolArray] = []
    problems: dict[str, Problem] = {}
    for selection in rates.selections(held):
        types = sorted({account_type for account_type, _ in selection.served})
        asked = np.isin(book.accounts.type_code, types)
        net, gross = _net_groups(book, asked, contracts), _gross_groups(book, asked, contracts)
        types_held = _product_types((net, gross[0]), contracts)
        refused, found = refuse_commodities(contracts, types_held, selection.base, combinations.broken, house.switches)
        problems.update({str(problem): problem for problem in found})
        figures = [span_figures(net, contracts, selection.base, house, policy, refused=refused, threads=threads)]
        if len(gross[0]):
            arrays = base_arrays(contracts, selection.base)
            grids = figures[0].grids
            figures.append(
                gross_figures(
                    *gross, contracts, arrays, selection.base, grids, house, policy, combinations.delta_split, refused
                )
            )
        headline_types = [account_type for account_type, kind in selection.served if kind == HEADLINE]
        for item in figures:
            runs.append(item)
            rows.extend(requirement_rows(item, selection.served, rates, book.accounts.type_code, contracts, policy))
            in_headline.append(np.isin(book.accounts.type_code, headline_types))
    return SpanOutcome(tuple(runs), tuple(rows), tuple(in_headline), tuple(problems.values()))


def _net_groups(book: ResolvedBook, asked: BoolArray, contracts: ResolvedContracts) -> PositionGroups:
    """Net positions of the accounts asked for."""
    own = np.flatnonzero(asked[book.account])
    return group_positions(book.account[own], book.contract[own], book.quantity[own], contracts)


def _gross_groups(
    book: ResolvedBook, asked: BoolArray, contracts: ResolvedContracts
) -> tuple[PositionGroups, FloatArray]:
    """Gross positions of the accounts asked for, with the longs as quantities, and their shorts."""
    gross = book.gross
    own = np.flatnonzero(asked[gross.account])
    groups = group_positions(gross.account[own], gross.contract[own], gross.long[own], contracts)
    return groups, gross.short[own]


def span_figures(
    groups: PositionGroups,
    contracts: ResolvedContracts,
    base: Mapping[int, RateId],
    house: HousePolicy,
    policy: RoundingPolicy,
    *,
    refused: BoolArray,
    threads: int | None = None,
) -> SpanFigures:
    """Run SPAN on one set of base rates for all accounts at once.

    Args:
        groups: Positions grouped by account and commodity.
        contracts: The contracts.
        base: Rate id of each commodity code; commodities without one are not margined.
        house: The house's choices.
        policy: Rounding of every step.
        refused: Commodities that must not be margined, by commodity code.
        threads: Threads for the scenario sums; `None` for one per processor.
    """
    margined = {code: rate for code, rate in base.items() if not refused[code]}
    arrays = base_arrays(contracts, base)
    bounds = segment_bounds(groups.scan_starts, len(groups.contract))
    loss_scale, quantity_scale = (
        decimal_scale(arrays.losses, _LOSS_DECIMALS),
        decimal_scale(groups.quantity, _QUANTITY_DECIMALS),
    )
    whole_losses, whole_quantity = as_whole(arrays.losses, loss_scale), as_whole(groups.quantity, quantity_scale)
    scale = loss_scale * quantity_scale
    losses = weighted_row_sums(bounds, groups.contract, whole_quantity, whole_losses, threads)
    grids, grid_of = grid_codes(contracts, base)
    scan_rows = scan_risk(losses, grid_of[groups.group_commodity[groups.scan_group]], grids, policy, scale)

    ledger = delta_ledger(groups, contracts, arrays.composite_delta, resolve_combinations(contracts).delta_split)
    value = option_value(groups, contracts, policy)
    lenders = possible_targets(contracts, margined)
    account, commodity = groups_with_targets(groups, lenders)
    scan = add_up_tiers(scan_rows, groups.scan_group, len(account))
    facts = GroupFacts(
        account=account,
        commodity=commodity,
        holds=np.arange(len(account)) < len(groups),
        amounts={
            "short_option_minimum": _padded(short_option_minimum(groups, contracts, margined, policy), len(account)),
            "long_option_value": _padded(value.long, len(account)),
            "short_option_value": _padded(value.short, len(account)),
        },
        only_long_options=np.append(value.only_long_options, np.ones(len(account) - len(groups), dtype=np.bool_)),
    )
    states = commodity_states(facts, ledger, contracts, margined, lenders)
    own_losses = CoverLosses(groups, contracts, whole_losses, whole_quantity, losses, scale)
    measure = Measure(contracts, own_losses, grids, grid_of, scan, policy, house.switches)
    spreads = form_spreads(states, contracts, measure)
    return settled_figures(
        states=states,
        spreads=spreads,
        measure=measure,
        groups=groups,
        facts=facts,
        scan_rows=scan_rows,
        contracts=contracts,
        base=base,
        outright=_padded(outright_risk(groups, arrays.losses), len(account)),
        exposure=_padded(exposure_margin(groups, contracts, house.exposure_margin, policy.maintenance), len(account)),
        unusable=np.unique(groups.contract[arrays.unusable[groups.contract]]),
        valid=_valid(groups, arrays.unusable, refused, base, commodity),
    )


def _padded(values: FloatArray, length: int) -> FloatArray:
    """Figures of the groups with positions, and zeros for possible targets."""
    return np.concatenate((values, np.zeros(length - len(values))))


def _valid(
    groups: PositionGroups, unusable: BoolArray, refused: BoolArray, base: Mapping[int, RateId], commodity: np.ndarray
) -> BoolArray:
    """Groups all of whose contracts have an array and a price, in commodities that may be margined."""
    has_rate = np.zeros(len(refused), dtype=np.bool_)
    has_rate[list(base)] = True
    good: BoolArray = has_rate[commodity] & ~refused[commodity]
    good[: len(groups)] &= ~segment_any(unusable[groups.contract], groups.starts)
    return good


def _product_types(held: tuple[PositionGroups, ...], contracts: ResolvedContracts) -> dict[int, frozenset[str]]:
    """Product types held, by commodity code."""
    codes = np.unique(np.concatenate([groups.contract for groups in held]))
    products = contracts.parameters.contracts["product"].to_numpy()[contracts.rows[codes]]
    types: dict[int, set[str]] = {}
    for code, product in sorted({*zip(contracts.commodity[codes].tolist(), products.tolist(), strict=True)}):
        types.setdefault(code, set()).add(contracts.parameters.products[product].type)
    return {code: frozenset(names) for code, names in types.items()}
