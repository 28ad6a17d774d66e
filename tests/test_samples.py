"""Position files as public programs write them for PC-SPAN, read and margined."""

from __future__ import annotations

from pathlib import Path

import pytest

import margin
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.model.problem import InputRefused, Reason
from tests.read.parameters.spn_documents import NIFTY_LOSSES, document, indented

FOLDER = Path(__file__).parent / "samples"


def test_a_bse_file_is_read_to_the_last_field() -> None:
    book = margin.read_positions(FOLDER / "bse-iccl-posfile.pos")
    (part,) = book.parts
    frame = part.frame

    assert ("posfile", 3) == (part.source.format, part.source.rows)
    assert ["BSXFUT", "BSXOPT", "BSXOPT"] == frame["product"].to_list()
    assert [30.0, 30.0, -30.0] == frame["quantity"].to_list()
    assert [None, 84_000.0, 84_000.0] == frame["strike"].to_list()
    assert {("BSE", "BSX", "S", "ICCL", "BSX", "2025-12-09")} == set(
        frame.select("firm", "account", "account_type", "clearing_org", "commodity", "business_date").iter_rows()
    )


def test_an_nse_file_meets_parameters_of_its_day(tmp_path: Path) -> None:
    parameters = tmp_path / "nsccl.spn"
    parameters.write_text(indented(document()), "utf-8")
    run = margin.calculate(
        margin.read_parameters(parameters), margin.read_positions(FOLDER / "nse-posfile.pos"), rounding="none"
    ).to_dict()
    (account,) = run["accounts"]
    (row,) = [row for row in account["commodities"] if row["kind"] == "maintenance"]

    assert [] == run["problems"]
    assert ("1", "TEST", "CUST", "INR", True) == tuple(
        account[name] for name in ("firm", "account", "segregation", "currency", "complete")
    )
    assert (2, 0) == (account["positions"], account["set_aside"])
    assert -150 * min(NIFTY_LOSSES) == row["scan_risk"]
    assert 2 * 75 * 100.5 == row["short_option_value"]
    assert row["scan_risk"] + row["short_option_value"] == account["maintenance_requirement"]
    assert account["available_net_option_value"] == account["equity"]


def of_a_gross_account(folder: Path, quantities: str) -> tuple[ParameterSet, PositionBook]:
    """The NSE file with a house account that the parameters margin gross, and other quantities."""
    (folder / "nsccl.spn").write_text(indented(document()), "utf-8")
    text = (FOLDER / "nse-posfile.pos").read_text("utf-8").replace("<isCust>1<", "<isCust>0<")
    text = text.replace(">S</acctType>", ">M</acctType>").replace("<net>-75</net>", quantities)
    (folder / "gross.pos").write_text(text, "utf-8")
    return margin.read_parameters(folder / "nsccl.spn"), margin.read_positions(folder / "gross.pos")


def test_a_gross_account_holds_longs_and_shorts(tmp_path: Path) -> None:
    parameters, positions = of_a_gross_account(tmp_path, "<long>5</long><short>80</short>")
    (account,) = margin.calculate(parameters, positions).to_dict()["accounts"]

    assert ("M", "gross", 2, 0) == tuple(
        account[name] for name in ("account_type", "netting", "positions", "set_aside")
    )


def test_a_net_position_in_a_gross_account_is_refused(tmp_path: Path) -> None:
    parameters, positions = of_a_gross_account(tmp_path, "<net>-75</net>")
    with pytest.raises(InputRefused) as caught:
        margin.calculate(parameters, positions)

    assert {Reason.NET_POSITION_IN_GROSS_ACCOUNT} == {problem.reason for problem in caught.value.problems}
    assert all("give long and short" in problem.message for problem in caught.value.problems)
