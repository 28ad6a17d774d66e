"""``margin explain``: why one account's requirement is what it is."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.inputs import read_inputs, require_one_standard_input, say_what_was_read
from cli.output import destinations, write_reports
from margin.methods import DEFAULT_METHOD
from margin.report import EXPLANATION_FORMATS, Presentation

_WITH_PROBLEMS = frozenset({"tree", "markdown"})
"""Formats that show the problems themselves."""

Account = Annotated[
    str,
    typer.Option("--account", metavar="ID", envvar="MARGIN_ACCOUNT", help="The account to explain."),
]
Firm = Annotated[
    str | None,
    typer.Option(
        "--firm", metavar="NAME", envvar="MARGIN_FIRM", help="Its firm, where accounts of several firms have that name."
    ),
]
Type = Annotated[
    str | None,
    typer.Option("--type", metavar="CODE", envvar="MARGIN_TYPE", help="Its account type, likewise."),
]
Segregation = Annotated[
    str | None,
    typer.Option("--segregation", metavar="NAME", envvar="MARGIN_SEGREGATION", help="Its segregation, likewise."),
]
Why = Annotated[
    list[str] | None,
    typer.Option(
        "--why",
        metavar="NAME",
        envvar="MARGIN_WHY",
        help="Show only the path to this component, commodity or contract, such as intercommodity_credit; repeatable.",
    ),
]
Depth = Annotated[
    int | None,
    typer.Option(
        "--depth",
        min=0,
        metavar="NUMBER",
        envvar="MARGIN_DEPTH",
        help="Levels to show below the requirement, or below what --why names. Default: all.",
    ),
]
Everything = Annotated[
    bool,
    typer.Option(
        "--all",
        envvar="MARGIN_ALL",
        help="Show every part in a tree or in Markdown: small ones, zeros, steps, and the losses of all scenarios.",
    ),
]


def explain(
    context: typer.Context,
    parameters: options.Parameters,
    positions: options.Positions,
    account: Account,
    firm: Firm = None,
    type_: Type = None,
    segregation: Segregation = None,
    why: Why = None,
    depth: Depth = None,
    everything: Everything = False,
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
    threads: options.Threads = None,
    strict: options.Strict = False,
    format_name: options.ExplanationFormat = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Explain one account's requirement: a tree of figures down to position times scenario.

    Every figure follows from those below it, and every number of the parameters has its file and line.

    \b
    Examples:
      margin explain -p nsccl.20260625.s.spn -i positions.csv --account ACC1
      margin explain -p cme.spn -i positions.csv --account ACC1 --why intercommodity_credit
      margin explain -p cme.spn -i positions.csv --account ACC1 -o why.md --report json=why.json

    \b
    Exit codes:
      0  done
      1  done, but --strict and the account is incomplete
      2  bad arguments or bad input; nothing was computed
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    require_one_standard_input(positions)
    planned = destinations(
        format_name, output, reports or (), [*parameters, *positions, *(market or ())], EXPLANATION_FORMATS
    )

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
        only=[account],
        as_of=as_of,
        threads=threads,
    )
    document = run.explain(
        account, firm=firm, account_type=type_, segregation=segregation, why=tuple(why or ()), depth=depth
    )
    presentation = Presentation(is_complete=everything)
    is_written = write_reports(document, planned, console, presentation, EXPLANATION_FORMATS)
    say_what_was_read(console, run)
    if not any(item.is_standard_output and item.format in _WITH_PROBLEMS for item in planned):
        console.problems(run.problem_list)
    if not is_written:
        raise typer.Exit(ExitCode.REFUSED)
    raise typer.Exit(ExitCode.FINDINGS if strict and not document["account"]["complete"] else ExitCode.DONE)
