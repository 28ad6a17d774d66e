"""``margin arrays``: risk arrays from prices, volatilities and scan ranges; ``scan-range``: those from history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.inputs import read_with_market
from cli.output import destinations, write_reports
from cli.scan_range_options import stated_rule
from margin.report import ARRAY_FORMATS, SCAN_RANGE_FORMATS, Formats, Presentation, ReportFormat

if TYPE_CHECKING:
    from margin.model.parameters import ParameterSet
    from margin.model.scan_range import RuleBook, ScanRangeRule
    from margin.views.risk_arrays import RiskArrayTable

arrays = typer.Typer(invoke_without_command=True, subcommand_metavar="[COMMAND]", rich_markup_mode=None)

Config = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        "-c",
        "--parameters",
        "-p",
        metavar="FILE",
        envvar="MARGIN_CONFIG",
        help="House configuration, or another file of risk parameters; repeatable, several files merge.",
    ),
]
ArrayFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        help="table, csv, json or parquet; or a format of parameter files: arrow, pa2 or spn. "
        "Default: by the ending of --output, else table.",
    ),
]
Everything = Annotated[
    bool, typer.Option("--all", envvar="MARGIN_ALL", help="Show long lists of a table to their end.")
]
History = Annotated[
    Path,
    typer.Option(
        "--history",
        metavar="FILE",
        envvar="MARGIN_HISTORY",
        help="Daily prices as CSV or Parquet: underlying, date, price and, where the rule asks for it, volume; "
        "or - for standard input.",
    ),
]
Rule = Annotated[
    Path | None,
    typer.Option("--rule", metavar="FILE", envvar="MARGIN_RULE", help="How scan ranges follow from prices, as YAML."),
]
Estimator = Annotated[
    Literal["percentile", "sigma", "ewma"] | None,
    typer.Option(
        "--estimator", envvar="MARGIN_ESTIMATOR", help="Instead of a rule file: what the range is taken from."
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        "--window", min=2, metavar="NUMBER", envvar="MARGIN_WINDOW", help="Moves that the estimator looks back on."
    ),
]
Confidence = Annotated[
    float | None,
    typer.Option(
        "--confidence", metavar="FRACTION", envvar="MARGIN_CONFIDENCE", help="Percentile: the fraction covered."
    ),
]
Multiple = Annotated[
    float | None,
    typer.Option("--multiple", metavar="NUMBER", envvar="MARGIN_MULTIPLE", help="Sigma, ewma: standard deviations."),
]
Decay = Annotated[
    float | None,
    typer.Option(
        "--decay",
        metavar="FRACTION",
        envvar="MARGIN_DECAY",
        help="Ewma: weight of a move as a fraction of the next one's.",
    ),
]
Moves = Annotated[
    Literal["absolute", "simple", "log"] | None,
    typer.Option("--moves", envvar="MARGIN_MOVES", help="What is measured: price differences, or returns."),
]
HoldingDays = Annotated[
    int | None,
    typer.Option(
        "--holding-days",
        min=1,
        metavar="NUMBER",
        envvar="MARGIN_HOLDING_DAYS",
        help="Days that the range must hold for; moves overlap.",
    ),
]
Unit = Annotated[
    Literal["points", "percent"] | None,
    typer.Option("--unit", envvar="MARGIN_UNIT", help="What the range is stated in."),
]
Strict = Annotated[
    bool, typer.Option("--strict", envvar="MARGIN_STRICT", help="Exit with 1 when the history has gaps.")
]


@arrays.callback()
def derive(
    context: typer.Context,
    config: Config = None,
    market: options.Market = None,
    overrides: options.Set = None,
    session: options.Session = None,
    no_cache: options.NoCache = False,
    everything: Everything = False,
    format_name: ArrayFormat = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Build risk arrays from prices, volatilities and scan ranges, and show or export them.

    \b
    Examples:
      margin arrays --config house.yaml --market quotes.csv
      margin arrays -c house.yaml --market quotes.csv -o arrays.csv
      margin arrays -c house.yaml --market quotes.csv -o house.spn
      margin arrays scan-range --history prices.csv --rule rule.yaml

    \b
    Exit codes:
      0  done
      2  bad arguments or bad input, or the format cannot say it
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    if not config:
        raise typer.BadParameter("missing option '--config' / '-c'")
    formats = _ArrayFormats(ARRAY_FORMATS.package, ARRAY_FORMATS.default, console=console)
    _require_format(formats, format_name)
    planned = destinations(format_name, output, reports or (), [*config, *(market or ())], formats)

    import margin

    parameters = read_with_market(config, session, use_cache=not no_cache, market=market, overrides=overrides)
    console.problems(parameters.problems)
    table = margin.risk_arrays(parameters)
    is_written = write_reports(table, planned, console, Presentation(is_complete=everything), formats)
    console.note(_summary(parameters, table))
    raise typer.Exit(ExitCode.DONE if is_written else ExitCode.REFUSED)


@arrays.command(name="scan-range")
def scan_range(
    context: typer.Context,
    history: History,
    rule: Rule = None,
    estimator: Estimator = None,
    window: Window = None,
    confidence: Confidence = None,
    multiple: Multiple = None,
    decay: Decay = None,
    moves: Moves = None,
    holding_days: HoldingDays = None,
    unit: Unit = None,
    as_of: options.LastDay = None,
    strict: Strict = False,
    format_name: options.ScanRangeFormat = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Derive price scan ranges from a history of prices, and test them against the moves that followed.

    \b
    Examples:
      margin arrays scan-range --history prices.csv --rule rule.yaml -o scan-ranges.yaml --report html=report.html
      margin arrays scan-range --history prices.csv --estimator percentile --window 250 --confidence 0.99 \\
          --moves log --holding-days 2 --unit percent --format table

    \b
    Exit codes:
      0  done
      1  done, but --strict and the history has gaps
      2  bad arguments or bad input, such as a history that is too short
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    stated: RuleBook | ScanRangeRule | None = stated_rule(
        {
            "estimator": estimator,
            "window": window,
            "confidence": confidence,
            "multiple": multiple,
            "decay": decay,
            "moves": moves,
            "holding_days": holding_days,
            "unit": unit,
        },
        has_file=rule is not None,
    )
    inputs = [history, *([] if rule is None else [rule])]
    planned = destinations(format_name, output, reports or (), inputs, SCAN_RANGE_FORMATS)

    import margin
    from margin.model.problem import Faults, InputRefused

    faults = Faults()
    prices, rules = None, stated
    try:
        prices = margin.read_price_history(history)
    except InputRefused as refused:
        faults.extend(refused)
    try:
        rules = stated if rule is None else margin.read_scan_range_rule(rule)
    except InputRefused as refused:
        faults.extend(refused)
    faults.refuse_if_any()
    if prices is None or rules is None:
        raise AssertionError("inputs without faults are read")
    study = margin.study_scan_ranges(prices, rules, as_of=as_of)
    console.problems(study.problems)
    is_written = write_reports(study, planned, console, Presentation(), SCAN_RANGE_FORMATS)
    number = len(study.ranges)
    console.note(f"{number:,} scan range{'' if number == 1 else 's'} of {study.as_of}")
    if not is_written:
        raise typer.Exit(ExitCode.REFUSED)
    raise typer.Exit(ExitCode.FINDINGS if strict and study.problems else ExitCode.DONE)


def _require_format(formats: Formats, name: str | None) -> None:
    try:
        if name is not None:
            formats.format(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _refuse_options_before(context: typer.Context) -> None:
    """Options that stand before the command inside this one would have no effect."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"options of {context.invoked_subcommand} stand behind it, not before it")


def _summary(parameters: ParameterSet, table: RiskArrayTable) -> str:
    number = table.frame.height
    derived = 0 if parameters.pricing is None else int(parameters.pricing.frame["model"].is_not_null().sum())
    return f"{number:,} risk array{'' if number == 1 else 's'}, {derived:,} of them derived"


@dataclass
class _ParameterFile:
    """A format of parameter files as one of reports; what it says less exactly is said on the console."""

    name: str
    console: Console
    SUFFIXES: tuple[str, ...]
    IS_BINARY: bool

    def render(self, table: Any, out: BinaryIO, presentation: Presentation) -> None:
        """Write the parameters with their arrays."""
        import margin

        self.console.problems(margin.write_parameters(table.parameters, out, self.name))


@dataclass(frozen=True)
class _ArrayFormats(Formats):
    """The formats of risk arrays, those of parameter files among them."""

    console: Console | None = None

    def names(self) -> tuple[str, ...]:
        """Names of all formats, sorted."""
        from margin.write.parameters import format_names

        return tuple(sorted((*super().names(), *format_names())))

    def format(self, name: str) -> ReportFormat:
        """The format of this name."""
        from margin.write import parameters

        if name not in parameters.format_names():
            return super().format(name)
        suffixes = parameters.writer(name).SUFFIXES
        return _ParameterFile(name, self.console or Console(), suffixes, IS_BINARY=name == "arrow")
