from __future__ import annotations

from pathlib import Path

import pytest

from margin.model.problem import InputRefused, Reason
from margin.read.kind import FileKind, kind_of
from margin.read.positions import read_positions

EXPANDED = b"1  20260625S1730202606251731E\r\n2FRMACCOUNT             SCUST\r\n"


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (EXPANDED, "the expanded form"),
        (EXPANDED.replace(b"1731E", b"1731S"), "the standard form"),
        (EXPANDED.replace(b"1731E", b"1731"), "an unknown form"),
        (EXPANDED.splitlines()[0], "the expanded form"),
    ],
)
def test_a_flat_file_is_recognised_and_refused_with_the_way_out(tmp_path: Path, content: bytes, form: str) -> None:
    path = tmp_path / "POSDATA.TXT"
    path.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        read_positions(path)
    (problem,) = caught.value.problems

    assert (Reason.UNKNOWN_FORMAT, str(path), 1) == (problem.reason, problem.file, problem.line)
    assert f"of 2026-06-25 in {form}" in problem.message
    assert "save it as an XML position file" in problem.message
    assert FileKind("positions", "flat-pos") == kind_of(path)


@pytest.mark.parametrize(
    "content",
    [
        b"1,2,3\nA,B,C\n",
        b"1  20261325S1730202606251731E\n2FRM\n",
        b"1  20260625X1730202606251731E\n2FRM\n",
        b"1  20260625S1730202606251731E\nACCOUNT\n",
    ],
)
def test_other_text_is_not_taken_for_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "POSDATA.TXT"
    path.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        read_positions(path)

    assert all("flat PC-SPAN" not in problem.message for problem in caught.value.problems)
