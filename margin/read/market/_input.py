"""From checked rows to market data: frames by kind, and keys that no two rows may share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from margin.model.market import (
    QUOTE_SCHEMA,
    SPOT,
    SVI_SCHEMA,
    UNDERLYING_SCHEMA,
    VOLATILITY_POINT_SCHEMA,
    MarketSource,
)
from margin.model.problem import LISTED_PROBLEMS, Faults, InputRefused, Problem, Reason, Severity
from margin.read.market._rows import MarketRows

SCHEMAS = {
    "underlying": UNDERLYING_SCHEMA,
    "quote": QUOTE_SCHEMA,
    "volatility": VOLATILITY_POINT_SCHEMA,
    "svi": SVI_SCHEMA,
}
"""Frame of each kind of row."""

_KEYS = {
    "underlying": ("underlying", "period"),
    "quote": ("product", "type", "period", "underlying_period", "right", "strike", "exchange"),
    "volatility": ("underlying", "period", "strike"),
    "svi": ("underlying", "period"),
}


@dataclass(frozen=True, slots=True)
class MarketRead:
    """What one file holds.

    Attributes:
        frames: By kind of row, with the schemas of `margin.model.market`.
        date: The date that its rows have, if any.
        problems: Warnings.
    """

    source: MarketSource
    frames: dict[str, pl.DataFrame]
    date: str | None
    problems: tuple[Problem, ...] = ()


def market_read(source: MarketSource, rows: MarketRows, faults: Faults, problems: Sequence[Problem] = ()) -> MarketRead:
    """The data of one file from its rows.

    Args:
        source: The file.
        rows: Its rows without a fault of their own.
        faults: What was found in it so far.
        problems: Warnings besides those of the rows.

    Raises:
        InputRefused: There are faults, or rows of one key.
    """
    frames = {kind: _frame(rows.of(kind), schema) for kind, schema in SCHEMAS.items()}
    dates = rows.frame["date"].drop_nulls()
    own = [replace(problem, file=source.path) for problem in rows.problems]
    if not source.rows:
        message = "there are no market data in this input; check that it is complete"
        own.append(Problem(Reason.MISSING_FIELD, message, Severity.WARNING, source.path))
    read = MarketRead(source, frames, dates[0] if dates.len() else None, (*problems, *own))
    add_repeated([read], faults)
    _add_two_times(read, faults)
    faults.refuse_if_any()
    return read


def _frame(rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    named = rows.with_columns(
        period=pl.col("expiry").fill_null(SPOT),
        underlying_period=pl.when(pl.col("underlying_expiry") != "").then("underlying_expiry"),
    )
    return named.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def add_repeated(reads: Sequence[MarketRead], faults: Faults) -> None:
    """Report rows whose key another row has: each but the first, with the place of the first.

    Quotes that name no exchange are of any, so that they clash with those of the same contract that name one.
    """
    for kind, key in _KEYS.items():
        frame = pl.concat(
            read.frames[kind].select(*key, "line").with_columns(file=pl.lit(number, dtype=pl.UInt32))
            for number, read in enumerate(reads)
        ).with_row_index("row")
        if kind == "quote":
            loose = list(key[:-1])
            unnamed = pl.col("exchange").is_null().any().over(loose)
            frame = frame.with_columns(exchange=pl.when(~unnamed).then("exchange"))
        first = pl.col("row").first().over(list(key))
        repeated = frame.with_columns(first=first).filter(pl.col("first") != pl.col("row"))
        _report(reads, frame, repeated, kind, faults)


def _report(
    reads: Sequence[MarketRead], frame: pl.DataFrame, repeated: pl.DataFrame, kind: str, faults: Faults
) -> None:
    found = []
    for row in repeated.head(LISTED_PROBLEMS).iter_rows(named=True):
        origin = frame.row(row["first"], named=True)
        place = "" if origin["line"] is None else f", line {origin['line']}"
        first = f"{reads[origin['file']].source.path}{place}"
        name = " ".join(
            f"{row[part]:.15g}" if isinstance(row[part], float) else str(row[part]) for part in _KEYS[kind] if row[part]
        )
        message = f"{_WHAT[kind]} of {name} stands here again, first in {first}; keep one of them"
        attributes = {"found": name, "first": first}
        file = reads[row["file"]].source.path
        found.append(Problem(Reason.DUPLICATE_KEY, message, file=file, line=row["line"], attributes=attributes))
    faults.extend(InputRefused(found, repeated.height))


_WHAT = {
    "underlying": "the price or rate",
    "quote": "the quote",
    "volatility": "the volatility",
    "svi": "the row of SVI parameters",
}


def _add_two_times(read: MarketRead, faults: Faults) -> None:
    """Report expiries of a surface whose points state different times to expiry."""
    points = read.frames["volatility"].drop_nulls("time_to_expiry")
    first = pl.col("time_to_expiry").first().over("underlying", "period")
    for row in (
        points.with_columns(first=first).filter(pl.col("time_to_expiry") != pl.col("first")).iter_rows(named=True)
    ):
        message = (
            f"time_to_expiry is {row['time_to_expiry']!r}, and {row['first']!r} at an earlier point of "
            f"{row['underlying']} {row['period']}; an expiry has one, expected the same at all its points"
        )
        faults.add(Reason.INVALID_VALUE, message, line=row["line"], field="time_to_expiry")
