"""Benches are run by hand; that they still name what exists is checked here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import perf_counter

import pytest

from tests.benches import calculate, stopwatch
from tests.benches.__main__ import NAMES, main
from tests.benches.measure import Bench, Measured, Variant
from tests.benches.tables import table_text

BENCHES = [bench for name in NAMES for bench in import_module(f"tests.benches.{name}").BENCHES]


@pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: bench.name)
def test_a_worker_finds_every_variant_by_name(bench: Bench) -> None:
    for variant in bench.variants:
        function = variant.prepare or variant.command
        assert function is getattr(import_module(function.__module__), function.__name__)


def test_stages_of_a_calculation_exist() -> None:
    for functions in calculate._STAGES.values():
        for function in functions:
            module, _, name = function.partition(":")
            assert callable(getattr(import_module(module), name)), function


def test_a_stage_inside_another_counts_for_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(seconds: float) -> None:
        end = perf_counter() + seconds
        while perf_counter() < end:
            pass

    def outer() -> None:
        busy(0.001)
        stopwatch.inner()
        busy(0.001)

    monkeypatch.setattr(stopwatch, "inner", lambda: busy(0.05), raising=False)
    monkeypatch.setattr(stopwatch, "outer", outer, raising=False)
    place = "tests.benches.stopwatch"
    watch = stopwatch.Stopwatch({"outer": (f"{place}:outer",), "inner": (f"{place}:inner",)})
    call: Callable[[], None] = lambda: stopwatch.outer()  # noqa: E731
    seconds = watch.split(call)
    assert 0.05 <= seconds["inner"]
    assert seconds["outer"] < seconds["inner"]


def test_a_table_gives_medians_ratios_and_goals() -> None:
    bench = Bench("b", "Title", lambda folder: None, (Variant("limit"), Variant("ours", limit=8.0)))
    measured = [
        Measured(bench.variants[0], [0.01, 0.02, 0.04]),
        Measured(bench.variants[1], [0.05, 0.10, 0.10], [2_000_000], [{"read": 0.04}]),
    ]
    expected = [
        "",
        "Title",
        "            median  fastest  ratio  goal  peak memory",
        "limit      20.0 ms  10.0 ms   1.00",
        "ours      100.0 ms  50.0 ms   5.00   ≤ 8         2 MB",
        "    read   40.0 ms            2.00",
    ]
    assert expected == table_text(bench, measured).split("\n")


def test_an_unknown_bench_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prase"])
    assert "no bench prase" in capsys.readouterr().err


def test_results_can_be_written_as_json(tmp_path: Path) -> None:
    item = Measured(Variant("ours"), [1.0, 3.0, 2.0], [5, 7])
    assert {"median_seconds": 2.0, "peak_bytes": 7}.items() <= item.as_dict().items()
