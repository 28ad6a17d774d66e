"""The contract below each option and future, as ``undC`` and ``undPf`` name it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from margin.model.parameters import ParameterSet
from margin.numeric.arrays import IntArray
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.text import Content, element, tags

NOTHING = "0"
"""The id of a family or contract that is not in the file, where the schema demands a reference."""

UNDERLYING_TYPES = {"OOP": "PHY", "OOF": "FUT", "OOE": "EQTY", "OOC": "CMB"}


def underlying_rows(parameters: ParameterSet) -> IntArray:
    """Row in the contract frame of each contract's underlying, −1 without one, −2 where one is meant but missing.

    A set that names an option's underlying by its period alone has it looked up in the same combined commodity.
    """
    frame = parameters.contracts
    rows = frame["underlying_contract"].fill_null(-1).to_numpy().astype(np.int64)
    by_period = np.flatnonzero((rows < 0) & (frame["underlying_period"].fill_null("") != "").to_numpy())
    if not len(by_period):
        return rows
    commodity = _commodity_of_products(parameters)
    type_of = [product.type for product in parameters.products]
    product, period = frame["product"].to_list(), frame["period"].to_list()
    place: dict[tuple[int, str, str], int] = {}
    for row, (index, own_period) in enumerate(zip(product, period, strict=True)):
        place.setdefault((commodity[index], type_of[index], own_period), row)
    wanted = frame["underlying_period"]
    rows = rows.copy()
    for row in by_period.tolist():
        index = product[row]
        key = (commodity[index], UNDERLYING_TYPES.get(type_of[index], ""), wanted[row])
        rows[row] = place.get(key, -2)
    return rows


def _commodity_of_products(parameters: ParameterSet) -> list[int]:
    """Index of each family's combined commodity, −1 without one."""
    index = {
        (product.clearing_org, product.exchange, product.product_id, product.type): i
        for i, product in enumerate(parameters.products)
    }
    found = [-1] * len(parameters.products)
    for code, commodity in enumerate(parameters.commodities):
        for link in commodity.product_links:
            org = link.clearing_org or commodity.clearing_org
            row = index.get((org, link.exchange, link.product_id, link.type))
            if row is not None and org == commodity.clearing_org:
                found[row] = code
    return found


class Underlyings:
    """Writes references to contracts and families below others."""

    def __init__(self, parameters: ParameterSet, ids: Identifiers) -> None:
        self.rows = underlying_rows(parameters)
        self._parameters = parameters
        self._ids = ids
        self._product = parameters.contracts["product"].to_numpy()
        self._families: dict[int, dict[int, None]] = {}
        known = np.flatnonzero(self.rows >= 0)
        pairs = np.unique(np.stack([self._product[known], self._product[self.rows[known]]]), axis=1)
        for own, below in pairs.T.tolist():
            self._families.setdefault(own, {})[below] = None
        self._leg_of: dict[int, list[dict[str, Any]]] = {}
        for leg in parameters.combination_legs.iter_rows(named=True):
            self._leg_of.setdefault(leg["contract"], []).append(leg)

    def contracts(self, rows: Sequence[int] | IntArray) -> pl.Series:
        """The ``undC`` of each of some contracts."""
        below = self.rows[rows]
        distinct, place = np.unique(np.stack([self._product[rows], below]), axis=1, return_inverse=True)
        texts = [self._contract(own, target) for own, target in distinct.T.tolist()]
        return pl.Series(texts, dtype=pl.String).gather(pl.Series(place.ravel(), dtype=pl.UInt32))

    def legs(self, row: int) -> str:
        """The ``undC`` of each leg of a combination."""
        product = int(self._product[row])
        found = [
            self._contract(
                product,
                -1 if leg["leg"] is None else leg["leg"],
                "A" if leg["ratio"] >= 0 else "B",
                abs(leg["ratio"]),
                legPriceFlag=leg["price_flag"],
                legPrice=leg["price"],
            )
            for leg in self._leg_of.get(row, ())
        ]
        return "".join(found) or self._contract(product, -1)

    def families(self, product: int) -> list[str]:
        """The ``undPf`` of a family: as the source states them, else the families of its underlying contracts."""
        own = self._parameters.products[product]
        by_id = {
            (item.exchange, item.product_id): i
            for i, item in reversed(list(enumerate(self._parameters.products)))
            if item.clearing_org == own.clearing_org
        }
        stated = [by_id.get(reference) for reference in own.underlying]
        candidates: Iterable[int | None] = stated or self._families.get(product, {})
        found = [index for index in candidates if index is not None]
        if not found:
            exchange, reference = own.underlying[0] if own.underlying else (own.exchange, NOTHING)
            return [element("undPf", tags(exch=exchange, pfId=_whole(reference), s="A", i=1))]
        return [self._family(index) for index in found]

    def _family(self, index: int) -> str:
        item = self._parameters.products[index]
        fields = tags(exch=item.exchange, pfId=self._ids.products[index], pfCode=item.code, pfType=item.type)
        return element("undPf", fields, tags(s="A", i=1))

    def _contract(self, product: int, target: int, side: str = "A", ratio: float = 1, **more: Content) -> str:
        if target < 0:
            own = self._parameters.products[product]
            exchange, family = own.underlying[0] if own.underlying else (own.exchange, NOTHING)
            reference = tags(exch=exchange, pfId=_whole(family), cId=NOTHING)
        else:
            index = int(self._product[target])
            item = self._parameters.products[index]
            reference = tags(exch=item.exchange, pfId=self._ids.products[index], cId=self._ids.contracts[target])
        return element("undC", reference, tags(s=side, i=ratio, **more))


def _whole(reference: str) -> str:
    """The id of a family that is not known, which must still be a whole number."""
    return reference if reference.isdecimal() and reference.isascii() else NOTHING
