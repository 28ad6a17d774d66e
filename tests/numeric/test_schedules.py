from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.numeric.schedules import Schedules

_tiers = st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 100)), min_size=1, max_size=5).map(
    lambda rows: [
        (0.0 if place == 0 else float(lower), rate / 100)
        for place, (lower, rate) in enumerate(sorted(dict(rows).items()))
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_tiers, min_size=1, max_size=3), st.integers(0, 20_000))
def test_a_total_is_the_sum_of_its_slices(tiers: list[list[tuple[float, float]]], value: int) -> None:
    schedules = Schedules.of(tiers)
    codes = np.arange(len(tiers))
    values = np.full(len(tiers), float(value))

    slices = [schedules.slices(values, codes, tier) for tier in range(schedules.width)]

    assert np.allclose(sum(slices), values)
    by_slice = sum(part * schedules.rate[:, tier] for tier, part in enumerate(slices))
    assert np.allclose(by_slice, schedules.total(values, codes), atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(_tiers)
def test_totals_do_not_jump_at_a_bound(tiers: list[tuple[float, float]]) -> None:
    schedules = Schedules.of([tiers])
    for lower, _ in tiers[1:]:
        below, at, above = schedules.total(np.array([lower - 1e-6, lower, lower + 1e-6]), np.zeros(3, dtype=np.int64))
        assert abs(at - below) <= 1.1e-6
        assert abs(above - at) <= 1.1e-6


def test_a_schedule_without_tiers_asks_nothing() -> None:
    schedules = Schedules.of([[], [(0.0, 0.5)]])

    assert [0.0, 5.0] == schedules.total(np.array([10.0, 10.0]), np.arange(2)).tolist()
