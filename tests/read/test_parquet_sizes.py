"""Sizes of Parquet files: what writers write passes, and what cannot be is refused before memory is taken for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from margin.read.parquet_sizes import ParquetDamage, check_sizes

CRASHER = Path(__file__).parents[1] / "fuzz" / "crashers" / "parquet-page-of-exabytes.parquet"
ROWS = 3_000
FRAME = pl.DataFrame(
    {
        "account": [f"A{row % 7}" for row in range(ROWS)],
        "quantity": list(range(ROWS)),
        "same": ["X"] * ROWS,
        "missing": pl.Series([None] * ROWS, dtype=pl.Float64),
        "nested": [[row, 1] for row in range(ROWS)],
        "enum": pl.Series(["a"] * ROWS, dtype=pl.Enum([f"{word}" for word in "abcdefgh"])),
    }
)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "uncompressed", "gzip", "lz4"])
@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_files_of_polars_pass(compression: Any, rows: int) -> None:
    out = io.BytesIO()
    FRAME.head(rows).write_parquet(out, compression=compression, row_group_size=1_000)

    check_sizes(out.getvalue())


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("rows", [0, ROWS])
@pytest.mark.parametrize(
    "options",
    [{}, {"use_dictionary": False}, {"write_page_index": True}, {"write_page_checksum": True}, {"row_group_size": 500}],
)
def test_files_of_arrow_pass(version: Any, rows: int, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "book.parquet"
    pq.write_table(FRAME.head(rows).to_arrow(), path, data_page_version=version, **options)

    check_sizes(path)


def test_a_page_that_states_more_than_its_column_holds_is_refused() -> None:
    with pytest.raises(ParquetDamage):
        check_sizes(CRASHER)


def test_more_rows_than_bytes_can_hold_are_refused() -> None:
    out = io.BytesIO()
    pl.DataFrame({"a": [1] * 5_000}).write_parquet(out, statistics=False)
    content = out.getvalue()
    stated, exaggerated = b"\x90\x4e", b"\xff\x7f"  # 5,000 and more as zigzag varints
    assert stated in content

    with pytest.raises(ParquetDamage):
        check_sizes(content.replace(stated, exaggerated, 1))


@pytest.mark.parametrize("length", [12, 40, 200])
def test_a_file_without_its_beginning_is_refused(length: int) -> None:
    out = io.BytesIO()
    FRAME.write_parquet(out)
    content = out.getvalue()

    with pytest.raises(ParquetDamage):
        check_sizes(b"PAR1" + content[-length:])
