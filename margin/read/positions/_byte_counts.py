"""One pass over the bytes of a text table: what a fast parser skips over, counted to prove nothing was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 18  # stays in the processor's cache over the passes of one chunk
_FIRST_PLAIN, _LAST_PLAIN = 0x21, 0x7E
_NEWLINE, _RETURN = 0x0A, 0x0D


@dataclass(slots=True)
class ByteCounts:
    """How often the bytes that shape a text table occur in it.

    Attributes:
        sha256: Digest of all bytes, where it was asked for.
        newlines: Line feeds.
        delimiters: Delimiters, those inside quotes included.
        quotes: Double quotes.
        nuls: NUL bytes.
        stray_returns: Carriage returns that do not stand before a line feed.
        blanks: Bytes that may be or belong to a blank: anything but printable ASCII, CR, LF, NUL and delimiter.
        last_byte: The last byte, -1 for an empty content.
    """

    sha256: str = ""
    newlines: int = 0
    delimiters: int = 0
    quotes: int = 0
    nuls: int = 0
    stray_returns: int = 0
    blanks: int = 0
    last_byte: int = -1

    @property
    def data_lines(self) -> int:
        """Lines after the first, the last one counting also without a line feed."""
        return self.newlines - (1 if self.last_byte == _NEWLINE else 0)


def count_bytes(content: Path | bytes, delimiter: str, *, digest: bool) -> ByteCounts:
    """Count the bytes of a file or of a content in memory; digest and counts release the interpreter lock."""
    counts = ByteCounts()
    hashed = hashlib.sha256()
    for chunk in _chunks(content):
        if digest:
            hashed.update(chunk)
        _count_chunk(np.frombuffer(chunk, np.uint8), ord(delimiter), counts)
    counts.sha256 = hashed.hexdigest() if digest else ""
    return counts


def _chunks(content: Path | bytes) -> Iterator[memoryview]:
    if isinstance(content, bytes):
        view = memoryview(content)
        yield from (view[start : start + _CHUNK] for start in range(0, len(view), _CHUNK))
        return
    buffer = memoryview(bytearray(_CHUNK))
    with content.open("rb", buffering=0) as stream:
        while size := stream.readinto(buffer):
            yield buffer[:size]


def _count_chunk(chunk: npt.NDArray[np.uint8], delimiter: int, counts: ByteCounts) -> None:
    newlines = int(np.count_nonzero(chunk == _NEWLINE))
    counts.newlines += newlines
    counts.delimiters += int(np.count_nonzero(chunk == delimiter))
    counts.quotes += int(np.count_nonzero(chunk == 0x22))
    if counts.last_byte == _RETURN and chunk[0] == _NEWLINE:
        counts.stray_returns -= 1
    counts.last_byte = int(chunk[-1])
    # Unsigned subtraction wraps, so one comparison finds what lies outside the printable range.
    unusual = int(np.count_nonzero(chunk - np.uint8(_FIRST_PLAIN) > _LAST_PLAIN - _FIRST_PLAIN)) - newlines
    if unusual:
        is_return = chunk == _RETURN
        returns = int(np.count_nonzero(is_return))
        nuls = int(np.count_nonzero(chunk == 0x00))
        tabs = int(np.count_nonzero(chunk == delimiter)) if delimiter < _FIRST_PLAIN else 0
        counts.stray_returns += returns - int(np.count_nonzero(is_return[:-1] & (chunk[1:] == _NEWLINE)))
        counts.nuls += nuls
        counts.blanks += unusual - nuls - returns - tabs


def count_blank_lines(content: Path | bytes) -> int:
    """Number of lines that hold nothing, or nothing but a carriage return, before their line feed."""
    blank = 0
    start = 0  # of the line being read, relative to the chunk
    before = -1  # last byte of the chunk before
    for view in _chunks(content):
        chunk = np.frombuffer(view, np.uint8)
        ends = np.flatnonzero(chunk == _NEWLINE)
        if len(ends):
            lengths = np.diff(ends, prepend=start - 1) - 1
            single = ends[lengths == 1]
            bytes_before = np.where(single > 0, chunk[single - 1], before)
            blank += int(np.count_nonzero(lengths == 0)) + int(np.count_nonzero(bytes_before == _RETURN))
            start = int(ends[-1]) + 1
        start -= len(chunk)
        before = int(chunk[-1])
    return blank
