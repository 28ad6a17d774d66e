"""What SPAN and its variants share: one run per set of base rates for all accounts at once, then every requirement.

A variant says which rules it refuses, how it gathers its arrays, and how it measures tiers. Everything else is
the same steps in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from margin.model.problem import Problem
from margin.model.scenario import ScenarioGrid
from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.exact import as_whole, scale_by_code
from margin.numeric.order import distinct_codes
from margin.numeric.segments import segment_any, segment_bounds
from margin.numeric.sparse import weighted_row_sums
from margin.resolve.combinations import resolve_combinations
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.grids import grid_codes
from margin.resolve.positions import ResolvedBook
from margin.resolve.rates import HEADLINE, RateTable
from margin.resolve.refusals import Rule, refuse_commodities, refuse_lenders
from margin.scan.cover_losses import CoverLosses
from margin.scan.delta import delta_ledger
from margin.scan.groups import PositionGroups, group_positions
from margin.scan.outright import outright_risk
from margin.scan.risk import add_up_tiers, scan_risk
from margin.spread.evaluation import form_spreads
from margin.spread.formed import FormedSpreads
from margin.spread.measure import Measure
from margin.spread.state import GroupFacts, commodity_states
from margin.spread.targets import groups_with_targets, possible_targets
from margin.value.published import BaseArrays

_LOSS_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Variant:
    """Where one method of the family differs from another.

    Attributes:
        rules: What a held commodity may not ask.
        arrays: Gathers risk arrays by contract code in the commodities' currencies.
        price_risk_by_tier: Each intercommodity tier has a weighted futures price risk of its own; otherwise the
            whole commodity's holds for all of them.
    """

    rules: Sequence[Rule]
    arrays: Callable[[ResolvedContracts, Mapping[int, RateId]], BaseArrays]
    price_risk_by_tier: bool


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


def margin_book(
    variant: Variant,
    book: ResolvedBook,
    contracts: ResolvedContracts,
    rates: RateTable,
    house: HousePolicy,
    policy: RoundingPolicy,
    *,
    threads: int | None = None,
    record: Callable[[], FormedSpreads] = FormedSpreads,
) -> SpanOutcome:
    """Margin a book: run the algorithm once per set of base rates, and derive every class and kind from it.

    Args:
        variant: The method.
        book: Net positions by account and contract.
        contracts: The contracts.
        rates: Rates of each account type, class and kind.
        house: The house's choices.
        policy: Rounding of every step.
        threads: Threads for the scenario sums; `None` for one per processor.
        record: Makes what takes the spreads of each run as they form.
    """
    commodity = contracts.commodity[np.concatenate((book.contract, book.gross.contract))]
    held = _with_possible_targets(distinct_codes(commodity, len(contracts.commodities)).tolist(), contracts)
    combinations = resolve_combinations(contracts)
    runs: list[SpanFigures] = []
    rows: list[KindRows] = []
    in_headline: list[BoolArray] = []
    problems: dict[str, Problem] = {}
    for selection in rates.selections(held):
        types = sorted({account_type for account_type, _ in selection.served})
        asked = np.isin(book.accounts.type_code, types)
        net, gross = _net_groups(book, asked, contracts), _gross_groups(book, asked, contracts)
        types_held = {**dict.fromkeys(held, frozenset[str]()), **_product_types((net, gross[0]), contracts)}
        refused, found = refuse_commodities(
            contracts, types_held, selection.base, combinations.broken, house.switches, variant.rules
        )
        found += refuse_lenders(contracts, refused, possible_targets(contracts, selection.base))
        problems.update({str(problem): problem for problem in found})
        figures = [
            span_figures(
                variant,
                net,
                contracts,
                selection.base,
                house,
                policy,
                refused=refused,
                threads=threads,
                formed=record(),
            )
        ]
        if len(gross[0]):
            arrays = variant.arrays(contracts, selection.base)
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


def _with_possible_targets(held: list[int], contracts: ResolvedContracts) -> list[int]:
    """Held commodity codes, and those that scanning-based spreads may merge them into though nobody holds them."""
    targets = possible_targets(contracts, dict.fromkeys(range(len(contracts.commodities)), ""))
    return sorted({*held, *(target for target, lenders in targets.items() if not {*held}.isdisjoint(lenders))})


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
    variant: Variant,
    groups: PositionGroups,
    contracts: ResolvedContracts,
    base: Mapping[int, RateId],
    house: HousePolicy,
    policy: RoundingPolicy,
    *,
    refused: BoolArray,
    threads: int | None = None,
    formed: FormedSpreads | None = None,
) -> SpanFigures:
    """Run the steps on one set of base rates for all accounts at once.

    Args:
        variant: The method.
        groups: Positions grouped by account and commodity.
        contracts: The contracts.
        base: Rate id of each commodity code; commodities without one are not margined.
        house: The house's choices.
        policy: Rounding of every step.
        refused: Commodities that must not be margined, by commodity code.
        threads: Threads for the scenario sums; `None` for one per processor.
        formed: Takes the spreads that form; `None` for a new list.
    """
    margined = {code: rate for code, rate in base.items() if not refused[code]}
    arrays = variant.arrays(contracts, base)
    bounds = segment_bounds(groups.scan_starts, len(groups.contract))
    table, row = arrays.by_side, arrays.rows_by_side(groups.contract, groups.quantity)
    loss_scale = _loss_scale(arrays, contracts, base)
    whole_losses = as_whole(table, loss_scale[:, None])
    scale = groups.quantity_scale * loss_scale[row]
    losses = weighted_row_sums(bounds, row, groups.whole_quantity, whole_losses, threads)
    grids, grid_of = grid_codes(contracts, base)
    scan_rows = scan_risk(
        losses, grid_of[groups.group_commodity[groups.scan_group]], grids, policy, scale[groups.scan_starts]
    )

    split = resolve_combinations(contracts).delta_split
    ledger = delta_ledger(groups, contracts, arrays.composite_delta, split, policy.delta)
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
    own_losses = CoverLosses(groups, contracts, whole_losses, row, losses, scale[groups.starts])
    measure = Measure(
        contracts, own_losses, grids, grid_of, scan, policy, house.switches, by_tier=variant.price_risk_by_tier
    )
    spreads = form_spreads(states, contracts, measure, formed)
    return settled_figures(
        states=states,
        spreads=spreads,
        measure=measure,
        groups=groups,
        facts=facts,
        scan_rows=scan_rows,
        contracts=contracts,
        base=base,
        outright=_padded(outright_risk(groups, arrays), len(account)),
        exposure=_padded(exposure_margin(groups, contracts, house.exposure_margin, policy.maintenance), len(account)),
        unusable=np.unique(groups.contract[arrays.unusable[groups.contract]]),
        valid=_valid(groups, arrays.unusable, refused, base, commodity),
    )


def _loss_scale(arrays: BaseArrays, contracts: ResolvedContracts, base: Mapping[int, RateId]) -> FloatArray:
    """The power of ten that makes all losses of a row's commodity whole numbers, row by row of ``arrays.by_side``."""
    if arrays.short_losses is None:
        return scale_by_code(arrays.losses, contracts.commodity, _LOSS_DECIMALS, set(base))
    both = np.concatenate((arrays.losses, arrays.short_losses), axis=1)
    return np.tile(scale_by_code(both, contracts.commodity, _LOSS_DECIMALS, set(base)), 2)


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
    codes = distinct_codes(np.concatenate([groups.contract for groups in held]), len(contracts))
    product = contracts.parameters.contracts["product"].to_numpy()[contracts.rows[codes]]
    products = len(contracts.parameters.products)
    pairs = np.unique(contracts.commodity[codes].astype(np.int64) * products + product)
    types: dict[int, set[str]] = {}
    for code, row in (divmod(pair, products) for pair in pairs.tolist()):
        types.setdefault(code, set()).add(contracts.parameters.products[row].type)
    return {code: frozenset(names) for code, names in types.items()}
