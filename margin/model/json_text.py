"""Values as JSON text: two spaces of indentation, lists of numbers and words on one line."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any

INDENT = "  "
quoted = encode_basestring


def json_bytes(text: str) -> bytes:
    """The text as UTF-8."""
    # A file name that is not UTF-8 holds lone surrogates; JSON writes them in this backslash form.
    return text.encode("utf-8", "backslashreplace")


def json_text(value: Any, line: str = "\n") -> str:
    """A value as JSON; `line` is the line break with the indentation of the line it starts on."""
    if isinstance(value, dict):
        inner = line + INDENT
        fields = [f"{quoted(name)}: {json_text(item, inner)}" for name, item in value.items()]
        return "{" + inner + ("," + inner).join(fields) + line + "}" if fields else "{}"
    if isinstance(value, list):
        inner = line + INDENT
        if any(isinstance(item, (dict, list)) for item in value):
            return "[" + inner + ("," + inner).join(json_text(item, inner) for item in value) + line + "]"
        return "[" + ", ".join(map(_scalar, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)  # a finite float or an integer: a run holds no others
