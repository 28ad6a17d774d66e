"""The page of a parameter set: its head, its combined commodities, the spreads between them, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
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
    problem_blocks,
    range_text,
    rates_text,
    source_facts,
)

LISTED_COMMODITIES = 40
LISTED_SPREADS = 20
LISTED_ORGANISATIONS = 8

_THIRD = 3
_SHORT = {"weighted_price_risk": "WFPR", "short_option_minimum": "SOM"}
_USUAL = frozenset({"NORMAL", "NONE", "SPAN"})
"""Words of methods that are not worth a place in a table."""


def blocks(document: dict[str, Any], limits: Limits) -> Iterator[Block]:
    """The page."""
    points = " · ".join(
        f"{item['code']} {item['business_date']} {item['session']}"
        for item in document["clearing_orgs"][:LISTED_ORGANISATIONS]
    )
    yield Heading(f"Risk parameters · {points}", 1)
    yield Facts(list(_head(document)))
    yield from _commodities(document["commodities"], limits)
    if limits.is_complete:
        yield from scan_range_table(document["scan_ranges"], with_commodity=True)
    yield from _spreads(document["spreads"], limits)
    yield from problem_blocks("Would be refused if held", document["refused"], limits)
    yield from problem_blocks("Problems", document["problems"], limits)


def _head(document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    counts = document["counts"]
    organisations = document["clearing_orgs"]
    yield from source_facts(document["sources"])
    yield "clearing orgs", [_organisation(item) for item in organisations]
    by_type = ", ".join(f"{amount:,} {type_}" for type_, amount in counts["contracts_by_type"].items())
    contracts = [f"{counts['contracts']:,}: {by_type}" if by_type else "none"]
    if counts["contracts_without_commodity"]:
        contracts.append(f"{counts['contracts_without_commodity']:,} of no combined commodity, not margined")
    if counts["contracts_without_array"]:
        contracts.append(f"{counts['contracts_without_array']:,} without a risk array")
    yield "contracts", contracts
    yield "products", [f"{counts['products']:,} in {counted(counts['commodities'], 'combined commodity')}"]
    yield "currencies", [", ".join(sorted({item["currency"] for item in document["commodities"]})) or MISSING]
    types = document["account_types"]
    for label, is_customer in (("customers", True), ("house accounts", False)):
        named = [f"{item['code']} {item['name'] or ''}".strip() for item in types if item["is_customer"] == is_customer]
        if named:
            yield label, [", ".join(named)]
    yield "rate ids", [_rate_id(item) for item in document["rate_ids"]] or [MISSING]
    account_rates = list(dict.fromkeys(line for item in organisations for line in _account_rates(item)))
    if account_rates:
        yield "account rates", account_rates
    grids = dict.fromkeys(grid_words(grid) for item in organisations for grid in item["grids"])
    yield "scenarios", list(grids) or ["the standard 16, as the file gives none of its own"]
    conversions = [
        f"1 {rate['from']} = {number(rate['factor'])} {rate['to']}"
        for item in organisations
        for rate in item["conversions"]
    ]
    if conversions:
        yield "conversions", [", ".join(dict.fromkeys(conversions))]
    yield "house policy", [document["house"]]


def _organisation(item: dict[str, Any]) -> str:
    words = [item["code"]]
    if item["name"] and item["name"] != item["code"]:
        words.append(item["name"])
    if item["business_function"]:
        words.append(f"business function {item['business_function']} over {', '.join(item['home_organisations'])}")
    words.append(f"{item['business_date']} {item['session']}")
    if item["time"]:
        words.append(f"at {item['time']}")
    if item["run"]:
        words.append(f"run {item['run']}")
    if item["created"]:
        words.append(f"created {item['created']}")
    return ", ".join(words)


def _rate_id(item: dict[str, Any]) -> str:
    return f"{item['rate_id']}: {counted(item['contracts'], 'array')} of up to {item['scenarios']} scenarios"


def _account_rates(organisation: dict[str, Any]) -> Iterator[str]:
    """Which rate ids each account type pays, one line each: ``S customer: CORE maintenance 1, CORE initial 2``."""
    by_type: dict[tuple[str, bool], list[str]] = {}
    for rate in organisation["rates"]:
        words = f"{rate['class']} {rate['kind']} {rate['rate_id']}"
        by_type.setdefault((rate["account_type"], rate["is_customer"]), []).append(words)
    for (account_type, is_customer), words_of_type in by_type.items():
        yield f"{account_type} {'customer' if is_customer else 'house'}: {', '.join(words_of_type)}"


def move_text(move: float) -> str:
    """A move in scan ranges: ``+1/3``, ``−1``, ``+2.5``."""
    thirds = round(move * _THIRD)
    if move and abs(move * _THIRD - thirds) < 1e-6 and thirds % _THIRD:
        return f"{thirds:+d}/3"
    return f"{move:+.6g}" if move else "0"


def grid_words(grid: dict[str, Any]) -> str:
    """A scenario grid in one line: the price moves, and the covered ones."""
    plain = dict.fromkeys(abs(point["price_move"]) for point in grid["points"] if point["weight"] == 1.0)
    moves = ", ".join(move_text(move).replace("+", "±") for move in plain)
    covered = dict.fromkeys(
        f"±{abs(point['price_move']):.6g} at {point['weight']:.6g}"
        for point in grid["points"]
        if point["weight"] != 1.0
    )
    extreme = f"; extreme moves {', '.join(covered)}" if covered else ""
    return f"{grid['scenarios']}: price moves {moves} scan ranges{extreme}"


def _commodities(rows: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    yield Heading("Combined commodities")
    if not rows:
        yield Remark("none: nothing can be margined")
        return
    several = len({row["clearing_org"] for row in rows}) > 1
    columns = (
        Column(""),
        Column("Org", rank=0 if several else 9),
        Column("Commodity"),
        Column("Name", rank=8, may_fold=True, least=16),
        Column("Cur"),
        Column("Types", rank=3),
        Column("Contracts", is_number=True),
        Column("Periods", is_number=True, rank=5),
        Column("First", rank=4),
        Column("Last", rank=6),
        Column("Price scan", is_number=True),
        Column("Vol scan", is_number=True, rank=2),
        Column("SOM", is_number=True, rank=3),
        Column("Spreads", is_number=True, rank=2),
        Column("Between", is_number=True, rank=2),
        Column("Tiers", is_number=True, rank=5),
        Column("Delivery", is_number=True, rank=7),
        Column("Methods", rank=10, may_fold=True, least=24),
    )
    yield Table(columns, [_commodity(row, several) for row in limits.of(rows, LISTED_COMMODITIES)])
    yield Remark("Price and volatility scan range of the nearest maturity; SOM: short option minimum rates.")
    if any(row["is_refused"] for row in rows):
        yield Remark("! would not be margined if held, see below.", "warning")
    yield from limits.remark(rows, LISTED_COMMODITIES, "commodities")


def _commodity(row: dict[str, Any], several: bool) -> tuple[str, ...]:
    front = row["front"]
    tiers = row["tier_counts"]
    methods = ", ".join(
        f"{_SHORT.get(name, name)} {word}" for name, word in row["methods"].items() if word and word not in _USUAL
    )
    return (
        "!" if row["is_refused"] else "",
        row["clearing_org"] if several else "",
        row["commodity"],
        row["name"] or "",
        row["currency"],
        ", ".join(dict.fromkeys(product["type"] for product in row["products"])),
        f"{row['contracts']:,}",
        f"{row['periods']:,}",
        row["first_period"] or "",
        row["last_period"] or "",
        MISSING if front is None else range_text(front, "price_scan") or MISSING,
        MISSING if front is None else range_text(front, "volatility_scan") or MISSING,
        ", ".join(map(number, row["short_option_minimum"])) or MISSING,
        f"{row['intracommodity_spreads']:,}",
        f"{row['intercommodity_spreads']:,}",
        f"{sum(tiers[kind] for kind in ('scan', 'intracommodity', 'intercommodity')):,}",
        f"{row['delivery_periods']:,}",
        methods,
    )


def _spreads(spreads: list[dict[str, Any]], limits: Limits) -> Iterator[Block]:
    if spreads:
        yield Heading("Spreads between commodities")
        yield from spread_blocks(spreads, limits, LISTED_SPREADS)


def spread_blocks(spreads: list[dict[str, Any]], limits: Limits, most: int) -> Iterator[Block]:
    """Spreads, one a row, and what their rates mean."""
    several = len({spread["clearing_org"] for spread in spreads}) > 1
    columns = (
        Column("Org", rank=3),
        Column("Priority", is_number=True),
        Column("Kind"),
        Column("Legs", may_fold=True),
        Column("Method", rank=2),
        Column("Rate", is_number=True),
        Column("Line", is_number=True, rank=1),
    )
    yield Table(
        columns, [(spread["clearing_org"] if several else "", *_spread(spread)) for spread in limits.of(spreads, most)]
    )
    methods = {spread["charge_method"] for spread in spreads}
    if methods - {"F"} or any(spread["kind"] != "intracommodity" for spread in spreads):
        yield Remark(
            "F: money per spread, signed as the file signs it. W: share of the weighted futures price risk, "
            "positive is a credit. P: flat, per month and per spread."
        )
    yield from limits.remark(spreads, most, "spreads")


def _spread(spread: dict[str, Any]) -> tuple[str, ...]:
    own = (
        []
        if spread["rates"]
        else [f"{leg['commodity']} {rates_text(leg['rates'])}" for leg in spread["legs"] if leg["rates"]]
    )
    rates = [rates_text(spread["rates"])] if spread["rates"] else own
    rates += [
        f"{number(rate['flat'])} + {number(rate['per_month'])} a month + {number(rate['per_spread'])}"
        for rate in list(spread["month_rates"].values())[:1]
    ]
    form = "" if spread["form"] == "delta" else f", {spread['form']}"
    return (
        f"{spread['priority']}",
        f"{spread['kind'].replace('_', ' ')}{form}",
        spread["words"],
        spread["charge_method"],
        "; ".join(rates) or MISSING,
        "" if spread["line"] is None else f"{spread['line']}",
    )


def scan_range_table(rows: list[dict[str, Any]], *, with_commodity: bool = False) -> Iterator[Block]:
    """Scan ranges by series."""
    if not rows:
        return
    yield Heading("Scan ranges")
    several = len({tuple(row["rate_ids"]) for row in rows}) > 1
    columns = (
        Column("Commodity" if with_commodity else ""),
        Column("Product"),
        Column("Period"),
        Column("Contracts", is_number=True, rank=2),
        Column("Price scan", is_number=True),
        Column("Vol scan", is_number=True),
        Column("Rate ids", rank=1),
    )
    cells = [
        (
            row["commodity"] if with_commodity else "",
            f"{row['exchange']} {row['product']} {row['type']}",
            " on ".join(part for part in (row["period"], row["underlying_period"]) if part) or NO_EXPIRY,
            f"{row['contracts']:,}",
            range_text(row, "price_scan") or MISSING,
            range_text(row, "volatility_scan") or MISSING,
            ", ".join(row["rate_ids"]) if several else "",
        )
        for row in rows
    ]
    yield Table(columns, cells)
