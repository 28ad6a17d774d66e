"""Times the calls of one variant in this process and prints the figures as JSON; `measure` starts it."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

_RESET_PEAK = "5"  # proc(5): resets the peak resident set size to the present one


def main() -> None:
    """Prepare, warm up, and time: module, function, folder, number of calls, whether the first call counts."""
    module, function, folder, calls, is_cold = sys.argv[1:]
    call: Callable[[], object] = getattr(import_module(module), function)(Path(folder))
    gc.collect()
    before = _reset_peak()
    if not int(is_cold):
        call()
    seconds, stages = [], []
    for _ in range(int(calls)):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
        if isinstance(result, dict):
            stages.append(result)
        del result  # or the next call would be charged with it
    peak = None if before is None else max(0, _status("VmHWM") - before)
    json.dump({"seconds": seconds, "stages": stages, "peak_bytes": peak}, sys.stdout)


def _reset_peak() -> int | None:
    """Bytes in memory now, from which on the peak counts; `None` where the system keeps no peak."""
    control = Path("/proc/self/clear_refs")
    if not control.exists():
        return None
    control.write_text(_RESET_PEAK)
    return _status("VmRSS")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == "__main__":
    main()
