"""House policies: the packaged ones, a user's own, and policies built on others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from margin.model.house import QuantityUnit, Rounding, RoundingMode
from margin.model.problem import InputRefused, Reason
from margin.read import house_policy
from margin.read.house_policy import house_for_clearing_org, packaged_house_names, read_house_policy
from margin.read.packaged import configs_folder

HEAD = "format: margin-house\nversion: 1\ntitle: Mine\nsource: rule book\neffective_date: 2026-01-02\n"


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path | str) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        read_house_policy(path)
    return refused.value


def test_packaged_policies_can_all_be_read() -> None:
    assert ("cme", "hkex", "jscc", "kdpw", "london", "none", "nsccl", "tocom") == packaged_house_names()
    for name in packaged_house_names():
        assert name == read_house_policy(name).name


def test_the_policy_none_rounds_nothing() -> None:
    policy = read_house_policy("none")

    assert house_policy.HousePolicy("none", policy.title, policy.source, policy.effective_date) == policy
    assert () == policy.clearing_orgs


def test_the_cme_policy_rounds_figures_to_whole_units_and_rates_to_two_decimals() -> None:
    policy = read_house_policy("cme")

    assert Rounding(0, RoundingMode.HALF_AWAY) == policy.rounding.scan_risk == policy.rounding.initial
    assert Rounding(2, RoundingMode.HALF_AWAY) == policy.rounding.weighted_price_risk
    assert policy.rounding.option_value is None
    assert QuantityUnit.CONTRACTS is policy.quantity_unit


def test_the_nse_policy_counts_units_and_leaves_lot_sizes_to_the_user() -> None:
    policy = read_house_policy("nsccl")

    assert QuantityUnit.UNITS is policy.quantity_unit
    assert {} == dict(policy.lot_sizes)
    assert Rounding(2, RoundingMode.HALF_AWAY) == policy.rounding.scan_risk


@pytest.mark.parametrize(
    ("code", "name"), [("NSCCL", "nsccl"), ("CME", "cme"), ("KDPW", "kdpw"), ("MCX", "none"), ("", "none")]
)
def test_a_clearing_organisation_has_its_policy_or_none(code: str, name: str) -> None:
    assert name == house_for_clearing_org(code).name


def test_no_clearing_organisation_is_listed_by_two_policies() -> None:
    listed = [code for name in packaged_house_names() for code in read_house_policy(name).clearing_orgs]

    assert len(listed) == len(set(listed))


def test_a_policy_of_ones_own_is_read_by_path(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD + "clearing_orgs: [ABC]\nquantity_unit: lots\nlot_sizes: {NIFTY: 75, BANKNIFTY: 35}\n"
        "rounding: {scan_risk: {decimals: -1, mode: up}}\nadjustment_factors: {S: 1.1}\ninitial_ratios: {S: 1.35}\n",
    )
    policy = read_house_policy(path)

    assert ("mine", "Mine", "rule book", "2026-01-02") == (
        policy.name,
        policy.title,
        policy.source,
        policy.effective_date,
    )
    assert QuantityUnit.LOTS is policy.quantity_unit
    assert {"NIFTY": 75.0, "BANKNIFTY": 35.0} == dict(policy.lot_sizes)
    assert Rounding(-1, RoundingMode.UP) == policy.rounding.scan_risk
    assert policy.rounding.maintenance is None
    assert ({"S": 1.1}, {"S": 1.35}) == (dict(policy.adjustment_factors), dict(policy.initial_ratios))
    assert ("ABC",) == policy.clearing_orgs


def test_a_policy_that_extends_another_replaces_what_it_states(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD + "extends: nsccl\nlot_sizes: {NIFTY: 75}\n"
        "rounding: {scan_risk: {decimals: 0, mode: up}, maintenance: null}\n",
    )
    base, policy = read_house_policy("nsccl"), read_house_policy(path)

    assert base.quantity_unit is policy.quantity_unit
    assert base.clearing_orgs == policy.clearing_orgs
    assert Rounding(0, RoundingMode.UP) == policy.rounding.scan_risk
    assert policy.rounding.maintenance is None
    assert base.rounding.initial == policy.rounding.initial
    assert ({"NIFTY": 75.0}, "Mine") == (dict(policy.lot_sizes), policy.title)


def test_a_policy_extends_a_file_beside_it_entry_by_entry(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "quantity_unit: units\nlot_sizes: {A: 1, B: 2}\n", "base.yaml")
    path = write(tmp_path, HEAD + "extends: base.yaml\nlot_sizes: {B: 3}\n")

    assert {"A": 1.0, "B": 3.0} == dict(read_house_policy(path).lot_sizes)


def test_policies_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "extends: mine.yaml\n", "other.yaml")
    path = write(tmp_path, HEAD + "extends: other.yaml\n")

    assert any("circle" in problem.message for problem in refusal(path).problems)


def test_faults_of_the_extended_policy_are_reported_with_its_own_file(tmp_path: Path) -> None:
    base = write(tmp_path, HEAD + "quantity_unit: unit\n", "base.yaml")
    problems = refusal(write(tmp_path, HEAD + "extends: base.yaml\n")).problems

    assert 6 == problems[0].line
    assert (str(base), 6) == (problems[1].file, problems[1].line)


def test_an_unknown_name_is_refused_with_a_hint() -> None:
    refused = refusal("nscl")

    assert Reason.UNKNOWN_NAME is refused.problems[0].reason
    assert "did you mean 'nsccl'?" in refused.problems[0].message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert Reason.UNREADABLE is refusal(tmp_path / "absent.yaml").problems[0].reason


def test_a_path_is_not_a_way_out_of_the_packaged_names(tmp_path: Path) -> None:
    refusal("../houses/cme")


def test_all_faults_of_a_policy_are_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "format: margin-house\nversion: 2\ntitel: Mine\nsource: ''\neffective_date: 2026-13-01\n"
        "quantity_unit: contract\nlot_sizes: {A: 0, B: x, C: .nan}\n"
        "rounding: {scan_risk: {decimals: 1.5, mode: near}}\n"
        "initial_ratios: 3\nadjustment_factors: {S: 1, S: 2}\n",
    )
    refused = refusal(path)
    places = {(problem.line, problem.column) for problem in refused.problems}

    # line 1: the title is missing; line 3: its misspelling
    expected = {(1, 1), (2, 10), (3, 1), (4, 9), (5, 17), (6, 16), (7, 16), (7, 22), (7, 28)}
    assert expected | {(8, 34), (8, 45), (9, 17), (10, 28)} == places
    assert len(places) == refused.total
    text = str(refused)
    assert "did you mean 'title'?" in text
    assert "expected contracts, units or lots; did you mean 'contracts'?" in text
    assert "pydantic" not in text
    assert "https://" not in text
    assert all(problem.file == str(path) for problem in refused.problems)


def test_the_quantity_unit_has_no_default(tmp_path: Path) -> None:
    problem = refusal(write(tmp_path, HEAD)).problems[0]

    assert Reason.MISSING_FIELD is problem.reason
    assert "quantity_unit" in problem.message


@pytest.mark.parametrize("text", ["[]", "5", "text", "null", "- a"])
def test_a_document_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "expected a mapping of fields" in refusal(write(tmp_path, text)).problems[0].message


# ---- where configs lie


def wheel(folder: Path) -> Path:
    """A package folder laid out as an installed wheel, with configs inside."""
    houses = folder / "site-packages" / "margin" / "configs" / "houses"
    houses.mkdir(parents=True)
    for name in packaged_house_names():
        content = (configs_folder() / "houses" / f"{name}.yaml").read_bytes()
        (houses / f"{name}.yaml").write_bytes(content)
    return folder / "site-packages" / "margin"


def test_configs_lie_inside_an_installed_wheel(tmp_path: Path) -> None:
    package = wheel(tmp_path)

    assert package / "configs" == configs_folder(package)


def test_configs_lie_beside_the_package_in_a_checkout() -> None:
    folder = configs_folder()

    assert folder / "houses" / "none.yaml" in list((folder / "houses").iterdir())


def test_a_folder_of_the_same_name_beside_an_installed_package_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "margin").mkdir()
    with pytest.raises(FileNotFoundError, match="install the package again"):
        configs_folder(tmp_path / "margin")


def test_policies_are_read_from_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = wheel(tmp_path)
    monkeypatch.setattr(house_policy, "configs_folder", lambda: configs_folder(package))

    assert "cme" == house_for_clearing_org("CME").name


def test_problems_can_be_shown_as_json(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "quantity_unit: x\nzzz: 1\nrounding: {scan_risk: {}}\n")

    assert json.dumps([problem.to_dict() for problem in refusal(path).problems])
