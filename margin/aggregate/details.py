"""The detail behind commodity rows as frames: scan tiers, period deltas, and the spreads that formed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from margin.aggregate.figures import SpanFigures
from margin.aggregate.tables import CommodityTable, scenario_lists
from margin.model.parameters import SpreadDefinition
from margin.model.run import PERIODS_SCHEMA, SCAN_TIERS_SCHEMA, SPREADS_SCHEMA
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.spread.formed import SpreadBatch
from margin.spread.pools import SIDES


def scan_tier_rows(table: CommodityTable) -> pl.DataFrame:
    """Scan tiers of every commodity row that may be shown, with `SCAN_TIERS_SCHEMA`."""
    frames = []
    for run, figures in enumerate(table.runs):
        rows = figures.scan_rows
        index, row = _expand(table, run, rows.group)
        frames.append(
            pl.DataFrame(
                {
                    "commodity_index": index,
                    "tier": rows.tier[row].astype(np.int32),
                    "scan_risk": rows.risk.scan[row],
                    "active_scenario": (rows.risk.active[row] + 1).astype(np.int32),
                    "scenario_losses": scenario_lists(
                        figures, rows.risk.losses, row, rows.group[row], np.ones(len(row), dtype=np.bool_)
                    ),
                }
            )
        )
    return _in_order(frames, SCAN_TIERS_SCHEMA)


def period_rows(table: CommodityTable) -> pl.DataFrame:
    """Original and remaining deltas of every commodity row that may be shown, with `PERIODS_SCHEMA`."""
    frames = []
    for run, figures in enumerate(table.runs):
        index, row = _expand(table, run, figures.deltas["group"].to_numpy())
        detail = figures.deltas.select("period", "delta", "remaining_delta")[row]
        frames.append(detail.select(pl.Series("commodity_index", index), pl.all()))
    return _in_order(frames, PERIODS_SCHEMA)


def _expand(table: CommodityTable, run: int, row_group: IntArray) -> tuple[IntArray, IntArray]:
    """Pair every shown commodity row of a run with the detail rows of its group.

    Args:
        table: The commodity rows.
        run: The run.
        row_group: Group of each detail row, ascending.

    Returns:
        Row of the commodities frame and detail row of each pair, both ascending in the frame's order.
    """
    origin = table.origin
    own = np.flatnonzero(((origin["run"] == run) & origin["valid"]).to_numpy())
    group = origin["group"].to_numpy()[own]
    first = np.searchsorted(row_group, group, side="left")
    count = np.searchsorted(row_group, group, side="right") - first
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(own, count).astype(np.int64), np.repeat(first, count) + offset


def _in_order(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """The rows of all runs in the order of the commodities frame; a single run's are in that order already."""
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    return frame if len(frames) <= 1 else frame.sort("commodity_index", maintain_order=True)


def spread_rows(runs: tuple[SpanFigures, ...], in_headline: Sequence[BoolArray]) -> pl.DataFrame:
    """Every spread that formed behind accounts' headline figures, with `SPREADS_SCHEMA`, in the order of formation.

    Args:
        runs: The figures of the runs.
        in_headline: For each run, whether an account's headline requirement comes from it, shape (accounts,).
    """
    frames = [pl.DataFrame(schema={**SPREADS_SCHEMA, "run": pl.Int32, "place": pl.Int64})]
    for run, figures in enumerate(runs):
        batches = figures.spreads.batches
        shown = in_headline[run]
        for legs in sorted({len(batch.legs) for batch in batches}):
            places = [place for place, batch in enumerate(batches) if len(batch.legs) == legs]
            frame = _batches_frame([batches[place] for place in places], places, figures, shown)
            frames.append(frame.with_columns(run=pl.lit(run, dtype=pl.Int32)).select(frames[0].columns))
    return pl.concat(frames).sort("account_index", "run", "place").select(SPREADS_SCHEMA.names())


def _batches_frame(
    batches: list[SpreadBatch], places: list[int], figures: SpanFigures, in_headline: BoolArray
) -> pl.DataFrame:
    """The spreads of some batches that all have the same number of legs, in accounts whose figures may be shown."""
    sizes = [len(batch.accounts) for batch in batches]
    batch = np.repeat(np.arange(len(batches)), sizes)
    groups = np.concatenate([item.groups for item in batches])
    shown = figures.valid[groups] & in_headline[figures.account[groups]]
    batch = batch[shown]

    def column(name: str) -> FloatArray:
        values: FloatArray = np.concatenate([getattr(item, name) for item in batches])[shown]
        return values

    def words(values: list[str]) -> pl.Series:
        return pl.Series(values, dtype=pl.String).gather(pl.Series(batch, dtype=pl.UInt32))

    definitions = [item.definition for item in batches]
    number = column("number")
    return pl.DataFrame(
        {
            "account_index": pl.Series(column("accounts"), dtype=pl.Int32),
            "rate_id": words([item.rate_id for item in batches]),
            "kind": words([_kind(item) for item in definitions]),
            "form": words([item.form for item in definitions]),
            "clearing_org": words([item.clearing_org for item in definitions]),
            "priority": np.array([item.priority for item in definitions], dtype=np.int32)[batch],
            "number": number,
            "amount": column("amount"),
            "place": np.array(places, dtype=np.int64)[batch],
            "legs": _legs(batches, batch, shown, number),
        }
    )


def _kind(spread: SpreadDefinition) -> str:
    """The kind of a spread as reports name it."""
    return "scanning" if spread.form == "scanning" else spread.kind.removeprefix("super_")


def _legs(batches: list[SpreadBatch], batch: IntArray, shown: BoolArray, number: FloatArray) -> pl.Series:
    """The legs of each formed spread as a list of structs: side taken, ratio, signed delta used, credit.

    All legs are laid out in one frame, spread by spread, and cut into lists of equal length at the end.
    """
    width = len(batches[0].legs)
    legs = [leg for item in batches for leg in item.legs]
    sides = [item.orientation * SIDES[leg.side] for item in batches for leg in item.legs]
    place = (batch[:, None] * width + np.arange(width)).ravel()
    rows = pl.Series(place, dtype=pl.UInt32)
    sign, ratio = np.array(sides)[place], np.array([leg.ratio for leg in legs])[place]
    amounts = np.concatenate([_leg_amounts(item) for item in batches])[shown].ravel()
    return (
        pl.DataFrame(
            {
                "commodity": pl.Series([leg.commodity for leg in legs], dtype=pl.String).gather(rows),
                "tier": pl.Series([leg.tier if leg.kind == "tier" else None for leg in legs], dtype=pl.Int32).gather(
                    rows
                ),
                "period": pl.Series([leg.period for leg in legs], dtype=pl.String).gather(rows),
                "side": pl.Series(["short", None, "long"], dtype=pl.String).gather(
                    pl.Series(sign + 1, dtype=pl.UInt32)
                ),
                "ratio": ratio,
                "delta_used": sign * ratio * np.repeat(number, width),
                "amount": pl.Series(amounts).fill_nan(None),
            }
        )
        .to_struct("legs")
        .reshape((len(batch), width))
        .arr.to_list()
    )


def _leg_amounts(item: SpreadBatch) -> FloatArray:
    """Credit of each leg of the spreads formed, NaN where it is not shared out; shape (formed, legs)."""
    if not item.leg_amounts:
        return np.full((len(item.accounts), len(item.legs)), np.nan)
    return np.stack(item.leg_amounts, axis=1)
