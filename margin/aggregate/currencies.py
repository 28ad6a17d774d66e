"""Converting commodity figures into the currency an account reports in, at the rates the file gives."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.model.parameters import ParameterSet
from margin.numeric.arrays import FloatArray


def account_currencies(own: pl.Series, commodity_rows: pl.DataFrame, parameters: ParameterSet) -> pl.Series:
    """The currency of each account: its own, else the only one it holds, else the parameters' first.

    Args:
        own: Currency each account states, nullable, one per account.
        commodity_rows: Columns account_index and currency.
        parameters: Gives the first currency.
    """
    held = (
        commodity_rows.group_by("account_index")
        .agg(pl.col("currency").unique().sort())
        .filter(pl.col("currency").list.len() == 1)
        .select("account_index", held=pl.col("currency").list.first())
    )
    first = next((currency.code for currency in parameters.currencies), None)
    first = first or next((commodity.currency for commodity in parameters.commodities), "")
    frame = pl.DataFrame({"own": own}).with_row_index("account_index").cast({"account_index": pl.Int32})
    return frame.join(held, on="account_index", how="left", maintain_order="left").select(
        pl.coalesce("own", "held", pl.lit(first)).alias("currency")
    )["currency"]


def conversion_factors(
    currency_from: pl.Series,
    currency_to: pl.Series,
    parameters: ParameterSet,
    clearing_org: pl.Series | None = None,
) -> FloatArray:
    """Factor from one currency to another, row by row; NaN where the parameters give no rate.

    Source: CME SPAN XML schema, ``curConv``: amount in the target currency = amount × factor.

    Args:
        currency_from: Currency of the amounts.
        currency_to: Currency wanted.
        parameters: Give the rates; the first clearing organisation that has one wins.
        clearing_org: Clearing organisation of each row, whose own rate wins over all others'.
    """
    stated = [
        (org.code, item.from_currency, item.to_currency, item.factor)
        for org in reversed(parameters.clearing_orgs)
        for item in org.currency_conversions
    ]
    own = {(org, one, other): factor for org, one, other, factor in stated}
    anywhere = {(one, other): factor for _, one, other, factor in stated}
    rows = pl.DataFrame({"from": currency_from, "to": currency_to})
    rows = rows.with_columns(pl.lit("").alias("org") if clearing_org is None else clearing_org.alias("org"))
    unique = rows.unique()
    factors = [
        1.0 if one == other else own.get((org, one, other), anywhere.get((one, other), np.nan))
        for one, other, org in unique.iter_rows()
    ]
    unique = unique.with_columns(pl.Series("factor", factors, dtype=pl.Float64))
    joined = rows.join(unique, on=["org", "from", "to"], how="left", maintain_order="left")
    return joined["factor"].to_numpy()
