"""The pages of a position book and of a house policy."""

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
    number,
    problem_blocks,
    value_text,
)

LISTED = 40

_QUANTITIES = ("long", "short", "gross", "net")


def position_blocks(document: dict[str, Any], limits: Limits) -> Iterator[Block]:
    """The page of a position book."""
    counts, quantities = document["counts"], document["quantities"]
    yield Heading(f"Positions · {counted(counts['rows'], 'row')} · {counted(counts['accounts'], 'account')}", 1)
    files = [
        f"{source['path']}  {source['format']}  sha256 {source['sha256'][:12]}  {counted(source['rows'], 'row')}"
        for source in document["sources"]
    ]
    facts = [
        ("file", files),
        ("business date", [", ".join(document["business_dates"]) or "not stated"]),
        ("firms", [f"{counts['firms']:,}"]),
        ("contracts", [f"{counts['contracts']:,}"]),
        ("long", [number(quantities["long"])]),
        ("short", [number(quantities["short"])]),
        ("gross", [number(quantities["gross"])]),
        ("net", [number(quantities["net"])]),
        ("quantities", ["longs and shorts apart" if document["has_gross_counts"] else "signed"]),
        ("columns", [", ".join(document["columns"])]),
    ]
    lists = {
        "account types": "account_types",
        "segregations": "segregations",
        "clearing orgs": "clearing_orgs",
        "currencies": "currencies",
        "other columns": "extra_columns",
    }
    facts += [(label, [", ".join(document[name])]) for label, name in lists.items() if document[name]]
    if counts["balances"]:
        facts.append(("balances of", [counted(counts["balances"], "portfolio")]))
    yield Facts(facts)
    yield from _groups("Products held", document["products"], ("exchange", "product", "type"), limits)
    keys = ("firm", "account", "account_type", "segregation")
    yield from _groups("Accounts", document["accounts"], keys, limits)
    yield from problem_blocks("Problems", document["problems"], limits)


def _groups(title: str, rows: list[dict[str, Any]], keys: tuple[str, ...], limits: Limits) -> Iterator[Block]:
    if not rows:
        return
    yield Heading(title)
    columns = (
        *(Column(key.replace("_", " ").capitalize()) for key in keys),
        Column("Rows", is_number=True, rank=2),
        Column("Accounts" if "account" not in keys else "", is_number=True, rank=3),
        Column("Contracts", is_number=True, rank=1),
        *(Column(name.capitalize(), is_number=True, rank=4 * (name == "gross")) for name in _QUANTITIES),
    )
    cells = [
        (
            *(row[key] or (MISSING if key in ("product", "account") else "") for key in keys),
            f"{row['rows']:,}",
            f"{row['accounts']:,}" if "account" not in keys else "",
            f"{row['contracts']:,}",
            *(number(row[name]) for name in _QUANTITIES),
        )
        for row in limits.of(rows, LISTED)
    ]
    yield Table(columns, cells)
    yield from limits.remark(rows, LISTED, title.lower())


def house_blocks(document: dict[str, Any], limits: Limits) -> Iterator[Block]:
    """The page of a house policy."""
    house = document["house"]
    yield Heading(f"House policy · {house['name']} · {house['title']}", 1)
    facts = [
        ("source", [house["source"]]),
        ("effective", [house["effective_date"]]),
        ("default for", [", ".join(house["clearing_orgs"]) or "no clearing organisation"]),
        ("quantities are", [house["quantity_unit"]]),
        ("option value", [f"pays down to zero by {house['option_value_floor']}"]),
        ("multiplier", [number(house["requirement_multiplier"])]),
    ]
    for label, name in (
        ("multipliers", "commodity_multipliers"),
        ("initial ratios", "initial_ratios"),
        ("adjustment", "adjustment_factors"),
        ("lot sizes", "lot_sizes"),
    ):
        if house[name]:
            listed = [f"{key} {number(value)}" for key, value in limits.of(list(house[name].items()), LISTED)]
            facts.append((label, [", ".join(listed)]))
    facts += [("exposure margin", [_exposure(rule)]) for rule in house["exposure_margin"]]
    yield Facts(facts)
    yield Heading("Rounding")
    columns = (Column("Step"), Column("Decimals", is_number=True), Column("Mode"))
    steps = [
        (step.replace("_", " "), number(chosen["decimals"]), str(chosen["mode"]).replace("_", " "))
        if chosen
        else (step.replace("_", " "), "", "exact")
        for step, chosen in house["rounding"].items()
    ]
    yield Table(columns, steps)
    yield Heading("Choices inside the method")
    switches = [
        (row["switch"].replace("_", " "), value_text(row["value"]), "" if row["is_default"] else "not the default")
        for row in house["switches"]
    ]
    yield Table((Column("Switch"), Column("Value"), Column("")), switches)


def _exposure(rule: dict[str, Any]) -> str:
    what = ", ".join([*rule["products"], *rule["types"]]) or "all products"
    return f"{number(rule['rate'])} of notional value at the {rule['price']} price, {what}, {rule['side']} positions"
