"""Published risk arrays of real NSE index futures give the published losses, to the paisa.

Arrays: values of nsccl.20260625.i01.spn as transcribed publicly by subhash7476/quantifty. The second expiry and
its spread are constructed beside them; the spread's rates (425 and 1,029 per unit) are those of the same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import margin
from tests.read.parameters.spn_documents import (
    BANKNIFTY_LOSSES,
    NIFTY_LOSSES,
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
    ra,
    und_pf,
)

NEAR, FAR = "20260630", "20260728"


def parameters(code: str, losses: tuple[float, ...], charge: str) -> str:
    """A file with one index, two expiries of equal risk, and a calendar spread between them."""
    array = ra(losses)
    futures = family("futPf", 2, code, und_pf(), future(1, NEAR, array=array), future(2, FAR, array=array))
    physical = family("phyPf", 1, code, el("phy", fields(cId=1, p="24050.35", d="1.0", cvf="1.0"), array))
    tail = el("intraTiers", el("tier", fields(tn=1, sPe=NEAR, ePe=FAR))) + d_spread(
        1, leg(NEAR, "A", cc=code), leg(FAR, "B", cc=code), value=charge
    )
    commodity = cc_def(code, links=link(1, "PHY", code) + link(2, "FUT", code), tail=tail)
    return indented(document(point_in_time(clearing_org(physical + futures, commodity))))


def margined(folder: Path, text: str, code: str, near: int, far: int = 0) -> dict[str, Any]:
    """The only commodity of an account with futures of both expiries."""
    (folder / "nsccl.spn").write_text(text, "utf-8")
    lines = [f"A,S,NSE,{code},FUT,{expiry},{net}" for expiry, net in ((NEAR, near), (FAR, far)) if net]
    (folder / "book.csv").write_text(
        "\n".join(["account,account_type,exchange,product,type,expiry,quantity", *lines]) + "\n", "utf-8"
    )
    run = margin.calculate(
        margin.read_parameters(folder / "nsccl.spn"), margin.read_positions(folder / "book.csv"), rounding="none"
    ).to_dict()
    (account,) = run["accounts"]
    (row,) = [row for row in account["commodities"] if (row["class"], row["kind"]) == ("CORE", "maintenance")]
    assert account["complete"]
    assert account["maintenance_requirement"] == row["requirement"]
    return row  # type: ignore[no-any-return]


NIFTY = parameters("NIFTY", NIFTY_LOSSES, "425.0")
BANKNIFTY = parameters("BANKNIFTY", BANKNIFTY_LOSSES, "1029.0")


@pytest.mark.parametrize(
    ("quantity", "worst_loss", "scenario"),
    [(75, 2244.36, 13), (-75, 2226.91, 11)],
    ids=["long", "short"],
)
def test_nifty_futures_lose_their_worst_published_loss(
    tmp_path: Path, quantity: int, worst_loss: float, scenario: int
) -> None:
    row = margined(tmp_path, NIFTY, "NIFTY", quantity)

    assert {75: 168_327.0, -75: 167_018.25}[quantity] == row["scan_risk"]
    assert pytest.approx(75 * worst_loss, rel=1e-15) == row["requirement"]
    assert scenario == row["active_scenario"]
    assert pytest.approx([quantity * loss for loss in NIFTY_LOSSES], rel=1e-15) == row["scenario_losses"]


@pytest.mark.parametrize(("quantity", "worst_loss"), [(30, 5513.40), (-30, 5471.17)], ids=["long", "short"])
def test_banknifty_futures_lose_their_worst_published_loss(tmp_path: Path, quantity: int, worst_loss: float) -> None:
    row = margined(tmp_path, BANKNIFTY, "BANKNIFTY", quantity)

    assert pytest.approx(30 * worst_loss, rel=1e-15) == row["requirement"]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("text", "code", "quantity", "charge"),
    [(NIFTY, "NIFTY", 75, 75 * 425.0), (BANKNIFTY, "BANKNIFTY", 30, 30 * 1029.0)],
    ids=["NIFTY", "BANKNIFTY"],
)
def test_a_calendar_spread_is_charged_per_unit(
    tmp_path: Path, text: str, code: str, quantity: int, charge: float, side: int
) -> None:
    row = margined(tmp_path, text, code, side * quantity, -side * quantity)

    assert (0.0, charge, charge) == (row["scan_risk"], row["intracommodity_charge"], row["requirement"])
    assert [0.0, 0.0] == [period["remaining_delta"] for period in row["periods"]]
