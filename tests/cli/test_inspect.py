import json

import jsonschema
import pytest

from cli.main import run
from tests.cli.command_line import POSITIONS, REPOSITORY, clean_environment, write_inputs
from tests.cli.command_line import margin as shell

SCHEMA = json.loads((REPOSITORY / "configs/schema/inspect.schema.json").read_bytes())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    clean_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    text = (tmp_path / "nsccl.spn").read_text("utf-8")
    (tmp_path / "later.spn").write_text(text.replace("2234.01", "2300").replace("20260625", "20260626"), "utf-8")
    return tmp_path


def inspected(capsys, *arguments, code=0):
    assert code == run(["inspect", *arguments])
    return capsys.readouterr()


def documented(capsys, *arguments):
    document = json.loads(inspected(capsys, *arguments, "--format", "json").out)
    jsonschema.validate(document, SCHEMA)
    return document


def test_parameters_go_to_standard_output_and_nothing_else_is_said(folder):
    result = shell("inspect", "nsccl.spn", folder=folder)

    assert (0, b"") == (result.returncode, result.stderr)
    assert result.stdout.startswith("Risk parameters · NSCCL 2026-06-25 intraday early\n".encode())
    assert 80 >= max(map(len, result.stdout.decode().splitlines()))


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["nsccl.spn"], "parameters"),
        (["nsccl.spn", "NIFTY"], "name"),
        (["nsccl.spn", "--commodity", "NIFTY"], "name"),
        (["nsccl.spn", "NSE NIFTY FUT 20260630"], "name"),
        (["nsccl.spn", "--contract", "NSE NIFTY FUT 20260630"], "name"),
        (["nsccl.spn", "later.spn"], "changes"),
        (["nsccl.spn", "--against", "later.spn"], "changes"),
        (["positions.csv"], "positions"),
        (["nsccl"], "house"),
    ],
)
def test_what_a_file_is_decides_what_is_shown(folder, capsys, arguments, kind):
    assert kind == documented(capsys, *arguments)["kind"]


def test_the_report_is_what_the_library_gives(folder, capsys):
    import margin

    before, after = margin.read_parameters("nsccl.spn"), margin.read_parameters("later.spn")
    assert margin.inspect(before, "NIFTY") == documented(capsys, "nsccl.spn", "NIFTY")
    assert margin.compare_parameters(before, after) == documented(capsys, "nsccl.spn", "later.spn")


def test_a_name_is_a_name_though_a_file_is_called_so(folder, capsys):
    (folder / "NIFTY").write_text("not parameters", "utf-8")

    assert "name" == documented(capsys, "nsccl.spn", "--commodity", "NIFTY")["kind"]
    assert "NIFTY" in inspected(capsys, "nsccl.spn", "NIFTY", code=2).err


def test_what_moved_is_shown_with_its_change(folder, capsys):
    out = inspected(capsys, "nsccl.spn", "later.spn").out

    assert "NSCCL 2026-06-26 intraday early" in out
    assert "2,234.01  2,300  +2.95%" in " ".join(out.split("NIFTY")[1].split("\n")[0].split(None)) or "+2.95%" in out


def test_reports_are_written_to_files(folder):
    arguments = ("inspect", "nsccl.spn", "-o", "what.md", "--report", "json=what.json")
    result = shell(*arguments, folder=folder)

    assert (0, b"") == (result.returncode, result.stdout)
    assert (folder / "what.md").read_text("utf-8").startswith("# Risk parameters")
    assert "parameters" == json.loads((folder / "what.json").read_bytes())["kind"]


def test_positions_come_from_standard_input(folder):
    result = shell("inspect", "-", "-f", "json", folder=folder, given=POSITIONS.encode())

    assert 3 == json.loads(result.stdout)["counts"]["rows"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nsccl.spn", "NIFTI"], "did you mean NIFTY?"),
        (["nsccl.spn", "NSE NIFTY FUT 20260629"], "the nearest there is NSE NIFTY FUT 20260630"),
        (["nsccl.spn", "missing.spn"], "missing.spn: no such file"),
        (["missing.spn"], "missing.spn: no such file"),
        (["positions.csv", "NIFTY"], "'positions.csv' holds no parameters"),
        (["nsccl.spn", "NIFTY", "--contract", "X"], "exclude each other"),
        (["nsccl.spn", "positions.csv"], "positions.csv"),
        (["nsccl.spn", "--session", "noon"], "not a session"),
        (["nsccl.spn", "-o", "nsccl.spn", "-f", "json"], "is also an input"),
        (["nsccl.spn", "--format", "csv"], "is not a format"),
    ],
)
def test_what_cannot_be_shown_is_refused(folder, capsys, arguments, words):
    said = inspected(capsys, *arguments, code=2)

    assert "" == said.out
    assert words in said.err


def test_the_faults_of_both_files_are_said(folder, capsys):
    text = (folder / "nsccl.spn").read_text("utf-8")
    (folder / "bad1.spn").write_text(text.replace("<a>8.72<", "<a>NaN<", 1), "utf-8")
    (folder / "bad2.spn").write_text(text.replace("<a>8.72<", "<a>none<", 1), "utf-8")
    said = inspected(capsys, "bad1.spn", "bad2.spn", code=2).err

    assert "bad1.spn:" in said
    assert "bad2.spn:" in said


def test_a_file_in_no_known_format_is_refused(folder, capsys):
    (folder / "letter.txt").write_text("Dear Sir or Madam\n", "utf-8")

    assert "letter.txt" in inspected(capsys, "letter.txt", code=2).err


def test_standard_input_is_for_positions(folder):
    given = (folder / "nsccl.spn").read_bytes()
    result = shell("inspect", "-", folder=folder, given=given)

    assert 2 == result.returncode
    assert b"name a file of parameters" in result.stderr
