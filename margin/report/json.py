"""The run as one JSON document: UTF-8, two spaces of indentation, lists of numbers on one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.document import document_parts

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.report import Presentation

SUFFIXES = (".json",)
IS_BINARY = False

_INDENT = "  "
_quoted = encode_basestring


def render(run: MarginRun, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document, account by account; fields, order and meaning as `MarginRun.to_dict`."""
    out.write(b"{")
    separator = "\n"
    for name, part in document_parts(run).items():
        out.write(f"{separator}{_INDENT}{_quoted(name)}: ".encode())
        if isinstance(part, Iterator):
            _write_list(part, out)
        else:
            out.write(_encoded(_text(part, "\n" + _INDENT)))
        separator = ",\n"
    out.write(b"\n}\n")


def _write_list(items: Iterable[Any], out: BinaryIO) -> None:
    """Write a list of the top level item by item."""
    line = "\n" + 2 * _INDENT
    separator, end = "[" + line, "[]"
    for item in items:
        out.write(_encoded(separator + _text(item, line)))
        separator, end = "," + line, "\n" + _INDENT + "]"
    out.write(end.encode())


def _encoded(text: str) -> bytes:
    # A file name that is not UTF-8 holds lone surrogates; JSON writes them in this backslash form.
    return text.encode("utf-8", "backslashreplace")


def _text(value: Any, line: str) -> str:
    """A value as JSON; `line` is the line break with the indentation of the line it starts on."""
    if isinstance(value, dict):
        inner = line + _INDENT
        fields = [f"{_quoted(name)}: {_text(item, inner)}" for name, item in value.items()]
        return "{" + inner + ("," + inner).join(fields) + line + "}" if fields else "{}"
    if isinstance(value, list):
        inner = line + _INDENT
        if any(isinstance(item, (dict, list)) for item in value):
            return "[" + inner + ("," + inner).join(_text(item, inner) for item in value) + line + "]"
        return "[" + ", ".join(map(_scalar, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)  # a finite float or an integer: a run holds no others
