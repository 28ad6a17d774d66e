"""What the process's exit code says: done, found something, could not compute, or broke."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes; reports are written before any of them except `REFUSED` and `INTERNAL_ERROR`."""

    DONE = 0
    FINDINGS = 1
    """Done, and something that the user asked to be judged failed."""
    REFUSED = 2
    """Could not compute: bad arguments, bad input, or a report that could not be written."""
    INTERNAL_ERROR = 3
    INTERRUPTED = 130
