"""``margin convert``: risk parameters or positions in another format."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from cli import options
from cli.console import ColorChoice, Console
from cli.exit_codes import ExitCode
from cli.inputs import STANDARD_INPUT, read_with_market
from cli.output import STANDARD_OUTPUT, standard_output

if TYPE_CHECKING:
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
    from margin.model.problem import Problem
    from margin.read.kind import FileKind

_BINARY_FORMATS = frozenset({"arrow", "parquet"})

Decimal = Literal["point", "comma"]
Save = Callable[[str | BinaryIO], "tuple[Problem, ...]"]

Source = Annotated[str, typer.Argument(metavar="FROM", help="Risk parameters or positions, or - for standard input.")]
Target = Annotated[str, typer.Argument(metavar="TO", help="The file to write, or - for standard output.")]
FromFormat = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FORMAT",
        envvar="MARGIN_FROM",
        help="Format of the input, where its content does not tell it.",
    ),
]
ToFormat = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="FORMAT",
        envvar="MARGIN_TO",
        help="Format to write. Default: by the ending of the file.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", envvar="MARGIN_STRICT", help="Exit with 1 when something was left out or written less exactly."
    ),
]


def convert(
    context: typer.Context,
    source: Source,
    target: Target,
    from_format: FromFormat = None,
    to_format: ToFormat = None,
    session: options.Session = None,
    market: options.Market = None,
    decimal: options.Decimal = None,
    strict: Strict = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Write risk parameters or positions in another format.

    What a format cannot say is refused; what it says less exactly is written, with a warning.

    \b
    Examples:
      margin convert positions.csv positions.pos
      margin convert book.pos - --to csv
      margin convert nsccl.20260625.s.spn nsccl.margin
      margin convert house.yaml house.spn --market quotes.csv

    \b
    Exit codes:
      0  done
      1  done, but --strict and something was left out or written less exactly
      2  bad arguments or bad input, or the format cannot say it; nothing was written
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color
    _require_another_file(source, target, market or ())
    kind, stdin = _kind_of(source, from_format)
    chosen = _format_to_write(kind, target, to_format)

    import margin

    if kind.kind == "positions":
        book = margin.read_positions(source, input_format=from_format, decimal=decimal, stdin=stdin)
        console.problems(book.problems)
        done = _positions_summary(book)
        problems = _save(lambda out: margin.write_positions(book, out, chosen), target, console)
    else:
        parameters = read_with_market([Path(source)], session, use_cache=False, market=market)
        console.problems(parameters.problems)
        done = _parameters_summary(parameters)
        problems = _save(lambda out: margin.write_parameters(parameters, out, chosen), target, console)
    if problems is None:
        raise typer.Exit(ExitCode.REFUSED)
    console.problems(problems)
    console.note(f"{done}, from {kind.format} to {chosen}")
    raise typer.Exit(ExitCode.FINDINGS if strict and problems else ExitCode.DONE)


def _require_another_file(source: str, target: str, market: Sequence[Path]) -> None:
    if target == STANDARD_OUTPUT:
        return
    if Path(target).is_dir():
        raise typer.BadParameter(f"{target!r} is a folder; name a file inside it")
    if not Path(target).resolve().parent.is_dir():
        raise typer.BadParameter(f"the folder of {target!r} does not exist; create it first")
    files = Path(source), Path(target)
    if source != STANDARD_INPUT and all(file.exists() for file in files) and files[0].samefile(files[1]):
        raise typer.BadParameter(f"{target!r} is the input; name another file to write")
    if any(file.exists() and files[1].exists() and file.samefile(files[1]) for file in market):
        raise typer.BadParameter(f"{target!r} holds the market data; name another file to write")


def _kind_of(source: str, from_format: str | None) -> tuple[FileKind, BinaryIO | None]:
    """What the input is; of standard input also its content, which can be read only once."""
    from margin.read.kind import kind_of

    stdin: BinaryIO | None = None
    if source == STANDARD_INPUT:
        stdin = sys.stdin.buffer if from_format is not None else io.BytesIO(sys.stdin.buffer.read())
    kind = kind_of(source, from_format, stdin=stdin)
    if kind.kind == "house":
        raise typer.BadParameter(f"{source!r} is a house policy, and there is no other format for those")
    if kind.kind == "market":
        raise typer.BadParameter(f"{source!r} holds market data, and there is no other format for those")
    if kind.kind == "parameters" and from_format is None and source == STANDARD_INPUT:
        raise typer.BadParameter(f"standard input holds parameters; say so with --from {kind.format}")
    if kind.kind == "parameters" and from_format is not None and source != STANDARD_INPUT:
        found = kind_of(source).format
        if found != from_format:
            raise typer.BadParameter(f"{source!r} is in the format {found}, not {from_format} as --from says")
    return kind, stdin


def _format_to_write(kind: FileKind, target: str, to_format: str | None) -> str:
    from margin.write import parameters, positions
    from margin.write.document import choose_format

    formats = positions if kind.kind == "positions" else parameters
    if to_format is None and target == STANDARD_OUTPUT:
        raise typer.BadParameter(
            f"say the format of standard output with --to: {', '.join(formats.format_names())} for {kind.kind}"
        )
    try:
        chosen = choose_format(target, to_format, formats.format_names(), formats.writer)
    except ValueError as error:
        raise typer.BadParameter(f"{kind.kind} of {kind.format}: {error}; say it with --to") from error
    if target == STANDARD_OUTPUT and chosen in _BINARY_FORMATS and sys.stdout is not None and sys.stdout.isatty():
        raise typer.BadParameter(f"{chosen} is not for terminals; name a file to write")
    return chosen


def _save(save: Save, target: str, console: Console) -> tuple[Problem, ...] | None:
    """Write to a file or to standard output; `None`, and an error said, where that is not possible."""
    problems: tuple[Problem, ...] = ()
    try:
        if target != STANDARD_OUTPUT:
            return save(target)
        with standard_output() as out:
            problems = save(out)
    except OSError as error:
        name = "standard output" if target == STANDARD_OUTPUT else target
        console.error(f"cannot write {name}: {error.strerror or error}")
        return None
    return problems


def _positions_summary(book: PositionBook) -> str:
    return _counted(sum(part.frame.height for part in book.parts), "position")


def _parameters_summary(parameters: ParameterSet) -> str:
    contracts = _counted(parameters.contracts.height, "contract")
    number = len(parameters.commodities)
    return f"{number:,} combined commodit{'y' if number == 1 else 'ies'}, {contracts}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
