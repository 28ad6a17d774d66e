"""The scenario ladder: each scenario's loss as a bar, gains to the left, losses to the right."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from margin.report.table.page import Page

SCAN_RANGE_UNIT = " of scan range"
"""Left out of a scenario's words where lines are short."""

_NARROWEST_BARS = 8
_WIDEST_BARS = 40
_BESIDE = 4 + 2 + 2 + 2  # scenario number, and the gaps between the parts of a line


def show_ladder(
    page: Page, losses: list[float], active: int | None, words: tuple[str, ...], currency: str | None
) -> None:
    """Write one line per scenario: number, words, loss, bar; the active scenario is marked.

    Args:
        page: The page.
        losses: Loss (+) or gain (−) by scenario.
        active: 1-based number of the active scenario.
        words: Each scenario in words; fewer words than losses leave the rest without.
        currency: Currency of the losses.
    """
    if not any(losses):
        page.line("no scenario gains or loses", indent=4)
        return
    amounts = [page.amount(loss, currency) for loss in losses]
    said = [page.text(words[i]).replace(SCAN_RANGE_UNIT, "") if i < len(words) else "" for i in range(len(losses))]
    amount_width = max(cell_len(amount) for amount in [*amounts, "loss"])
    free = page.edge - _BESIDE - amount_width
    word_width = min(max(map(cell_len, said)), max(free - _NARROWEST_BARS, 0))
    bar_width = min(free - word_width, _WIDEST_BARS)
    worst, best = max([*losses, 0.0]), -min([*losses, 0.0])
    scale = max(bar_width - 1, 0) / (worst + best)  # cells per unit of money, one cell is the axis
    gain_cells = int(best * scale)
    title = "scenario (price in scan ranges)" if any(SCAN_RANGE_UNIT in word for word in words) else "scenario"
    heading = f"{'':4}  {title[:word_width]:<{word_width}}  {'loss':>{amount_width}}"
    page.line((heading, "dim"), indent=2)
    for number, (loss, amount, word) in enumerate(zip(losses, amounts, said, strict=True), start=1):
        is_active = number == active
        row = Text("  " + (page.text("▶") if is_active else " ") + f"{number:>3}  ", "bold" if is_active else "")
        label = Text(word)
        label.truncate(word_width, pad=True)
        row.append_text(label).append(f"  {amount:>{amount_width}}  ")
        gain, loss_bar = page.text("░") * int(max(-loss, 0.0) * scale), page.text("█") * int(max(loss, 0.0) * scale)
        row.append(gain.rjust(gain_cells), "green").append(page.text("│"), "dim").append(loss_bar, "red")
        page.row(row)
