"""Every bad input is refused with a message of its own that names the file, and never with a traceback."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from tests.cli.command_line import POSITIONS, UNKNOWN, clean_environment, write_inputs
from tests.read.parameters.spn_documents import (
    CC_METHODS,
    CC_TAIL,
    FUTURES,
    NIFTY_LOSSES,
    PHYSICALS,
    cc_def,
    clearing_org,
    d_spread,
    document,
    family,
    future,
    indented,
    leg,
    link,
    point_in_time,
    ra,
    und_pf,
)

TEXT = indented(document())
HEADER, FIRST, *_ = POSITIONS.splitlines()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clean_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return write_inputs(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``margin calculate``."""
    code = run(["calculate", *arguments])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return code, shown.out, shown.err


def with_array(losses: tuple[float, ...]) -> str:
    """A file whose second future has these losses."""
    futures = family("futPf", 2, "NIFTY", und_pf(), future(1, "20260630"), future(2, "20260728", array=ra(losses)))
    links = link(1, "PHY") + link(2, "FUT")
    return indented(document(point_in_time(clearing_org(PHYSICALS + futures, cc_def(links=links)))))


def bomb() -> str:
    """A document of entities that would grow to gigabytes."""
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return TEXT.replace("<spanFile>", f'<!DOCTYPE spanFile [<!ENTITY l0 "ha">{entities}]><spanFile>&l9;', 1)


def external() -> str:
    """A document that asks for a file of the machine."""
    return TEXT.replace("<spanFile>", '<!DOCTYPE spanFile [<!ENTITY e SYSTEM "file:///etc/passwd">]><spanFile>&e;', 1)


DUPLICATED = indented(
    document(
        point_in_time(
            clearing_org(
                PHYSICALS + family("futPf", 2, "NIFTY", und_pf(), future(1, "20260630"), future(2, "20260630")),
                cc_def(links=link(1, "PHY") + link(2, "FUT")),
            )
        )
    )
)

BAD_PARAMETERS: dict[str, tuple[str | bytes, str]] = {
    "truncated": (TEXT[: len(TEXT) // 2], "the file ends inside"),
    "wrong root": ("<otherFile><a>1</a></otherFile>\n", "otherFile"),
    "entity bomb": (bomb(), "document type declaration"),
    "external entity": (external(), "document type declaration"),
    "not a zip": (b"PK\x03\x04 and nothing that a zip file has", "zip"),
    "not a gzip": (b"\x1f\x8b\x08 and nothing that a gzip file has", "gzip"),
    "too few losses": (with_array(NIFTY_LOSSES[:15]), "15"),
    "too many losses": (with_array((*NIFTY_LOSSES, 1.0)), "17"),
    "a loss that is no number": (TEXT.replace("<a>753.93</a>", "<a>NaN</a>", 1), "NaN"),
    "an infinite loss": (TEXT.replace("<a>753.93</a>", "<a>1e999</a>", 1), "1e999"),
    "the same contract twice": (DUPLICATED, "20260630"),
    "no content": (b"", "empty"),
    "neither text nor XML": (b"\x00\x01\x02\x03" * 50, "expected one of"),
}


@pytest.mark.parametrize("name", BAD_PARAMETERS)
def test_a_bad_parameter_file_is_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words = BAD_PARAMETERS[name]
    (folder / "bad.spn").write_bytes(content if isinstance(content, bytes) else content.encode())

    code, out, err = said(capsys, "-p", "bad.spn", "-i", "positions.csv", "-f", "json")

    assert (2, "") == (code, out)
    assert "bad.spn" in err
    assert words in err
    assert "root:" not in err  # of the file that an external entity asks for


BAD_POSITIONS: dict[str, tuple[str | bytes, str]] = {
    "a quantity that is no number": (f"{HEADER}\n{FIRST.replace(',65', ',NaN')}\n", "NaN"),
    "an infinite quantity": (f"{HEADER}\n{FIRST.replace(',65', ',inf')}\n", "inf"),
    "no quantity": (f"{HEADER}\n{FIRST.replace(',65', ',')}\n", "quantity"),
    "a word for a quantity": (f"{HEADER}\n{FIRST.replace(',65', ',many')}\n", "many"),
    "a misspelt column": (f"{HEADER.replace('quantity', 'quantty')}\n{FIRST}\n", "did you mean"),
    "no account column": (f"{HEADER.replace('account,', 'who,', 1)}\n{FIRST}\n", "account"),
    "a net position of a gross account": (
        f"is_customer,{HEADER}\nfalse,{FIRST.replace(',S,', ',M,')}\n",
        "give long and short",
    ),
    "a workbook": (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml" + b"\x00" * 50, "workbook"),
    "no content": (b"", "empty"),
    "a truncated position file": ("<posFile><pointInTime><portfolio><acctId>A</acctId>", "bad.csv"),
}


@pytest.mark.parametrize("name", BAD_POSITIONS)
def test_a_bad_positions_file_is_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words = BAD_POSITIONS[name]
    (folder / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    code, out, err = said(capsys, "-p", "nsccl.spn", "-i", "bad.csv", "-f", "json")

    assert (2, "") == (code, out)
    assert words in err
    assert "bad.csv" in err


def test_an_unknown_account_type_is_refused_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.csv").write_text(f"{HEADER}\n{FIRST.replace(',S,', ',Q,')}\n", "utf-8")

    code, out, err = said(capsys, "-p", "nsccl.spn", "-i", "bad.csv", "-f", "json")

    assert (2, "") == (code, out)
    assert "account type 'Q'" in err
    assert "bad.csv:2" in err


def test_every_fault_has_a_message_of_its_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages = set()
    cases = [("bad.spn", case) for case in BAD_PARAMETERS.values()]
    cases += [("bad.csv", case) for case in BAD_POSITIONS.values()]
    for file, (content, _) in cases:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        names = ("bad.spn", "positions.csv") if file == "bad.spn" else ("nsccl.spn", "bad.csv")
        _, _, err = said(capsys, "-p", names[0], "-i", names[1], "-f", "json")
        messages.add(err)

    # A bomb and an external entity are the same fault: a declaration that could hold either is not read.
    assert len(cases) - 1 == len(messages)


def test_a_header_without_rows_is_an_empty_book(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.csv").write_text(HEADER + "\n")

    code, out, err = said(capsys, "-p", "nsccl.spn", "-i", "bad.csv", "-f", "json")

    assert code in (0, 2)
    assert "bad.csv" in err
    assert (code == 2) == (out == "")


@pytest.mark.parametrize(("parameters", "positions"), [(".", "positions.csv"), ("nsccl.spn", ".")])
def test_a_folder_is_no_file(parameters: str, positions: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "-p", parameters, "-i", positions, "-f", "json")

    assert (2, "") == (code, out)
    assert "folder" in err or "directory" in err


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser reads every file")
@pytest.mark.parametrize("name", ["nsccl.spn", "positions.csv"])
def test_a_file_that_may_not_be_read_is_named(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).chmod(0)

    code, out, err = said(capsys, "-p", "nsccl.spn", "-i", "positions.csv", "-f", "json")

    assert (2, "") == (code, out)
    assert name in err


# --- what is set aside ---------------------------------------------------------------------------------------------


def test_an_unknown_contract_is_set_aside_with_the_nearest_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "-p", "nsccl.spn", "-i", "unknown.csv", "-f", "json")
    document_ = json.loads(out)
    accounts = {account["account"]: account for account in document_["accounts"]}
    (problem,) = document_["problems"]

    assert 0 == code
    assert {"ACC1": True, "ACC2": False} == {name: account["complete"] for name, account in accounts.items()}
    assert ("unknown_contract", "unknown.csv", 5) == (problem["reason"], problem["file"], problem["line"])
    assert "NSE NIFTY FUT 20260630" == problem["attributes"]["hint"]
    assert "NSE NIFTY FUT 20260630" in err


def test_strict_exits_with_1_after_the_report_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(
        capsys, "-p", "nsccl.spn", "-i", "unknown.csv", "-f", "json", "--report", "csv=run.csv", "--strict"
    )

    assert 1 == code
    assert 1 == json.loads(out)["totals"]["set_aside"]
    assert (folder / "run.csv").stat().st_size > 0
    assert "unknown.csv" in err


# --- rules that are refused ----------------------------------------------------------------------------------------

RULES: dict[str, tuple[Callable[[], str], str]] = {
    "charge method P": (
        lambda: cc_def(
            tail=CC_TAIL.replace("<chargeMeth>F</chargeMeth>", "<chargeMeth>P</chargeMeth>"),
        ),
        "chargeMeth",
    ),
    "an unknown charge method of a spread's own": (
        lambda: cc_def(tail=CC_TAIL + d_spread(2, leg("20260630", "A"), leg("20260728", "B"), method="P")),
        "chargeMeth",
    ),
    "an unknown short option minimum": (
        lambda: cc_def(head=CC_METHODS.replace("<somMeth>GROSS</somMeth>", "<somMeth>LEAST</somMeth>")),
        "somMeth",
    ),
    "liquidation risk": (
        lambda: cc_def(head=CC_METHODS.replace("<procMeth>NORMAL</procMeth>", "<procMeth>LIQ</procMeth>")),
        "procMeth",
    ),
    "a liquidation rate": (lambda: cc_def(tail=CC_TAIL + "<liqRate><r>1</r><val>2.0</val></liqRate>"), "liqRate"),
}


def calculated(
    folder: Path, capsys: pytest.CaptureFixture[str], commodities: str, families: str, positions: str
) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON and messages of a book margined under some commodities."""
    text = indented(document(point_in_time(clearing_org(families, commodities))))
    (folder / "rules.spn").write_text(text, "utf-8")
    (folder / "book.csv").write_text(positions, "utf-8")
    code, out, err = said(capsys, "-p", "rules.spn", "-i", "book.csv", "-f", "json")
    return code, json.loads(out), err


@pytest.mark.parametrize("name", RULES)
def test_a_refused_rule_of_a_held_commodity_leaves_it_out(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commodity, element = RULES[name]
    links = link(1, "PHY") + link(2, "FUT")
    text = commodity().replace(link(3, "OOP"), "")
    assert links in text

    code, found, err = calculated(folder, capsys, text, PHYSICALS + FUTURES, POSITIONS)
    errors = [problem for problem in found["problems"] if problem["severity"] == "error"]

    assert 0 == code
    for account in found["accounts"]:
        assert (False, None) == (account["complete"], account["maintenance_requirement"])
        assert {None} == {row["requirement"] for row in account["commodities"]}
    assert errors
    assert all(problem["reason"] == "unsupported_rule" and "rules.spn" == problem["file"] for problem in errors)
    assert any(element in problem["attributes"]["element"] and element in problem["message"] for problem in errors)
    assert element in err


@pytest.mark.parametrize("name", RULES)
def test_a_refused_rule_of_a_commodity_that_nobody_holds_has_no_effect(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commodity, _ = RULES[name]
    refused = commodity().replace(link(3, "OOP"), "")
    other = family("futPf", 5, "GOLD", und_pf(1), future(1, "20260630"), future(2, "20260728"))
    sound = cc_def("GOLD", links=link(5, "FUT", "GOLD"), tail=CC_TAIL.replace(">NIFTY<", ">GOLD<"))
    book = POSITIONS.replace("NIFTY", "GOLD")

    code, found, _ = calculated(folder, capsys, refused + sound, PHYSICALS + FUTURES + other, book)

    assert (0, []) == (code, found["problems"])
    assert [True, True] == [account["complete"] for account in found["accounts"]]


def test_unknown_and_known_rows_do_not_mix_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mixed.csv").write_text(HEADER + "\n" + UNKNOWN + FIRST + "\n")
    (folder / "clean.csv").write_text(HEADER + "\n" + FIRST + "\n")

    _, mixed, _ = said(capsys, "-p", "nsccl.spn", "-i", "mixed.csv", "-f", "json")
    _, clean, _ = said(capsys, "-p", "nsccl.spn", "-i", "clean.csv", "-f", "json")

    assert json.loads(clean)["accounts"][0] == json.loads(mixed)["accounts"][0]
