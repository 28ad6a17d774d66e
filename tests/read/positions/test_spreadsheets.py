from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.position import PositionBook
from margin.model.problem import InputRefused, Reason
from margin.read.positions import read_positions
from margin.read.positions._columns import Column
from margin.read.positions._notation import find_notation, to_plain_numbers
from margin.read.positions._row_faults import RowFaults

HEADER = "account;contract;quantity;strike"


def read(folder: Path, content: str | bytes, decimal: str | None = None) -> PositionBook:
    path = folder / "book.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_positions(path, decimal=decimal)  # type: ignore[arg-type]  # another word is tried too


def numbers(folder: Path, rows: list[str], decimal: str | None = None) -> list[tuple[float, float]]:
    frame = read(folder, "\n".join([HEADER, *rows]) + "\n", decimal).parts[0].frame
    return frame.select("quantity", "strike").rows()


def refusal(folder: Path, content: str | bytes, decimal: str | None = None) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(folder, content, decimal)
    return caught.value


class TestNumbers:
    def test_a_spreadsheet_with_decimal_commas_is_read(self, tmp_path: Path) -> None:
        rows = ["A;X;-1.234;24000,50", "A;Y;75;1.234,5", "A;Z;1.234.567;,5"]

        assert [(-1234.0, 24000.5), (75.0, 1234.5), (1234567.0, 0.5)] == numbers(tmp_path, rows)

    def test_a_spreadsheet_with_thousands_commas_is_read(self, tmp_path: Path) -> None:
        content = (
            'account,contract,quantity,strike\nA,X,"-1,234",24000.5\nA,Y," 12,345,678 ","24,000.25"\nA,Z,75,1.125\n'
        )
        frame = read(tmp_path, content).parts[0].frame

        assert [(-1234.0, 24000.5), (12345678.0, 24000.25), (75.0, 1.125)] == frame.select("quantity", "strike").rows()

    def test_a_number_that_can_be_read_in_one_way_settles_the_others(self, tmp_path: Path) -> None:
        assert [(1234.0, 0.5)] == numbers(tmp_path, ["A;X;1.234;0,5"])
        assert [(1.234, 0.5)] == numbers(tmp_path, ["A;X;1.234;0.5"])
        assert [(1234.0, 0.5)] == numbers(tmp_path, ["A;X;1,234;0.5"])
        assert [(1.234, 0.5)] == numbers(tmp_path, ["A;X;1,234;0,5"])

    @pytest.mark.parametrize(
        "row", ["A;X;1.234;5", "A;X;5;1.234", "A;X;1,234;5", "A;X;1;-12.500", "A;X;1.234;2,500", "A;X; 1.234 ;5"]
    )
    def test_a_number_that_nothing_settles_is_refused(self, tmp_path: Path, row: str) -> None:
        refused = refusal(tmp_path, f"{HEADER}\nA;Y;1;2\n{row}\n")

        assert {(Reason.INVALID_VALUE, 3)} == {(problem.reason, problem.line) for problem in refused.problems}
        assert all("--decimal point or --decimal comma" in problem.message for problem in refused.problems)
        assert "nan" not in json.dumps([problem.to_dict() for problem in refused.problems])

    @pytest.mark.parametrize(("decimal", "expected"), [("point", 1.234), ("comma", 1234.0)])
    def test_the_user_settles_it(self, tmp_path: Path, decimal: str, expected: float) -> None:
        assert [(expected, 5.0)] == numbers(tmp_path, ["A;X;1.234;5"], decimal)
        content = "account,contract,quantity\nA,X,1.234\n"
        assert [expected] == read(tmp_path, content, decimal).parts[0].frame["quantity"].to_list()

    def test_what_contradicts_the_user_is_refused(self, tmp_path: Path) -> None:
        for decimal, row in (("comma", "A;X;1;24000.5"), ("point", "A;X;1;24000,5"), ("point", "A;X;1.234,5;1")):
            refused = refusal(tmp_path, f"{HEADER}\n{row}\n", decimal)

            assert [2] == [problem.line for problem in refused.problems]
            assert f"decimal {decimal}, as --decimal says" in refused.problems[0].message

    def test_another_word_is_an_error_of_the_caller(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="expected one of point, comma"):
            numbers(tmp_path, ["A;X;1;2"], "dot")

    def test_numbers_that_contradict_each_other_are_refused(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path, f"{HEADER}\nA;X;1;24000,5\nA;Y;1;24000.5\nA;Z;1.234;1\n")

        assert [2, 4] == [problem.line for problem in refused.problems]

    def test_a_comma_separated_table_has_decimal_points_unless_it_shows_otherwise(self, tmp_path: Path) -> None:
        frame = read(tmp_path, "account,contract,quantity,strike\nA,X,1.234,5.125\n").parts[0].frame
        assert [(1.234, 5.125)] == frame.select("quantity", "strike").rows()

        quoted = 'account,contract,quantity,strike\nA,X,"1,234",5.125\n'
        assert "this is 1234 or 1.234" in refusal(tmp_path, quoted).problems[0].message

    @pytest.mark.parametrize(
        "text", ["1,23,456", "12.34.567", "1,234,56", "1..234", "1,234.", "1.234,567.8", "0,123,456"]
    )
    def test_separators_that_do_not_group_by_three_are_refused(self, tmp_path: Path, text: str) -> None:
        assert [3] == [p.line for p in refusal(tmp_path, f"{HEADER}\nA;Y;1;2\nA;X;{text};1\n").problems]

    def test_a_quantity_keeps_its_limit_of_decimals_in_either_notation(self, tmp_path: Path) -> None:
        assert "round it" in refusal(tmp_path, f"{HEADER}\nA;X;0,1234567891;1\n").problems[0].message

    def test_prices_count_as_numbers_of_the_file_and_codes_do_not(self, tmp_path: Path) -> None:
        content = "account;contract;quantity;price\n1.5;2,5;1.234;0,5\n"
        frame = read(tmp_path, content).parts[0].frame

        assert [("1.5", "2,5", 1234.0, 0.5)] == frame.rows()


@given(
    values=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=6),
    decimals=st.integers(0, 4),
    decimal=st.sampled_from(["point", "comma"]),
    grouped=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_a_number_is_read_as_it_was_written_or_not_at_all(
    values: list[int], decimals: int, decimal: str, grouped: bool
) -> None:
    exact = [value / 10**decimals for value in values]
    texts = [f"{value:{',' if grouped else ''}.{decimals}f}" for value in exact]
    if decimal == "comma":
        texts = [text.translate({ord(","): ".", ord("."): ","}) for text in texts]
    series, column = pl.Series(texts, dtype=pl.String), Column(0, "quantity", "quantity", known=True)

    rows = RowFaults(len(texts))
    read = to_plain_numbers(series, column, rows, find_notation([series], ";", None)).cast(pl.Float64)
    stated = to_plain_numbers(series, column, RowFaults(len(texts)), find_notation([series], ";", decimal))  # type: ignore[arg-type]

    assert all(found in (None, wanted) for found, wanted in zip(read, exact, strict=True))
    assert (rows.bad("quantity") is None) == (read.null_count() == 0)
    assert exact == stated.cast(pl.Float64).to_list()


class TestEncodings:
    CONTENT = "account,contract,quantity,desk\nÄ1,X,1,Zürich\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_what_a_spreadsheet_marks_is_decoded(self, tmp_path: Path, encoding: str) -> None:
        part = read(tmp_path, self.CONTENT.encode(encoding)).parts[0]

        assert [("Ä1", "X", 1.0, "Zürich")] == part.frame.rows()
        assert 2 == part.line_of(0)

    def test_unicode_text_with_tabs_is_read(self, tmp_path: Path) -> None:
        content = b"\xfe\xff" + self.CONTENT.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-be")

        assert ["Zürich"] == read(tmp_path, content).parts[0].frame["desk"].to_list()

    def test_lines_in_utf16_are_read_too(self, tmp_path: Path) -> None:
        content = '{"account": "Ä1", "contract": "X", "quantity": 1}\n'.encode("utf-16")

        assert ["Ä1"] == read(tmp_path, content).parts[0].frame["account"].to_list()

    @pytest.mark.parametrize(
        ("content", "found", "command"),
        [
            (CONTENT.encode("utf-16-le"), "UTF-16LE without a byte order mark", "iconv -f UTF-16LE -t UTF-8"),
            (CONTENT.encode("utf-16-be"), "UTF-16BE without a byte order mark", "iconv -f UTF-16BE -t UTF-8"),
            ("account,contract,quantity\nA,X,1\n".encode("cp037"), "EBCDIC", "iconv -f IBM037 -t UTF-8"),
            (CONTENT.encode("cp1252"), "it would read 'Ä1'", "iconv -f WINDOWS-1252 -t UTF-8"),
            (CONTENT.replace("Ä", "A").encode("latin-1"), "it would read 'Zürich'", "iconv -f WINDOWS-1252 -t UTF-8"),
        ],
    )
    def test_other_encodings_are_named_with_the_way_out(
        self, tmp_path: Path, content: bytes, found: str, command: str
    ) -> None:
        refused = refusal(tmp_path, content)

        assert 1 == refused.total
        assert refused.problems[0].line is not None
        assert found in refused.problems[0].message
        assert f"{command} {tmp_path / 'book.csv'}" in refused.problems[0].message

    @pytest.mark.parametrize(("cut", "line"), [(1, 2), (2, 2)])
    def test_broken_utf16_is_refused_with_its_place(self, tmp_path: Path, cut: int, line: int) -> None:
        content = "account,contract,quantity\nA,\U0001f600,1".encode("utf-16")
        broken = content[:-5] if cut == 1 else content[:-6]
        refused = refusal(tmp_path, broken)

        assert [line] == [problem.line for problem in refused.problems]
        assert "not UTF-16" in refused.problems[0].message

    def test_damage_is_not_taken_for_another_encoding(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path, b"account,contract,quantity\nA,\x01\xff\x02,1\n")

        assert "damaged or not text" in refused.problems[0].message
