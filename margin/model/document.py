"""The run as one JSON document: provenance, totals, accounts and problems, in a fixed order of fields.

``accounts`` and ``totals`` are the comparable part: equal books give equal content there. Accounts are made
one after the other, so a report of a million accounts never has to hold them all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from margin.model.problem import Problem

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.numeric.arrays import IntArray

TOTAL_FIGURES = (
    "span_risk",
    "maintenance_requirement",
    "initial_requirement",
    "outright_risk",
    "available_net_option_value",
)

_ACCOUNTS_AT_ONCE = 1_000

_ACCOUNT_FIELDS = (
    "firm",
    "account",
    "account_type",
    "segregation",
    "netting",
    "currency",
    "complete",
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "long_option_value",
    "short_option_value",
    "maintenance_requirement",
    "initial_requirement",
    "outright_risk",
    "exposure_margin",
    "equity",
    "excess",
    "positions",
    "set_aside",
)
_COMMODITY_FIELDS = (
    "clearing_org",
    "commodity",
    "currency",
    "class",
    "kind",
    "absorbed_into",
    "scan_risk",
    "active_scenario",
    "scenario_losses",
    "time_risk",
    "volatility_risk",
    "price_risk",
    "weighted_futures_price_risk",
    "net_delta",
    "scan_tiers",
    "periods",
    "intracommodity_charge",
    "delivery_charge",
    "intercommodity_credit",
    "interclearing_credit",
    "short_option_minimum",
    "exposure_margin",
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "requirement",
    "long_option_value",
    "short_option_value",
    "outright_risk",
    "conversion_factor",
)
_SPREAD_FIELDS = ("kind", "form", "clearing_org", "priority", "number", "amount", "rate_id", "legs")
_NESTED = ("scan_tiers", "periods")

_PROBLEM_SCHEMA = pl.Schema(
    {
        "reason": pl.String,
        "severity": pl.String,
        "message": pl.String,
        "file": pl.String,
        "line": pl.Int64,
        "account": pl.String,
        "attributes": pl.String,
    }
)


def document(run: MarginRun) -> dict[str, Any]:
    """The whole run as dictionaries, lists and scalars that JSON can write."""
    return {**document_parts(run), "accounts": list(account_documents(run))}


def document_parts(run: MarginRun) -> dict[str, Any]:
    """The run as `document` has it, in the same order, but with ``accounts`` as an iterator."""
    from margin.model.run import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "run": provenance(run),
        "totals": totals(run),
        "accounts": account_documents(run),
        "problems": [problem_document(problem) for problem in run.problem_list],
    }


def provenance(run: MarginRun) -> dict[str, Any]:
    """What was computed, how, and from which bytes."""
    return {
        "tool": "margin",
        "version": run.version,
        "method": run.method,
        "house": run.house,
        "rounding": run.rounding,
        "as_of": run.as_of,
        "quantity_unit": run.quantity_unit,
        "parameters": [asdict(source) for source in run.parameter_sources],
        "positions": [asdict(source) for source in run.position_sources],
        "market": [asdict(source) for source in run.market_sources],
        "overrides": list(run.overrides),
    }


def totals(run: MarginRun) -> dict[str, Any]:
    """How much was computed, and the sums by currency, by firm and by segregation.

    A sum is over the *complete* accounts of its group, and ``incomplete_accounts`` says how many are not
    in it; it is null where no account is complete or where a complete account has no such figure.
    """
    accounts = run.accounts
    return {
        "accounts": accounts.height,
        "positions": int(accounts["positions"].sum()),
        "set_aside": int(accounts["set_aside"].sum()),
        "incomplete_accounts": int((~accounts["complete"]).sum()),
        "by_currency": _sums(accounts, ("currency",)),
        "by_firm": _sums(accounts, ("firm", "currency")),
        "by_segregation": _sums(accounts, ("segregation", "currency")),
    }


def account_document(run: MarginRun, row: int) -> dict[str, Any]:
    """The document of the account in one row of ``run.accounts``."""
    return next(_account_documents(run, row, row + 1))


def account_documents(run: MarginRun) -> Iterator[dict[str, Any]]:
    """One document per account, in the order of ``run.accounts``."""
    return _account_documents(run, 0, run.accounts.height)


def _account_documents(run: MarginRun, start: int, stop: int) -> Iterator[dict[str, Any]]:
    accounts = run.accounts.select(_ACCOUNT_FIELDS)
    commodity_rows = run.commodity_rows.with_columns(pl.lit(None).alias(name) for name in _NESTED)
    requirements = _Children.of(run.requirement_rows, "account_index", accounts.height)
    commodities = _Children.of(commodity_rows, "account_index", accounts.height, _COMMODITY_FIELDS)
    spreads = _Children.of(run.spread_rows, "account_index", accounts.height, _SPREAD_FIELDS)
    functions = _Children.of(run.business_function_rows, "account_index", accounts.height)
    scan_tiers = _Children.of(run.scan_tier_rows, "commodity_index", commodity_rows.height)
    periods = _Children.of(run.period_rows, "commodity_index", commodity_rows.height)
    for first in range(start, stop, _ACCOUNTS_AT_ONCE):
        last = min(first + _ACCOUNTS_AT_ONCE, stop)
        begin, end = commodities.span(first, last)
        held = [
            {**commodity, "scan_tiers": its_tiers, "periods": its_periods}
            for commodity, its_tiers, its_periods in zip(
                commodities.rows(first, last),
                scan_tiers.grouped(begin, end),
                periods.grouped(begin, end),
                strict=True,
            )
        ]
        parts = zip(
            accounts[first:last].iter_rows(named=True),
            requirements.grouped(first, last),
            commodities.cut(held, first, last),
            spreads.grouped(first, last),
            functions.grouped(first, last),
            strict=True,
        )
        for account, its_requirements, its_commodities, its_spreads, its_functions in parts:
            yield {
                **account,
                "requirements": its_requirements,
                "commodities": its_commodities,
                "spreads": its_spreads,
                **({"business_functions": its_functions} if its_functions else {}),
            }


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem with its attributes as JSON can write them."""
    return _plain(problem.to_dict())  # type: ignore[no-any-return]


def problem_frame(problems: Iterable[Problem]) -> pl.DataFrame:
    """Problems as a frame, one row each, the attributes as JSON text."""
    rows = []
    for problem in problems:
        described = problem_document(problem)
        described["attributes"] = json.dumps(described["attributes"], ensure_ascii=False)
        rows.append([described[name] for name in _PROBLEM_SCHEMA])
    return pl.DataFrame(rows, schema=_PROBLEM_SCHEMA, orient="row")


@dataclass(frozen=True)
class _Children:
    """Rows of a frame by the row of another frame that they belong to."""

    frame: pl.DataFrame
    starts: IntArray  # of each parent's rows, and one more for the end

    @classmethod
    def of(cls, frame: pl.DataFrame, index: str, parents: int, fields: tuple[str, ...] | None = None) -> _Children:
        starts = np.searchsorted(frame[index].to_numpy(), np.arange(parents + 1))
        return cls(frame.select(fields) if fields else frame.drop(index), starts)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """First row, and one past the last row, of the parents from `first` up to before `last`."""
        return int(self.starts[first]), int(self.starts[last])

    def rows(self, first: int, last: int) -> list[dict[str, Any]]:
        """The rows of these parents, one after the other."""
        begin, end = self.span(first, last)
        return self.frame[begin:end].to_dicts()

    def cut(self, rows: list[dict[str, Any]], first: int, last: int) -> list[list[dict[str, Any]]]:
        """The rows of these parents, one list per parent."""
        bounds = (self.starts[first : last + 1] - self.starts[first]).tolist()
        return [rows[begin:end] for begin, end in pairwise(bounds)]

    def grouped(self, first: int, last: int) -> list[list[dict[str, Any]]]:
        """The rows of these parents, read and cut."""
        return self.cut(self.rows(first, last), first, last)


def _sums(accounts: pl.DataFrame, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Totals per group, sorted by its keys; a null key comes last."""
    complete = pl.col("complete")
    groups = (
        accounts.group_by(keys, maintain_order=True)
        .agg(
            pl.len().alias("accounts"),
            (~complete).sum().alias("incomplete_accounts"),
            *(pl.col(name).filter(complete) for name in TOTAL_FIGURES),
        )
        .sort(keys, nulls_last=True)
    )
    return [
        {
            **{key: group[key] for key in keys},
            **{name: _exact_sum(group[name]) for name in TOTAL_FIGURES},
            "accounts": group["accounts"],
            "incomplete_accounts": group["incomplete_accounts"],
        }
        for group in groups.iter_rows(named=True)
    ]


def _exact_sum(figures: list[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    if not known or len(known) < len(figures):
        return None
    return math.fsum(known) + 0.0


def _plain(value: Any) -> Any:
    """A value as JSON can write it; what JSON has no form for becomes its text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    return str(value)
