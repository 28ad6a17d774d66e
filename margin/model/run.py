"""A finished margin run: the figures as frames, and the one JSON document all reports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from margin.model.parameters import ParameterSource
from margin.model.position import PositionSource
from margin.model.problem import Problem

SCHEMA_VERSION = 1

ACCOUNT_COLUMNS = ("firm", "account", "account_type", "segregation")

ACCOUNTS_SCHEMA = pl.Schema(
    {
        "firm": pl.String,
        "account": pl.String,
        "account_type": pl.String,
        "segregation": pl.String,
        "netting": pl.String,
        "currency": pl.String,
        "complete": pl.Boolean,
        "positions": pl.Int64,
        "set_aside": pl.Int64,
        "span_risk": pl.Float64,
        "net_option_value": pl.Float64,
        "available_net_option_value": pl.Float64,
        "long_option_value": pl.Float64,
        "short_option_value": pl.Float64,
        "maintenance_requirement": pl.Float64,
        "initial_requirement": pl.Float64,
        "outright_risk": pl.Float64,
        "equity": pl.Float64,
        "excess": pl.Float64,
    }
)
"""One row per account, sorted by firm, account, account type and segregation; figures in the account's currency."""

REQUIREMENTS_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,
        "class": pl.String,
        "kind": pl.String,
        "currency": pl.String,
        "span_risk": pl.Float64,
        "available_net_option_value": pl.Float64,
        "requirement": pl.Float64,
        "additional_requirement": pl.Float64,
    }
)
"""One row per account, class and kind."""

COMMODITIES_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,
        "clearing_org": pl.String,
        "commodity": pl.String,
        "currency": pl.String,
        "class": pl.String,
        "kind": pl.String,
        "absorbed_into": pl.String,
        "scan_risk": pl.Float64,
        "active_scenario": pl.Int32,
        "scenario_losses": pl.List(pl.Float64),
        "time_risk": pl.Float64,
        "volatility_risk": pl.Float64,
        "price_risk": pl.Float64,
        "weighted_futures_price_risk": pl.Float64,
        "net_delta": pl.Float64,
        "intracommodity_charge": pl.Float64,
        "delivery_charge": pl.Float64,
        "intercommodity_credit": pl.Float64,
        "interclearing_credit": pl.Float64,
        "short_option_minimum": pl.Float64,
        "exposure_margin": pl.Float64,
        "span_risk": pl.Float64,
        "long_option_value": pl.Float64,
        "short_option_value": pl.Float64,
        "net_option_value": pl.Float64,
        "available_net_option_value": pl.Float64,
        "outright_risk": pl.Float64,
        "requirement": pl.Float64,
    }
)
"""One row per account, commodity, class and kind, in that order; figures in the commodity's currency."""

SCAN_TIERS_SCHEMA = pl.Schema(
    {
        "commodity_index": pl.Int64,
        "tier": pl.Int32,
        "scan_risk": pl.Float64,
        "active_scenario": pl.Int32,
        "scenario_losses": pl.List(pl.Float64),
    }
)
"""One row per row of the commodities frame and scan tier."""

PERIODS_SCHEMA = pl.Schema(
    {"commodity_index": pl.Int64, "period": pl.String, "delta": pl.Float64, "remaining_delta": pl.Float64}
)
"""One row per row of the commodities frame and period with delta."""

SPREADS_SCHEMA = pl.Schema(
    {
        "account_index": pl.Int32,
        "class": pl.String,
        "maintenance": pl.Boolean,
        "kind": pl.String,
        "form": pl.String,
        "clearing_org": pl.String,
        "priority": pl.Int32,
        "number": pl.Float64,
        "amount": pl.Float64,
        "legs": pl.List(
            pl.Struct(
                {
                    "commodity": pl.String,
                    "tier": pl.Int32,
                    "period": pl.String,
                    "side": pl.String,
                    "ratio": pl.Float64,
                    "delta_used": pl.Float64,
                    "amount": pl.Float64,
                }
            )
        ),
    }
)
"""One row per account and spread formed."""


@dataclass(frozen=True)
class MarginRun:
    """The outcome of one calculation.

    Frames hold unrounded doubles except where the house rounds. Frames with an ``account_index`` point into
    `accounts` by row; ``commodity_index`` points into `commodities`. All are sorted, so equal books give equal bytes.
    """

    version: str
    method: str
    house: str
    rounding: str
    as_of: str
    quantity_unit: str
    parameter_sources: tuple[ParameterSource, ...]
    position_sources: tuple[PositionSource, ...]
    accounts: pl.DataFrame
    requirements: pl.DataFrame
    commodities: pl.DataFrame
    scan_tiers: pl.DataFrame
    periods: pl.DataFrame
    spreads: pl.DataFrame
    problem_list: tuple[Problem, ...]
    scenario_words: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """By (clearing org, commodity): each scenario in words, such as ``price +1/3 of scan range, volatility up``."""

    @property
    def problems(self) -> pl.DataFrame:
        """The problems as a frame, one row each, in the order they were found."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The run as the JSON report shows it."""
        raise NotImplementedError
