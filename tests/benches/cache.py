"""Loading parameter files that were parsed before, against parsing them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import margin
from margin.read.source import file_digest
from tests.benches.measure import Bench, Variant
from tests.market.generate import CORE_FEATURES, Feature, cme_spec, generate_market, nse_full_size, write_spn
from tests.market.position_files import write_csv
from tests.market.positions import generate_positions

_FILE = "parameters.spn"
_COMMAND = [sys.executable, "-c", "from cli.main import main; main()"]


def make_nse_inputs(folder: Path) -> None:
    """A file of about 54 MB with 159,669 contracts, and five positions."""
    market = generate_market(nse_full_size())
    write_spn(market, folder / _FILE)
    write_csv(generate_positions(market, 2, 5, seed=1), folder / "positions.csv")


def make_cme_inputs(folder: Path) -> None:
    """A file of about 20 MB with 61,000 contracts, 1,100 calendar and 400 intercommodity spreads."""
    features = CORE_FEATURES | {Feature.INTER_SPREADS, Feature.INTER_TIERS, Feature.SPOT_RATES}
    write_spn(generate_market(cme_spec(underlyings=201, options=60_000, features=features)), folder / _FILE)


def parsed(folder: Path) -> Callable[[], object]:
    """The file parsed, as without a cache."""
    return lambda: margin.read_parameters(folder / _FILE, cache=False)


def digest_only(folder: Path) -> Callable[[], object]:
    """The digest of the file, by which its entry is found."""
    return lambda: file_digest(folder / _FILE)


def loaded(folder: Path) -> Callable[[], object]:
    """The file read with its entry in the cache."""
    os.environ["MARGIN_CACHE_DIR"] = str(folder / "cache")
    margin.read_parameters(folder / _FILE)
    return lambda: margin.read_parameters(folder / _FILE)


def stored(folder: Path) -> Callable[[], object]:
    """The file parsed, and its entry written."""
    os.environ["MARGIN_CACHE_DIR"] = str(folder / "cache of its own")

    def call() -> object:
        margin.clear_cache()
        return margin.read_parameters(folder / _FILE)

    return call


def five_positions(folder: Path) -> list[str]:
    """A calculation that parses."""
    return [*_COMMAND, "calculate", "-p", _FILE, "-i", "positions.csv", "--no-cache"]


def five_positions_again(folder: Path) -> list[str]:
    """A calculation that loads."""
    os.environ["MARGIN_CACHE_DIR"] = str(folder / "cache")
    return [*_COMMAND, "calculate", "-p", _FILE, "-i", "positions.csv"]


def _bench(name: str, title: str, make_inputs: Callable[[Path], None]) -> Bench:
    return Bench(
        name,
        title,
        make_inputs,
        (
            Variant("parsed", parsed, calls=2),
            Variant("parsed and kept", stored, calls=2),
            Variant("loaded from the cache", loaded, limit=0.1),
            Variant("digest of the file alone", digest_only),
        ),
    )


BENCHES = (
    _bench("cache nse", "Read a .spn of 54 MB (159,669 contracts) that was parsed before", make_nse_inputs),
    _bench(
        "cache cme", "Read a .spn of 20 MB (61,000 contracts, 1,500 spreads) that was parsed before", make_cme_inputs
    ),
    Bench(
        "cache command",
        "margin calculate with five positions on 159,669 contracts, from start to end",
        make_nse_inputs,
        (
            Variant("margin calculate --no-cache", command=five_positions),
            Variant("margin calculate", command=five_positions_again),
        ),
    ),
)
