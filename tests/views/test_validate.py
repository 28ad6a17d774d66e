"""Validation: every fault and warning of every file at once, told apart by content, and nothing raised."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import margin
from margin.model.problem import InputRefused, Reason, Severity
from margin.views.validate import ValidatedFile, Validation
from tests.cli.command_line import POSITIONS, UNKNOWN, write_inputs
from tests.read.parameters.spn_documents import (
    CC_METHODS,
    CC_TAIL,
    FUTURES,
    PHYSICALS,
    cc_def,
    clearing_org,
    d_spread,
    document,
    el,
    family,
    fields,
    future,
    indented,
    leg,
    link,
    point_in_time,
    und_pf,
)

HOUSE = "format: margin-house\nversion: 1\ntitle: A\nsource: B\neffective_date: 2026-01-01\nquantity_unit: contracts\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    (tmp_path / "house.yaml").write_text(HOUSE, "utf-8")
    return tmp_path


def one(validation: Validation, path: str) -> ValidatedFile:
    return next(file for file in validation.files if file.path == path)


def warnings_of(text: str, folder: Path) -> list[str]:
    """Warnings about a parameter file without faults."""
    (folder / "changed.spn").write_text(text, "utf-8")
    (file,) = margin.validate("changed.spn").files
    assert 0 == file.faults, file.problems
    for problem in file.problems:
        assert ("changed.spn", Severity.WARNING) == (problem.file, problem.severity)
    return [problem.message for problem in file.problems]


def changed(families: str = PHYSICALS + FUTURES, links: str | None = None, tail: str = CC_TAIL, **more: str) -> str:
    """A parameter file of futures with one part changed."""
    own = link(1, "PHY") + link(2, "FUT") if links is None else links
    commodity = cc_def(links=own, tail=tail, head=more.pop("head", CC_METHODS))
    return indented(document(point_in_time(clearing_org(families, commodity, **more))))


def test_sound_files_of_every_kind_have_no_problems(folder: Path) -> None:
    validation = margin.validate(["nsccl.spn", "positions.csv", "house.yaml"])

    kinds = [(file.path, file.kind, file.format) for file in validation.files]
    expected = [
        ("nsccl.spn", "parameters", "spn"),
        ("positions.csv", "positions", "csv"),
        ("house.yaml", "house", "margin-house"),
    ]
    assert expected == kinds
    assert (0, 0, ()) == (validation.faults, validation.warnings, validation.problems)


def test_all_faults_of_all_files_are_found_at_once(folder: Path) -> None:
    (folder / "bad.csv").write_text(POSITIONS.replace(",65\n", ",x\n").replace(",-130\n", ",inf\n"), "utf-8")
    (folder / "bad.yaml").write_text(HOUSE.replace("contracts", "kilos") + "colour: blue\n", "utf-8")
    (folder / "bad.spn").write_text(changed().replace("24051.80", "nan"), "utf-8")
    validation = margin.validate(["bad.csv", "missing.csv", "bad.yaml", "bad.spn", "nsccl.spn"])

    assert [2, 1, 2, 4, 0] == [file.faults for file in validation.files]
    assert 9 == validation.faults == len(validation.problems)
    assert all(problem.file == file.path for file in validation.files for problem in file.problems)
    assert [2, 4] == [problem.line for problem in one(validation, "bad.csv").problems]
    assert (None, None) == (one(validation, "missing.csv").kind, one(validation, "missing.csv").format)


def test_faults_beyond_the_list_are_counted(folder: Path) -> None:
    (folder / "bad.csv").write_text("account,contract,quantity\n" + "A,X,y\n" * 1_500, "utf-8")
    (file,) = margin.validate("bad.csv").files

    assert (1_500, 1_000, 500) == (file.faults, len(file.problems), file.unlisted)


def test_a_folder_is_refused_with_what_to_do(folder: Path) -> None:
    (file,) = margin.validate(str(folder)).files
    (problem,) = file.problems

    assert Reason.UNREADABLE == problem.reason
    assert "this is a folder, expected a file" in problem.message


def test_positions_are_looked_up_in_parameters(folder: Path) -> None:
    alone = margin.validate("unknown.csv")
    together = margin.validate(["unknown.csv", "positions.csv"], parameters="nsccl.spn")

    assert 0 == alone.warnings
    assert ["nsccl.spn", "unknown.csv", "positions.csv"] == [file.path for file in together.files]
    (problem,) = one(together, "unknown.csv").problems
    assert (Reason.UNKNOWN_CONTRACT, Severity.WARNING) == (problem.reason, problem.severity)
    assert POSITIONS.count("\n") + UNKNOWN.count("\n") == problem.line
    assert (0, 1) == (together.faults, together.warnings)


def test_account_types_that_the_parameters_do_not_have_are_faults_of_the_positions(folder: Path) -> None:
    (folder / "other.csv").write_text(POSITIONS.replace("ACC2,S", "ACC2,Z"), "utf-8")
    validation = margin.validate(["positions.csv", "other.csv"], parameters=["nsccl.spn"])

    assert [0, 0, 1] == [file.faults for file in validation.files]
    (problem,) = one(validation, "other.csv").problems
    assert (Reason.UNKNOWN_ACCOUNT_TYPE, 4) == (problem.reason, problem.line)


def test_positions_are_not_looked_up_in_parameters_with_faults(folder: Path) -> None:
    (folder / "bad.spn").write_text("<spanFile>", "utf-8")
    validation = margin.validate("unknown.csv", parameters="bad.spn")

    assert [1, 0] == [file.faults for file in validation.files]
    assert 0 == validation.warnings


def test_parameters_that_do_not_merge_are_a_fault(folder: Path) -> None:
    (folder / "later.spn").write_text(changed().replace("20260625", "20260626"), "utf-8")
    validation = margin.validate("positions.csv", parameters=["nsccl.spn", "later.spn"])

    assert 1 == validation.faults
    assert "NSCCL" in validation.problems[0].message


def test_positions_given_as_parameters_are_a_fault(folder: Path) -> None:
    (file,) = margin.validate([], parameters="positions.csv").files

    assert 1 == file.faults
    assert "holds positions (csv), expected parameters" in file.problems[0].message


def test_a_file_is_read_once_however_often_it_is_named(folder: Path) -> None:
    validation = margin.validate(["nsccl.spn", "nsccl.spn", "positions.csv"], parameters="nsccl.spn")

    assert ["nsccl.spn", "positions.csv"] == [file.path for file in validation.files]


def test_standard_input_is_positions(folder: Path) -> None:
    sound = margin.validate("-", stdin=io.BytesIO(POSITIONS.encode()))
    refused = margin.validate("-", stdin=io.BytesIO((folder / "nsccl.spn").read_bytes()))

    assert [("-", "positions", 0)] == [(file.path, file.kind, file.faults) for file in sound.files]
    assert "standard input is read for positions only" in refused.problems[0].message


def test_a_house_policy_is_a_file_whatever_it_is_called(folder: Path) -> None:
    (folder / "cme").write_text(HOUSE.replace("contracts", "kilos"), "utf-8")
    (file,) = margin.validate("cme", input_format="margin-house").files

    assert 1 == file.faults
    assert "kilos" in file.problems[0].message


def test_an_unknown_format_is_refused(folder: Path) -> None:
    with pytest.raises(InputRefused, match="there is no format 'xls'"):
        margin.validate("positions.csv", input_format="xls")


def test_coherent_parameters_have_no_warnings(folder: Path) -> None:
    assert [] == warnings_of(changed(), folder)


def test_a_rule_that_would_be_refused_is_a_warning(folder: Path) -> None:
    (message,) = warnings_of(changed(head=CC_METHODS.replace("GROSS", "NET")), folder)

    assert message.startswith("ccDef[NIFTY]/somMeth = NET: this value is unknown")


def test_a_leg_on_a_tier_that_is_not_defined_is_a_warning(folder: Path) -> None:
    tier_leg = el("tLeg", fields(cc="NIFTY", tn=9, rs="A", i="1.0"))
    (message,) = warnings_of(changed(tail=CC_TAIL + d_spread(2, tier_leg, leg("20260728", "B"))), folder)

    assert "tLeg/tn = 9: the commodity defines no such tier" in message


def test_a_leg_in_a_period_without_contracts_is_a_warning(folder: Path) -> None:
    spread = d_spread(2, leg("20260630", "A"), leg("20260825", "B"))
    (message,) = warnings_of(changed(tail=CC_TAIL + spread), folder)

    assert message.startswith("1 spread has a leg in period 20260825 of commodity NIFTY, which has no contract")


def test_a_leg_in_a_commodity_that_does_not_exist_is_a_warning(folder: Path) -> None:
    rate = el("rate", fields(r=1, val="0.5"))
    legs = [el("tLeg", fields(cc=code, tn=0, rs=side, i="1.0")) for code, side in (("NIFTY", "A"), ("NIFTX", "B"))]
    spread = el("interSpreads", el("dSpread", fields(spread=1, chargeMeth="W"), rate, *legs))
    messages = warnings_of(changed(spreads=spread), folder)

    expected = "intercommodity spread 1 has a leg in commodity NIFTX, which NSCCL does not have"
    assert any(message.startswith(expected) and "did you mean 'NIFTY'?" in message for message in messages), messages


def test_contracts_without_an_array_are_a_warning(folder: Path) -> None:
    futures = family("futPf", 2, "NIFTY", und_pf(), future(1, "20260630"), future(2, "20260728", array=""))
    messages = warnings_of(changed(PHYSICALS + futures), folder)

    assert any("1 contract of commodity NIFTY without risk array or price" in message for message in messages), messages


def test_a_product_that_no_commodity_takes_in_is_a_warning(folder: Path) -> None:
    futures = family("futPf", 7, "LONE", und_pf(), future(1, "20260630"))
    (message,) = warnings_of(changed(PHYSICALS + FUTURES + futures), folder)

    assert message.startswith("product NSE LONE FUT belongs to no combined commodity")


def test_a_commodity_without_contracts_is_one_warning(folder: Path) -> None:
    commodities = cc_def(links=link(1, "PHY") + link(2, "FUT")) + cc_def("EMPTY", links="", tail="")
    text = indented(document(point_in_time(clearing_org(PHYSICALS + FUTURES, commodities))))
    (message,) = warnings_of(text, folder)

    assert message.startswith("commodity EMPTY has no contracts")


def test_contracts_that_expired_before_the_business_date_are_a_warning(folder: Path) -> None:
    futures = family(
        "futPf", 2, "NIFTY", und_pf(), *(future(i, p) for i, p in ((1, "20260630"), (2, "20260728"), (3, "20260528")))
    )
    (message,) = warnings_of(changed(PHYSICALS + futures), folder)

    assert (
        "1 contract of commodity NIFTY expired before the business date 20260625, such as NSE NIFTY FUT 20260528"
        == message
    )
