"""Opening inputs: what is expanded, what is refused, and that a refusal comes before memory is spent."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from margin.model.problem import InputRefused, Problem, Reason
from margin.read import source as source_module
from margin.read.source import Source, file_digest, open_source

TEXT = b"<spanFile></spanFile>\n"


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path: Path | str, **options: object) -> Problem:
    with pytest.raises(InputRefused) as caught:
        open_source(path, **options)  # type: ignore[arg-type]
    assert caught.value.total == 1
    problem = caught.value.problems[0]
    assert str(path) == problem.file
    return problem


def test_plain_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a.spn", TEXT)

    assert Source(str(path), "a.spn", TEXT, hashlib.sha256(TEXT).hexdigest()) == open_source(path)


@pytest.mark.parametrize(
    ("name", "raw", "member"),
    [
        ("a.spn.gz", gzip.compress(TEXT, mtime=0), "a.spn"),
        ("a.spn", gzip.compress(TEXT, mtime=0), "a.spn"),
        ("a.spn.gz", gzip.compress(TEXT[:5], mtime=0) + gzip.compress(TEXT[5:], mtime=0), "a.spn"),
        ("day.zip", zipped({"nsccl.20260625.s.spn": TEXT}), "nsccl.20260625.s.spn"),
        ("day.zip", zipped({"nsccl.20260625.s.spn": TEXT}, zipfile.ZIP_BZIP2), "nsccl.20260625.s.spn"),
        ("day.zip", zipped({"folder/": b"", "folder/a.spn": TEXT}), "a.spn"),
        ("day.zip", zipped({"__MACOSX/._a.spn": b"x", ".DS_Store": b"x", "a.spn": TEXT}), "a.spn"),
        ("day.bin", zipped({"i1.zip": zipped({"a.spn": TEXT})}), "a.spn"),
        ("day.zip", zipped({"a.spn.gz": gzip.compress(TEXT, mtime=0)}), "a.spn"),
        ("day.gz", gzip.compress(zipped({"i1.zip": zipped({"a.spn": TEXT})})), "a.spn"),
    ],
)
def test_compressed_content_is_told_by_its_bytes(tmp_path: Path, name: str, raw: bytes, member: str) -> None:
    path = write(tmp_path, name, raw)

    assert Source(str(path), member, TEXT, hashlib.sha256(raw).hexdigest()) == open_source(path)


def test_nothing_is_written_beside_the_archive(tmp_path: Path) -> None:
    path = write(tmp_path, "day.zip", zipped({"../evil.spn": TEXT}))

    assert open_source(path).name == "evil.spn"
    assert [path] == list(tmp_path.iterdir())
    assert not (tmp_path.parent / "evil.spn").exists()


def test_the_digest_of_a_large_file_is_worked_out_beside(tmp_path: Path) -> None:
    raw = TEXT * (5_000_000 // len(TEXT))
    source = open_source(write(tmp_path, "a.spn", raw))
    same = Source(source.path, "a.spn", raw, hashlib.sha256(raw).hexdigest())

    assert not isinstance(source.digest, str)
    assert same.sha256 == source.sha256
    assert same == source
    assert hash(same) == hash(source)


def test_standard_input() -> None:
    raw = gzip.compress(TEXT, mtime=0)

    expected = Source("-", "-", TEXT, hashlib.sha256(raw).hexdigest())

    assert expected == open_source("-", stdin=io.BytesIO(raw))


def test_wanted_suffix_picks_the_member(tmp_path: Path) -> None:
    path = write(tmp_path, "day.zip", zipped({"readme.txt": b"x", "A.SPN": TEXT}))

    assert open_source(path, suffixes=(".spn",)).content == TEXT


def test_inner_archive_is_preferred_to_notes_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path, "day.zip", zipped({"readme.txt": b"x", "i1.zip": zipped({"a.spn": TEXT})}))

    assert open_source(path, suffixes=(".spn",)).content == TEXT


def test_several_candidates_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "day.zip", zipped({"a.spn": TEXT, "b.spn": TEXT}))

    problem = refusal(path, suffixes=(".spn",))

    assert problem.reason == Reason.UNREADABLE
    assert "a.spn, b.spn" in problem.message
    assert problem.attributes["found"] == 2


def test_archive_without_files(tmp_path: Path) -> None:
    assert "holds no file" in refusal(write(tmp_path, "day.zip", zipped({"folder/": b""}))).message


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "nsccl.20260625.s.spn", TEXT)

    problem = refusal(tmp_path / "nsccl.20260526.s.spn")

    assert problem.reason == Reason.UNREADABLE
    assert str(tmp_path / "nsccl.20260625.s.spn") == problem.attributes["hint"]


def test_missing_file_hints_at_its_compressed_twin(tmp_path: Path) -> None:
    write(tmp_path, "a.spn.gz", TEXT)

    assert str(tmp_path / "a.spn.gz") == refusal(tmp_path / "a.spn").attributes["hint"]


def test_missing_file_without_a_near_name(tmp_path: Path) -> None:
    write(tmp_path, "quite-different", TEXT)

    assert "hint" not in refusal(tmp_path / "a.spn").attributes


def test_missing_folder(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path / "nowhere" / "a.spn").message


def test_folder_instead_of_file(tmp_path: Path) -> None:
    assert "this is a folder" in refusal(tmp_path).message


def test_device_instead_of_file() -> None:
    assert "device" in refusal("/dev/zero").message


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_file_without_permission_to_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.spn", TEXT)
    path.chmod(0)

    assert "permission" in refusal(path).message


def test_permission_error_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a.spn", TEXT)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    assert "permission" in refusal(path).message


def test_name_that_no_file_can_have() -> None:
    assert refusal("a\0b").reason == Reason.UNREADABLE
    assert refusal("x" * 5000).reason == Reason.UNREADABLE


def test_empty_file(tmp_path: Path) -> None:
    assert "empty (0 bytes)" in refusal(write(tmp_path, "a.spn", b"")).message


def test_empty_standard_input() -> None:
    assert "empty (0 bytes)" in refusal("-", stdin=io.BytesIO(b"")).message


@pytest.mark.parametrize("raw", [gzip.compress(b"", mtime=0), zipped({"a.spn": b""})])
def test_empty_content_inside(tmp_path: Path, raw: bytes) -> None:
    assert "is empty (0 bytes)" in refusal(write(tmp_path, "a.spn", raw)).message


@pytest.mark.parametrize("compressed", [gzip.compress(TEXT * 50, mtime=0), zipped({"a.spn": TEXT * 50})])
def test_truncated_and_damaged_archives(tmp_path: Path, compressed: bytes) -> None:
    for end in range(5, len(compressed)):
        problem = refusal(write(tmp_path, "cut", compressed[:end]))
        assert problem.reason == Reason.UNREADABLE
        assert "damaged or incomplete" in problem.message


@pytest.mark.parametrize("compressed", [gzip.compress(os.urandom(300)), zipped({"a.spn": os.urandom(300)})])
def test_any_flipped_byte_is_either_harmless_or_refused(tmp_path: Path, compressed: bytes) -> None:
    expected = open_source(write(tmp_path, "whole", compressed)).content
    for position in range(4, len(compressed)):
        damaged = bytearray(compressed)
        damaged[position] ^= 0x5A
        try:
            found = open_source(write(tmp_path, "flipped", bytes(damaged))).content
        except InputRefused:
            continue
        assert expected == found


def test_encrypted_archive(tmp_path: Path) -> None:
    raw = bytearray(zipped({"a.spn": TEXT}))
    raw[6] |= 1
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1

    assert "encrypted" in refusal(write(tmp_path, "a.zip", bytes(raw))).message


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"7z\xbc\xaf\x27\x1c..", "7-Zip"), (b"Rar!\x1a\x07..", "RAR"), (b"\x28\xb5\x2f\xfd..", "Zstandard")],
)
def test_other_archives_are_named(tmp_path: Path, raw: bytes, kind: str) -> None:
    problem = refusal(write(tmp_path, "a.zip", raw))

    assert problem.reason == Reason.UNKNOWN_FORMAT
    assert kind in problem.message


def test_nesting_is_limited(tmp_path: Path) -> None:
    raw = TEXT
    for _ in range(3):
        raw = gzip.compress(raw, mtime=0)
    assert open_source(write(tmp_path, "three.gz", raw)).content == TEXT

    problem = refusal(write(tmp_path, "four.gz", gzip.compress(raw, mtime=0)))

    assert problem.reason == Reason.HOSTILE_CONTENT


def bomb(megabytes: int, kind: str) -> bytes:
    zeros = bytes(megabytes * 2**20)
    return {
        "gzip": lambda: gzip.compress(zeros, mtime=0),
        "zip": lambda: zipped({"a.spn": zeros}),
        "nested": lambda: zipped({"a.zip": zipped({"a.spn": zeros})}),
    }[kind]()


@pytest.mark.parametrize("kind", ["gzip", "zip", "nested"])
def test_bomb_is_refused_before_it_is_expanded(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "FREE_EXPANSION_BYTES", 2**20)
    path = write(tmp_path, "bomb", bomb(64, kind))
    tracemalloc.start()

    problem = refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert problem.reason == Reason.HOSTILE_CONTENT
    assert peak < 24 * 2**20


def test_zip_that_understates_its_size_is_refused(tmp_path: Path) -> None:
    raw = bytearray(zipped({"a.spn": TEXT * 100}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        position = raw.rindex(mark) + offset
        raw[position : position + 4] = (10).to_bytes(4, "little")

    assert "damaged" in refusal(write(tmp_path, "a.zip", bytes(raw))).message


def test_largest_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "MAX_CONTENT_BYTES", 100)

    assert refusal(write(tmp_path, "a.spn", bytes(101))).reason == Reason.HOSTILE_CONTENT
    assert len(open_source(write(tmp_path, "b.spn", bytes(100))).content) == 100


def test_digest_of_a_file(tmp_path: Path) -> None:
    raw = gzip.compress(TEXT, mtime=0)
    path = write(tmp_path, "a.spn.gz", raw)

    assert hashlib.sha256(raw).hexdigest() == file_digest(path) == open_source(path).sha256


def test_digest_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no such file"):
        file_digest(tmp_path / "none")
