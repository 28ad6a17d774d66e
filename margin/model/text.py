"""Text as any medium can show it: plain stand-ins for special characters, and nothing that steers a terminal."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

_PLAIN = str.maketrans(
    {
        "—": "-",
        "–": "-",
        "−": "-",
        "×": "x",
        "÷": "/",
        "·": ",",
        "→": "->",
        "…": "...",
        "│": "|",
        "├": "|",
        "└": "`",
        "─": "-",
        "█": "#",
        "░": "=",
        "▶": ">",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)


def shown_text(value: str, has_unicode: bool) -> str:
    """A text from anywhere, with nothing in it that the medium cannot show or that steers a terminal.

    Args:
        value: The text.
        has_unicode: Whether the medium has every character; otherwise the usual special ones become plain.
    """
    shown = value if has_unicode else value.translate(_PLAIN)
    if shown.isprintable():
        return shown
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in shown)


def text_width(value: str) -> int:
    """Columns that a text takes on a terminal."""
    if value.isascii():
        return len(value)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in value)
