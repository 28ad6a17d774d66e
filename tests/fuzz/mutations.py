"""Edits of sound documents: lines, tokens, elements, bytes and encodings, a few at a time."""

from __future__ import annotations

import re

from hypothesis import strategies as st

NUMBERS = (
    *("0", "-0", "-1", "1", "0.5", "1e999", "-1e999", "1e308", "1e-320", "nan", "NaN", "inf", "-Infinity"),
    *("1_000", "0x10", "٣", "１", "1,000", "1e5", "+5", "007", "9" * 25, "0." + "3" * 40, "9007199254740993"),
    *("2147483648", "-2147483649", "65536", "1.", ".5", "-", "1e", "--1"),
)
"""What stands where a number is expected: what is one, what nearly is, and what must never pass for one."""

WORDS = (
    *("", " ", "\t", "null", "true", "NO", "~", "FUT", "OOP", "PHY", "CMB", "W", "P", "A", "B", "x" * 300, "=1+1"),
    *("20260630", "202606", "00000000", "20261399", "2026-06-30", "é", "\ufeff", "\u2028", "\U0001f600", "\x85"),
    *("&", "<", ">", '"', "'", "{", "}", "[", "]", ":", ",", ";", "#", "|", "\\", "&amp;", "<!-- -->", "]]>"),
    *("<![CDATA[", "/>", "*a", "&a", "!!int", "---"),
)
"""What stands where a word is expected."""

BYTES = (
    *(bytes([code]) for code in (*range(32), 0x7F, 0x80, 0xC0, 0xE9, 0xED, 0xF5, 0xFE, 0xFF)),
    *(b"\r\n", b"\r\r\n", b"\x00" * 9, b"\xed\xa0\x80", b"\xef\xbf\xbf"),
)
_ENCODINGS = ("utf-16", "utf-16-be", "utf-8-sig", "latin-1", "utf-32", "cp037")
_TOKEN = re.compile(rb"[+-]?[0-9][0-9.]*|[A-Za-z_][A-Za-z0-9_]*|[^\sA-Za-z0-9_]|\s+")
_NUMBER = re.compile(rb"[+-]?[0-9][0-9.]*")
_ELEMENT = re.compile(rb"<([A-Za-z]\w*)>.*?</\1>\n?", re.DOTALL)
_OPENING = re.compile(rb"<[A-Za-z]\w*>")


@st.composite
def edited_texts(draw: st.DrawFn, seed: bytes) -> bytes:
    """A sound text after one to three edits, each of one kind."""
    content = seed
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(_TEXT_EDITS))(draw, content)
    return content


@st.composite
def edited_bytes(draw: st.DrawFn, seed: bytes) -> bytes:
    """A sound binary content after one to three edits."""
    content = seed
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(_BINARY_EDITS))(draw, content)
    return content


def _place(draw: st.DrawFn, length: int) -> int:
    return draw(st.integers(0, max(0, length - 1)))


def _lines(draw: st.DrawFn, content: bytes) -> bytes:
    """Repeat, delete, move or exchange lines."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    one, other = _place(draw, len(lines)), _place(draw, len(lines))
    match draw(st.sampled_from(("repeat", "delete", "exchange", "move", "block"))):
        case "repeat":
            lines.insert(other, lines[one])
        case "delete":
            del lines[one]
        case "exchange":
            lines[one], lines[other] = lines[other], lines[one]
        case "move":
            lines.insert(other, lines.pop(one))
        case _:
            del lines[min(one, other) : max(one, other)]
    return b"".join(lines)


def _number(draw: st.DrawFn, content: bytes) -> bytes:
    """Put another number, or nearly one, in place of a number."""
    spans = [match.span() for match in _NUMBER.finditer(content)]
    if not spans:
        return content
    start, stop = spans[_place(draw, len(spans))]
    if draw(st.booleans()):
        other = spans[_place(draw, len(spans))]
        return content[:start] + content[slice(*other)] + content[stop:]
    return content[:start] + draw(st.sampled_from(NUMBERS)).encode() + content[stop:]


def _token(draw: st.DrawFn, content: bytes) -> bytes:
    """Delete, repeat, exchange, replace or change the case of words, numbers and delimiters."""
    spans = [match.span() for match in _TOKEN.finditer(content)]
    if not spans:
        return content
    start, stop = spans[_place(draw, len(spans))]
    token = content[start:stop]
    match draw(st.sampled_from(("delete", "repeat", "other", "word", "upper", "lower"))):
        case "delete":
            token = b""
        case "repeat":
            token += token
        case "other":
            token = content[slice(*spans[_place(draw, len(spans))])]
        case "word":
            token = draw(st.sampled_from(WORDS)).encode("utf-8")
        case "upper":
            token = token.upper()
        case _:
            token = token.lower()
    return content[:start] + token + content[stop:]


def _element(draw: st.DrawFn, content: bytes) -> bytes:
    """Delete, repeat, empty or replace a whole element; another edit where there are none."""
    openings = [match.start() for match in _OPENING.finditer(content)]
    if not openings:
        return _number(draw, content)
    found = _ELEMENT.match(content, openings[_place(draw, len(openings))])
    if found is None:
        return content
    whole = found[0]
    match draw(st.sampled_from(("delete", "repeat", "empty", "other"))):
        case "delete":
            whole = b""
        case "repeat":
            whole += whole
        case "empty":
            whole = b"<" + found[1] + b"></" + found[1] + b">\n"
        case _:
            other = _ELEMENT.match(content, openings[_place(draw, len(openings))])
            whole = b"" if other is None else other[0]
    return content[: found.start()] + whole + content[found.end() :]


def _insert(draw: st.DrawFn, content: bytes) -> bytes:
    """Insert control characters and bytes that are no UTF-8."""
    at = _place(draw, len(content) + 1)
    return content[:at] + draw(st.sampled_from(BYTES)) + content[at:]


def _truncate(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut the end or the beginning off."""
    at = _place(draw, len(content))
    return content[at:] if draw(st.integers(0, 3)) == 0 else content[:at]


def _encoding(draw: st.DrawFn, content: bytes) -> bytes:
    """Write the text in another encoding or with other line ends."""
    encoding = draw(st.sampled_from((*_ENCODINGS, "\r\n", "\r")))
    if encoding in ("\r\n", "\r"):
        return content.replace(b"\n", encoding.encode())
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def _overwrite(draw: st.DrawFn, content: bytes) -> bytes:
    """Overwrite a byte, or repeat a run of bytes elsewhere."""
    at = _place(draw, len(content))
    if draw(st.booleans()):
        return content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]
    start, length = _place(draw, len(content)), draw(st.integers(1, 16))
    return content[:at] + content[start : start + length] + content[at + length :]


_TEXT_EDITS = (_number, _number, _token, _token, _element, _element, _lines, _lines, _insert, _truncate, _encoding)
_BINARY_EDITS = (_overwrite, _overwrite, _overwrite, _insert, _truncate)
