"""The folder of the cache: where it is, what lies in it, and what is thrown away when it has grown."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIMIT_BYTES = 2 * 2**30
"""Size above which a cache is made smaller."""

SUFFIX = ".margin"

_ENTRY = re.compile(rf"[0-9a-f]{{64}}{re.escape(SUFFIX)}|\.[0-9a-f]{{64}}{re.escape(SUFFIX)}\.[0-9a-f]+\.part")
"""Names of entries, and of entries that are being written; nothing else in the folder is touched."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache holds.

    Attributes:
        folder: Where it is; `None` where this user has no place for one.
        entries: Number of parsed files.
        size: Their bytes.
        limit: Bytes above which the entries that were not used for the longest time are removed.
    """

    folder: Path | None
    entries: int
    size: int
    limit: int = LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    size: int
    used: int


def cache_folder() -> Path | None:
    """Where the cache is, whether or not it exists.

    ``MARGIN_CACHE_DIR``, else ``margin`` in ``XDG_CACHE_HOME``, else in the platform's folder for caches; `None`
    where the user has no home.
    """
    if named := os.environ.get("MARGIN_CACHE_DIR"):
        return Path(named)
    # Source: XDG Base Directory Specification, which says that a relative path is to be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base / "margin"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "margin"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "margin" / "Cache"
    return home / ".cache" / "margin"


def made_folder() -> Path:
    """The folder, made for this user alone where it does not exist.

    Raises:
        OSError: It cannot be made, or others may write to it.
    """
    folder = cache_folder()
    if folder is None:
        raise FileNotFoundError("this user has no home folder; name a folder with MARGIN_CACHE_DIR")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if not is_own(status) or status.st_mode & stat.S_IWOTH:
        raise PermissionError(f"others may write to {folder}; name another folder with MARGIN_CACHE_DIR")
    return folder


def is_own(status: os.stat_result) -> bool:
    """Whether a file belongs to this user; true where files have no owners."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def cache_info() -> CacheInfo:
    """What the cache holds."""
    folder = cache_folder()
    found = [] if folder is None else list(_entries(folder))
    return CacheInfo(folder, len(found), sum(entry.size for entry in found))


def clear_cache() -> CacheInfo:
    """Remove all entries; files that are not the cache's stay.

    Returns:
        What was removed.
    """
    folder = cache_folder()
    found = [] if folder is None else [entry for entry in _entries(folder) if _remove(entry)]
    return CacheInfo(folder, len(found), sum(entry.size for entry in found))


def remove_least_used(folder: Path, limit: int) -> None:
    """Remove entries, those first that were not used for the longest time, until the rest is within a limit."""
    found = sorted(_entries(folder), key=lambda entry: (entry.used, entry.path), reverse=True)
    size = 0
    for entry in found:
        size += entry.size
        if size > limit:
            _remove(entry)


def _entries(folder: Path) -> Iterator[_Entry]:
    # Another run may remove entries, or all of them, at any time.
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for item in found:
            if _ENTRY.fullmatch(item.name):
                with contextlib.suppress(OSError):
                    status = item.stat(follow_symlinks=False)
                    yield _Entry(Path(item.path), status.st_size, status.st_mtime_ns)


def _remove(entry: _Entry) -> bool:
    """Whether it was removed, by this run; what another run has in use may have to stay."""
    try:
        entry.path.unlink()
    except OSError:
        return False
    return True
