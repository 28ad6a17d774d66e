"""What every frame of figures promises: its schema, finite numbers, no negative zero, rows in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import polars as pl
from polars.datatypes import DataTypeClass

ColumnType: TypeAlias = pl.DataType | DataTypeClass


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
    for column in frame.get_columns():
        _require_finite(f"{name}.{column.name}", column)
    if index is not None and not frame[index].is_sorted():
        raise ArithmeticError(f"{name}: rows are not in the order of {index}")
    return frame.with_columns(
        _without_negative_zero(pl.col(column), type_).alias(column)
        for column, type_ in schema.items()
        if _holds_floats(type_)
    )


def _require_finite(name: str, column: pl.Series) -> None:
    if column.dtype == pl.Float64:
        if not column.is_finite().all():
            raise ArithmeticError(f"{name} holds NaN or an infinity")
    elif isinstance(column.dtype, pl.List):
        _require_finite(name, column.explode())
    elif isinstance(column.dtype, pl.Struct):
        for part in column.struct.fields:
            _require_finite(f"{name}.{part}", column.struct.field(part))


def _holds_floats(type_: ColumnType) -> bool:
    if isinstance(type_, pl.List):
        return _holds_floats(type_.inner)
    if isinstance(type_, pl.Struct):
        return any(_holds_floats(part.dtype) for part in type_.fields)
    return type_ == pl.Float64


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
