"""``margin cache``: what is kept of parameter files that were parsed before."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli import options
from cli.console import ColorChoice, Console


class Action(StrEnum):
    """What is to be done with the cache."""

    INFO = "info"
    CLEAR = "clear"


WhatToDo = Annotated[
    Action,
    typer.Argument(metavar="info|clear", help="Say where it is and what it holds, or remove all of it."),
]


def cache(
    context: typer.Context,
    action: WhatToDo = Action.INFO,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = ColorChoice.AUTO,
) -> None:
    """Show or clear the cache of parsed parameter files.

    It is the folder that MARGIN_CACHE_DIR names, else one of the user's. Runs that are going on are not disturbed.

    \b
    Examples:
      margin cache info
      margin cache clear

    \b
    Exit codes:
      0  done
      2  bad arguments
      3  internal error
    """  # noqa: D301  the help formatter takes \b for: keep these lines as they are
    console = context.ensure_object(Console)
    console.verbosity, console.color = options.verbosity(quiet, verbose), color

    import margin

    if action is Action.CLEAR:
        removed = margin.clear_cache()
        console.note(f"removed {removed.size:,} bytes from {removed.folder}")
        return
    found = margin.cache_info()
    typer.echo(f"folder   {found.folder}")
    typer.echo(f"entries  {found.entries:,}")
    typer.echo(f"size     {found.size:,} bytes, of {found.limit:,} at most")
