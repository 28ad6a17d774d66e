"""Figures become the frames of a run: one row per account, commodity, class and kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from margin.aggregate.figures import SpanFigures
from margin.aggregate.requirement import Requirement, requirement
from margin.model.frames import frame_schema
from margin.model.house import Rounding, RoundingPolicy
from margin.model.run import COMMODITIES_SCHEMA
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.order import stable_order
from margin.numeric.segments import segment_starts, segment_sums
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.rates import INITIAL, RateTable, RequirementKind


@dataclass(frozen=True)
class KindRows:
    """The groups of one run that owe a requirement of one kind.

    Attributes:
        figures: The run.
        kind: Index of the kind in `RateTable.kinds`.
        groups: Groups, ascending.
        result: Requirement of each of them.
        valid: Whether its figures may be shown.
    """

    figures: SpanFigures
    kind: int
    groups: IntArray
    result: Requirement
    valid: BoolArray


def requirement_rows(
    figures: SpanFigures,
    served: Iterable[tuple[int, RequirementKind]],
    rates: RateTable,
    type_code: CodeArray,
    contracts: ResolvedContracts,
    policy: RoundingPolicy,
) -> list[KindRows]:
    """Requirements of every kind that one run serves.

    Args:
        figures: The run.
        served: (account type code, kind) pairs that the run's base rates belong to.
        rates: Gives the factor of each commodity.
        type_code: Account type code of each account.
        contracts: The contracts.
        policy: Rounding of maintenance and initial requirements.
    """
    group_type = type_code[figures.account]
    capped = has_capped_option_value(contracts)[figures.commodity]
    rows = []
    for account_type, kind in served:
        by_commodity = rates.rates[account_type, kind]
        given = np.array([rate is not None for rate in by_commodity], dtype=np.bool_)
        factor = np.array([0.0 if rate is None else rate.factor for rate in by_commodity])
        if not given.any():
            continue
        step: Rounding | None = policy.initial if kind.kind == INITIAL else policy.maintenance
        result = requirement(figures.risk, factor[figures.commodity], figures.value, capped, step)
        rows.append(
            KindRows(
                figures=figures,
                kind=rates.kinds.index(kind),
                groups=np.flatnonzero((group_type == account_type) & figures.shown),
                result=result,
                valid=figures.valid & given[figures.commodity],
            )
        )
    return rows


def has_capped_option_value(contracts: ResolvedContracts) -> BoolArray:
    """Whether a commodity's available net option value is capped; the commodity's flag wins over its organisation's."""
    organisations = {org.code: org.cap_available_net_option_value for org in contracts.parameters.clearing_orgs}
    return np.array(
        [
            organisations.get(item.clearing_org, False)
            if item.cap_available_net_option_value is None
            else item.cap_available_net_option_value
            for item in contracts.commodities
        ],
        dtype=np.bool_,
    )


@dataclass(frozen=True)
class CommodityTable:
    """The commodities frame and where each of its rows comes from.

    Attributes:
        frame: Frame with `COMMODITIES_SCHEMA`, but for the conversion factor, which depends on the accounts.
        origin: Row by row with `frame`: ``run`` (index into `runs`), ``group`` of that run, ``commodity_code``,
            ``kind_code`` and ``valid``.
        runs: The figures of the runs.
    """

    frame: pl.DataFrame
    origin: pl.DataFrame
    runs: tuple[SpanFigures, ...]


def commodity_table(
    rows: list[KindRows], runs: tuple[SpanFigures, ...], rates: RateTable, contracts: ResolvedContracts
) -> CommodityTable:
    """Lay out requirements by account, commodity, class and kind.

    The order is found first, so that every column is gathered into it once.
    """
    items, kinds = contracts.commodities, rates.kinds
    by_group = pl.concat([pl.DataFrame(schema=_GROUP_SCHEMA), *(_group_frame(figures) for figures in runs)])
    first_group = np.cumsum([0, *(len(figures) for figures in runs)])
    sizes = [len(item.groups) for item in rows]
    run = np.repeat(np.array([_index_of(item.figures, runs) for item in rows], dtype=np.int64), sizes)
    kind = np.repeat(np.array([item.kind for item in rows], dtype=np.int64), sizes)
    group = _joined([item.groups for item in rows], np.int64)
    account, commodity = (
        by_group[name].to_numpy()[first_group[run] + group] for name in ("account_index", "commodity_code")
    )
    key = (account.astype(np.int64) * len(items) + commodity) * len(kinds) + kind
    order = stable_order(key)
    run, group, kind = run[order], group[order], kind[order]
    valid = _joined([item.valid[item.groups] for item in rows], np.bool_)[order]

    def figure(name: str) -> pl.Series:
        values = _joined([getattr(item.result, name)[item.groups] for item in rows], np.float64)[order]
        return nullable(values, valid)

    frame = by_group[first_group[run] + group]
    commodities, kind_codes = frame["commodity_code"], pl.Series(kind)
    frame = frame.with_columns(
        clearing_org=_words([item.clearing_org for item in items], commodities),
        commodity=_words([item.code for item in items], commodities),
        currency=_words([item.currency for item in items], commodities),
        **{"class": _words([item.bond_class for item in kinds], kind_codes)},
        kind=_words([item.kind for item in kinds], kind_codes),
        absorbed_into=_words([item.code for item in items], frame["absorbed_code"]),
        span_risk=figure("span_risk"),
        available_net_option_value=figure("available_net_option_value"),
        requirement=figure("requirement"),
    )
    origin = pl.DataFrame(
        {"run": run, "group": group, "commodity_code": commodities, "kind_code": kind, "valid": valid}
    )
    return CommodityTable(frame.select(_FIGURE_COLUMNS), origin, runs)


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])


def _index_of(figures: SpanFigures, runs: tuple[SpanFigures, ...]) -> int:
    return next(i for i, run in enumerate(runs) if run is figures)


_BY_KIND = (
    "clearing_org",
    "commodity",
    "currency",
    "class",
    "kind",
    "absorbed_into",
    "span_risk",
    "available_net_option_value",
    "requirement",
    "conversion_factor",
)
"""Columns of a commodity row that are filled in row by row; the others are the same for every kind."""

_FIGURE_COLUMNS = [name for name in COMMODITIES_SCHEMA.names() if name != "conversion_factor"]
"""Columns of the commodities frame before the currencies of accounts are known."""

_GROUP_SCHEMA = frame_schema(
    {
        "commodity_code": pl.Int64,
        "absorbed_code": pl.Int64,
        **{name: type_ for name, type_ in COMMODITIES_SCHEMA.items() if name not in _BY_KIND},
    }
)


def _group_frame(figures: SpanFigures) -> pl.DataFrame:
    """The figures of one run that are the same for every kind, one row per group."""
    scan, value, components, valid = figures.scan, figures.value, figures.components, figures.valid
    only_net = {"time_risk": scan.time, "volatility_risk": scan.volatility, "price_risk": scan.price}
    only_net["exposure_margin"] = figures.exposure
    only_net["weighted_futures_price_risk"] = figures.weighted_price_risk
    numbers = {
        "scan_risk": components.scan_risk,
        "net_delta": figures.net_delta,
        "intracommodity_charge": components.intracommodity_charge,
        "delivery_charge": components.delivery_charge,
        "intercommodity_credit": components.intercommodity_credit,
        "interclearing_credit": components.interclearing_credit,
        "short_option_minimum": components.short_option_minimum,
        "long_option_value": value.long,
        "short_option_value": value.short,
        "net_option_value": value.net,
        "outright_risk": figures.outright,
    }
    whole = figures.absorbed_into < 0
    single = valid & (scan.active >= 0)
    return pl.DataFrame(
        {
            "account_index": pl.Series(figures.account, dtype=pl.Int32),
            "commodity_code": pl.Series(figures.commodity, dtype=pl.Int64),
            "absorbed_code": nullable(figures.absorbed_into.astype(np.float64), ~whole).cast(pl.Int64),
            "active_scenario": nullable((scan.active + 1).astype(np.float64), single).cast(pl.Int32),
            "scenario_losses": _group_losses(figures),
            **{name: nullable(column, valid & np.isfinite(column)) for name, column in only_net.items()},
            **{name: nullable(column, valid) for name, column in numbers.items()},
        }
    ).select(_GROUP_SCHEMA.names())


def _group_losses(figures: SpanFigures) -> pl.Series:
    """Scenario losses of each group over all its scan tiers; null for an absorbed group."""
    rows = figures.scan_rows
    starts = segment_starts(rows.group)
    losses = rows.risk.losses if len(starts) == len(rows.group) else segment_sums(rows.risk.losses, starts)
    place = np.zeros(len(figures), dtype=np.int64)
    has_rows = np.zeros(len(figures), dtype=np.bool_)
    place[rows.group[starts]] = np.arange(len(starts))
    has_rows[rows.group[starts]] = True
    return scenario_lists(figures, losses, place, np.arange(len(figures)), has_rows & figures.valid)


def nullable(values: FloatArray, valid: BoolArray) -> pl.Series:
    """A column of figures, null where they may not be shown.

    Raises:
        ArithmeticError: A figure that is to be shown is NaN or infinite.
    """
    finite = np.isfinite(values)
    if not finite[valid].all():
        raise ArithmeticError("a figure is NaN or infinite")
    if valid.all():
        return pl.Series(values)
    return pl.Series(np.where(valid, values, np.nan)).fill_nan(None)


def scenario_lists(
    figures: SpanFigures, losses: FloatArray, rows: IntArray, groups: IntArray, shown: BoolArray
) -> pl.Series:
    """Scenario losses as lists, each as long as its commodity's grid; null where not shown.

    Args:
        figures: The run.
        losses: Shape (any rows, points).
        rows: Row of `losses` of each list; any number where not shown.
        groups: Group of each list.
        shown: Which lists to give.
    """
    # Grids are those of all accounts of the run; the groups may be of its net or its gross accounts alone.
    last = max(figures.grids, default=-1)
    points = np.zeros(max(last, int(figures.commodity.max(initial=-1))) + 1, dtype=np.int64)
    for code, grid in figures.grids.items():
        points[code] = len(grid)
    sizes = points[figures.commodity[groups]]
    lists = pl.repeat(None, len(rows), dtype=pl.List(pl.Float64), eager=True)
    for size in np.unique(sizes[shown]):
        chosen = np.flatnonzero(shown & (sizes == size))
        own = np.ascontiguousarray(losses[rows[chosen], :size])
        block = pl.Series(own, dtype=pl.Array(pl.Float64, int(size))).cast(pl.List(pl.Float64))
        if len(chosen) == len(rows):
            return block
        index = np.full(len(rows), -1)
        index[chosen] = np.arange(len(chosen))
        place = pl.Series(index).cast(pl.Int64)
        spread_out = block.gather(place.set(place < 0, None))
        lists = spread_out.zip_with(pl.Series(index >= 0), lists)
    return lists


def _words(words: list[str], codes: pl.Series) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(codes)
