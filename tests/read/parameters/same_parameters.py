"""Tells whether two parameter sets are the same, down to the types and bits of their values."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from margin.model.parameters import ParameterSet, RateArrays


def assert_same(expected: ParameterSet, actual: ParameterSet) -> None:
    """Check every field but what was derived."""
    for field in fields(expected):
        if field.name != "derived":
            _assert_same(getattr(expected, field.name), getattr(actual, field.name), field.name)


def _assert_same(expected: Any, actual: Any, name: str) -> None:
    if isinstance(expected, pl.DataFrame):
        assert expected.schema == actual.schema
        assert_frame_equal(expected, actual, check_exact=True)
    elif isinstance(expected, np.ndarray):
        assert (expected.dtype, expected.shape) == (actual.dtype, actual.shape), name
        assert expected.tobytes() == actual.tobytes(), name
    elif name == "arrays":
        assert list(expected) == list(actual)
        for rate_id in expected:
            _assert_same(expected[rate_id], actual[rate_id], rate_id)
    elif isinstance(expected, RateArrays):
        for field in fields(expected):
            _assert_same(getattr(expected, field.name), getattr(actual, field.name), field.name)
    else:
        assert expected == actual, name
        # Numbers that are equal can still be shown differently: 1 and 1.0, 0.0 and -0.0.
        assert repr(expected) == repr(actual), name
