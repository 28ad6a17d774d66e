from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from margin.model.position import POSITION_SCHEMA, PositionPart
from margin.model.problem import InputRefused, Reason
from margin.read.positions import read_positions


def table(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"account": ["A"], "contract": ["X"], "quantity": [1.0]} | columns)


def read(folder: Path, frame: pl.DataFrame) -> PositionPart:
    path = folder / "book.parquet"
    frame.write_parquet(path)
    return read_positions([path]).parts[0]


def refusal(folder: Path, frame: pl.DataFrame) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(folder, frame)
    return caught.value


def test_a_table_is_read_with_the_types_of_the_schema_and_without_lines(tmp_path: Path) -> None:
    part = read(tmp_path, table(Desk=[7], strike=[pl.Series([1]).cast(pl.Int16)[0]]))

    assert (part.source.format, part.line_of(0)) == ("parquet", None)
    assert part.frame.columns == ["account", "contract", "strike", "quantity", "Desk"]
    assert all(part.frame.schema[name] == POSITION_SCHEMA[name] for name in part.frame.columns[:-1])
    assert pl.Int64 == part.frame.schema["Desk"]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(["A"], dtype=pl.Categorical),
        pl.Series(["A"], dtype=pl.Enum(["A", "B"])),
        pl.Series([" A "]),
    ],
)
def test_codes_may_be_dictionary_encoded(tmp_path: Path, values: pl.Series) -> None:
    assert read(tmp_path, table(account=values)).frame["account"].to_list() == ["A"]


def test_whole_numbers_in_codes_are_their_digits(tmp_path: Path) -> None:
    frame = read(tmp_path, table(account=[42], expiry=[20260600])).frame

    assert (frame["account"][0], frame["expiry"][0]) == ("42", "202606")


def test_dates_are_expiries_and_business_dates(tmp_path: Path) -> None:
    frame = read(tmp_path, table(expiry=[date(2026, 6, 30)], date=[date(2026, 6, 25)])).frame

    assert (frame["expiry"][0], frame["business_date"][0]) == ("20260630", "2026-06-25")


@pytest.mark.parametrize(
    "quantity",
    [
        pl.Series([-3], dtype=pl.Int8),
        pl.Series([-3], dtype=pl.Int64),
        pl.Series([-3.0], dtype=pl.Float32),
        pl.Series([Decimal("-3.000000000000")], dtype=pl.Decimal(30, 12)),
        pl.Series(["-3"]),
    ],
)
def test_quantities_may_be_of_any_number_type(tmp_path: Path, quantity: pl.Series) -> None:
    assert read(tmp_path, table(quantity=quantity)).frame["quantity"].to_list() == [-3.0]


@pytest.mark.parametrize("quantity", [0.1, 0.123456789, -1.4, 3.07, 12345678.9, 123456789012.25, 2.0**53 - 1])
def test_doubles_nearest_to_nine_decimals_are_exact(tmp_path: Path, quantity: float) -> None:
    assert [quantity] == read(tmp_path, table(quantity=[quantity])).frame["quantity"].to_list()


def test_every_double_nearest_to_a_decimal_is_accepted(tmp_path: Path) -> None:
    quantities = [number / 1e9 for number in range(1, 10**9, 99_991)]
    frame = pl.DataFrame({"quantity": quantities}).with_columns(account=pl.lit("A"), contract=pl.lit("X"))

    assert quantities == read(tmp_path, frame).frame["quantity"].to_list()


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (pl.Series([0.1 + 0.2]), "at most 9 decimals"),
        (pl.Series([12345678.12345678]).append(pl.Series([1234567.1234567891])), "at most 9 decimals"),
        (pl.Series([0.1], dtype=pl.Float32), "64-bit"),
        (pl.Series([Decimal("0.0000000001")], dtype=pl.Decimal(30, 12)), "at most 9 decimals"),
        (pl.Series([float("nan")]), "finite"),
        (pl.Series([float("inf")]), "finite"),
        (pl.Series([2**53 + 1]), "not exact"),
        (pl.Series([None], dtype=pl.Float64), "quantity is blank"),
        (pl.Series([True]), "has type Boolean, expected numbers"),
        (pl.Series([[1]]), "expected numbers"),
    ],
)
def test_other_quantities_are_refused(tmp_path: Path, quantity: pl.Series, words: str) -> None:
    frame = pl.DataFrame({"quantity": quantity}).with_columns(account=pl.lit("A"), contract=pl.lit("X"))
    refused = refusal(tmp_path, frame)

    assert refused.total == 1, str(refused)
    assert words in refused.problems[0].message


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("account", [1.5]),
        ("account", [b"A"]),
        ("exchange", [["NSE"]]),
        ("type", [True]),
        ("expiry", [202606.0]),
        ("expiry", [datetime(2026, 6, 30)]),
        ("strike", [date(2026, 6, 30)]),
        ("is_customer", [1.0]),
    ],
)
def test_a_column_of_the_wrong_type_is_one_problem(tmp_path: Path, column: str, values: list[Any]) -> None:
    refused = refusal(tmp_path, pl.concat([table(**{column: values})] * 3))

    assert [(Reason.INVALID_VALUE, column)] == [(p.reason, p.attributes["field"]) for p in refused.problems]
    assert f"column {column!r} has type" in refused.problems[0].message


def test_nul_characters_are_refused(tmp_path: Path) -> None:
    assert "NUL" in refusal(tmp_path, table(account=["A\0"])).problems[0].message


def test_a_table_without_rows_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "book.parquet"
    table().clear().write_parquet(path)

    assert len(read_positions([path]).problems) == 1


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    assert "there is no column quantity" in refusal(tmp_path, table().drop("quantity")).problems[0].message


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.parquet"
    table().write_parquet(path)
    whole = path.read_bytes()
    for size in (4, 7, 12, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputRefused, match="cut off"):
            read_positions([path])


def test_a_file_whose_footer_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.parquet"
    table().write_parquet(path)
    whole = bytearray(path.read_bytes())
    whole[-40:-8] = b"\xff" * 32
    path.write_bytes(whole)

    with pytest.raises(InputRefused, match="damaged"):
        read_positions([path])
