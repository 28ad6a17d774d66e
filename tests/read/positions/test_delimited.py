from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from margin.model.position import POSITION_SCHEMA, PositionBook, PositionPart
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.positions import read_positions


def write(folder: Path, content: str | bytes, name: str = "book.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, content: str | bytes) -> PositionPart:
    book = read_positions([write(folder, content)])
    assert len(book.parts) == 1
    return book.parts[0]


def refusal(folder: Path, content: str | bytes) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read_positions([write(folder, content)])
    assert all(problem.file == str(folder / "book.csv") for problem in caught.value.problems)
    return caught.value


def faults(folder: Path, content: str | bytes) -> list[tuple[Reason, int | None]]:
    return [(problem.reason, problem.line) for problem in refusal(folder, content).problems]


def only_message(folder: Path, content: str | bytes) -> str:
    refused = refusal(folder, content)
    assert refused.total == 1, str(refused)
    return refused.problems[0].message


class TestColumns:
    def test_canonical_names_are_read_in_the_order_of_the_schema_with_its_types(self, tmp_path: Path) -> None:
        part = read(
            tmp_path,
            "note,quantity,strike,right,expiry,type,product,exchange,account,is_customer\n"
            "keep,-75,24000,C,20260630,OOP,NIFTY,NSE,ACC1,1\n",
        )

        expected = [
            *("account", "is_customer", "exchange", "product", "type", "expiry", "right", "strike", "quantity"),
            "note",
        ]
        assert expected == part.frame.columns
        assert all(part.frame.schema[name] == POSITION_SCHEMA[name] for name in expected[:-1])
        assert part.frame.rows() == [("ACC1", True, "NSE", "NIFTY", "OOP", "20260630", "C", 24000.0, -75.0, "keep")]

    def test_names_of_span_tools_are_understood(self, tmp_path: Path) -> None:
        part = read(
            tmp_path,
            "firm,acctId,acctType,isCust,seg,ec,cc,exch,pfCode,pfType,pe,undPe,o,k,net\n"
            "F,A,S,0,CUST,CME,SP,CME,ES,OOF,201604,201606,P,1730,-1\n",
        )

        assert part.frame.row(0, named=True) == {
            "firm": "F",
            "account": "A",
            "account_type": "S",
            "is_customer": False,
            "segregation": "CUST",
            "clearing_org": "CME",
            "commodity": "SP",
            "exchange": "CME",
            "product": "ES",
            "type": "OOF",
            "expiry": "201604",
            "underlying_expiry": "201606",
            "right": "P",
            "strike": 1730.0,
            "quantity": -1.0,
        }

    def test_names_match_whatever_their_case_and_blanks(self, tmp_path: Path) -> None:
        part = read(tmp_path, " Account , SYMBOL,Qty\nA,X,1\n")

        assert part.frame.columns == ["account", "contract", "quantity"]

    def test_is_settlement_flag_says_nothing_and_is_not_carried(self, tmp_path: Path) -> None:
        assert read(tmp_path, "isSetl,account,contract,quantity\n1,A,X,1\n").frame.columns == [
            "account",
            "contract",
            "quantity",
        ]

    def test_extra_columns_are_carried_as_text_after_the_known_ones(self, tmp_path: Path) -> None:
        part = read(tmp_path, "desk,account,contract,quantity,004\n 7,A,X,1,05\n")

        assert part.frame.columns == ["account", "contract", "quantity", "desk", "004"]
        assert part.frame.select("desk", "004").rows() == [(" 7", "05")]

    def test_a_nameless_column_is_carried_if_it_has_values(self, tmp_path: Path) -> None:
        assert "column_1" in read(tmp_path, ",account,contract,quantity\n0,A,X,1\n").frame.columns
        assert read(tmp_path, "account,contract,quantity,\nA,X,1,\n").frame.columns == [
            "account",
            "contract",
            "quantity",
        ]

    def test_two_columns_of_one_meaning_are_refused(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path, "account,contract,qty,net\nA,X,1,1\n")

        assert [(p.reason, p.line) for p in refused.problems] == [(Reason.DUPLICATE_KEY, 1)]
        assert "'qty' and 'net' both mean 'quantity'" in refused.problems[0].message

    def test_a_column_name_that_occurs_twice_is_refused(self, tmp_path: Path) -> None:
        assert "'note' occurs twice" in only_message(tmp_path, "account,contract,quantity,note,note\nA,X,1,a,b\n")

    def test_a_missing_column_is_refused_with_the_likely_one_and_those_found(self, tmp_path: Path) -> None:
        message = only_message(tmp_path, "account,contract,quantty\nA,X,1\n")

        assert "there is no column quantity" in message
        assert "'account', 'contract', 'quantty'" in message
        assert "did you mean 'quantity' where it says 'quantty'?" in message

    @pytest.mark.parametrize(
        ("header", "missing"),
        [
            ("contract,quantity", "account"),
            ("account,quantity", "contract"),
            ("account,product,expiry,quantity", "type"),
            ("account,contract,long", "short"),
            ("account,contract,short", "long"),
        ],
    )
    def test_each_required_column_is_asked_for(self, tmp_path: Path, header: str, missing: str) -> None:
        refused = refusal(tmp_path, header + "\n" + ",".join("1" for _ in header.split(",")) + "\n")

        assert missing == refused.problems[0].attributes["field"]

    def test_values_are_checked_even_where_a_column_is_missing(self, tmp_path: Path) -> None:
        expected = [(Reason.MISSING_FIELD, 1), (Reason.INVALID_VALUE, 2)]

        assert expected == faults(tmp_path, "account,contract,expiry\nA,X,202613\n")

    def test_an_extra_column_that_looks_misspelt_is_a_warning(self, tmp_path: Path) -> None:
        book = read_positions([write(tmp_path, "account,contract,quantity,acount_type\nA,X,1,S\n")])

        assert [(p.reason, p.severity, p.attributes["hint"]) for p in book.problems] == [
            (Reason.UNKNOWN_NAME, Severity.WARNING, "account_type")
        ]


class TestQuantities:
    @pytest.mark.parametrize(
        ("text", "quantity"),
        [
            ("5", 5.0),
            ("-75", -75.0),
            ("+5", 5.0),
            (" 5 ", 5.0),
            ('"5"', 5.0),
            ("5.0", 5.0),
            ("0.123456789", 0.123456789),
            ("1.5000000000000", 1.5),
            ("1e3", 1000.0),
            ("1E-9", 1e-9),
            ("-0", 0.0),
            ("12345678901.5", 12345678901.5),
            ("9007199254740991", 9007199254740991.0),
        ],
    )
    def test_finite_numbers_of_up_to_nine_decimals_are_read(self, tmp_path: Path, text: str, quantity: float) -> None:
        value = read(tmp_path, f"account,contract,quantity\nA,X,{text}\n").frame["quantity"][0]

        assert str(quantity) == str(value)

    @pytest.mark.parametrize(
        ("text", "advice"),
        [
            ("abc", "write digits"),
            ("nan", "undefined"),
            ("inf", "undefined"),
            ("-Infinity", "undefined"),
            ("1e400", "beyond"),
            ("1'000", "thousands separators"),
            ('"1,00,000.5"', "write digits"),
            ("5 lots", "write digits"),
            ("1_000", "write digits"),
            ("0x10", "write digits"),
            ("٣", "write digits"),
            ("0.1234567891", "round it"),
            ("1.00000000000000000001", "round it"),
            ("1e-10", "round it"),
            ("9007199254740993", "not exact"),
            ("99999999999999999999", "not exact"),
        ],
    )
    @pytest.mark.parametrize("neighbour", ["1", "1.5"])
    def test_anything_else_is_refused_with_its_line_and_advice(
        self, tmp_path: Path, text: str, advice: str, neighbour: str
    ) -> None:
        content = f"account,contract,quantity\nA,X,{neighbour}\nA,X,{text}\nA,X,{neighbour}\n"
        problem = refusal(tmp_path, content).problems[0]

        assert (problem.reason, problem.line) == (Reason.INVALID_VALUE, 3)
        assert f"quantity is {text.strip(chr(34))!r}, expected" in problem.message
        assert advice in problem.message
        assert {"field", "found", "expected", "hint"} == set(problem.attributes)

    def test_a_blank_quantity_is_refused(self, tmp_path: Path) -> None:
        content = "account,contract,quantity\nA,X,\nA,X,  \nA,X,1\n"

        assert faults(tmp_path, content) == [(Reason.MISSING_FIELD, 2), (Reason.MISSING_FIELD, 3)]

    @pytest.mark.parametrize(
        ("side", "sign"), [("BUY", 1), ("sell", -1), ("Long", 1), ("SHORT", -1), ("B", 1), ("s", -1)]
    )
    def test_a_side_gives_the_quantity_its_sign(self, tmp_path: Path, side: str, sign: int) -> None:
        part = read(tmp_path, f"account,contract,quantity,side\nA,X,2.5,{side}\nA,X,0,SELL\n")

        assert part.frame.columns == ["account", "contract", "quantity"]
        assert [sign * 2.5, 0.0] == part.frame["quantity"].to_list()

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("A,X,-1,BUY", Reason.INVALID_VALUE),
            ("A,X,1,HOLD", Reason.INVALID_VALUE),
            ("A,X,1,", Reason.MISSING_FIELD),
            ("A,X,,BUY", Reason.MISSING_FIELD),
        ],
    )
    def test_a_side_goes_with_an_unsigned_quantity(self, tmp_path: Path, row: str, reason: Reason) -> None:
        content = f"account,contract,quantity,side\n{row}\nA,X,1,BUY\n"

        assert [(reason, 2)] == faults(tmp_path, content)

    def test_long_and_short_are_counts(self, tmp_path: Path) -> None:
        part = read(tmp_path, "account,contract,long,short\nA,X,5,2\n")

        assert part.frame.rows() == [("A", "X", 5.0, 2.0)]

    def test_rows_may_differ_in_how_they_state_their_quantity(self, tmp_path: Path) -> None:
        part = read(tmp_path, "account,contract,quantity,long,short\nA,X,,5,2\nA,X,-3,,\n")

        assert part.frame.select("quantity", "long", "short").rows() == [(None, 5.0, 2.0), (-3.0, None, None)]

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("A,X,,-5,2", Reason.INVALID_VALUE),
            ("A,X,,5,-2", Reason.INVALID_VALUE),
            ("A,X,1,5,2", Reason.INVALID_VALUE),
            ("A,X,1,5,", Reason.INVALID_VALUE),
            ("A,X,,5,", Reason.MISSING_FIELD),
            ("A,X,,,2", Reason.MISSING_FIELD),
            ("A,X,,,", Reason.MISSING_FIELD),
        ],
    )
    def test_a_row_states_its_quantity_in_one_whole_way(self, tmp_path: Path, row: str, reason: Reason) -> None:
        content = f"account,contract,quantity,long,short\nA,X,1,,\n{row}\n"

        assert [(reason, 3)] == faults(tmp_path, content)


class TestCodes:
    @pytest.mark.parametrize(
        ("text", "period"),
        [
            ("2026-06-30", "20260630"),
            ("20260630", "20260630"),
            ("20260600", "202606"),
            ("202606", "202606"),
            ("2026-06", "202606"),
            ("202606W1", "202606W1"),
            ("00000000", ""),
            ("000000", ""),
            (" 202606 ", "202606"),
        ],
    )
    def test_expiries_are_normalised_text(self, tmp_path: Path, text: str, period: str) -> None:
        part = read(tmp_path, f"account,product,type,expiry,quantity\nA,P,FUT,{text},1\n")

        assert period == part.frame["expiry"][0]

    @pytest.mark.parametrize(
        ("text", "advice"),
        [
            ("202606.0", "write 202606 "),
            ("20260630.0", "write 20260630 "),
            ("30/06/2026", "2026-06-30"),
            ("30.06.2026", "2026-06-30"),
            ("202613", "202606W1"),
            ("20260632", "202606W1"),
            ("2606", "202606W1"),
            ("Jun-26", "202606W1"),
            ("2026-0630", "202606W1"),
            ("2026063", "202606W1"),
            ("46203", "202606W1"),
        ],
    )
    @pytest.mark.parametrize("column", ["expiry", "underlying_expiry"])
    def test_what_is_no_expiry_is_refused_with_advice(
        self, tmp_path: Path, text: str, advice: str, column: str
    ) -> None:
        message = only_message(tmp_path, f"account,contract,{column},quantity\nA,X,{text},1\n")

        assert f"{column} is {text!r}" in message
        assert advice in message

    @pytest.mark.parametrize(
        ("text", "right"),
        [("C", "C"), ("p", "P"), ("CALL", "C"), ("Put", "P"), ("CE", "C"), ("PE", "P"), ("", None)],
    )
    def test_rights_have_several_spellings(self, tmp_path: Path, text: str, right: str | None) -> None:
        assert right == read(tmp_path, f"account,contract,right,quantity\nA,X,{text},1\n").frame["right"][0]

    @pytest.mark.parametrize(
        ("column", "text"),
        [
            ("right", "X"),
            ("is_customer", "2"),
            ("is_customer", "yes"),
            ("strike", "nan"),
            ("strike", "abc"),
            ("strike", "inf"),
            ("price", "1.5.2"),
            ("business_date", "25/06/2026"),
            ("business_date", "20260231"),
            ("date", "202606"),
        ],
    )
    def test_unusable_values_are_refused_under_the_name_in_the_file(
        self, tmp_path: Path, column: str, text: str
    ) -> None:
        problem = refusal(tmp_path, f"account,contract,{column},quantity\nA,X,{text},1\nA,X,,1\n").problems[0]

        assert (problem.reason, problem.line) == (Reason.INVALID_VALUE, 2)
        assert f"{column} is {text!r}, expected" in problem.message

    def test_codes_are_stripped_types_are_upper_case_dates_iso_and_blanks_null(self, tmp_path: Path) -> None:
        part = read(
            tmp_path,
            "account,account_type,product,type,expiry,is_customer,date,strike,quantity\n"
            ' A 1 ,  ,P,fut,202606,true,20260625,,1\n"A2\t","",P,Fut,202606,0,2026-06-25,"",1\n',
        )

        assert part.frame.rows() == [
            ("A 1", None, True, "P", "FUT", "202606", None, 1.0, "2026-06-25"),
            ("A2", None, False, "P", "FUT", "202606", None, 1.0, "2026-06-25"),
        ]

    def test_numbers_in_codes_keep_their_zeros(self, tmp_path: Path) -> None:
        assert read(tmp_path, "account,contract,quantity\n007,0042,1\n").frame.select("account", "contract").rows() == [
            ("007", "0042")
        ]

    def test_a_row_without_an_account_is_refused(self, tmp_path: Path) -> None:
        assert faults(tmp_path, "account,contract,quantity\nA,X,1\n ,X,1\n") == [(Reason.MISSING_FIELD, 3)]

    @pytest.mark.parametrize(
        ("row", "fields"),
        [
            ("X,,,,,", []),
            (",P,FUT,202606,,", []),
            (",P,PHY,,,", []),
            (",P,FUT,00000000,,", []),
            (",P,OOP,202606,C,100", []),
            (",,,,,", ["product", "type"]),
            (",P,,202606,,", ["type"]),
            (",,FUT,202606,,", ["product"]),
            (",P,FUT,,,", ["expiry"]),
            (",P,OOP,202606,,100", ["right"]),
            (",P,OOF,202606,C,", ["strike"]),
            (",P,OOP,,,", ["expiry", "right", "strike"]),
        ],
    )
    def test_a_row_names_a_contract_or_the_codes_it_needs(self, tmp_path: Path, row: str, fields: list[str]) -> None:
        content = f"account,contract,product,type,expiry,right,strike,quantity\nA,X,,,,,,1\nA,{row},1\n"
        if not fields:
            assert read(tmp_path, content).frame.height == 2
            return

        problems = refusal(tmp_path, content).problems
        assert [(Reason.MISSING_FIELD, 3, field) for field in fields] == [
            (p.reason, p.line, p.attributes["field"]) for p in problems
        ]


class TestStructure:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_the_delimiter_is_told_by_the_header(self, tmp_path: Path, delimiter: str) -> None:
        content = "account|contract|quantity\nA|X|1\n".replace("|", delimiter)

        assert read(tmp_path, content).frame.rows() == [("A", "X", 1.0)]

    def test_byte_order_mark_windows_line_ends_and_a_missing_last_one_are_fine(self, tmp_path: Path) -> None:
        content = b"\xef\xbb\xbfaccount,contract,quantity\r\nA,X,1\r\nB,Y,-2"

        assert read(tmp_path, content).frame.rows() == [("A", "X", 1.0), ("B", "Y", -2.0)]

    def test_quoted_fields_may_hold_delimiters_quotes_and_line_breaks(self, tmp_path: Path) -> None:
        part = read(
            tmp_path,
            'account,contract,quantity,note\n"A,1",X,1,"say ""so"""\nB,X,2,"two\nlines"\nC,X,3,plain\n',
        )

        assert part.frame["account"].to_list() == ["A,1", "B", "C"]
        assert part.frame["note"].to_list() == ['say "so"', "two\nlines", "plain"]
        assert [part.line_of(row) for row in range(3)] == [2, 3, 5]

    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_blank_lines_are_skipped_and_lines_keep_their_numbers(self, tmp_path: Path, newline: str) -> None:
        lines = ["account,contract,quantity,note", "A,X,1,", "", "", "B,X,2,n", "", ""]
        part = read(tmp_path, newline.join(lines))

        assert part.frame["account"].to_list() == ["A", "B"]
        assert [part.line_of(row) for row in range(2)] == [2, 5]
        assert faults(tmp_path, newline.join(lines).replace("X,2", "X,x")) == [(Reason.INVALID_VALUE, 5)]

    def test_rows_of_plain_files_stand_one_after_the_other(self, tmp_path: Path) -> None:
        part = read(tmp_path, "account,contract,quantity\nA,X,1\nB,X,2\n")

        assert (part.lines, part.first_line, part.line_of(1)) == (None, 2, 3)

    @pytest.mark.parametrize(
        ("row", "found"),
        [("B,X", 2), ("B", 1), ("B,X,1,000,n", 5), ("B,X,1,n,", 5), ("B,X,1", 3), (",,", 3)],
    )
    def test_rows_of_another_length_than_the_header_are_refused(self, tmp_path: Path, row: str, found: int) -> None:
        problem = refusal(tmp_path, f"account,contract,quantity,note\nA,X,1,\n{row}\nC,X,1,\n").problems[0]

        assert (problem.reason, problem.line) == (Reason.WRONG_LENGTH, 3)
        assert (found, 4) == (problem.attributes["found"], problem.attributes["expected"])

    def test_short_rows_are_not_hidden_by_delimiters_in_quotes(self, tmp_path: Path) -> None:
        content = 'account,contract,quantity,note\n"A,A",X,1,\nB,X,1\nC,X,1,\n'

        assert faults(tmp_path, content) == [(Reason.WRONG_LENGTH, 3)]

    def test_an_unclosed_quote_is_refused_where_it_opens(self, tmp_path: Path) -> None:
        problems = refusal(tmp_path, 'account,contract,quantity\nA,X,1\nB,"X,1\nC,X,1\n').problems

        assert [(p.reason, p.line) for p in problems] == [(Reason.SYNTAX, 3)]
        assert "never closed" in problems[0].message

    def test_text_after_a_closing_quote_is_refused(self, tmp_path: Path) -> None:
        content = 'account,contract,quantity\n"A"B,X,1\nC,X,1\n'

        assert faults(tmp_path, content) == [(Reason.SYNTAX, 2)]

    def test_bytes_that_are_not_utf8_are_refused_with_their_place(self, tmp_path: Path) -> None:
        problem = refusal(tmp_path, b"account,contract,quantity\nA,X,1\nM\xfcller,X,1\n").problems[0]

        assert (problem.reason, problem.line, problem.attributes["offset"]) == (Reason.SYNTAX, 3, 33)
        assert "save the file as UTF-8" in problem.message

    def test_an_encoding_fault_in_the_header_is_refused_with_its_place(self, tmp_path: Path) -> None:
        problem = refusal(tmp_path, b"account,contract,quantity,W\xe4hrung\nA,X,1,E\n").problems[0]

        assert (problem.line, problem.attributes["offset"]) == (1, 27)

    def test_nul_bytes_are_refused_with_their_place(self, tmp_path: Path) -> None:
        problem = refusal(tmp_path, b"account,contract,quantity\nA,X,1\nB\x00,X,1\n").problems[0]

        assert (problem.reason, problem.line) == (Reason.SYNTAX, 3)
        assert "NUL" in problem.message

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"\naccount,contract,quantity\nA,X,1\n", "first line is blank"),
            (b'account,contract,"quantity\nA,X,1\n', "not closed"),
            (b"account,contract,quantity\rA,X,1\r", "carriage return"),
            (b"a" * 300_000, "no line end"),
        ],
    )
    def test_what_is_no_header_is_refused(self, tmp_path: Path, content: bytes, words: str) -> None:
        assert words in only_message(tmp_path, content)

    def test_a_header_without_rows_is_a_book_without_positions_and_a_warning(self, tmp_path: Path) -> None:
        for ending in ("", "\n", "\r\n", "\n\n"):
            book = read_positions([write(tmp_path, "account,contract,quantity,strike" + ending)])

            assert book.parts[0].frame.height == 0
            assert pl.Float64 == book.parts[0].frame.schema["strike"]
            assert [problem.severity for problem in book.problems] == [Severity.WARNING]

    def test_an_empty_file_is_refused(self, tmp_path: Path) -> None:
        assert faults(tmp_path, b"") == [(Reason.UNREADABLE, None)]

    def test_all_faults_are_reported_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        content = "account,contract,quantity,expiry\n,X,1,\nA,X,x,202613\nA,X\n,,nan,\n"

        expected = [
            (Reason.MISSING_FIELD, 2),
            (Reason.INVALID_VALUE, 3),
            (Reason.INVALID_VALUE, 3),
            (Reason.WRONG_LENGTH, 4),
            (Reason.INVALID_VALUE, 5),
            (Reason.MISSING_FIELD, 5),
            (Reason.MISSING_FIELD, 5),
        ]
        assert expected == faults(tmp_path, content)

    def test_beyond_a_thousand_faults_are_counted(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path, "account,contract,quantity,strike\n" + ",X,1,x\n" * 3000)

        assert (len(refused.problems), refused.total) == (1000, 6000)
        assert [problem.line for problem in refused.problems[:4]] == [2, 2, 3, 3]

    def test_a_late_value_of_another_kind_is_read_as_it_stands(self, tmp_path: Path) -> None:
        content = "account,contract,quantity\n" + "A,X,1\n" * 5000 + "A,X,0.5\n"

        assert read(tmp_path, content).frame["quantity"].sum() == 5000.5

    def test_the_source_is_described(self, tmp_path: Path) -> None:
        content = "account,contract,quantity\nA,X,1\n"
        source = read(tmp_path, content).source

        assert (str(tmp_path / "book.csv"), "csv", 1) == (source.path, source.format, source.rows)
        assert hashlib.sha256(content.encode()).hexdigest() == source.sha256

    def test_reading_twice_gives_the_same(self, tmp_path: Path) -> None:
        path = write(tmp_path, "account,contract,quantity\n" + "".join(f"A{i},X{i % 7},{i}\n" for i in range(999)))
        first: PositionBook = read_positions([path])

        assert first.parts[0].frame.equals(read_positions([path]).parts[0].frame)
        assert list(range(999)) == first.parts[0].frame["quantity"].to_list()
