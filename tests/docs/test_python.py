"""Every Python snippet of the documentation runs and prints what is shown below it."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import Block, Page, pages
from tests.docs.workspace import prepare


def _pages_with_snippets() -> list[Page]:
    return [page for page in pages() if page.blocks("python")]


def _shown_below(page: Page, block: Block) -> str | None:
    """The text block marked ``output`` that follows a snippet."""
    blocks = page.blocks()
    following = blocks[blocks.index(block) + 1 :][:1]
    return following[0].text if following and following[0].words == ("output",) else None


@pytest.mark.parametrize("page", _pages_with_snippets(), ids=lambda page: page.name)
def test_snippets_run_and_print_what_is_shown(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepare(page, tmp_path))
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in page.blocks("python"):
        out = io.StringIO()
        code = compile("\n" * block.line + block.text, page.name, "exec")
        with contextlib.redirect_stdout(out):
            exec(code, names)  # noqa: S102  snippets of our own documentation
        shown = _shown_below(page, block)
        assert (shown or "") == out.getvalue(), f"{page.name}:{block.line}"
