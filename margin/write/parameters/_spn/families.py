"""Product families of an exchange (``phyPf``, ``futPf``, ``oopPf`` …) with their contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.contract import Product
from margin.model.parameters import ParameterSet
from margin.numeric.arrays import BoolArray, IntArray
from margin.write.parameters._spn.contracts import contract_lines
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.text import numbers, tag, tags
from margin.write.parameters._spn.underlyings import Underlyings

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "PHY": "phyPf",
        "DEBT": "debtPf",
        "EQTY": "equityPf",
        "FUT": "futPf",
        "FWD": "fwdPf",
        "OOP": "oopPf",
        "OOF": "oofPf",
        "OOE": "ooePf",
        "CMB": "cmbPf",
        "OOC": "oocPf",
    }
)
"""Family element by product type, in the order of an exchange. Source: CME SPAN XML schema, ``exchange``."""

_WITH_UNDERLYING = frozenset({"FUT", "FWD", "OOP", "OOF", "OOE", "OOC", "CMB"})
_WITH_COUNTRY = frozenset({"DEBT", "EQTY"})
_NO_PRICE = "0"
_BATCH = 40_000


class ExchangeWriter:
    """Writes the exchanges of a document."""

    def __init__(self, parameters: ParameterSet, ids: Identifiers) -> None:
        self._parameters = parameters
        self._ids = ids
        self._underlyings = Underlyings(parameters, ids)
        product = parameters.contracts["product"].to_numpy()
        self._order: IntArray = np.argsort(product, kind="stable")
        self._bounds = np.searchsorted(product[self._order], np.arange(len(parameters.products) + 1))
        self._factors = _family_factors(parameters)

    def exchanges(self, org: str) -> Iterator[str]:
        """The ``exchange`` elements of a clearing organisation."""
        own = [i for i, product in enumerate(self._parameters.products) if product.clearing_org == org]
        ranks = {type_: rank for rank, type_ in enumerate(FAMILIES)}
        for exchange in dict.fromkeys(self._parameters.products[i].exchange for i in own):
            families = [i for i in own if self._parameters.products[i].exchange == exchange]
            families.sort(key=lambda i: (ranks[self._parameters.products[i].type], i))
            yield "<exchange>"
            yield tag("exch", exchange)
            for batch in self._batches(families):
                yield from self._families(batch)
            yield "</exchange>"

    def rows_of(self, product: int) -> IntArray:
        """Rows of a family's contracts, in the order of the frame."""
        return self._order[self._bounds[product] : self._bounds[product + 1]]

    def _batches(self, families: Sequence[int]) -> Iterator[list[int]]:
        """Families in groups with enough contracts for columns to pay, and not too many to hold as text."""
        batch: list[int] = []
        size = 0
        for family in families:
            batch.append(family)
            size += len(self.rows_of(family))
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _families(self, batch: list[int]) -> Iterator[str]:
        rows = np.concatenate([self.rows_of(family) for family in batch])
        factors = pl.Series(self._factors, dtype=pl.Float64)
        lines, scans = contract_lines(self._parameters, rows, self._ids, factors, self._underlyings)
        start = 0
        for family in batch:
            stop = start + len(self.rows_of(family))
            product = self._parameters.products[family]
            element = FAMILIES[product.type]
            yield f"<{element}>"
            yield self._head(family, product)
            if product.type in _WITH_UNDERLYING:
                yield from self._underlyings.families(family)[: None if product.type == "CMB" else 1]
            part = slice(start, stop)
            if product.is_option:
                yield from self._series(rows[part], lines[part], scans[part])
            else:
                yield from lines[part]
            yield f"</{element}>"
            start = stop

    def _head(self, family: int, product: Product) -> str:
        """The fields of a family; what the schema demands and the set does not say stays empty or zero."""
        head = tags(pfId=self._ids.products[family], pfCode=product.code, name=product.name)
        common = tags(
            currency=product.currency,
            contractSize=product.contract_size,
            cvf=self._factors[family],
            priceDl=product.price_decimals,
        )
        method = tags(
            valueMeth=product.value_method, priceMeth=product.price_method or "", setlMeth=product.settlement_method
        )
        if not product.is_option:
            return head + common + method + ("<country></country>" if product.type in _WITH_COUNTRY else "")
        cabinet = _NO_PRICE if product.cabinet_value is None else product.cabinet_value
        options = tags(strikeDl=product.strike_decimals, cab=cabinet)
        model = tag("priceModel", product.price_model or "")
        return head + tag("exercise", product.exercise) + common + options + method + model

    def _series(self, rows: IntArray, lines: pl.Series, scans: pl.Series) -> Iterator[str]:
        """Options in the order of the set, a new series wherever what a series says changes."""
        if not len(rows):
            return
        frame = self._parameters.contracts[rows].select("period", "time_to_expiry")
        said = frame.with_columns(below=pl.Series(self._underlyings.rows[rows]), scan=scans)
        changes: BoolArray = (
            said.select(pl.any_horizontal(pl.all().ne_missing(pl.all().shift(1))) | (pl.int_range(pl.len()) == 0))
            .to_series()
            .to_numpy()
        )
        starts = np.flatnonzero(changes)
        first = said[starts]
        times = numbers(first["time_to_expiry"]).to_list()
        below = self._underlyings.contracts(rows[starts]).to_list()
        bounds = [*starts.tolist(), len(rows)]
        for i, (period, scan) in enumerate(zip(first["period"], first["scan"], strict=True)):
            yield "<series>"
            yield tags(pe=period or "000000", t=times[i], sc=1) + below[i] + scan
            yield from lines[bounds[i] : bounds[i + 1]]
            yield "</series>"


def _family_factors(parameters: ParameterSet) -> list[float | None]:
    """The contract value factor each family states: none where a contract has none, which would take the family's."""
    without = set(parameters.contracts.filter(pl.col("contract_value_factor").is_null())["product"].unique().to_list())
    return [None if i in without else product.contract_value_factor for i, product in enumerate(parameters.products)]
