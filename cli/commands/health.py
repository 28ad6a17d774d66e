"""``margin health``: equity, collateral, requirement and state of every cross-margin account."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.health_inputs import read_health_inputs
from cli.inputs import require_one_standard_input, say_what_was_read
from cli.output import Destination, destinations, write_reports
from cli.selection import selected_accounts
from margin.methods import DEFAULT_METHOD
from margin.report import HEALTH_FORMATS, Presentation

if TYPE_CHECKING:
    from margin.model.health import HealthRun
    from margin.model.run import MarginRun


def _moment(text: str | None) -> str | None:
    """A time with its offset, as UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a time; expected a form like 2026-06-25T16:00:00Z") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} says no offset; expected a form like 2026-06-25T16:00:00Z")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Accounts = Annotated[
    list[Path],
    typer.Option(
        "--accounts",
        "-a",
        metavar="FILE",
        envvar="MARGIN_ACCOUNTS",
        help="Balances, positions and orders of accounts, or - for standard input; repeatable.",
    ),
]
AccountPolicy = Annotated[
    str,
    typer.Option(
        "--account-policy",
        metavar="NAME",
        envvar="MARGIN_ACCOUNT_POLICY",
        help="Account policy: a packaged name or a YAML file.",
    ),
]
Parameters = Annotated[
    list[Path] | None,
    typer.Option(
        "--parameters",
        "-p",
        metavar="FILE",
        envvar="MARGIN_PARAMETERS",
        help="Risk parameters of positions that are margined from them; repeatable, several files merge.",
    ),
]
Positions = Annotated[
    list[Path] | None,
    typer.Option(
        "--positions",
        "-i",
        metavar="FILE",
        envvar="MARGIN_POSITIONS",
        help="Position file of those positions, or - for standard input; repeatable.",
    ),
]
Market = Annotated[
    list[Path] | None,
    typer.Option(
        "--market",
        metavar="FILE",
        envvar="MARGIN_MARKET",
        help="Market data: prices of assets and markets, and what risk arrays are derived from; repeatable.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        envvar="MARGIN_AS_OF",
        callback=_moment,
        help="Time at which prices are judged for age, such as 2026-06-25T16:00:00Z. Default: the market data's own.",
    ),
]
FailOn = Annotated[
    Literal["warn", "restrict", "liquidate", "bankrupt"] | None,
    typer.Option(
        "--fail-on",
        envvar="MARGIN_FAIL_ON",
        help="Exit with 1 when an account or an isolated bucket is in this state or a worse one.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        envvar="MARGIN_STRICT",
        help="Exit with 1 when a position is set aside, or an account is incomplete, stale or missing.",
    ),
]
NoDistances = Annotated[
    bool,
    typer.Option(
        "--no-distances",
        envvar="MARGIN_NO_DISTANCES",
        help="Do not measure how far prices may move to every threshold; saves time for many accounts.",
    ),
]


def health(
    context: typer.Context,
    accounts: Accounts,
    account_policy: AccountPolicy,
    market: Market = None,
    parameters: Parameters = None,
    positions: Positions = None,
    input_format: options.InputFormat = None,
    decimal: options.Decimal = None,
    session: options.Session = None,
    overrides: options.Set = None,
    no_cache: options.NoCache = False,
    method: options.Method = DEFAULT_METHOD,
    house: options.House = None,
    rounding: options.Rounding = "house",
    account_type: options.AccountType = None,
    quantity_unit: options.QuantityUnitChoice = None,
    as_of: AsOf = None,
    only: options.Only = None,
    threads: options.Threads = None,
    fail_on: FailOn = None,
    strict: Strict = False,
    no_distances: NoDistances = False,
    format_name: options.HealthFormat = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Judge every cross-margin account: its whole balance against all of its positions.

    \b
    Examples:
      margin health -a accounts.yaml --market prices.csv --account-policy binance
      margin health -a balances.csv -a positions.csv --market prices.csv --account-policy my.yaml --fail-on liquidate
      margin health -p cme.spn -i positions.csv -a balances.csv --market prices.csv --account-policy my.yaml

    \b
    Exit codes:
      0  done
      1  done, but --fail-on and a state is as bad, or --strict and something is incomplete or stale
      2  bad arguments or bad input; nothing was computed
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    if bool(parameters) is not bool(positions):
        raise typer.BadParameter("--parameters and --positions go together: risk parameters and what they margin")
    inputs = [*accounts, *(positions or ()), *(parameters or ()), *(market or ())]
    require_one_standard_input(inputs)
    planned = destinations(format_name, output, reports or (), inputs, HEALTH_FORMATS)
    selected = selected_accounts(only)

    import margin

    read = read_health_inputs(
        accounts,
        account_policy,
        market,
        parameters,
        positions,
        house,
        input_format=input_format,
        session=session,
        decimal=decimal,
        use_cache=not no_cache,
        overrides=overrides,
    )
    margined = None
    if read.margined is not None:
        margined = margin.calculate(
            read.margined.parameters,
            read.margined.positions,
            method=method,
            house=read.margined.house,
            rounding=rounding,
            account_type=account_type,
            quantity_unit=quantity_unit,
            as_of=None if as_of is None else as_of[: len("2026-06-25")],
            threads=threads,
        )
    run = margin.health(
        read.accounts,
        read.policy,
        read.market,
        margined,
        only=selected,
        as_of=as_of,
        distances=not no_distances,
    )
    is_written = write_reports(run, planned, console, Presentation(), HEALTH_FORMATS)
    _say_how_it_went(console, run, margined, planned)
    raise typer.Exit(_exit_code(run, margined, fail_on, is_strict=strict, is_written=is_written))


def _exit_code(
    run: HealthRun, margined: MarginRun | None, fail_on: str | None, *, is_strict: bool, is_written: bool
) -> ExitCode:
    from margin.model.account import SEVERITY, AccountState

    if not is_written:
        return ExitCode.REFUSED
    states = set(run.scopes["state"])
    if fail_on is not None and states & {str(state) for state in SEVERITY[SEVERITY.index(AccountState(fail_on)) :]}:
        return ExitCode.FINDINGS
    is_unsure = states & {"stale", "incomplete"} or any(problem.severity == "error" for problem in run.problem_list)
    is_partial = margined is not None and bool(margined.accounts["set_aside"].sum())
    return ExitCode.FINDINGS if is_strict and (is_unsure or is_partial) else ExitCode.DONE


def _say_how_it_went(
    console: Console, run: HealthRun, margined: MarginRun | None, planned: tuple[Destination, ...]
) -> None:
    """Say what was read, the problems unless standard output has just shown them, and how many are in which state."""
    from margin.model.health import health_totals

    if margined is not None:
        say_what_was_read(console, margined)
    sources: tuple[Any, ...] = (*run.account_sources, *run.market_sources)
    for source in sources:
        console.detail(f"read {source.path} ({source.format}, {source.rows:,} rows), sha256 {source.sha256}")
    if not any(item.is_standard_output and item.format == HEALTH_FORMATS.default for item in planned):
        console.problems(run.problem_list)
    totals = health_totals(run)
    words = [f"{totals['accounts']:,} account{'' if totals['accounts'] == 1 else 's'}"]
    if totals["isolated"]:
        words.append(f"{totals['isolated']:,} isolated")
    words += [f"{entry['scopes']:,} {entry['state']}" for entry in totals["by_state"]]
    console.note(", ".join(words))
