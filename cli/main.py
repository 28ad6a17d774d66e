"""The ``margin`` command: its subcommands, and what every way of ending means to the shell."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, NoReturn

import typer

from cli import commands
from cli.console import Console, hear_library
from cli.exit_codes import ExitCode
from cli.output import discard_standard_output
from cli.settings import SETTINGS_FILE, Setting, read_settings
from margin import __version__
from margin.model.problem import InputRefused

PROGRAM = "margin"

app = typer.Typer(
    name=PROGRAM,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def margin(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Margin requirements from clearing houses' risk parameter files.

    Options can also be set in the environment (MARGIN_*) and in a file margin.yaml in the working folder;
    the command line wins over the environment, the environment over the file.

    \b
    Example:
      margin calculate --parameters nsccl.20260625.s.spn --positions positions.csv
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are


def _add_commands() -> None:
    """Add every module of `cli.commands`: what has the module's name is the command, or an app of several."""
    for module in iter_modules(commands.__path__):
        command = getattr(import_module(f"{commands.__name__}.{module.name}"), module.name)
        name = module.name.replace("_", "-")
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name=name)(command)


_add_commands()


def run(arguments: Sequence[str]) -> int:
    """Run one command line; nothing but an exit code comes out of it.

    Args:
        arguments: The words after the program's name; none asks for help.
    """
    console = Console()
    hear_library(console)
    try:
        return _invoke(list(arguments) or ["--help"], console)
    except InputRefused as refused:
        console.problems(refused.problems, refused.total, is_refusal=True)
        console.note(f"nothing was computed: {_counted(refused.total)} in the input")
        return ExitCode.REFUSED
    except typer.TyperException as error:
        _say_usage_error(console, error)
        return ExitCode.REFUSED
    except (KeyboardInterrupt, typer.Abort):
        console.error("interrupted")
        return ExitCode.INTERRUPTED
    except SystemExit as end:
        # The reader of the help text closed the pipe; it has what it wanted.
        return ExitCode.DONE if isinstance(end.__context__, BrokenPipeError) else int(end.code or 0)
    except Exception as error:  # noqa: BLE001  whatever is left is a fault of the program, and says so
        _say_internal_error(console, error)
        return ExitCode.INTERNAL_ERROR


def main() -> NoReturn:
    """Entry point of the console script."""
    code = run(sys.argv[1:])
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        discard_standard_output()
    sys.exit(int(code))


def _invoke(arguments: list[str], console: Console) -> int:
    command: Any = typer.main.get_command(app)
    is_help = any(word in ("-h", "--help", "--version") for word in arguments)
    defaults = {} if is_help else read_settings(Path(), _settings(command))
    code = command.main(args=arguments, prog_name=PROGRAM, standalone_mode=False, obj=console, default_map=defaults)
    if code == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else ExitCode.DONE


def _settings(group: Any, within: str = "") -> list[Setting]:
    """Every option of every command, as the project file names it."""
    settings = []
    for name, command in group.commands.items():
        path = f"{within} {name}".strip()
        settings += [
            Setting(
                name=next(word for word in option.opts if word.startswith("--")).removeprefix("--"),
                command=path,
                parameter=option.name,
                is_repeatable=option.multiple,
                is_switch=option.is_flag,
            )
            for option in command.params
            if getattr(option, "envvar", None)
        ]
        if hasattr(command, "commands"):
            settings += _settings(command, path)
    return settings


def _say_usage_error(console: Console, error: typer.TyperException) -> None:
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    origin = ""
    if context is not None and parameter is not None:
        source = getattr(context.get_parameter_source(parameter.name), "name", "")
        if source == "DEFAULT_MAP":
            origin = f" (set in {SETTINGS_FILE})"
        elif source == "ENVIRONMENT":
            origin = " (set in the environment)"
    console.error(f"{error.format_message().replace('Value error, ', '')}{origin}")
    path = PROGRAM if context is None else context.command_path
    console.note(f"'{path} --help' shows what can be given")


def _say_internal_error(console: Console, error: Exception) -> None:
    console.detail("".join(traceback.format_exception(error)).rstrip())
    hint = "" if console.is_verbose else " Run it again with --verbose to see where it happened."
    console.error(
        f"internal error, a fault of {PROGRAM} {__version__} and not of your input: "
        f"{type(error).__name__}: {error}.{hint} Please report it with the command and, if you may, the input."
    )


def _counted(number: int) -> str:
    return f"{number:,} problem{'' if number == 1 else 's'}"


if __name__ == "__main__":
    main()
