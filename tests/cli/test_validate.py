"""``margin validate``: the report on standard output, the summary beside it, and what the exit code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml

from cli.main import run
from tests.cli.command_line import POSITIONS, REPOSITORY, clean_environment, margin, write_inputs

SCHEMA = json.loads((REPOSITORY / "configs/schema/validate.schema.json").read_text("utf-8"))
HOOKS = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clean_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    (tmp_path / "bad.csv").write_text(POSITIONS.replace(",65\n", ",x\n").replace(",-130\n", ",inf\n"), "utf-8")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``margin validate``."""
    code = run(["validate", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_sound_files_exit_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "nsccl.spn", "positions.csv")

    assert (0, "2 files, 0 warnings\n") == (code, err)
    assert "nsccl.spn: sound (parameters, spn)\npositions.csv: sound (positions, csv)\n" == out


def test_a_fault_exits_with_2_after_the_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "positions.csv", "bad.csv", "missing.csv")

    assert (2, "3 files, 3 faults in 2, 0 warnings\n") == (code, err)
    lines = out.splitlines()
    assert ["positions.csv: sound (positions, csv)", "bad.csv: 2 faults (positions, csv)"] == lines[:2]
    assert lines[2].startswith("  error: bad.csv:2: quantity is 'x'")
    assert lines[3].startswith("  error: bad.csv:4: quantity is 'inf'")
    assert "missing.csv: 1 fault" == lines[4]


def test_warnings_exit_with_1_only_if_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("-p", "nsccl.spn", "unknown.csv")
    plain, strict = said(capsys, *arguments), said(capsys, "--strict", *arguments)
    sound = said(capsys, "--strict", "-p", "nsccl.spn", "positions.csv")

    assert [0, 1, 0] == [plain[0], strict[0], sound[0]]
    assert "unknown.csv: 1 warning (positions, csv)\n  warning: unknown.csv:5: contract NSE NIFTY FUT" in plain[1]


def test_faults_win_over_strict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == said(capsys, "--strict", "-p", "nsccl.spn", "unknown.csv", "bad.csv")[0]


def test_json_keeps_its_schema(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--format", "json", "-p", "nsccl.spn", "unknown.csv", "bad.csv", "missing.csv")
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)

    assert 2 == code
    assert (3, 1) == (document["faults"], document["warnings"])
    assert ["nsccl.spn", "unknown.csv", "bad.csv", "missing.csv"] == [file["path"] for file in document["files"]]
    assert [0, 0, 2, 1] == [file["faults"] for file in document["files"]]


def test_the_schema_refuses_another_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document: dict[str, Any] = json.loads(said(capsys, "--format", "json", "nsccl.spn")[1])

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"schema_version": 2}, SCHEMA)


def test_annotations_name_file_and_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(capsys, "--format", "github", "-p", "nsccl.spn", "unknown.csv", "bad.csv", "positions.csv")
    lines = out.splitlines()

    assert 3 == len(lines)
    assert lines[0].startswith(
        "::warning file=unknown.csv,line=5,title=unknown contract::contract NSE NIFTY FUT 20260629"
    )
    assert lines[1].startswith("::error file=bad.csv,line=2,title=invalid value::quantity is 'x', expected a finite")


def test_annotations_are_escaped() -> None:
    import io

    from margin.model.problem import Problem, Reason
    from margin.report import VALIDATION_FORMATS, Presentation
    from margin.views.validate import ValidatedFile, Validation

    problem = Problem(Reason.SYNTAX, "50% of\r\nit: bad, really", file="a,b:c%.csv", line=1, column=2)
    out = io.BytesIO()
    found = Validation((ValidatedFile("a,b:c%.csv", None, None, 7, (problem,)),))
    VALIDATION_FORMATS.format("github").render(found, out, Presentation())

    first, second = out.getvalue().decode().splitlines()
    assert "::error file=a%2Cb%3Ac%25.csv,line=1,col=2,title=syntax::50%25 of%0D%0Ait: bad, really" == first
    assert "::error file=a%2Cb%3Ac%25.csv::... and 6 more" == second


def test_text_holds_nothing_that_steers_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.csv").write_text("account,contract,quantity\nA,X,\x1b[31mred\n", "utf-8")
    _, out, _ = said(capsys, "bad.csv")

    assert "\x1b" not in out


def test_reports_go_to_files_before_the_exit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "bad.csv", "-o", "found.json", "--report", "github=found.log")

    assert (2, "") == (code, out)
    assert "error: bad.csv:2: quantity is 'x'" in err
    assert 2 == json.loads((folder / "found.json").read_text("utf-8"))["faults"]
    assert 2 == (folder / "found.log").read_text("utf-8").count("::error ")


def test_quiet_leaves_the_report_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = said(capsys, "--quiet", "bad.csv")

    assert ("", 3) == (err, len(out.splitlines()))


def test_standard_input_is_read(folder: Path) -> None:
    done = margin("validate", "-", folder=folder, given=POSITIONS.encode())

    assert (0, b"-: sound (positions, csv)") == (done.returncode, done.stdout.strip())


def test_bad_arguments_exit_with_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == said(capsys)[0]
    assert 2 == said(capsys, "positions.csv", "--format", "xls")[0]
    assert 2 == said(capsys, "positions.csv", "--input-format", "xls")[0]
    assert 2 == said(capsys, "positions.csv", "-o", "positions.csv", "-f", "text")[0]


HOOK_FILES = {
    "margin-validate-parameters": (
        ["nsccl.20260625.s.spn", "data/cme.20260625.s.pa2.gz", "a/parameters/corn.yaml", "my-parameters.yml"],
        ["README.md", "notes.txt", "docs/mkdocs.yml", "positions.csv", "spn.py"],
    ),
    "margin-validate-positions": (
        ["positions.csv", "books/positions-2026.parquet", "positions/a.tsv", "book.pos", "x.ndjson.gz"],
        ["prices.csv", "positions.py", "repositions/readme.md", "package.json"],
    ),
    "margin-validate-house": (
        ["houses/cme.yaml", "my-house.yml", "house.yaml"],
        ["docker-compose.yaml", "houses/readme.md", ".pre-commit-config.yaml"],
    ),
    "margin-validate": (
        ["nsccl.20260625.s.spn", "positions.csv", "my-house.yml", "houses/cme.yaml", "my-parameters.yml", "book.pos"],
        ["README.md", "prices.csv", "docs/mkdocs.yml", "src/margin.py"],
    ),
}


@pytest.mark.parametrize("hook", [SimpleNamespace(**hook) for hook in HOOKS], ids=lambda hook: hook.id)
def test_hooks_run_the_command_on_the_files_they_name(
    hook: SimpleNamespace, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *arguments = hook.entry.split()
    wanted, unwanted = HOOK_FILES[hook.id]

    assert ("margin", "python") == (program, hook.language)
    assert 0 == run([*arguments, "nsccl.spn", "positions.csv"])
    assert wanted == [path for path in wanted if re.search(hook.files, path)]
    assert [] == [path for path in unwanted if re.search(hook.files, path)]


def test_every_hook_is_tested() -> None:
    assert set(HOOK_FILES) == {hook["id"] for hook in HOOKS}
