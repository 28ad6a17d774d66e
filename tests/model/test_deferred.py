from __future__ import annotations

import pickle

import pytest

from margin.model.deferred import Deferred


def test_items_are_made_when_they_are_first_looked_at_and_once() -> None:
    made = []
    sequence = Deferred(3, lambda: made.append(1) or ("a", "b", "c"))  # type: ignore[func-returns-value]

    assert (3, True, []) == (len(sequence), bool(sequence), made)
    assert ("a", ["a", "b", "c"], ("b", "c")) == (sequence[0], list(sequence), sequence[1:])
    assert [1] == made


def test_it_equals_the_tuple_it_stands_for() -> None:
    sequence = Deferred(2, lambda: (1, 2))

    assert sequence == (1, 2)
    assert (1, 2) == sequence
    assert sequence == Deferred(2, lambda: (1, 2))
    assert sequence != (1, 3)
    assert sequence != [1, 2]
    assert (hash((1, 2)), "(1, 2)") == (hash(sequence), repr(sequence))
    assert Deferred(0, tuple) == ()


def test_a_copy_for_another_process_is_the_tuple() -> None:
    copied = pickle.loads(pickle.dumps(Deferred(2, lambda: (1, 2))))  # noqa: S301  made here

    assert (tuple, (1, 2)) == (type(copied), copied)


def test_what_cannot_be_made_stays_unmade() -> None:
    sequence: Deferred[int] = Deferred(1, lambda: (1 // 0,))

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            list(sequence)
