"""Breaks off what takes far longer than any reader may, so that a reader that hangs fails its test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANGING_SECONDS = 20


@contextmanager
def not_hanging(seconds: int = HANGING_SECONDS) -> Iterator[None]:
    """Raise `TimeoutError` inside the block once it takes too long."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
