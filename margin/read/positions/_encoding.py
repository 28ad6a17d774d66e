"""Text that is not plain UTF-8: decoded where it says what it is, else told apart and explained."""

from __future__ import annotations

import codecs

from margin.model.problem import InputRefused, Problem, Reason

_SAMPLED_BYTES = 4096
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MAINFRAME = "cp037"
_MAINFRAME_NEWLINES = frozenset("\n\r\x85")
_LIKELY_MAINFRAME = 0.97


def is_marked_utf16(head: bytes) -> bool:
    """Whether an input starts with the mark of UTF-16 and is not XML, whose parser decodes it by itself."""
    return head.startswith(tuple(_MARKS)) and head[2:4] not in (b"<\0", b"\0<")


def utf8_of_utf16(path: str, content: bytes) -> bytes:
    """Text in UTF-16 with its byte order mark, such as spreadsheets save as "Unicode text", as UTF-8.

    Raises:
        InputRefused: The bytes are not UTF-16 throughout.
    """
    encoding = _MARKS[content[:2]]
    try:
        return content[2:].decode(encoding).encode()
    except UnicodeDecodeError as error:
        before = content[2 : 2 + error.start].decode(encoding, "ignore")
        message = (
            f"byte {2 + error.start:,} of the input is not UTF-16, which its first two bytes say it is; "
            "the file was cut off or put together from several: write it again as UTF-8"
        )
        attributes = {"offset": 2 + error.start, "expected": "UTF-16"}
        line = before.count("\n") + 1
        raise InputRefused([Problem(Reason.SYNTAX, message, file=path, line=line, attributes=attributes)]) from error


def refuse_foreign_text(path: str, head: bytes) -> None:
    """Refuse text whose very first line shows that it is in an encoding that is not read.

    Raises:
        InputRefused: The text looks like UTF-16 without a byte order mark, or like EBCDIC.
    """
    sample = head[:_SAMPLED_BYTES]
    encoding = _unmarked_utf16(sample)
    if encoding:
        found = f"{encoding} without a byte order mark (every other byte is NUL)"
        _refuse(path, found, encoding, 1 if sample[0] == 0 else 2)
    if _looks_like_mainframe_text(sample):
        _refuse(path, f"EBCDIC, as mainframes write it (its first byte is 0x{sample[0]:02X})", "IBM037", 1)


def conversion(path: str, encoding: str) -> str:
    """The command that turns a file in another encoding into UTF-8."""
    name = "FILE" if path == "-" else path
    return f"iconv -f {encoding} -t UTF-8 {name} > FILE.utf8"


def _unmarked_utf16(sample: bytes) -> str | None:
    """The byte order of text whose ASCII letters have a NUL byte each; `None` for anything else."""
    first, second = sample[0::2][:32], sample[1::2][:32]
    if len(second) < 2 or b"<" in sample[:2]:
        return None
    if not any(second) and 0 not in first:
        return "UTF-16LE"
    return "UTF-16BE" if not any(first) and 0 not in second else None


def _looks_like_mainframe_text(sample: bytes) -> bool:
    if len(sample) < 8 or sample.isascii():
        return False
    text = sample.decode(_MAINFRAME)
    plain = sum((letter.isascii() and letter.isprintable()) or letter in _MAINFRAME_NEWLINES for letter in text)
    return plain >= _LIKELY_MAINFRAME * len(text) and any(letter.isalnum() for letter in text)


def _refuse(path: str, found: str, encoding: str, byte: int) -> None:
    message = f"the text looks like {found}, expected UTF-8; convert it first: {conversion(path, encoding)}"
    attributes = {"found": encoding, "expected": "UTF-8", "offset": byte - 1}
    raise InputRefused([Problem(Reason.SYNTAX, message, file=path, line=1, attributes=attributes)])
