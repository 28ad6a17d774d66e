"""``margin validate``: everything that is wrong with files, before anything is calculated from them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.output import destinations, write_reports
from margin.report import VALIDATION_FORMATS, Presentation

if TYPE_CHECKING:
    from margin.views.validate import Validation

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES...",
        help="Risk parameters, positions, market data or house policies, told by content; - for standard input.",
    ),
]
LookedUpIn = Annotated[
    list[Path] | None,
    typer.Option(
        "--parameters",
        "-p",
        metavar="FILE",
        envvar="MARGIN_PARAMETERS",
        help="Look every position up in this parameter file, which is validated too; repeatable, several files merge.",
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="FORMAT",
        envvar="MARGIN_INPUT_FORMAT",
        help="Format of all FILES, where their names and contents do not tell it.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", envvar="MARGIN_STRICT", help="Exit with 1 when there are warnings."),
]


def validate(
    context: typer.Context,
    files: Files,
    parameters: LookedUpIn = None,
    input_format: InputFormat = None,
    session: options.Session = None,
    market: options.Market = None,
    decimal: options.Decimal = None,
    house: options.House = None,
    account_type: options.AccountType = None,
    strict: Strict = False,
    format_name: options.ValidationFormat = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Say everything that is wrong with files of parameters, positions, market data and house policies.

    \b
    Examples:
      margin validate nsccl.20260625.s.spn positions.csv my-house.yaml
      margin validate -p nsccl.20260625.s.spn positions.csv
      margin validate --strict --format github positions/*.csv

    \b
    Exit codes:
      0  all files are sound
      1  all files are sound, but --strict and there are warnings
      2  a file has a fault, or bad arguments
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    looked_up_in = [str(path) for path in parameters or ()]
    derived_from = [str(path) for path in market or ()]
    inputs = [Path(path) for path in [*looked_up_in, *derived_from, *files]]
    planned = destinations(format_name, output, reports or (), inputs, VALIDATION_FORMATS)

    import margin

    validation = margin.validate(
        files,
        parameters=looked_up_in,
        input_format=input_format,
        session=session,
        market=derived_from,
        house=None if house is None else margin.read_house(house),
        account_type=account_type,
        decimal=decimal,
        stdin=sys.stdin.buffer,
    )
    is_written = write_reports(validation, planned, console, Presentation(), VALIDATION_FORMATS)
    if not any(item.is_standard_output for item in planned):
        console.problems(validation.problems, is_refusal=True)
    console.note(_summary(validation))
    raise typer.Exit(_exit_code(validation, is_strict=strict, is_written=is_written))


def _exit_code(validation: Validation, *, is_strict: bool, is_written: bool) -> ExitCode:
    if validation.faults or not is_written:
        return ExitCode.REFUSED
    return ExitCode.FINDINGS if is_strict and validation.warnings else ExitCode.DONE


def _summary(validation: Validation) -> str:
    faulty = sum(file.faults > 0 for file in validation.files)
    said = [_counted(len(validation.files), "file")]
    if faulty:
        said.append(f"{_counted(validation.faults, 'fault')} in {faulty:,}")
    said.append(_counted(validation.warnings, "warning"))
    return ", ".join(said)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
