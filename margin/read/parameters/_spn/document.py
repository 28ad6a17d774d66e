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
_PROLOG = re.compile(rb"(?:\s*+<\?xml\s[^>]{0,200}\?>)?(?>\s*+<!--(?>(?:(?!--).)*+)-->)*+", re.DOTALL)
_NOT_LINE_END = re.compile(rb"[^\n]")
_DECLARED_ENCODING = re.compile(rb"""encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_READ_ENCODINGS = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d+|latin-?1|(windows-|cp)125\d|shift[_-]jis|euc-(jp|kr)|gb2312|gbk|gb18030|big5"
)
_ROOT = re.compile(rb"\s*+(?>(?:<\?.*?\?>|<!--.*?-->)\s*+)*+<([A-Za-z_][\w.:-]*)", re.DOTALL)
_SNIFFED_BYTES = 65_536
# A DOS end-of-file mark and padding that some exporters leave behind the last element.
_PADDING = b"\x00\x1a \t\r\n"


def looks_like_xml(content: bytes) -> bool:
    """Whether the first bytes are those of an XML document, byte order mark and padding apart."""
    start = content[:_SNIFFED_BYTES]
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            start = start[len(mark) :].decode(encoding, "ignore").encode()
    return start.lstrip(_PADDING).startswith(b"<")


def root_name(content: bytes) -> str | None:
    """Name of the document's root element; `None` if its beginning is not that of an XML document."""
    match = _ROOT.match(content[:_SNIFFED_BYTES])
    return match[1].decode() if match else None


def prepare(content: bytes, reading: Reading) -> bytes:
    """A UTF-8 document without prolog, padding or NUL bytes, on the same lines as the file.

    Files without a declared encoding that are not UTF-8 are read as Latin-1, as NSE's are.

    Raises:
        InputRefused: The declared encoding is unknown, or the bytes are not in it.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            content = _transcode(content[len(mark) :], encoding, reading)
            return _strip(_blank_prolog(content), reading)
    match = _DECLARATION.match(content)
    declared = _DECLARED_ENCODING.search(match[0]) if match else None
    if declared is not None:
        encoding = declared[1].decode().lower()
        if not _READ_ENCODINGS.fullmatch(encoding):
            _refuse(reading, f"the file declares the encoding {encoding}, expected UTF-8 or ISO-8859-1")
        content = _transcode(content, encoding, reading)
    elif not content.isascii():
        content = _transcode_undeclared(content)
    return _strip(_blank_prolog(content), reading)


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
    match = _PROLOG.match(content)
    if match is None or not match[0].strip():
        return content
    return _NOT_LINE_END.sub(b" ", match[0]) + content[match.end() :]


def _strip(content: bytes, reading: Reading) -> bytes:
    content = content.rstrip(_PADDING)
    nuls = content.count(b"\0")
    if nuls:
        reading.warn(
            Reason.SYNTAX,
            f"the file holds {nuls:,} NUL bytes, which are skipped; it may have been copied badly",
            line=content.count(b"\n", 0, content.index(b"\0")) + 1,
            found=nuls,
        )
        content = _blank_prolog(content.replace(b"\0", b""))
    return content


def _refuse(reading: Reading, message: str, line: int = 1) -> NoReturn:
    raise InputRefused([Problem(Reason.UNREADABLE, message, file=reading.path, line=line)])
