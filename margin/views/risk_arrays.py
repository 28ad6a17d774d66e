"""Risk arrays as a table: each contract with what its losses were derived from, and the losses themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from margin.model.parameters import ParameterSet, RateId
from margin.model.pricing import OPTION_MODELS, PRICING_SCHEMA
from margin.numeric.arrays import CodeArray, FloatArray
from margin.resolve.contracts import contract_names, resolve_contracts
from margin.views.inspect.contract_table import contract_table

SCHEMA_VERSION = 1

_PARTS = (
    "clearing_org",
    "commodity",
    "exchange",
    "product",
    "type",
    "period",
    "underlying_period",
    "right",
    "strike",
    "price",
    "value",
)
_PRICING = (
    "model",
    "underlying",
    "level_period",
    "level",
    "volatility",
    "years",
    "rate",
    "carry",
    "price_scan_up",
    "price_scan_down",
    "volatility_scan_up",
    "volatility_scan_down",
)

_OF_OPTIONS = ("volatility", "volatility_scan_up", "volatility_scan_down")
_OF_TIME = ("years", "rate", "carry")
_TIMELESS = ("linear", "inverse")


@dataclass(frozen=True, eq=False)
class RiskArrayTable:
    """Risk arrays, one row per contract and rate id, in the order of the parameters.

    Attributes:
        parameters: Where they are from.
        frame: ``rate_id``, ``contract`` (as a position may name it), its parts, ``price``, ``value`` and currency
            of one contract, the numbers of `margin.model.pricing.PRICING_SCHEMA` that its array was derived from
            (null where losses were given, or the model does not look at them), and ``composite_delta``.
        losses: Loss (+) or gain (−) of one long contract by scenario, zeros on the right of shorter arrays; shape
            (rows, widest).
        points: Number of scenarios of each row; shape (rows,).
    """

    parameters: ParameterSet
    frame: pl.DataFrame
    losses: FloatArray
    points: CodeArray

    def wide(self) -> pl.DataFrame:
        """The frame with a column ``a1`` … ``aN`` for each scenario, null beyond a row's own."""
        columns = []
        for place in range(self.losses.shape[1]):
            values = pl.Series(f"a{place + 1}", self.losses[:, place])
            columns.append(values.set(pl.Series(self.points <= place), None))
        return self.frame.hstack(columns)

    def to_dict(self) -> dict[str, Any]:
        """The document that ``margin arrays --format json`` writes."""
        pricing = self.parameters.pricing
        rows = zip(self.frame.iter_rows(named=True), self.losses, self.points.tolist(), strict=True)
        return {
            "schema_version": SCHEMA_VERSION,
            "parameters": [asdict(source) for source in self.parameters.sources],
            "market": [] if pricing is None else [asdict(source) for source in pricing.market],
            "overrides": list(self.parameters.overrides),
            "arrays": [{**row, "losses": losses[:points].tolist()} for row, losses, points in rows],
        }


def risk_array_table(parameters: ParameterSet) -> RiskArrayTable:
    """The risk arrays of all contracts that have one and belong to a combined commodity."""
    contracts = resolve_contracts(parameters)
    names = pl.DataFrame(
        {"row": contracts.rows, "contract": contract_names(contracts, range(len(contracts.rows)))},
        schema={"row": pl.UInt32, "contract": pl.String},
    ).unique("row", keep="first", maintain_order=True)
    table = contract_table(parameters).rename({"margin_currency": "value_currency"})
    priced = PRICING_SCHEMA.to_frame() if parameters.pricing is None else parameters.pricing.frame
    if priced.is_empty():
        priced = pl.DataFrame({name: [None] * table.height for name in _PRICING}, schema=_pricing_schema())
    known = (
        table.select("row", *_PARTS, "value_currency")
        .hstack(priced.select(_PRICING).with_columns(_where_used()))
        .join(names, on="row", how="left", maintain_order="left")
    )
    parts = [_of_rate(known, parameters, rate_id) for rate_id in parameters.arrays]
    widest = max((losses.shape[1] for _, losses, _ in parts), default=0)
    padded = [np.pad(losses, ((0, 0), (0, widest - losses.shape[1]))) for _, losses, _ in parts]
    return RiskArrayTable(
        parameters,
        pl.concat([frame for frame, _, _ in parts]),
        np.concatenate(padded),
        np.concatenate([points for _, _, points in parts]),
    )


def _where_used() -> list[pl.Expr]:
    """Numbers of the pricing frame, null where the contract's model does not look at them."""
    is_option = pl.col("model").is_in(OPTION_MODELS)
    uses_time = ~pl.col("model").is_in(_TIMELESS)
    return [
        *(pl.when(is_option).then(pl.col(name)).alias(name) for name in _OF_OPTIONS),
        *(pl.when(uses_time).then(pl.col(name)).alias(name) for name in _OF_TIME),
    ]


def _pricing_schema() -> dict[str, Any]:
    return {name: PRICING_SCHEMA[name] for name in _PRICING}


def _of_rate(
    known: pl.DataFrame, parameters: ParameterSet, rate_id: RateId
) -> tuple[pl.DataFrame, FloatArray, CodeArray]:
    """The rows of one rate id, their losses and how many."""
    arrays = parameters.arrays[rate_id]
    is_shown = (arrays.points > 0) & known["contract"].is_not_null().to_numpy()
    frame = known.with_columns(rate_id=pl.lit(rate_id), composite_delta=pl.Series(arrays.composite_delta)).filter(
        pl.Series(is_shown)
    )
    shown = frame.select("rate_id", "contract", *_PARTS, "value_currency", *_PRICING, "composite_delta")
    return shown, arrays.losses[is_shown], arrays.points[is_shown]
