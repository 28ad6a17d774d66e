from __future__ import annotations

import csv
import io
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.position import POSITION_SCHEMA
from margin.model.problem import InputRefused
from margin.read.positions import read_positions
from tests.read.positions.samples import SAMPLES

CODES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1)
NOTES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1)
QUANTITIES = st.integers(-(10**15), 10**15).map(lambda number: number / 10**9) | st.integers(-(10**9), 10**9)
ROWS = st.fixed_dictionaries(
    {
        "firm": st.none() | CODES,
        "account": CODES,
        "is_customer": st.none() | st.booleans(),
        "contract": CODES,
        "expiry": st.none() | st.sampled_from(["202606", "20260630", "202607W1"]),
        "right": st.none() | st.sampled_from(["C", "P"]),
        "strike": st.none() | st.floats(-1e9, 1e9),
        "quantity": QUANTITIES,
        "business_date": st.none() | st.sampled_from(["2026-06-25", "2024-02-29"]),
        "Remark": st.none() | NOTES,
    }
)
WRITERS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "csv": lambda frame, path: frame.write_csv(path),
    "semicolons": lambda frame, path: frame.write_csv(path, separator=";"),
    "tabs": lambda frame, path: frame.write_csv(path, separator="\t", line_terminator="\r\n"),
    "quoted": lambda frame, path: frame.write_csv(path, quote_style="always"),
    "ndjson": lambda frame, path: frame.write_ndjson(path),
    "parquet": lambda frame, path: frame.write_parquet(path),
}


@pytest.mark.parametrize("writer", sorted(WRITERS))
@given(rows=st.lists(ROWS, min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_a_frame_written_to_a_file_reads_back_equal(writer: str, rows: list[dict[str, Any]]) -> None:
    schema = {name: kind for name, kind in POSITION_SCHEMA.items() if name in rows[0]} | {"Remark": pl.String()}
    rows = [row | {"quantity": float(row["quantity"])} for row in rows]
    frame = pl.DataFrame(rows, schema=schema).with_columns(pl.col("strike", "quantity") + 0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book")
        WRITERS[writer](frame, path)
        # A table with semicolons or tabs need not show whether 1.125 has decimals.
        part = read_positions([path], decimal="point").parts[0]

    assert frame.columns == part.frame.columns
    assert frame.to_dicts() == part.frame.to_dicts()


@given(
    rows=st.lists(
        st.tuples(CODES, st.integers(-99, 99), CODES, st.sampled_from(["", "n", 'say "so"', "two\nlines", "a,b"])),
        max_size=6,
    ),
    blank_lines=st.lists(st.integers(0, 6), max_size=3),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
@settings(max_examples=40, deadline=None)
def test_each_row_is_read_whole_and_knows_its_line(
    rows: list[tuple[str, int, str, str]], blank_lines: list[int], newline: str, quoting: int
) -> None:
    text = "account,quantity,contract,note" + newline
    lines = []
    for number, row in enumerate(rows):
        text += newline * blank_lines.count(number)
        lines.append(text.count("\n") + 1)
        target = io.StringIO(newline="")
        csv.writer(target, lineterminator=newline, quoting=quoting).writerow(row)  # type: ignore[arg-type]
        text += target.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book")
        path.write_bytes(text.encode())
        part = read_positions([path]).parts[0]

    assert rows == [(a, int(q), c, n or "") for a, c, q, n in part.frame.rows()]
    assert lines == [part.line_of(row) for row in range(part.frame.height)]


FRAGMENTS = [
    *(
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"<",
        b"&",
        b"{",
        b"}",
        b"[",
        b";",
        b"\t",
        b" ",
        b"nan",
        b"1e999",
        b"-",
    ),
    *(b'"\n"', b"\xef\xbb\xbf", b"\\ud800", b"<np>", b"</np>", b"<!DOCTYPE x>", b"true", b"null", b"PAR1", b"\xc2\xa0"),
]


def mutate(content: bytes, chance: random.Random) -> bytes:
    """A content with a few bytes put in, taken out or exchanged."""
    mutated = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        start = chance.randrange(len(mutated) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            mutated[start:start] = chance.choice(FRAGMENTS)
        elif kind == 1:
            del mutated[start : start + chance.randrange(1, 9)]
        elif kind == 2:
            mutated[start : start + 1] = bytes([chance.randrange(256)])
        elif kind == 3:
            mutated[start:start] = mutated[start : start + chance.randrange(40)]
        else:
            mutated[start : start + 1] = chance.choice(FRAGMENTS)
    return bytes(mutated)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"parquet"}))
def test_a_damaged_input_is_read_or_refused_and_nothing_else(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    path = tmp_path / "book"
    outcomes = {"read": 0, "refused": 0}
    for _ in range(200):
        path.write_bytes(mutate(SAMPLES[name], chance))
        for input_format in (None, name):
            try:
                book = read_positions([path], input_format=input_format)
            except InputRefused as refused:
                files = {problem.file for problem in refused.problems}
                outcomes["refused"] += 1
            else:
                files = {part.source.path for part in book.parts}
                outcomes["read"] += 1
            assert {str(path)} == files

    assert min(outcomes.values()) > 10, outcomes


def test_a_damaged_parquet_file_is_read_or_refused_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random("parquet")
    path = tmp_path / "book"
    for _ in range(200):
        path.write_bytes(mutate(SAMPLES["parquet"], chance))
        try:
            files = {part.source.path for part in read_positions([path], input_format="parquet").parts}
        except InputRefused as refused:
            files = {problem.file for problem in refused.problems}
        assert {str(path)} == files
    capfd.readouterr()  # the decoder may print what it stumbled over
