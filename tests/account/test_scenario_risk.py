from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import margin
from margin.model.account import AccountBook
from margin.model.account_policy import ScenarioFactors
from tests.account.books import asset, book, policy

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-nse-end-of-day"
HEADER = "firm,account,exchange,product,type,expiry,quantity\n"


@pytest.fixture(scope="module")
def parameters() -> Any:
    return margin.read_parameters(EXAMPLE / "parameters.spn")


def _judged(parameters: Any, folder: Path, rows: str, accounts: list[dict[str, Any]]) -> Any:
    path = folder / "positions.csv"
    path.write_text(HEADER + rows, "utf-8")
    run = margin.calculate(parameters, margin.read_positions(path))
    rules = policy({"USDC": asset()}, scenario=ScenarioFactors(initial=1.25, assets={"INR": "USDC"}))
    held: AccountBook = book(
        [{"account_index": index, "asset": "USDC", "quantity": 1e6} for index in range(len(accounts))],
        accounts=accounts,
    )
    return run.accounts, margin.health(held, rules, margined=run)


LONG = "NSE,LOTUS50,FUT,20260630,75"


def test_risk_of_several_margined_accounts_adds_up_where_the_account_does_not_tell_them_apart(
    parameters: Any, tmp_path: Path
) -> None:
    margined, run = _judged(parameters, tmp_path, f"F1,A,{LONG}\nF2,A,{LONG}\n", [{"account": "A"}])

    assert 2 == margined.height
    row = run.scopes.row(0, named=True)
    assert margined["span_risk"].sum() == pytest.approx(row["maintenance_margin"])
    # The house states an initial ratio of 1, which comes before the policy's factor.
    assert margined["span_risk"].sum() == pytest.approx(row["initial_margin"])


def test_a_stated_firm_keeps_accounts_apart(parameters: Any, tmp_path: Path) -> None:
    accounts = [{"firm": "F1", "account": "A"}]

    margined, run = _judged(parameters, tmp_path, f"F1,A,{LONG}\nF2,A,{LONG}\n", accounts)

    assert margined["span_risk"][0] == pytest.approx(run.scopes["maintenance_margin"][0])
    (problem,) = [one for one in run.problem_list if "is not among the accounts" in one.message]
    assert "A" == problem.account


def test_an_account_that_fits_twice_is_refused(parameters: Any, tmp_path: Path) -> None:
    with pytest.raises(margin.InputRefused, match="fit several accounts"):
        _judged(parameters, tmp_path, f"F1,A,{LONG}\n", [{"account": "A"}, {"firm": "F1", "account": "A"}])


def test_an_account_whose_positions_were_set_aside_is_incomplete_and_not_healthy(
    parameters: Any, tmp_path: Path
) -> None:
    _, run = _judged(parameters, tmp_path, "F1,A,NSE,NOTHING,FUT,20260630,75\n", [{"account": "A"}])

    row = run.scopes.row(0, named=True)
    assert ("incomplete", False, None, None) == tuple(
        row[name] for name in ("state", "complete", "health", "maintenance_margin")
    )
