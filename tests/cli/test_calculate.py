import json
from pathlib import Path

import jsonschema
import polars as pl
import pytest

import margin as library
from cli.main import run
from margin.model.problem import InputRefused, Problem, Reason
from tests.cli.command_line import POSITIONS, REPOSITORY, clean_environment, write_inputs
from tests.cli.command_line import margin as shell
from tests.report.fixtures import many_accounts, small_run

SCHEMA = REPOSITORY / "configs/schema/calculate.schema.json"
INPUTS = ("-p", "nsccl.spn", "-i", "positions.csv")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    clean_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return write_inputs(tmp_path)


@pytest.fixture
def asked(folder, monkeypatch):
    """Replaces the engine by one that returns a hand-made run, and records what it was asked."""
    record = {"run": small_run()}

    def calculate(parameters, positions, **options):
        record.update(options, parameters=parameters, positions=positions)
        return record["run"]

    monkeypatch.setattr(library, "read_parameters", lambda paths, **options: paths, raising=False)
    monkeypatch.setattr(library, "read_positions", lambda paths, **options: (paths, options), raising=False)
    monkeypatch.setattr(library, "read_house", lambda name: f"house {name}", raising=False)
    monkeypatch.setattr(library, "calculate", calculate, raising=False)
    return record


def test_payload_goes_to_standard_output_and_the_summary_to_standard_error(folder):
    result = shell("calculate", *INPUTS, "--format", "json", folder=folder)
    document = json.loads(result.stdout)

    assert 0 == result.returncode
    assert ["ACC1", "ACC2"] == [account["account"] for account in document["accounts"]]
    assert b"2 accounts, 3 positions, maintenance requirement INR " in result.stderr
    assert 1 == result.stderr.count(b"\n")


def test_the_report_is_the_same_as_the_library_gives(folder):
    result = shell("calculate", *INPUTS, "--format", "json", folder=folder)
    expected = library.calculate(library.read_parameters("nsccl.spn"), library.read_positions("positions.csv"))

    assert expected.to_dict() == json.loads(result.stdout)
    jsonschema.validate(expected.to_dict(), json.loads(SCHEMA.read_bytes()))


def test_quiet_says_nothing_when_all_is_well(folder):
    result = shell("calculate", *INPUTS, "-q", folder=folder)

    assert (0, b"") == (result.returncode, result.stderr)
    assert result.stdout


def test_positions_come_from_standard_input(folder):
    result = shell("calculate", "-p", "nsccl.spn", "-i", "-", "-f", "ndjson", folder=folder, given=POSITIONS.encode())

    assert 2 == result.stdout.count(b"\n")


def test_strict_fails_after_the_report_is_written(folder):
    arguments = ("calculate", "-p", "nsccl.spn", "-i", "unknown.csv", "-o", "run.json", "--report", "csv=run.csv")
    lenient = shell(*arguments, folder=folder)
    (folder / "run.json").unlink()
    strict = shell(*arguments, "--strict", folder=folder)

    assert (0, 1) == (lenient.returncode, strict.returncode)
    assert 1 == json.loads((folder / "run.json").read_bytes())["totals"]["set_aside"]
    assert pl.read_csv(folder / "run.csv").height
    assert b"error: unknown.csv:5:" in strict.stderr
    assert b"1 set aside, 1 incomplete account left out of the requirement" in strict.stderr


def test_a_report_that_cannot_say_the_run_does_not_keep_back_the_others(folder):
    lines = POSITIONS.splitlines()
    header = lines[0].split(",")
    row = dict(zip(header, lines[1].split(","), strict=True)) | {"quantity": "1.5"}
    (folder / "fraction.csv").write_text("\n".join([lines[0], ",".join(row.values())]), "utf-8")

    result = shell(
        "calculate", "-p", "nsccl.spn", "-i", "fraction.csv", "-o", "run.json", "--report", "span-xml=run.spn",
        "--report", "csv=run.csv", folder=folder,
    )  # fmt: skip

    assert 2 == result.returncode
    assert b"1.5" in result.stderr
    assert b"error: cannot write run.spn: span-xml cannot say this" in result.stderr
    assert not (folder / "run.spn").exists()
    assert (folder / "run.csv").stat().st_size > 0
    assert 1 == json.loads((folder / "run.json").read_bytes())["totals"]["positions"]


def test_strict_is_content_with_a_clean_run(folder):
    assert 0 == shell("calculate", *INPUTS, "--strict", "-q", folder=folder).returncode


def test_faults_of_all_inputs_are_reported_and_nothing_is_written(folder):
    (folder / "broken.csv").write_text("account,quantity,contract\nA,NaN,X\nA,x,X\n")
    result = shell(
        "calculate", "-p", "missing.spn", "-i", "broken.csv", "--house", "nowhere", "-o", "run.json", folder=folder
    )

    assert (2, b"") == (result.returncode, result.stdout)
    for words in (b"missing.spn", b"broken.csv:2", b"broken.csv:3", b"nowhere", b"nothing was computed"):
        assert words in result.stderr
    assert b"Traceback" not in result.stderr
    assert not (folder / "run.json").exists()


def test_problems_are_said_once(asked, capsys):
    run(["calculate", *INPUTS])
    shown = capsys.readouterr()
    run(["calculate", *INPUTS, "-f", "csv"])
    plain = capsys.readouterr()

    assert "positions.csv:12" in shown.out
    assert "positions.csv:12" not in shown.err
    assert "error: positions.csv:12:" in plain.err
    assert "warning: positions.csv:" in plain.err


def test_quiet_keeps_errors(asked, capsys):
    run(["calculate", *INPUTS, "-f", "csv", "-q"])
    said = capsys.readouterr().err

    assert "error: positions.csv:12:" in said
    assert 1 == said.count("\n")


def test_many_problems_are_cut_unless_verbose(asked, capsys):
    problems = tuple(Problem(Reason.INVALID_VALUE, f"number {i}") for i in range(30))
    asked["run"] = small_run(problem_list=problems)
    run(["calculate", *INPUTS, "-f", "csv"])
    brief = capsys.readouterr().err
    run(["calculate", *INPUTS, "-f", "csv", "-v"])
    full = capsys.readouterr().err

    assert "number 29" not in brief
    assert "... and 10 more" in brief
    assert "number 29" in full
    assert "read nsccl.20260625.s.spn (spn, NSCCL 2026-06-25 settlement, revision 1), sha256 3fa9" in full


def test_options_reach_the_engine(asked, folder):
    (folder / "wanted.txt").write_text("ACC2\n\nACC1\r\nACC2\n")
    code = run(
        ["calculate", *INPUTS, "-p", "b.spn", "--input-format", "csv", "--house", "cme", "--rounding", "none",
         "--account-type", "H", "--quantity-unit", "lots", "--as-of", "2026-06-26", "--only", "@wanted.txt",
         "--threads", "3"]
    )  # fmt: skip

    assert 0 == code
    assert ["nsccl.spn", "b.spn"] == asked["parameters"]
    assert ["positions.csv"] == asked["positions"][0]
    assert "csv" == asked["positions"][1]["input_format"]
    expected = {
        "house": "house cme", "rounding": "none", "account_type": "H", "quantity_unit": "lots",
        "as_of": "2026-06-26", "only": ("ACC2", "ACC1"), "threads": 3,
    }  # fmt: skip
    assert expected == {name: asked[name] for name in expected}


def test_without_options_the_engine_decides(asked):
    run(["calculate", *INPUTS])

    expected = dict.fromkeys(["house", "account_type", "quantity_unit", "as_of", "only", "threads"])
    assert {**expected, "rounding": "house"} == {name: asked[name] for name in [*expected, "rounding"]}


def test_the_environment_gives_options_and_the_command_line_wins(asked, monkeypatch):
    monkeypatch.setenv("MARGIN_PARAMETERS", "one.spn:two.spn")
    monkeypatch.setenv("MARGIN_POSITIONS", "positions.csv")
    monkeypatch.setenv("MARGIN_HOUSE", "cme")
    monkeypatch.setenv("MARGIN_STRICT", "true")

    assert 1 == run(["calculate", "--house", "nsccl"])
    assert ["one.spn", "two.spn"] == asked["parameters"]
    assert "house nsccl" == asked["house"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["calculate"], "--parameters"),
        (["calculate", "-p", "nsccl.spn"], "--positions"),
        (["calculate", *INPUTS, "--format", "jsn"], "did you mean json"),
        (["calculate", *INPUTS, "--rounding", "up"], "'house', 'none'"),
        (["calculate", *INPUTS, "--threads", "0"], "--threads"),
        (["calculate", *INPUTS, "--as-of", "20260631"], "2026-06-25"),
        (["calculate", *INPUTS, "--only", ","], "names no account"),
        (["calculate", *INPUTS, "--only", "@nowhere.txt"], "nowhere.txt"),
        (["calculate", *INPUTS, "-q", "-v"], "exclude each other"),
        (["calculate", *INPUTS, "-i", "-", "-i", "-"], "can be read once"),
        (["calculate", *INPUTS, "-o", "run.xlsx"], "--format"),
        (["calculate", *INPUTS, "-o", "no/run.json"], "does not exist"),
        (["calculate", *INPUTS, "-o", "."], "--format"),
        (["calculate", *INPUTS, "-f", "csv", "-o", "."], "is a folder"),
        (["calculate", *INPUTS, "-f", "csv", "-o", "positions.csv"], "is also an input"),
        (["calculate", *INPUTS, "--report", "json"], "FORMAT=FILE"),
        (["calculate", *INPUTS, "--report", "jsn=a.json"], "did you mean json"),
        (["calculate", *INPUTS, "-o", "a.json", "--report", "csv=./a.json"], "named for two reports"),
        (["calculate", *INPUTS, "--positionz", "x"], "--positions"),
        (["calculat"], "calculate"),
    ],
)
def test_bad_arguments_exit_with_2_and_say_what_to_do(asked, capsys, arguments, words):
    code = run(arguments)
    said = capsys.readouterr()

    assert (2, "") == (code, said.out)
    assert said.err.startswith("error: ")
    assert words in said.err
    assert "run" in asked
    assert "parameters" not in asked  # nothing was computed


def test_where_a_bad_value_comes_from_is_said(asked, capsys, monkeypatch, folder):
    monkeypatch.setenv("MARGIN_THREADS", "many")
    assert 2 == run(["calculate", *INPUTS])
    assert "set in the environment" in capsys.readouterr().err

    monkeypatch.delenv("MARGIN_THREADS")
    (folder / "margin.yaml").write_text("threads: many\n")
    assert 2 == run(["calculate", *INPUTS])
    assert "set in margin.yaml" in capsys.readouterr().err


def test_an_internal_error_exits_with_3_and_one_paragraph(asked, capsys, monkeypatch):
    monkeypatch.setattr(library, "calculate", lambda *_, **__: 1 / 0, raising=False)
    code = run(["calculate", *INPUTS])
    brief = capsys.readouterr()
    run(["calculate", *INPUTS, "--verbose"])
    full = capsys.readouterr()

    assert (3, "") == (code, brief.out)
    assert "internal error" in brief.err
    assert "ZeroDivisionError" in brief.err
    assert 1 == brief.err.count("\n")
    assert "Traceback" in full.err


def test_an_interruption_exits_with_130(asked, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "calculate", interrupt, raising=False)

    assert 130 == run(["calculate", *INPUTS])
    assert "error: interrupted\n" == capsys.readouterr().err


def test_refusals_list_everything_up_to_the_limit(asked, capsys, monkeypatch):
    def refuse(*_, **__):
        raise InputRefused([Problem(Reason.SYNTAX, f"fault {i}", file="a\x1b[31m", line=i) for i in range(100)], 1_234)

    monkeypatch.setattr(library, "calculate", refuse, raising=False)

    assert 2 == run(["calculate", *INPUTS])
    said = capsys.readouterr().err
    assert "fault 99" in said
    assert "... and 1,134 more" in said
    assert "1,234 problems" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("name", ["csv", "json", "ndjson", "parquet", "table"])
def test_a_reader_that_leaves_early_is_no_failure(asked, monkeypatch, capsys, name):
    class Closed:
        def write(self, content):
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self):
            pass

    class Output:
        encoding, buffer = "utf-8", Closed()

        def flush(self):
            pass

        def isatty(self):
            return False

    monkeypatch.setattr("sys.stdout", Output())

    assert 0 == run(["calculate", *INPUTS, "-f", name, "--report", "json=run.json", "-q"])
    assert small_run().to_dict() == json.loads(Path("run.json").read_bytes())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_exits_with_2(folder):
    with Path("/dev/full").open("wb") as full:
        result = shell("calculate", *INPUTS, folder=folder, stdout=full)

    assert 2 == result.returncode
    assert b"error: cannot write standard output: No space left on device" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "is_colored"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"MARGIN_COLOR": "always"}, True),
    ],
)
def test_colors_follow_the_option_then_the_environment_then_the_terminal(
    asked, capsys, monkeypatch, arguments, variables, is_colored
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run(["calculate", *INPUTS, *arguments, "-o", "run.txt", "--report", "table=-"])

    assert is_colored == ("\x1b[" in capsys.readouterr().out)


def test_files_are_colored_only_on_demand(asked, monkeypatch, folder):
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(["calculate", *INPUTS, "-o", "plain.txt", "-q"])
    run(["calculate", *INPUTS, "-o", "colored.txt", "-q", "--color", "always"])

    assert b"\x1b[" not in (folder / "plain.txt").read_bytes()
    assert b"\x1b[" in (folder / "colored.txt").read_bytes()


def test_eighty_columns_are_enough_without_a_terminal(asked, capsys):
    run(["calculate", *INPUTS])

    assert 80 >= max(map(len, capsys.readouterr().out.splitlines()))


def test_selected_accounts_are_all_shown_in_detail(asked, capsys):
    asked["run"] = many_accounts(8)
    run(["calculate", *INPUTS])
    usual = capsys.readouterr().out
    run(["calculate", *INPUTS, "--only", ",".join(f"A{i:05}" for i in range(8))])

    assert 5 == usual.count("net positions")
    assert 8 == capsys.readouterr().out.count("net positions")


def test_help_is_text_of_eighty_columns_with_examples(asked, capsys):
    assert 0 == run(["calculate", "--help"])
    shown = capsys.readouterr()

    assert "" == shown.err
    assert "margin calculate -p nsccl.20260625.s.spn -i positions.csv" in shown.out
    assert "MARGIN_PARAMETERS" in shown.out


def test_a_session_is_chosen_by_option_or_environment(folder):
    text = Path("nsccl.spn").read_text()
    start, end = text.index("<pointInTime>"), text.index("</pointInTime>") + len("</pointInTime>")
    settlement = text[start:end].replace("<isSetl>0</isSetl>", "<isSetl>1</isSetl>")
    later = text[start:end].replace("<date>20260625</date>", "<date>20260626</date>")
    Path("nsccl.spn").write_text(text[:end] + settlement + later + text[end:])

    def dates_and_sessions(*options, **variables):
        document = json.loads(shell("calculate", *INPUTS, "-f", "json", *options, folder=folder, **variables).stdout)
        return [(source["business_date"], source["session"]) for source in document["run"]["parameters"]]

    assert [("2026-06-25", "settlement early")] == dates_and_sessions()
    assert [("2026-06-25", "settlement early")] == dates_and_sessions("--session", "settlement")
    assert [("2026-06-26", "intraday early")] == dates_and_sessions("--session", "intraday")
    assert [("2026-06-25", "intraday early")] == dates_and_sessions("--session", "1")
    assert [("2026-06-26", "intraday early")] == dates_and_sessions(MARGIN_SESSION="3")


def test_a_word_that_is_no_session_is_a_bad_argument(folder):
    result = shell("calculate", *INPUTS, "--session", "noon", folder=folder)

    assert 2 == result.returncode
    assert b"expected settlement, intraday or a number from 1" in b" ".join(result.stderr.split())
