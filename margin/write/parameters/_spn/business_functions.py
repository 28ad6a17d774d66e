"""Business functions (``businessFunction``): which families they link, and contracts of their own listing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from margin.model.parameters import ClearingOrganisation, ParameterSet
from margin.numeric.arrays import IntArray
from margin.write.parameters._spn.clearing import bond_rates, conversions, grids, settings
from margin.write.parameters._spn.commodities import CommodityWriter
from margin.write.parameters._spn.contracts import array_texts, scan_texts_of_rate
from margin.write.parameters._spn.families import ExchangeWriter
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.spreads import spread_lists
from margin.write.parameters._spn.text import nested, tag, tags


class FunctionWriter:
    """Writes the business functions of a document."""

    def __init__(
        self, parameters: ParameterSet, ids: Identifiers, exchanges: ExchangeWriter, commodities: CommodityWriter
    ) -> None:
        self._parameters = parameters
        self._ids = ids
        self._exchanges = exchanges
        self._commodities = commodities

    def function(self, org: ClearingOrganisation) -> Iterator[str]:
        """A ``businessFunction``; everything it inherits is stated."""
        yield from nested("businessFunction", self._lines(org))

    def _lines(self, org: ClearingOrganisation) -> Iterator[str]:
        yield tags(busFuncType=org.business_function, ec=org.code, name=org.name or "") + settings(org)
        yield from conversions(org)
        yield from bond_rates(org)
        yield from grids(org.grids)
        for home in org.home_organisations:
            yield from nested("busFuncCoLink", self._home(org, home))
        yield from self._commodities.commodities(org.code)
        yield from spread_lists(self._parameters.spreads, org.code)

    def _home(self, org: ClearingOrganisation, home: str) -> Iterator[str]:
        yield tag("ec", home)
        families = self._linked(org, home)
        products = self._parameters.products
        for exchange in dict.fromkeys(products[i].exchange for i in families):
            own = [i for i in families if products[i].exchange == exchange]
            yield from nested("busFuncExchLink", self._exchange(exchange, own))

    def _linked(self, org: ClearingOrganisation, home: str) -> list[int]:
        """Families of a clearing organisation that take part, as they are or with contracts of their own listing."""
        products = self._parameters.products
        listed = [
            i
            for i, product in enumerate(products)
            if product.clearing_org == org.code and product.normal_clearing_org == home
        ]
        names = {
            (link.exchange, link.product_id, link.type)
            for commodity in self._parameters.commodities
            if commodity.clearing_org == org.code
            for link in commodity.product_links
            if link.clearing_org == home
        }
        whole = [
            i
            for i, product in enumerate(products)
            if product.clearing_org == home and (product.exchange, product.product_id, product.type) in names
        ]
        # The schema demands a family; one that no commodity links takes no part.
        return [*listed, *whole] or [i for i, product in enumerate(products) if product.clearing_org == home][:1]

    def _exchange(self, exchange: str, families: list[int]) -> Iterator[str]:
        yield tag("exch", exchange)
        for index in families:
            product = self._parameters.products[index]
            head = tags(pfId=self._ids.products[index], pfCode=product.code, pfType=product.type)
            yield from nested("bfPfLink", [head, *self._listed(index)])

    def _listed(self, index: int) -> Iterator[str]:
        """The ``bfC`` of each contract of a family that a business function lists."""
        product = self._parameters.products[index]
        if product.normal_clearing_org is None:
            return
        rows = self._exchanges.rows_of(index)
        arrays = array_texts(self._parameters, rows)
        for contract_id, scan, array in zip(
            self._ids.contracts.gather(rows), self._ranges(index, rows), arrays, strict=True
        ):
            yield f"<bfC><cId>{contract_id}</cId>{scan}{array}</bfC>"

    def _ranges(self, index: int, rows: IntArray) -> list[str]:
        """Scan ranges that differ from normal clearing's; without such the contract has the same."""
        normal = self._normal_rows(index, rows)
        texts = [""] * len(rows)
        for rate_id, arrays in self._parameters.arrays.items():
            own, theirs = arrays.scan_ranges[rows], arrays.scan_ranges[normal]
            differs = np.logical_or.reduce([own[name].ne_missing(theirs[name]).to_numpy() for name in own.columns])
            found = scan_texts_of_rate(rate_id, own)
            texts = [text + (more if flag else "") for text, more, flag in zip(texts, found, differs, strict=True)]
        return texts

    def _normal_rows(self, index: int, rows: IntArray) -> IntArray:
        """Rows of the contracts that listed ones stand for."""
        product = self._parameters.products[index]
        key = (product.normal_clearing_org, product.exchange, product.product_id, product.type)
        home = next(
            i
            for i, item in enumerate(self._parameters.products)
            if (item.clearing_org, item.exchange, item.product_id, item.type) == key
        )
        candidates = self._exchanges.rows_of(home)
        known = pl.DataFrame({"id": self._ids.contracts.gather(candidates), "row": candidates})
        wanted = pl.DataFrame({"id": self._ids.contracts.gather(rows)})
        found: IntArray = wanted.join(known, on="id", how="left", maintain_order="left")["row"].to_numpy()
        return found
