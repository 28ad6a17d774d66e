"""How many spreads form: the bounds over sets of legs against a linear programme that shares deltas out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from margin.spread import pools
from margin.spread.pools import ORIENTATIONS, PoolLeg, available, cut, form, pairing


@dataclass
class Deltas:
    """What forming spreads needs of a commodity: one column per account."""

    remaining: np.ndarray
    dust: np.ndarray
    absorbed_into: np.ndarray


def deltas(*columns: list[float]) -> Deltas:
    """A commodity of some accounts, each with its deltas by period."""
    remaining = np.array(columns, dtype=np.float64).T
    return Deltas(remaining, np.abs(remaining).sum(axis=0) * 1e-14, np.full(len(columns), -1))


def most_by_programme(legs: list[PoolLeg], held: list[float], orientation: int) -> float:
    """The largest n for which every leg can be given n × ratio from its own periods.

    Variables: n, then what each leg takes from each period.
    """
    periods = len(held)
    width = 1 + len(legs) * periods
    takes = {(i, p): 1 + i * periods + p for i, p in product(range(len(legs)), range(periods))}
    equal, limits, bounds = [], [], []
    for i, leg in enumerate(legs):
        row = np.zeros(width)
        row[0] = -leg.ratio
        for p in leg.rows:
            row[takes[i, p]] = 1.0
        equal.append(row)
    for sign in (1, -1):
        for p in range(periods):
            row = np.zeros(width)
            for i, leg in enumerate(legs):
                if leg.sign * orientation == sign and p in leg.rows:
                    row[takes[i, p]] = 1.0
            limits.append(row)
            bounds.append(max(sign * held[p], 0.0))
    objective = np.zeros(width)
    objective[0] = -1.0
    found = linprog(objective, A_ub=np.array(limits), b_ub=bounds, A_eq=np.array(equal), b_eq=np.zeros(len(legs)))
    assert found.success
    return float(found.x[0])


PERIODS = 5
RATIOS = st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 3.0])


@st.composite
def legs_over_ranges(draw: st.DrawFn) -> list[PoolLeg]:
    """Legs on ranges of periods, of which at least one is on each side; what ends earlier sorts first."""
    legs = []
    for i in range(draw(st.integers(2, 5))):
        end = draw(st.integers(0, PERIODS - 1))
        start = draw(st.integers(0, end))
        sign = (1, -1)[i] if i < 2 else draw(st.sampled_from([1, -1]))
        legs.append(PoolLeg(tuple(range(start, end + 1)), f"{end:02}", sign, draw(RATIOS)))
    return draw(st.permutations(legs))


HELD = st.lists(st.sampled_from([-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0]), min_size=PERIODS, max_size=PERIODS)


@settings(max_examples=120, deadline=None)
@given(legs_over_ranges(), HELD, st.sampled_from(ORIENTATIONS))
def test_as_many_spreads_form_as_the_deltas_allow(legs: list[PoolLeg], held: list[float], orientation: int) -> None:
    state = deltas(held)
    spread = pairing(legs)
    assert spread is not None

    columns, number = form(state, spread, orientation)  # type: ignore[arg-type]

    formed = float(number[0]) if len(columns) else 0.0
    assert pytest.approx(most_by_programme(legs, held, orientation), abs=1e-7) == formed


@settings(max_examples=120, deadline=None)
@given(legs_over_ranges(), HELD, st.sampled_from(ORIENTATIONS))
def test_what_forms_uses_exactly_its_deltas(legs: list[PoolLeg], held: list[float], orientation: int) -> None:
    state = deltas(held)
    spread = pairing(legs)
    assert spread is not None

    columns, number = form(state, spread, orientation)  # type: ignore[arg-type]

    formed = float(number[0]) if len(columns) else 0.0
    left = state.remaining[:, 0]
    assert (left * np.array(held) >= 0.0).all()
    for sign in (1, -1):
        used = sum(max(sign * before, 0.0) - max(sign * after, 0.0) for before, after in zip(held, left, strict=True))
        wanted = formed * sum(leg.ratio for leg in legs if leg.sign * orientation == sign)
        assert pytest.approx(wanted, abs=1e-9) == used


def test_the_earliest_period_is_used_first() -> None:
    state = deltas([1.0, 2.0, -2.0, -4.0])
    spread = pairing([PoolLeg((0, 1), "1", 1, 1.0), PoolLeg((2, 3), "3", -1, 1.0)])
    assert spread is not None

    form(state, spread, 1)  # type: ignore[arg-type]

    assert [0.0, 0.0, 0.0, -3.0] == state.remaining[:, 0].tolist()


def test_accounts_do_not_meet() -> None:
    state = deltas([3.0, -1.0], [0.0, -5.0], [-2.0, 2.0])
    spread = pairing([PoolLeg((0,), "0", 1, 1.0), PoolLeg((1,), "1", -1, 1.0)])
    assert spread is not None

    long_first = form(state, spread, 1)  # type: ignore[arg-type]
    short_first = form(state, spread, -1)  # type: ignore[arg-type]

    assert ([0], [1.0]) == (long_first[0].tolist(), long_first[1].tolist())
    assert ([2], [2.0]) == (short_first[0].tolist(), short_first[1].tolist())
    assert [[2.0, 0.0], [0.0, -5.0], [0.0, 0.0]] == state.remaining.T.tolist()


def test_absorbed_accounts_form_nothing() -> None:
    state = deltas([1.0, -1.0])
    state.absorbed_into[0] = 7
    spread = pairing([PoolLeg((0,), "0", 1, 1.0), PoolLeg((1,), "1", -1, 1.0)])
    assert spread is not None

    assert 0 == len(form(state, spread, 1)[0])  # type: ignore[arg-type]


def test_a_leg_that_nobody_can_serve_forms_nothing() -> None:
    assert pairing([PoolLeg((0,), "0", 1, 1.0), PoolLeg((), "1", -1, 1.0)]) is None


def test_pools_are_not_netted() -> None:
    remaining = np.array([[3.0], [-2.0], [1.0]])

    assert (4.0, 2.0) == tuple(available(remaining, (0, 1, 2), sign)[0] for sign in (1, -1))


@pytest.mark.parametrize(("decimals", "expected"), [(None, 2.567), (0, 2.0), (2, 2.56)])
def test_numbers_of_spreads_are_cut_not_rounded(decimals: int | None, expected: float) -> None:
    assert [expected] == cut(np.array([2.567]), decimals).tolist()


def test_sides_are_told_by_letter() -> None:
    assert {"A": 1, "B": -1} == pools.SIDES
