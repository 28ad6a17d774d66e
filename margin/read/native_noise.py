"""Keeps away what native code says of damaged files on the process's standard error before it raises the same."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

_STANDARD_ERROR = 2


@contextlib.contextmanager
def native_noise_held() -> Iterator[None]:
    """Hold back what is written to standard error while the block runs, and drop it if the block raises.

    A panic of native code is printed with its stack and then raised as an exception; the reader that catches it
    says in words what is wrong with the file. What is written without an exception appears after the block.
    """
    try:
        stream = os.dup(_STANDARD_ERROR)
    except OSError:  # standard error is closed: there is nothing to keep away
        yield
        return
    with tempfile.TemporaryFile() as held:
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(held.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(stream, _STANDARD_ERROR)
            os.close(stream)
        held.seek(0)
        with contextlib.suppress(OSError):
            while said := held.read(1 << 16):
                os.write(_STANDARD_ERROR, said)
