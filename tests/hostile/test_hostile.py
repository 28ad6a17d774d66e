"""Hostile files are refused in words, with little memory, and without a trace of the program's insides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import margin
from margin.model.problem import LISTED_PROBLEMS, LONGEST_TEXT
from tests.cli.command_line import REPOSITORY
from tests.cli.command_line import margin as command
from tests.fuzz.hanging import not_hanging
from tests.hostile.documents import HOSTILE, NOT_NUMBERS, with_number
from tests.read.parameters.spn_documents import document, indented

MEGABYTES = 200
MEASURED = (
    "entities-that-grow.spn",
    "million-levels-closed.spn",
    "hundred-thousand-names.spn",
    "many-comments-before-the-root.spn",
    "gigabytes-in-gzip.spn.gz",
    "gigabytes-in-zip-that-lies.zip",
    "aliases-that-grow.yaml",
    "million-digits.yaml",
    "million-faults.csv",
    "endless-value.csv",
    "million-levels.ndjson",
    "a-key-of-its-own-in-every-line.ndjson",
    "million-levels.pos",
    "footer-of-gigabytes.parquet",
)
"""Where the memory of a process of its own is looked at: one of each way to exhaust it; a few of them in the suite."""

LOOKED_AT = MEASURED if "MARGIN_FUZZ_EXAMPLES" in os.environ else MEASURED[::7]

_MEASURED = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
import margin.pipeline, margin.views.validate
margin.validate(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(file,) = margin.validate(sys.argv[3]).files
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"faults": file.faults, "grown": (after - before) / 1024}))
"""


def written(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(HOSTILE[name]())
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    path = written(name, tmp_path)
    with not_hanging():
        (file,) = margin.validate(path).files

    assert 0 < file.faults
    assert len(file.problems) <= LISTED_PROBLEMS
    for problem in file.problems:
        assert str(path) == problem.file
        assert 0 < len(problem.message) <= LONGEST_TEXT
        assert all(len(value) <= LONGEST_TEXT for value in problem.attributes.values() if isinstance(value, str))


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("million-faults.csv", 1_000_000),
        ("million-short-rows.csv", 1_000_000),
        ("hundred-thousand-faults.pos", 100_000),
    ],
)
def test_every_fault_is_counted(name: str, faults: int, tmp_path: Path) -> None:
    (file,) = margin.validate(written(name, tmp_path)).files

    assert faults == file.faults
    assert LISTED_PROBLEMS == len(file.problems)


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured in kilobytes on Linux")
def test_a_hostile_file_takes_little_memory(name: str, tmp_path: Path) -> None:
    path = written(name, tmp_path)
    sound = tmp_path / f"sound{Path(name.removesuffix('.gz')).suffix}"
    sound.write_text(indented(document()), "utf-8")
    done = subprocess.run(  # noqa: S603  the interpreter itself
        [sys.executable, "-c", _MEASURED, str(REPOSITORY), str(sound), str(path)], capture_output=True, check=True
    )
    found = json.loads(done.stdout)

    assert 0 < found["faults"]
    assert found["grown"] < MEGABYTES


def test_the_command_refuses_hostile_files_without_showing_its_insides(tmp_path: Path) -> None:
    names = [str(written(name, tmp_path).name) for name in HOSTILE]
    done = command("validate", "--format", "json", *names, folder=tmp_path)
    report = json.loads(done.stdout)

    assert 2 == done.returncode
    assert [] == [file["path"] for file in report["files"] if not file["faults"]]
    assert not any(word in done.stderr + done.stdout for word in (b"Traceback", b"panicked", b"site-packages"))


@pytest.mark.parametrize("text", NOT_NUMBERS, ids=NOT_NUMBERS.values())
@pytest.mark.parametrize("ending", [".spn", ".yaml", ".csv", ".ndjson", ".pos"])
def test_what_is_no_finite_number_never_passes_for_one(ending: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"one{ending}"
    path.write_bytes(with_number(ending, text))
    (file,) = margin.validate(path).files

    assert 0 < file.faults
    assert any((text[:40] in problem.message) or ("number" in problem.message) for problem in file.problems)


@pytest.mark.parametrize(("text", "expected"), [("-0", 0.0), ("1e2", 100.0), ("0." + "3" * 9, 0.333333333)])
def test_unusual_numbers_mean_what_they_say(text: str, expected: float, tmp_path: Path) -> None:
    for ending in (".csv", ".ndjson", ".pos"):
        path = tmp_path / f"one{ending}"
        path.write_bytes(with_number(ending, text))
        (part,) = margin.read_positions(path).parts

        assert [expected] == part.frame["quantity"].to_list()


def test_names_inside_an_archive_lead_nowhere(tmp_path: Path) -> None:
    from tests.hostile.documents import SPN, zipped

    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    path = folder / "parameters.zip"
    path.write_bytes(zipped(("../../outside.spn", SPN.encode())))
    parameters = margin.read_parameters(path, cache=False)

    assert ["NSCCL"] == [source.clearing_org for source in parameters.sources]
    assert [path] == [found for found in tmp_path.rglob("*") if found.is_file()]
