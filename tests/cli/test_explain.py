import json

import jsonschema
import pytest

from cli.main import run
from tests.cli.command_line import POSITIONS, REPOSITORY, clean_environment, write_inputs
from tests.cli.command_line import margin as shell

SCHEMA = json.loads((REPOSITORY / "configs/schema/explain.schema.json").read_bytes())
INPUTS = ("-p", "nsccl.spn", "-i", "positions.csv")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    clean_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return write_inputs(tmp_path)


def test_the_tree_goes_to_standard_output_and_nothing_else_is_said(folder):
    result = shell("explain", *INPUTS, "--account", "ACC1", "-q", folder=folder)

    assert (0, b"") == (result.returncode, result.stderr)
    assert result.stdout.startswith(b"ABC/ACC1 (S) explained, in INR\n")
    assert 80 >= max(map(len, result.stdout.decode().splitlines()))


def test_the_report_is_what_the_library_gives(folder):
    import margin

    result = shell("explain", *INPUTS, "--account", "ACC1", "--format", "json", folder=folder)
    document = json.loads(result.stdout)
    whole = margin.calculate(margin.read_parameters("nsccl.spn"), margin.read_positions("positions.csv"))

    jsonschema.validate(document, SCHEMA)
    assert whole.explain("ACC1") == document
    row = next(account for account in whole.to_dict()["accounts"] if account["account"] == "ACC1")
    assert row["maintenance_requirement"] == document["requirement"]["value"]


def test_reports_are_written_to_files_beside_the_tree(folder):
    arguments = ("--account", "ACC1", "--why", "scan_risk", "--depth", "1", "-o", "why.md", "--report", "json=why.json")
    result = shell("explain", *INPUTS, *arguments, folder=folder)

    assert (0, b"") == (result.returncode, result.stdout)
    assert (folder / "why.md").read_text("utf-8").startswith("# ABC/ACC1")
    assert ["scan_risk"] == json.loads((folder / "why.json").read_bytes())["why"]


def test_strict_fails_after_the_explanation_is_written(folder):
    arguments = ("explain", "-p", "nsccl.spn", "-i", "unknown.csv", "--account", "ACC2")
    lenient, strict = shell(*arguments, folder=folder), shell(*arguments, "--strict", folder=folder)
    clean = shell("explain", *INPUTS, "--account", "ACC2", "--strict", folder=folder)

    assert (0, 1, 0) == (lenient.returncode, strict.returncode, clean.returncode)
    assert b"set aside: NSE NIFTY FUT 20260629" in strict.stdout
    assert lenient.stdout == strict.stdout


def test_positions_come_from_standard_input(folder):
    arguments = ("explain", "-p", "nsccl.spn", "-i", "-", "--account", "ACC2", "-f", "json")
    result = shell(*arguments, folder=folder, given=POSITIONS.encode())

    assert "ACC2" == json.loads(result.stdout)["account"]["account"]


def test_problems_are_said_where_the_report_does_not_show_them(folder, capsys):
    run(["explain", "-p", "nsccl.spn", "-i", "unknown.csv", "--account", "ACC2"])
    shown = capsys.readouterr()
    run(["explain", "-p", "nsccl.spn", "-i", "unknown.csv", "--account", "ACC2", "-f", "json"])
    plain = capsys.readouterr()

    assert "error: unknown.csv:5:" in shown.out
    assert "unknown.csv:5" not in shown.err
    assert "error: unknown.csv:5:" in plain.err


def test_everything_is_longer(folder, capsys):
    run(["explain", *INPUTS, "--account", "ACC1"])
    brief = capsys.readouterr().out
    run(["explain", *INPUTS, "--account", "ACC1", "--all"])

    assert len(brief) < len(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--account", "ACC3"], "did you mean 'ACC"),
        (["--account", "ACC1", "--firm", "XYZ"], "there is firm ABC"),
        (["--account", "ACC1", "--why", "scanrisk"], "did you mean 'scan_risk'?"),
        (["--account", "ACC1", "--format", "csv"], "formats: json, markdown, tree"),
        (["--account", "ACC1", "-o", "why.csv"], "--format"),
        (["--account", "ACC1", "--report", "mardown=a.md"], "did you mean markdown"),
        (["--account", "ACC1", "--depth", "-1"], "--depth"),
        (["--account", "ACC1", "-i", "-", "-i", "-"], "can be read once"),
        (["--account", "ACC1", "-q", "-v"], "exclude each other"),
        ([], "--account"),
    ],
)
def test_bad_arguments_exit_with_2_and_say_what_to_do(folder, capsys, arguments, words):
    code = run(["explain", *INPUTS, *arguments])
    said = capsys.readouterr()

    assert (2, "") == (code, said.out)
    assert said.err.startswith("error: ")
    assert words in said.err


def test_help_shows_examples_and_exit_codes(capsys):
    assert 0 == run(["explain", "--help"])
    shown = capsys.readouterr().out

    assert "margin explain -p cme.spn -i positions.csv --account ACC1 --why intercommodity_credit" in shown
    assert "MARGIN_WHY" in shown
