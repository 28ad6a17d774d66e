"""Ids of product families and contracts, which SPAN XML wants to be whole numbers.

Ids are names inside one file: where the source's are whole numbers they are kept, elsewhere they are numbered anew.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import polars as pl

from margin.model.contract import Product
from margin.model.parameters import ParameterSet

_WHOLE = r"^[0-9]{1,9}$"


@dataclass(frozen=True)
class Identifiers:
    """The ids a document uses.

    Attributes:
        products: Id of each product family, by index into ``ParameterSet.products``.
        contracts: Id of each contract, row by row with the contract frame.
        renumbered_contracts: How many contracts lose an id that is no whole number, or have none.
    """

    products: tuple[str, ...]
    contracts: pl.Series
    renumbered_contracts: int


def identifiers(parameters: ParameterSet) -> Identifiers:
    """Choose the ids of a document; a family of a business function has those of the family it is a copy from."""
    products = parameters.products
    own = [product for product in products if product.normal_clearing_org is None]
    kept = {org for org in {product.clearing_org for product in own} if _may_stay(own, org)}
    numbered: Counter[str] = Counter()
    by_key: dict[tuple[str, str, str, str], str] = {}
    for product in own:
        numbered[product.clearing_org] += 1
        stays = product.clearing_org in kept
        by_key[_key(product)] = product.product_id if stays else str(numbered[product.clearing_org])
    contracts, renumbered = _contract_ids(parameters)
    return Identifiers(
        tuple(by_key.get(_key(product), product.product_id) for product in products), contracts, renumbered
    )


def _key(product: Product) -> tuple[str, str, str, str]:
    org = product.normal_clearing_org or product.clearing_org
    return org, product.exchange, product.product_id, product.type


def _may_stay(products: list[Product], org: str) -> bool:
    """Whether the ids of a clearing organisation are whole numbers, each once on its exchange.

    The same id for families of two types would leave open which of them an underlying contract is in.
    """
    own = [(product.exchange, product.product_id) for product in products if product.clearing_org == org]
    return len(set(own)) == len(own) and all(re.fullmatch(_WHOLE, product_id) for _, product_id in own)


def _contract_ids(parameters: ParameterSet) -> tuple[pl.Series, int]:
    is_copy = [product.normal_clearing_org is not None for product in parameters.products]
    ids = parameters.contracts.select("product", "contract_id").with_columns(
        usable=pl.col("contract_id").str.contains(_WHOLE).fill_null(value=False),
        is_copy=pl.Series(is_copy, dtype=pl.Boolean).gather(parameters.contracts["product"]),
    )
    fine = (pl.col("usable").all() & (pl.col("contract_id").n_unique() == pl.len())).over("product")
    ids = ids.with_columns(stays=fine, number=pl.int_range(1, pl.len() + 1).over("product").cast(pl.String))
    ids = ids.with_columns(id=pl.when("stays").then("contract_id").otherwise("number"))
    copies = ids.filter("is_copy")
    if copies.height:
        ids = _with_ids_of_originals(parameters, ids)
    return ids["id"], ids.filter(~pl.col("stays") & ~pl.col("is_copy")).height


def _with_ids_of_originals(parameters: ParameterSet, ids: pl.DataFrame) -> pl.DataFrame:
    """Contracts that business functions list have the new ids of the contracts they stand for."""
    home = {_key(product): i for i, product in enumerate(parameters.products) if product.normal_clearing_org is None}
    original = pl.Series([home.get(_key(product), -1) for product in parameters.products], dtype=pl.Int32)
    known = ids.filter(~pl.col("is_copy")).select("contract_id", home="product", original_id="id")
    joined = ids.with_columns(home=original.gather(ids["product"])).join(
        known, on=["home", "contract_id"], how="left", maintain_order="left"
    )
    return joined.with_columns(id=pl.when("is_copy").then("original_id").otherwise("id"))
