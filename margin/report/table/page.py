"""The page a report for people is written on: amounts, labels and symbols that its medium can show."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from margin.model.money import amount_text
from margin.model.text import shown_text

if TYPE_CHECKING:
    from margin.report import Presentation

MISSING = "—"
MIN_WIDTH = 40
WIDEST_FIGURES = 98
"""Figures further to the right than this are hard to follow from their label."""

_HANG = 2


class Page:
    """Collects lines of text.

    Attributes:
        width: Characters per line.
        edge: Column at which figures end.
    """

    def __init__(self, presentation: Presentation, decimals: Mapping[str, int]) -> None:
        self.width = max(presentation.width, MIN_WIDTH)
        self.edge = min(self.width - 2, WIDEST_FIGURES)
        self._presentation = presentation
        self._decimals = decimals
        self._buffer = io.StringIO()
        self.console = Console(
            file=self._buffer,
            width=self.width,
            color_system="standard" if presentation.color else None,
            force_terminal=presentation.color,
            no_color=not presentation.color,
            force_jupyter=False,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def text(self, value: str) -> str:
        """A text from anywhere, with nothing in it that the medium cannot show or that steers a terminal."""
        return shown_text(value, self._presentation.unicode)

    def amount(self, value: float | None, currency: str | None) -> str:
        """An amount in the decimals of its currency; a dash where there is none."""
        return self.text(MISSING) if value is None else amount_text(value, currency, self._decimals)

    def line(self, *parts: str | tuple[str, str], indent: int = 0) -> None:
        """Write one paragraph, wrapped with a hanging indentation; a part may be (text, style)."""
        words = Text()
        for part in parts:
            content, style = (part, "") if isinstance(part, str) else part
            words.append(self.text(content), style)
        for number, row in enumerate(words.wrap(self.console, self.width - indent - _HANG)):
            row.rstrip()
            self.row(Text(" " * (indent + _HANG * (number > 0))).append_text(row))

    def entry(self, label: str, value: str, *, indent: int = 2, style: str = "", note: str = "") -> None:
        """Write a label and a figure that ends at the right edge of the figure column."""
        left = Text(" " * indent).append(self.text(label), style)
        if note:
            left.append("  " + self.text(note), "dim")
        left.truncate(max(self.edge - cell_len(value) - 1, 1))
        gap = max(self.edge - left.cell_len - cell_len(value), 1)
        self.row(left.append(" " * gap).append(value, style))

    def rule(self, indent: int = 2) -> None:
        """Write a thin line under a column of figures."""
        self.row(Text(" " * indent + self.text("─") * (self.edge - indent), "dim"))

    def title(self, text: str) -> None:
        """Write a heading after a blank line."""
        self.blank()
        self.line((text, "bold"))

    def blank(self) -> None:
        """Write an empty line."""
        self.console.print()

    def show(self, renderable: RenderableType) -> None:
        """Write a table."""
        self.console.print(renderable)

    def row(self, text: Text) -> None:
        """Write one line as it is."""
        self.console.print(text, no_wrap=True, overflow="ignore", crop=False)

    def encoded(self) -> bytes:
        """Everything written, without blanks at line ends."""
        written = self._buffer.getvalue()
        lines = [line.rstrip() for line in written.splitlines()]
        return ("\n".join(lines).lstrip("\n") + "\n").encode(self._presentation.encoding, "backslashreplace")
