"""Measure the library against plain limits of the machine: ``python -m tests.benches [names] [--json FILE]``.

Absolute times say little, so every bench has a limit of its own: the least that has to be done, done barely (a
parser without handlers, a sparse product, an interpreter that does nothing). What counts is the ratio to it.

* Variants of a bench run one after the other, round by round, each in a fresh process: whatever else the machine
  is doing meets all of them alike. Figures are medians over rounds; the fastest is given beside them.
* A call to warm up comes first and is not counted, except where the first call is what is measured.
* Memory is what the calls need on top of their inputs (Linux only).
* Inputs are generated, the same for everybody: see ``python -m tests.market --help``.

To repeat a figure: run its bench alone on a machine that is otherwise idle, twice, and compare the ratios.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.benches.measure import Bench, Measured, machine, measure_bench
from tests.benches.tables import table_text

NAMES = ("parse", "pa2", "cache", "positions", "implied", "calculate", "spreads", "arrays", "american", "startup")


def main(arguments: list[str] | None = None) -> int:
    """Run the benches asked for; tables go to standard output, progress to standard error."""
    parser = argparse.ArgumentParser(prog="python -m tests.benches", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"benches to run: {', '.join(NAMES)}; default all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--rounds", type=int, help="how often each variant runs; default as the bench says")
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.names} - {*NAMES}):
        parser.error(f"no bench {', '.join(unknown)}; there are {', '.join(NAMES)}")
    results: dict[str, list[Measured]] = {}
    for name in options.names or NAMES:
        for bench in import_module(f"tests.benches.{name}").BENCHES:
            results[bench.name] = _run(bench, options.rounds)
            print(table_text(bench, results[bench.name]), flush=True)
    if options.json is not None:
        figures = {name: [item.as_dict() for item in measured] for name, measured in results.items()}
        options.json.write_text(json.dumps({"machine": machine(), "benches": figures}, indent=1) + "\n")
    return 0


def _run(bench: Bench, rounds: int | None) -> list[Measured]:
    with tempfile.TemporaryDirectory(prefix="margin-bench-") as name:
        folder = Path(name)
        print(f"{bench.name}: making inputs", file=sys.stderr)
        bench.make_inputs(folder)
        return measure_bench(bench, folder, rounds or bench.rounds)


if __name__ == "__main__":
    sys.exit(main())
