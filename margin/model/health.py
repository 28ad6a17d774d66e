"""The health of cross-margin accounts: the figures as frames, and the one JSON document all reports are made from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from margin.model.account import SEVERITY, AccountSource, AccountState
from margin.model.account_market import PriceSource
from margin.model.document import problem_document, problem_frame
from margin.model.frames import frame_schema, settled
from margin.model.parameters import ParameterSource
from margin.model.position import ACCOUNT_KEY, PositionSource
from margin.model.problem import Problem

HEALTH_SCHEMA_VERSION = 1

CROSS_SCOPE = "cross"

SCOPES_SCHEMA = frame_schema(
    {
        "firm": pl.String,
        "account": pl.String,
        "account_type": pl.String,
        "segregation": pl.String,
        "scope": pl.String,  # "cross", or "isolated:" and the bucket's id
        "state": pl.String,
        "previous_state": pl.String,
        "complete": pl.Boolean,  # whether every figure that is needed is known
        "currency": pl.String,  # the reporting asset, in which all amounts of this frame are
        "equity": pl.Float64,
        "collateral": pl.Float64,
        "unrealised_profit": pl.Float64,
        "option_value": pl.Float64,
        "available_option_value": pl.Float64,
        "adjusted_equity_maintenance": pl.Float64,
        "adjusted_equity_initial": pl.Float64,
        "maintenance_margin": pl.Float64,
        "initial_margin": pl.Float64,
        "scenario_maintenance": pl.Float64,
        "scenario_initial": pl.Float64,
        "borrow_maintenance": pl.Float64,
        "borrow_initial": pl.Float64,
        "health": pl.Float64,
        "ratio": pl.Float64,
        "usage": pl.Float64,
        "available": pl.Float64,
        "withdrawable": pl.Float64,
        "notional": pl.Float64,
        "leverage": pl.Float64,
        "margin_call_asset": pl.String,
        "margin_call_shortfall": pl.Float64,
        "margin_call": pl.Float64,  # units of the asset
    }
)
"""One row per account, its cross scope, then one per isolated bucket; sorted by account, then bucket."""

ASSETS_SCHEMA = frame_schema(
    {
        "scope_index": pl.Int32,
        "asset": pl.String,
        "price": pl.Float64,
        "stale": pl.Boolean,
        "balance": pl.Float64,  # units, loans negative
        "unrealised_profit": pl.Float64,  # units, settled in the asset
        "value": pl.Float64,  # balance × price
        "net_value": pl.Float64,  # what counts of balance and profit, netted
        "maintenance_value": pl.Float64,  # weighted
        "initial_value": pl.Float64,
        "withdrawable": pl.Float64,  # units
    }
)
"""One row per scope and asset that it holds or settles in."""

MARKETS_SCHEMA = frame_schema(
    {
        "scope_index": pl.Int32,
        "market": pl.String,
        "mark": pl.Float64,
        "stale": pl.Boolean,
        "quantity": pl.Float64,
        "buy_orders": pl.Float64,
        "sell_orders": pl.Float64,
        "notional": pl.Float64,
        "unrealised_profit": pl.Float64,
        "option_value": pl.Float64,
        "maintenance_margin": pl.Float64,
        "initial_margin": pl.Float64,
    }
)
"""One row per scope and market; amounts in the reporting asset, the mark in the settlement asset."""

POSITIONS_SCHEMA = frame_schema(
    {
        "scope_index": pl.Int32,
        "market": pl.String,
        "id": pl.String,
        "quantity": pl.Float64,
        "entry": pl.Float64,
        "unrealised_profit": pl.Float64,
        "maintenance_margin": pl.Float64,  # the market's, shared in proportion to |quantity|
    }
)
"""One row per position; amounts in the reporting asset."""

THRESHOLDS_SCHEMA = frame_schema(
    {
        "scope_index": pl.Int32,
        "state": pl.String,
        "ratio": pl.Float64,
        "fall": pl.Float64,
        "rise": pl.Float64,
        "fall_sigmas": pl.Float64,
        "rise_sigmas": pl.Float64,
    }
)
"""One row per scope with a requirement and per state that begins at a ratio; 0 where it is passed, null where never."""

TEXT_FIGURES = ("state", "previous_state", "margin_call_asset")
FIGURES = tuple(name for name in SCOPES_SCHEMA if name not in (*ACCOUNT_KEY, "scope", "currency", "complete"))
_PARTS = ("assets", "markets", "positions", "thresholds")
_SCOPES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ScenarioInputs:
    """What risk from risk parameters was calculated from."""

    method: str
    house: str
    parameters: tuple[ParameterSource, ...]
    positions: tuple[PositionSource, ...]


@dataclass(frozen=True, eq=False)
class HealthRun:
    """The health of all accounts of a book at one set of prices.

    Figures are unrounded doubles, finite, and null where they do not apply or are not known. Equal books, prices and
    policies give equal frames, however the rows were ordered or split.

    Attributes:
        version: Of the program.
        policy: Name of the account policy; `policy_source` says where its rules come from.
        as_of: The moment the prices are of; `None` where nothing says.
        scopes: Frame with `SCOPES_SCHEMA`.
        asset_rows, market_rows, position_rows, threshold_rows: Frames whose ``scope_index`` points into `scopes`.
        problem_list: Everything that is to be said of the inputs.
        scenario: What risk from risk parameters was calculated from; `None` where there is none.

    Raises:
        TypeError: A frame does not have its schema.
        ArithmeticError: A frame holds NaN or an infinity, or rows out of order; the engine is at fault.
    """

    version: str
    policy: str
    policy_source: str
    policy_date: str
    as_of: str | None
    account_sources: tuple[AccountSource, ...]
    market_sources: tuple[PriceSource, ...]
    scopes: pl.DataFrame
    asset_rows: pl.DataFrame
    market_rows: pl.DataFrame
    position_rows: pl.DataFrame
    threshold_rows: pl.DataFrame
    problem_list: tuple[Problem, ...] = ()
    scenario: ScenarioInputs | None = None
    currency_decimals: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, schema, index in (
            ("scopes", SCOPES_SCHEMA, None),
            ("asset_rows", ASSETS_SCHEMA, "scope_index"),
            ("market_rows", MARKETS_SCHEMA, "scope_index"),
            ("position_rows", POSITIONS_SCHEMA, "scope_index"),
            ("threshold_rows", THRESHOLDS_SCHEMA, "scope_index"),
        ):
            object.__setattr__(self, name, settled(name, getattr(self, name), schema, index))

    @property
    def accounts(self) -> pl.DataFrame:
        """The cross scopes, one row per account."""
        return self.scopes.filter(pl.col("scope") == CROSS_SCOPE)

    @property
    def problems(self) -> pl.DataFrame:
        """The problems as a frame, one row each; attributes as JSON text."""
        return problem_frame(self.problem_list)

    def to_dict(self) -> dict[str, Any]:
        """The run as the JSON report shows it."""
        return {**health_document_parts(self), "accounts": list(health_documents(self))}


def health_document_parts(run: HealthRun) -> dict[str, Any]:
    """The document in its order, with ``accounts`` as an iterator."""
    return {
        "schema_version": HEALTH_SCHEMA_VERSION,
        "run": health_provenance(run),
        "totals": health_totals(run),
        "accounts": health_documents(run),
        "problems": [problem_document(problem) for problem in run.problem_list],
    }


def health_provenance(run: HealthRun) -> dict[str, Any]:
    """What was computed, how, and from which bytes."""
    scenario = run.scenario
    return {
        "tool": "margin",
        "version": run.version,
        "account_policy": run.policy,
        "account_policy_source": run.policy_source,
        "account_policy_date": run.policy_date,
        "as_of": run.as_of,
        "method": None if scenario is None else scenario.method,
        "house": None if scenario is None else scenario.house,
        "accounts": [asdict(source) for source in run.account_sources],
        "market": [asdict(source) for source in run.market_sources],
        "parameters": [] if scenario is None else [asdict(source) for source in scenario.parameters],
        "positions": [] if scenario is None else [asdict(source) for source in scenario.positions],
    }


def health_totals(run: HealthRun) -> dict[str, Any]:
    """How many scopes are in which state, and what is called, by asset."""
    scopes = run.scopes
    counts = dict(scopes["state"].value_counts().iter_rows())
    called = scopes.filter(pl.col("margin_call") > 0.0)
    assets = called["margin_call_asset"].unique().sort()
    return {
        "accounts": int((scopes["scope"] == CROSS_SCOPE).sum()),
        "isolated": int((scopes["scope"] != CROSS_SCOPE).sum()),
        "by_state": [
            {"state": str(state), "scopes": counts[str(state)]}
            for state in (*reversed(SEVERITY), AccountState.STALE, AccountState.INCOMPLETE)
            if str(state) in counts
        ],
        "margin_calls": [
            {
                "asset": asset,
                "accounts": int((called["margin_call_asset"] == asset).sum()),
                "amount": math.fsum(called.filter(pl.col("margin_call_asset") == asset)["margin_call"]) + 0.0,
            }
            for asset in assets
        ],
    }


def health_documents(run: HealthRun) -> Iterator[dict[str, Any]]:
    """One document per account, its isolated buckets within, in the order of `HealthRun.scopes`."""
    starts = np.flatnonzero((run.scopes["scope"] == CROSS_SCOPE).to_numpy())
    bounds = [*starts.tolist(), run.scopes.height]
    scopes = _scope_documents(run)
    for start, end in pairwise(bounds):
        account, *buckets = (next(scopes) for _ in range(end - start))
        isolated = [
            {name: value for name, value in bucket.items() if name not in (*ACCOUNT_KEY, "previous_state")}
            for bucket in buckets
        ]
        yield {name: value for name, value in account.items() if name != "scope"} | {"isolated": isolated}


def _scope_documents(run: HealthRun) -> Iterator[dict[str, Any]]:
    frames = dict(zip(_PARTS, (run.asset_rows, run.market_rows, run.position_rows, run.threshold_rows), strict=True))
    starts = {
        name: np.searchsorted(frame["scope_index"].to_numpy(), np.arange(run.scopes.height + 1))
        for name, frame in frames.items()
    }
    bare = {name: frame.drop("scope_index") for name, frame in frames.items()}
    for first in range(0, run.scopes.height, _SCOPES_AT_ONCE):
        last = min(first + _SCOPES_AT_ONCE, run.scopes.height)
        parts = {}
        for name in _PARTS:
            begin, end = starts[name][first], starts[name][last]
            rows = bare[name][int(begin) : int(end)].to_dicts()
            bounds = (starts[name][first : last + 1] - begin).tolist()
            parts[name] = [rows[start:stop] for start, stop in pairwise(bounds)]
        for place, scope in enumerate(run.scopes[first:last].iter_rows(named=True)):
            yield scope | {name: parts[name][place] for name in _PARTS}
