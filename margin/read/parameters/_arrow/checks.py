"""What digests do not say of a columnar file: that its rows refer to rows there are, and its numbers are finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import polars as pl

from margin.model.deferred import Deferred
from margin.model.parameters import ParameterSet, RateArrays
from margin.read.parameters._arrow.layout import Damaged


def check(parameters: ParameterSet) -> None:
    """Look through a whole set, also at what is read when it is looked at.

    Raises:
        Damaged: A row refers to one that is not there, or a number is not finite.
    """
    contracts, legs = parameters.contracts, parameters.combination_legs
    _require_rows(contracts["product"], len(parameters.products), may_be_missing=False)
    _require_rows(contracts["underlying_contract"], contracts.height, may_be_missing=True)
    for name in ("contract", "leg"):
        _require_rows(legs[name], contracts.height, may_be_missing=False)
    for frame in (contracts, legs, *(rate.scan_ranges for rate in parameters.arrays.values())):
        for column in frame.iter_columns():
            if column.dtype.is_float() and not column.is_finite().all():
                _refuse_number(column.name)
    for rate in parameters.arrays.values():
        _check_arrays(rate)
    for field in fields(parameters):
        _check_numbers(getattr(parameters, field.name), field.name)


def _require_rows(column: pl.Series, count: int, *, may_be_missing: bool) -> None:
    found = column.drop_nulls()
    if column.null_count() and not may_be_missing:
        raise Damaged(f"{column.name} is missing in {column.null_count():,} rows")
    if len(found) and not found.is_between(0, count - 1).all():
        raise Damaged(f"{column.name} refers to rows beyond the {count:,} there are")


def _check_arrays(rate: RateArrays) -> None:
    points = rate.points
    if len(points) and not ((points >= 0) & (points <= rate.losses.shape[1])).all():
        raise Damaged(f"a contract has more scenarios than the {rate.losses.shape[1]} of its array")
    if not np.isfinite(rate.losses).all() or not np.isfinite(rate.composite_delta).all():
        _refuse_number("losses or composite deltas")
    if rate.tick_values is not None and np.isinf(rate.tick_values).any():
        _refuse_number("tick values")


def _check_numbers(item: Any, name: str) -> None:
    """Refuse an infinite number, which JSON text can say (``1e999``) although it is never written."""
    if isinstance(item, float):
        if not math.isfinite(item):
            _refuse_number(name)
    elif isinstance(item, tuple | Deferred):
        for part in item:
            _check_numbers(part, name)
    elif isinstance(item, Mapping):
        for part in item.values():
            _check_numbers(part, name)
    elif is_dataclass(item) and not isinstance(item, RateArrays):
        for field in fields(item):
            _check_numbers(getattr(item, field.name), field.name)


def _refuse_number(name: str) -> None:
    raise Damaged(f"{name} hold a number that is not finite")
