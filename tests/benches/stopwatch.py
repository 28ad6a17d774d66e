"""Splits a call into stages: functions that belong to a stage are timed wherever they are looked up by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from typing import Any


class Stopwatch:
    """Seconds by stage. A stage inside another counts for itself alone."""

    def __init__(self, stages: Mapping[str, tuple[str, ...]]) -> None:
        """Wrap the functions of the stages.

        Args:
            stages: Functions of each stage as ``module:name``, the module being the one that calls the function.
        """
        self.seconds = dict.fromkeys(stages, 0.0)
        self._running: list[str] = []
        self._since = 0.0
        for stage, functions in stages.items():
            for function in functions:
                place, _, name = function.partition(":")
                module = import_module(place)
                setattr(module, name, self._timed(stage, getattr(module, name)))

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            self._switch()
            self._running.append(stage)
            try:
                return function(*arguments, **named)
            finally:
                self._switch()
                self._running.pop()

        return timed

    def _switch(self) -> None:
        """Charge the time since the last switch to the stage that was running."""
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def split(self, call: Callable[[], object]) -> dict[str, float]:
        """Seconds of each stage of one call, and of the rest of it."""
        for stage in self.seconds:
            self.seconds[stage] = 0.0
        start = time.perf_counter()
        call()
        whole = time.perf_counter() - start
        return {**self.seconds, "the rest": whole - sum(self.seconds.values())}
