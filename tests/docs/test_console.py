"""Every command that the documentation shows gives the output shown below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.markdown import Page, pages
from tests.docs.workspace import commands_of, prepare, run_shell

ELLIPSIS = "..."


def _matches(shown: list[str], written: list[str]) -> bool:
    """Whether lines are as shown; a line ``...`` stands for any number of lines, one that ends in it for any rest."""
    if not shown:
        return not written
    first, rest = shown[0], shown[1:]
    if first.strip() == ELLIPSIS:
        return any(_matches(rest, written[i:]) for i in range(len(written) + 1))
    if not written:
        return False
    same = written[0].rstrip() == first.rstrip() or (
        first.endswith(ELLIPSIS) and written[0].startswith(first.removesuffix(ELLIPSIS))
    )
    return same and _matches(rest, written[1:])


def _pages_with_commands() -> list[Page]:
    return [page for page in pages() if page.blocks("console")]


@pytest.mark.parametrize("page", _pages_with_commands(), ids=lambda page: page.name)
def test_commands_give_the_output_that_is_shown(page: Page, tmp_path: Path) -> None:
    folder = prepare(page, tmp_path / "work")
    for block in page.blocks("console"):
        commands = commands_of(block.text)
        assert commands, f"{page.name}:{block.line}: a console block without a command"
        written = run_shell([command for command, _ in commands], folder, tmp_path / "programs")
        for (command, shown), lines in zip(commands, written, strict=True):
            heading = f"{page.name}:{block.line}: $ {command}"
            assert _matches(shown, lines), "\n".join([heading, *lines])


def test_an_ellipsis_stands_for_lines_and_for_the_rest_of_a_line() -> None:
    assert _matches(["a", "...", "d"], ["a", "b", "c", "d"])
    assert _matches(["...", "a b..."], ["x", "a bcd"])
    assert not _matches(["a", "...", "d"], ["a", "b"])
    assert not _matches(["a"], ["a", "b"])


def test_the_readme_shows_a_command_with_its_output() -> None:
    readme = next(pages())
    assert [command for block in readme.blocks("console") for command, shown in commands_of(block.text) if shown]
