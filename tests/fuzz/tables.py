"""Parquet tables with columns of other types and values, written soundly."""

from __future__ import annotations

import io

import polars as pl
from hypothesis import strategies as st

_VALUES: tuple[list[object], ...] = (
    [None, None],
    [float("nan"), 1.0],
    [float("inf"), -0.0],
    [-1, 2**62],
    [True, False],
    ["", "\0"],
    ["1_000", "٣"],
    ["x" * 1_000, "nan"],
    [[1], [2, 3]],
    [{"a": 1}, {"a": None}],
    [b"\xff\xfe", b""],
)
_TYPES: tuple[pl.DataType | type[pl.DataType], ...] = (
    pl.Int8,
    pl.UInt64,
    pl.Float32,
    pl.Float64,
    pl.String,
    pl.Categorical,
    pl.Decimal(20, 4),
    pl.Date,
    pl.Datetime("us"),
    pl.Duration("us"),
    pl.Boolean,
    pl.Binary,
    pl.Null,
)


@st.composite
def edited_tables(draw: st.DrawFn, seed: bytes) -> bytes:
    """A sound Parquet table after one to three edits of types, values, names, order, columns and rows."""
    frame = pl.read_parquet(seed)
    for _ in range(draw(st.integers(1, 3))):
        frame = _edited(draw, frame)
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


def _edited(draw: st.DrawFn, frame: pl.DataFrame) -> pl.DataFrame:
    if not frame.width:
        return frame
    name = draw(st.sampled_from(frame.columns))
    match draw(st.sampled_from(("type", "values", "drop", "rename", "rows", "repeat", "order"))):
        case "type":
            return frame.with_columns(_cast(frame[name], draw(st.sampled_from(_TYPES))))
        case "values":
            values = draw(st.sampled_from(_VALUES))
            column = pl.Series(name, [values[row % 2] for row in range(frame.height)], strict=False)
            return frame.with_columns(column)
        case "drop":
            return frame.drop(name)
        case "rename":
            other = draw(st.sampled_from(("quantity", "long", "strike", "price", "", "\0", "x" * 300, "Account")))
            return frame if other in frame.columns else frame.rename({name: other})
        case "rows":
            return frame.clear() if draw(st.booleans()) else frame.head(1)
        case "repeat":
            return pl.concat([frame, frame])
        case _:
            return frame.select(reversed(frame.columns))


def _cast(column: pl.Series, to: pl.DataType | type[pl.DataType]) -> pl.Series:
    try:
        return column.cast(to, strict=False)
    except pl.exceptions.PolarsError:
        return pl.repeat(None, len(column), dtype=to, eager=True).alias(column.name)
