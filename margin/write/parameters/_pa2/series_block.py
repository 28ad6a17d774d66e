"""Fields of B records, filled for all series at once."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.write.parameters._pa2.block import Block, encoded
from margin.write.parameters._pa2.limits import WRITE_ANOTHER
from margin.write.parameters._pa2.precision import MOST_DECIMALS, decimals_needed, decimals_that_fit, written
from margin.write.parameters._pa2.record import FIELDS
from margin.write.parameters._pa2.subject import Subject

_FACTOR_DIGITS, _FACTOR_DECIMALS = 14, 7
_PERIOD_LETTERS = 8
_MODEL_LETTERS = 2
_LEAST_SCALE = 0.0001


def scaled_factors(values: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Factors as 14 digits with 7 decimals and a power of ten: digits, exponents, differences; shape as `values`."""
    return _with_exponent(values, _FACTOR_DIGITS, _FACTOR_DECIMALS)


def _with_exponent(values: FloatArray, digits: int, decimals: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Digits, powers of ten and differences; no power where the field's own decimals say the value."""
    fit = decimals_that_fit(np.abs(values), digits)
    needed = np.minimum(decimals_needed(values), MOST_DECIMALS)
    places = np.where((needed <= decimals) & (fit >= decimals), decimals, np.minimum(needed, fit))
    whole, difference = written(values, places)
    return whole, np.asarray(decimals - places, dtype=np.int64), difference


def _numbers(series: pl.DataFrame, name: str) -> FloatArray:
    """A column, NaN where not given."""
    values: FloatArray = series[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values


class SeriesBlock:
    """B records that are being filled.

    Attributes:
        block: Their bytes.
    """

    def __init__(self, subject: Subject, series: pl.DataFrame) -> None:
        self._subject = subject
        self._series = series
        self._rows: IntArray = series["product"].to_numpy().astype(np.int64)
        self.block = Block("B", series.height)
        names = {"exchange": "exchange", "product": "code", "type": "type", "underlying": "underlying_product"}
        for field, column in names.items():
            self.block.text(field, encoded(series[column], FIELDS["B"][field].width))
        for name in ("futures", "option"):
            period = encoded(series[f"{name}_period"], _PERIOD_LETTERS)
            self.block.text(f"{name}_month", period)
            self.block.text(f"{name}_day", period, 6)

    def put_scales(self) -> None:
        """Delta scaling factors and scan ranges, times to expiry and volatilities."""
        scale = _numbers(self._series, "delta_scale")
        self._refuse(scale < _LEAST_SCALE, "sc", scale, f"the least delta scaling factor is {_LEAST_SCALE:g}")
        self._put("delta_scaling_factor", scale, "delta scaling factors", "sc")
        self._put("time_to_expiry", _numbers(self._series, "time_to_expiry"), "times to expiry")
        volatility = _numbers(self._series, "volatility")
        is_shared = volatility == _numbers(self._series, "volatility_low")
        self._put("base_volatility", np.where(is_shared, volatility, np.nan), "base volatilities")
        ahead = self._subject.organisation.look_ahead_years
        self._put("look_ahead", np.full(len(self._rows), np.nan if ahead is None else ahead), "look-ahead times")
        self._put_scan("price_scan")
        self._put_scan("volatility_scan")

    def put_grid(self) -> None:
        """Extreme move and cover of each series' commodity."""
        extremes = np.zeros((len(self._subject.parameters.products), 2))
        for row, (commodity, _) in self._subject.links.items():
            for point in self._subject.grid_of(commodity).points[-1:]:
                extremes[row] = abs(point.price_move), point.weight
        self._put("extreme_move", extremes[self._rows, 0], "extreme moves", "pointDef")
        self._put("extreme_cover", extremes[self._rows, 1], "cover fractions of extreme moves", "pointDef")

    def put_factor(self, product_factors: FloatArray, has_own_factors: BoolArray) -> None:
        """The contract value factor of a series, where it is not its product's nor each contract's own."""
        values = _numbers(self._series, "contract_value_factor")
        given = ~np.isnan(values) & (values != product_factors[self._rows]) & ~has_own_factors[self._rows]
        self._refuse(given & (values < 0.0), "cvf", values, "a contract value factor has no sign")
        digits, exponent, difference = scaled_factors(np.where(given, values, 0.0))
        self._differ("contract value factors, written to 14 digits", difference)
        self.block.number("contract_value_factor", digits, given)
        self.block.number("value_factor_exponent", exponent, given, plus=" ")

    def put_models(self) -> None:
        """Pricing models whose name fits."""
        names = [product.price_model or "" for product in self._subject.parameters.products]
        short = pl.Series([name if len(name) <= _MODEL_LETTERS else "" for name in names], dtype=pl.String)
        self.block.text("pricing_model", encoded(short.gather(pl.Series(self._rows)), _MODEL_LETTERS))

    def _put(self, name: str, values: FloatArray, what: str, element: str | None = None) -> None:
        """A number at the decimals of its field: refused where it does not fit, left blank without an element."""
        field = FIELDS["B"][name]
        digits, difference = written(values, np.full(len(values), field.decimals))
        given = ~np.isnan(values)
        fits = given & (digits >= 0) & (digits < 10**field.width)
        if element is not None:
            room = f"it has {field.width} digits, {field.decimals} of them decimals, and no sign"
            self._refuse(given & ~fits, element, values, room)
        elif unfit := int(np.sum(given & ~fits)):
            self._subject.limits.leave_out(what, unfit)
        self._differ(f"{what}, written to {field.decimals} decimals", np.where(fits, difference, 0.0))
        self.block.number(name, np.where(fits, digits, 0), fits)

    def _put_scan(self, name: str) -> None:
        """A scan range: in money, or absolute, where it is given so, else in percent."""
        field = FIELDS["B"][name]
        absolute, percent = _numbers(self._series, name), _numbers(self._series, f"{name}_percent")
        is_percent = np.isnan(absolute) & ~np.isnan(percent)
        values = np.where(is_percent, percent, absolute)
        given = ~np.isnan(values)
        self._refuse(values < 0.0, "scanRate", values, "a scan range has no sign")
        digits, exponent, difference = _with_exponent(np.where(given, values, 0.0), field.width, field.decimals)
        self._differ(f"{name.replace('_', ' ')} ranges, written to {field.width} digits", difference)
        self.block.number(name, digits, given)
        self.block.number(f"{name}_exponent", exponent, given, plus=" ")
        quotation = np.where(is_percent, np.uint8(ord("P")), np.uint8(ord("A")))
        self.block.text(f"{name}_quotation", np.where(given, quotation, np.uint8(ord(" ")))[:, None])

    def _name(self, row: int) -> str:
        series = self._series.row(row, named=True)
        period = series["option_period"] or series["futures_period"]
        return f"{series['exchange']} {series['code']} {series['type']} {period}"

    def _differ(self, what: str, difference: FloatArray) -> None:
        rows = np.flatnonzero(difference)
        if len(rows):
            worst = int(rows[np.argmax(difference[rows])])
            self._subject.limits.differ(what, self._name(worst), float(difference[worst]), len(rows))

    def _refuse(self, which: BoolArray, element: str, found: FloatArray, why: str) -> None:
        rows = np.flatnonzero(which)
        if len(rows):
            first = int(rows[0])
            self._subject.limits.refuse(
                f"{element} of {self._name(first)}", float(found[first]), why, WRITE_ANOTHER,
                line=self._series["line"][first], number=len(rows),
            )  # fmt: skip
