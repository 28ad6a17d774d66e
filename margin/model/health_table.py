"""The health of accounts as one long table, a row per figure, that spreadsheets and databases take as it is.

Columns: the account's key, ``scope``, ``level`` (``scope``, ``asset``, ``market``, ``position`` or ``threshold``),
``name`` (of the asset, market, position or state; null at level ``scope``), ``component`` (the field's name in the JSON
document), ``currency`` (null where the amount is not money), ``amount``, and ``word`` for figures that are words, such
as the state; ``complete`` and ``stale`` are 1 or 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from margin.model.health import FIGURES, TEXT_FIGURES
from margin.model.position import ACCOUNT_KEY

if TYPE_CHECKING:
    from margin.model.health import HealthRun

HEALTH_TABLE_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(ACCOUNT_KEY, pl.String),
        "scope": pl.String,
        "level": pl.String,
        "name": pl.String,
        "component": pl.String,
        "currency": pl.String,
        "amount": pl.Float64,
        "word": pl.String,
    }
)

_NO_MONEY = frozenset(
    {
        *("complete", "stale", "ratio", "usage", "leverage", "fall", "rise", "fall_sigmas", "rise_sigmas"),
        *("quantity", "buy_orders", "sell_orders"),
    }
)
_IN_OWN_UNITS = frozenset({"balance", "withdrawable"})
"""At level asset, units of the asset; so is its unrealised profit."""

_SCOPES_AT_ONCE = 2_000


def health_table(run: HealthRun) -> pl.DataFrame:
    """The whole table: scope by scope its figures, then those of its assets, markets, positions and thresholds."""
    return pl.concat([HEALTH_TABLE_SCHEMA.to_frame(), *health_table_parts(run)])


def health_table_parts(run: HealthRun) -> Iterator[pl.DataFrame]:
    """The same table in parts of whole scopes, so that it never has to be in memory at once."""
    scopes = run.scopes.with_row_index("scope_index").cast({"scope_index": pl.Int32})
    reporting = pl.lit(run.scopes["currency"][0] if run.scopes.height else None, dtype=pl.String)
    levels = (
        ("scope", scopes.drop("currency"), None, ("complete", *FIGURES)),
        ("asset", run.asset_rows, "asset", _components(run.asset_rows, "asset")),
        ("market", run.market_rows, "market", _components(run.market_rows, "market")),
        ("position", run.position_rows, "id", _components(run.position_rows, "id", "market")),
        ("threshold", run.threshold_rows, "state", _components(run.threshold_rows, "state")),
    )
    keys = scopes.select("scope_index", *ACCOUNT_KEY, "scope")
    for first in range(0, scopes.height, _SCOPES_AT_ONCE):
        last = min(first + _SCOPES_AT_ONCE, scopes.height)
        unfolded = [
            _unfolded(_rows_of(rows, first, last), level, name, components, reporting)
            for level, rows, name, components in levels
        ]
        figures = pl.concat(unfolded).sort("scope_index", maintain_order=True)
        yield figures.join(keys[first:last], on="scope_index", maintain_order="left").select(
            HEALTH_TABLE_SCHEMA.names()
        )


def _components(rows: pl.DataFrame, *names: str) -> tuple[str, ...]:
    return tuple(name for name in rows.columns if name not in ("scope_index", *names))


def _rows_of(rows: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    index = rows["scope_index"]
    return rows[index.search_sorted(first, "left") : index.search_sorted(last, "left")]


def _unfolded(
    rows: pl.DataFrame, level: str, name: str | None, components: tuple[str, ...], reporting: pl.Expr
) -> pl.DataFrame:
    """One row per row and component, in that order."""
    asset = pl.col("asset") if level == "asset" else None
    currencies = pl.concat_list(
        pl.lit(None, dtype=pl.String)
        if component in (*_NO_MONEY, *TEXT_FIGURES)
        else asset
        if asset is not None and component in (*_IN_OWN_UNITS, "unrealised_profit")
        else pl.col("margin_call_asset")
        if component == "margin_call"
        else reporting
        for component in components
    )
    amounts = pl.concat_list(
        pl.lit(None, dtype=pl.Float64) if component in TEXT_FIGURES else pl.col(component).cast(pl.Float64)
        for component in components
    )
    words = pl.concat_list(
        pl.col(component) if component in TEXT_FIGURES else pl.lit(None, dtype=pl.String) for component in components
    )
    return rows.select(
        "scope_index",
        pl.lit(level).alias("level"),
        (pl.lit(None, dtype=pl.String) if name is None else pl.col(name)).alias("name"),
        pl.lit(pl.Series([list(components)])).first().alias("component"),
        currencies.alias("currency"),
        amounts.alias("amount"),
        words.alias("word"),
    ).explode("component", "currency", "amount", "word")
