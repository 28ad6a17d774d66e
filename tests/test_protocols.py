"""Folders whose modules are formats, methods or commands: every module keeps its folder's protocol."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import typer

import margin
from margin.read import house_policy
from margin.read.market import MarketFormat
from margin.read.market import formats as market_formats
from margin.read.parameters import ParameterFormat
from margin.read.parameters import formats as parameter_formats
from margin.read.positions import PositionFormat
from margin.read.positions import formats as position_formats
from margin.report import (
    ARRAY_FORMATS,
    SCAN_RANGE_FORMATS,
    Formats,
    ReportFormat,
    format_for,
    format_names,
    report_format,
)

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("margin", "cli") for path in (ROOT / folder).rglob("*.py"))


def signature(function: object) -> list[tuple[str, inspect._ParameterKind]]:
    """Names and kinds of parameters, without ``self``."""
    assert callable(function)
    return [(name, one.kind) for name, one in inspect.signature(function).parameters.items() if name != "self"]


def assert_keeps(module: ModuleType, protocol: type) -> None:
    """Check that a module has every function and constant of a protocol, with the same parameters."""
    for name, expected in vars(protocol).items():
        if inspect.isfunction(expected) and not name.startswith("_"):
            assert signature(expected) == signature(getattr(module, name)), f"{module.__name__}.{name}"
    for name in protocol.__annotations__:
        assert hasattr(module, name), f"{module.__name__}.{name}"


def public_modules(folder: str) -> set[str]:
    """Names of a folder's modules that are not helpers."""
    paths = [path for path in (ROOT / folder).iterdir() if not path.name.startswith(("_", "."))]
    return {path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").exists()}


def test_parameter_formats_keep_their_protocol() -> None:
    found = parameter_formats()

    assert public_modules("margin/read/parameters") - {"merge"} == set(found)
    for module in found.values():
        assert isinstance(module, ModuleType)
        assert_keeps(module, ParameterFormat)


def test_position_formats_keep_their_protocol() -> None:
    found = position_formats()

    assert len(public_modules("margin/read/positions")) == len(found)
    for name, module in found.items():
        assert isinstance(module, ModuleType)
        assert_keeps(module, PositionFormat)
        assert name == module.FORMAT


def test_market_formats_keep_their_protocol() -> None:
    found = market_formats()

    assert len(public_modules("margin/read/market")) == len(found)
    for name, module in found.items():
        assert isinstance(module, ModuleType)
        assert_keeps(module, MarketFormat)
        assert name == module.FORMAT


def test_report_formats_keep_their_protocol() -> None:
    endings: list[str] = []
    for name in format_names():
        module = report_format(name)
        assert isinstance(module, ModuleType)
        assert_keeps(module, ReportFormat)
        assert isinstance(module.IS_BINARY, bool)
        for ending in module.SUFFIXES:
            assert ending.startswith(".")
            assert ending == ending.lower()
            assert name == format_for(f"run{ending}")
        endings += module.SUFFIXES

    assert {"csv", "json", "ndjson", "parquet", "span-xml", "table"} <= set(format_names())
    assert {name.replace("-", "_") for name in format_names()} <= public_modules("margin/report")
    assert len(endings) == len(set(endings))


@pytest.mark.parametrize("formats", [ARRAY_FORMATS, SCAN_RANGE_FORMATS], ids=lambda formats: formats.package)
def test_formats_of_other_documents_keep_the_same_protocol(formats: Formats) -> None:
    assert formats.default in formats.names()
    assert {name.replace("-", "_") for name in formats.names()} == public_modules(formats.package.replace(".", "/"))
    for name in formats.names():
        module = formats.format(name)
        assert isinstance(module, ModuleType)
        parameters = signature(module.render)
        assert ["out", "presentation"] == [word for word, _ in parameters[1:]]
        assert isinstance(module.IS_BINARY, bool)
        assert all(name == formats.for_path(f"file{ending}") for ending in module.SUFFIXES)


def test_methods_keep_their_protocol() -> None:
    methods = import_module("margin.methods")

    names = methods.method_names()
    assert "span" in names
    assert {name.replace("_", "-") for name in public_modules("margin/methods")} == set(names)
    for name in names:
        module = methods.margin_method(name)
        assert_keeps(module, methods.MarginMethod)
        assert "Methodology" in (module.__doc__ or "") or "Source" in (module.__doc__ or ""), name


def test_commands_have_their_module_s_name() -> None:
    names = public_modules("cli/commands")

    assert {"arrays", "calculate"} <= names
    for name in names:
        command = getattr(import_module(f"cli.commands.{name}"), name)
        for function in functions_of(command):
            assert "Exit codes:" in (inspect.getdoc(function) or ""), name


def functions_of(command: object) -> list[object]:
    """The function of a command; of an app of several commands, those of its own and of all in it."""
    if not isinstance(command, typer.Typer):
        return [command]
    assert command.registered_callback is not None
    assert command.registered_commands
    assert not command.registered_groups
    return [command.registered_callback.callback, *(item.callback for item in command.registered_commands)]


def test_house_policies_are_named_dated_and_sourced() -> None:
    names = house_policy.packaged_house_names()
    owners: dict[str, str] = {}

    assert {path.stem for path in (ROOT / "configs/houses").glob("*.yaml")} == set(names)
    for name in names:
        house = margin.read_house(name)
        assert name == house.name
        assert house.title
        assert house.source
        assert "0000" < house.effective_date < "9999"
        for code in house.clearing_orgs:
            assert owners.setdefault(code, name) == name, f"{code} is claimed by {owners[code]} and {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    if not tree.body and path.name == "__init__.py" and path.is_relative_to(ROOT / "cli"):
        return  # the command line's packages are empty
    sentence = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")

    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0] == "`"
    assert "from __future__ import annotations" in path.read_text("utf-8") or len(tree.body) == 1
