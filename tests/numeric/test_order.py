"""Fast sorting and small sums against Python's and SciPy's own."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.numeric.order import distinct_codes, distinct_keys, stable_order
from margin.numeric.sparse import weighted_row_sums

CHEAP = settings(max_examples=100, deadline=None)
KEYS = st.lists(st.integers(0, 5) | st.integers(0, 2**40) | st.integers(0, 2**63 - 1), max_size=40)


@CHEAP
@given(KEYS)
def test_equal_keys_keep_their_order(keys: list[int]) -> None:
    array = np.array(keys, dtype=np.int64)
    expected = sorted(range(len(keys)), key=lambda place: keys[place])
    assert expected == stable_order(array).tolist()


@CHEAP
@given(KEYS)
def test_distinct_keys_and_their_rows(keys: list[int]) -> None:
    distinct, which = distinct_keys(np.array(keys, dtype=np.int64))
    assert sorted({*keys}) == distinct.tolist()
    assert keys == distinct[which].tolist()


@CHEAP
@given(st.lists(st.integers(0, 9), max_size=20))
def test_distinct_codes_are_ascending(codes: list[int]) -> None:
    assert sorted({*codes}) == distinct_codes(np.array(codes, dtype=np.int32), 10).tolist()


@pytest.mark.parametrize("rows", [0, 1, 7, 3_000])
def test_small_sums_are_those_of_the_sparse_product(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(rows)
    # Whole numbers, as the engine sums them: others may differ in the last bit where a machine fuses × and +.
    table = random.integers(-(10**6), 10**6, size=(50, 16)).astype(np.float64)
    codes = random.integers(0, 50, rows).astype(np.int32)
    weights = random.integers(-(10**4), 10**4, rows).astype(np.float64)
    bounds = np.unique(np.concatenate(([0, rows], random.integers(0, rows + 1, rows // 5))))

    import scipy.sparse

    assert scipy.sparse
    product = weighted_row_sums(bounds, codes, weights, table, threads=1)
    monkeypatch.delitem(sys.modules, "scipy.sparse")
    small = weighted_row_sums(bounds, codes, weights, table, threads=1)

    assert product.tobytes() == small.tobytes()
    assert "scipy.sparse" not in sys.modules
