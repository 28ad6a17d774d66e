"""The run's figures as one long table, a row per figure, that spreadsheets and databases take as it is.

Columns: the account's key, ``clearing_org``, ``commodity``, ``class``, ``kind``, ``component`` (the field's
name in the JSON document), ``currency`` and ``amount``. Every level has rows of its own: an account's
headline figures have ``all`` in the four columns after the key, its figures by class and kind have ``all``
for the clearing organisation and the commodity, those of a business function it has opted into only for the
commodity, class and kind. The currency is null where the amount is not money (a delta,
a scenario number, a count; ``complete`` is 1 or 0), the amount is null where the figure does not apply or
could not be computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from margin.model.run import MarginRun

ALL = "all"

LONG_SCHEMA = pl.Schema(
    {
        "firm": pl.String,
        "account": pl.String,
        "account_type": pl.String,
        "segregation": pl.String,
        "clearing_org": pl.String,
        "commodity": pl.String,
        "class": pl.String,
        "kind": pl.String,
        "component": pl.String,
        "currency": pl.String,
        "amount": pl.Float64,
    }
)

NOT_MONEY = frozenset({"complete", "positions", "set_aside", "active_scenario", "net_delta"})

ACCOUNT_COMPONENTS = (
    "complete",
    "positions",
    "set_aside",
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "long_option_value",
    "short_option_value",
    "maintenance_requirement",
    "initial_requirement",
    "outright_risk",
    "exposure_margin",
    "equity",
    "excess",
)
REQUIREMENT_COMPONENTS = ("span_risk", "available_net_option_value", "requirement", "additional_requirement")
COMMODITY_COMPONENTS = (
    "scan_risk",
    "active_scenario",
    "time_risk",
    "volatility_risk",
    "price_risk",
    "weighted_futures_price_risk",
    "net_delta",
    "intracommodity_charge",
    "delivery_charge",
    "intercommodity_credit",
    "interclearing_credit",
    "short_option_minimum",
    "exposure_margin",
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "requirement",
    "long_option_value",
    "short_option_value",
    "outright_risk",
)

BUSINESS_FUNCTION_COMPONENTS = (
    "span_risk_here",
    "requirement_here",
    "normal_clearing_span_risk",
    "normal_clearing_requirement",
    "saving",
)

_ACCOUNTS_AT_ONCE = 2_000


def long_table(run: MarginRun) -> pl.DataFrame:
    """The whole table, account by account: headline figures, then by class and kind, then by commodity."""
    return pl.concat([LONG_SCHEMA.to_frame(), *long_table_parts(run)])


def long_table_parts(run: MarginRun) -> Iterator[pl.DataFrame]:
    """The same table in parts of whole accounts, so that it never has to be in memory at once."""
    accounts = run.accounts.with_row_index("account_index").cast({"account_index": pl.Int32})
    keys = accounts.select("account_index", "firm", "account", "account_type", "segregation")
    levels = (
        (accounts, ACCOUNT_COMPONENTS),
        (run.requirement_rows, REQUIREMENT_COMPONENTS),
        (run.commodity_rows, COMMODITY_COMPONENTS),
        (run.business_function_rows, BUSINESS_FUNCTION_COMPONENTS),
    )
    for first in range(0, accounts.height, _ACCOUNTS_AT_ONCE):
        last = min(first + _ACCOUNTS_AT_ONCE, accounts.height)
        figures = pl.concat(_unfolded(_rows_of(rows, first, last), components) for rows, components in levels)
        in_order = figures.sort("account_index", maintain_order=True)
        yield in_order.join(keys[first:last], on="account_index", maintain_order="left").select(LONG_SCHEMA.names())


def _rows_of(rows: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """Rows of the accounts from `first` up to before `last`; rows are sorted by account."""
    index = rows["account_index"]
    return rows[index.search_sorted(first, "left") : index.search_sorted(last, "left")]


def _unfolded(rows: pl.DataFrame, components: tuple[str, ...]) -> pl.DataFrame:
    """One row per row and component, in that order."""
    levels = ("clearing_org", "commodity", "class", "kind")
    currencies = pl.concat_list(
        pl.lit(None, pl.String) if name in NOT_MONEY else pl.col("currency") for name in components
    )
    return rows.select(
        "account_index",
        *(pl.col(name) if name in rows.columns else pl.lit(ALL).alias(name) for name in levels),
        pl.lit(pl.Series([list(components)])).first().alias("component"),
        currencies.alias("currency"),
        pl.concat_list(pl.col(name).cast(pl.Float64) for name in components).alias("amount"),
    ).explode("component", "currency", "amount")
