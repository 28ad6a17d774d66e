"""What holds for every test: no file of the user's is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_cache_of_the_user_s() -> Iterator[None]:
    """Put the cache where it cannot be, so that tests parse what they read; those of the cache name a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MARGIN_CACHE_DIR", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(Path(os.devnull).absolute()))
        yield


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MARGIN_CACHE_DIR", str(folder))
    return folder
