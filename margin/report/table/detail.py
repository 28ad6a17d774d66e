"""The largest accounts in detail: how each requirement comes about, commodity by commodity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from margin.model.document import account_document
from margin.report.table.business_functions import show_business_functions
from margin.report.table.ladder import SCAN_RANGE_UNIT, show_ladder
from margin.report.table.overview import account_label, saved_share
from margin.report.table.page import Page
from margin.report.table.spreads import show_spreads

if TYPE_CHECKING:
    from margin.model.run import MarginRun

LISTED_COMMODITIES = 12
"""For how many commodities of an account the components are shown, the largest requirement first."""

LISTED_LADDERS = 3
"""For how many of them the scenarios are shown."""

_MAIN = ("CORE", "maintenance")

_COMPONENTS = (
    ("intracommodity_charge", "+ intracommodity spread charge"),
    ("delivery_charge", "+ delivery charge"),
    ("intercommodity_credit", "− intercommodity spread credit"),
    ("interclearing_credit", "− interclearing spread credit"),
    ("short_option_minimum", "  short option minimum, the least it can be"),
    ("exposure_margin", "  exposure margin, beside the SPAN risk"),
)
"""Components in the order in which they add up, with the words shown; a component of zero is left out."""


def show_details(page: Page, run: MarginRun, rows: list[int]) -> None:
    """Write the accounts in these rows of ``run.accounts``, one block each."""
    for row in rows:
        _show_account(page, run, account_document(run, row))


def _show_account(page: Page, run: MarginRun, account: dict[str, Any]) -> None:
    currency = account["currency"]
    page.title(f"{account_label(account)} · {currency or 'several currencies'} · {account['netting']} positions")
    if not account["complete"]:
        page.line(_why_incomplete(account), indent=2)
    outright, span_risk = account["outright_risk"], account["span_risk"]
    page.entry("outright risk, each position alone", page.amount(outright, currency))
    if outright is not None and span_risk is not None:
        share = saved_share(outright, span_risk)
        page.entry(
            "netting and spreads",
            page.amount(span_risk - outright, currency),
            note=share and f"saved {share}",
        )
    page.entry("SPAN risk", page.amount(span_risk, currency))
    _show_option_value(page, account, currency, indent=2)
    page.rule()
    page.entry("maintenance requirement", page.amount(account["maintenance_requirement"], currency), style="bold")
    for name, label in (
        ("initial_requirement", "initial requirement"),
        ("exposure_margin", "exposure margin, on top of these"),
        ("equity", "equity"),
        ("excess", "excess"),
    ):
        if account[name] is not None:
            page.entry(label, page.amount(account[name], currency))
    show_business_functions(page, account.get("business_functions", []))
    _show_commodities(page, run, account["commodities"])
    show_spreads(page, account["spreads"], {_key(row): row["currency"] for row in account["commodities"]})


def _why_incomplete(account: dict[str, Any]) -> tuple[str, str]:
    refused = sorted({c["commodity"] for c in account["commodities"] if c["requirement"] is None})
    reasons = []
    if account["set_aside"]:
        reasons.append(f"{account['set_aside']:,} of {account['positions']:,} positions set aside")
    if refused:
        reasons.append(f"no requirement for {', '.join(refused)}")
    return f"Incomplete: {' and '.join(reasons) or 'a figure could not be computed'}; see Problems.", "yellow"


def _show_commodities(page: Page, run: MarginRun, commodities: list[dict[str, Any]]) -> None:
    """Write the blocks of the largest commodities, in the order of the run."""
    main = [row for row in commodities if (row["class"], row["kind"]) == _MAIN]
    by_size = sorted(main, key=lambda row: -math.inf if row["requirement"] is None else -row["requirement"])
    shown = [_key(row) for row in by_size[:LISTED_COMMODITIES]]
    for row in main:
        if _key(row) not in shown:
            continue
        words = run.scenario_words.get(_key(row), ())
        page.blank()
        heading = " · ".join(["", row["clearing_org"], row["currency"], f"{row['class']} {row['kind']}"])
        page.line((row["commodity"], "bold"), heading, indent=2)
        _show_commodity(page, row, words)
        for other in commodities:
            if _key(other) == _key(row) and other is not row:
                label = f"{other['class']} {other['kind']} requirement"
                page.entry(label, page.amount(other["requirement"], other["currency"]), indent=4)
        if row["scenario_losses"] and _key(row) in shown[:LISTED_LADDERS]:
            show_ladder(page, row["scenario_losses"], row["active_scenario"], words, row["currency"])
    if len(main) > len(shown):
        page.blank()
        page.line(f"{len(main) - len(shown):,} smaller commodities are not shown.", indent=2)


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["clearing_org"], row["commodity"]


def _show_commodity(page: Page, row: dict[str, Any], words: tuple[str, ...]) -> None:
    """Write how the components of one commodity add up."""
    currency = row["currency"]
    if row["absorbed_into"] is not None:
        page.line(f"margined inside {row['absorbed_into']} by a scanning-based spread", indent=4)
        return
    if row["scan_risk"] is None and row["requirement"] is None:
        page.line(("not computed; see Problems", "yellow"), indent=4)
        return
    page.entry("outright risk, each position alone", page.amount(row["outright_risk"], currency), indent=4)
    _show_scan_risk(page, "scan risk, netted", row, words, currency)
    if len(row["scan_tiers"]) > 1:
        for tier in row["scan_tiers"]:
            _show_scan_risk(page, f"  in tier {tier['tier']}", tier, words, currency)
    for name, label in _COMPONENTS:
        if row[name]:
            page.entry(label, page.amount(row[name], currency), indent=4)
    page.entry("SPAN risk", page.amount(row["span_risk"], currency), indent=4)
    _show_option_value(page, row, currency, indent=4)
    page.rule(indent=4)
    page.entry("requirement", page.amount(row["requirement"], currency), indent=4, style="bold")
    if row["periods"]:
        deltas = "; ".join(
            f"{part['period'] or 'no expiry'} {_delta(part['delta'])}, {_delta(part['remaining_delta'])} left"
            for part in row["periods"]
        )
        page.line(("delta  ", "dim"), deltas, indent=4)


def _show_scan_risk(page: Page, label: str, row: dict[str, Any], words: tuple[str, ...], currency: str | None) -> None:
    number = row["active_scenario"]
    note = "" if number is None else f"scenario {number}"
    if note and number <= len(words):
        note += f": {words[number - 1].replace(SCAN_RANGE_UNIT, '')}"
    page.entry(label, page.amount(row["scan_risk"], currency), indent=4, note=note)


def _delta(value: float) -> str:
    return f"{value:z,.6g}"


def _show_option_value(page: Page, row: dict[str, Any], currency: str | None, indent: int) -> None:
    """Write the option value that the requirement is net of, where there are options."""
    if not (row["long_option_value"] or row["short_option_value"] or row["available_net_option_value"]):
        return
    sides = [
        f"{side} {page.amount(row[name], currency)}"
        for side, name in (("long", "long_option_value"), ("short", "short_option_value"))
    ]
    amount = page.amount(row["available_net_option_value"], currency)
    page.entry("− net option value available", amount, indent=indent, note=", ".join(sides))
