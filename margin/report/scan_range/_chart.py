"""A chart of ranges through time and the moves after them, as SVG that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import numpy as np

from margin.model.scan_range import RangeSeries, ScanRange
from margin.numeric.arrays import FloatArray, IntArray

WIDTH, HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 12, 28
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_TICKS = 8
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def chart(item: ScanRange, number: int) -> str:
    """The chart of one underlying; `number` makes its ids unique on the page."""
    series, test = item.series, item.backtest
    summary = (
        f"{test.days:,} moves from {series.dates[0]} to {series.dates[-1]} against the scan range of their day: "
        f"{test.above:,} above it, {test.below:,} below it."
    )
    frame = _Frame(series)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t{number} d{number}">',
        f'<title id="t{number}">{escape(item.underlying)}: price moves and scan range</title>',
        f'<desc id="d{number}">{escape(summary)}</desc>',
        *frame.axes(item.rule.unit),
        f'<path class="move" d="{_bars(frame, series)}"/>',
        f'<path class="range" d="{_steps(frame, series.up)}"/>',
        f'<path class="range" d="{_steps(frame, -series.down)}"/>',
        *_exceedances(frame, series),
        "</svg>",
    ]
    return "\n".join(parts)


class _Frame:
    """Places of days and values on the chart."""

    def __init__(self, series: RangeSeries) -> None:
        sizes = np.concatenate([series.up, series.down, np.abs(series.moves)])
        self._limit = float(sizes.max()) * 1.05
        self._dates = series.dates
        self._days = len(series.dates)

    def x(self, places: IntArray) -> FloatArray:
        """Columns of days by their place in time."""
        return _LEFT + places.astype(np.float64) * (_PLOT_WIDTH / max(self._days - 1, 1))

    def y(self, values: FloatArray) -> FloatArray:
        """Rows of values, upwards."""
        return _TOP + _PLOT_HEIGHT * (self._limit - values) / (2.0 * self._limit)

    def axes(self, unit: str) -> Iterator[str]:
        """Grid lines with their values, and dates below."""
        step = _nice(2.0 * self._limit / _TICKS)
        count = math.floor(self._limit / step)
        for multiple in range(-count, count + 1):
            value = multiple * step
            row = float(self.y(np.array([value]))[0])
            name = "zero" if multiple == 0 else "grid"
            yield f'<path class="{name}" d="M{_LEFT} {row:.1f}H{WIDTH - _RIGHT}"/>'
            yield f'<text x="{_LEFT - 6}" y="{row + 4:.1f}" text-anchor="end">{_signed(value)}</text>'
        yield f'<text x="4" y="{HEIGHT - 8}">{escape(unit)}</text>'
        for place in sorted({round(share * (self._days - 1) / 4) for share in range(5)}):
            column = float(self.x(np.array([place]))[0])
            anchor = "start" if place == 0 else "end" if place == self._days - 1 else "middle"
            yield f'<text x="{column:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{self._dates[place]}</text>'


def _signed(value: float) -> str:
    return f"{value:+g}" if value else "0"


def _nice(width: float) -> float:
    scale: float = 10.0 ** math.floor(math.log10(width))
    return next(step * scale for step in _STEPS if step * scale >= width * (1.0 - 1e-9))


def _bars(frame: _Frame, series: RangeSeries) -> str:
    """A bar from the least to the greatest move of every column of pixels, zero among them."""
    places = np.arange(len(series.moves))
    columns = frame.x(places)
    pixels = np.round(columns).astype(np.int64)
    starts = np.flatnonzero(np.diff(pixels, prepend=-1))
    if not len(starts):
        return ""
    highest = np.maximum(np.maximum.reduceat(series.moves, starts), 0.0)
    lowest = np.minimum(np.minimum.reduceat(series.moves, starts), 0.0)
    rows = zip(pixels[starts].tolist(), frame.y(highest).tolist(), frame.y(lowest).tolist(), strict=True)
    return "".join(f"M{x} {top:.1f}V{bottom:.1f}" for x, top, bottom in rows)


def _steps(frame: _Frame, values: FloatArray) -> str:
    """A line that changes where its value does."""
    changes = np.flatnonzero(np.diff(values, prepend=np.nan) != 0.0)
    columns, rows = frame.x(changes), frame.y(values[changes])
    pieces = [f"M{columns[0]:.1f} {rows[0]:.1f}"]
    pieces += [f"H{x:.1f}V{y:.1f}" for x, y in zip(columns[1:].tolist(), rows[1:].tolist(), strict=True)]
    return "".join(pieces) + f"H{frame.x(np.array([len(values) - 1]))[0]:.1f}"


def _exceedances(frame: _Frame, series: RangeSeries) -> Iterator[str]:
    places = np.flatnonzero(series.is_above | series.is_below)
    for place, x, y in zip(
        places.tolist(), frame.x(places).tolist(), frame.y(series.moves[places]).tolist(), strict=True
    ):
        move = f"{series.dates[place]}: {series.moves[place]:+.6g}"
        yield f'<circle class="beyond" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{move}</title></circle>'
