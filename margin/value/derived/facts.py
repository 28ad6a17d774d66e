"""The contracts to be priced with the terms stated for them: one row each, terms told apart by number."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from margin.model.contract import NO_PERIOD, OPTION_TYPES, contract_name
from margin.model.parameters import ParameterSet
from margin.model.pricing import NO_TERMS, PricingRules, PricingTerms
from margin.numeric.arrays import BoolArray
from margin.value.pricing_models import pricing_model

_OPTION_ON_FUTURE = "OOF"
_LINEAR = "linear"


@dataclass(frozen=True, eq=False)
class Facts:
    """Contracts to be priced.

    Attributes:
        frame: One row per contract: its ``row`` in ``parameters.contracts`` (ascending), ``commodity`` and ``product``
            rows, what the contract itself states, ``terms``, ``model`` (null where none is stated), ``underlying``,
            and the ``level_period`` of the price that moves.
        terms: The different terms; the frame's ``terms`` points into it.
        parameters: The parameters.
        rules: What was stated.
    """

    frame: pl.DataFrame
    terms: tuple[PricingTerms, ...]
    parameters: ParameterSet
    rules: PricingRules

    def has_model(self, *names: str) -> BoolArray:
        """Which contracts have one of these models; shape (contracts,)."""
        return self.frame["model"].is_in(names).fill_null(value=False).to_numpy()

    def models(self) -> list[str]:
        """The models in use, sorted."""
        return sorted(self.frame["model"].drop_nulls().unique())

    def name(self, index: int) -> str:
        """A contract as a user would name it."""
        item = self.frame.row(index, named=True)
        strike = None if item["strike"] is None else f"{item['strike']:.15g}"
        return contract_name(
            item["exchange"],
            item["code"],
            item["type"],
            item["period"],
            item["underlying_period"],
            item["right"],
            strike,
        )


def commodity_of_product(parameters: ParameterSet) -> list[int | None]:
    """Row of the first commodity that links each product."""
    products = {
        (product.clearing_org, product.exchange, product.product_id, product.type): row
        for row, product in enumerate(parameters.products)
    }
    found: list[int | None] = [None] * len(parameters.products)
    for code, commodity in enumerate(parameters.commodities):
        for link in commodity.product_links:
            org = link.clearing_org or commodity.clearing_org
            row = products.get((org, link.exchange, link.product_id, link.type))
            if row is not None and found[row] is None:
                found[row] = code
    return found


def contract_facts(parameters: ParameterSet, rules: PricingRules) -> Facts:
    """The priced contracts of a parameter set, those quoted included."""
    count = parameters.contracts.height
    rows = pl.Series("row", [*rules.priced.tolist(), *range(rules.listed, count)], dtype=pl.Int64)
    frame = parameters.contracts[rows].with_columns(rows).join(_products(parameters), on="product", how="left")
    is_option = pl.col("type").is_in(OPTION_TYPES)
    frame = frame.with_columns(
        is_option=is_option,
        price_period=pl.when(is_option & (pl.col("underlying_period").fill_null("") != ""))
        .then("underlying_period")
        .otherwise("period"),
    )
    frame, terms = _with_terms(frame, parameters, rules)
    return Facts(_with_levels(frame, terms, parameters), terms, parameters, rules)


def _products(parameters: ParameterSet) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "product": range(len(parameters.products)),
            "exchange": [product.exchange for product in parameters.products],
            "code": [product.code for product in parameters.products],
            "type": [product.type for product in parameters.products],
            "commodity": commodity_of_product(parameters),
        },
        schema={
            "product": pl.Int32,
            "exchange": pl.String,
            "code": pl.String,
            "type": pl.String,
            "commodity": pl.Int32,
        },
    )


def _with_terms(
    frame: pl.DataFrame, parameters: ParameterSet, rules: PricingRules
) -> tuple[pl.DataFrame, tuple[PricingTerms, ...]]:
    numbers: dict[PricingTerms, int] = {}

    def number(commodity: int, key: tuple[str, str, str], period: str, own: PricingTerms) -> int:
        item = parameters.commodities[commodity]
        terms = rules.commodities[item.clearing_org, item.code].resolved(key, period, own)
        return numbers.setdefault(terms, len(numbers))

    shared = frame.select("commodity", "exchange", "code", "type", "price_period").unique(maintain_order=True)
    shared = shared.with_columns(
        terms=pl.Series([number(row[0], row[1:4], row[4], NO_TERMS) for row in shared.iter_rows()], dtype=pl.Int32)
    )
    frame = frame.join(shared, on=shared.columns[:-1], how="left", maintain_order="left")
    own = frame.select("row", "commodity", "exchange", "code", "type", "price_period").filter(
        pl.col("row").is_in(list(rules.contracts))
    )
    if own.height:
        stated = [number(row[1], row[2:5], row[5], rules.contracts[row[0]]) for row in own.iter_rows()]
        replaced = own.select("row", own_terms=pl.Series(stated, dtype=pl.Int32))
        frame = frame.join(replaced, on="row", how="left", maintain_order="left")
        frame = frame.with_columns(terms=pl.coalesce("own_terms", "terms")).drop("own_terms")
    return frame, tuple(numbers)


def _with_levels(frame: pl.DataFrame, terms: tuple[PricingTerms, ...], parameters: ParameterSet) -> pl.DataFrame:
    stated = pl.DataFrame(
        {
            "terms": range(len(terms)),
            "option_model": [item.option_model for item in terms],
            "linear_model": [item.linear_model or _LINEAR for item in terms],
            "stated_underlying": [item.underlying for item in terms],
        },
        schema={
            "terms": pl.Int32,
            "option_model": pl.String,
            "linear_model": pl.String,
            "stated_underlying": pl.String,
        },
    )
    codes = pl.DataFrame(
        {"commodity": range(len(parameters.commodities)), "commodity_code": [c.code for c in parameters.commodities]},
        schema={"commodity": pl.Int32, "commodity_code": pl.String},
    )
    frame = frame.join(stated, on="terms", how="left", maintain_order="left")
    frame = frame.join(codes, on="commodity", how="left", maintain_order="left")
    frame = frame.with_columns(
        model=pl.when("is_option").then("option_model").otherwise("linear_model"),
        underlying=pl.coalesce("stated_underlying", "commodity_code"),
    )
    on_spot = [name for name in frame["model"].unique().drop_nulls() if pricing_model(name).IS_ON_SPOT]
    is_on_spot = pl.col("model").is_in(on_spot) & (pl.col("type") != _OPTION_ON_FUTURE)
    return frame.with_columns(level_period=pl.when(is_on_spot).then(pl.lit(NO_PERIOD)).otherwise("price_period"))
