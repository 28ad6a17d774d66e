"""Options that commands share: one annotated type each, every one with its environment twin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.console import ColorChoice, Verbosity
from margin.methods import DEFAULT_METHOD, margin_method, method_names
from margin.model.session import parse_session
from margin.report import (
    EXPLANATION_FORMATS,
    HEALTH_FORMATS,
    INSPECTION_FORMATS,
    RUN_FORMATS,
    SCAN_RANGE_FORMATS,
    VALIDATION_FORMATS,
    Formats,
)


def verbosity(quiet: bool, verbose: bool) -> Verbosity:
    """How much is said, by two options of which one may be given.

    Raises:
        typer.BadParameter: Both are.
    """
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose exclude each other")
    return Verbosity.QUIET if quiet else Verbosity.VERBOSE if verbose else Verbosity.NORMAL


def _known(formats: Formats) -> Callable[[str | None], str | None]:
    """A check that a format is one of these."""

    def known_format(name: str | None) -> str | None:
        if name is not None and name not in formats.names():
            try:
                formats.format(name)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from error
        return name

    return known_format


def _known_method(name: str) -> str:
    if name not in method_names():
        try:
            margin_method(name)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    return name


def _known_session(text: str | None) -> str | None:
    try:
        parse_session(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


def _iso_date(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; expected a form like 2026-06-25") from error


Parameters = Annotated[
    list[Path],
    typer.Option(
        "--parameters",
        "-p",
        metavar="FILE",
        envvar="MARGIN_PARAMETERS",
        help="Risk parameter file of a clearing house; repeatable, several files merge.",
    ),
]
Session = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="SESSION",
        envvar="MARGIN_SESSION",
        callback=_known_session,
        help="Which point in time of a parameter file: settlement, intraday, or its number in the file. "
        "Default: the only one, or the only settlement.",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        envvar="MARGIN_NO_CACHE",
        help="Parse parameter files that were parsed before, and keep nothing of them.",
    ),
]
Positions = Annotated[
    list[Path],
    typer.Option(
        "--positions",
        "-i",
        metavar="FILE",
        envvar="MARGIN_POSITIONS",
        help="Position file, or - for standard input; repeatable.",
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="FORMAT",
        envvar="MARGIN_INPUT_FORMAT",
        help="Format of the position files, where their names and contents do not tell it.",
    ),
]
Decimal = Annotated[
    Literal["point", "comma"] | None,
    typer.Option(
        "--decimal",
        envvar="MARGIN_DECIMAL",
        help="What text tables of positions write before decimals. Default: as their numbers show.",
    ),
]
Market = Annotated[
    list[Path] | None,
    typer.Option(
        "--market",
        metavar="FILE",
        envvar="MARGIN_MARKET",
        help="Market data that a house configuration derives risk arrays from; repeatable.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        envvar="MARGIN_SET",
        help="Change a number of the parameters, such as NG.price_scan_range=+10%; repeatable.",
    ),
]
Method = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="METHOD",
        envvar="MARGIN_METHOD",
        callback=_known_method,
        help=f"Margin method: {', '.join(method_names())}. Default: {DEFAULT_METHOD}.",
        show_default=False,
    ),
]
House = Annotated[
    str | None,
    typer.Option(
        "--house",
        metavar="NAME",
        envvar="MARGIN_HOUSE",
        help="House policy: a packaged name or a YAML file. Default: the one of the parameters' clearing house.",
    ),
]
Rounding = Annotated[
    Literal["house", "none"],
    typer.Option(
        "--rounding",
        envvar="MARGIN_ROUNDING",
        help="Round figures where the house does, or nowhere.",
    ),
]
AccountType = Annotated[
    str | None,
    typer.Option(
        "--account-type",
        metavar="CODE",
        envvar="MARGIN_ACCOUNT_TYPE",
        help="Account type of positions that name none. Default: the parameters' first customer type.",
    ),
]
QuantityUnitChoice = Annotated[
    Literal["contracts", "units", "lots"] | None,
    typer.Option(
        "--quantity-unit",
        envvar="MARGIN_QUANTITY_UNIT",
        help="What one unit of quantity is in the position files. Default: as the parameter file counts.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        envvar="MARGIN_AS_OF",
        callback=_iso_date,
        help="Date the calculation is for. Default: the parameters' business date.",
    ),
]
LastDay = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        envvar="MARGIN_AS_OF",
        callback=_iso_date,
        help="Day that the ranges are of; later prices are not used. Default: the last day of the history.",
    ),
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="ACCOUNTS",
        envvar="MARGIN_ONLY",
        help="Only these accounts: names separated by commas, or @FILE with one name per line.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        metavar="NUMBER",
        envvar="MARGIN_THREADS",
        help="Threads to calculate with; the figures are the same with any number. Default: one per core.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        envvar="MARGIN_STRICT",
        help="Exit with 1 when a position is set aside or an account is incomplete.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        callback=_known(RUN_FORMATS),
        help=f"{', '.join(RUN_FORMATS.names())}. Default: by the ending of --output, else {RUN_FORMATS.default}.",
    ),
]
ExplanationFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        callback=_known(EXPLANATION_FORMATS),
        help=f"{', '.join(EXPLANATION_FORMATS.names())}. Default: by the ending of --output, else "
        f"{EXPLANATION_FORMATS.default}.",
    ),
]
HealthFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        callback=_known(HEALTH_FORMATS),
        help=f"{', '.join(HEALTH_FORMATS.names())}. Default: by the ending of --output, else {HEALTH_FORMATS.default}.",
    ),
]
InspectionFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        callback=_known(INSPECTION_FORMATS),
        help=f"{', '.join(INSPECTION_FORMATS.names())}. Default: by the ending of --output, else "
        f"{INSPECTION_FORMATS.default}.",
    ),
]
ValidationFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        callback=_known(VALIDATION_FORMATS),
        help=f"{', '.join(VALIDATION_FORMATS.names())}. Default: by the ending of --output, else "
        f"{VALIDATION_FORMATS.default}.",
    ),
]
ScanRangeFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        envvar="MARGIN_FORMAT",
        callback=_known(SCAN_RANGE_FORMATS),
        help=f"{', '.join(SCAN_RANGE_FORMATS.names())}. Default: by the ending of --output, else "
        f"{SCAN_RANGE_FORMATS.default}.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        envvar="MARGIN_OUTPUT",
        help="Write to this file, which is replaced only when complete. Default: standard output.",
    ),
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        envvar="MARGIN_REPORT",
        help="Write one more report; repeatable (in the environment: separated by blanks).",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        envvar="MARGIN_QUIET",
        help="Say nothing but errors on standard error.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        envvar="MARGIN_VERBOSE",
        help="Say what was read, list every problem, and show where an internal error comes from.",
    ),
]
Color = Annotated[
    ColorChoice,
    typer.Option(
        "--color",
        envvar="MARGIN_COLOR",
        help="Colours: auto asks the terminal, NO_COLOR and FORCE_COLOR.",
    ),
]
