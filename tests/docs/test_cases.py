"""The worked numbers of the documentation are what the engine computes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import margin
from tests.docs.cases import Case, by_name, cases_of, differences, numbers_in, preamble, run_case, value_of
from tests.docs.markdown import METHODOLOGY, Block, Page, page, pages
from tests.docs.workspace import commands_of, prepare, run_shell

WORKED = "Worked numbers"
SMALL = 16
"""Whole numbers up to this one may count things or number scenarios and need not be in a case."""

_NUMBER = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\w/-])")


def _methodology() -> list[Page]:
    return [page(path) for path in sorted(METHODOLOGY.glob("*.md"))]


def _all_cases() -> list[Case]:
    return [case for item in pages() for case in cases_of(item.path)]


@pytest.mark.parametrize("case", _all_cases(), ids=lambda case: case.name)
def test_a_case_gives_the_figures_it_states(case: Case, tmp_path: Path) -> None:
    report = run_case(case, tmp_path)
    expected = case.node["expect"]
    assert expected, "a case must expect something"
    assert [] == list(differences(expected, {**by_name(report), "problems": report["problems"]}))


@pytest.mark.parametrize("case", [case for case in _all_cases() if "steps" in case.node], ids=lambda case: case.name)
def test_the_sums_that_the_text_writes_out_are_right(case: Case) -> None:
    wrong = {sum_: result for sum_, result in case.node["steps"].items() if abs(value_of(sum_) - result) > 1e-9}
    assert {} == wrong


@pytest.mark.parametrize("item", _methodology(), ids=lambda item: item.name)
def test_a_methodology_page_has_a_case_and_its_worked_numbers_are_in_it(item: Page) -> None:
    cases = list(cases_of(item.path))
    assert cases, "every page of the methodology works an example"
    known = {number for case in cases for number in numbers_in(case.node)}
    worked = item.sections()[WORKED]
    found = [float(whole.replace(",", "") + decimals) for whole, decimals in _NUMBER.findall(worked)]
    assert found, "the section works with numbers"
    for number in found:
        assert number in known or (number <= SMALL and number == int(number)), f"{number} is in no case of the page"


@pytest.mark.parametrize(
    "heading", ["Sources", "Open points", "House policy"], ids=["sources", "open points", "house policy"]
)
@pytest.mark.parametrize("item", _methodology(), ids=lambda item: item.name)
def test_a_methodology_page_says_where_it_comes_from_and_what_is_open(item: Page, heading: str) -> None:
    assert heading in item.sections()


def _blocks(kind: str) -> list[tuple[Page, Block]]:
    return [(item, block) for item in pages() for block in item.blocks("yaml") if kind in block.words]


def _id(value: object) -> str | None:
    return value.name if isinstance(value, Page) else f"line {value.line}" if isinstance(value, Block) else None


@pytest.mark.parametrize(("item", "block"), _blocks("margin-parameters"), ids=_id)
def test_a_house_configuration_that_is_shown_can_be_read(item: Page, block: Block, tmp_path: Path) -> None:
    folder = prepare(item, tmp_path)
    path = folder / "shown.yaml"
    path.write_text(block.text, "utf-8")
    assert margin.read_parameters(path).contracts.height > 0


@pytest.mark.parametrize(("item", "block"), _blocks("margin-scan-range-rule"), ids=_id)
def test_a_scan_range_rule_that_is_shown_can_be_read(item: Page, block: Block, tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text(block.text, "utf-8")
    assert margin.read_scan_range_rule(path).default.estimators


@pytest.mark.parametrize(("item", "block"), _blocks("margin-scan-ranges"), ids=_id)
def test_scan_ranges_that_are_shown_are_commodities_of_a_house_configuration(
    item: Page, block: Block, tmp_path: Path
) -> None:
    node = yaml.safe_load(block.text)
    code = node["commodities"][0]["code"]
    contracts = [{"commodity": code, "type": "FUT", "period": "202612", "price": 100, "contract_value_factor": 1}]
    path = tmp_path / "house.yaml"
    path.write_text(yaml.safe_dump({**preamble(), **node, "contracts": contracts}), "utf-8")
    assert margin.read_parameters(path).contracts.height == 1


@pytest.mark.parametrize(("item", "block"), _blocks("margin-house"), ids=_id)
def test_a_house_policy_that_is_shown_can_be_read(item: Page, block: Block, tmp_path: Path) -> None:
    path = prepare(item, tmp_path) / "shown.yaml"
    path.write_text(block.text, "utf-8")
    assert yaml.safe_load(block.text)["title"] == margin.read_house(path).title


@pytest.mark.parametrize(("item", "block"), _blocks("margin-settings"), ids=_id)
def test_a_project_file_that_is_shown_is_understood(item: Page, block: Block, tmp_path: Path) -> None:
    folder = prepare(item, tmp_path / "work")
    (folder / "margin.yaml").write_text(block.text, "utf-8")
    (command, _), *_ = commands_of("$ margin calculate; echo $?")
    ((*_, status),) = run_shell([command], folder, tmp_path / "programs")
    assert "0" == status


def test_differences_are_found() -> None:
    assert ["/a: expected 1, found 2"] == list(differences({"a": 1}, {"a": 2, "b": 3}))
    assert ["/a: not there"] == list(differences({"a": 1}, {}))
    assert [] == list(differences({"a": [1.0]}, {"a": [1]}))
