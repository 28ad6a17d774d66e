"""The health of accounts for a person at a terminal: every account on a line, then the worst in detail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl

from margin.model.account import SEVERITY, AccountState
from margin.model.health import CROSS_SCOPE
from margin.model.money import amount_text
from margin.model.text import shown_text

if TYPE_CHECKING:
    from margin.model.health import HealthRun
    from margin.report import Presentation

SUFFIXES = (".txt",)
IS_BINARY = False

_COLORS = {"normal": "32", "warn": "33", "restrict": "33", "stale": "35", "incomplete": "35"}
_BAD = "1;31"
_LISTED = 200
_NONE = "none"

_STATE_WIDTH = 11
_FIGURES = (
    ("equity", "equity"),
    ("adjusted equity", "adjusted_equity_maintenance"),
    ("maintenance margin", "maintenance_margin"),
    ("health", "health"),
    ("initial margin", "initial_margin"),
    ("available", "available"),
    ("withdrawable", "withdrawable"),
    ("notional", "notional"),
)
_WORST_FIRST = [
    str(state)
    for state in (
        *(AccountState.BANKRUPT, AccountState.LIQUIDATE, AccountState.INCOMPLETE, AccountState.STALE),
        *reversed(SEVERITY[:-2]),
    )
]


def render(run: HealthRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the page: states counted, one line per scope worst first, and details of the first few."""
    for line in _lines(run, presentation):
        out.write((line.rstrip() + "\n").encode(presentation.encoding, "backslashreplace"))


def _lines(run: HealthRun, presentation: Presentation) -> Iterator[str]:
    order = run.scopes.with_row_index("row").with_columns(
        rank=pl.col("state").replace_strict(_WORST_FIRST, list(range(len(_WORST_FIRST))), return_dtype=pl.Int32)
    )
    worst = order.sort("rank", "ratio", "row", nulls_last=True)
    yield f"Health by account policy {_shown(run.policy, presentation)}" + (f", {run.as_of}" if run.as_of else "")
    yield ""
    yield from _overview(worst, presentation)
    for row in worst["row"].head(run.scopes.height if presentation.is_complete else presentation.detailed_accounts):
        yield ""
        yield from _detail(run, row, presentation)
    if run.problem_list:
        yield ""
        yield "Problems"
        for problem in run.problem_list[:_LISTED]:
            yield f"  {problem.severity}: {_shown(str(problem), presentation)}"
        if len(run.problem_list) > _LISTED:
            yield f"  ... and {len(run.problem_list) - _LISTED:,} more"


def _overview(worst: pl.DataFrame, presentation: Presentation) -> Iterator[str]:
    names = {row["row"]: _shown(_name(row), presentation) for row in worst.head(_LISTED).iter_rows(named=True)}
    width = max((len(name) for name in [*names.values(), "account"]), default=0)
    yield f"{'account':{width}}  {'state':{_STATE_WIDTH}} {'ratio':>10} {'health':>18} {'equity':>18}  currency"
    for row in worst.head(_LISTED).iter_rows(named=True):
        state = _coloured(f"{row['state']:{_STATE_WIDTH}}", row["state"], presentation)
        figures = f"{_ratio(row['ratio']):>10} {_amount(row['health'], row):>18} {_amount(row['equity'], row):>18}"
        yield f"{names[row['row']]:{width}}  {state} {figures}  {_shown(row['currency'], presentation)}"
    if worst.height > _LISTED:
        yield f"... and {worst.height - _LISTED:,} more"


def _detail(run: HealthRun, row: int, presentation: Presentation) -> Iterator[str]:
    scope = run.scopes.row(row, named=True)
    state = _coloured(scope["state"], scope["state"], presentation)
    before = f", before {scope['previous_state']}" if scope["previous_state"] else ""
    yield f"{_shown(_name(scope), presentation)}: {state}{before}"
    for words, name in _FIGURES:
        yield f"  {words:22}{_amount(scope[name], scope):>20}"
    for words in ("ratio", "usage", "leverage"):
        yield f"  {words:22}{_ratio(scope[words]):>20}"
    if scope["margin_call"]:
        asset = scope["margin_call_asset"]
        yield f"  {'margin call':22}{amount_text(scope['margin_call'], asset, {}):>20} {_shown(asset, presentation)}"
    for threshold in _of(run.threshold_rows, row):
        yield f"  {threshold['state']} at ratio {threshold['ratio']:g}: {_distance(threshold)}"
    assets = _of(run.asset_rows, row)
    if assets:
        yield f"  {'asset':14}{'balance':>18}{'profit':>18}{'net value':>18}{'weighted':>18}"
        for asset in assets:
            units = "".join(f"{_units(asset[name]):>18}" for name in ("balance", "unrealised_profit"))
            values = "".join(
                f"{_amount(figure, scope):>18}" for figure in (asset["net_value"], asset["maintenance_value"])
            )
            yield f"  {_cut(asset['asset'], presentation)}{units}{values}{'  stale' if asset['stale'] else ''}"
    markets = _of(run.market_rows, row)
    if markets:
        yield f"  {'market':14}{'quantity':>18}{'notional':>18}{'maintenance':>18}{'initial':>18}"
        for market in markets:
            figures = (market["notional"], market["maintenance_margin"], market["initial_margin"])
            values = "".join(f"{_amount(figure, scope):>18}" for figure in figures)
            stale = "  stale" if market["stale"] else ""
            yield f"  {_cut(market['market'], presentation)}{_units(market['quantity']):>18}{values}{stale}"


def _of(rows: pl.DataFrame, scope: int) -> list[dict[str, Any]]:
    index = rows["scope_index"]
    return rows[index.search_sorted(scope, "left") : index.search_sorted(scope, "right")].to_dicts()


def _name(row: dict[str, Any]) -> str:
    parts = [row["firm"], row["account"], row["account_type"], row["segregation"]]
    parts.append(None if row["scope"] == CROSS_SCOPE else row["scope"])
    return " ".join(part for part in parts if part)


def _distance(threshold: dict[str, Any]) -> str:
    said = []
    for words in ("fall", "rise"):
        if threshold[words] is not None:
            sigmas = threshold[f"{words}_sigmas"]
            said.append(f"{words} of {threshold[words]:.2%}" + ("" if sigmas is None else f" ({sigmas:.2f} sigmas)"))
    return "passed" if 0.0 in (threshold["fall"], threshold["rise"]) else ", ".join(said) or "out of reach"


def _amount(value: float | None, row: dict[str, Any]) -> str:
    return _NONE if value is None else amount_text(value, row["currency"], {})


def _ratio(value: float | None) -> str:
    return _NONE if value is None else f"{value:z,.4f}"


def _units(value: float | None) -> str:
    return _NONE if value is None else f"{value:,.10g}"


def _cut(text: str, presentation: Presentation) -> str:
    return f"{_shown(text, presentation):14}"


def _shown(text: str, presentation: Presentation) -> str:
    return shown_text(text, has_unicode=presentation.unicode)


def _coloured(text: str, state: str, presentation: Presentation) -> str:
    return f"\x1b[{_COLORS.get(state, _BAD)}m{text}\x1b[0m" if presentation.color else text
