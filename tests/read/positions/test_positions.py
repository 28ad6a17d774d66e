from __future__ import annotations

import gzip
import inspect
import io
import zipfile
from pathlib import Path

import pytest

from margin.model.position import ACCOUNT_BALANCE_SCHEMA
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.positions import CATCH_ALL, formats, read_positions
from tests.read.positions.samples import SAMPLES

CSV = SAMPLES["csv"]


def test_every_module_of_the_folder_is_a_format_under_its_own_name() -> None:
    assert {"csv", "flat-pos", "ice", "ndjson", "parquet", "posfile", "spanposconv"} == set(formats())
    for module in formats().values():
        assert ["head", "name"] == list(inspect.signature(module.recognise).parameters)
        assert ["source"] == list(inspect.signature(module.read).parameters)
        assert inspect.getdoc(module)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_exactly_one_format_recognises_an_input_whatever_its_name(name: str, tmp_path: Path) -> None:
    head = SAMPLES[name]
    for file_name in ("book", "book.csv", "-"):
        found = {key for key, module in formats().items() if module.recognise(head, file_name)}
        assert {name} == found - ({CATCH_ALL} if name == "ice" else set())

    path = tmp_path / "book"
    path.write_bytes(head)
    assert name == read_positions([path]).parts[0].source.format


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_compressed_inputs_read_like_plain_ones(name: str, tmp_path: Path) -> None:
    plain, packed, archive = tmp_path / "a", tmp_path / "a.gz", tmp_path / "a.zip"
    plain.write_bytes(SAMPLES[name])
    packed.write_bytes(gzip.compress(SAMPLES[name]))
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("inner.dat", SAMPLES[name])
    expected = read_positions([plain]).parts[0]

    for path in (packed, archive):
        part = read_positions(path).parts[0]
        assert expected.frame.equals(part.frame)
        assert (str(path), name) == (part.source.path, part.source.format)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_standard_input_reads_like_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(SAMPLES[name])
    expected = read_positions([path]).parts[0]

    for input_format in (None, name):
        part = read_positions(["-"], input_format=input_format, stdin=io.BytesIO(SAMPLES[name])).parts[0]
        assert expected.frame.equals(part.frame)
        assert ("-", expected.source.sha256) == (part.source.path, part.source.sha256)


def test_parts_stand_in_the_order_given(tmp_path: Path) -> None:
    paths = []
    for number, name in enumerate(sorted(SAMPLES, reverse=True)):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(SAMPLES[name])
    book = read_positions(paths)

    assert [str(path) for path in paths] == [part.source.path for part in book.parts]
    assert ACCOUNT_BALANCE_SCHEMA == book.balances.schema
    assert ["S1"] == book.balances["account"].to_list()


def test_the_faults_of_all_inputs_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV.replace(b"-75", b"x"))
    (tmp_path / "b.ndjson").write_bytes(b"{\n")
    (tmp_path / "c.csv").write_bytes(CSV)
    names = ["a.csv", "missing.csv", "b.ndjson", "c.csv"]
    with pytest.raises(InputRefused) as caught:
        read_positions([tmp_path / name for name in names])

    assert [str(tmp_path / name) for name in names[:3]] == [problem.file for problem in caught.value.problems]


def test_an_unknown_format_name_is_refused_with_the_likely_one() -> None:
    with pytest.raises(InputRefused, match="did you mean 'parquet'") as caught:
        read_positions(["book"], input_format="parket")

    assert Reason.UNKNOWN_NAME == caught.value.problems[0].reason


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", Reason.UNREADABLE, "empty"),
        (b"\x7fELF\x02\x01\x01\0\0", Reason.UNKNOWN_FORMAT, "expected one of csv, flat-pos, ice, ndjson"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Reason.UNKNOWN_FORMAT, "workbook"),
        (gzip.compress(CSV)[:-9], Reason.UNREADABLE, "damaged"),
    ],
)
def test_what_is_no_position_file_is_refused(tmp_path: Path, content: bytes, reason: Reason, words: str) -> None:
    path = tmp_path / "book"
    path.write_bytes(content)
    with pytest.raises(InputRefused, match=words) as caught:
        read_positions([path])

    assert [(reason, str(path))] == [(problem.reason, problem.file) for problem in caught.value.problems]


def test_a_spreadsheet_workbook_is_refused_by_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("[Content_Types].xml", "<Types/>")
        target.writestr("xl/workbook.xml", "<workbook/>")

    with pytest.raises(InputRefused, match="save the sheet as CSV"):
        read_positions([path])


def test_a_folder_and_a_mistyped_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "positions.csv").write_bytes(CSV)

    with pytest.raises(InputRefused, match="folder"):
        read_positions([tmp_path])
    with pytest.raises(InputRefused, match=r"did you mean .*positions\.csv"):
        read_positions([tmp_path / "position.csv"])


def test_an_input_named_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    for paths in ([path, path], ["-", "-"]):
        with pytest.raises(InputRefused, match="more than once"):
            read_positions(paths, stdin=io.BytesIO(CSV))


def test_inputs_of_equal_content_are_a_warning(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(CSV)
    book = read_positions([tmp_path / "a.csv", tmp_path / "b.csv"])

    assert [(Reason.DUPLICATE_KEY, Severity.WARNING, str(tmp_path / "b.csv"))] == [
        (problem.reason, problem.severity, problem.file) for problem in book.problems
    ]


def test_names_with_pattern_characters_are_plain_names(tmp_path: Path) -> None:
    for name in ("csv", "parquet"):
        path = tmp_path / f"book[1]*?{name}"
        path.write_bytes(SAMPLES[name])

        assert str(path) == read_positions([path]).parts[0].source.path
