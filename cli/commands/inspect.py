"""``margin inspect``: what a file holds, and what changed between two parameter files."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.inputs import read_with_market
from cli.output import destinations, write_reports
from margin.report import INSPECTION_FORMATS, Presentation

if TYPE_CHECKING:
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
    from margin.model.problem import Problem

_STANDARD_INPUT = "-"
_PARAMETER_ENDINGS = (".spn", ".xml", ".pa2", ".par", ".yaml", ".yml", ".zip", ".gz")
_WITH_PROBLEMS = frozenset({"table", "markdown"})
"""Formats that show the problems themselves."""

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="Risk parameters, positions, market data, or a house policy: a file or its name."
    ),
]
Subject = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME | FILE]",
        help="A combined commodity, product or contract of the parameters; or a later parameter file to compare with.",
    ),
]
Commodity = Annotated[
    str | None,
    typer.Option("--commodity", metavar="CODE", envvar="MARGIN_COMMODITY", help="Show this combined commodity."),
]
Contract = Annotated[
    str | None,
    typer.Option("--contract", metavar="ID", envvar="MARGIN_CONTRACT", help="Show this contract with its risk arrays."),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against", metavar="FILE", envvar="MARGIN_AGAINST", help="Show what changed up to this later parameter file."
    ),
]
Everything = Annotated[
    bool,
    typer.Option("--all", envvar="MARGIN_ALL", help="Show long lists of a table or of Markdown to their end."),
]


def inspect(
    context: typer.Context,
    file: File,
    subject: Subject = None,
    commodity: Commodity = None,
    contract: Contract = None,
    against: Against = None,
    everything: Everything = False,
    session: options.Session = None,
    market: options.Market = None,
    input_format: options.InputFormat = None,
    decimal: options.Decimal = None,
    no_cache: options.NoCache = False,
    format_name: options.InspectionFormat = None,
    output: options.Output = None,
    reports: options.Reports = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Show what a file of parameters, positions or market data holds, or what changed between two parameter files.

    \b
    Examples:
      margin inspect nsccl.20260625.s.spn
      margin inspect nsccl.20260625.s.spn NIFTY
      margin inspect nsccl.20260625.s.spn "NSE NIFTY FUT 20260630"
      margin inspect nsccl.20260625.s.spn nsccl.20260626.s.spn
      margin inspect positions.csv --format json

    \b
    Exit codes:
      0  done
      2  bad arguments or bad input, or a name that means nothing
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    if sum(item is not None for item in (subject, commodity, contract, against)) > 1:
        raise typer.BadParameter("a second argument, --commodity, --contract and --against exclude each other")
    if subject is not None and _is_file(subject):
        against, subject = Path(subject), None
    inputs = [Path(file), *([] if against is None else [against]), *(market or ())]
    planned = destinations(format_name, output, reports or (), inputs, INSPECTION_FORMATS)

    names = {"name": subject, "commodity": commodity, "contract": contract}
    wanted = {key: text for key, text in names.items() if text is not None}
    reading = _Reading(session, input_format, decimal, not no_cache, tuple(market or ()))
    document, problems = _inspected(file, against, wanted, reading)
    presentation = Presentation(is_complete=everything)
    is_written = write_reports(document, planned, console, presentation, INSPECTION_FORMATS)
    if not any(item.is_standard_output and item.format in _WITH_PROBLEMS for item in planned):
        console.problems(problems)
    raise typer.Exit(ExitCode.DONE if is_written else ExitCode.REFUSED)


def _is_file(text: str) -> bool:
    """Whether an argument names a file: one that exists, or that a parameter file's ending says is meant."""
    return Path(text).is_file() or text.lower().endswith(_PARAMETER_ENDINGS)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How files are read.

    Attributes:
        session: Which point in time of a parameter file.
        input_format: Format of the file; `None` to tell it by content.
        decimal: What text tables of positions write before decimals.
        use_cache: Whether what was parsed before is used again.
        market: Market data files that arrays are derived from.
    """

    session: str | None
    input_format: str | None
    decimal: Literal["point", "comma"] | None
    use_cache: bool
    market: tuple[Path, ...]

    def parameters(self, path: str) -> ParameterSet:
        """Read a parameter file."""
        return read_with_market([Path(path)], self.session, use_cache=self.use_cache, market=self.market)

    def positions(self, path: str, stdin: io.BytesIO | None) -> PositionBook:
        """Read a position file, or `stdin` where that is what the path means."""
        import margin

        return margin.read_positions(path, input_format=self.input_format, decimal=self.decimal, stdin=stdin)


def _inspected(
    file: str, against: Path | None, wanted: dict[str, str], reading: _Reading
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The document of a file, and the warnings found while reading it."""
    import margin

    if against is not None:
        before, after = _both(file, against, reading)
        return margin.compare_parameters(before, after), (*before.problems, *after.problems)
    kind, stdin = _kind_of(file, reading.input_format)
    if wanted and kind != "parameters":
        name = next(iter(wanted.values()))
        raise typer.BadParameter(f"{file!r} holds no parameters that {name!r} could be looked up in")
    if kind == "house":
        return margin.inspect(margin.read_house(file)), ()
    if kind == "market":
        market = margin.read_market(file)
        return margin.inspect(market), market.problems
    if kind == "positions":
        book = reading.positions(file, stdin)
        return margin.inspect(book), book.problems
    parameters = reading.parameters(file)
    return margin.inspect(parameters, **wanted), parameters.problems


def _kind_of(file: str, input_format: str | None) -> tuple[str, io.BytesIO | None]:
    """What a file holds; of standard input also its content, which can be read only once."""
    from margin.read.house_policy import packaged_house_names
    from margin.read.kind import kind_of

    if not Path(file).exists() and file in packaged_house_names():
        return "house", None
    if file != _STANDARD_INPUT:
        return kind_of(file, input_format).kind, None
    stdin = io.BytesIO(sys.stdin.buffer.read())
    kind = kind_of(file, input_format, stdin=stdin).kind
    if kind != "positions":
        raise typer.BadParameter("standard input is read for positions only; name a file of parameters")
    return kind, stdin


def _both(file: str, against: Path, reading: _Reading) -> tuple[ParameterSet, ParameterSet]:
    """Two parameter sets, refused with the faults of both."""
    from margin.model.problem import Faults, InputRefused

    faults, read = Faults(), []
    for path in (file, str(against)):
        try:
            read.append(reading.parameters(path))
        except InputRefused as refused:
            # Faults of market data are those of both.
            known = {(problem.file, problem.line, problem.message) for problem in faults.problems}
            new = [item for item in refused.problems if (item.file, item.line, item.message) not in known]
            faults.extend(InputRefused(new, refused.total - (len(refused.problems) - len(new))))
    faults.refuse_if_any()
    return read[0], read[1]
