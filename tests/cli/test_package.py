import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args, get_type_hints

import pytest
import typer

import cli
import cli.commands
import cli.main
import margin
from cli.exit_codes import ExitCode
from margin.model.house import QuantityUnit

REPOSITORY = Path(__file__).parents[2]
HEAVY = ("polars", "numpy", "scipy", "pydantic", "rich", "yaml")


def test_the_imported_package_is_the_one_beside_the_library():
    assert Path(margin.__file__).parents[1] / "cli" / "__init__.py" == Path(cli.__file__)
    assert REPOSITORY / "cli" / "main.py" == Path(cli.main.__file__)


def test_the_package_itself_is_empty():
    assert b"" == Path(cli.__file__).read_bytes()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_and_version_load_nothing_heavy(arguments):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from cli.main import run\n"
        "code = run(sys.argv[2:])\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else code)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(REPOSITORY), *arguments], capture_output=True, text=True)  # noqa: S603  the interpreter itself

    assert ("", 0) == (result.stderr, result.returncode)
    assert result.stdout


def test_every_module_of_the_commands_is_a_command_with_an_example():
    group = typer.main.get_command(cli.main.app)

    names = [module.name for module in iter_modules(cli.commands.__path__)]
    assert {name.replace("_", "-") for name in names} == set(group.commands)
    for name in names:
        command = getattr(import_module(f"cli.commands.{name}"), name)
        function = command.registered_callback.callback if isinstance(command, typer.Typer) else command
        assert f"margin {name.replace('_', '-')} " in function.__doc__


def every_command(group):
    """Commands of a group and of the groups in it, which are commands too."""
    for command in group.commands.values():
        yield command
        yield from every_command(command) if hasattr(command, "commands") else ()


def test_commands_inside_a_command_have_an_example_too():
    arrays = typer.main.get_command(cli.main.app).commands["arrays"]

    assert {"scan-range"} == set(arrays.commands)
    assert "margin arrays scan-range " in arrays.commands["scan-range"].help


def test_every_option_has_its_environment_twin_and_help():
    for command in every_command(typer.main.get_command(cli.main.app)):
        for option in (item for item in command.params if item.param_type_name == "option"):
            longest = next(word for word in option.opts if word.startswith("--"))
            if longest != "--help":
                assert "MARGIN_" + longest.removeprefix("--").replace("-", "_").upper() == option.envvar
                assert option.help


def test_quantity_units_are_those_of_the_engine():
    hint = get_type_hints(import_module("cli.commands.calculate").calculate)["quantity_unit"]

    assert {str(unit) for unit in QuantityUnit} == set(get_args(get_args(hint)[0]))


def test_exit_codes_are_the_documented_ones():
    assert [0, 1, 2, 3, 130] == [int(code) for code in ExitCode]
