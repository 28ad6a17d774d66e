"""Files in one format become files in another that mean the same."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import margin as library
from cli.main import run
from margin.model.position import PositionBook
from tests.cli.command_line import REPOSITORY, clean_environment, margin, write_inputs

EXAMPLE = REPOSITORY / "examples" / "01-nse-end-of-day"
GROSS = (
    "firm,account,account_type,is_customer,segregation,currency,clearing_org,exchange,product,type,expiry,"
    "quantity,long,short,business_date\n"
    "F,A,S,1,CUST,INR,NSCCL,NSE,NIFTY,FUT,20260630,,5,2,2026-06-25\n"
    "F,A,S,1,CUST,INR,NSCCL,NSE,NIFTY,FUT,20260728,-3,,,2026-06-25\n"
)


NET = (
    "firm,account,account_type,is_customer,segregation,currency,clearing_org,commodity,exchange,product,type,expiry,"
    "underlying_expiry,right,strike,quantity,business_date\n"
    "F,A&B,S,1,CUST,INR,NSCCL,NIFTY,NSE,NIFTY,FUT,20260630,,,,-3,2026-06-25\n"
    "F,C,M,0,HOUS,INR,NSCCL,NIFTY,NSE,NIFTY,OOP,20260630,00000000,P,24000.05,75,2026-06-25\n"
)
HOUSE = """\
format: margin-parameters
version: 1
clearing_org: LONDON
business_date: 2026-06-25
currency: GBP
scenario_grid:
  points: [{price_move: 1, volatility_move: 0, weight: 1}, {price_move: -1, volatility_move: 0, weight: 1}]
commodities: [{code: P}]
contracts:
  - {id: P, commodity: P, type: FUT, period: 202609, tick_value: 10, losses: [10, -10]}
"""


def rows(book: PositionBook) -> list[str]:
    """What a book says, however it orders rows and columns."""
    (part,) = book.parts
    names = sorted(part.frame.columns)
    return sorted(
        str({name: row[name] for name in names if row[name] is not None}) for row in part.frame.iter_rows(named=True)
    )


Say = Callable[..., tuple[int, str]]


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Converts inside the test's own process and folder; gives the exit code and what was said."""
    clean_environment(monkeypatch)
    monkeypatch.chdir(write_inputs(tmp_path))

    def converted(*arguments: str) -> tuple[int, str]:
        code = run(["convert", *arguments])
        return int(code), capsys.readouterr().err

    return converted


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_positions_pass_through_every_format_unchanged(convert: Say, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(NET, "utf-8")
    expected = rows(library.read_positions(tmp_path / "a.csv"))
    source = "a.csv"
    for name, option in (
        ("c.ndjson", ()),
        ("d.parquet", ()),
        ("e.pos", ()),
        ("f.csv", ("--to", "spanposconv")),
        ("g.jsonl", ()),
        ("h", ("--to", "posfile")),
        ("i.csv", ()),
    ):
        code, said = convert(source, name, *option)
        source = name

        assert 0 == code, said
        assert expected == rows(library.read_positions(tmp_path / name)), name


def test_gross_positions_survive_a_posfile(convert: Say, tmp_path: Path) -> None:
    (tmp_path / "gross.csv").write_text(GROSS, "utf-8")
    code, said = convert("gross.csv", "gross.pos")

    assert 0 == code
    assert "warning: 1 account states no balances" in said
    assert said.endswith("2 positions, from csv to posfile\n")
    assert rows(library.read_positions(tmp_path / "gross.csv")) == rows(library.read_positions(tmp_path / "gross.pos"))


def test_strict_fails_after_writing_what_is_less_exact(convert: Say, tmp_path: Path) -> None:
    (tmp_path / "gross.csv").write_text(GROSS, "utf-8")
    codes = [
        convert("gross.csv", *arguments)[0]
        for arguments in (("loose.pos",), ("strict.pos", "--strict"), ("exact.csv", "--strict"))
    ]

    assert [0, 1, 0] == codes
    assert (tmp_path / "loose.pos").read_bytes() == (tmp_path / "strict.pos").read_bytes()


def test_standard_input_and_output(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    given = (inputs / "positions.csv").read_bytes()
    told = margin("convert", "-", "-", "--to", "ndjson", folder=inputs, given=given)
    named = margin("convert", "-", "-", "--from", "csv", "--to", "ndjson", "-q", folder=inputs, given=given)

    assert (0, 0) == (told.returncode, named.returncode)
    assert told.stdout == named.stdout
    assert 3 == len(told.stdout.splitlines())
    assert {"firm": "ABC", "account": "ACC1", "quantity": 65}.items() <= json.loads(told.stdout.splitlines()[0]).items()
    assert b"3 positions, from csv to ndjson\n" == told.stderr
    assert b"" == named.stderr


def test_binary_output_is_whole(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    result = margin("convert", "positions.csv", "-", "--to", "parquet", folder=inputs)

    assert 3 == pl.read_parquet(io.BytesIO(result.stdout)).height


def test_what_a_format_cannot_say_is_refused_whole_and_the_old_file_stays(convert: Say, tmp_path: Path) -> None:
    (tmp_path / "out.pos").write_text("old", "utf-8")
    code, said = convert("positions.csv", "out.pos")

    assert 2 == code
    for column in ("is_customer", "currency", "clearing_org", "business_date"):
        assert f"positions.csv:2: 3 positions, first here, without {column}," in said
    assert "old" == (tmp_path / "out.pos").read_text("utf-8")
    assert ["nsccl.spn", "out.pos", "positions.csv", "unknown.csv"] == names_in(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("positions.csv", "positions.csv"), "is the input"),
        (("positions.csv", "./link.csv"), "is the input"),
        (("positions.csv", "."), "is a folder"),
        (("positions.csv", "no/where.csv"), "does not exist"),
        (("positions.csv", "a.xls"), "is not one of .csv, .jsonl, .ndjson, .parquet, .pos"),
        (("positions.csv", "a.csv", "--to", "posfle"), "did you mean posfile?"),
        (("positions.csv", "a.csv", "--to", "spn"), "is not a format that can be written"),
        (("positions.csv", "-"), "say the format of standard output with --to"),
        (("positions.csv", "a.pos", "--from", "xls"), "there is no format 'xls'"),
        (("nsccl.spn", "a.csv"), "parameters of spn: the ending"),
        (("nsccl.spn", "a.margin", "--from", "house"), "in the format spn, not house as --from says"),
        (("mine.yaml", "a.spn"), "is a house policy"),
        (("missing.csv", "a.pos"), "no such file"),
        (("notes.md", "a.pos"), "neither risk parameters, positions, market data nor a house policy"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(
    arguments: tuple[str, ...], words: str, convert: Say, tmp_path: Path
) -> None:
    (tmp_path / "link.csv").symlink_to("positions.csv")
    (tmp_path / "notes.md").write_text("# Notes\n", "utf-8")
    (tmp_path / "mine.yaml").write_text("format: margin-house\n", "utf-8")
    before = names_in(tmp_path)
    code, said = convert(*arguments)

    assert 2 == code
    assert words in said
    assert before == names_in(tmp_path)


def test_parameters_on_standard_input_must_be_named(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path)
    given = (inputs / "nsccl.spn").read_bytes()
    told = margin("convert", "-", "a.margin", folder=inputs, given=given)
    named = margin("convert", "-", "a.margin", "--from", "spn", folder=inputs, given=given)

    assert (2, 0) == (told.returncode, named.returncode), named.stderr.decode()
    assert b"say so with --from spn" in told.stderr
    assert (inputs / "a.margin").exists()


def test_decimals_of_a_spreadsheet_may_be_stated(convert: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "book.csv").write_text("account;contract;quantity\nA;X;1.234\n", "utf-8")
    code, said = convert("book.csv", "a.csv")
    assert 2 == code
    assert "--decimal point or --decimal comma" in said

    assert 0 == convert("book.csv", "a.csv", "--decimal", "comma")[0]
    assert "account,contract,quantity\nA,X,1234\n" == (tmp_path / "a.csv").read_text("utf-8")
    monkeypatch.setenv("MARGIN_DECIMAL", "point")
    assert 0 == convert("book.csv", "a.csv")[0]
    assert "account,contract,quantity\nA,X,1.234\n" == (tmp_path / "a.csv").read_text("utf-8")


def test_a_reader_that_closes_the_pipe_has_what_it_wanted(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("account,contract,quantity\n" + "A,X,1\n" * 200_000, "utf-8")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as broken:
        result = margin("convert", "book.csv", "-", "--to", "ndjson", folder=tmp_path, stdout=broken)

    assert (0, b"200,000 positions, from csv to ndjson\n") == (result.returncode, result.stderr)


def test_the_same_margin_comes_out_of_converted_files(convert: Say, tmp_path: Path) -> None:
    for source, target in (
        ("nsccl.spn", "nsccl.margin"),
        ("nsccl.margin", "again.spn"),
        ("positions.csv", "positions.parquet"),
    ):
        code, said = convert(source, target)
        assert 0 == code, said
    runs = [
        library.calculate(library.read_parameters(parameters, cache=False), library.read_positions(positions)).to_dict()
        for parameters in ("nsccl.spn", "nsccl.margin", "again.spn")
        for positions in ("positions.csv", "positions.parquet")
    ]

    assert [runs[0]["accounts"]] * 6 == [run["accounts"] for run in runs]
    assert 0 < runs[0]["totals"]["by_currency"][0]["maintenance_requirement"]


def test_a_house_configuration_becomes_a_columnar_file(convert: Say, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(HOUSE, "utf-8")
    code, said = convert("p.yaml", "p.margin")

    assert 0 == code, said
    assert said.endswith("1 combined commodity, 1 contract, from house to arrow\n")
    assert 2 == convert("p.margin", "q.yaml")[0]


class TestLibrary:
    def test_a_file_is_written_by_its_ending_or_a_named_format(self, tmp_path: Path) -> None:
        book = library.read_positions(EXAMPLE / "positions.csv")
        out = io.BytesIO()

        assert () == library.write_positions(book, tmp_path / "a.csv")
        assert () == library.write_positions(book, tmp_path / "b", "csv")
        assert () == library.write_positions(book, out, format="csv")
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b").read_bytes() == out.getvalue()

    @pytest.mark.parametrize(("target", "name"), [("a.xls", None), ("a.csv", "xls"), (io.BytesIO(), None)])
    def test_an_unknown_format_is_an_error_of_the_caller(self, target: str | io.BytesIO, name: str | None) -> None:
        book = library.read_positions(EXAMPLE / "positions.csv")

        with pytest.raises(ValueError, match=r"name the format|name one of|is not a format"):
            library.write_positions(book, target, name)
        with pytest.raises(ValueError, match=r"name the format|name one of|is not a format"):
            library.write_parameters(library.read_parameters(EXAMPLE / "parameters.spn"), target, name)
