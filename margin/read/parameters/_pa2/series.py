"""Parameters of futures months and option series (record B), read column by column."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.read.parameters._pa2.columns import ColumnFaults, Columns, line_matrix
from margin.read.parameters._pa2.layout import ARRAY_PARAMETERS, line_length
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.reading import Reading

KEY = ("exchange_product", "product_type", "future", "option")
"""Columns of a series' key: bytes of its codes in whole numbers of eight bytes."""

_FIELDS = {field.name: field for field in ARRAY_PARAMETERS}
_KEY_LAST = _FIELDS["option_day"].last
_BLANKS = int.from_bytes(b"        ", "little")
_DAY = -1 << 48
_NO_DAY = int.from_bytes(b"00", "little") << 48
_BLANK_DAY = int.from_bytes(b"  ", "little") << 48
_ZERO_MONTH = int.from_bytes(b"000000", "little")
_MONTH = (1 << 48) - 1


def same_period(words: IntArray) -> IntArray:
    """Months with day codes as bytes in whole numbers, so that equal periods are equal.

    A day code ``00`` is blank, and so is a month of zeros with whatever day code.
    """
    words = np.where(words & _DAY == _NO_DAY, words & _MONTH | _BLANK_DAY, words)
    result: IntArray = np.where(words & _MONTH == _ZERO_MONTH, _BLANKS, words)
    return result


def read_series(file: RecordFile, reading: Reading) -> pl.DataFrame:
    """Read all B records.

    Returns:
        Columns of `KEY`; line; price_scan (money, its own exponent applied), price_scan_percent,
        volatility_scan, volatility_scan_percent, volatility, time_to_expiry (years), delta_scaling_factor,
        contract_value_factor, extreme_move, extreme_cover; null where not given. One row per key.
    """
    lines = file.lines("B")
    faults = ColumnFaults("B")
    columns = Columns(line_matrix(lines, line_length(ARRAY_PARAMETERS), _KEY_LAST), lines.numbers, faults)
    frame = _frame(columns)
    faults.tell(reading)
    return _once_each(frame, reading)


def _frame(columns: Columns) -> pl.DataFrame:
    numbers = {
        name: columns.number(field, _FIELDS[field.sign] if field.sign else None)
        for name, field in _FIELDS.items()
        if field.kind == "number"
    }
    # Exchange, product and type stand side by side here, and so do months and their day codes.
    family = columns.word(_FIELDS["exchange"].first), columns.word(_FIELDS["exchange"].first + 8)
    future, option = (columns.word(_FIELDS[name].first) for name in ("futures_month", "option_month"))
    price_scan = _times_power(numbers["price_scan"], numbers["price_scan_exponent"])
    volatility_scan = _times_power(numbers["volatility_scan"], numbers["volatility_scan_exponent"])
    in_percent = columns.is_text(_FIELDS["price_scan_quotation"], "P")
    volatility_in_percent = columns.is_text(_FIELDS["volatility_scan_quotation"], "P")
    factor = _times_power(numbers["contract_value_factor"], numbers["value_factor_exponent"])
    return pl.DataFrame(
        {
            **dict(zip(KEY, (*family, same_period(future), same_period(option)), strict=True)),
            "line": columns.numbers,
            "price_scan": _where(price_scan, ~in_percent),
            "price_scan_percent": _where(price_scan, in_percent),
            "volatility_scan": _where(volatility_scan, ~volatility_in_percent),
            "volatility_scan_percent": _where(volatility_scan, volatility_in_percent),
            "volatility": _times_power(numbers["base_volatility"], numbers["base_volatility_exponent"]),
            "time_to_expiry": numbers["time_to_expiry"],
            "delta_scaling_factor": numbers["delta_scaling_factor"],
            "contract_value_factor": _where(factor, factor != 0.0),
            "extreme_move": numbers["extreme_move"],
            "extreme_cover": numbers["extreme_cover"],
        },
        nan_to_null=True,
    )


def _times_power(values: FloatArray, exponent: FloatArray) -> FloatArray:
    """Values times ten to a power that may be blank, which means 1; exact decimals stay exact."""
    power = np.nan_to_num(exponent)
    scale = 10.0 ** np.abs(power)
    return np.where(power >= 0.0, values * scale, values / scale)


def _where(values: FloatArray, wanted: BoolArray) -> FloatArray:
    return np.where(wanted, values, np.nan)


def _once_each(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """One row per key; a second one that says something else is a fault."""
    if not frame.select(KEY).is_duplicated().any():
        return frame
    first = frame.unique(KEY, keep="first", maintain_order=True)
    said = [name for name in frame.columns if name != "line"]
    others = frame.unique(said, keep="first", maintain_order=True).join(
        first.select(*KEY, first_line="line"), on=list(KEY), how="left", maintain_order="left"
    )
    for line, first_line in (
        others.filter(pl.col("line") != pl.col("first_line")).select("line", "first_line").iter_rows()
    ):
        reading.contradiction(
            "B", line, f"the series is given again, and otherwise than on line {first_line}, expected once"
        )
    return first
