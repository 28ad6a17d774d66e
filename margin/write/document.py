"""Where written documents go: a file that is replaced once the document is complete, or an open stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, Protocol

from margin.files import replaced
from margin.write.written import Written


class Writer(Protocol):
    """What the writers of all kinds of document have in common."""

    SUFFIXES: tuple[str, ...]


def choose_format(
    destination: str | Path | BinaryIO, format_name: str | None, names: Sequence[str], writer: Callable[[str], Writer]
) -> str:
    """The format that is asked for: by name, else by the ending of the file.

    Args:
        destination: A file, or a stream, which has no ending.
        format_name: Name of the format, `None` to go by the ending.
        names: The formats there are.
        writer: Gives the writer of a name.

    Raises:
        ValueError: There is no such format, or the ending tells none; the message names those there are.
    """
    listed = ", ".join(names)
    if format_name is not None:
        if format_name in names:
            return format_name
        near = get_close_matches(format_name, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{format_name!r} is not a format that can be written{hint} (formats: {listed})")
    if not isinstance(destination, str | Path):
        raise ValueError(f"a stream has no ending that tells the format; name one of {listed}")
    endings = {ending: name for name in names for ending in writer(name).SUFFIXES}
    suffix = Path(destination).suffix.lower()
    if suffix not in endings:
        raise ValueError(
            f"the ending of {str(destination)!r} is not one of {', '.join(sorted(endings))}; name the format ({listed})"
        )
    return endings[suffix]


def save(written: Written, destination: str | Path | BinaryIO) -> None:
    """Write a document to a file, which is replaced only once it is complete, or to a stream of bytes.

    Raises:
        OSError: It cannot be written; a file that was there before is as it was.
    """
    if isinstance(destination, str | Path):
        with replaced(Path(destination)) as out:
            _copy(written.content, out)
    else:
        _copy(written.content, destination)


def _copy(content: Iterable[bytes], out: BinaryIO) -> None:
    for piece in content:
        out.write(piece)
