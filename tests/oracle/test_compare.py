"""Checks that the comparison with the oracle sees what differs, and nothing else."""

from __future__ import annotations

import copy

import pytest

from tests.oracle.case_files import parameters, position
from tests.oracle.compare import differences
from tests.oracle.json_account import as_json
from tests.oracle.model import Account
from tests.oracle.random_books import Features, random_case
from tests.oracle.span import requirement
from tests.oracle.spn import read_spn


@pytest.mark.parametrize("seed", range(25))
def test_comparison_accepts_the_same_figures(seed: int) -> None:
    case = random_case(seed, Features.all(), books=3)
    known = read_spn(case.spn)
    for held in case.books:
        result = requirement(known, held.positions, held.account)

        assert [] == differences(result, as_json(result))


def test_comparison_names_every_figure_that_differs() -> None:
    spread = {"priority": 1, "rate": 100, "legs": [{"tier": 0, "side": "A"}, {"tier": 0, "side": "B"}]}
    inputs = {
        "ccs": {"A": {"currency": "USD", "intra": [spread]}},
        "contracts": {f"M{i}": {"cc": "A", "kind": "FUT", "period": f"0{i}", "array": [0] * 16} for i in (1, 2)},
    }
    lines = [position(inputs, {"id": "M1", "net": 2}), position(inputs, {"id": "M2", "net": -1})]
    result = requirement(parameters(inputs), lines, Account())
    wrong = copy.deepcopy(as_json(result))
    wrong["commodities"][0]["periods"][0]["remaining_delta"] = 1.00001
    wrong["commodities"][0]["active_scenario"] = 2
    wrong["spreads"][0]["number"] = 0.5
    wrong["outright_risk"] = None

    assert [
        "account outright_risk: got None, expected 0.0",
        "CH A CORE maintenance active_scenario: got 2, expected 1",
        "CH A CORE maintenance period '01' remaining_delta: got 1.00001, expected 1.0",
        "spread ('intracommodity', 'CH', 1, (('A', 'long'), ('A', 'short'))) number: got 0.5, expected 1.0",
    ] == differences(result, wrong)
