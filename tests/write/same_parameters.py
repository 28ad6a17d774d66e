"""What two parameter sets must have in common for every margin to be the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from polars.testing import assert_frame_equal

from margin.model.parameters import ParameterSet

_PARTS = ("clearing_orgs", "currencies", "account_types", "products", "commodities", "spreads")


def assert_same(expected: ParameterSet, actual: ParameterSet) -> None:
    """Check that two sets say the same, bit for bit, places in files apart."""
    assert_frame_equal(expected.contracts.drop("line"), actual.contracts.drop("line"), check_exact=True)
    assert_frame_equal(expected.combination_legs, actual.combination_legs, check_exact=True)
    assert set(expected.arrays) == set(actual.arrays)
    for rate_id, arrays in expected.arrays.items():
        other = actual.arrays[rate_id]
        np.testing.assert_array_equal(arrays.losses, other.losses)
        np.testing.assert_array_equal(arrays.composite_delta, other.composite_delta)
        np.testing.assert_array_equal(arrays.points, other.points)
        assert_frame_equal(arrays.scan_ranges, other.scan_ranges, check_exact=True)
    for part in _PARTS:
        assert plain(getattr(expected, part)) == plain(getattr(actual, part)), part


def plain(value: Any) -> Any:
    """A value without the lines it stands in."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value) if field.name != "line"}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
