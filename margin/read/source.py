"""Opening an input: plain, compressed or archived bytes, guarded against archives built to exhaust memory."""

from __future__ import annotations

import difflib
import gzip
import hashlib
import io
import itertools
import lzma
import os
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NoReturn

from margin.model.problem import InputRefused, Problem, Reason

STANDARD_INPUT = "-"
"""The path that means standard input."""

MAX_CONTENT_BYTES = 4 * 2**30
"""Largest content that is read, before and after decompression."""

MAX_EXPANSION = 250
"""How many times larger than the file on disk the content may become (parameter files: 6 to 10 times)."""

FREE_EXPANSION_BYTES = 16 * 2**20
"""Content up to this size may be compressed any number of times."""

MAX_NESTING = 3
"""How many archives or compressed files may lie inside one another."""

_CHUNK = 1 << 20
_LARGE = 1 << 22
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OTHER_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xfd7zXZ\x00": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
}
_ARCHIVE_SUFFIXES = (".zip", ".gz")
# Everything the standard library raises on an archive whose bytes are not what they claim to be.
_CORRUPT = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    IndexError,
)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The content of one input.

    Attributes:
        path: The file as the user named it, ``-`` for standard input.
        name: Name of the innermost member (``nsccl.20260625.s.spn`` inside a zip), else the file's own name.
        content: The decompressed bytes.
        digest: `sha256`, or what is working it out.
    """

    path: str
    name: str
    content: bytes
    digest: str | Future[str]

    @property
    def sha256(self) -> str:
        """Digest of the bytes as they lie on disk or came from standard input."""
        return self.digest if isinstance(self.digest, str) else self.digest.result()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def _value(self) -> tuple[str, str, bytes, str]:
        return self.path, self.name, self.content, self.sha256


def open_source(path: str | Path, *, stdin: BinaryIO | None = None, suffixes: tuple[str, ...] = ()) -> Source:
    """Read an input, expanding gzip and zip (also inside one another), told by their first bytes.

    Args:
        path: The file, or ``-`` for standard input.
        stdin: Stream that ``-`` means; default the process's standard input.
        suffixes: Endings of wanted members (``".spn"``), preferred where an archive holds several members.

    Returns:
        The innermost content, in memory; nothing is written to disk.

    Raises:
        InputRefused: The file is missing, unreadable, empty, corrupt, encrypted, an archive of several
            candidates, or grows beyond `MAX_CONTENT_BYTES` or `MAX_EXPANSION` when expanded.
    """
    named = str(path)
    raw = _read_stdin(stdin) if named == STANDARD_INPUT else _read_file(named)
    if not raw:
        _refuse(named, Reason.UNREADABLE, "the input is empty (0 bytes); check that it was written completely")
    limit = min(MAX_CONTENT_BYTES, max(FREE_EXPANSION_BYTES, MAX_EXPANSION * len(raw)))
    name = named if named == STANDARD_INPUT else Path(named).name
    name, content = _expand(named, name, raw, limit, suffixes)
    return Source(path=named, name=name, content=content, digest=_digest(raw))


def _digest(raw: bytes) -> str | Future[str]:
    """SHA-256, worked out while the content is being read where that takes longer than to start a thread."""
    if len(raw) < _LARGE:
        return hashlib.sha256(raw).hexdigest()
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(lambda: hashlib.sha256(raw).hexdigest())
    finally:
        pool.shutdown(wait=False)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes on disk, for readers that let another library read the path.

    Raises:
        InputRefused: The file is missing or cannot be read.
    """
    named = str(path)
    _require_file(named)
    try:
        with Path(named).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        _refuse_os_error(named, error)


def _read_stdin(stdin: BinaryIO | None) -> bytes:
    stream = sys.stdin.buffer if stdin is None else stdin
    try:
        return _read_limited(STANDARD_INPUT, stream, MAX_CONTENT_BYTES)
    except OSError as error:
        _refuse_os_error(STANDARD_INPUT, error)


def _read_file(named: str) -> bytes:
    _require_file(named)
    try:
        with Path(named).open("rb") as stream:
            # At once: pieces would have to be put together, and what is longer by now comes in pieces still.
            size = min(os.fstat(stream.fileno()).st_size, MAX_CONTENT_BYTES)
            return _read_limited(named, stream, MAX_CONTENT_BYTES, first=size)
    except OSError as error:
        _refuse_os_error(named, error)


def _require_file(named: str) -> None:
    """Refuse what is not a readable stream of bytes, with a hint where the name looks mistyped."""
    try:
        status = Path(named).stat()
    except FileNotFoundError:
        _refuse_missing(named)
    except (OSError, ValueError) as error:
        _refuse_os_error(named, error)
    if stat.S_ISDIR(status.st_mode):
        _refuse(named, Reason.UNREADABLE, "this is a folder, expected a file; name the file inside it")
    if stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode):
        _refuse(named, Reason.UNREADABLE, "this is a device, expected a file")
    if status.st_size > MAX_CONTENT_BYTES:
        _refuse_size(named, status.st_size)


def _refuse_missing(named: str) -> NoReturn:
    path = Path(named)
    if not path.parent.is_dir():
        _refuse(named, Reason.UNREADABLE, f"no such file: the folder {path.parent} does not exist")
    try:
        names = sorted(entry.name for entry in itertools.islice(path.parent.iterdir(), 10_000))
    except OSError:
        names = []
    extended = [name for name in names if name in {path.name + suffix for suffix in _ARCHIVE_SUFFIXES}]
    hints = extended or difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    if hints:
        hint = str(path.parent / hints[0])
        _refuse(named, Reason.UNREADABLE, f"no such file; did you mean {hint}?", hint=hint)
    _refuse(named, Reason.UNREADABLE, "no such file; check the name and the folder")


def _refuse_os_error(named: str, error: OSError | ValueError) -> NoReturn:
    if isinstance(error, PermissionError):
        message = "the file may not be read by this user (permission denied); change its permissions"
    else:
        message = f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
    raise _refusal(named, Reason.UNREADABLE, message) from error


def _read_limited(named: str, stream: BinaryIO, limit: int | Callable[[], int], first: int = 0) -> bytes:
    """All bytes of a stream, stopping with a refusal as soon as they exceed `limit`; `first` may be read at once."""
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.read(_CHUNK if size else max(first, _CHUNK)):
        size += len(chunk)
        most = limit if isinstance(limit, int) else limit()
        if size > most:
            _refuse_size(named, size, most)
        chunks.append(chunk)
    return b"".join(chunks)


def _expand(named: str, name: str, content: bytes, limit: int, suffixes: Sequence[str]) -> tuple[str, bytes]:
    """Open compressed files and archives until the content is neither."""
    depth = 0
    while content.startswith((_GZIP, *_ZIP)):
        depth += 1
        if depth > MAX_NESTING:
            _refuse(
                named,
                Reason.HOSTILE_CONTENT,
                f"archives lie more than {MAX_NESTING} deep inside one another; unpack the outer ones first",
                expected=MAX_NESTING,
            )
        if content.startswith(_GZIP):
            name, content = _gunzip(named, name, content, limit)
        else:
            name, content = _unzip(named, name, content, limit, suffixes)
    _refuse_other_archives(named, name, content)
    return name, content


def _refuse_other_archives(named: str, name: str, content: bytes) -> None:
    for magic, kind in _OTHER_ARCHIVES.items():
        if content.startswith(magic):
            _refuse(
                named,
                Reason.UNKNOWN_FORMAT,
                f"{name} is {kind}, which is not read; unpack it first (zip and gzip are read directly)",
            )


def _gunzip(named: str, name: str, content: bytes, limit: int) -> tuple[str, bytes]:
    packed = io.BytesIO(content)

    def expansion() -> int:
        return min(limit, max(FREE_EXPANSION_BYTES, MAX_EXPANSION * packed.tell()))

    try:
        with gzip.GzipFile(fileobj=packed) as stream:
            # What has been taken in so far must account for what came out: a bomb is known by its first megabytes.
            expanded = _read_limited(named, stream, expansion)  # type: ignore[arg-type]  # GzipFile reads like BinaryIO
    except _CORRUPT as error:
        _refuse_corrupt(named, name, "gzip file", error)
    inner = name[:-3] if name.lower().endswith(".gz") else name
    return inner, _require_content(named, inner, expanded)


def _unzip(named: str, name: str, content: bytes, limit: int, suffixes: Sequence[str]) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            member = _choose_member(named, name, archive.infolist(), suffixes)
            if member.flag_bits & 0x1:
                _refuse(
                    named,
                    Reason.UNREADABLE,
                    f"{member.filename} inside the zip archive is encrypted; unpack it first",
                )
            if member.file_size > limit:
                _refuse_size(named, member.file_size, limit)
            with archive.open(member) as stream:
                expanded = _read_limited(named, stream, limit)  # type: ignore[arg-type]  # ZipExtFile likewise
    except _CORRUPT as error:
        _refuse_corrupt(named, name, "zip archive", error)
    inner = PurePosixPath(member.filename.replace("\\", "/")).name
    return inner, _require_content(named, inner, expanded)


def _choose_member(
    named: str, name: str, members: Sequence[zipfile.ZipInfo], suffixes: Sequence[str]
) -> zipfile.ZipInfo:
    """The one member meant: with a wanted ending, else an inner archive, else the only file there is."""
    files = [member for member in members if not member.is_dir() and not _is_clutter(member.filename)]
    wanted = tuple(suffix.lower() + extra for suffix in suffixes for extra in ("", *_ARCHIVE_SUFFIXES))
    candidates = files
    for endings in (wanted, _ARCHIVE_SUFFIXES) if wanted else ():
        matching = [member for member in files if member.filename.lower().endswith(endings)]
        if matching:
            candidates = matching
            break
    if not candidates:
        _refuse(named, Reason.UNREADABLE, f"the zip archive {name} holds no file; check how it was made")
    if len(candidates) > 1:
        listed = ", ".join(member.filename for member in candidates[:10])
        more = f" and {len(candidates) - 10} more" if len(candidates) > 10 else ""
        _refuse(
            named,
            Reason.UNREADABLE,
            f"the zip archive {name} holds {len(candidates)} files, expected one: {listed}{more}; "
            "unpack it and name the file that is meant",
            found=len(candidates),
            expected=1,
        )
    return candidates[0]


def _is_clutter(filename: str) -> bool:
    """Whether a member is a file manager's own note, not something a person packed."""
    parts = PurePosixPath(filename).parts
    return not parts or parts[0] == "__MACOSX" or parts[-1].startswith("._") or parts[-1] == ".DS_Store"


def _require_content(named: str, inner: str, expanded: bytes) -> bytes:
    if not expanded:
        _refuse(named, Reason.UNREADABLE, f"{inner} inside the file is empty (0 bytes); pack it again")
    return expanded


def _refuse_corrupt(named: str, name: str, kind: str, error: Exception) -> NoReturn:
    raise _refusal(
        named,
        Reason.UNREADABLE,
        f"the {kind} {name} is damaged or incomplete ({str(error) or type(error).__name__}); download or copy it again",
    ) from error


def _refuse_size(named: str, size: int, limit: int = MAX_CONTENT_BYTES) -> NoReturn:
    if limit < MAX_CONTENT_BYTES:
        message = (
            f"the content expands to more than {limit:,} bytes, over {MAX_EXPANSION} times the file's size, "
            "as only files built to exhaust a machine do; unpack it yourself if it is genuine"
        )
    else:
        message = f"the content is larger than {limit:,} bytes; split the input"
    _refuse(named, Reason.HOSTILE_CONTENT, message, found=size, expected=limit)


def _refusal(named: str, reason: Reason, message: str, **attributes: Any) -> InputRefused:
    return InputRefused([Problem(reason, message, file=named, attributes=attributes)])


def _refuse(named: str, reason: Reason, message: str, **attributes: Any) -> NoReturn:
    raise _refusal(named, reason, message, **attributes)
