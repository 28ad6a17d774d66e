"""Runs the variants of a bench in turn, each in a fresh process, and collects times and memory."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]

Prepare = Callable[[Path], Callable[[], object]]
"""Loads inputs from a folder and gives what is to be timed; may return seconds by stage from it."""

Command = Callable[[Path], list[str]]
"""A command line over inputs in a folder; the whole process is timed."""


@dataclass(frozen=True)
class Variant:
    """One way to do the work of a bench.

    Attributes:
        name: What the table calls it.
        prepare: A function of the bench's module that prepares calls to be timed; or
        command: the command line of a process to be timed.
        calls: How many calls each process times.
        is_cold: The first call counts; otherwise one call warms up.
        limit: How many times the bench's limit this variant may take; `None` where no goal is set.
    """

    name: str
    prepare: Prepare | None = None
    command: Command | None = None
    calls: int = 3
    is_cold: bool = False
    limit: float | None = None


@dataclass(frozen=True)
class Bench:
    """Several ways to do the same work, the first of which is the limit that the others are compared with."""

    name: str
    title: str
    make_inputs: Callable[[Path], None]
    variants: tuple[Variant, ...]
    rounds: int = 3


@dataclass
class Measured:
    """What one variant took: seconds of each call, peak bytes of each process, seconds of each stage of each call."""

    variant: Variant
    seconds: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)
    stages: list[dict[str, float]] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median seconds of a call."""
        return median(self.seconds)

    @property
    def peak(self) -> int | None:
        """Largest peak of any process; `None` where the system does not say."""
        return max(self.peak_bytes, default=None)

    def stage_medians(self) -> dict[str, float]:
        """Median seconds of each stage, in the order they first occurred."""
        names = dict.fromkeys(name for call in self.stages for name in call)
        return {name: median(call.get(name, 0.0) for call in self.stages) for name in names}

    def as_dict(self) -> dict[str, object]:
        """The figures for a JSON file."""
        return {
            "variant": self.variant.name,
            "median_seconds": self.median,
            "seconds": self.seconds,
            "peak_bytes": self.peak,
            "limit": self.variant.limit,
            "stage_median_seconds": self.stage_medians(),
        }


def measure_bench(bench: Bench, folder: Path, rounds: int) -> list[Measured]:
    """Run every variant once a round, in turn."""
    measured = [Measured(variant) for variant in bench.variants]
    if any(variant.command for variant in bench.variants):
        for item in measured:
            _run_command(item.variant, folder)  # writes bytecode, and fills the file system's cache
    for number in range(rounds):
        for item in measured:
            print(f"{bench.name}: round {number + 1} of {rounds}, {item.variant.name}", file=sys.stderr)
            if item.variant.command is None:
                _run_calls(item, folder)
            else:
                item.seconds.append(_run_command(item.variant, folder))
    return measured


def _run_calls(item: Measured, folder: Path) -> None:
    variant = item.variant
    prepare = variant.prepare
    if prepare is None:
        raise ValueError(f"variant {variant.name} has neither calls nor a command")
    words = [prepare.__module__, prepare.__name__, str(folder), str(variant.calls), str(int(variant.is_cold))]
    process = subprocess.run(  # noqa: S603  the words are this package's own
        [sys.executable, "-m", "tests.benches.worker", *words], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    answer = json.loads(process.stdout)
    item.seconds.extend(answer["seconds"])
    item.stages.extend(answer["stages"])
    if answer["peak_bytes"] is not None:
        item.peak_bytes.append(answer["peak_bytes"])


def _run_command(variant: Variant, folder: Path) -> float:
    """Wall seconds of one process.

    Raises:
        RuntimeError: It failed.
    """
    if variant.command is None:
        raise ValueError(f"variant {variant.name} has no command")
    # An installed package has its bytecode; a checkout has it only where the environment lets Python write it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONPATH": str(ROOT)}
    words = variant.command(folder)
    start = time.perf_counter()
    process = subprocess.run(words, cwd=folder, env=environment, capture_output=True)  # noqa: S603  as above
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}: {process.stderr.decode()}")
    return seconds


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "packages": {name: version(name) for name in ("numpy", "polars", "scipy")},
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
