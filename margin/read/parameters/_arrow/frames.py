"""Frames as Arrow IPC files and back; a column that has one value throughout is stated instead of stored."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl

from margin.read.parameters._arrow.layout import Damaged


def write_frame(frame: pl.DataFrame, schema: pl.Schema) -> tuple[dict[str, Any], bytes]:
    """What the header says of a frame, and its columns as an Arrow IPC file (nothing, if none is left).

    Raises:
        TypeError: The frame has not the schema.
    """
    if frame.schema != schema:
        raise TypeError(f"expected a frame with {schema}, found {frame.schema}")
    constants = {column.name: column[0] for column in frame.iter_columns() if _is_constant(column)}
    stored = frame.drop(list(constants))
    out = io.BytesIO()
    if stored.width:
        stored.rechunk().write_ipc(out, compression="uncompressed")
    return {"rows": frame.height, "constants": constants}, out.getvalue()


def read_frame(stated: dict[str, Any], block: memoryview, schema: pl.Schema) -> pl.DataFrame:
    """The frame again.

    Raises:
        Damaged: It has other columns, types or another number of rows than stated.
    """
    rows, constants = stated["rows"], stated["constants"]
    if type(rows) is not int or rows < 0:
        raise Damaged(f"a table is said to have {rows!r} rows")
    stored = pl.read_ipc(bytes(block)) if len(block) else pl.DataFrame()
    expected = {name: dtype for name, dtype in schema.items() if name not in constants}
    if dict(stored.schema) != expected or (stored.width and stored.height != rows):
        raise Damaged(f"a table has {stored.height:,} rows of {stored.schema}, expected {rows:,} of {expected}")
    frame = stored if stored.width else pl.int_range(rows, eager=True).alias("").to_frame()
    stated_columns = [pl.lit(value, dtype=schema[name]).alias(name) for name, value in constants.items()]
    return frame.with_columns(stated_columns).select(list(schema))


def _is_constant(column: pl.Series) -> bool:
    """Whether a column with rows has one value throughout, bit by bit."""
    if column.is_empty():
        return False
    if column.null_count():
        return column.null_count() == len(column)
    if column.dtype.is_float():
        bits = column.to_numpy().view(np.int64)
        return bool((bits == bits[0]).all() and np.isfinite(column[0]))
    return column.n_unique() == 1
