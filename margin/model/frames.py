"""What every frame of figures promises: its schema, finite numbers, no negative zero, rows in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import polars as pl
from polars.datatypes import DataTypeClass

ColumnType: TypeAlias = pl.DataType | DataTypeClass

_NEGATIVE_ZERO_BITS = np.iinfo(np.int64).min
"""What ``-0.0`` looks like as a whole number: the sign bit alone."""


def frame_schema(columns: Mapping[str, ColumnType]) -> pl.Schema:
    """A schema of columns whose types are classes or, for lists and structs, instances."""
    return pl.Schema(columns)


def settled(name: str, frame: pl.DataFrame, schema: pl.Schema, index: str | None = None) -> pl.DataFrame:
    """The frame as it may be shown: checked against its schema, with every ``-0.0`` as ``0.0``.

    Args:
        name: What the frame is called, for messages.
        frame: The figures; floats may also lie in lists and in lists of structs.
        schema: The schema that it must have, columns in order.
        index: Column that points into another frame and by which the rows are sorted.

    Raises:
        TypeError: The schema differs.
        ArithmeticError: A number is NaN or infinite, or the rows are not sorted by `index`.
    """
    if frame.schema != schema:
        raise TypeError(f"{name}: expected the columns {dict(schema)}, found {dict(frame.schema)}")
    has_negative_zero = [_check_numbers(f"{name}.{column.name}", column) for column in frame.get_columns()]
    if index is not None and not frame[index].is_sorted():
        raise ArithmeticError(f"{name}: rows are not in the order of {index}")
    return frame.with_columns(
        _without_negative_zero(pl.col(column), type_).alias(column)
        for (column, type_), found in zip(schema.items(), has_negative_zero, strict=True)
        if found
    )


def _check_numbers(name: str, column: pl.Series) -> bool:
    """Whether the numbers in a column, in its lists or in its structs, include a ``-0.0``.

    Raises:
        ArithmeticError: One of them is NaN or infinite.
    """
    if column.dtype == pl.Float64:
        values = column.drop_nulls().to_numpy()
        if not np.isfinite(values).all():
            raise ArithmeticError(f"{name} holds NaN or an infinity")
        return bool((values.view(np.int64) == _NEGATIVE_ZERO_BITS).any())
    if isinstance(column.dtype, pl.List):
        return _check_numbers(name, column.explode())
    if isinstance(column.dtype, pl.Struct):
        found = [_check_numbers(f"{name}.{part}", column.struct.field(part)) for part in column.struct.fields]
        return any(found)
    return False


def _without_negative_zero(value: pl.Expr, type_: ColumnType) -> pl.Expr:
    # Adding 0.0 would do in IEEE arithmetic, but the query optimiser removes it.
    if type_ == pl.Float64:
        return pl.when(value == 0.0).then(0.0).otherwise(value)
    if isinstance(type_, pl.List):
        return value.list.eval(_without_negative_zero(pl.element(), type_.inner))
    if isinstance(type_, pl.Struct):
        return pl.struct(
            _without_negative_zero(value.struct.field(part.name), part.dtype).alias(part.name) for part in type_.fields
        )
    return value
