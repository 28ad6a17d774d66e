"""The documentation mentions everything there is, links to what exists, and leaves no block unchecked."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

import margin
from cli.main import app
from margin.model.house import SpanSwitches
from margin.model.position import POSITION_SCHEMA
from margin.model.problem import Reason
from margin.model.scan_range import Backtest, RangeSeries, RangeStep, ScanRange
from margin.read.house_policy import HouseDocument
from margin.read.parameters._house.document import ParametersDocument
from margin.read.positions._columns import ALIASES
from margin.read.scan_range_rule import RuleDocument
from tests.docs.markdown import DOCS, REPOSITORY, Page, page, pages

CHECKED_YAML = {
    *("margin-accounts", "margin-account-policy"),
    *("margin-case", "margin-preamble", "margin-parameters", "margin-house", "margin-settings"),
    *("margin-scan-range-rule", "margin-scan-ranges", "margin-market", "margin-quoted"),
}


def _commands() -> dict[str, Any]:
    """Every command by its words, commands inside a command among them."""
    found: dict[str, Any] = {}
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        path, group = waiting.pop()
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            found[f"{path} {name}".strip()] = command
            if hasattr(command, "commands"):
                waiting.append((name, command))
    return found


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page.name)
def test_relative_links_lead_to_files_and_headings(page: Page) -> None:
    for link in page.links():
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in Page(target, target.read_text("utf-8")).anchors(), f"{page.name}: {link}"


def test_every_page_is_reached_from_the_index() -> None:
    index = page(DOCS / "index.md")
    methodology = page(DOCS / "methodology" / "index.md")
    linked = {(source.path.parent / link).resolve() for source in (index, methodology) for link in source.links()}
    for item in pages():
        if item.path.parent != REPOSITORY and item.path != index.path:
            assert item.path.resolve() in linked, item.name


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page.name)
def test_every_yaml_block_is_of_a_kind_that_is_checked(page: Page) -> None:
    for block in page.blocks("yaml"):
        assert set(block.words) & CHECKED_YAML, f"{page.name}:{block.line}"


def test_every_command_is_in_the_readme_and_the_command_line_page() -> None:
    for name in _commands():
        for source in (REPOSITORY / "README.md", DOCS / "command-line.md"):
            assert f"margin {name}" in source.read_text("utf-8"), (name, source.name)


def test_every_option_is_documented_with_its_environment_variable() -> None:
    spans = page(DOCS / "command-line.md").code_spans()
    for command in _commands().values():
        for option in command.params:
            for word in option.opts if option.param_type_name == "option" else ():
                assert any(word in span.split() for span in spans), word
            if option.envvar:
                assert option.envvar in spans


def test_no_command_is_documented_that_does_not_exist() -> None:
    for item in pages():
        for span in (*item.code_spans(), *(block.text for block in item.blocks("console"))):
            for line in span.splitlines():
                words = line.removeprefix("$ ").split()
                if words[:1] == ["margin"] and len(words) > 1 and not words[1].startswith("-"):
                    assert words[1] in {*_commands(), "VERB"}, f"{item.name}: {line}"


def _models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """A document model and all models that its fields hold."""
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for kind in _types_in(field.annotation):
                _models(kind, seen)
    return seen


def _types_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _types_in(part)]


def test_every_field_of_a_scan_range_rule_and_of_its_result_is_documented() -> None:
    spans = page(DOCS / "arrays.md").code_spans()
    names = {name for model in _models(RuleDocument, set()) for name in model.model_fields}
    results = {field.name for kind in (RangeStep, Backtest, RangeSeries) for field in fields(kind)}
    for name in names | results | {field.name for field in fields(ScanRange)}:
        assert name in spans, name


def test_every_column_of_risk_arrays_is_documented() -> None:
    parameters = margin.read_parameters(REPOSITORY / "examples/01-nse-end-of-day/parameters.spn")
    spans = page(DOCS / "arrays.md").code_spans()
    for name in margin.risk_arrays(parameters).frame.columns:
        assert name in spans, name


@pytest.mark.parametrize("document", [ParametersDocument, HouseDocument], ids=lambda model: model.__name__)
def test_every_field_of_a_house_configuration_is_documented(document: type[BaseModel]) -> None:
    spans = page(DOCS / "house-configuration.md").code_spans()
    for model in _models(document, set()):
        for name in model.model_fields:
            assert name in spans, f"{model.__name__}.{name}"


def _properties(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for item in schema for name in _properties(item)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", ()))
    return own.union(*(_properties(value) for value in schema.values()))


def test_every_field_of_the_json_report_is_documented() -> None:
    schema = json.loads((REPOSITORY / "configs/schema/calculate.schema.json").read_text("utf-8"))
    spans = page(DOCS / "reports.md").code_spans()
    for name in sorted(_properties(schema)):
        assert name in spans, name


def test_every_field_of_an_inspection_is_documented() -> None:
    schema = json.loads((REPOSITORY / "configs/schema/inspect.schema.json").read_text("utf-8"))
    spans = page(DOCS / "inspect.md").code_spans()
    for name in sorted(_properties(schema)):
        assert name in spans, name


def test_every_reason_of_a_problem_is_documented() -> None:
    spans = page(DOCS / "reports.md").code_spans()
    for reason in Reason:
        assert str(reason) in spans, reason


def test_every_position_column_and_alias_is_documented() -> None:
    words = page(DOCS / "position-files.md").words_in_code()
    for name in (*POSITION_SCHEMA, *ALIASES):
        assert name in {word.lower() for word in words}, name


def test_every_switch_is_documented() -> None:
    spans = page(DOCS / "methodology" / "rounding-and-house-policies.md").code_spans()
    for name in SpanSwitches.__dataclass_fields__:
        assert name in spans, name


def test_the_licence_is_the_one_the_package_states() -> None:
    licence = (REPOSITORY / "LICENSE").read_text("utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert 'license = "Apache-2.0"' in (REPOSITORY / "pyproject.toml").read_text("utf-8")
