"""Entries of the cache: parsed parameter files, loaded and stored."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from dataclasses import asdict, replace
from pathlib import Path

from margin.files import replaced
from margin.model.parameters import ParameterSet
from margin.read.parameters._arrow.decode import decode
from margin.read.parameters._arrow.encode import encode
from margin.read.parameters._arrow.layout import Damaged
from margin.read.parameters._cache.folder import (
    LIMIT_BYTES,
    SUFFIX,
    cache_folder,
    is_own,
    made_folder,
    remove_least_used,
)
from margin.read.parameters._cache.key import Key

FORMATS = frozenset({"spn", "pa2"})
"""Formats whose parsing takes much longer than loading what was parsed, and that are one file each."""

_log = logging.getLogger("margin.cache")


def load(key: Key, path: str | Path) -> ParameterSet | None:
    """What was parsed of the same bytes before, as of this path; `None` where there is nothing that can be used."""
    folder = cache_folder()
    if folder is None:
        return None
    entry = folder / (key.name + SUFFIX)
    try:
        parameters, about = decode(_own_content(entry))
    except FileNotFoundError:
        return None
    except (OSError, Damaged) as error:
        _log.info("the cache entry %s is not used: %s", entry, error)
        return None
    if about != asdict(key):
        _log.info("the cache entry %s is not used: it is of another file", entry)
        return None
    # The time of the last use decides which entries are removed; an entry that may only be read stays usable.
    with contextlib.suppress(OSError):
        os.utime(entry)
    _log.info("%s was parsed before: loaded from %s", path, entry)
    return _of_path(parameters, str(path))


def store(key: Key, parameters: ParameterSet) -> None:
    """Keep what was parsed, if it is of a format that is worth it; what goes wrong changes nothing."""
    if not _is_of_key(parameters, key):
        return
    try:
        folder = made_folder()
        entry = folder / (key.name + SUFFIX)
        if os.path.lexists(entry) and not stat.S_ISREG(entry.lstat().st_mode):
            raise FileExistsError(f"{entry} is in the way, and is not a plain file")
        with replaced(entry) as out:
            for piece in encode(parameters, asdict(key)):
                out.write(piece)
        remove_least_used(folder, LIMIT_BYTES)
    except (OSError, TypeError, ValueError) as error:
        _log.info("%s is not kept in the cache: %s", parameters.sources[0].path, error)


def _own_content(entry: Path) -> bytes:
    """The bytes of an entry.

    Raises:
        OSError: It is not there, cannot be read, or is not a plain file of this user.
    """
    # Without waiting, and without following a link: somebody else may have put the name there.
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(entry, flags), "rb", buffering=0) as stream:  # noqa: PTH123  a file descriptor
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or not is_own(status):
            raise PermissionError("it is not a file of this user")
        return stream.read()


def _is_of_key(parameters: ParameterSet, key: Key) -> bool:
    """Whether the set is all of the keyed bytes, which may have been written to since their digest was taken."""
    paths = {source.path for source in parameters.sources}
    return (
        len(paths) == 1
        and parameters.house is None
        and parameters.pricing_rules is None
        and parameters.pricing is None
        and {source.sha256 for source in parameters.sources} == {key.sha256}
        and {source.format for source in parameters.sources} <= FORMATS
        and {problem.file for problem in parameters.problems} <= {None, *paths}
    )


def _of_path(parameters: ParameterSet, path: str) -> ParameterSet:
    """The same set as if it were parsed from this path."""
    return replace(
        parameters,
        sources=tuple(replace(source, path=path) for source in parameters.sources),
        problems=tuple(
            problem if problem.file is None else replace(problem, file=path) for problem in parameters.problems
        ),
    )
