"""``margin calculate``: the requirement of every account."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli import options
from cli.console import ColorChoice, Console, Verbosity
from cli.exit_codes import ExitCode
from cli.output import Destination, destinations, write_reports
from cli.selection import selected_accounts
from margin.report import DEFAULT_FORMAT, DETAILED_ACCOUNTS

if TYPE_CHECKING:
    from margin.model.house import HousePolicy
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
    from margin.model.run import MarginRun

DETAILED_WHEN_SELECTED = 50
"""Accounts shown in detail at most when the user named those to look at."""

STANDARD_INPUT = "-"


def calculate(
    context: typer.Context,
    parameters: options.Parameters,
    positions: options.Positions,
    input_format: options.InputFormat = None,
    house: options.House = None,
    rounding: options.Rounding = "house",
    account_type: options.AccountType = None,
    quantity_unit: options.QuantityUnitChoice = None,
    as_of: options.AsOf = None,
    only: options.Only = None,
    threads: options.Threads = None,
    strict: options.Strict = False,
    format_name: options.Format = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Calculate the margin requirement of every account.

    The report goes to standard output or a file, everything else to standard error.

    \b
    Examples:
      margin calculate -p nsccl.20260625.s.spn -i positions.csv
      margin calculate -p nsccl.20260625.s.spn -i positions.csv -o run.json
      margin calculate -p cme.spn -i - --format csv --report json=run.json < positions.csv

    \b
    Exit codes:
      0  done
      1  done, but --strict and something is incomplete
      2  bad arguments or bad input; nothing was computed
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = _verbosity(quiet, verbose), color
    if [str(path) for path in positions].count(STANDARD_INPUT) > 1:
        raise typer.BadParameter("standard input can be read once; name - once among the --positions")
    planned = destinations(format_name, output, reports or (), [*parameters, *positions])
    selected = selected_accounts(only)

    import margin

    inputs = _read_inputs(parameters, positions, input_format, house)
    run = margin.calculate(
        inputs.parameters,
        inputs.positions,
        house=inputs.house,
        rounding=rounding,
        account_type=account_type,
        quantity_unit=quantity_unit,
        only=selected,
        as_of=as_of,
        threads=threads,
    )
    detailed = min(max(DETAILED_ACCOUNTS, len(selected or ())), DETAILED_WHEN_SELECTED)
    is_written = write_reports(run, planned, console, detailed)
    _say_how_it_went(console, run, planned)
    raise typer.Exit(_exit_code(run, is_strict=strict, is_written=is_written))


def _verbosity(quiet: bool, verbose: bool) -> Verbosity:
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose exclude each other")
    return Verbosity.QUIET if quiet else Verbosity.VERBOSE if verbose else Verbosity.NORMAL


@dataclass(frozen=True)
class _Inputs:
    parameters: ParameterSet
    positions: PositionBook
    house: HousePolicy | None


def _read_inputs(parameters: list[Path], positions: list[Path], input_format: str | None, house: str | None) -> _Inputs:
    """Read all inputs; the faults of all of them are refused together."""
    import margin
    from margin.model.problem import Faults, InputRefused

    def read_positions() -> PositionBook:
        paths = [str(path) for path in positions]
        return margin.read_positions(paths, input_format=input_format, stdin=sys.stdin.buffer)

    readers: dict[str, Callable[[], Any]] = {
        "parameters": lambda: margin.read_parameters([str(path) for path in parameters]),
        "positions": read_positions,
        "house": lambda: None if house is None else margin.read_house(house),
    }
    faults, read = Faults(), {}
    for name, reader in readers.items():
        try:
            read[name] = reader()
        except InputRefused as refused:
            faults.extend(refused)
    faults.refuse_if_any()
    return _Inputs(**read)


def _exit_code(run: MarginRun, *, is_strict: bool, is_written: bool) -> ExitCode:
    if not is_written:
        return ExitCode.REFUSED
    is_clean = bool(run.accounts["complete"].all()) and run.accounts["set_aside"].sum() == 0
    return ExitCode.FINDINGS if is_strict and not is_clean else ExitCode.DONE


def _say_how_it_went(console: Console, run: MarginRun, planned: tuple[Destination, ...]) -> None:
    """Say what was read, the problems unless standard output has just shown them, and the summary."""
    for parameters in run.parameter_sources:
        about = f"{parameters.clearing_org} {parameters.business_date} {parameters.session}"
        console.detail(f"read {parameters.path} ({parameters.format}, {about}), sha256 {parameters.sha256}")
    for positions in run.position_sources:
        about = f"{positions.format}, {positions.rows:,} rows"
        console.detail(f"read {positions.path} ({about}), sha256 {positions.sha256}")
    if not any(item.is_standard_output and item.format == DEFAULT_FORMAT for item in planned):
        console.problems(run.problem_list)
    console.note(_summary(run))


def _summary(run: MarginRun) -> str:
    from margin.model.document import totals
    from margin.model.money import amount_text

    sums = totals(run)
    amounts = [
        f"{entry['currency']} {amount_text(requirement, entry['currency'], run.currency_decimals)}"
        for entry in sums["by_currency"]
        if (requirement := entry["maintenance_requirement"]) is not None
    ]
    said = [_counted(sums["accounts"], "account"), _counted(sums["positions"], "position")]
    if amounts:
        said.append(f"maintenance requirement {' + '.join(amounts)}")
    said.append(f"{sums['set_aside']:,} set aside")
    if sums["incomplete_accounts"]:
        said.append(f"{_counted(sums['incomplete_accounts'], 'incomplete account')} left out of the requirement")
    return ", ".join(said)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
