"""The figures of a bench as text."""

from __future__ import annotations

from tests.benches.measure import Bench, Measured

_HEADINGS = ("median", "fastest", "ratio", "goal", "peak memory")


def table_text(bench: Bench, measured: list[Measured]) -> str:
    """One row per variant: median and fastest call, ratio to the first variant, its goal, peak memory."""
    limit = measured[0]
    rows: list[tuple[str, ...]] = [("", *_HEADINGS)]
    for item in measured:
        goal = item.variant.limit
        rows.append(
            (
                item.variant.name,
                _time(item.median),
                _time(min(item.seconds)),
                f"{item.median / limit.median:.2f}",
                "" if goal is None else f"≤ {goal:g}",
                "" if item.peak is None else f"{item.peak / 1e6:,.0f} MB",
            )
        )
        for stage, seconds in item.stage_medians().items():
            rows.append((f"    {stage}", _time(seconds), "", f"{seconds / limit.median:.2f}", "", ""))
    return f"\n{bench.title}\n{_aligned(rows)}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1.0 else f"{1e3 * seconds:.1f} ms"


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
