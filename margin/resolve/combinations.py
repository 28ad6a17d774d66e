"""Combinations: which are margined as they stand, and which by their legs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from margin.numeric.arrays import FloatArray, IntArray
from margin.resolve.contracts import ResolvedContracts

OWN_ARRAY = "NONE"
SPLIT = "SPLIT"
DELTA_SPLIT = "DELTASPLIT"
METHODS = frozenset({None, "", OWN_ARRAY, SPLIT, DELTA_SPLIT})
"""Method words of the file; a file that is silent means `OWN_ARRAY`."""


@dataclass(frozen=True)
class Legs:
    """Legs of some combinations, ascending by combination: contract codes and signed leg contracts per combination."""

    combination: IntArray
    leg: IntArray
    ratio: FloatArray


@dataclass(frozen=True)
class Combinations:
    """Combinations that do not stand on their own.

    Attributes:
        split: Replaced by positions in their legs. Source: SPAN XML ``cmbMeth`` SPLIT.
        delta_split: With an array of their own, but with the deltas of their legs; ``cmbMeth`` DELTASPLIT.
        broken: Codes of combinations that ask for their legs where these cannot be used: a leg that belongs to
            no commodity, is a combination itself or, for a delta split, belongs to another commodity.
    """

    split: Legs
    delta_split: Legs
    broken: frozenset[int]


def resolve_combinations(contracts: ResolvedContracts) -> Combinations:
    """Find the legs of every combination whose method is about its legs."""
    legs = contracts.parameters.combination_legs
    methods = _methods(contracts)
    if legs.is_empty() or not methods:
        empty = Legs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
        return Combinations(empty, empty, frozenset())
    organisation = [item.clearing_org for item in contracts.commodities]
    code_of = {
        (int(row), organisation[commodity]): code
        for code, (row, commodity) in enumerate(zip(contracts.rows, contracts.commodity, strict=True))
    }
    by_row: dict[int, list[tuple[int, float]]] = {}
    for row, leg, ratio in legs.select("contract", "leg", "ratio").iter_rows():
        by_row.setdefault(row, []).append((leg, ratio))
    found: dict[str, list[tuple[int, int, float]]] = {SPLIT: [], DELTA_SPLIT: []}
    broken: set[int] = set()
    for code, method in sorted(methods.items()):
        row, own = int(contracts.rows[code]), organisation[contracts.commodity[code]]
        parts = [(code_of.get((leg, own)), leg, ratio) for leg, ratio in by_row.get(row, ())]
        usable = parts and all(leg_code is not None and leg not in by_row for leg_code, leg, _ in parts)
        if method == DELTA_SPLIT:
            usable = usable and all(contracts.commodity[leg] == contracts.commodity[code] for leg, _, _ in parts)
        if usable:
            found[method].extend((code, leg, ratio) for leg, _, ratio in parts if leg is not None)
        else:
            broken.add(code)
    return Combinations(_legs(found[SPLIT]), _legs(found[DELTA_SPLIT]), frozenset(broken))


def _legs(parts: list[tuple[int, int, float]]) -> Legs:
    combination, leg, ratio = zip(*parts, strict=True) if parts else ((), (), ())
    return Legs(np.array(combination, np.int64), np.array(leg, np.int64), np.array(ratio, np.float64))


def _methods(contracts: ResolvedContracts) -> Mapping[int, str]:
    """Method of each combination that is margined by its legs, by contract code."""
    parameters = contracts.parameters
    products = parameters.contracts["product"].to_numpy()[contracts.rows]
    combined = np.array([product.type == "CMB" for product in parameters.products], dtype=np.bool_)
    methods = {}
    for code in np.flatnonzero(combined[products]) if len(products) else ():
        commodity = contracts.commodities[contracts.commodity[code]]
        product = parameters.products[products[code]]
        link = next(
            (
                item.combination_method
                for item in commodity.product_links
                if (item.exchange, item.product_id, item.type) == (product.exchange, product.product_id, product.type)
            ),
            None,
        )
        method = link or commodity.combination_method
        if method in (SPLIT, DELTA_SPLIT):
            methods[int(code)] = method
    return methods


def expanded(rows_code: IntArray, legs: Legs) -> tuple[IntArray, IntArray, FloatArray]:
    """Replace combinations by their legs.

    Args:
        rows_code: Contract code of each row.
        legs: Legs by combination.

    Returns:
        For each resulting row: the row it came from, its contract code, and the factor on its quantity.
    """
    first = np.searchsorted(legs.combination, rows_code, side="left")
    count = np.searchsorted(legs.combination, rows_code, side="right") - first
    repeat = np.maximum(count, 1)
    row = np.repeat(np.arange(len(rows_code)), repeat)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    is_leg = count[row] > 0
    place = np.where(is_leg, first[row] + offset, 0)
    if not len(legs.leg):
        return row, rows_code[row], np.ones(len(row))
    return row, np.where(is_leg, legs.leg[place], rows_code[row]), np.where(is_leg, legs.ratio[place], 1.0)
