"""Reads what commands calculate from: parameters, positions and house, with the faults of all of them at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from cli.console import Console

if TYPE_CHECKING:
    from margin.model.house import HousePolicy
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
    from margin.model.problem import Faults
    from margin.model.run import MarginRun

STANDARD_INPUT = "-"


def require_one_standard_input(positions: Sequence[Path]) -> None:
    """Refuse to read standard input twice.

    Raises:
        typer.BadParameter: It is named more than once.
    """
    if [str(path) for path in positions].count(STANDARD_INPUT) > 1:
        raise typer.BadParameter("standard input can be read once; name - once among the --positions")


@dataclass(frozen=True)
class Inputs:
    """The inputs of a calculation."""

    parameters: ParameterSet
    positions: PositionBook
    house: HousePolicy | None


def read_inputs(
    parameters: list[Path],
    positions: list[Path],
    input_format: str | None,
    house: str | None,
    session: str | None = None,
    *,
    decimal: Literal["point", "comma"] | None = None,
    use_cache: bool = True,
    market: Sequence[Path] | None = None,
    overrides: Sequence[str] | None = None,
) -> Inputs:
    """Read all inputs.

    Args:
        parameters: Risk parameter files.
        positions: Position files.
        input_format: Format of the position files.
        house: House policy.
        session: Point in time of the parameters.
        decimal: What position tables write before decimals.
        use_cache: Whether parsed parameters are kept.
        market: Market data files.
        overrides: Changes of the parameters, ``NAME=VALUE``.

    Raises:
        InputRefused: With the faults of all of them.
    """
    import margin
    from margin.model.problem import Faults, InputRefused

    def read_positions() -> PositionBook:
        paths = [str(path) for path in positions]
        return margin.read_positions(paths, input_format=input_format, decimal=decimal, stdin=sys.stdin.buffer)

    readers: dict[str, Callable[[], Any]] = {
        "parameters": lambda: read_with_market(
            parameters, session, use_cache=use_cache, market=market, overrides=overrides
        ),
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
    return Inputs(**read)


def read_with_market(
    parameters: Sequence[Path],
    session: str | None,
    *,
    use_cache: bool = True,
    market: Sequence[Path] | None = None,
    overrides: Sequence[str] | None = None,
) -> ParameterSet:
    """Read risk parameters, with the arrays that market data give and the changes that are asked for.

    Args:
        parameters: Risk parameter files.
        session: Point in time of the parameters.
        use_cache: Whether parsed parameters are kept.
        market: Market data files.
        overrides: Changes of the parameters, ``NAME=VALUE``.

    Raises:
        InputRefused: With the faults of all of them.
    """
    import margin
    from margin.model.problem import Faults, InputRefused
    from margin.read.parameters import read_parameters as read_without_market

    faults, paths = Faults(), [str(path) for path in parameters]
    changes = _changes(overrides or (), faults)
    quoted, read = None, None
    try:
        quoted = margin.read_market([str(path) for path in market]) if market else None
    except InputRefused as refused:
        faults.extend(refused)
    try:
        if market and quoted is None:
            # What lacks only the market data that are refused already is not to be refused for that too.
            read_without_market(paths, session=session, cache=use_cache)
        else:
            read = margin.read_parameters(paths, session=session, cache=use_cache, market=quoted)
            read = margin.with_overrides(read, changes) if changes else read
    except InputRefused as refused:
        faults.extend(refused)
    faults.refuse_if_any()
    if read is None:
        raise AssertionError("parameters without faults are read")
    return read


def _changes(texts: Sequence[str], faults: Faults) -> dict[str, str]:
    """Changes by name; texts that are none, and names that are given twice, are faults."""
    from margin.model.problem import Reason

    changes: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            faults.add(Reason.INVALID_VALUE, f"--set {text!r}: expected NAME=VALUE, such as NG.price_scan_range=+10%")
        elif name.strip() in changes:
            faults.add(Reason.DUPLICATE_KEY, f"--set {text!r}: {name.strip()} is set already; keep one")
        else:
            changes[name.strip()] = value.strip()
    return changes


def say_what_was_read(console: Console, run: MarginRun) -> None:
    """Name every input with its digest; only when verbose."""
    for parameters in run.parameter_sources:
        about = f"{parameters.clearing_org} {parameters.business_date} {parameters.session}"
        if parameters.revision:
            about += f", revision {parameters.revision}"
        console.detail(f"read {parameters.path} ({parameters.format}, {about}), sha256 {parameters.sha256}")
    for market in run.market_sources:
        console.detail(f"read {market.path} ({market.format}, {market.rows:,} rows), sha256 {market.sha256}")
    for positions in run.position_sources:
        about = f"{positions.format}, {positions.rows:,} rows"
        console.detail(f"read {positions.path} ({about}), sha256 {positions.sha256}")
