"""From the bytes of a SPAN XML file to a UTF-8 document that an XML parser accepts."""

from __future__ import annotations

import codecs
import re
from typing import NoReturn

from margin.model.problem import InputRefused, Problem, Reason
from margin.read.parameters._spn.reading import Reading

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]{0,200}\?>")
_WHITE_SPACE = re.compile(rb"\s*+")
_BLANK = bytes(code if code == ord("\n") else ord(" ") for code in range(256))
_MOST_COMMENTS = 100
_DECLARED_ENCODING = re.compile(rb"""encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_READ_ENCODINGS = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d+|latin-?1|(windows-|cp)125\d|shift[_-]jis|euc-(jp|kr)|gb2312|gbk|gb18030|big5"
)
_ROOT = re.compile(rb"\s*+(?>(?:<\?.*?\?>|<!--.*?-->)\s*+)*+<([A-Za-z_][\w.:-]*)", re.DOTALL)
_SNIFFED_BYTES = 65_536
# A DOS end-of-file mark and padding that some exporters leave behind the last element.
_PADDING = b"\x00\x1a \t\r\n"
_UTF_16_STARTS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_NULS = re.compile(rb"\0[\0 \t\r\n]*+")
_XML_SPACE = b" \t\r\n"
_LISTED_NULS = 10


def looks_like_xml(content: bytes) -> bool:
    """Whether the first bytes are those of an XML document, byte order mark and padding apart."""
    return _beginning(content).lstrip(_PADDING).startswith(b"<")


def root_name(content: bytes) -> str | None:
    """Name of the document's root element; `None` if its beginning is not that of an XML document."""
    match = _ROOT.match(_beginning(content).lstrip(_PADDING))
    return match[1].decode() if match else None


def _beginning(content: bytes) -> bytes:
    """The first bytes without a byte order mark, one byte per character where that is possible."""
    start = content[:_SNIFFED_BYTES]
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return start[len(mark) :].decode(encoding, "ignore").encode()
    if start[:2] in _UTF_16_STARTS:
        return start.decode(_UTF_16_STARTS[start[:2]], "ignore").encode()
    return start


def prepare(content: bytes, reading: Reading) -> bytes:
    """A UTF-8 document without prolog, padding or NUL bytes, on the same lines as the file.

    A byte order mark wins over the declared encoding, and that over a guess: files that declare none and are not
    UTF-8 are read as Latin-1, as NSE's are.

    Raises:
        InputRefused: The declared encoding is unknown, or the bytes are not in it; or NUL bytes stand in a value.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return _strip(_blank_prolog(_transcode(content[len(mark) :], encoding, reading)), reading)
    if content[:2] in _UTF_16_STARTS:
        return _strip(_blank_prolog(_transcode(content, _UTF_16_STARTS[content[:2]], reading)), reading)
    match = _DECLARATION.match(content)
    declared = _DECLARED_ENCODING.search(match[0]) if match else None
    name = declared[1].decode().lower() if declared else ""
    if name.replace("-", "").startswith("utf16"):
        _warn_of_no_utf_16(name, reading)
        name = ""
    if not name:
        content = content if content.isascii() else _transcode_undeclared(content)
    elif _READ_ENCODINGS.fullmatch(name):
        content = _transcode(content, name, reading)
    else:
        _refuse(reading, f"the file declares the encoding {name}, expected UTF-8 or ISO-8859-1")
    return _strip(_blank_prolog(content), reading)


def _warn_of_no_utf_16(encoding: str, reading: Reading) -> None:
    """A declaration that can be read byte by byte is not UTF-16; programs write this when they save a text as UTF-8."""
    reading.warn(
        Reason.INVALID_VALUE,
        f"the file declares the encoding {encoding}, but its characters have one byte each; it is read as UTF-8",
        line=1,
        found=encoding,
    )


def _transcode_undeclared(content: bytes) -> bytes:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1").encode()
    return content


def _transcode(content: bytes, encoding: str, reading: Reading) -> bytes:
    if content.isascii() and not encoding.startswith("utf-16"):
        return content
    try:
        return content.decode(encoding).encode()
    except (UnicodeDecodeError, LookupError) as error:
        line = content.count(b"\n", 0, getattr(error, "start", 0)) + 1
        _refuse(reading, f"the bytes are not {encoding}, which the file declares; save it as UTF-8", line)


def _blank_prolog(content: bytes) -> bytes:
    """The document with white space for the declaration and comments before the root; places stay the same."""
    declaration = _DECLARATION.match(content)
    end = declaration.end() if declaration else 0
    for _ in range(_MOST_COMMENTS):
        space = _WHITE_SPACE.match(content, end)
        start = end if space is None else space.end()
        stop = content.find(b"--", start + 4) if content.startswith(b"<!--", start) else -1
        if stop < 0 or not content.startswith(b"-->", stop):
            break
        end = stop + 3
    return content[:end].translate(_BLANK) + content[end:] if end else content


def _strip(content: bytes, reading: Reading) -> bytes:
    content = content.rstrip(_PADDING)
    return _without_nuls(content, reading) if b"\0" in content else content


def _without_nuls(content: bytes, reading: Reading) -> bytes:
    """The document with NUL bytes between elements blanked, with a warning; elsewhere they are faults."""
    damaged = [match.start() for match in _NULS.finditer(content) if not _is_between_elements(content, *match.span())]
    for at in damaged[:_LISTED_NULS]:
        reading.faults.add(
            Reason.SYNTAX,
            "a NUL byte stands inside a value or a tag, where something else may be lost; copy or download the "
            "file again",
            line=content.count(b"\n", 0, at) + 1,
        )
    reading.faults.count_unlisted(max(0, len(damaged) - _LISTED_NULS))
    reading.faults.refuse_if_any()
    nuls = content.count(b"\0")
    reading.warn(
        Reason.SYNTAX,
        f"the file holds {nuls:,} NUL bytes between elements, which are skipped; it may have been copied badly",
        line=content.count(b"\n", 0, content.index(b"\0")) + 1,
        found=nuls,
    )
    return _blank_prolog(content.replace(b"\0", b" "))


def _is_between_elements(content: bytes, start: int, end: int) -> bool:
    """Whether a gap of NUL bytes and white space lies between two tags that are not the two ends of one value."""
    while start and content[start - 1] in _XML_SPACE:
        start -= 1
    if not start:
        return content[end : end + 1] == b"<"
    if content[start - 1 : start] != b">" or content[end : end + 1] != b"<":
        return False
    before = content[content.rfind(b"<", 0, start) : start]
    is_start_tag = not before.startswith(b"</") and not before.endswith((b"/>", b"?>", b"-->"))
    return not (is_start_tag and content.startswith(b"</", end))


def _refuse(reading: Reading, message: str, line: int = 1) -> NoReturn:
    raise InputRefused([Problem(Reason.UNREADABLE, message, file=reading.path, line=line)])
