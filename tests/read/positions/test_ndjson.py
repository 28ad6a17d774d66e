from __future__ import annotations

from pathlib import Path

import pytest

from margin.model.position import PositionPart
from margin.model.problem import InputRefused, Reason
from margin.read.positions import read_positions

GOOD = '{"account": "A", "contract": "X", "quantity": 1}'


def read(folder: Path, content: str | bytes) -> PositionPart:
    path = folder / "book.ndjson"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_positions([path]).parts[0]


def refusal(folder: Path, content: str | bytes) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(folder, content)
    return caught.value


def test_objects_are_rows_and_missing_keys_and_nulls_are_blank(tmp_path: Path) -> None:
    part = read(
        tmp_path,
        '{"acctId": "A", "pfCode": "P", "pfType": "FUT", "pe": 202606, "net": -2.5, "isCust": true}\n'
        '{"net": 1, "acctId": 7, "symbol": "X", "desk": "d1", "isCust": null}\n',
    )

    assert part.source.format == "ndjson"
    assert part.frame.rows() == [
        ("A", True, None, "P", "FUT", "202606", -2.5, None),
        ("7", None, "X", None, None, None, 1.0, "d1"),
    ]


def test_the_users_own_keys_are_carried_as_text(tmp_path: Path) -> None:
    part = read(tmp_path, GOOD[:-1] + ', "a": 1.50, "b": false, "c": "", "d": 1e3}\n')

    assert part.frame.select("a", "b", "c", "d").rows() == [("1.50", "false", None, "1e3")]


def test_blank_lines_are_skipped_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    part = read(tmp_path, b"\xef\xbb\xbf" + f"{GOOD}\n\n  \r\n{GOOD}".encode())

    assert [part.line_of(row) for row in range(2)] == [1, 4]


@pytest.mark.parametrize(
    ("number", "quantity"), [("1.5", 1.5), ("-0", 0.0), ('"2"', 2.0), ("1E2", 100.0), ("0.123456789", 0.123456789)]
)
def test_quantities_keep_their_digits(tmp_path: Path, number: str, quantity: float) -> None:
    frame = read(tmp_path, GOOD.replace("1}", f"{number}}}")).frame

    assert str(quantity) == str(frame["quantity"][0])


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        ("{", Reason.SYNTAX, "not JSON"),
        (GOOD + GOOD, Reason.SYNTAX, "Extra data"),
        (GOOD[:-1], Reason.SYNTAX, "not JSON"),
        ("[1]", Reason.SYNTAX, "expected an object"),
        ("7", Reason.SYNTAX, "expected an object"),
        (GOOD.replace("1}", '{"a": 1}}'), Reason.INVALID_VALUE, "quantity is an object"),
        (GOOD.replace('"X"', '["X"]'), Reason.INVALID_VALUE, "contract is a list"),
        (GOOD.replace("1}", "NaN}"), Reason.INVALID_VALUE, "quantity is 'NaN'"),
        (GOOD.replace("1}", "-Infinity}"), Reason.INVALID_VALUE, "quantity is '-Infinity'"),
        (GOOD.replace("1}", "1.0000000001}"), Reason.INVALID_VALUE, "at most 9 decimals"),
        (GOOD.replace("1}", "true}"), Reason.INVALID_VALUE, "quantity is 'true'"),
        (GOOD.replace("1}", "null}"), Reason.MISSING_FIELD, "quantity is blank"),
        (GOOD.replace('"A"', '""'), Reason.MISSING_FIELD, "account is blank"),
        (GOOD.replace('"A"', '"A\\u0000"'), Reason.INVALID_VALUE, "NUL"),
        (GOOD.replace('"A"', '"\\ud800"'), Reason.SYNTAX, "half a character"),
        (GOOD.replace("contract", "account"), Reason.DUPLICATE_KEY, "'account' occurs twice"),
        ("[" * 100_000, Reason.HOSTILE_CONTENT, "too deeply"),
    ],
)
def test_a_bad_line_is_one_problem_with_its_number(tmp_path: Path, line: str, reason: Reason, words: str) -> None:
    refused = refusal(tmp_path, f"{GOOD}\n{line}\n{GOOD}\n")

    assert [(reason, 2)] == [(p.reason, p.line) for p in refused.problems]
    assert words in refused.problems[0].message


def test_bytes_that_are_not_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    problem = refusal(tmp_path, GOOD.encode() + b'\n{"account": "\xff"}\n').problems[0]

    assert (problem.reason, problem.line, problem.attributes["offset"]) == (Reason.SYNTAX, 2, 13)


def test_every_bad_line_is_reported(tmp_path: Path) -> None:
    refused = refusal(tmp_path, f"{{\n{GOOD.replace('1}', 'null}')}\n[]\n{GOOD}\n")

    assert [problem.line for problem in refused.problems] == [1, 2, 3]


def test_a_json_document_over_several_lines_is_refused(tmp_path: Path) -> None:
    assert "write one" in refusal(tmp_path, f"[\n{GOOD},\n{GOOD}\n]\n").problems[0].message


def test_keys_of_one_meaning_are_refused(tmp_path: Path) -> None:
    refused = refusal(tmp_path, GOOD + "\n" + GOOD.replace("quantity", "qty") + "\n")

    assert Reason.DUPLICATE_KEY in {problem.reason for problem in refused.problems}


def test_a_missing_key_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    refused = refusal(tmp_path, GOOD.replace("quantity", "quantty"))

    assert "did you mean 'quantity' where it says 'quantty'" in refused.problems[0].message
