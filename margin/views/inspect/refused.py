"""What the engine would not margin if it were held, found by the rules that a calculation applies."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np

from margin.model.house import HousePolicy
from margin.model.parameters import RateId
from margin.model.problem import InputRefused, Problem, Reason, Severity
from margin.numeric.arrays import BoolArray
from margin.resolve.accounts import STANDARD_ACCOUNT_TYPES
from margin.resolve.combinations import resolve_combinations
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.london_rules import LONDON_ONLY
from margin.resolve.rates import HEADLINE, resolve_rates
from margin.resolve.refusals import refuse_commodities
from margin.resolve.span_rules import RULES
from margin.value.published import base_arrays


@dataclass(frozen=True)
class Holdable:
    """What could be margined if somebody held all of it, by the method ``span``.

    Attributes:
        base: The first rate id that any account type pays on, by commodity code.
        problems: What would be refused and why; of contracts that could not be used, how many.
        is_refused: Commodities that would not be margined, by commodity code.
        is_unusable: Contracts without a risk array, and premium options without a price, by contract code.
    """

    base: Mapping[int, RateId]
    problems: tuple[Problem, ...]
    is_refused: BoolArray
    is_unusable: BoolArray


def holdable(contracts: ResolvedContracts, house: HousePolicy) -> Holdable:
    """Ask the rules of a calculation about every commodity."""
    every = range(len(contracts.commodities))
    refused = np.zeros(len(every), dtype=np.bool_)
    problems: dict[str, Problem] = {}
    base: dict[int, RateId] = {}
    maintained: set[int] = set()
    broken = resolve_combinations(contracts).broken
    types = _types_by_commodity(contracts)
    account_types = contracts.parameters.account_types or STANDARD_ACCOUNT_TYPES
    try:
        selections = resolve_rates(contracts, account_types, house).selections(list(every))
    except InputRefused as stopped:
        selections = []
        problems.update({str(problem): problem for problem in stopped.problems})
    for selection in selections:
        is_refused, found = refuse_commodities(
            contracts, types, selection.base, broken, house.switches, (*RULES, *LONDON_ONLY)
        )
        refused |= is_refused
        problems.update({str(problem): problem for problem in found})
        base = {**selection.base, **base}
        if any(kind == HEADLINE for _, kind in selection.served):
            maintained.update(selection.base)
    if maintained or not problems:
        problems.update({str(problem): problem for problem in _without_rate(contracts, maintained)})
    unusable = base_arrays(contracts, base).unusable
    problems.update({str(problem): problem for problem in _unusable(contracts, unusable)})
    refused[[code for code in every if code not in maintained]] = True
    return Holdable(base, tuple(problems.values()), refused, unusable)


def _types_by_commodity(contracts: ResolvedContracts) -> dict[int, frozenset[str]]:
    """Product types by commodity code."""
    products = contracts.parameters.products
    product = contracts.parameters.contracts["product"].to_numpy()[contracts.rows].astype(np.int64)
    types: dict[int, set[str]] = {code: set() for code in range(len(contracts.commodities))}
    for pair in np.unique(contracts.commodity.astype(np.int64) * len(products) + product).tolist():
        code, row = divmod(pair, len(products))
        types[code].add(products[row].type)
    return {code: frozenset(names) for code, names in types.items()}


def _without_rate(contracts: ResolvedContracts, maintained: Container[int]) -> list[Problem]:
    """One error per commodity that no account type pays maintenance in."""
    return [
        Problem(
            Reason.MISSING_RATE,
            f"commodity {item.code} has no maintenance rate with risk arrays for any account type; it is not margined",
            line=item.line,
            attributes={"clearing_org": item.clearing_org, "commodity": item.code},
        )
        for code, item in enumerate(contracts.commodities)
        if code not in maintained
    ]


def _unusable(contracts: ResolvedContracts, unusable: BoolArray) -> list[Problem]:
    """One warning per commodity with contracts that have no array or price."""
    count = np.bincount(contracts.commodity[unusable], minlength=len(contracts.commodities))
    return [
        Problem(
            Reason.MISSING_RATE,
            f"{number:,} contract{'' if number == 1 else 's'} of commodity {item.code} without risk array or price: "
            "an account that holds one has no requirement in the commodity",
            Severity.WARNING,
            line=item.line,
            attributes={"clearing_org": item.clearing_org, "commodity": item.code, "contracts": number},
        )
        for number, item in zip(count.tolist(), contracts.commodities, strict=True)
        if number
    ]
