"""All accounts in one table, the largest maintenance requirement first, with totals by currency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from margin.model.document import totals
from margin.report.table.page import MISSING, Page

if TYPE_CHECKING:
    from margin.model.run import MarginRun

LISTED_ACCOUNTS = 200

INCOMPLETE = "!"


_SAVED = "saved"
_HEADINGS = {
    "outright_risk": "Outright risk",
    "span_risk": "SPAN risk",
    _SAVED: "Saved",
    "available_net_option_value": "Option value",
    "maintenance_requirement": "Maintenance",
    "initial_requirement": "Initial",
}
_LEAST_NEEDED_FIRST = (
    "initial_requirement",
    "outright_risk",
    _SAVED,
    "available_net_option_value",
    "span_risk",
)


def largest_first(run: MarginRun) -> list[int]:
    """Rows of the accounts by maintenance requirement, those without one first; ties keep their order."""
    rows: list[int] = (
        run.accounts.lazy()
        .select("maintenance_requirement")
        .with_row_index("row")
        .sort("maintenance_requirement", descending=True, nulls_last=False, maintain_order=True)
        .collect()["row"]
        .to_list()
    )
    return rows


def show_accounts(page: Page, run: MarginRun, order: list[int]) -> None:
    """Write the table, at most `LISTED_ACCOUNTS` rows of it, and the totals of all accounts."""
    sums = totals(run)["by_currency"]
    currencies = [entry["currency"] for entry in sums]
    listed = order[:LISTED_ACCOUNTS]
    page.title(f"Accounts{f' in {currencies[0]}' if len(currencies) == 1 and currencies[0] else ''}")
    if not listed:
        page.line("no account holds a position", indent=2)
        return
    table, is_exact = _fitting(page, run.accounts[listed].to_dicts(), sums)
    page.show(table)
    if not is_exact:
        page.line("Shown in whole units of the currency to fit the width.", indent=2)
    if len(order) > len(listed):
        page.line(
            f"{len(order) - len(listed):,} smaller accounts are not shown; "
            "a JSON, CSV or Parquet report has all of them, the totals include them.",
            indent=2,
        )
    if any(entry["incomplete_accounts"] for entry in sums):
        page.line(
            (INCOMPLETE, "bold yellow"),
            " incomplete, and not in the totals: positions were set aside or figures could not be computed; "
            "see Problems.",
            indent=2,
        )


def saved_share(outright_risk: float | None, span_risk: float | None) -> str:
    """How much less than the sum of the positions' own risks a portfolio asks for: ``62.5%``."""
    if not outright_risk or span_risk is None:
        return ""
    return f"{1 - span_risk / outright_risk:z.1%}"


def _fitting(page: Page, accounts: list[dict[str, Any]], sums: list[dict[str, Any]]) -> tuple[Table, bool]:
    """The fullest table that fits the width, and whether it shows the currencies' decimals."""
    table, is_exact = Table(), True
    for figures, is_exact in _variants(accounts):
        table = _table(page, accounts, sums, figures, is_exact)
        if Measurement.get(page.console, page.console.options.update(width=10_000), table).maximum <= page.width:
            break
    return table, is_exact


def _variants(accounts: list[dict[str, Any]]) -> Iterator[tuple[list[str], bool]]:
    """Choices of columns, the fullest first; each with and without decimals."""
    figures = list(_HEADINGS)
    for figure in ("available_net_option_value", "initial_requirement"):
        if not any(account[figure] for account in accounts):
            figures.remove(figure)
    for left_out in (None, *_LEAST_NEEDED_FIRST):
        figures = [figure for figure in figures if figure != left_out]
        yield figures, True
        yield figures, False


def _table(
    page: Page, accounts: list[dict[str, Any]], sums: list[dict[str, Any]], figures: list[str], is_exact: bool
) -> Table:
    with_currency = len(sums) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("", width=1)
    table.add_column("Account", overflow="fold", min_width=8)
    if with_currency:
        table.add_column("", no_wrap=True)
    for figure in figures:
        table.add_column(_HEADINGS[figure], justify="right", no_wrap=True)

    def add(mark: str, label: str, entry: dict[str, Any], style: str) -> None:
        currency = [page.text(entry["currency"] or MISSING)] if with_currency else []
        cells = [_cell(page, entry, figure, is_exact) for figure in figures]
        table.add_row(Text(mark, "bold yellow"), page.text(label), *currency, *cells, style=style)

    for account in accounts:
        add("" if account["complete"] else INCOMPLETE, account_label(account), account, "")
    table.add_section()
    for entry in sums:
        number, incomplete = entry["accounts"], entry["incomplete_accounts"]
        covered = f"{number - incomplete:,} of {number:,}" if incomplete else f"{number:,}"
        add(INCOMPLETE if incomplete else "", f"Total, {covered}", entry, "bold")
    return table


def account_label(account: dict[str, Any]) -> str:
    """An account as people name it: ``FIRM/ACCOUNT (S, CUST)``."""
    name = "/".join(part for part in (account["firm"], account["account"]) if part)
    kind = ", ".join(part for part in (account["account_type"], account["segregation"]) if part)
    return f"{name} ({kind})" if kind else name


def _cell(page: Page, entry: dict[str, Any], figure: str, is_exact: bool) -> str:
    if figure == _SAVED:
        return saved_share(entry["outright_risk"], entry["span_risk"])
    value: float | None = entry[figure]
    return page.amount(value, entry["currency"]) if is_exact or value is None else f"{value:z,.0f}"
