"""What an account's opted-in positions cost in a business function, and would cost under normal clearing."""

from __future__ import annotations

from typing import Any

from margin.report.table.page import Page

_TYPES = {
    "XM": "cross-margin agreement",
    "MOS": "mutual offset agreement",
    "CLR": "normal clearing",
    "MBR": "member clearing",
}


def show_business_functions(page: Page, functions: list[dict[str, Any]]) -> None:
    """Write one block per business function the account has opted into; nothing without any."""
    for function in functions:
        currency = function["currency"]
        page.blank()
        kind = _TYPES.get(function["type"], function["type"])
        page.line((function["clearing_org"], "bold"), f" · {kind} · the positions that opt in, alone", indent=2)
        page.entry("requirement here", page.amount(function["requirement_here"], currency), indent=4)
        normal = page.amount(function["normal_clearing_requirement"], currency)
        page.entry("the same positions under normal clearing", normal, indent=4)
        page.rule(indent=4)
        page.entry("saving", page.amount(function["saving"], currency), indent=4, style="bold")
