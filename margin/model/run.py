"""A finished margin run: the figures as frames, and the one JSON document all reports are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from margin.model.frames import frame_schema, settled
from margin.model.market import MarketSource
from margin.model.parameters import ParameterSet, ParameterSource
from margin.model.position import PositionSource
from margin.model.problem import Problem

SCHEMA_VERSION = 1

ACCOUNT_COLUMNS = ("firm", "account", "account_type", "segregation")

ACCOUNTS_SCHEMA = frame_schema(
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
        "exposure_margin": pl.Float64,  # asked by the house beside the SPAN risk; null where it has no such rule
        "equity": pl.Float64,
        "excess": pl.Float64,
    }
)
"""One row per account, sorted by firm, account, account type and segregation; in the account's currency."""

REQUIREMENTS_SCHEMA = frame_schema(
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

COMMODITIES_SCHEMA = frame_schema(
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
        "conversion_factor": pl.Float64,  # from the commodity's currency to the account's; null without a rate
    }
)
"""One row per account, commodity, class and kind, in that order; figures in the commodity's currency."""

SCAN_TIERS_SCHEMA = frame_schema(
    {
        "commodity_index": pl.Int64,
        "tier": pl.Int32,
        "scan_risk": pl.Float64,
        "active_scenario": pl.Int32,
        "scenario_losses": pl.List(pl.Float64),
    }
)
"""One row per row of the commodities frame and scan tier."""

PERIODS_SCHEMA = frame_schema(
    {"commodity_index": pl.Int64, "period": pl.String, "delta": pl.Float64, "remaining_delta": pl.Float64}
)
"""One row per row of the commodities frame and period with delta."""

SPREADS_SCHEMA = frame_schema(
    {
        "account_index": pl.Int32,
        "rate_id": pl.String,  # the set of rates the spread was formed with
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

BUSINESS_FUNCTIONS_SCHEMA = frame_schema(
    {
        "account_index": pl.Int32,
        "clearing_org": pl.String,
        "type": pl.String,
        "currency": pl.String,
        "span_risk_here": pl.Float64,
        "requirement_here": pl.Float64,
        "normal_clearing_span_risk": pl.Float64,
        "normal_clearing_requirement": pl.Float64,
        "saving": pl.Float64,
    }
)
"""One row per account and business function it has opted into, in the account's currency.

Figures are those of the opted-in positions alone, class CORE, kind maintenance: in the business function, and what
the same positions would cost under normal clearing. ``saving`` is the difference of the two requirements.
"""


HOLDINGS_SCHEMA = frame_schema(
    {
        "account_index": pl.Int32,
        "commodity": pl.Int32,  # row in ParameterSet.commodities
        "contract": pl.Int32,  # row in ParameterSet.contracts
        "quantity": pl.Float64,  # net, long > 0; null where long and short are margined each by itself
        "long": pl.Float64,
        "short": pl.Float64,
    }
)
"""One row per account and contract, as margined: in the parameter file's units, combinations split where they are."""

ACCOUNT_FACTS_SCHEMA = frame_schema(
    {
        "is_customer": pl.Boolean,
        "ledger_balance": pl.Float64,
        "open_trade_equity": pl.Float64,
        "securities": pl.Float64,
    }
)
"""What is known of the accounts besides their positions, row by row with the accounts; null where nothing is given."""


@dataclass(frozen=True, eq=False)
class RunInputs:
    """What a run was calculated from, for reports that repeat it.

    Attributes:
        parameters: Risk parameters.
        holdings: Frame with `HOLDINGS_SCHEMA`, ascending by account.
        account_facts: Frame with `ACCOUNT_FACTS_SCHEMA`.
    """

    parameters: ParameterSet
    holdings: pl.DataFrame
    account_facts: pl.DataFrame


@dataclass(frozen=True, eq=False)
class MarginRun:
    """The outcome of one calculation.

    Figures are unrounded doubles except where the house rounds, finite, and null where they do not apply.
    The ``*_rows`` frames are the engine's: sorted, with an ``account_index`` that points into `accounts` by
    row, or a ``commodity_index`` that points into `commodity_rows`. The properties `requirements`,
    `commodities`, `spreads`, `business_functions`, `scan_tiers` and `periods` are the same rows for readers: they
    carry key columns instead. Equal books give equal frames.

    Raises:
        TypeError: A frame does not have its schema.
        ArithmeticError: A frame holds NaN or an infinity, or rows out of order; the engine is at fault.
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
    requirement_rows: pl.DataFrame
    commodity_rows: pl.DataFrame
    scan_tier_rows: pl.DataFrame
    period_rows: pl.DataFrame
    spread_rows: pl.DataFrame
    problem_list: tuple[Problem, ...]
    scenario_words: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Each scenario in words, by (clearing org, commodity): ``price +1/3 of scan range, volatility up``."""
    currency_decimals: Mapping[str, int] = field(default_factory=dict)
    """Decimals of each currency's minor unit, for display; a currency that is not named has two."""
    business_function_rows: pl.DataFrame = field(default_factory=BUSINESS_FUNCTIONS_SCHEMA.to_frame)
    market_sources: tuple[MarketSource, ...] = ()
    """Market data that risk arrays were derived from."""
    overrides: tuple[str, ...] = ()
    """Changes that were made to what the parameter files say, as the user wrote them."""
    explainer: Callable[..., dict[str, Any]] | None = field(default=None, repr=False)
    """Explains accounts of this run; only a run that was calculated here, and not read back, has one."""
    inputs: RunInputs | None = field(default=None, repr=False)
    """What it was calculated from; likewise."""

    def __post_init__(self) -> None:
        for name, schema, index in _FRAMES:
            object.__setattr__(self, name, settled(name, getattr(self, name), schema, index))

    @cached_property
    def requirements(self) -> pl.DataFrame:
        """One row per account, class and kind: the account's key columns, then `REQUIREMENTS_SCHEMA`'s."""
        return self._with_account(self.requirement_rows)

    @cached_property
    def commodities(self) -> pl.DataFrame:
        """One row per account, commodity, class and kind: key columns, then `COMMODITIES_SCHEMA`'s."""
        return self._with_account(self.commodity_rows)

    @cached_property
    def spreads(self) -> pl.DataFrame:
        """One row per account and spread formed: key columns, then `SPREADS_SCHEMA`'s."""
        return self._with_account(self.spread_rows)

    @cached_property
    def business_functions(self) -> pl.DataFrame:
        """One row per account and business function: key columns, then `BUSINESS_FUNCTIONS_SCHEMA`'s."""
        return self._with_account(self.business_function_rows)

    @cached_property
    def scan_tiers(self) -> pl.DataFrame:
        """One row per row of `commodities` and scan tier: key columns, then `SCAN_TIERS_SCHEMA`'s."""
        return self._with_commodity(self.scan_tier_rows)

    @cached_property
    def periods(self) -> pl.DataFrame:
        """One row per row of `commodities` and period with delta: key columns, then `PERIODS_SCHEMA`'s."""
        return self._with_commodity(self.period_rows)

    @cached_property
    def problems(self) -> pl.DataFrame:
        """The problems as a frame, one row each, in the order they were found; attributes as JSON text."""
        from margin.model.document import problem_frame

        return problem_frame(self.problem_list)

    def to_dict(self) -> dict[str, Any]:
        """The run as the JSON report shows it."""
        from margin.model.document import document

        return document(self)

    def explain(
        self,
        account: str,
        *,
        firm: str | None = None,
        account_type: str | None = None,
        segregation: str | None = None,
        why: Sequence[str] = (),
        depth: int | None = None,
    ) -> dict[str, Any]:
        """Why an account's requirement is what it is: a tree from the account down to position × scenario.

        The operation of every node (``sum``, ``difference``, ``product``, ``quotient``, ``max``, ``min``,
        ``absolute``) gives its value from those of its children; a child without a value is left out of it.

        Args:
            account: The account's name.
            firm: Its firm, where accounts of several firms have that name.
            account_type: Its type, likewise.
            segregation: Its segregation, likewise.
            why: Components, commodities or contracts whose paths alone are wanted; empty for the whole tree.
            depth: How many levels to give below the requirement, or below what `why` asks for; `None` for all.
                Steps between a requirement and its components do not count.

        Returns:
            The document that ``margin explain --format json`` writes.

        Raises:
            InputRefused: No account or several fit, or there is no such component.
            RuntimeError: The run does not have the inputs it was calculated from.
        """
        if self.explainer is None:
            raise RuntimeError("only a run that calculate() has returned can explain an account")
        return self.explainer(
            self, account, firm=firm, account_type=account_type, segregation=segregation, why=why, depth=depth
        )

    def long_table(self) -> pl.DataFrame:
        """The run's figures as one long table, a row per figure: what the CSV and Parquet reports hold."""
        from margin.model.long_table import long_table

        return long_table(self)

    def _with_account(self, rows: pl.DataFrame) -> pl.DataFrame:
        keys = self.accounts.select(ACCOUNT_COLUMNS)[rows["account_index"]]
        return pl.concat([keys, rows.drop("account_index")], how="horizontal")

    def _with_commodity(self, rows: pl.DataFrame) -> pl.DataFrame:
        keys = self.commodities.select(*ACCOUNT_COLUMNS, *_COMMODITY_COLUMNS)[rows["commodity_index"]]
        return pl.concat([keys, rows.drop("commodity_index")], how="horizontal")


_COMMODITY_COLUMNS = ("clearing_org", "commodity", "class", "kind")

_FRAMES: tuple[tuple[str, pl.Schema, str | None], ...] = (
    ("accounts", ACCOUNTS_SCHEMA, None),
    ("requirement_rows", REQUIREMENTS_SCHEMA, "account_index"),
    ("commodity_rows", COMMODITIES_SCHEMA, "account_index"),
    ("scan_tier_rows", SCAN_TIERS_SCHEMA, "commodity_index"),
    ("period_rows", PERIODS_SCHEMA, "commodity_index"),
    ("spread_rows", SPREADS_SCHEMA, "account_index"),
    ("business_function_rows", BUSINESS_FUNCTIONS_SCHEMA, "account_index"),
)
