"""A folder in which the commands and snippets of a page run: the example's files, and those the page shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import REPOSITORY, Page

EXAMPLE = REPOSITORY / "examples" / "01-nse-end-of-day"
WIDTH = 120
"""Columns of the terminal that the documentation shows."""

_FILE = "file="
_SEPARATOR = "\x1e"
_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "TERM")


def prepare(page: Page, folder: Path) -> Path:
    """Copy the example into a folder and write the blocks of the page that name a file (``csv file=book.csv``)."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected", "README.md"))
    for block in page.blocks():
        for word in block.words:
            if word.startswith(_FILE):
                path = folder / word.removeprefix(_FILE)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, "utf-8")
    return folder


def commands_of(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines of output shown below it."""
    commands: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif commands:
            commands[-1][1].append(line)
    return commands


def run_shell(commands: list[str], folder: Path, programs: Path) -> list[list[str]]:
    """Run commands one after the other in one shell; the lines each wrote, standard error among them."""
    _write_program(programs)
    script = f"\nprintf '{_SEPARATOR}'\n".join(f"{{ {command}\n}}" for command in _keeping_status(commands))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MARGIN_") and k not in _VARIABLES}
    done = subprocess.run(  # noqa: S603  commands of our own documentation
        ["/bin/sh", "-c", script],
        cwd=folder,
        env={**environment, "PATH": f"{programs}{os.pathsep}{environment['PATH']}", "COLUMNS": str(WIDTH)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return [part.splitlines() for part in done.stdout.decode("utf-8").split(_SEPARATOR)]


def _keeping_status(commands: list[str]) -> list[str]:
    """Commands that leave ``$?`` to the next one, which the separator between them would overwrite."""
    return [f"(exit ${{status:-0}})\n{command}\nstatus=$?" for command in commands]


def _write_program(programs: Path) -> None:
    """A ``margin`` that is this checkout's, whatever is installed."""
    programs.mkdir(parents=True, exist_ok=True)
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from cli.main import main; main()"
    program = programs / "margin"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n', "utf-8")
    program.chmod(0o755)
