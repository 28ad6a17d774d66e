"""House choices that change a requirement: each with a book whose figures can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import margin
from tests.read.parameters.spn_documents import cc_def, clearing_org, document, leg, point_in_time

# Two commodities of one group and one of another; a future of each loses 100 a point on a grid without extremes.
# The option of A is worth 500 and loses 300 at worst.
PARAMETERS = """format: margin-parameters
version: 1
clearing_org: EX
business_date: 2026-06-25
currency: USD
scenario_grid:
  points:
    - {price_move: 0, volatility_move: 1, weight: 1, pair: 2}
    - {price_move: 0, volatility_move: -1, weight: 1, pair: 1}
    - {price_move: 1, volatility_move: 0, weight: 1}
    - {price_move: -1, volatility_move: 0, weight: 1}
cap_available_net_option_value: false
commodities:
  - {code: A, groups: [ONE]}
  - {code: B, groups: [ONE]}
  - {code: C, groups: [TWO]}
contracts:
  - {id: AF, commodity: A, type: FUT, period: 202609, price_scan_range: 100, price: 2000, contract_value_factor: 1}
  - {id: BF, commodity: B, type: FUT, period: 202609, price_scan_range: 100, price: 2000, contract_value_factor: 1}
  - {id: CF, commodity: C, type: FUT, period: 202609, price_scan_range: 100, price: 2000, contract_value_factor: 1}
  - {id: AC, commodity: A, product: AO, type: OOF, period: 202609, underlying_period: 202609, right: C, strike: 2000,
     price: 500, contract_value_factor: 1, value_method: EQTY, composite_delta: 0.5, losses: [0, 0, -300, 300]}
"""
POSITIONS = "account,contract,quantity\nX,AC,1\nX,BF,1\nX,CF,1\n"
HOUSE = """format: margin-house
version: 1
title: A house
source: these tests
effective_date: 2026-01-01
quantity_unit: contracts
"""


def account(folder: Path, house: str = "", positions: str = POSITIONS, **choices: Any) -> dict[str, Any]:
    """The account of a book under a house policy."""
    (folder / "parameters.yaml").write_text(PARAMETERS)
    (folder / "positions.csv").write_text(positions)
    (folder / "house.yaml").write_text(HOUSE + house)
    run = margin.calculate(
        margin.read_parameters(folder / "parameters.yaml"),
        margin.read_positions(folder / "positions.csv"),
        house=margin.read_house(folder / "house.yaml"),
        account_type="S",
        **choices,
    )
    result: dict[str, Any] = run.to_dict()["accounts"][0]
    return result


@pytest.mark.parametrize(
    ("floor", "requirement"),
    [
        # A: min(300, LOV 500) = 300 of risk against 500 of option value; B and C 100 each.
        ("total", 0.0),  # 500 of risk − 500
        ("group", 100.0),  # group ONE: 400 − 500 → 0; group TWO: 100
        ("commodity", 200.0),  # A: 300 − 500 → 0; B 100; C 100
    ],
)
def test_option_value_pays_as_far_as_the_house_lets_it(tmp_path: Path, floor: str, requirement: float) -> None:
    result = account(tmp_path, f"option_value_floor: {floor}\n")

    assert (500.0, 500.0) == (result["span_risk"], result["available_net_option_value"])
    assert requirement == result["maintenance_requirement"]
    assert requirement == result["requirements"][0]["requirement"]


def test_multipliers_sit_on_top_of_the_requirement(tmp_path: Path) -> None:
    result = account(tmp_path, "requirement_multiplier: 1.2\ncommodity_multipliers: {C: 1.5}\n")

    by_commodity = {row["commodity"]: row["span_risk"] for row in result["commodities"]}
    assert {"A": 360.0, "B": 120.0, "C": 150.0} == pytest.approx(by_commodity, abs=1e-9)


@pytest.mark.parametrize(("adjusts", "initial"), [("true", 165.0), ("false", 150.0)])
def test_the_adjustment_factor_reaches_the_initial_requirement_by_choice(
    tmp_path: Path, adjusts: str, initial: float
) -> None:
    house = (
        f"adjustment_factors: {{S: 1.1}}\ninitial_ratios: {{S: 1.5}}\nswitches: {{adjust_initial: {adjusts}}}\n"
        "rounding: {maintenance: {decimals: 2, mode: half_away}, initial: {decimals: 2, mode: half_away}}\n"
    )

    result = account(tmp_path, house, "account,contract,quantity\nX,BF,1\n")

    assert (110.0, initial) == (result["maintenance_requirement"], result["initial_requirement"])


def test_client_margin_is_cut_from_the_unrounded_product(tmp_path: Path) -> None:
    # HKEX circular CD/CDCRM/027/2018: 82,900 × 1.33 = 110,257 initial, × 1.064 = 88,205.6 cut to 88,205 maintenance.
    (tmp_path / "parameters.yaml").write_text(PARAMETERS.replace("price_scan_range: 100", "price_scan_range: 82900"))
    (tmp_path / "positions.csv").write_text("account,contract,quantity\nX,BF,1\n")
    (tmp_path / "house.yaml").write_text(
        "format: margin-house\nversion: 1\ntitle: Clients\nsource: these tests\neffective_date: 2018-01-01\n"
        "extends: hkex\nadjustment_factors: {S: 1.064}\ninitial_ratios: {S: 1.25}\n"
    )

    run = margin.calculate(
        margin.read_parameters(tmp_path / "parameters.yaml"),
        margin.read_positions(tmp_path / "positions.csv"),
        house=margin.read_house(tmp_path / "house.yaml"),
    )

    row = run.accounts.row(0, named=True)
    assert (88_205.0, 110_257.0) == (row["maintenance_requirement"], row["initial_requirement"])


EXPOSURE = """exposure_margin:
  - {rate: 0.02, types: [FUT], side: both, price: own}
  - {rate: 0.03, products: [AO], side: short, price: own}
"""


def test_exposure_margin_is_a_figure_of_its_own(tmp_path: Path) -> None:
    result = account(tmp_path, EXPOSURE, "account,contract,quantity\nX,BF,-3\nX,AC,-2\nX,CF,1\nX,AF,1\n")

    by_commodity = {row["commodity"]: row["exposure_margin"] for row in result["commodities"]}
    assert {"A": 40.0 + 30.0, "B": 120.0, "C": 40.0} == by_commodity
    assert 230.0 == result["exposure_margin"]


def test_a_long_option_that_no_rule_fits_is_free(tmp_path: Path) -> None:
    assert 0.0 == account(tmp_path, EXPOSURE, "account,contract,quantity\nX,AC,2\n")["exposure_margin"]


def test_a_house_without_exposure_rules_states_no_exposure_margin(tmp_path: Path) -> None:
    assert account(tmp_path)["exposure_margin"] is None


def test_exposure_margin_without_a_price_is_not_stated(tmp_path: Path) -> None:
    house = "exposure_margin:\n  - {rate: 0.02, side: both, price: underlying}\n"

    result = account(tmp_path, house, "account,contract,quantity\nX,BF,1\n")

    assert result["exposure_margin"] is None
    assert 100.0 == result["maintenance_requirement"]


MONTHLY = "<chargeMeth>P</chargeMeth><pmpsRate><r>1</r><val>10</val><pmRate>2</pmRate><psRate>5</psRate></pmpsRate>"


def test_a_charge_per_month_and_per_spread_is_refused_until_a_house_chooses_a_reading(tmp_path: Path) -> None:
    # NIFTY of 2026-06 against 2026-07: 10 flat + 2 × 1 month + 5 per spread = 17 for each of three spreads.
    legs = leg("20260630", "A") + leg("20260728", "B")
    spread = f"<dSpread><spread>1</spread>{MONTHLY}{legs}</dSpread>"
    (tmp_path / "parameters.spn").write_text(document(point_in_time(clearing_org(commodities=cc_def(tail=spread)))))
    (tmp_path / "positions.csv").write_text(
        "account,account_type,exchange,product,type,expiry,quantity\n"
        "X,S,NSE,NIFTY,FUT,20260630,3\nX,S,NSE,NIFTY,FUT,20260728,-3\n"
    )
    (tmp_path / "house.yaml").write_text(HOUSE + "switches: {per_month_charge: flat_plus_months}\n")
    parameters = margin.read_parameters(tmp_path / "parameters.spn")
    positions = margin.read_positions(tmp_path / "positions.csv")

    refused = margin.calculate(parameters, positions).to_dict()
    chosen = margin.calculate(parameters, positions, house=margin.read_house(tmp_path / "house.yaml")).to_dict()

    assert refused["accounts"][0]["maintenance_requirement"] is None
    assert "ccDef[NIFTY]/dSpread[1]/chargeMeth = P" in refused["problems"][0]["message"]
    assert 51.0 == chosen["accounts"][0]["commodities"][0]["intracommodity_charge"]
