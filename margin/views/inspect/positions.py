"""A position book at a glance: inputs, accounts, products held, longs and shorts. Nothing is looked up or netted."""

from __future__ import annotations

from dataclasses import asdict
from math import fsum
from typing import Any

import polars as pl

from margin.model.document import problem_document
from margin.model.position import ACCOUNT_KEY, CONTRACT_PARTS, POSITION_SCHEMA, PositionBook
from margin.views.inspect.definitions import Document

_HELD = ("exchange", "product", "type")
_CONTRACT = ("contract", *CONTRACT_PARTS)
_COLUMNS = (*ACCOUNT_KEY, *_CONTRACT, "business_date", "currency", "clearing_org", "quantity", "long", "short")


def positions_document(book: PositionBook) -> Document:
    """What the inputs of a position book hold, row by row as they stand: nothing is netted."""
    rows = _rows(book)
    own = [name for part in book.parts for name in part.frame.columns]
    return {
        "sources": [asdict(part.source) for part in book.parts],
        "counts": {
            "rows": rows.height,
            "accounts": rows.select(ACCOUNT_KEY).n_unique() if rows.height else 0,
            "firms": rows["firm"].drop_nulls().n_unique(),
            "contracts": rows.select(_CONTRACT).n_unique() if rows.height else 0,
            "balances": book.balances.height,
        },
        "business_dates": _distinct(rows, "business_date"),
        "account_types": _distinct(rows, "account_type"),
        "segregations": _distinct(rows, "segregation"),
        "clearing_orgs": _distinct(rows, "clearing_org"),
        "currencies": _distinct(rows, "currency"),
        "has_gross_counts": bool(rows["quantity"].is_null().any()),
        "columns": [name for name in POSITION_SCHEMA if name in own],
        "extra_columns": list(dict.fromkeys(name for name in own if name not in POSITION_SCHEMA)),
        "quantities": _quantities(rows["long"].to_list(), rows["short"].to_list()),
        "products": _grouped(rows, _HELD),
        "accounts": _grouped(rows, ACCOUNT_KEY),
        "problems": [problem_document(problem) for problem in book.problems],
    }


def _rows(book: PositionBook) -> pl.DataFrame:
    """All rows with the columns that matter here; long and short are counts, neither of them negative."""
    schema = {name: POSITION_SCHEMA[name] for name in _COLUMNS}
    frames = [part.frame.select([name for name in _COLUMNS if name in part.frame.columns]) for part in book.parts]
    rows = pl.concat([pl.DataFrame(schema=schema), *frames], how="diagonal")
    quantity = pl.col("quantity")
    return rows.with_columns(
        long=pl.when(quantity.is_null()).then("long").otherwise(quantity.clip(lower_bound=0.0)).fill_null(0.0),
        short=pl.when(quantity.is_null()).then("short").otherwise((-quantity).clip(lower_bound=0.0)).fill_null(0.0),
    )


def _distinct(rows: pl.DataFrame, column: str) -> list[str]:
    """The values of a column, ascending, without the empty one."""
    return [value for value in rows[column].drop_nulls().unique().sort().to_list() if value]


def _quantities(longs: list[float], shorts: list[float]) -> dict[str, float]:
    """Sums that are exact, so that they do not depend on the order of rows."""
    total_long, total_short = fsum(longs), fsum(shorts)
    return {
        "long": total_long,
        "short": total_short,
        "gross": total_long + total_short,
        "net": fsum([*longs, *(-short for short in shorts)]),
    }


def _grouped(rows: pl.DataFrame, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows, contracts and quantities by some columns, sorted by them."""
    groups = (
        rows.with_columns(pl.col(key).fill_null("") for key in keys)
        .group_by(keys)
        .agg(
            pl.len().alias("rows"),
            pl.struct(_CONTRACT).n_unique().alias("contracts"),
            pl.struct(ACCOUNT_KEY).n_unique().alias("accounts"),
            "long",
            "short",
        )
        .sort(keys)
    )
    return [
        {
            **{key: group[key] for key in keys},
            "rows": group["rows"],
            "accounts": group["accounts"],
            "contracts": group["contracts"],
            **_quantities(group["long"], group["short"]),
        }
        for group in groups.iter_rows(named=True)
    ]
