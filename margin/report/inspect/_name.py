"""The page of a name: the combined commodities and the contracts that it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from margin.report.inspect._blocks import (
    MISSING,
    Block,
    Column,
    Facts,
    Heading,
    Limits,
    Remark,
    Table,
    counted,
    number,
    period_span,
    problem_blocks,
    range_text,
    rates_text,
    source_facts,
    value_text,
)
from margin.report.inspect._parameters import move_text, scan_range_table, spread_blocks

LISTED_RANGES = 40
LISTED_SPREADS = 40

_MOVED = " of scan range"


def blocks(document: dict[str, Any], limits: Limits) -> Iterator[Block]:
    """The page: every meaning of the name, one after the other."""
    level = 1
    for commodity in document["commodities"]:
        yield from _commodity(commodity, document, limits, level)
        level = 2
    for contract in document["contracts"]:
        yield from _contract(contract, document, level)
        level = 2


def _commodity(item: dict[str, Any], document: dict[str, Any], limits: Limits, level: int) -> Iterator[Block]:
    name = f" · {item['name']}" if item["name"] else ""
    yield Heading(f"{item['commodity']} · {item['clearing_org']}{name} · {item['currency']}", level)
    yield Facts(list(_commodity_facts(item, document)))
    yield Heading("Products")
    yield _products(item["products"])
    yield from scan_range_table(list(limits.of(item["scan_ranges"], LISTED_RANGES)))
    yield from limits.remark(item["scan_ranges"], LISTED_RANGES, "scan ranges")
    if item["tiers"]:
        yield Heading("Tiers")
        yield _tiers(item["tiers"])
    for title, spreads in (("Spreads inside", item["spreads"]), ("Spreads with other commodities", item["between"])):
        if spreads:
            yield Heading(title)
            yield from spread_blocks(spreads, limits, LISTED_SPREADS)
    if item["delivery_rates"]:
        yield Heading("Delivery rates")
        yield _delivery(item["delivery_rates"])
    if item["grid"] is not None:
        yield Heading("Scenarios")
        yield _grid(item["grid"])
    yield from problem_blocks("Would be refused if held", item["refused"], limits)


def _commodity_facts(item: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    own = [source for source in document["sources"] if source["clearing_org"] == item["clearing_org"]]
    yield from source_facts(own or document["sources"])
    place = f", line {item['line']}" if item["line"] else ""
    yield "as of", [f"{', '.join(dict.fromkeys(_point_in_time(source) for source in own)) or MISSING}{place}"]
    periods = period_span(item["first_period"], item["last_period"])
    options = f"{item['contracts']:,}, of which {item['options']:,} options"
    yield "contracts", [f"{options}; {counted(item['periods'], 'period')}: {periods}"]
    methods = [f"{name.replace('_', ' ')} {word}" for name, word in item["methods"].items() if word]
    yield "methods", [", ".join(methods) or "none named"]
    yield "option value", [_option_value(item["cap_available_net_option_value"])]
    if item["risk_exponent"]:
        yield "risk exponent", [f"{item['risk_exponent']}: losses are × 10^{item['risk_exponent']}"]
    if item["groups"]:
        yield "groups", [", ".join(item["groups"])]
    for label, ratios in (("initial ratios", item["initial_ratios"]), ("adjustment", item["adjustment_factors"])):
        if ratios:
            yield label, [", ".join(f"{kind} {number(ratio)}" for kind, ratio in ratios.items())]
    if item["rate_adjustments"]:
        yield "derived rates", [_derived(item["rate_adjustments"])]
    if item["front"] is not None:
        yield "front range", [f"{range_text(item['front'], 'price_scan')} ({item['front']['contract']})"]


def _point_in_time(source: dict[str, Any]) -> str:
    return f"{source['business_date']} {source['session']}"


def _option_value(is_capped: bool | None) -> str:
    if is_capped is None:
        return "as the clearing organisation caps it or not"
    return "capped at the SPAN risk" if is_capped else "not capped"


def _derived(adjustments: list[dict[str, Any]]) -> str:
    """Derived rate ids, those of the same base and factor together."""
    shared: dict[tuple[str, float], list[str]] = {}
    for item in adjustments:
        shared.setdefault((item["base_rate_id"], item["factor"]), []).append(item["rate_id"])
    return "; ".join(f"{', '.join(ids)} = {number(factor)} × {base}" for (base, factor), ids in shared.items())


def _products(products: list[dict[str, Any]]) -> Table:
    columns = (
        Column("Product"),
        Column("Name", rank=3, may_fold=True),
        Column("Cur", rank=1),
        Column("Value method", rank=2),
        Column("Value factor", is_number=True),
        Column("Delta scale", is_number=True, rank=1),
        Column("Contracts", is_number=True),
        Column("Periods", is_number=True),
    )
    cells = [
        (
            f"{row['exchange']} {row['product']} {row['type']}",
            row["name"] or "",
            row["currency"] or MISSING,
            row["value_method"] or MISSING,
            number(row["contract_value_factor"]),
            number(row["delta_scaling_factor"]),
            f"{row['contracts']:,}",
            f"{row['periods']:,}",
        )
        for row in products
    ]
    return Table(columns, cells)


def _tiers(tiers: list[dict[str, Any]]) -> Table:
    columns = (Column("Kind"), Column("Tier", is_number=True), Column("From"), Column("To"), Column("Rate", True))
    cells = [
        (
            tier["kind"].replace("_", " "),
            f"{tier['tier']}",
            "relative" if tier["is_relative"] else tier["start"] or "first",
            "relative" if tier["is_relative"] else tier["end"] or "last",
            rates_text(tier["rates"]) if tier["rates"] else "",
        )
        for tier in tiers
    ]
    return Table(columns, cells)


def _delivery(rates: list[dict[str, Any]]) -> Table:
    columns = (
        Column("Period"),
        Column("Rate id"),
        Column("Side", rank=1),
        Column("In spreads", is_number=True),
        Column("Outright", is_number=True),
    )
    cells = [
        (
            row["period"] or "no expiry",
            row["rate_id"],
            "" if row["side"] == "both" else row["side"],
            number(row["spread_rate"]),
            number(row["outright_rate"]),
        )
        for row in rates
    ]
    return Table(columns, cells)


def _grid(grid: dict[str, Any]) -> Table:
    columns = (Column("Scenario", is_number=True), Column("Price", True), Column("Vol", True), Column("Weight", True))
    cells = [
        (
            f"{point['scenario']}",
            move_text(point["price_move"]),
            move_text(point["volatility_move"]),
            number(point["weight"]),
        )
        for point in grid["points"]
    ]
    return Table(columns, cells)


def _contract(item: dict[str, Any], document: dict[str, Any], level: int) -> Iterator[Block]:
    yield Heading(f"{item['contract']} · {item['commodity']} · {item['clearing_org']} · {item['currency']}", level)
    place = f"{item['file']}:{item['line']}" if item["file"] and item["line"] else item["file"] or MISSING
    digests = dict.fromkeys(source["sha256"][:12] for source in document["sources"] if source["path"] == item["file"])
    facts: list[tuple[str, Sequence[str]]] = [
        ("place", [f"{place}  {' '.join(f'sha256 {digest}' for digest in digests)}".strip()]),
        ("product", [f"{item['product_name'] or item['product']}, {item['type']} valued as {item['value_method']}"]),
    ]
    labels = {
        "period": "period",
        "underlying": "underlying",
        "price": "price",
        "contract_value_factor": "value factor",
        "value": "value of one",
        "delta_scaling_factor": "delta scaling",
        "volatility": "volatility",
        "time_to_expiry": "years to expiry",
        "scan_tier": "scan tier",
    }
    facts += [(label, [value_text(item[name])]) for name, label in labels.items() if item[name] not in (None, 0, "")]
    yield Facts(facts)
    if not item["arrays"]:
        yield Remark("no risk array: an account that holds it cannot be margined", "warning")
    for array in item["arrays"]:
        yield from _array(array, item)


def _array(array: dict[str, Any], item: dict[str, Any]) -> Iterator[Block]:
    yield Heading(f"Risk array of rate id {array['rate_id']}")
    ranges = [
        f"{words} {text}"
        for words, name in (("price", "price_scan"), ("volatility", "volatility_scan"))
        if (text := range_text(array["scan_range"], name))
    ]
    facts: list[tuple[str, Sequence[str]]] = [
        ("composite delta", [number(array["composite_delta"])]),
        ("scan range", [", ".join(ranges) or "not stated"]),
    ]
    if array["tick_value"] is not None:
        facts.append(("losses are in", [f"ticks of {number(array['tick_value'])} {item['product_currency']}"]))
    yield Facts(facts)
    worst = {array["worst_scenario_long"]: "long", array["worst_scenario_short"]: "short"}
    columns = (
        Column("", is_number=True),
        Column("Moves (price in scan ranges)", may_fold=True),
        Column("Loss of one long", is_number=True),
        Column("Worst for"),
    )
    rows = [
        (
            f"{row['scenario']}",
            row["words"].replace(_MOVED, ""),
            number(row["loss"]),
            worst.get(row["scenario"], ""),
        )
        for row in array["scenarios"]
    ]
    yield Table(columns, rows, [row["loss"] for row in array["scenarios"]])
