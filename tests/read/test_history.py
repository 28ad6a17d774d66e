"""Price histories: what is read, what is refused with its line, and what is warned of."""

from __future__ import annotations

import gzip
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from margin.model.price_history import PriceHistory
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.history import read_price_history

SOUND = "date,underlying,price,volume\n2026-06-24,OIL,70.5,100\n2026-06-25,OIL,71,\n2026-06-25,GAS,3.25,0\n"


def read(tmp_path: Path, text: str | bytes, name: str = "prices.csv") -> PriceHistory:
    """Read a text."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_price_history(path)


def rows(history: PriceHistory) -> list[tuple[Any, ...]]:
    """Everything but lines."""
    return history.frame.drop("line").rows()


EXPECTED = [
    ("GAS", date(2026, 6, 25), 3.25, 0.0),
    ("OIL", date(2026, 6, 24), 70.5, 100.0),
    ("OIL", date(2026, 6, 25), 71.0, None),
]


def test_rows_are_sorted_by_underlying_and_date(tmp_path: Path) -> None:
    head, *lines = SOUND.splitlines()

    for order in (lines, lines[::-1]):
        found = read(tmp_path, "\n".join([head, *order]) + "\n")
        assert EXPECTED == rows(found)
    assert [2, 4, 3] == found.frame["line"].to_list()
    assert ("csv", 3, ()) == (found.source.format, found.source.rows, found.problems)


@pytest.mark.parametrize(
    "text",
    [
        SOUND.replace(",", ";"),
        SOUND.replace(",", "\t"),
        SOUND.replace("\n", "\r\n"),
        "\ufeff" + SOUND,
        SOUND.replace("\n2026-06-25,OIL", "\n\n2026-06-25,OIL"),
        SOUND.replace("date,underlying,price", "Trade_Date, Product ,SETTLE"),
        SOUND.replace("-06-", "06").replace("2026062", "2026062"),
        SOUND.replace("date,", "open,date,").replace("\n2", "\n1,2"),
        SOUND.replace("OIL", '"OIL"'),
        SOUND.replace("70.5", "7.05e1"),
    ],
)
def test_other_ways_to_write_the_same(tmp_path: Path, text: str) -> None:
    assert EXPECTED == rows(read(tmp_path, text))


def test_compressed_files_and_standard_input_are_read(tmp_path: Path) -> None:
    assert EXPECTED == rows(read(tmp_path, gzip.compress(SOUND.encode()), "prices.csv.gz"))
    assert EXPECTED == rows(read_price_history("-", stdin=io.BytesIO(SOUND.encode())))


def test_volumes_may_be_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "date,underlying,price\n2026-06-25,OIL,-37.63\n")

    assert [("OIL", date(2026, 6, 25), -37.63, None)] == rows(found)


@pytest.mark.parametrize(
    ("text", "line", "reason", "words"),
    [
        ("date,underlying\n2026-06-25,OIL\n", 1, Reason.MISSING_FIELD, "the column 'price' is missing"),
        ("date,underlying,prise\n2026-06-25,OIL,1\n", 1, Reason.MISSING_FIELD, "did you mean 'price'"),
        ("date,underlying,price,close\n", 1, Reason.DUPLICATE_KEY, "'price' and 'close' both mean the price"),
        ("date,underlying,price\n", None, Reason.MISSING_FIELD, "holds no prices"),
        ("date,underlying,price\n2026-06-25,OIL\n", 2, Reason.WRONG_LENGTH, "2 cells, expected 3"),
        ("date,underlying,price\n2026-06-25,OIL,1,5\n", 2, Reason.WRONG_LENGTH, "decimals stand behind a point"),
        ("date,underlying,price\n2026-06-31,OIL,1\n", 2, Reason.INVALID_VALUE, "date is '2026-06-31', expected a date"),
        ("date,underlying,price\n25/06/2026,OIL,1\n", 2, Reason.INVALID_VALUE, "date is '25/06/2026'"),
        ("date,underlying,price\n2026-06-25,,1\n", 2, Reason.INVALID_VALUE, "underlying is empty, expected a code"),
        ("date;underlying;price\n2026-06-25;OIL;1,5\n", 2, Reason.INVALID_VALUE, "price is '1,5'"),
        ("date,underlying,price\n2026-06-25,OIL,\n", 2, Reason.INVALID_VALUE, "price is empty, expected a finite"),
        ("date,underlying,price\n2026-06-25,OIL,nan\n", 2, Reason.INVALID_VALUE, "price is 'nan'"),
        ("date,underlying,price\n2026-06-25,OIL,1e999\n", 2, Reason.INVALID_VALUE, "price is '1e999'"),
        ("date,underlying,price\n2026-06-25,OIL,1_0\n", 2, Reason.INVALID_VALUE, "price is '1_0'"),
        ("date,underlying,price,volume\n2026-06-25,OIL,1,-1\n", 2, Reason.INVALID_VALUE, "volume is '-1'"),
        ("date,underlying,price,volume\n2026-06-25,OIL,1,x\n", 2, Reason.INVALID_VALUE, "volume is 'x'"),
        (SOUND + "2026-06-24,OIL,70.5,1\n", 5, Reason.DUPLICATE_KEY, "a second price of OIL on 2026-06-24"),
        (SOUND + "20260624,OIL,70.5,1\n", 5, Reason.DUPLICATE_KEY, "the first is in line 2"),
        ('date,underlying,price\n2026-06-25,"OIL,1\n', 2, Reason.SYNTAX, "check the quotes"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, reason: Reason, words: str
) -> None:
    with pytest.raises(InputRefused) as refused:
        read(tmp_path, text)

    assert any(
        (reason, line) == (problem.reason, problem.line) and words in problem.message
        for problem in refused.value.problems
    ), refused.value


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="not UTF-8"):
        read(tmp_path, SOUND.encode().replace(b"OIL", b"\xd6L"))


def test_every_fault_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        read(tmp_path, "date,underlying,price\n" + "x,OIL,y\n" * 3)

    assert 6 == refused.value.total


def test_a_gap_is_a_warning_with_its_longest(tmp_path: Path) -> None:
    lines = ["2026-01-01,A,1", "2026-01-08,A,1", "2026-01-16,A,1", "2026-02-16,A,1", "2026-01-01,B,1", "2026-01-09,B,1"]
    found = read(tmp_path, "date,underlying,price\n" + "\n".join(lines) + "\n").problems

    assert [Severity.WARNING] * 2 == [problem.severity for problem in found]
    assert "the prices of A have 2 gaps, the longest of 31 days, from 2026-01-16 to 2026-02-16" in found[0].message
    assert "the prices of B have a gap of 8 days, from 2026-01-01 to 2026-01-09" in found[1].message


def test_a_volume_that_is_misspelt_is_a_warning(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, SOUND.replace("volume", "volumes")).problems

    assert "'volumes' is not read; did you mean 'volume'?" in problem.message


def parquet(tmp_path: Path, **columns: Any) -> PriceHistory:
    """Read a Parquet file of these columns."""
    path = tmp_path / "prices.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return read_price_history(path)


def test_parquet_types_are_checked_and_not_guessed(tmp_path: Path) -> None:
    days = [date(2026, 6, 24), date(2026, 6, 25), date(2026, 6, 25)]
    names = ["OIL", "OIL", "GAS"]
    prices = [70.5, 71.0, 3.25]
    volumes = [100, None, 0]

    assert EXPECTED == rows(parquet(tmp_path, date=days, underlying=names, price=prices, volume=volumes))
    other = parquet(
        tmp_path,
        date=[datetime(day.year, day.month, day.day) for day in days],
        underlying=pl.Series(names, dtype=pl.Categorical),
        price=[Decimal(str(price)) for price in prices],
        volume=volumes,
    )
    assert EXPECTED == rows(other)
    assert EXPECTED == rows(
        parquet(tmp_path, date=[str(d) for d in days], underlying=names, price=prices, volume=volumes)
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"price": [1.0, float("nan")]}, "row 2: price is 'nan'"),
        ({"price": [1.0, None]}, "row 2: price is empty"),
        ({"price": [True, False]}, "of the type Boolean, expected numbers"),
        ({"date": [datetime(2026, 6, 24, 12), datetime(2026, 6, 25)]}, "row 1: date is '2026-06-24 12:00:00'"),
        ({"date": [1.5, 2.5]}, "of the type Float64, expected dates"),
        ({"underlying": [1.5, 2.5]}, "of the type Float64, expected text"),
        ({"underlying": ["A", None]}, "row 2: underlying is empty"),
        ({"date": [date(2026, 6, 24)] * 2}, "row 2: a second price of A on 2026-06-24, the first is in row 1"),
    ],
)
def test_parquet_values_are_refused_with_their_row(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    sound = {"date": [date(2026, 6, 24), date(2026, 6, 25)], "underlying": ["A", "A"], "price": [1.0, 2.0]}

    with pytest.raises(InputRefused) as refused:
        parquet(tmp_path, **{**sound, **change})
    assert words in str(refused.value)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"date": ["2026-06-24"], "underlying": ["A"], "price": [1.0]}).write_parquet(tmp_path / "p.parquet")
    content = (tmp_path / "p.parquet").read_bytes()

    with pytest.raises(InputRefused, match="damaged or cut off"):
        read(tmp_path, content[:-20], "p.parquet")
