from __future__ import annotations

from pathlib import Path

import pytest

from margin.model.position import PositionPart
from margin.model.problem import InputRefused, Reason
from margin.read.positions import read_positions

FUTURE = "P,A1,IPE,B,F,20260900,,25,DCO,H"


def read(folder: Path, *lines: str) -> PositionPart:
    path = folder / "batch.csv"
    path.write_text("\r\n".join(lines) + "\r\n", "utf-8", newline="")
    return read_positions(path).parts[0]


def problems(folder: Path, *lines: str) -> list[tuple[Reason, int | None, str]]:
    with pytest.raises(InputRefused) as caught:
        read(folder, *lines)
    return [(problem.reason, problem.line, problem.message) for problem in caught.value.problems]


def test_records_are_positions_with_signed_quantities_and_strikes_in_hundredths(tmp_path: Path) -> None:
    part = read(tmp_path, FUTURE, "", "P,A1,IPE,B,C,20260930,7550,-10,DCO,H", "P,A2,IFEU,I,P,20261214,5,+3,DCO,H")

    assert ("ice", 3) == (part.source.format, part.source.rows)
    assert ["account", "exchange", "product", "type", "expiry", "right", "strike", "quantity"] == part.frame.columns
    assert [
        ("A1", "IPE", "B", "FUT", "202609", None, None, 25.0),
        ("A1", "IPE", "B", "OOF", "20260930", "C", 75.5, -10.0),
        ("A2", "IFEU", "I", "OOF", "20261214", "P", 0.05, 3.0),
    ] == part.frame.rows()
    assert [1, 3, 4] == [part.line_of(row) for row in range(3)]


@pytest.mark.parametrize("kind", ["D", "M"])
def test_types_whose_meaning_is_not_public_are_refused(tmp_path: Path, kind: str) -> None:
    ((reason, line, message),) = problems(tmp_path, FUTURE, FUTURE.replace(",F,", f",{kind},"))

    assert (Reason.UNSUPPORTED_RULE, 2) == (reason, line)
    assert "write these positions as CSV" in message


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("P,A1,IPE,B,X,20260900,,25,DCO,H", "type is 'X'"),
        ("P,A1,IPE,B,F,202609,,25,DCO,H", "expiry is '202609'"),
        ("P,A1,IPE,B,F,20261300,,25,DCO,H", "expiry is '20261300'"),
        ("P,A1,IPE,B,F,20260900,7550,25,DCO,H", "strike is '7550', expected 0 or nothing"),
        ("P,A1,IPE,B,C,20260900,75.5,25,DCO,H", "strike is '75.5', expected a strike in hundredths"),
        ("P,A1,IPE,B,C,20260900,,25,DCO,H", "strike is ''"),
        ("P,A1,IPE,B,F,20260900,,x,DCO,H", "quantity is 'x'"),
        ("P,A1,IPE,B,F,20260900,,,DCO,H", "quantity is blank"),
        ("P,,IPE,B,F,20260900,,25,DCO,H", "account is blank"),
        ("P,A1,IPE,,F,20260900,,25,DCO,H", "product is blank"),
        ("P,A1,IPE,B,F,20260900,,25,DCO,C", "origin is 'C', expected H"),
        ("P,A1,IPE,B,F,20260900,,25,FCM,H", "class is 'FCM', expected DCO"),
        ("P,A1,IPE,B,F,20260900,,25,DCO", "9 fields, expected 10"),
        ("T,A1,IPE,B,F,20260900,,25,DCO,H", "the record is 'T'"),
    ],
)
def test_one_fault_is_one_problem_with_its_line(tmp_path: Path, record: str, words: str) -> None:
    ((_, line, message),) = problems(tmp_path, FUTURE, record)

    assert 2 == line
    assert words in message


def test_all_faults_are_reported(tmp_path: Path) -> None:
    found = problems(tmp_path, FUTURE, "P,A1,IPE,B,D,2026,1,x,DCO,H", "P,A1")

    assert [2, 2, 2, 2, 3] == [line for _, line, _ in found]
