"""How long a command takes before it can begin, against an interpreter that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benches.measure import Bench, Variant
from tests.market.generate import generate_market, nse_spec, write_spn
from tests.market.position_files import write_csv
from tests.market.positions import generate_positions

_COMMAND = [sys.executable, "-c", "from cli.main import main; main()"]


def make_inputs(folder: Path) -> None:
    """A small market and five positions."""
    market = generate_market(nse_spec())
    write_spn(market, folder / "parameters.spn")
    write_csv(generate_positions(market, 2, 5, seed=1), folder / "positions.csv")


def nothing(folder: Path) -> list[str]:
    """The interpreter alone."""
    return [sys.executable, "-c", "pass"]


def libraries(folder: Path) -> list[str]:
    """The interpreter with the two libraries that no calculation does without."""
    return [sys.executable, "-c", "import numpy, polars"]


def show_help(folder: Path) -> list[str]:
    """The command's own help."""
    return [*_COMMAND, "--help"]


def five_positions(folder: Path) -> list[str]:
    """A calculation, shown as the default report."""
    inputs = ["-p", str(folder / "parameters.spn"), "-i", str(folder / "positions.csv")]
    return [*_COMMAND, "calculate", *inputs, "--no-cache"]


BENCHES = (
    Bench(
        "startup",
        "Whole commands, from start to end",
        make_inputs,
        (
            Variant("python -c pass", command=nothing),
            Variant("python -c 'import numpy, polars'", command=libraries),
            Variant("margin --help", command=show_help),
            Variant("margin calculate, five positions", command=five_positions),
        ),
        rounds=15,
    ),
)
