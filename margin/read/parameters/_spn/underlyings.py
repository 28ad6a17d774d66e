"""Underlying contracts of options and futures, and the legs of combinations (``undC``)."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.model.contract import COMBINATION_LEG_SCHEMA
from margin.model.problem import Reason
from margin.numeric.arrays import CodeArray
from margin.read.parameters._spn.bulk import Owners
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Reading
from margin.read.parameters._spn.rows import ContractRows

_SIDES = {"A": 1.0, "B": -1.0, "+": 1.0, "-": -1.0, "L": 1.0, "S": -1.0, "1": 1.0, "-1": -1.0}


class Underlyings:
    """Resolves ``undC`` elements, which name a contract by exchange, product id and contract id."""

    def __init__(self, found: ContractRows, families: Families, reading: Reading) -> None:
        self.found = found
        self.families = families
        self.reading = reading
        table = found.contracts.table
        rows = table.rows("undC")
        parent = table.parent[rows]
        self.contract = found.contracts.index[parent] if len(rows) else np.empty(0, dtype=np.int32)
        self.series = found.series.index[parent] if len(rows) else np.empty(0, dtype=np.int32)
        kept = (self.contract >= 0) | (self.series >= 0)
        self.contract, self.series = self.contract[kept], self.series[kept]
        self.owners = Owners(table, rows[kept], reading)
        self.targets: CodeArray | None = None

    def rows_of_contracts(self, contract_id: pl.Series) -> CodeArray:
        """Row in the contract frame of each contract's (or its series') first underlying, −1 without one."""
        target = self._resolve(contract_id)
        by_contract = np.full(len(self.found.contracts), -1, dtype=np.int32)
        by_series = np.full(len(self.found.series) + 1, -1, dtype=np.int32)
        # Written backwards so that the first of several underlyings stays.
        own = np.flatnonzero(self.contract >= 0)[::-1]
        by_contract[self.contract[own]] = target[own]
        of_series = np.flatnonzero(self.series >= 0)[::-1]
        by_series[self.series[of_series]] = target[of_series]
        return np.where(by_contract >= 0, by_contract, by_series[self.found.series_of])

    def _resolve(self, contract_id: pl.Series) -> CodeArray:
        """Row in the contract frame of each ``undC``, −1 where nothing has that id; shape (undC,)."""
        if self.targets is not None:
            return self.targets
        found, owners = self.found, self.owners
        product = np.where(
            self.contract >= 0,
            found.product[np.maximum(self.contract, 0)] if len(found.product) else -1,
            self._products_of_series(),
        )
        named = pl.DataFrame(
            {
                "product": pl.Series(product, dtype=pl.Int32),
                "exchange": owners.texts("exch").fill_null(""),
                "product_id": owners.texts("pfId").fill_null(""),
                "contract_id": owners.texts("cId").fill_null(""),
            }
        )
        pairs = named.select("product", "exchange", "product_id").unique(maintain_order=True)
        families = [self.families.underlying_of(*pair) for pair in pairs.iter_rows()]
        pairs = pairs.with_columns(pl.Series("family", families, dtype=pl.Int32))
        contracts = pl.DataFrame({"family": pl.Series(found.product, dtype=pl.Int32), "contract_id": contract_id})
        contracts = contracts.with_row_index("target").unique(["family", "contract_id"], keep="first")
        joined = named.join(pairs, on=["product", "exchange", "product_id"], how="left", maintain_order="left").join(
            contracts, on=["family", "contract_id"], how="left", maintain_order="left"
        )
        self.targets = joined["target"].cast(pl.Int32).fill_null(-1).to_numpy()
        self._warn_of_unresolved(named.filter(pl.Series(self.targets < 0)))
        return self.targets

    def _products_of_series(self) -> CodeArray:
        table, series = self.found.series.table, self.found.series
        family_of = np.full(len(table), -1, dtype=np.int32)
        family_of[self.families.rows] = np.arange(len(self.families.rows), dtype=np.int32)
        by_series = np.append(family_of[table.parent[series.rows]], -1)
        result: CodeArray = by_series[self.series]
        return result

    def _warn_of_unresolved(self, unresolved: pl.DataFrame) -> None:
        """One warning per product family whose underlying contracts are not in the file."""
        for (index,), rows in unresolved.group_by("product", maintain_order=True):
            product = self.families.products[int(str(index))]
            example = rows.row(0, named=True)
            self.reading.warn(
                Reason.UNKNOWN_CONTRACT,
                f"{product.type} product family {product.code}: {rows.height:,} underlying contracts "
                f"are not in the file, such as exchange {example['exchange']}, product id {example['product_id']}, "
                f"contract id {example['contract_id']}; their underlying period is left empty",
                line=product.line,
                found=rows.height,
            )

    def combination_legs(self, contract_id: pl.Series, types: pl.Series) -> pl.DataFrame:
        """Legs of combinations, each with the signed number of leg contracts."""
        in_combination = (
            (self.contract >= 0) & (types == "CMB").to_numpy()[np.maximum(self.contract, 0)]
            if len(types)
            else self.contract >= 0
        )
        which = np.flatnonzero(in_combination)
        legs = Owners(self.owners.table, self.owners.rows[which], self.reading)
        sides = legs.texts("s", required=True).to_list()
        signs = np.array([_SIDES.get(side or "A", np.nan) for side in sides], dtype=np.float64)
        for i in np.flatnonzero(np.isnan(signs)).tolist():
            self.reading.faults.add(
                Reason.INVALID_VALUE,
                f"{legs.place(int(legs.rows[i]))}/s: found {sides[i]!r}, expected A or B",
                line=legs.table.line_of(int(legs.rows[i])),
            )
        target = self._resolve(contract_id)[which]
        return pl.DataFrame(
            {
                "contract": self.contract[which],
                "leg": pl.Series(target, dtype=pl.Int32).set(pl.Series(target < 0), None),
                "ratio": signs * legs.numbers("i", required=True),
                "price_flag": legs.texts("legPriceFlag"),
                "price": legs.numbers("legPrice"),
            },
            schema=COMBINATION_LEG_SCHEMA,
            nan_to_null=True,
        )
