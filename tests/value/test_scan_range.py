"""Price scan ranges: hand-checked steps, a slow second computation, and what history does not suffice for."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.problem import InputRefused, Reason
from margin.model.scan_range import (
    Buffer,
    ExponentiallyWeighted,
    LiquidationTime,
    LiquidityTable,
    LongWindowFloor,
    Percentile,
    RuleBook,
    ScanRange,
    ScanRangeRule,
    StandardDeviations,
    Stress,
    VolumeFactor,
)
from margin.value.scan_range import study_scan_ranges
from tests.value.price_histories import history, random_prices, weekdays

PERCENTILE = ScanRangeRule("absolute", (Percentile(4, 0.75),), "points", 1, "moves", "both")


def ranged(
    prices: list[float], rule: ScanRangeRule, volumes: list[float] | None = None, as_of: date | None = None
) -> ScanRange:
    """The range of one underlying."""
    given = history({"X": prices}, None if volumes is None else {"X": volumes})
    return study_scan_ranges(given, RuleBook(rule), as_of).ranges[0]


def test_a_percentile_is_a_move_that_happened() -> None:
    # Moves: +1, −4, +2, +3; of their sizes 1, 2, 3, 4 the third is not exceeded by 75 %.
    assert 3.0 == ranged([10, 11, 7, 9, 12], PERCENTILE).up


def test_a_confidence_that_falls_on_a_move_takes_that_move() -> None:
    # 0.99 × 300 is 297 and not 298, whatever doubles make of it.
    rule = replace(PERCENTILE, estimators=(Percentile(300, 0.99),))
    prices = np.cumsum([0, *range(1, 301)]).astype(float).tolist()

    assert 297.0 == ranged(prices, rule).up


def test_each_side_has_its_own_range() -> None:
    found = ranged([10, 11, 7, 9, 12], replace(PERCENTILE, sides="each", estimators=(Percentile(4, 0.99),)))

    assert (3.0, 4.0) == (found.up, found.down)


def test_each_side_needs_moves_of_its_sign() -> None:
    with pytest.raises(InputRefused, match="0 down, expected more than 0"):
        ranged([10, 11, 12, 13, 14], replace(PERCENTILE, sides="each"))


def test_decimal_prices_have_decimal_moves() -> None:
    assert 0.3 == ranged([1.1, 1.4, 1.5, 1.7, 1.8], replace(PERCENTILE, estimators=(Percentile(4, 0.9),))).up


def test_a_standard_deviation_is_about_zero_or_the_mean() -> None:
    moves = [1.0, -4.0, 2.0, 3.0]
    zero = replace(PERCENTILE, estimators=(StandardDeviations(4, 3.0, "zero"),))
    mean = replace(PERCENTILE, estimators=(StandardDeviations(4, 3.0, "mean"),))

    assert 3 * math.sqrt(30 / 4) == pytest.approx(ranged([10, 11, 7, 9, 12], zero).up, rel=1e-14)
    assert 3 * statistics.stdev(moves) == pytest.approx(ranged([10, 11, 7, 9, 12], mean).up, rel=1e-14)


def test_exponential_weights_fall_by_the_decay_and_add_up_to_one() -> None:
    rule = replace(PERCENTILE, estimators=(ExponentiallyWeighted(4, 2.0, 0.5),))
    weighted = (9 * 8 + 4 * 4 + 16 * 2 + 1 * 1) / 15

    assert 2 * math.sqrt(weighted) == pytest.approx(ranged([10, 11, 7, 9, 12], rule).up, rel=1e-14)


def test_simple_returns_give_percent_or_points_of_todays_price() -> None:
    rule = replace(PERCENTILE, moves="simple", unit="percent", estimators=(Percentile(2, 0.99),))

    assert 25.0 == pytest.approx(ranged([100, 125, 100], rule).up, rel=1e-14)
    assert 25.0 == pytest.approx(ranged([100, 125, 100], replace(rule, unit="points")).up, rel=1e-14)
    assert 120.0 == pytest.approx(ranged([100, 125, 200], replace(rule, unit="points")).up, rel=1e-14)


def test_logarithmic_returns_are_turned_into_simple_ones() -> None:
    rule = replace(PERCENTILE, moves="log", unit="percent", estimators=(Percentile(2, 0.99),))
    # Halved and doubled: the same size of logarithmic return, −50 % and +100 %.
    both, each = ranged([100, 50, 100], rule), ranged([100, 50, 100], replace(rule, sides="each"))

    assert (100.0, 100.0) == pytest.approx((both.up, both.down), rel=1e-14)
    assert (100.0, 50.0) == pytest.approx((each.up, each.down), rel=1e-14)


def test_a_holding_period_is_overlapping_moves_or_a_square_root() -> None:
    prices = [10.0, 11, 7, 9, 12]
    over_two_days = replace(PERCENTILE, holding_days=2, estimators=(Percentile(3, 0.99),))
    by_root = replace(PERCENTILE, holding_days=4, holding_by="square_root")

    assert 5.0 == ranged(prices, over_two_days).up  # −3, −2, +5
    assert 6.0 == ranged(prices, by_root).up


def test_of_several_estimators_the_greatest_counts() -> None:
    rule = replace(PERCENTILE, estimators=(Percentile(4, 0.75), Percentile(2, 0.5), StandardDeviations(4, 1, "zero")))
    found = ranged([10, 11, 7, 9, 12], rule)

    assert 3.0 == found.up
    assert ["percentile 0.75 of 4 moves", "percentile 0.5 of 2 moves"] == [step.name for step in found.steps[:2]]
    assert "greatest of the estimators" == found.steps[3].name


def test_a_stressed_period_weighs_in_and_never_lowers() -> None:
    days = weekdays(9)
    prices = [100.0, 110, 100, 110, 111, 112, 113, 114, 115]
    rule = replace(PERCENTILE, stress=Stress(days[0], days[3], 0.25))
    calm = replace(PERCENTILE, stress=Stress(days[4], days[7], 0.25))

    assert 0.75 * 1.0 + 0.25 * 10.0 == ranged(prices, rule).up
    assert 10.0 == ranged([*reversed(prices)], calm).up  # 0.75 × 10 + 0.25 × 1 would be less


def test_a_long_window_is_a_floor() -> None:
    prices = [100.0, 110, 100, 110, 111, 112, 113, 114, 115]
    rule = replace(PERCENTILE, floor=LongWindowFloor(8, 0.5), estimators=(Percentile(4, 0.99),))

    assert 5.0 == ranged(prices, rule).up


def test_a_long_window_of_exponential_weights_weighs_all_moves_alike() -> None:
    prices = [100.0, 110, 100, 110, 111, 112, 113, 114, 115]
    rule = replace(PERCENTILE, estimators=(ExponentiallyWeighted(4, 1.0, 0.5),), floor=LongWindowFloor(8, 1.0))

    assert math.sqrt((3 * 100 + 5) / 8) == pytest.approx(ranged(prices, rule).up, rel=1e-14)


def test_a_buffer_is_whole_in_calm_times_and_used_up_as_ranges_rise() -> None:
    rule = replace(PERCENTILE, estimators=(Percentile(2, 0.99),), buffer=Buffer(0.25, 4))
    calm = ranged([100.0, 101, 100, 101, 100, 101, 100], rule)
    rising = ranged([100.0, 101, 100, 101, 100, 101, 103], rule)  # the mean of 1, 1, 1, 2 is 1.25
    stressed = ranged([100.0, 101, 100, 101, 100, 101, 105], rule)  # the mean of 1, 1, 1, 4 is 1.75

    assert 1.25 == calm.up
    assert 2.0 == rising.up
    assert 4.0 == stressed.up


def test_volume_decides_a_factor_by_a_table() -> None:
    table = LiquidityTable(3, (VolumeFactor(100, 2.0), VolumeFactor(1000, 1.5)))
    rule = replace(PERCENTILE, liquidity=table)

    assert [6.0, 4.5, 3.0] == [
        ranged([10, 11, 7, 9, 12], rule, [0, 0, volume, volume, volume]).up for volume in (99.0, 100.0, 1000.0)
    ]


def test_a_large_position_takes_longer_to_sell() -> None:
    rule = replace(PERCENTILE, holding_days=1, liquidity=LiquidationTime(2, position=400, participation=0.25))
    thin, deep = (ranged([10, 11, 7, 9, 12], rule, [1.0] * 3 + [v, v]) for v in (400.0, 40_000.0))

    assert (6.0, 400.0) == (thin.up, thin.average_volume)  # four days: the root is 2
    assert 3.0 == deep.up


def test_nothing_traded_is_refused_where_something_is_to_be_sold() -> None:
    rule = replace(PERCENTILE, liquidity=LiquidationTime(2, position=400, participation=0.25))

    with pytest.raises(InputRefused, match="nothing was traded"):
        ranged([10, 11, 7, 9, 12], rule, [1.0, 1, 1, 0, 0])


def test_a_minimum_and_a_unit_come_last() -> None:
    rule = replace(PERCENTILE, minimum=3.2, round_up_to=0.25)

    assert 3.25 == ranged([10, 11, 7, 9, 12], rule).up
    assert 3.0 == ranged([10, 11, 7, 9, 12], replace(PERCENTILE, round_up_to=1.0)).up


def test_a_range_never_knows_the_moves_it_is_tested_against() -> None:
    prices = random_prices(60)
    rule = replace(PERCENTILE, moves="log", unit="percent", estimators=(Percentile(20, 0.9),), holding_days=2)
    whole = ranged(prices, rule)

    for number in (30, 45):
        until = ranged(prices[:number], rule)
        place = whole.series.dates.tolist().index(weekdays(number)[-1])
        assert until.up == whole.series.up[place]


def test_moves_beyond_the_range_are_counted_by_side() -> None:
    prices = [100.0, 101, 100, 101, 100, 103, 102, 101, 100, 95, 96]
    found = ranged(prices, PERCENTILE)

    assert (6, 1, 1) == (found.backtest.days, found.backtest.above, found.backtest.below)
    assert 6 * 0.25 == found.backtest.expected
    assert [3.0] == found.series.moves[found.series.is_above].tolist()
    assert [-5.0] == found.series.moves[found.series.is_below].tolist()


def test_a_move_of_exactly_the_range_is_not_beyond_it() -> None:
    prices = [1.1, 1.2, 1.1, 1.2, 1.1, 1.2, 1.1, 1.2]

    assert (0, 0) == (ranged(prices, PERCENTILE).backtest.above, ranged(prices, PERCENTILE).backtest.below)


def test_a_day_of_the_past_uses_nothing_later() -> None:
    prices = random_prices(40)
    days = weekdays(40)

    past, until = ranged(prices, PERCENTILE, as_of=days[24]), ranged(prices[:25], PERCENTILE)
    assert (until.up, until.price, until.prices) == (past.up, past.price, 25)


def faults(prices: dict[str, list[float]], rules: RuleBook, as_of: date | None = None) -> list[tuple[Reason, str]]:
    """What is wrong."""
    with pytest.raises(InputRefused) as refused:
        study_scan_ranges(history(prices), rules, as_of)
    return [(problem.reason, problem.message) for problem in refused.value.problems]


def test_every_underlying_that_lacks_history_is_named() -> None:
    found = faults({"A": [1.0] * 4, "B": [2.0] * 3, "C": [1.0, 2, 3, 4, 5]}, RuleBook(PERCENTILE))

    assert [Reason.MISSING_FIELD, Reason.WRONG_LENGTH] * 2 == [reason for reason, _ in found]
    assert "B has no price on 2020-01-10" in found[2][1]
    assert "B has 3 prices up to 2020-01-10, expected at least 5 for a window of 4 moves over 1 day" in found[3][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"floor": LongWindowFloor(30, 1.0)}, "expected at least 31 for a window of 30 moves over 1 day (its floor)"),
        ({"buffer": Buffer(0.25, 30)}, "and a buffer that looks back on 30 days"),
        ({"stress": Stress(date(2019, 1, 1), date(2020, 1, 10), 0.3)}, "name a period that the history has"),
        ({"stress": Stress(date(2020, 1, 6), date(2021, 1, 10), 0.3)}, "name a period that the history has"),
        ({"stress": Stress(date(2020, 1, 6), date(2020, 1, 24), 0.3), "buffer": Buffer(0.2, 9)}, "1 days since"),
        ({"liquidity": LiquidityTable(5, (VolumeFactor(1, 2.0),))}, "no volume on 5 of its last 5 days"),
    ],
)
def test_what_a_rule_needs_of_history_is_said(change: dict[str, Any], words: str) -> None:
    rule = replace(PERCENTILE, **change)
    found = faults({"A": random_prices(15)}, RuleBook(rule))

    assert any(words in message for _, message in found), found


@pytest.mark.parametrize("change", [{"moves": "simple"}, {"moves": "log"}, {"unit": "percent"}])
def test_prices_at_or_below_zero_have_no_returns(change: dict[str, Any]) -> None:
    found = faults({"A": [1.0, 0, -1, 2, 3, 4]}, RuleBook(replace(PERCENTILE, **change)))

    assert 2 == len(found)
    assert "A has the price 0, of which there are no" in found[0][1]


def test_prices_below_zero_have_absolute_moves() -> None:
    assert 5.0 == ranged([2.0, -3, 1, 0, 1], replace(PERCENTILE, estimators=(Percentile(4, 0.99),))).up


def test_a_day_outside_the_history_is_refused() -> None:
    assert "the history is from" in faults({"A": [1.0, 2]}, RuleBook(PERCENTILE), date(2030, 1, 1))[0][1]


def test_an_underlying_that_begins_later_is_not_left_out_silently() -> None:
    later = history({"A": [1.0, 2, 3, 4, 5, 6], "B": [1.0, 2, 3, 4, 5, 6]})
    begun = replace(later, frame=later.frame.filter(~((pl.col("underlying") == "B") & (pl.col("line") < 13))))

    with pytest.raises(InputRefused, match="B has no price up to 2020-01-10"):
        study_scan_ranges(begun, RuleBook(PERCENTILE), weekdays(5)[-1])


def test_a_range_too_large_to_calculate_is_refused() -> None:
    rule = replace(PERCENTILE, moves="log", unit="percent", estimators=(StandardDeviations(4, 1e6, "zero"),))

    assert "expected more than 0 and finite" in faults({"A": [1.0, 2, 1, 2, 1]}, RuleBook(rule))[0][1]


def test_a_rule_of_an_unknown_underlying_is_refused() -> None:
    found = faults({"A": [1.0, 2, 3, 4, 5]}, RuleBook(PERCENTILE, {"B": PERCENTILE}, "rule.yaml"))

    assert [Reason.UNKNOWN_NAME] == [reason for reason, _ in found]


def slow_range(prices: list[float], window: int, confidence: float, days: int, multiple: float, decay: float) -> float:
    """The greater of a percentile and an exponentially weighted deviation of simple returns, one day at a time."""
    moves = [after / before - 1.0 for before, after in zip(prices, prices[days:], strict=False)][-window:]
    rank = math.ceil(round(confidence * window, 9))
    percentile = sorted(map(abs, moves))[max(rank, 1) - 1]
    weights = [decay**age for age in reversed(range(window))]
    weighted = math.fsum(w * m * m for w, m in zip(weights, moves, strict=True)) / math.fsum(weights)
    return 100.0 * max(percentile, multiple * math.sqrt(weighted))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    window=st.integers(2, 25),
    confidence=st.floats(0.5, 0.999),
    days=st.integers(1, 4),
    multiple=st.floats(0.5, 4.0),
    decay=st.floats(0.5, 0.99),
)
def test_every_day_agrees_with_a_slow_computation(
    seed: int, window: int, confidence: float, days: int, multiple: float, decay: float
) -> None:
    prices = random_prices(window + days + 12, seed)
    estimators = (Percentile(window, confidence), ExponentiallyWeighted(window, multiple, decay))
    found = ranged(prices, ScanRangeRule("simple", estimators, "percent", days, "moves", "both"))

    expected = [
        slow_range(prices[:stop], window, confidence, days, multiple, decay)
        for stop in range(window + days, len(prices) + 1)
    ]
    assert expected == pytest.approx(found.series.up.tolist(), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.integers(5, 60))
def test_later_steps_only_widen(seed: int, window: int) -> None:
    days = weekdays(200)
    rule = ScanRangeRule(
        "log",
        (Percentile(window, 0.9), StandardDeviations(window, 2.0, "mean")),
        "percent",
        1,
        "moves",
        "each",
        stress=Stress(days[3], days[30], 0.25),
        floor=LongWindowFloor(window + 50, 1.0),
        buffer=Buffer(0.25, 20),
        liquidity=LiquidationTime(5, 500, 0.2),
        minimum=0.5,
        round_up_to=0.05,
    )
    found = ranged(random_prices(200, seed), rule, [100.0 + 7 * (i % 9) for i in range(200)])

    widening = [step for step in found.steps if step.name != "stressed period"][2:]
    for side in ("up", "down"):
        percents = [getattr(step, side) * (100.0 if step.unit == "fraction" else 1.0) for step in widening]
        assert sorted(percents) == percents


def test_the_order_of_underlyings_and_their_company_change_nothing() -> None:
    alone = study_scan_ranges(history({"A": random_prices(30)}), RuleBook(PERCENTILE)).ranges[0]
    together = study_scan_ranges(history({"B": random_prices(30, 2), "A": random_prices(30)}), RuleBook(PERCENTILE))

    assert ["A", "B"] == [item.underlying for item in together.ranges]
    assert (alone.up, alone.steps) == (together.ranges[0].up, together.ranges[0].steps)


def test_an_underlying_may_have_a_rule_of_its_own() -> None:
    rules = RuleBook(PERCENTILE, {"B": replace(PERCENTILE, minimum=50.0)})
    found = study_scan_ranges(history({"A": random_prices(30), "B": random_prices(30)}), rules)

    assert 50.0 == found.ranges[1].up
    assert found.ranges[0].up < 50.0
