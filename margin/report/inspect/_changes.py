"""The page of what changed between two parameter sets: what moved most comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from margin.report.inspect._blocks import (
    MISSING,
    NO_EXPIRY,
    Block,
    Column,
    Facts,
    Heading,
    Limits,
    Remark,
    Table,
    counted,
    number,
    number_or_nothing,
    percent,
    value_text,
)

LISTED = 40
LISTED_PRICES = 20
LISTED_PERIODS = 3

_FIELDS = {
    "price_scan": "price scan",
    "price_scan_down": "price scan down",
    "price_scan_percent": "price scan %",
    "price_scan_down_percent": "price scan down %",
    "volatility_scan": "volatility scan",
    "volatility_scan_down": "volatility scan down",
    "volatility_scan_percent": "volatility scan %",
    "volatility_scan_down_percent": "volatility scan down %",
    "contract_value_factor": "contract value factor",
    "delta_scaling_factor": "delta scaling factor",
}
_POINT_WORDS = (("at", "time"), ("run", "run"), ("created", "created"))
_SAME_SERIES = ("clearing_org", "commodity", "exchange", "product", "field", "rate_id", "before", "after")


def blocks(document: dict[str, Any], limits: Limits) -> Iterator[Block]:
    """The page."""
    codes = " · ".join(row["clearing_org"] for row in document["header"])
    yield Heading(f"What changed · {codes}", 1)
    yield Facts(list(_head(document)))
    if document["is_unchanged"]:
        same = "The files are the same, byte for byte." if document["is_same_content"] else "Nothing else changed."
        yield Remark(same)
        return
    yield from _ranges("Scan ranges", document["scan_ranges"], limits)
    yield from _definitions(document["definitions"], limits)
    if document["definitions_unstated"]:
        fields = counted(len(document["definitions_unstated"]), "field")
        yield Remark(f"{fields} that only one of the two formats states are left out; a JSON report has them.")
    yield from _ranges("Contract and delta factors", document["factors"], limits)
    for title, rows in (("New", document["definitions_new"]), ("Gone", document["definitions_gone"])):
        yield from _lonely(f"{title} definitions", rows, limits)
    yield from _listings("New contracts", document["contracts_new"], limits, are_gone=False)
    yield from _listings("Gone contracts", document["contracts_gone"], limits, are_gone=True)
    yield from _prices(document["prices"], limits)


def _head(document: dict[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    for side in ("before", "after"):
        files = dict.fromkeys((s["path"], s["format"], s["sha256"][:12]) for s in document[side])
        yield side, [f"{path}  {format_}  sha256 {digest}" for path, format_, digest in files]
        points = [f"{row['clearing_org']} {_point(row[side])}" for row in document["header"]]
        yield "", points
    counts = document["counts"]
    yield (
        "contracts",
        [
            f"{counts['contracts_before']:,} before, {counts['contracts_after']:,} after: "
            f"{counts['contracts_new']:,} new, {counts['contracts_gone']:,} gone",
            f"of {counts['contracts_on_both_sides']:,} on both sides {counts['other_price']:,} have another price, "
            f"{counts['other_delta']:,} another composite delta, {counts['other_array']:,} another risk array",
        ],
    )


def _point(point: dict[str, Any] | None) -> str:
    if point is None:
        return "not there"
    extra = [f"{word} {point[name]}" for word, name in _POINT_WORDS if point[name]]
    return ", ".join(part for part in (f"{point['business_date']} {point['session']}", *extra) if part)


def _ranges(title: str, rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    """Changes of series, those of one product with the same values together."""
    if not rows:
        return
    yield Heading(title)
    together: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        together.setdefault(tuple(row.get(name) for name in _SAME_SERIES), []).append(row)
    several = len({row.get("rate_id") for row in rows}) > 1
    columns = (
        Column("Commodity"),
        Column("Product", rank=2),
        Column("Types", rank=1),
        Column("Periods", may_fold=True),
        Column("What", may_fold=True),
        Column("Rate", rank=3),
        Column("Before", is_number=True),
        Column("After", is_number=True),
        Column("Change", is_number=True),
    )
    groups = list(together.values())
    cells = [
        (
            group[0]["commodity"] or MISSING,
            f"{group[0]['exchange']} {group[0]['product']}",
            ", ".join(sorted({row["type"] for row in group})),
            _periods(group),
            _FIELDS[group[0]["field"]],
            group[0]["rate_id"] if several else "",
            number(group[0]["before"]),
            number(group[0]["after"]),
            percent(group[0]["change"]),
        )
        for group in limits.of(groups, LISTED)
    ]
    yield Table(columns, cells)
    yield from limits.remark(groups, LISTED, "changes")


def _periods(group: list[dict[str, Any]]) -> str:
    """The periods of some series, in words if they are many."""
    periods = sorted({row["period"] for row in group})
    if len(periods) > LISTED_PERIODS:
        dated = [period for period in periods if period]
        return f"{len(periods)} to {dated[-1]}"
    return ", ".join(period or NO_EXPIRY for period in periods)


def _definitions(rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    """Changed rates, tiers, methods and conversions, one table for each kind of definition."""
    by_item: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_item.setdefault(row["item"], []).append(row)
    columns = (
        Column("Commodity"),
        Column("Which", may_fold=True),
        Column("What", may_fold=True),
        Column("Rate", rank=2),
        Column("Before", is_number=True),
        Column("After", is_number=True),
        Column("Change", is_number=True),
    )
    for item, changed in by_item.items():
        yield Heading(f"Changed: {item}")
        several = len({row["rate_id"] for row in changed}) > 1
        cells = [
            (
                row["commodity"],
                "" if row["where"] == row["commodity"] else row["where"],
                row["field"].replace("_", " "),
                (row["rate_id"] or "") if several else "",
                value_text(row["before"]),
                value_text(row["after"]),
                percent(row["change"]),
            )
            for row in limits.of(changed, LISTED)
        ]
        yield Table(columns, cells)
        yield from limits.remark(changed, LISTED, "changes")


def _lonely(title: str, rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    if not rows:
        return
    yield Heading(title)
    several = len({row["clearing_org"] for row in rows}) > 1
    columns = (Column("What"), Column("Org", rank=1), Column("Commodity"), Column("Which", may_fold=True))
    cells = [
        (
            row["item"],
            row["clearing_org"] if several else "",
            row["commodity"],
            "" if row["where"] == row["commodity"] else row["where"],
        )
        for row in limits.of(rows, LISTED)
    ]
    yield Table(columns, cells)
    yield from limits.remark(rows, LISTED, "definitions")


def _listings(title: str, rows: list[dict[str, Any]], limits: Limits, *, are_gone: bool) -> Iterator[Block]:
    if not rows:
        return
    total = sum(row["contracts"] for row in rows)
    expired = sum(row["contracts"] for row in rows if row["has_expired"])
    extra = f", {expired:,} of them expired" if are_gone else ""
    yield Heading(f"{title}: {total:,}{extra}")
    columns = (
        Column("Commodity"),
        Column("Product"),
        Column("Period"),
        Column("Contracts", is_number=True),
        Column("Calls", rank=2, may_fold=True),
        Column("Puts", rank=1, may_fold=True),
        Column("Expired", rank=0),
    )
    cells = [
        (
            row["commodity"] or MISSING,
            f"{row['exchange']} {row['product']} {row['type']}",
            " on ".join(part for part in (row["period"], row["underlying_period"]) if part) or NO_EXPIRY,
            f"{row['contracts']:,}",
            _strikes(row["calls"], limits),
            _strikes(row["puts"], limits),
            "expired" if are_gone and row["has_expired"] else "",
        )
        for row in limits.of(rows, LISTED)
    ]
    yield Table(columns, cells)
    yield from limits.remark(rows, LISTED, "series")


def _strikes(strikes: list[float], limits: Limits) -> str:
    """Strikes, or from which to which if they are many."""
    if len(strikes) <= LISTED_PERIODS or limits.is_complete:
        return ", ".join(map(number, strikes))
    return f"{len(strikes)}: {number(strikes[0])} to {number(strikes[-1])}"


def _prices(rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    if not rows:
        return
    yield Heading(f"Prices: {counted(len(rows), 'contract')} moved, options aside")
    columns = (
        Column("Commodity"),
        Column("Product", rank=2),
        Column("Period"),
        Column("Before", is_number=True),
        Column("After", is_number=True),
        Column("Change", is_number=True),
        Column("Scan ranges", is_number=True),
        Column("Risk before", is_number=True, rank=3),
        Column("Risk after", is_number=True, rank=1),
    )
    cells = [
        (
            row["commodity"] or MISSING,
            f"{row['exchange']} {row['product']} {row['type']}",
            row["period"] or NO_EXPIRY,
            number(row["before"]),
            number(row["after"]),
            percent(row["change"]),
            "" if row["scan_ranges"] is None else f"{row['scan_ranges']:+z,.2f}",
            number_or_nothing(row["risk_before"]),
            number_or_nothing(row["risk_after"]),
        )
        for row in limits.of(rows, LISTED_PRICES)
    ]
    yield Table(columns, cells)
    yield Remark(
        "Scan ranges: the move in multiples of the earlier price scan range. Risk: the largest loss of one contract, "
        "long or short."
    )
    yield from limits.remark(rows, LISTED_PRICES, "contracts")
