"""The study of all underlyings: checks that their history is enough, their ranges, and how they held.

Sources: Commission Delegated Regulation (EU) No 153/2013, articles 24 (percentage), 25 (time horizon for the
calculation of historical volatility), 26 (time horizons for the liquidation period) and 28(1) (procyclicality:
a buffer, a weight to stressed observations, a ten-year floor); RiskMetrics Technical Document, 4th edition (1996),
section 5.2 (exponentially weighted volatility).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from margin.model.price_history import PriceHistory
from margin.model.problem import Faults, Reason
from margin.model.scan_range import (
    Backtest,
    Percentile,
    RangeSeries,
    RuleBook,
    ScanRange,
    ScanRangeRule,
    ScanRangeStudy,
)
from margin.numeric.arrays import FloatArray
from margin.value.scan_range.steps import Prices, days_between_moves, differences, moves_in, ranges_of


def study_scan_ranges(history: PriceHistory, rules: RuleBook, as_of: date | None = None) -> ScanRangeStudy:
    """Price scan ranges of every underlying of a history.

    Args:
        history: Daily prices.
        rules: The rules.
        as_of: Day of the study, later prices are not used; `None` for the last day of the history.

    Raises:
        InputRefused: With every underlying that has no price on that day, too short a history for its rule, prices
            that its moves cannot be taken of, or no range above zero; and every rule of an unknown underlying.
    """
    faults = Faults(history.source.path)
    day = _day_of(history, as_of, faults)
    _refuse_unknown(history, rules, faults)
    ranges: list[ScanRange] = []
    # A row of a table without lines is no line of the file.
    rows = history.frame if history.source.format == "csv" else history.frame.with_columns(line=pl.lit(None, pl.Int64))
    for (name,), frame in rows.group_by("underlying", maintain_order=True):
        found = _range_of(str(name), frame.filter(pl.col("date") <= day), rules.rule_of(str(name)), day, faults)
        if found is not None:
            ranges.append(found)
    faults.refuse_if_any()
    return ScanRangeStudy(day, history.source, rules, tuple(ranges), history.problems)


def _day_of(history: PriceHistory, as_of: date | None, faults: Faults) -> date:
    days = history.frame["date"]
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise TypeError("a history has at least one date")
    if as_of is not None and not first <= as_of <= last:
        message = f"the history is from {first} to {last}; expected a day of it, found {as_of}"
        faults.add(Reason.INVALID_VALUE, message, found=str(as_of))
        faults.refuse_if_any()
    return as_of or last


def _refuse_unknown(history: PriceHistory, rules: RuleBook, faults: Faults) -> None:
    known = history.frame["underlying"].unique().sort().to_list()
    for name in rules.by_underlying:
        if name not in known:
            listed = ", ".join(known[:10])
            message = f"{rules.path} has a rule for {name!r}, of which the history has no prices; it has {listed}"
            faults.add(Reason.UNKNOWN_NAME, message, found=name, expected=known)


def _range_of(name: str, frame: pl.DataFrame, rule: ScanRangeRule, day: date, faults: Faults) -> ScanRange | None:
    underlying = Prices(
        frame["date"].to_numpy().astype("datetime64[D]"),
        frame["price"].to_numpy(),
        frame["volume"].fill_null(float("nan")).to_numpy(),
    )
    before = faults.total
    if frame.is_empty():
        faults.add(Reason.MISSING_FIELD, f"{name} has no price up to {day}; name a later day, or leave it out")
        return None
    for reason, message, line in (
        *_insufficient(name, frame, underlying, rule, day),
        *_not_positive(name, frame, rule),
    ):
        faults.add(reason, message, line=line, underlying=name)
    if faults.total > before:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
        found = ranges_of(underlying, rule)
    up, down = found.values[:, -1].tolist()
    if not (0.0 < up < float("inf") and 0.0 < down < float("inf")):
        message = (
            f"the range of {name} is {up:g} up and {down:g} down, expected more than 0 and finite: "
            "its prices hardly moved, or nothing was traded; state a minimum, or another rule for it"
        )
        faults.add(Reason.INVALID_VALUE, message, underlying=name)
        return None
    series = _series(underlying, found.values, rule)
    return ScanRange(
        underlying=name,
        rule=rule,
        price=float(underlying.prices[-1]),
        first_date=frame["date"][0],
        prices=frame.height,
        up=up,
        down=down,
        average_volume=None if found.average_volumes is None else float(found.average_volumes[-1]),
        steps=found.steps,
        backtest=_backtest(series, rule),
        series=series,
    )


Fault = tuple[Reason, str, int | None]


def _insufficient(
    name: str, frame: pl.DataFrame, underlying: Prices, rule: ScanRangeRule, day: date
) -> Iterator[Fault]:
    """Why the last day can have no range."""
    last = frame["date"][-1]
    if last != day:
        message = (
            f"{name} has no price on {day}, its last is of {last}; add it, or name a day that all underlyings have"
        )
        yield Reason.MISSING_FIELD, message, frame["line"][-1]
    days = days_between_moves(rule)
    windows = [(item.window, "its rule") for item in rule.estimators]
    windows += [(rule.floor.window, "its floor")] if rule.floor else []
    longest, owner = max(windows)
    needed = longest + days + (rule.buffer.window - 1 if rule.buffer else 0)
    if frame.height < needed:
        buffer = f" and a buffer that looks back on {rule.buffer.window} days" if rule.buffer else ""
        message = (
            f"{name} has {frame.height:,} prices up to {day}, expected at least {needed:,} for a window of "
            f"{longest:,} moves over {days} day{'' if days == 1 else 's'} ({owner}){buffer}; "
            "give a longer history or a shorter window"
        )
        yield Reason.WRONG_LENGTH, message, None
    if rule.stress is not None:
        yield from _insufficient_stress(name, underlying, rule)
    if rule.liquidity is not None:
        missing = int(np.isnan(underlying.volumes[-rule.liquidity.volume_window :]).sum())
        if missing or frame.height < rule.liquidity.volume_window:
            message = (
                f"{name} has no volume on {missing} of its last {rule.liquidity.volume_window} days, expected one on "
                "each for its liquidity rule; add the column volume, or take the rule away"
            )
            yield Reason.MISSING_FIELD, message, None


def _insufficient_stress(name: str, underlying: Prices, rule: ScanRangeRule) -> Iterator[Fault]:
    stress = rule.stress
    if stress is None:
        return
    inside = moves_in(stress, underlying.dates, days_between_moves(rule))
    first = np.datetime64(stress.first_date, "D")
    is_known = underlying.dates[0] <= first and np.datetime64(stress.last_date, "D") <= underlying.dates[-1]
    if not is_known or inside.stop - inside.start < 2:
        message = (
            f"the history of {name} is from {underlying.dates[0]} to {underlying.dates[-1]} and has "
            f"{inside.stop - inside.start} moves in the stressed period from {stress.first_date} to "
            f"{stress.last_date}, expected all of the period and at least 2 moves; name a period that the history has"
        )
        yield Reason.WRONG_LENGTH, message, None
    since = int((underlying.dates >= np.datetime64(stress.last_date, "D")).sum())
    if is_known and rule.buffer is not None and since < rule.buffer.window:
        message = (
            f"{name} has {since} days since its stressed period ended on {stress.last_date}, expected "
            f"{rule.buffer.window} for the mean that its buffer looks at; shorten the buffer's window"
        )
        yield Reason.WRONG_LENGTH, message, None


def _not_positive(name: str, frame: pl.DataFrame, rule: ScanRangeRule) -> Iterator[Fault]:
    """Prices that neither returns nor percentages can be taken of."""
    if rule.moves == "absolute" and rule.unit == "points":
        return
    relative = f"{rule.moves} returns" if rule.moves != "absolute" else "ranges in percent"
    for price, line in frame.filter(pl.col("price") <= 0.0).select("price", "line").iter_rows():
        message = f"{name} has the price {price:g}, of which there are no {relative}; measure absolute moves in points"
        yield Reason.INVALID_VALUE, message, line


def _series(underlying: Prices, values: FloatArray, rule: ScanRangeRule) -> RangeSeries:
    """The days that have a range, and the moves over the holding period after them."""
    unknown = np.flatnonzero(~np.isfinite(values).all(axis=0))
    start = int(unknown[-1]) + 1 if len(unknown) else 0
    held = rule.holding_days
    prices = underlying.prices[start:]
    moves = differences(prices[held:], prices[:-held])
    if rule.unit == "percent":
        moves = 100.0 * moves / prices[:-held]
    return RangeSeries(underlying.dates[start:], values[0, start:], values[1, start:], moves)


def _backtest(series: RangeSeries, rule: ScanRangeRule) -> Backtest:
    days = len(series.moves)
    return Backtest(days, int(series.is_above.sum()), int(series.is_below.sum()), _expected(days, rule))


def _expected(days: int, rule: ScanRangeRule) -> float | None:
    """How many moves the strictest percentile lets pass; all later steps of a rule only widen a range."""
    confidences = [item.confidence for item in rule.estimators if isinstance(item, Percentile)]
    if not confidences or (rule.holding_by == "square_root" and rule.holding_days > 1):
        return None
    return round(days * (1.0 - max(confidences)) * (1 if rule.sides == "both" else 2), 9)
