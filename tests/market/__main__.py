"""Write generated markets and books from the command line: ``python -m tests.market --help``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from tests.market.example_01 import write_example
from tests.market.generate import (
    ALL_FEATURES,
    Feature,
    MarketSpec,
    cme_spec,
    generate_market,
    nse_full_size,
    nse_spec,
    write_spn,
)
from tests.market.position_files import write_csv, write_parquet, write_pos
from tests.market.positions import generate_positions


def main(arguments: list[str] | None = None) -> int:
    """Write what the arguments ask for; says on standard error what was written."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.example:
        for path in write_example():
            print(f"wrote {path}", file=sys.stderr)
        return 0
    if options.out is None:
        parser.error("--out FILE is needed, or the name of an example")
    if options.positions_out is not None and options.positions_out.suffix not in {".csv", ".parquet", ".pos"}:
        parser.error("--positions-out ends in .csv, .parquet or .pos")
    market = generate_market(_spec(options))
    write_spn(market, options.out, indent=options.indent)
    size = options.out.stat().st_size / 1e6
    print(f"wrote {options.out}: {market.contracts.height:,} contracts, {size:.1f} MB", file=sys.stderr)
    if options.positions_out is not None:
        frame = generate_positions(market, options.accounts, options.positions, options.seed)
        if options.positions_out.suffix == ".parquet":
            write_parquet(frame, options.positions_out)
        elif options.positions_out.suffix == ".pos":
            write_pos(frame, market, options.positions_out)
        else:
            write_csv(frame, options.positions_out)
        print(f"wrote {options.positions_out}: {frame.height:,} positions", file=sys.stderr)
    return 0


def _spec(options: argparse.Namespace) -> MarketSpec:
    base = _base(options)
    chosen = ALL_FEATURES if options.all_features else base.features | {Feature(name) for name in options.features}
    return replace(base, features=chosen)


def _base(options: argparse.Namespace) -> MarketSpec:
    if options.shape == "cme":
        return cme_spec(seed=options.seed, underlyings=options.underlyings, options=options.options)
    if options.options is None:
        return nse_spec(seed=options.seed, underlyings=options.underlyings)
    return nse_full_size(options.seed, options.underlyings, options.options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.market", description=__doc__)
    parser.add_argument("example", nargs="?", choices=["example-01"], help="write the files of an example and stop")
    parser.add_argument("--shape", choices=["nse", "cme"], default="nse")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--underlyings", type=int, default=6)
    parser.add_argument("--options", type=int, default=None, help="total number of option contracts")
    parser.add_argument("--features", nargs="*", default=[], choices=[str(feature) for feature in Feature])
    parser.add_argument("--all-features", action="store_true")
    parser.add_argument("--indent", action="store_true", help="indent the lines")
    parser.add_argument("--out", type=Path, help="the parameter file; .gz and .zip compress it")
    parser.add_argument("--positions-out", type=Path, help="a position file over the market: .csv, .parquet or .pos")
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--positions", type=int, default=20_000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
