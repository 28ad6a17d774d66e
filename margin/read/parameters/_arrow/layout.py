"""Bytes of a columnar parameter file: a preamble, a header in JSON, and blocks, all of them covered by digests.

======  ===========================================================================
bytes   content
======  ===========================================================================
0-7     mark, ``8A 4D 41 52 47 49 4E 0A``
8-11    version of the layout, little-endian
12-15   zero
16-23   length of the header, little-endian
24-55   SHA-256 of the header
56-63   zero
64-     header, UTF-8 JSON; then blocks, each starting at a multiple of 64 bytes, with zeros between
======  ===========================================================================

The header's ``blocks`` give each block's name, offset (from the first multiple of 64 bytes after the header),
length, and the SHA-256 digests of its pieces of 4 MiB.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn

MARK: Final = b"\x8aMARGIN\n"
VERSION: Final = 1

_PREAMBLE = struct.Struct("<8sI4xQ32s8x")
_ALIGNMENT = 64
_PIECE_BYTES = 4 << 20
_THREADS = 4

Buffer = bytes | memoryview


class Damaged(ValueError):
    """The content is not what the layout says it must be; the message says what was found."""


class OtherVersion(Damaged):
    """The file was written for another version of the layout or of the parameters' fields."""


def pack(header: Mapping[str, Any], blocks: Mapping[str, Buffer]) -> list[Buffer]:
    """The file in pieces.

    Args:
        header: What JSON can say; ``blocks`` is added.
        blocks: Content by name; the same content under several names is written once.

    Raises:
        TypeError: The header holds something that JSON cannot say.
        ValueError: It holds a number that is not finite.
    """
    places: list[dict[str, Any]] = []
    content: list[Buffer] = []
    offsets: dict[tuple[int, tuple[str, ...]], int] = {}
    end = 0
    for name, block in blocks.items():
        view = memoryview(block)
        digests = _digests(_pieces(view))
        known = (len(view), tuple(digests))
        if known not in offsets:
            offsets[known] = end
            content += [view, bytes(_gap(len(view)))]
            end += len(view) + _gap(len(view))
        places.append({"name": name, "offset": offsets[known], "length": len(view), "sha256": digests})
    text = json.dumps({**header, "blocks": places}, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
    preamble = _PREAMBLE.pack(MARK, VERSION, len(text), hashlib.sha256(text).digest())
    return [preamble, text, bytes(_gap(len(text))), *content]


def unpack(content: bytes) -> tuple[dict[str, Any], dict[str, memoryview]]:
    """The header and the blocks by name, every byte of the file checked.

    Raises:
        Damaged: A length, a digest or a filling byte is not what it must be.
        OtherVersion: The layout is of another version.
    """
    header, start = _header(content)
    view = memoryview(content)
    blocks: dict[str, memoryview] = {}
    wanted: list[tuple[memoryview, str]] = []
    ends = {start}
    for name, offset, length, digests in _places(header):
        begin, end = start + offset, start + offset + length
        if offset % _ALIGNMENT or end > len(content) or len(digests) != -(-length // _PIECE_BYTES):
            _refuse(f"block {name} is said to be {length:,} bytes at {begin:,} of {len(content):,}; it was cut off")
        blocks[name] = view[begin:end]
        wanted += zip(_pieces(blocks[name]), digests, strict=True)
        ends.add(end)
    # Whatever a digest does not cover lies between blocks, and is zero.
    if any(any(view[end : end + _gap(end)]) for end in ends) or len(content) != max(end + _gap(end) for end in ends):
        _refuse(f"its {len(content):,} bytes are not those of its blocks; something was added or cut off")
    if _digests(piece for piece, _ in wanted) != [digest for _, digest in wanted]:
        _refuse("a block does not have its digest; it was changed after it was written")
    return header, blocks


def _header(content: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the blocks begin."""
    if len(content) < _PREAMBLE.size:
        _refuse(f"it has {len(content)} bytes, expected {_PREAMBLE.size} or more; it was cut off")
    mark, version, length, digest = _PREAMBLE.unpack_from(content)
    if mark != MARK:
        _refuse(f"it begins with {mark!r}, expected {MARK!r}")
    if version != VERSION:
        raise OtherVersion(f"it is of version {version}, and version {VERSION} is read")
    text = content[_PREAMBLE.size : _PREAMBLE.size + length]
    if any(content[12:16]) or any(content[56:64]) or hashlib.sha256(text).digest() != digest:
        _refuse("its header does not have its digest; it was changed or cut off after it was written")
    header = json.loads(text)
    if not isinstance(header, dict):
        _refuse("its header is no JSON object")
    start = _PREAMBLE.size + length
    end = start + _gap(start)
    if any(content[start:end]):
        _refuse("the bytes after its header are not zero")
    return header, end


def _places(header: Mapping[str, Any]) -> Iterator[tuple[str, int, int, list[str]]]:
    """Name, offset, length and digests of every block that the header states."""
    for place in header["blocks"]:
        name, offset, length, digests = place["name"], place["offset"], place["length"], place["sha256"]
        if type(offset) is not int or type(length) is not int or offset < 0 or length < 0:
            _refuse(f"block {name} has offset {offset!r} and length {length!r}, expected whole numbers from 0")
        yield name, offset, length, digests


def _digests(pieces: Iterable[memoryview]) -> list[str]:
    """SHA-256 of each piece, several at a time."""
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(lambda piece: hashlib.sha256(piece).hexdigest(), pieces))


def _pieces(view: memoryview) -> list[memoryview]:
    return [view[start : start + _PIECE_BYTES] for start in range(0, len(view), _PIECE_BYTES)]


def _gap(length: int) -> int:
    """Bytes from a length to the next multiple of the alignment."""
    return -length % _ALIGNMENT


def _refuse(message: str) -> NoReturn:
    raise Damaged(message)
