"""Which accounts a command is asked to look at."""

from __future__ import annotations

import typer


def selected_accounts(text: str | None) -> tuple[str, ...] | None:
    """Account names of ``--only``: separated by commas, or one per line of the file after an ``@``.

    Returns:
        The names, each once, in the order given; `None` where the option is not given.

    Raises:
        typer.BadParameter: There is no name.
        InputRefused: The file cannot be read or is not UTF-8.
    """
    if text is None:
        return None
    names = _lines(text[1:]) if text.startswith("@") else text.split(",")
    selected = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not selected:
        raise typer.BadParameter(f"--only {text!r} names no account")
    return selected


def _lines(path: str) -> list[str]:
    from margin.model.problem import InputRefused, Problem, Reason
    from margin.read.source import open_source

    try:
        return open_source(path).content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8; save the list of accounts as UTF-8, one name per line"
        raise InputRefused([Problem(Reason.SYNTAX, message, file=path)]) from error
