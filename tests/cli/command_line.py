"""Runs the command line as a shell would, and inside the test's own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.read.parameters.spn_documents import document, indented

REPOSITORY = Path(__file__).parents[2]

POSITIONS = """\
firm,account,account_type,exchange,product,type,expiry,quantity
ABC,ACC1,S,NSE,NIFTY,FUT,2026-06-30,65
ABC,ACC1,S,NSE,NIFTY,FUT,2026-07-28,-65
ABC,ACC2,S,NSE,NIFTY,FUT,2026-06-30,-130
"""
UNKNOWN = "ABC,ACC2,S,NSE,NIFTY,FUT,2026-06-29,10\n"


def write_inputs(folder: Path) -> Path:
    """Write ``nsccl.spn``, ``positions.csv`` and ``unknown.csv`` (the same with an unknown contract)."""
    (folder / "nsccl.spn").write_text(indented(document()), "utf-8")
    (folder / "positions.csv").write_text(POSITIONS, "utf-8")
    (folder / "unknown.csv").write_text(POSITIONS + UNKNOWN, "utf-8")
    return folder


_TERMINAL = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")


def margin(
    *arguments: str, folder: Path, given: bytes = b"", stdout: Any = subprocess.PIPE, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run ``margin`` in a folder as a process of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MARGIN_") and k not in _TERMINAL}
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.main import main; main()"
    return subprocess.run(  # noqa: S603  the interpreter itself
        [sys.executable, "-c", code, str(REPOSITORY), *arguments],
        cwd=folder,
        input=given,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**inherited, **variables},
        check=False,
    )


def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what would change the command line's defaults."""
    for name in list(os.environ):
        if name.startswith("MARGIN_") or name in _TERMINAL:
            monkeypatch.delenv(name)
