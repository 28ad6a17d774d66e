"""Quotes of market data as contracts: those that are listed find their numbers, others may become contracts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from margin.model.contract import CONTRACT_SCHEMA, OPTION_TYPES, SCAN_RANGE_SCHEMA
from margin.model.market import MarketData
from margin.model.parameters import ParameterSet, RateArrays
from margin.model.pricing import PricingRules
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.value.derived.facts import commodity_of_product

IDENTITY = ("product", "period", "underlying_period", "right", "strike")
"""What tells a contract from all others."""

_NAMED = 10

Number = TypeVar("Number", np.float64, np.int32)


@dataclass(frozen=True, eq=False)
class MatchedQuotes:
    """Quotes of products that the parameters have.

    Attributes:
        frame: `IDENTITY` and the quoted numbers.
        warnings: About quotes of other products.
    """

    frame: pl.DataFrame
    warnings: tuple[Problem, ...]


def identities(contracts: pl.DataFrame) -> pl.DataFrame:
    """The identity of contracts, as quotes have it."""
    return contracts.select("product", "period", pl.col("underlying_period").fill_null(""), "right", "strike")


def match_quotes(parameters: ParameterSet, rules: PricingRules, market: MarketData, faults: Faults) -> MatchedQuotes:
    """Find the product of every quote: by exchange, code and type, or without an exchange by code and type."""
    quotes = market.quotes.with_columns(pl.col("underlying_period").fill_null(""))
    products = _products(parameters, rules)
    placed = _joined(quotes, products)
    found = placed.filter(pl.col("product_row").is_not_null())
    doubtful = found.filter(pl.col("exchanges") > 1).select("product", "type").unique(maintain_order=True)
    for code, type_ in doubtful.iter_rows():
        faults.add(
            Reason.AMBIGUOUS_CONTRACT,
            f"quotes of {code} {type_} name no exchange, and several exchanges list it; add the column exchange",
        )
    unknown = placed.filter(pl.col("product_row").is_null())
    frame = found.filter(pl.col("exchanges") <= 1).select(
        pl.col("product_row").alias("product"),
        *IDENTITY[1:],
        quoted_price="price",
        quoted_volatility="volatility",
        quoted_time="time_to_expiry",
    )
    return MatchedQuotes(frame, _unknown(unknown, market))


def _joined(quotes: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Quotes with their product's row, and the number of exchanges that it might be of."""
    named = quotes.filter(pl.col("exchange").is_not_null())
    unnamed = quotes.filter(pl.col("exchange").is_null())
    by_code = products.group_by("product", "type", maintain_order=True).agg(
        pl.col("product_row").first(), exchanges=pl.len().cast(pl.UInt32)
    )
    exact = products.with_columns(exchanges=pl.lit(1, dtype=pl.UInt32))
    return pl.concat(
        [
            named.join(exact, on=["exchange", "product", "type"], how="left", maintain_order="left"),
            unnamed.join(by_code, on=["product", "type"], how="left", maintain_order="left"),
        ]
    )


def _products(parameters: ParameterSet, rules: PricingRules) -> pl.DataFrame:
    """Products of house configurations."""
    rows = [
        (product.exchange, product.code, product.type, row)
        for row, (product, code) in enumerate(zip(parameters.products, commodity_of_product(parameters), strict=True))
        if code is not None
        and (parameters.commodities[code].clearing_org, parameters.commodities[code].code) in rules.commodities
    ]
    schema = {"exchange": pl.String, "product": pl.String, "type": pl.String, "product_row": pl.Int32}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _unknown(unknown: pl.DataFrame, market: MarketData) -> tuple[Problem, ...]:
    if unknown.is_empty():
        return ()
    names = unknown.select("product", "type").unique(maintain_order=True)
    shown = ", ".join(f"{code} {type_}" for code, type_ in names.head(_NAMED).iter_rows())
    more = f" and {names.height - _NAMED} more" if names.height > _NAMED else ""
    counted = "1 quote is" if unknown.height == 1 else f"{unknown.height:,} quotes are"
    message = f"{counted} of products that no house configuration lists, and not used: {shown}{more}"
    path = market.sources[0].path if len(market.sources) == 1 else None
    return (Problem(Reason.UNKNOWN_CONTRACT, message, Severity.WARNING, file=path),)


def with_quoted_contracts(
    parameters: ParameterSet, rules: PricingRules, quotes: MatchedQuotes, faults: Faults
) -> ParameterSet:
    """The parameters with a contract for every quote of an organisation that takes them, besides those listed."""
    if not rules.take_quoted:
        return parameters
    codes = commodity_of_product(parameters)
    taking = [
        row
        for row, code in enumerate(codes)
        if code is not None and parameters.commodities[code].clearing_org in rules.take_quoted
    ]
    new = quotes.frame.filter(pl.col("product").is_in(taking)).join(
        identities(parameters.contracts), on=list(IDENTITY), how="anti", nulls_equal=True, maintain_order="left"
    )
    new = new.select(IDENTITY).unique(maintain_order=True)
    facts = pl.DataFrame(
        {
            "product": range(len(parameters.products)),
            "exchange": [product.exchange for product in parameters.products],
            "code": [product.code for product in parameters.products],
            "type": [product.type for product in parameters.products],
            "contract_value_factor": [product.contract_value_factor for product in parameters.products],
        },
        schema_overrides={"product": pl.Int32, "contract_value_factor": pl.Float64},
    )
    new = new.join(facts, on="product", how="left", maintain_order="left")
    is_option = pl.col("type").is_in(OPTION_TYPES)
    _check(new, is_option, faults)
    strike = pl.col("strike").cast(pl.String).str.replace(r"\.0$", "")
    parts = [*(pl.col(name) for name in ("exchange", "code", "type", "period", "underlying_period", "right")), strike]
    named = new.with_columns(
        contract_id=pl.concat_str([pl.when(part != "").then(part) for part in parts], separator=" ", ignore_nulls=True),
        underlying_period=pl.when(is_option).then("underlying_period"),
        delta_scaling_factor=pl.lit(1.0),
    )
    rows = named.select(
        (pl.col(name) if name in named.columns else pl.lit(None, dtype=dtype).alias(name)).cast(dtype)
        for name, dtype in CONTRACT_SCHEMA.items()
    )
    return _appended(parameters, rows)


def _check(new: pl.DataFrame, is_option: pl.Expr, faults: Faults) -> None:
    incomplete = {
        "right and strike": is_option & (pl.col("right").is_null() | pl.col("strike").is_null()),
        "an underlying expiry": (pl.col("type") == "OOF") & (pl.col("underlying_period") == ""),
        "an expiry": (is_option | pl.col("type").is_in(["FUT", "FWD"])) & (pl.col("period") == ""),
    }
    for what, condition in incomplete.items():
        found = new.filter(condition)
        if found.height:
            products = ", ".join(found["code"].unique(maintain_order=True).head(_NAMED))
            message = f"{found.height:,} quotes of {products} are to be contracts and lack {what}; add it to the quotes"
            faults.add(Reason.MISSING_FIELD, message)


def _appended(parameters: ParameterSet, rows: pl.DataFrame) -> ParameterSet:
    empty = SCAN_RANGE_SCHEMA.to_frame().clear(rows.height)
    arrays = {
        rate_id: RateArrays(
            _longer(item.losses, rows.height),
            _longer(item.composite_delta, rows.height),
            _longer(item.points, rows.height),
            pl.concat([item.scan_ranges, empty]),
            None if item.tick_values is None else np.concatenate([item.tick_values, np.full(rows.height, np.nan)]),
        )
        for rate_id, item in parameters.arrays.items()
    }
    return replace(parameters, contracts=pl.concat([parameters.contracts, rows]), arrays=arrays)


def _longer(array: npt.NDArray[Number], rows: int) -> npt.NDArray[Number]:
    """An array with rows of zeros behind it, which take no memory until they are written to."""
    longer = np.zeros((len(array) + rows, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def as_read(parameters: ParameterSet, rules: PricingRules) -> ParameterSet:
    """The parameters as they were read, without contracts and prices of an earlier market."""
    if rules.as_read is None:
        return replace(parameters, pricing_rules=replace(rules, as_read=parameters.contracts))
    arrays = {
        rate_id: RateArrays(
            item.losses[: rules.listed],
            item.composite_delta[: rules.listed],
            item.points[: rules.listed],
            item.scan_ranges[: rules.listed],
            None if item.tick_values is None else item.tick_values[: rules.listed],
        )
        for rate_id, item in parameters.arrays.items()
    }
    return replace(parameters, contracts=rules.as_read, arrays=arrays)
