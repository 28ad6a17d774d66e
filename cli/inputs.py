"""Reads what commands calculate from: parameters, positions and house, with the faults of all of them at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.console import Console

if TYPE_CHECKING:
    from margin.model.house import HousePolicy
    from margin.model.parameters import ParameterSet
    from margin.model.position import PositionBook
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


def read_inputs(parameters: list[Path], positions: list[Path], input_format: str | None, house: str | None) -> Inputs:
    """Read all inputs.

    Raises:
        InputRefused: With the faults of all of them.
    """
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
    return Inputs(**read)


def say_what_was_read(console: Console, run: MarginRun) -> None:
    """Name every input with its digest; only when verbose."""
    for parameters in run.parameter_sources:
        about = f"{parameters.clearing_org} {parameters.business_date} {parameters.session}"
        console.detail(f"read {parameters.path} ({parameters.format}, {about}), sha256 {parameters.sha256}")
    for positions in run.position_sources:
        about = f"{positions.format}, {positions.rows:,} rows"
        console.detail(f"read {positions.path} ({about}), sha256 {positions.sha256}")
