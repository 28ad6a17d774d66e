"""Weighted sums of table rows by group, in chunks that stay in cache and over threads: a sparse product."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from margin.numeric.arrays import CodeArray, FloatArray, IntArray

_CHUNK_ROWS = 32_768
_ROWS_WORTH_A_THREAD = 200_000
_ROWS_WORTH_AN_IMPORT = 16_384
"""Loading SciPy takes as long as adding up this many rows without it, and more than half a small run's time."""


def default_threads() -> int:
    """As many threads as this process may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _chunks(bounds: IntArray) -> list[tuple[int, int]]:
    """Ranges of whole groups holding about `_CHUNK_ROWS` rows each."""
    groups = len(bounds) - 1
    if groups <= 0 or not bounds[-1]:
        return []
    targets = np.arange(_CHUNK_ROWS, bounds[-1] + _CHUNK_ROWS, _CHUNK_ROWS)
    cuts = np.unique(np.minimum(np.searchsorted(bounds, targets, side="left"), groups))
    starts = np.concatenate(([0], cuts[:-1]))
    return [(int(start), int(stop)) for start, stop in zip(starts, cuts, strict=True) if stop > start]


def weighted_row_sums(
    bounds: IntArray, codes: CodeArray, weights: FloatArray, table: FloatArray, threads: int | None = None
) -> FloatArray:
    """Sum over each group of weight × table row.

    A group is never cut, and its rows are added one after the other, so the result does not depend on
    the number of threads or chunks.

    Args:
        bounds: Group *g* holds rows ``bounds[g]:bounds[g + 1]``; shape (groups + 1,).
        codes: Table row of each row, shape (rows,).
        weights: Shape (rows,).
        table: Shape (table rows, columns), C-contiguous.
        threads: How many threads to use; `None` for one per processor when there are rows enough.

    Returns:
        Shape (groups, columns).
    """
    groups = len(bounds) - 1
    if len(codes) < _ROWS_WORTH_AN_IMPORT and "scipy.sparse" not in sys.modules:
        return _small_row_sums(bounds, codes, weights, table)
    from scipy.sparse import csr_array

    result = np.zeros((max(groups, 0), table.shape[1]))

    def work(chunk: tuple[int, int]) -> None:
        start, stop = chunk
        first, last = bounds[start], bounds[stop]
        matrix = csr_array(
            (weights[first:last], codes[first:last], bounds[start : stop + 1] - first),
            shape=(stop - start, table.shape[0]),
        )
        result[start:stop] = matrix @ table

    chunks = _chunks(bounds)
    workers = default_threads() if threads is None else threads
    if threads is None and len(codes) < _ROWS_WORTH_A_THREAD:
        workers = 1
    if workers <= 1 or len(chunks) <= 1:
        for chunk in chunks:
            work(chunk)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, chunks))
    return result


def _small_row_sums(bounds: IntArray, codes: CodeArray, weights: FloatArray, table: FloatArray) -> FloatArray:
    """The same sums, added in the same order, without SciPy."""
    groups, columns = len(bounds) - 1, table.shape[1]
    group = np.repeat(np.arange(groups), np.diff(bounds))
    cell = group[:, None] * columns + np.arange(columns)
    products = weights[:, None] * table[codes]
    sums = np.bincount(cell.ravel(), weights=products.ravel(), minlength=groups * columns)
    return sums.astype(np.float64, copy=False).reshape(groups, columns)
