"""Faults of expanded unpacked files: each with its line, its columns, what was found and what was expected."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.problem import LISTED_PROBLEMS, InputRefused, Problem, Reason
from margin.read.parameters import pa2, par
from margin.read.parameters._pa2.columns import ColumnFaults, Columns
from margin.read.parameters._pa2.layout import Field
from margin.read.source import Source
from tests.read.parameters.pa2_lines import HEADER, commodity, content, line, pair, product, read, series, small_market

ES = [product("ES", "FUT"), product("ES", "OOF"), commodity("ES", [("ES", "FUT"), ("ES", "OOF")])]
NEXT = 6
"""Line number of what follows `ES`."""


def refused(*lines: str | list[str], header: str = HEADER) -> tuple[Problem, ...]:
    with pytest.raises(InputRefused) as caught:
        read(*lines, header=header)
    assert caught.value.total == len(caught.value.problems)
    return caught.value.problems


def only(*lines: str | list[str], header: str = HEADER) -> Problem:
    (problem,) = refused(*lines, header=header)
    return problem


def broken(text: str, column: int, part: str) -> str:
    """A line with other bytes from a column on."""
    return text[: column - 1] + part + text[column - 1 + len(part) :]


@pytest.mark.parametrize(
    ("record", "columns", "place", "found", "expected"),
    [
        ("S", {3: "ES", 9: "10", 11: "01", 13: "0120260120261X"}, (21, "end_1"), "20261X", "a month such as 202606"),
        ("S", {3: "ES", 9: "10", 11: "01", 13: "01202613"}, (15, "start_1"), "202613", "a month such as 202606"),
        ("S", {3: "ES", 9: "01", 83: "4"}, (83, "price_risk_method"), "4", "one of 1 (NORMAL)"),
        ("3", {3: "ES", 9: "10", 69: "1O00"}, (69, "initial_ratio_member"), "1O00", "4 digits or blanks"),
        ("3", {3: "ES", 9: "10", 11: " 1202509202509"}, (11, "tier_1"), " 1", "2 digits or blanks"),
        ("4", {3: "ES", 9: "10", 21: "00000X0"}, (21, "spread_rate_1"), "00000X0", "7 digits or blanks"),
        ("C", {3: "ES", 9: "10", 11: "0102", 15: "0000100", 22: "010101X020201B"}, (28, "side_1"), "X", "A"),
        ("E", {3: "ES", 9: "000010000100", 21: "2513   010000A2609   010000B"}, (21, "month_1"), "2513", "2509"),
        ("P", {3: "CME", 6: "NQ", 16: "FUT", 34: "-20", 66: "USD"}, (34, "price_locator"), "-20", "from -12 to 12"),
        ("P", {3: "CME", 6: "NQ", 16: "FUT", 34: "0-2", 66: "USD"}, (34, "price_locator"), "0-2", "minus sign"),
        ("T", {3: "EURE", 7: "USD$", 11: "0000000000"}, (11, "multiplier"), "0000000000", "a number above zero"),
        ("6", {6: "0001080000%", 17: "CMENES    0010000ACMENES    0010000B"}, (10, "credit"), "080000%", "7"),
        ("V", {3: "CME", 32: "00000.0000000"}, (32, "long_rate"), "00000.0000000", "13 digits or blanks"),
        ("Z", {3: "CME", 6: "X", 36: "001A0-1ES        FUT202509"}, (40, "ratio"), "0-1", "3 digits or blanks"),
        ("B", {3: "CME", 6: "ES", 16: "FUT", 53: "0120"}, (53, "price_scan"), "0120", "5 digits or blanks"),
    ],
)  # fmt: skip
def test_a_field_that_does_not_hold_what_it_must(
    record: str, columns: dict[int, str], place: tuple[int, str], found: str, expected: str
) -> None:
    problem = refused(ES, line(record, columns))[0]

    assert (Reason.INVALID_VALUE, "test.pa2", NEXT, place[0]) == (
        problem.reason,
        problem.file,
        problem.line,
        problem.column,
    )
    assert (record, place[1], found) == tuple(problem.attributes[name] for name in ("record", "field", "found"))
    assert expected in problem.attributes["expected"]
    assert f"record {record}, column" in problem.message
    assert repr(found) in problem.message
    assert "get the file again" in problem.message


@pytest.mark.parametrize(
    ("record", "columns", "field"),
    [
        ("S", {9: "01"}, "commodity"),
        ("C", {3: "ES", 9: "10", 11: "01", 13: "02", 22: "010101A020201B"}, "charge"),
        ("C", {3: "ES", 9: "10", 11: "01", 13: "02", 15: "0000100", 22: "010101 020201B"}, "side_1"),
        ("4", {3: "ES", 9: "10", 15: "202509", 21: "0000100"}, "outright_rate_1"),
        ("4", {3: "ES", 9: "10", 21: "00001000000100"}, "month_1"),
        ("6", {3: "ALL", 6: "0001", 17: "CMENES    0010000ACMENES    0010000B"}, "credit"),
        ("P", {3: "CME", 6: "NQ", 16: "FUT"}, "currency"),
        ("2", {3: "CME", 7: "NQ", 14: "USD"}, "risk_exponent"),
        ("2", {3: "CME", 7: "NQ", 13: "0"}, "currency"),
        ("5", {13: "ES"}, "group"),
        ("T", {3: "EURE", 11: "0001000000"}, "to_currency"),
    ],
)
def test_a_field_that_is_blank_and_must_not_be(record: str, columns: dict[int, str], field: str) -> None:
    problem = refused(ES, line(record, columns))[0]

    assert (Reason.MISSING_FIELD, NEXT, field) == (problem.reason, problem.line, problem.attributes["field"])


@pytest.mark.parametrize(
    ("column", "part", "field"), [(55, "0000X", "loss_1"), (109, "0000000000000X", "settlement_price_long")]
)
def test_digits_of_contracts_are_checked(column: int, part: str, field: str) -> None:
    first, second = pair("ES", "FUT", "202509")
    problem = only(ES, broken(first, column, part), second)

    assert (Reason.INVALID_VALUE, NEXT, column, field, part) == (
        problem.reason,
        problem.line,
        problem.column,
        problem.attributes["field"],
        problem.attributes["found"],
    )


def test_an_array_that_is_given_in_part_is_a_fault() -> None:
    first, second = pair("ES", "FUT", "202509")
    problem = only(ES, broken(first, 67, "     "), second)

    assert (Reason.MISSING_FIELD, NEXT, 67, "loss_3") == (
        problem.reason,
        problem.line,
        problem.column,
        problem.attributes["field"],
    )


def test_an_array_that_the_line_cuts_is_a_fault() -> None:
    first, second = pair("ES", "FUT", "202509")

    assert [("loss_9", "006", NEXT)] == [
        (item.attributes["field"], item.attributes["found"], item.line)
        for item in refused(ES, first[:102] + "006", second)
    ]


def test_faults_of_contracts_come_in_the_order_of_the_file_and_all_at_once() -> None:
    one, two = pair("ES", "FUT", "202509"), pair("ES", "FUT", "202512")
    problems = refused(
        ES,
        broken(one[0], 61, "XXXXX"),
        broken(one[1], 97, "XXXXX"),
        broken(broken(two[0], 61, "XXXXX"), 55, "YYYYY"),
        two[1],
    )

    assert [(6, 61), (8, 55), (8, 61), (7, 97)] == [(item.line, item.column) for item in problems]


def test_all_faults_are_counted_and_the_first_are_listed() -> None:
    contracts = [
        text
        for strike in range(1500)
        for text in pair("ES", "OOF", "202509", option="202509", right="C", strike=strike)
    ]
    bad = [broken(text, 55, "ABCDE") if text.startswith("81") else text for text in contracts]
    with pytest.raises(InputRefused) as caught:
        read(ES, bad)

    assert 1500 == caught.value.total
    assert LISTED_PROBLEMS == len(caught.value.problems)
    assert [6, 8, 10] == [problem.line for problem in caught.value.problems[:3]]


@pytest.mark.parametrize(
    ("month", "words"), [("2025XX", "'2025XX  '"), ("202513", "'202513  '"), ("20259", "'20259   '")]
)
def test_a_contract_month_that_is_none(month: str, words: str) -> None:
    problem = only(ES, [text.replace("202509", month.ljust(6)) for text in pair("ES", "FUT", "202509")])

    assert (Reason.INVALID_VALUE, NEXT, 30) == (problem.reason, problem.line, problem.column)
    assert words in problem.message


def test_a_contract_without_a_month() -> None:
    problem = only(ES, pair("ES", "FUT", ""))

    assert (Reason.MISSING_FIELD, NEXT) == (problem.reason, problem.line)


def test_an_option_that_is_neither_call_nor_put() -> None:
    problem = only(ES, pair("ES", "OOF", "202509", option="202509", right="X"))

    assert (Reason.INVALID_VALUE, NEXT, 29) == (problem.reason, problem.line, problem.column)
    assert "'X'" in problem.message


def test_a_contract_that_is_given_twice() -> None:
    problem = only(ES, pair("ES", "FUT", "202509"), pair("ES", "FUT", "202509"))

    assert (Reason.DUPLICATE_KEY, NEXT + 2) == (problem.reason, problem.line)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([product("ES", "FUT", {42: "00000600000000"})], "otherwise than on line 3"),
        ([commodity("NQ", [("ES", "FUT")])], "belongs to two combined commodities, ES and NQ"),
        ([line("2", {3: "CME", 7: "ES", 13: "1"})], "risk_exponent '1' here and '0' on line 5"),
        (
            [line("T", {3: "EURE", 7: "USD$", 11: f"000100000{digit}"}) for digit in "01"],
            "EUR to USD is given as 1.0 and as 1.000001",
        ),
        (
            [line("3", {3: "ES", 9: "10", 11: f"0120260{month}20260{month}"}) for month in "12"],
            "tier 1 of commodity ES is given again",
        ),
        ([line("S", {3: "ES", 9: "01", 83: code}) for code in "12"], "means SCANRANGE_CAP, but an earlier"),
        ([line("S", {3: "ES", 9: "10", 11: "03", 13: "01202601202601"})], "declares 3 tiers, found 1"),
        (
            [line("C", {3: "ES", 9: "10", 11: "01", 13: "03", 15: "0000100", 22: "010101A020201B"})],
            "declares 3 legs, found 2",
        ),
        ([line("E", {3: "ES", 9: "00001", 14: "0000100", 21: "2509   010000A"})], "has 1 leg(s), expected two"),
        (
            [line("4", {3: "ES", 9: "01", 63: f"000010{digit}"}) for digit in "01"],
            "the same rate on all records 4",
        ),
        (
            [series("ES", "FUT", "202509", columns={53: f"0120{digit}"}) for digit in "01"],
            "the series is given again, and otherwise than on line 6",
        ),
        (["0 CME   20250620SF"], "a second exchange complex begins here"),
    ],
)
def test_records_that_contradict_each_other(lines: list[str], words: str) -> None:
    assert words in " ".join(problem.message for problem in refused(ES, lines))


def test_a_record_that_says_the_same_twice_is_no_fault() -> None:
    twice = series("ES", "FUT", "202509")

    assert 1 == read(ES, ES[0], twice, twice, pair("ES", "FUT", "202509")).contracts.height


@pytest.mark.parametrize(
    ("column", "part", "words"),
    [
        (9, "20250631", "a date such as 20250620"),
        (17, "X", "one of S (settlement), I (intraday)"),
        (17, " ", "S (settlement) or I (intraday)"),
        (75, "X", "one of M (maintenance), I (initial)"),
        (67, "3", "one of 1 (CORE), 2 (RESERVE)"),
        (51, "X", "one of A (clearing), C (customer)"),
    ],
)
def test_headers(column: int, part: str, words: str) -> None:
    problem = only(ES, header=broken(HEADER, column, part))

    assert 1 == problem.line
    assert words in problem.message


# --------------------------------------------------------------------------------- hostile content


@given(st.integers(0, 3_000), st.binary(min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_damaged_files_are_read_or_refused_but_never_break_the_reader(place: int, damage: bytes) -> None:
    whole = content(small_market())
    place %= len(whole)
    text = whole[:place] + damage + whole[place + len(damage) :]
    source = Source("x.pa2", "x.pa2", text, "")
    if not pa2.recognise(source):
        return
    try:
        parameters = pa2.read(source)
    except InputRefused:
        return
    arrays = parameters.arrays["1"]
    assert np.isfinite(arrays.losses).all()
    assert np.isfinite(arrays.composite_delta).all()


@given(st.integers(100, 3_000))
@settings(max_examples=60, deadline=None)
def test_files_that_end_anywhere_are_read_or_refused(size: int) -> None:
    source = Source("x.pa2", "x.pa2", content(small_market())[:size], "")
    with contextlib.suppress(InputRefused):
        assert pa2.read(source).contracts.height <= 4


def test_text_of_any_encoding_is_kept() -> None:
    parameters = read(product("ES", "FUT", {80: "Caf\xe9 \xff"}))

    assert "Café ÿ" == parameters.products[0].name


def test_digits_of_other_scripts_are_none() -> None:
    problem = only(product("ES", "FUT", {42: "0000000000000\xb2"}), ES[2].replace("ES        OOF", ""))

    assert "contract_value_factor" == problem.attributes["field"]


@given(st.lists(st.text("0123456789 -X", min_size=4, max_size=4), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_columns_hold_digits_or_blanks(texts: list[str]) -> None:
    matrix = np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(-1, 4)
    faults = ColumnFaults("B")
    numbers = Columns(matrix, np.arange(len(texts)), faults).number(Field("f", 1, 4, "number", 2))

    for text, number in zip(texts, numbers.tolist(), strict=True):
        assert (number == int(text) / 100) if text.isdecimal() else np.isnan(number)
    assert [i for i, text in enumerate(texts) if text.strip() and not text.isdecimal()] == [
        fault.line for fault in faults.found
    ]


# -------------------------------------------------------------------------------- standard format


@pytest.mark.parametrize(
    "head",
    [
        b"1SF250620FC2506201407" + b"U C CUST  S SPEC  1 CORE  M MAINT".ljust(59),
        b"1SF250620FC2506201407" + b"P A",
        "1SF250620".encode("cp037") + b"\x00" * 40,
    ],
)
def test_standard_files_are_recognised_and_refused(head: bytes) -> None:
    source = Source("x.par", "x.par", head, "")

    assert par.recognise(source)
    assert not pa2.recognise(source)
    with pytest.raises(InputRefused) as caught:
        par.read(source)
    (problem,) = caught.value.problems
    assert Reason.UNKNOWN_FORMAT == problem.reason
    for word in ("records 5, 82, C, R and V", "2, 4 and 6", ".spn", ".pa2"):
        assert word in problem.message


@pytest.mark.parametrize("head", [b"", b"1", b"1 CME  01", b"100,2\n", content(ES), b"1SF25X620FC2506201407U"])
def test_other_content_is_no_standard_file(head: bytes) -> None:
    assert not par.recognise(Source("x", "x", head, ""))
