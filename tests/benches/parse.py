"""Reading a SPAN XML file of an exchange's full size, against the platform's XML parser doing nothing with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

import margin
from tests.benches.measure import Bench, Variant
from tests.market.generate import generate_market, nse_full_size, write_spn

_FILE = "parameters.spn"


def make_inputs(folder: Path) -> None:
    """A file of about 54 MB with 159,669 contracts."""
    write_spn(generate_market(nse_full_size()), folder / _FILE)


def tokens_only(folder: Path) -> Callable[[], object]:
    """Every tag and text met once, and nothing kept."""

    def call() -> None:
        with (folder / _FILE).open("rb") as file:
            expat.ParserCreate().ParseFile(file)

    return call


def parameters(folder: Path) -> Callable[[], object]:
    """The parameters, checked, with digest."""
    return lambda: margin.read_parameters(folder / _FILE, cache=False)


BENCHES = (
    Bench(
        "parse",
        "Read a .spn of 54 MB (159,669 contracts); peak memory is to stay below 1 GB",
        make_inputs,
        (
            Variant("pyexpat without handlers", tokens_only, calls=2),
            Variant("read_parameters", parameters, calls=2, limit=8.0),
            Variant("read_parameters, first call", parameters, calls=1, is_cold=True),
        ),
    ),
)
