"""The page of market data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from margin.report.inspect._blocks import (
    MISSING,
    Block,
    Column,
    Facts,
    Heading,
    Limits,
    Table,
    counted,
    number_or_nothing,
    period_span,
    problem_blocks,
)

LISTED = 40


def market_blocks(document: dict[str, Any], limits: Limits) -> Iterator[Block]:
    """The page of market data."""
    counts = document["counts"]
    about = f"{counted(counts['rows'], 'row')} · {counted(counts['underlyings'], 'underlying')}"
    yield Heading(f"Market data · {about}", 1)
    files = [
        f"{source['path']}  {source['format']}  sha256 {source['sha256'][:12]}  {counted(source['rows'], 'row')}"
        for source in document["sources"]
    ]
    yield Facts(
        [
            ("file", files),
            ("date", [document["date"] or "not stated"]),
            ("prices", [f"{counts['prices']:,} of underlyings"]),
            ("quotes", [f"{counts['quotes']:,}"]),
            ("surfaces", [f"{counts['volatility_points']:,} points, {counts['svi']:,} rows of SVI parameters"]),
        ]
    )
    yield from _underlyings(document["underlyings"], limits)
    yield from _products(document["products"], limits)
    yield from problem_blocks("Problems", document["problems"], limits)


def _underlyings(rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    if not rows:
        return
    yield Heading("Underlyings")
    columns = (
        Column("Underlying"),
        Column("Spot", is_number=True),
        Column("Prices", is_number=True),
        Column("Rates", is_number=True, rank=2),
        Column("Points", is_number=True),
        Column("SVI", is_number=True),
        Column("Expiries of the surface", rank=1),
    )
    cells = [
        (
            row["underlying"],
            number_or_nothing(row["spot"]),
            *(f"{row[name]:,}" for name in ("prices", "rates", "volatility_points", "svi")),
            f"{row['periods']:,}: {period_span(row['first_period'], row['last_period'])}" if row["periods"] else "",
        )
        for row in limits.of(rows, LISTED)
    ]
    yield Table(columns, cells)
    yield from limits.remark(rows, LISTED, "underlyings")


def _products(rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    if not rows:
        return
    yield Heading("Quoted products")
    columns = (
        *(Column(name) for name in ("Exchange", "Product", "Type")),
        *(Column(name, is_number=True) for name in ("Quotes", "Prices", "Volatilities")),
        Column("Expiries", rank=1),
    )
    cells = [
        (
            row["exchange"] or MISSING,
            row["product"],
            row["type"],
            *(f"{row[name]:,}" for name in ("quotes", "prices", "volatilities")),
            f"{row['periods']:,}: {period_span(row['first_period'], row['last_period'])}" if row["periods"] else "",
        )
        for row in limits.of(rows, LISTED)
    ]
    yield Table(columns, cells)
    yield from limits.remark(rows, LISTED, "products")
