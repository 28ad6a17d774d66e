"""Turns quantities as a user counts them into quantities as the parameter file counts them."""

from __future__ import annotations

import numpy as np

from margin.model.house import HousePolicy, QuantityUnit
from margin.model.parameters import ParameterSet
from margin.model.problem import Faults, Reason
from margin.numeric.arrays import FloatArray, IntArray

UNIT_WORDS = {
    QuantityUnit.CONTRACTS: "contracts",
    QuantityUnit.UNITS: "units of the underlying",
    QuantityUnit.LOTS: "lots",
}


def unit_description(house: HousePolicy, unit: QuantityUnit | None) -> str:
    """What the quantities of a run mean, in words for every report."""
    words = UNIT_WORDS[unit or house.quantity_unit]
    basis = f"as house {house.name} counts"
    return f"{words} ({basis})" if unit in (None, house.quantity_unit) else f"{words} (converted by lot size)"


def file_units_per_quantity(
    parameters: ParameterSet, house: HousePolicy, unit: QuantityUnit | None, products: IntArray
) -> FloatArray:
    """How many of the parameter file's units one unit of quantity holds, per product.

    Args:
        parameters: Gives product codes.
        house: Says what the file counts and how large lots are.
        unit: What the positions count; `None` for what the file counts.
        products: Rows of ``parameters.products`` that are held.

    Returns:
        Factor per product of the parameters, shape (all products,); 1 where nothing is converted.

    Raises:
        InputRefused: A lot size is needed that the house does not give.
    """
    factors = np.ones(len(parameters.products))
    if unit is None or unit == house.quantity_unit:
        return factors
    # One contract of a house that counts units is one lot; so is one lot of a house that counts contracts.
    names_one_contract = {QuantityUnit.CONTRACTS, QuantityUnit.LOTS}
    if {unit, house.quantity_unit} == names_one_contract:
        return factors
    faults = Faults()
    missing: set[str] = set()
    for product in np.unique(products):
        code = parameters.products[product].code
        size = house.lot_sizes.get(code)
        if size is None and code not in missing:
            missing.add(code)
            faults.add(
                Reason.MISSING_LOT_SIZE,
                f"quantities in {unit} need the lot size of {code}, which house {house.name} does not give; "
                f"add it under lot_sizes in a house file and name that with --house",
                found=code,
            )
        elif size is not None:
            factors[product] = 1.0 / size if unit == QuantityUnit.UNITS else size
    faults.refuse_if_any()
    return factors
