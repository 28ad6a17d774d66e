"""The spreads an account formed, in the order in which they were formed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from margin.report.table.page import Page

LISTED_SPREADS = 20


def show_spreads(page: Page, spreads: list[dict[str, Any]], currencies: Mapping[tuple[str, str], str | None]) -> None:
    """Write one paragraph per spread: how many, its legs, what it costs or saves.

    Args:
        page: The page.
        spreads: Spreads as in the JSON document.
        currencies: Currency by (clearing org, commodity).
    """
    if not spreads:
        return
    page.blank()
    page.line(("Spreads formed", "bold"), indent=2)
    for spread in spreads[:LISTED_SPREADS]:
        number = "" if spread["number"] is None else f"{spread['number']:z,.6g} × "
        legs = " with ".join(_leg(leg) for leg in spread["legs"])
        page.line(
            f"{number}{spread['kind']}, priority {spread['priority']}: {legs}",
            *_effect(page, spread, currencies),
            indent=4,
        )
    if len(spreads) > LISTED_SPREADS:
        page.line(f"… and {len(spreads) - LISTED_SPREADS:,} more", indent=4)


def _effect(
    page: Page, spread: dict[str, Any], currencies: Mapping[tuple[str, str], str | None]
) -> list[str | tuple[str, str]]:
    """What the spread costs or saves, in the one currency of its legs."""
    held = {currencies.get((spread["clearing_org"], leg["commodity"])) for leg in spread["legs"]}
    if spread["amount"] is None or len(held) > 1:
        return []
    currency = next(iter(held), None)
    word = "charge" if spread["kind"] == "intracommodity" else "credit"
    return [f", {word} ", (f"{currency or ''} {page.amount(spread['amount'], currency)}".strip(), "bold")]


def _leg(leg: dict[str, Any]) -> str:
    where = leg["period"] or (f"tier {leg['tier']}" if leg["tier"] else "")
    used = "" if leg["delta_used"] is None else f" {abs(leg['delta_used']):z,.6g}"
    return " ".join(part for part in (leg["commodity"], where, leg["side"]) if part) + used
