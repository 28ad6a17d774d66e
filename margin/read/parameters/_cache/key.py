"""What a parsed file is kept under: the digest of its bytes, and all else that its parsing depends on."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePath

import numpy as np
import polars as pl

from margin.read.parameters._arrow.layout import MARK
from margin.read.source import STANDARD_INPUT

LEAST_BYTES = 32 << 10
"""Smaller files are parsed about as fast as they are loaded."""

_CODE = ("model", "numeric", "read")
"""Packages that decide what a file is parsed to."""


@dataclass(frozen=True, slots=True)
class Key:
    """All that the parsing of a file depends on.

    Attributes:
        sha256: Digest of the file's bytes on disk, which archives keep their members in.
        ending: The end of its name, by which some formats are known.
        session: The session that is asked for.
        code: Digest of the code that parses.
    """

    sha256: str
    ending: str
    session: str | None
    code: str

    @property
    def name(self) -> str:
        """The key in one word."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()


def key_of(path: str | Path, session: str | None) -> Key | None:
    """The key of a file.

    Returns:
        `None` for what is not cached: standard input, pipes, small files, columnar files, and what cannot be read,
        about which the reader will have more to say.
    """
    if str(path) == STANDARD_INPUT:
        return None
    try:
        # A pipe would be waited for, and what is read of it is gone.
        if not stat.S_ISREG((status := Path(path).stat()).st_mode) or status.st_size < LEAST_BYTES:
            return None
        with Path(path).open("rb") as stream:
            if stream.read(len(MARK)) == MARK:
                return None
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
    # Of "parameters.yaml.gz" both endings count; what lies in a zip archive depends on its bytes alone.
    return Key(digest, "".join(PurePath(path).suffixes[-2:]).lower(), session, code_digest())


@cache
def code_digest() -> str:
    """Digest of everything that decides what a file is parsed to, so that no other code's results are used."""
    package = Path(__file__).parents[3]
    digest = hashlib.sha256(f"{np.__version__} {pl.__version__}".encode())
    for folder in _CODE:
        for place, _, names in sorted(os.walk(package / folder)):
            for name in sorted(names):
                if name.endswith(".py"):
                    # Over a hundred small files, at the start of every command: not a microsecond too many.
                    with open(os.path.join(place, name), "rb", buffering=0) as stream:  # noqa: PTH118, PTH123
                        content = stream.read()
                    digest.update(f"\n{os.path.relpath(place, package)} {name} {len(content)}\n".encode())
                    digest.update(content)
    return digest.hexdigest()
