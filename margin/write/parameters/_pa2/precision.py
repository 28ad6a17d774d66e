"""How many implied decimals figures are written with: as many as they have, else as many as fit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import CodeArray, FloatArray, IntArray

MOST_DECIMALS = 12
_LEAST_DECIMALS = -12
_NOISE = 4e-16  # a decimal times a power of ten, as doubles


def decimals_needed(values: FloatArray) -> CodeArray:
    """Decimals that write each value exactly; `MOST_DECIMALS` + 1 where no number of decimals up to that does.

    Args:
        values: Any shape, finite.
    """
    flat = np.abs(values).reshape(-1)
    needed = np.where(flat == np.rint(flat), 0, MOST_DECIMALS + 1).astype(np.int32)
    pending = np.flatnonzero(needed)
    for places in range(1, MOST_DECIMALS + 1):
        if not len(pending):
            break
        scaled = flat[pending] * 10.0**places
        is_whole = np.abs(scaled - np.rint(scaled)) <= scaled * _NOISE
        needed[pending[is_whole]] = places
        pending = pending[~is_whole]
    return needed.reshape(values.shape)


def largest_by_group(values: npt.NDArray[np.generic], groups: npt.NDArray[np.integer], count: int) -> FloatArray:
    """Largest value of each group, 0 for a group without any; shape (count,)."""
    largest = np.zeros(count)
    np.maximum.at(largest, groups, values.astype(np.float64))
    return largest


def decimals_that_fit(largest: FloatArray, digits: int) -> CodeArray:
    """The most decimals at which a magnitude has no more than so many digits, shape as `largest`."""
    fit = np.full(largest.shape, _LEAST_DECIMALS - 1, dtype=np.int32)
    for places in range(_LEAST_DECIMALS, MOST_DECIMALS + 1):
        fit[_rounded(largest, np.full(largest.shape, places)) < 10.0**digits] = places
    return fit


def _scaled(magnitude: FloatArray, decimals: npt.NDArray[np.integer]) -> FloatArray:
    power = 10.0 ** np.abs(decimals)
    scaled: FloatArray = np.where(decimals >= 0, magnitude * power, magnitude / power)
    return scaled


def _rounded(magnitude: FloatArray, decimals: npt.NDArray[np.integer]) -> FloatArray:
    """Half away from zero, where a tie is one in decimals too."""
    scaled = _scaled(magnitude, decimals)
    rounded: FloatArray = np.floor(scaled + 0.5 + np.minimum(1e-9 + 1e-14 * scaled, 0.01))
    return rounded


def written(values: FloatArray, decimals: npt.NDArray[np.integer]) -> tuple[IntArray, FloatArray]:
    """Digits of values at so many decimals, and what each differs by.

    Args:
        values: Shape (rows,) or (rows, columns); NaN where not given, which is written as zero.
        decimals: Shape (rows,).

    Returns:
        Signed digits and differences, in the shape of `values`.
    """
    given = np.nan_to_num(values, nan=0.0)
    places = decimals if given.ndim == 1 else decimals[:, None]
    magnitude = np.abs(given)
    whole = _rounded(magnitude, places)
    back = _scaled(whole, -places)
    difference = np.abs(back - magnitude)
    difference[difference <= magnitude * 2 * _NOISE] = 0.0
    return np.copysign(whole, given).astype(np.int64), difference
