"""The careful reading of text tables: slower, with every row's own line and every structural fault."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import numpy as np

from margin.model.problem import Faults, Reason
from margin.numeric.arrays import IntArray
from margin.read.positions._encoding import conversion

_WORD_BYTES = 24
_DELIMITERS = re.compile(rb"[,;\t\r\n\"]")


def decode(content: bytes, faults: Faults) -> str | None:
    """A content as text without its byte order mark; `None` and a fault where it is not UTF-8."""
    path = faults.file or "-"
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        offset = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content.count(b"\n", 0, offset) + 1
        faults.add(
            Reason.SYNTAX,
            f"byte {offset:,} of the input (0x{content[offset]:02X}) is not UTF-8; {_advice(content, offset, path)}",
            line=line,
            found=f"0x{content[offset]:02X}",
            offset=offset,
            expected="UTF-8",
        )
        return None


def _advice(content: bytes, offset: int, path: str) -> str:
    """What the bytes around one that is not UTF-8 look like, and what to do."""
    before = _DELIMITERS.split(content[max(0, offset - _WORD_BYTES) : offset])[-1]
    after = _DELIMITERS.split(content[offset : offset + _WORD_BYTES])[0]
    if any(byte < ord(" ") for byte in before + after):
        return "the file is damaged or not text: fetch or write it again, as UTF-8"
    word = (before + after).decode("windows-1252", "replace")
    return (
        f"in Windows-1252 (Latin-1) it would read {word!r}: if that is right, "
        f"save the file as UTF-8 or convert it: {conversion(path, 'WINDOWS-1252')}"
    )


def read_carefully(content: bytes, delimiter: str, width: int, faults: Faults) -> tuple[list[list[str]], IntArray]:
    """Read a text table row by row, skipping blank lines.

    Args:
        content: The whole input, its header in the first line.
        delimiter: What separates fields.
        width: How many fields the header has.
        faults: Takes rows of another length, unbalanced and stray quotes, and bytes that are not UTF-8.

    Returns:
        The well-formed rows as `width` columns of text, and the line each of them starts in.
    """
    text = decode(content, faults)
    if text is None:
        return [[] for _ in range(width)], np.zeros(0, dtype=np.int64)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(_lines_of(text), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            _add_quote_fault(str(error), start, faults)
            continue
        if start == 1 or (not "".join(row[:2]).strip() and len(row) < 2):  # the header, a blank line
            continue
        if len(row) == width:
            rows.append(row)
            lines.append(start)
        else:
            _add_length_fault(len(row), width, start, faults)
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
    return columns, np.array(lines, dtype=np.int64)


def _lines_of(text: str) -> Iterator[str]:
    """The lines of a text one by one, with the line feeds that end them."""
    start = 0
    while start < len(text):
        stop = text.find("\n", start) + 1 or len(text)
        yield text[start:stop]
        start = stop


def _add_length_fault(found: int, width: int, line: int, faults: Faults) -> None:
    advice = (
        "a value that holds the delimiter must stand in double quotes, and a number has no thousands separators"
        if found > width
        else "leave a value blank between its delimiters rather than leaving it out"
    )
    faults.add(
        Reason.WRONG_LENGTH,
        f"the row has {found} field{'s' if found != 1 else ''}, expected {width} as in the header; {advice}",
        line=line,
        found=found,
        expected=width,
    )


def _add_quote_fault(error: str, line: int, faults: Faults) -> None:
    if "field larger" in error:
        message = (
            f"a value is longer than {csv.field_size_limit():,} characters, expected a code or a number; "
            "a quote may be missing, or the file is no table"
        )
    elif "unexpected end" in error:
        message = (
            "the quote opened in this row is never closed, expected a second double quote; close it, "
            "and write a quote inside a quoted value twice"
        )
    elif "new-line character" in error:
        message = "a carriage return stands alone in the row, expected line ends of one kind; save the file again"
    else:
        message = (
            "text follows the closing quote of a value, expected the delimiter or the end of the line; "
            "write a quote inside a quoted value twice"
        )
    faults.add(Reason.SYNTAX, message, line=line, found=error)
