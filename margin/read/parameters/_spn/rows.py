"""Where the contracts of a SPAN XML file stand in its element table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.numeric.arrays import CodeArray
from margin.read.parameters._spn.bulk import Owners
from margin.read.parameters._spn.elements import ElementTable
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Reading

CONTRACT_ELEMENTS = ("phy", "debt", "equity", "fut", "fwd", "IRSwap", "CDSwap", "eDebt", "cmb", "opt")
"""Names of the elements that are contracts. Source: CME SPAN XML schema, types ``PhyPf`` … ``OptionPF``."""


@dataclass(frozen=True)
class ContractRows:
    """Where the contracts stand.

    Attributes:
        contracts: The contract elements.
        series: The series elements of options.
        product: Index of each contract's product family; shape (contracts,).
        series_of: Index of each contract's series, −1 without one; shape (contracts,).
    """

    contracts: Owners
    series: Owners
    product: CodeArray
    series_of: CodeArray


def find_contracts(table: ElementTable, families: Families, reading: Reading) -> ContractRows:
    """Find the contracts of all product families that are read."""
    family_of = np.full(len(table) + 1, -1, dtype=np.int32)
    family_of[families.rows] = np.arange(len(families.rows), dtype=np.int32)
    parent = table.parent
    series_rows = table.rows("series")
    series_rows = series_rows[family_of[parent[series_rows]] >= 0]
    family_of[series_rows] = family_of[parent[series_rows]]
    rows = np.sort(np.concatenate([table.rows(name) for name in CONTRACT_ELEMENTS]))
    rows = rows[family_of[parent[rows]] >= 0]
    series = Owners(table, series_rows, reading)
    return ContractRows(
        contracts=Owners(table, rows, reading),
        series=series,
        product=family_of[parent[rows]],
        series_of=series.index[parent[rows]],
    )
