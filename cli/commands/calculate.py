"""``margin calculate``: the requirement of every account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.inputs import read_inputs, require_one_standard_input, say_what_was_read
from cli.output import Destination, destinations, write_reports
from cli.selection import selected_accounts
from margin.methods import DEFAULT_METHOD
from margin.report import DEFAULT_FORMAT, DETAILED_ACCOUNTS, Presentation

if TYPE_CHECKING:
    from margin.model.run import MarginRun

DETAILED_WHEN_SELECTED = 50
"""Accounts shown in detail at most when the user named those to look at."""


def calculate(
    context: typer.Context,
    parameters: options.Parameters,
    positions: options.Positions,
    input_format: options.InputFormat = None,
    decimal: options.Decimal = None,
    session: options.Session = None,
    market: options.Market = None,
    overrides: options.Set = None,
    no_cache: options.NoCache = False,
    method: options.Method = DEFAULT_METHOD,
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
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    require_one_standard_input(positions)
    planned = destinations(format_name, output, reports or (), [*parameters, *positions, *(market or ())])
    selected = selected_accounts(only)

    import margin

    inputs = read_inputs(
        parameters,
        positions,
        input_format,
        house,
        session,
        decimal=decimal,
        use_cache=not no_cache,
        market=market,
        overrides=overrides,
    )
    run = margin.calculate(
        inputs.parameters,
        inputs.positions,
        method=method,
        house=inputs.house,
        rounding=rounding,
        account_type=account_type,
        quantity_unit=quantity_unit,
        only=selected,
        as_of=as_of,
        threads=threads,
    )
    detailed = min(max(DETAILED_ACCOUNTS, len(selected or ())), DETAILED_WHEN_SELECTED)
    is_written = write_reports(run, planned, console, Presentation(detailed_accounts=detailed))
    _say_how_it_went(console, run, planned)
    raise typer.Exit(_exit_code(run, is_strict=strict, is_written=is_written))


def _exit_code(run: MarginRun, *, is_strict: bool, is_written: bool) -> ExitCode:
    if not is_written:
        return ExitCode.REFUSED
    is_clean = bool(run.accounts["complete"].all()) and run.accounts["set_aside"].sum() == 0
    return ExitCode.FINDINGS if is_strict and not is_clean else ExitCode.DONE


def _say_how_it_went(console: Console, run: MarginRun, planned: tuple[Destination, ...]) -> None:
    """Say what was read, the problems unless standard output has just shown them, and the summary."""
    say_what_was_read(console, run)
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
