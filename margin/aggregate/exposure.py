"""Exposure margin: a fraction of notional value that a house asks on top of SPAN."""

from __future__ import annotations

import numpy as np

from margin.model.house import ExposureRule, Rounding, rounded
from margin.numeric.arrays import BoolArray, FloatArray
from margin.numeric.segments import segment_sums
from margin.resolve.contracts import ResolvedContracts
from margin.scan.groups import PositionGroups


def exposure_margin(
    groups: PositionGroups, contracts: ResolvedContracts, rules: tuple[ExposureRule, ...], step: Rounding | None
) -> FloatArray:
    """Σ quantity × contract value factor × price × rate over the positions of each group that a rule fits.

    Args:
        groups: The positions and their groups.
        contracts: Gives products and prices.
        rules: The house's rules; the first that fits a position applies, none for free.
        step: Rounding of the sum.

    Returns:
        Money in each commodity's currency, not negative, NaN where a price that is needed is not known;
        shape (groups,). All NaN without rules.
    """
    if not rules:
        return np.full(len(groups), np.nan)
    held = np.unique(groups.contract)
    charge = np.zeros(len(groups.contract))
    free = np.ones(len(groups.contract), dtype=np.bool_)
    for rule in rules:
        fits = np.zeros(len(contracts), dtype=np.bool_)
        fits[held] = _fits(rule, contracts, held)
        unit = np.zeros(len(contracts))
        unit[held] = _unit_notional(rule, contracts, held)
        sides = {"long": groups.quantity > 0.0, "short": groups.quantity < 0.0, "both": groups.quantity != 0.0}
        own = free & fits[groups.contract] & sides[rule.side]
        charge[own] = np.abs(groups.quantity[own]) * unit[groups.contract[own]] * rule.rate
        free &= ~own
    return rounded(segment_sums(charge, groups.starts), step)


def _fits(rule: ExposureRule, contracts: ResolvedContracts, codes: np.ndarray) -> BoolArray:
    products = contracts.parameters.products
    wanted = np.array(
        [
            (not rule.products or product.code in rule.products) and (not rule.types or product.type in rule.types)
            for product in products
        ],
        dtype=np.bool_,
    )
    fits: BoolArray = wanted[contracts.parameters.contracts["product"].to_numpy()[contracts.rows[codes]]]
    return fits


def _unit_notional(rule: ExposureRule, contracts: ResolvedContracts, codes: np.ndarray) -> FloatArray:
    """Notional value of one contract; NaN where the price is not known."""
    frame = contracts.parameters.contracts
    own = frame[contracts.rows[codes]]
    factor = own["contract_value_factor"].fill_null(1.0).to_numpy()
    price = own["price"] if rule.price == "own" else frame["price"].gather(own["underlying_contract"])
    notional: FloatArray = np.abs(price.fill_null(float("nan")).to_numpy()) * factor
    return notional
