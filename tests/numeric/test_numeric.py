"""Array functions against slow twins that a reader can check by eye."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.numeric.arrays import FloatArray
from margin.numeric.exact import as_whole, decimal_scale
from margin.numeric.rounding import round_decimals
from margin.numeric.segments import (
    rows_by_code,
    segment_any,
    segment_bounds,
    segment_starts,
    segment_sums,
    sums_by_code,
)
from margin.numeric.sparse import default_threads, weighted_row_sums

CHEAP = settings(max_examples=150, deadline=None)
MODES = {"half_away": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
KEYS = st.lists(st.integers(0, 4), max_size=30).map(sorted)


def slow_round(value: float, decimals: int, mode: str) -> float:
    """The decimal that the double was written as, rounded exactly."""
    unit = Decimal(1).scaleb(-decimals)
    return float((Decimal(repr(value)) / unit).quantize(Decimal(1), MODES[mode]) * unit) + 0.0


@CHEAP
@given(st.integers(-(10**12), 10**12), st.integers(0, 4), st.integers(-2, 4), st.sampled_from(sorted(MODES)))
def test_rounding_is_that_of_decimals(units: int, written: int, decimals: int, mode: str) -> None:
    value = units / 10**written
    got = round_decimals(np.array([value]), decimals, mode)

    assert pytest.approx(slow_round(value, decimals, mode), rel=1e-15) == got[0]


@CHEAP
@given(st.integers(-(10**7), 10**7), st.integers(0, 3), st.sampled_from(sorted(MODES)))
def test_ties_are_ties_however_a_sum_reaches_them(half_units: int, decimals: int, mode: str) -> None:
    tie = (2 * half_units + 1) / (2 * 10**decimals)
    reached = np.array([tie, np.nextafter(tie, np.inf), np.nextafter(tie, -np.inf), (tie * 0.1) * 10.0])

    got = round_decimals(reached, decimals, mode)

    assert 1 == len(set(got.tolist()))
    assert pytest.approx(slow_round(tie, decimals, mode), rel=1e-15) == got[0]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("half_away", [-3.0, -2.0, 0.0, 1.0, 2.0, 3.0]),
        ("half_even", [-2.0, -2.0, 0.0, 0.0, 2.0, 2.0]),
        ("down", [-2.0, -1.0, 0.0, 0.0, 1.0, 2.0]),
        ("up", [-3.0, -2.0, 0.0, 1.0, 2.0, 3.0]),
    ],
)
def test_modes_at_halves(mode: str, expected: list[float]) -> None:
    got = round_decimals(np.array([-2.5, -1.5, 0.0, 0.5, 1.5, 2.5]), 0, mode)

    assert expected == got.tolist()
    assert not np.signbit(got[2])


def test_rounding_gives_no_negative_zero() -> None:
    assert not np.signbit(round_decimals(np.array([-0.2, -0.0]), 0, "half_away")).any()


@CHEAP
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), st.integers(0, 6))
def test_the_scale_of_decimals_makes_them_whole(units: list[int], decimals: int) -> None:
    values = np.array([unit / 10**decimals for unit in units])
    scale = decimal_scale(values, 6)
    needed = next(d for d in range(decimals + 1) if all(unit % 10 ** (decimals - d) == 0 for unit in units))

    assert 10.0**needed == scale
    assert [round(unit / 10 ** (decimals - needed)) for unit in units] == as_whole(values, scale).tolist()


@pytest.mark.parametrize(
    "values", [[], [1 / 3], [0.1, 1 / 3], [0.1, 2.0**53]], ids=["none", "no decimal", "one of two", "too large"]
)
def test_what_is_no_decimal_stays_as_it_is(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    scale = decimal_scale(array, 6)

    assert 1.0 == scale
    assert values == as_whole(array, scale).tolist()


@CHEAP
@given(KEYS, st.data())
def test_segments_are_runs_of_equal_keys(keys: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(-100, 100), min_size=len(keys), max_size=len(keys)))
    runs = [[i for i, _ in group] for _, group in groupby(enumerate(keys), key=lambda item: item[1])]
    array, numbers = np.array(keys, dtype=np.int64), np.array(values, dtype=np.float64)

    starts = segment_starts(array)

    assert [run[0] for run in runs] == starts.tolist()
    assert [*(run[0] for run in runs), len(keys)] == segment_bounds(starts, len(keys)).tolist()
    assert [sum(values[i] for i in run) for run in runs] == segment_sums(numbers, starts).tolist()
    assert [any(values[i] > 0 for i in run) for run in runs] == segment_any(numbers > 0, starts).tolist()
    assert [sum(v for k, v in zip(keys, values, strict=True) if k == code) for code in range(5)] == sums_by_code(
        numbers, array, 5
    ).tolist()


@CHEAP
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=20).map(sorted))
def test_a_run_ends_where_any_key_changes(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))

    assert [i for i in range(len(pairs)) if i == 0 or pairs[i] != pairs[i - 1]] == segment_starts(
        first, second
    ).tolist()


@CHEAP
@given(st.lists(st.integers(0, 5), max_size=30))
def test_rows_are_found_by_their_code(codes: list[int]) -> None:
    array = np.array(codes, dtype=np.int64)
    found = rows_by_code(array, np.argsort(array, kind="stable"))

    assert {code: [i for i, own in enumerate(codes) if own == code] for code in codes} == {
        code: rows.tolist() for code, rows in found.items()
    }


def slow_row_sums(
    bounds: list[int], codes: list[int], weights: list[float], table: list[list[float]]
) -> list[list[float]]:
    """Row by row, column by column."""
    sums = []
    for start, stop in pairwise(bounds):
        total = [0.0] * len(table[0])
        for i in range(start, stop):
            total = [old + weights[i] * value for old, value in zip(total, table[codes[i]], strict=True)]
        sums.append(total)
    return sums


@CHEAP
@given(st.data())
def test_weighted_sums_are_those_of_a_loop(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    table = [[float(data.draw(st.integers(-50, 50))) for _ in range(columns)] for _ in range(rows)]
    sizes = data.draw(st.lists(st.integers(0, 4), max_size=6))
    bounds = np.cumsum([0, *sizes])
    codes = data.draw(st.lists(st.integers(0, rows - 1), min_size=sum(sizes), max_size=sum(sizes)))
    weights = [float(data.draw(st.integers(-9, 9))) for _ in codes]

    got = weighted_row_sums(bounds, np.array(codes, np.int32), np.array(weights), np.array(table))

    assert (len(sizes), columns) == got.shape
    assert slow_row_sums(bounds.tolist(), codes, weights, table) == got.tolist()


def large_product(threads: int) -> FloatArray:
    """A product of many chunks."""
    random = np.random.default_rng(5)
    sizes = random.integers(0, 400, 1_500)
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    codes = random.integers(0, 300, bounds[-1]).astype(np.int32)
    return weighted_row_sums(
        bounds, codes, random.normal(size=bounds[-1]), random.normal(size=(300, 16)), threads=threads
    )


def test_weighted_sums_do_not_depend_on_threads() -> None:
    one = large_product(1)

    for threads in (2, 3, 8):
        assert one.tobytes() == large_product(threads).tobytes()
    assert default_threads() >= 1


def test_a_group_larger_than_a_chunk_is_not_cut() -> None:
    rows = 100_000
    got = weighted_row_sums(
        np.array([0, rows, rows, rows + 1]), np.zeros(rows + 1, np.int32), np.ones(rows + 1), np.array([[1.0, -2.0]]), 4
    )

    assert [[rows, -2.0 * rows], [0.0, 0.0], [1.0, -2.0]] == got.tolist()


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("value", [499_511_718.0, 5e10, 123_456_789_012.25, 9e12 + 0.5])
def test_large_figures_that_are_whole_in_the_last_decimal_stay(value: float, mode: str) -> None:
    assert [value, -value] == round_decimals(np.array([value, -value]), 2, mode).tolist()
