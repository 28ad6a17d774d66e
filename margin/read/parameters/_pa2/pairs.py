"""Which two records make one contract: the first and the last scenario losses stand on lines of their own."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.numeric.arrays import BoolArray, IntArray
from margin.read.parameters._pa2.columns import NO_LINE
from margin.read.parameters._pa2.digits import WORD, ByteMatrix
from margin.read.parameters._pa2.layout import CONTRACT_KEY
from margin.read.parameters._pa2.lines import Lines

KEY_FIRST, KEY_LAST = CONTRACT_KEY[1].first, CONTRACT_KEY[-1].last


def paired(first: Lines, second: Lines) -> tuple[Lines, Lines]:
    """Bring the two records of each contract together by their key, wherever they stand.

    Strikes that differ by their sign alone have the same key, because the sign stands outside of it: the n-th
    first record goes with the n-th second record of the key. Where their numbers differ, nobody can tell which
    belong together: only the second records stay, which have the signs, or one first record where there are none.

    Returns:
        The first and the second record of each contract, row by row in the order of the file; `NO_LINE` for one
        that is missing.
    """
    keys = pl.concat([_keys(first), _keys(second).with_columns(is_second=pl.lit(value=True))], how="diagonal")
    keys = keys.with_columns(
        pl.col("is_second").fill_null(value=False),
        number=pl.int_range(pl.len()).over("key", "is_second"),
    ).with_columns(
        seconds=pl.col("is_second").sum().over("key"),
        all=pl.len().over("key"),
    )
    firsts = pl.col("all") - pl.col("seconds")
    unclear = (pl.col("seconds") != firsts) & (pl.max_horizontal("seconds", firsts) > 1)
    stays = pl.when(pl.col("seconds") > 0).then(pl.col("is_second")).otherwise(pl.col("number") == 0)
    keys = keys.with_columns(group=pl.when(~unclear).then("number")).filter(~unclear | stays)
    firsts_left, seconds = keys.filter(~pl.col("is_second")), keys.filter("is_second")
    pairs = firsts_left.join(seconds, on=["key", "group"], how="full", suffix="_second").select(
        "row", "row_second", line=pl.min_horizontal("line", "line_second")
    )
    pairs = pairs.sort("line", maintain_order=True)
    return _aligned(first, pairs["row"]), _aligned(second, pairs["row_second"])


def have_equal_keys(first: ByteMatrix, second: ByteMatrix) -> bool:
    """Whether records stand in pairs already: the keys of their lines are the same, row by row."""
    # Word by word, the last word overlapping the one before: short rows are slow to walk along.
    for place in [*range(KEY_FIRST - 1, KEY_LAST - WORD, WORD), KEY_LAST - WORD]:
        one, other = (matrix[:, place : place + WORD].view("<u8")[:, 0] for matrix in (first, second))
        if not np.array_equal(one, other):
            return False
    return True


def _keys(lines: Lines) -> pl.DataFrame:
    key = slice(KEY_FIRST - 1, KEY_LAST)
    texts = [lines.text(row)[key].ljust(KEY_LAST - KEY_FIRST + 1) for row in range(len(lines))]
    return pl.DataFrame(
        {"key": pl.Series(texts, dtype=pl.Binary), "row": np.arange(len(lines)), "line": lines.numbers},
        schema={"key": pl.Binary, "row": pl.Int64, "line": pl.Int64},
    )


def _aligned(lines: Lines, rows: pl.Series) -> Lines:
    """Lines by row, with lines that do not exist where there is no row."""
    at: IntArray = rows.fill_null(-1).to_numpy()
    exists: BoolArray = at >= 0
    values = []
    for item in (lines.starts, lines.ends, lines.numbers):
        chosen = np.full(len(at), NO_LINE, dtype=np.int64)
        chosen[exists] = item[at[exists]]
        values.append(chosen)
    return Lines(lines.content, *values)
