"""Risk arrays for a person at a terminal: each contract with its model's inputs, and its losses below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from margin.model.text import shown_text

if TYPE_CHECKING:
    from margin.report import Presentation
    from margin.views.risk_arrays import RiskArrayTable

SUFFIXES = (".txt",)
IS_BINARY = False

LISTED_CONTRACTS = 40
"""Contracts that are shown unless all are to be."""

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_INDENT = "  "
_FACTS = (
    ("price", "price"),
    ("model", "model"),
    ("level", "level"),
    ("volatility", "volatility"),
    ("years", "years"),
    ("composite_delta", "composite delta"),
)


def render(arrays: RiskArrayTable, out: BinaryIO, presentation: Presentation) -> None:
    """Write the page; losses are of one long contract, scenario by scenario, and fold at the width."""
    lines = "\n".join(line.rstrip() for line in _page(arrays, presentation)) + "\n"
    out.write(lines.encode(presentation.encoding, "backslashreplace"))


def _page(arrays: RiskArrayTable, presentation: Presentation) -> Iterator[str]:
    def styled(text: str, style: str) -> str:
        shown = shown_text(text, presentation.unicode)
        return f"{style}{shown}{_RESET}" if presentation.color and style and shown.strip() else shown

    total = arrays.frame.height
    shown = total if presentation.is_complete else min(total, LISTED_CONTRACTS)
    several = arrays.frame["rate_id"].n_unique() > 1
    yield styled("Loss (+) or gain (−) of one long contract by scenario", _DIM)
    group: tuple[str, str] | None = None
    for place, row in enumerate(arrays.frame[:shown].iter_rows(named=True)):
        if (row["clearing_org"], row["commodity"]) != group:
            group = row["clearing_org"], row["commodity"]
            yield ""
            yield styled(f"{row['clearing_org']} {row['commodity']} · {row['value_currency']}", _BOLD)
        yield ""
        rate = f"  rate id {row['rate_id']}" if several else ""
        yield styled(f"{row['contract']}{rate}", "")
        yield styled(_INDENT + _facts(row), _DIM)
        yield from _losses(arrays.losses[place, : int(arrays.points[place])].tolist(), presentation.width)
    if shown < total:
        yield ""
        yield styled(f"… {total - shown:,} more; --all and other formats show all of them", _DIM)


def _facts(row: dict[str, Any]) -> str:
    stated = [(words, row[name]) for name, words in _FACTS if row[name] is not None]
    return " · ".join(f"{words} {value if isinstance(value, str) else _number(value)}" for words, value in stated)


def _losses(losses: list[float], width: int) -> Iterator[str]:
    cells = [f"{loss:z,.2f}" for loss in losses]
    room = max(map(len, cells), default=0) + 2
    per_line = max(1, (max(width, 40) - len(_INDENT)) // room)
    if per_line >= 8:
        per_line = min(16, per_line // 8 * 8)
    for start in range(0, len(cells), per_line):
        yield _INDENT + "".join(f"{cell:>{room}}" for cell in cells[start : start + per_line])


def _number(value: float) -> str:
    return f"{value:z,.6g}" if abs(value) < 1e5 else f"{value:z,.2f}"
