"""All contracts of a parameter set in one frame, named by lasting codes and never by a file's internal ids."""

from __future__ import annotations

import polars as pl

from margin.model.contract import NO_PERIOD, OPTION_TYPES
from margin.model.parameters import ParameterSet, RateId
from margin.numeric.arrays import IntArray
from margin.resolve.contracts import resolve_contracts

SERIES = ("clearing_org", "commodity", "exchange", "product", "type", "period", "underlying_period")
"""What contracts of one expiry of one product share."""

RANGES = (
    "price_scan",
    "price_scan_down",
    "price_scan_percent",
    "price_scan_down_percent",
    "volatility_scan",
    "volatility_scan_down",
    "volatility_scan_percent",
    "volatility_scan_down_percent",
)
"""The scan ranges a file may state, as `margin.model.contract.SCAN_RANGE_SCHEMA` names them."""

_WITH_UNDERLYING_PERIOD = ("OOF", "OOC")


def contract_table(parameters: ParameterSet) -> pl.DataFrame:
    """One row per contract in the order of the file.

    Returns:
        Columns `SERIES` (``commodity`` is empty for a contract of no combined commodity, ``underlying_period`` for
        other than options on futures and combinations), ``row`` in the contract frame, ``right``, ``strike``,
        ``price``, ``value`` (price × contract value factor, or as the file states it), ``contract_value_factor``
        (the family's where the contract has none), ``delta_scaling_factor`` (the product link's included),
        ``is_option``, ``currency`` and ``margin_currency`` of the commodity.
    """
    return parameters.once("contract table", lambda: _contract_table(parameters))


def _contract_table(parameters: ParameterSet) -> pl.DataFrame:
    contracts = resolve_contracts(parameters)
    products = pl.DataFrame(
        [
            (row, item.clearing_org, item.exchange, item.code, item.type, item.contract_value_factor, item.currency)
            for row, item in enumerate(parameters.products)
        ],
        schema={
            "product": pl.Int32,
            "clearing_org": pl.String,
            "exchange": pl.String,
            "product_code": pl.String,
            "type": pl.String,
            "family_factor": pl.Float64,
            "currency": pl.String,
        },
        orient="row",
    )
    commodities = pl.DataFrame(
        {
            "code": range(len(contracts.commodities)),
            "commodity": [item.code for item in contracts.commodities],
            "margin_currency": [item.currency for item in contracts.commodities],
        },
        schema={"code": pl.Int32, "commodity": pl.String, "margin_currency": pl.String},
    )
    places = (
        pl.DataFrame(
            {"row": contracts.rows, "code": contracts.commodity, "scale": contracts.delta_scale},
            schema={"row": pl.UInt32, "code": pl.Int32, "scale": pl.Float64},
        )
        .unique("row", keep="first", maintain_order=True)
        .join(commodities, on="code", how="left", maintain_order="left")
        .drop("code")
    )
    factor = pl.coalesce("contract_value_factor", "family_factor")
    return (
        parameters.contracts.select(
            "product",
            "period",
            "underlying_period",
            "right",
            "strike",
            "price",
            "contract_value",
            "contract_value_factor",
            "delta_scaling_factor",
        )
        .with_row_index("row")
        .join(products, on="product", how="left", maintain_order="left")
        .join(places, on="row", how="left", maintain_order="left")
        .with_columns(
            contract_value_factor=factor,
            delta_scaling_factor=pl.coalesce("scale", "delta_scaling_factor"),
            value=pl.when(pl.col("price").is_not_null())
            .then(pl.col("price") * pl.col("contract_value_factor").fill_null(1.0))
            .otherwise("contract_value"),
            is_option=pl.col("type").is_in(list(OPTION_TYPES)),
            underlying_period=pl.when(pl.col("type").is_in(list(_WITH_UNDERLYING_PERIOD)))
            .then("underlying_period")
            .fill_null(NO_PERIOD),
            commodity=pl.col("commodity").fill_null(""),
        )
        .drop("product", "family_factor", "contract_value")
        .rename({"product_code": "product"})
        .select(
            *SERIES,
            "row",
            "right",
            "strike",
            "price",
            "value",
            "contract_value_factor",
            "delta_scaling_factor",
            "is_option",
            "currency",
            "margin_currency",
        )
    )


def ranges_of_contracts(parameters: ParameterSet, rate_id: RateId) -> pl.DataFrame:
    """The scan ranges of a rate id row by row with `contract_table`: columns `RANGES`."""
    return parameters.arrays[rate_id].scan_ranges.select(RANGES)


def stated_ranges(parameters: ParameterSet, rows: IntArray | None = None) -> pl.DataFrame:
    """The different scan ranges that each series of contracts has.

    Args:
        parameters: The parameters.
        rows: Rows in the contract frame of the contracts wanted; `None` for all of them.

    Returns:
        Columns `SERIES`, ``rate_ids`` (those that have these ranges), ``contracts`` (how many) and `RANGES`;
        series without any scan range are left out. Sorted by series.
    """
    table = contract_table(parameters).select(*SERIES)
    if rows is not None:
        table = table[rows]
    by_rate = [
        table.hstack(ranges if rows is None else ranges[rows])
        .filter(pl.any_horizontal(pl.col(RANGES).is_not_null()))
        .group_by(*SERIES, *RANGES)
        .agg(contracts=pl.len().cast(pl.Int64))
        .with_columns(rate_id=pl.lit(rate_id))
        for rate_id in parameters.arrays
        for ranges in [ranges_of_contracts(parameters, rate_id)]
    ]
    if not by_rate:
        return pl.DataFrame()
    return (
        pl.concat(by_rate)
        .group_by(*SERIES, *RANGES, "contracts", maintain_order=True)
        .agg(rate_ids="rate_id")
        .select(*SERIES, "rate_ids", "contracts", *RANGES)
        .sort(*SERIES, *RANGES, nulls_last=True)
    )
