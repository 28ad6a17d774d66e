"""Product families of a file (record P), and how their prices and strikes are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from margin.model.contract import OPTION_TYPES, PRODUCT_TYPES, Product
from margin.model.parameters import UnsupportedElement
from margin.model.problem import Reason
from margin.numeric.arrays import BoolArray, FloatArray
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import Record

ProductKey = tuple[str, str, str]
"""Exchange, product code, product type: a code may stand for a future and for options on it."""

_MOST_DECIMALS = 12
_EIGHTHS = "0"
_QUARTER_TICKS = "4"
_ALIGNED_DECIMALS = 3
_EIGHTHS_OF_A_CENT = np.array([0.0, 1.25, 2.5, 3.75, np.nan, 5.0, 6.25, 7.5, 8.75, np.nan])
"""What the last digit of a price stands for where it counts eighths, in units of that digit."""


@dataclass(frozen=True, slots=True)
class PriceScale:
    """How digits become a decimal price or strike.

    Attributes:
        decimals: Implied decimals; negative: zeros that are left out.
        alignment: The file's code for fractions; empty for plain decimals.
    """

    decimals: int
    alignment: str

    @property
    def is_convertible(self) -> bool:
        """Whether it is published how these digits become a decimal number."""
        return not self.alignment or (
            self.alignment in (_EIGHTHS, _QUARTER_TICKS) and self.decimals == _ALIGNED_DECIMALS
        )

    def decimal(self, digits: FloatArray) -> FloatArray:
        """Decimal numbers from digits; as if they were plain decimals where the code is not known.

        Source: prices are digits ÷ 10^locator; alignment codes as production importers of these files read them.
        """
        if self.is_convertible and self.alignment == _EIGHTHS:
            last = np.abs(digits) % 10.0
            known = np.nan_to_num(last).astype(np.int64)
            units = np.abs(digits) - last + np.where(np.isnan(last), np.nan, _EIGHTHS_OF_A_CENT[known])
            return np.copysign(units, digits) / 10.0**self.decimals
        if self.is_convertible and self.alignment == _QUARTER_TICKS:
            return digits / 10.0 ** (self.decimals + 1)
        return digits / 10.0**self.decimals if self.decimals >= 0 else digits * 10.0**-self.decimals


@dataclass(frozen=True)
class PricedProduct:
    """A product family with how its contracts are written.

    Attributes:
        product: The family.
        price: How its prices are written.
        strike: How its strikes are written.
    """

    product: Product
    price: PriceScale
    strike: PriceScale


def read_products(
    file: RecordFile, organisation: str, futures_style: frozenset[ProductKey], reading: Reading
) -> dict[ProductKey, PricedProduct]:
    """Read all product families, in the order of the file.

    Args:
        file: The file.
        organisation: Clearing organisation.
        futures_style: Options of combined commodities whose options are settled daily.
        reading: Takes faults and warnings.
    """
    found: dict[ProductKey, PricedProduct] = {}
    lines: dict[ProductKey, Record] = {}
    unknown: dict[str, list[int]] = {}
    for record in file.records("P"):
        key = product_key(record)
        if key[2] not in PRODUCT_TYPES:
            unknown.setdefault(key[2], []).append(record.line)
            continue
        if key in found:
            if not record.equals(lines[key]):
                _refuse_second(key, lines[key], record)
            continue
        lines[key] = record
        found[key] = _read_product(record, key, organisation, key in futures_style)
    for type_, numbers in unknown.items():
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"record P: product type {type_!r} is not known; its {len(numbers):,} product(s) are not read, and "
            "positions in them will not be found",
            line=numbers[0],
            found=type_,
        )
    _warn_of_unknown_alignment(found, reading)
    return found


def product_key(record: Record) -> ProductKey:
    """Exchange, product code and type of a record that has the three."""
    return record.require_text("exchange"), record.require_text("product"), record.require_text("type")


def _refuse_second(key: ProductKey, first: Record, second: Record) -> None:
    second.reading.faults.add(
        Reason.DUPLICATE_KEY,
        f"record P: product {' '.join(key)} is given again, and otherwise than on line {first.line}, expected once; "
        "remove one of the lines",
        line=second.line,
        found=" ".join(key),
    )


def _read_product(record: Record, key: ProductKey, organisation: str, is_futures_style: bool) -> PricedProduct:
    exchange, code, type_ = key
    price = PriceScale(_locator(record, "price_locator"), record.text("price_alignment"))
    strike = PriceScale(_locator(record, "strike_locator"), record.text("strike_alignment"))
    factor = scaled_factor(record, "contract_value_factor", "value_factor_exponent")
    product = Product(
        clearing_org=organisation,
        exchange=exchange,
        product_id=code,
        code=code,
        type=type_,
        currency=record.require_text("currency"),
        value_method=record.text("value_method") or _value_method(type_, is_futures_style),
        name=record.text("name") or record.text("short_name") or None,
        contract_value_factor=factor,
        price_method=record.text("price_method") or None,
        settlement_method=record.text("settlement_method") or None,
        exercise=record.text("exercise") or None,
        price_decimals=max(price.decimals, 0),
        strike_decimals=max(strike.decimals, 0),
        cabinet_value=record.number("cabinet_value"),
        line=record.line,
    )
    record.check()
    return PricedProduct(product, price, strike)


def _value_method(type_: str, is_futures_style: bool) -> str:
    """Where a product does not say how it is valued, options are as their commodity says, others as their type."""
    if type_ in OPTION_TYPES:
        return "FUT" if is_futures_style else "EQTY"
    return type_ if type_ in ("FUT", "FWD") else "EQTY"


def _locator(record: Record, name: str) -> int:
    """A decimal locator, 0 where it is blank."""
    decimals = record.digits(name) or 0
    if abs(decimals) > _MOST_DECIMALS:
        record.invalid(name, f"a decimal locator from -{_MOST_DECIMALS} to {_MOST_DECIMALS}")
        return 0
    return decimals


def scaled_factor(record: Record, name: str, exponent: str) -> float | None:
    """A factor times ten to the power that stands beside it; `None` where it is blank or zero."""
    factor, power = record.number(name), record.signed_digits(exponent) or 0
    if not factor:
        return None
    return factor * 10.0**power if power >= 0 else factor / 10.0**-power


def unsupported_factors(file: RecordFile) -> Mapping[ProductKey, UnsupportedElement]:
    """Products whose positions count as several: equivalent position factors other than 1."""
    found = {}
    for record in file.records("P"):
        factor = scaled_factor(record, "equivalent_position_factor", "equivalent_position_exponent")
        if factor not in (None, 1.0):
            path = f"record P {record.text('product')} {record.text('type')} equivalent_position_factor"
            key = record.text("exchange"), record.text("product"), record.text("type")
            found[key] = UnsupportedElement(path, f"{factor:g}", record.line)
    return MappingProxyType(found)


def _warn_of_unknown_alignment(products: Mapping[ProductKey, PricedProduct], reading: Reading) -> None:
    codes: dict[str, list[PricedProduct]] = {}
    for item in products.values():
        if not item.price.is_convertible and item.product.is_option:
            codes.setdefault(item.price.alignment, []).append(item)
    for code, items in codes.items():
        reading.warn(
            Reason.UNSUPPORTED_RULE,
            f"record P, column 40 (price_alignment): how digits with alignment code {code!r} and their decimal "
            f"locator become decimal prices is not published; {len(items):,} option product(s) have no prices, and "
            "premium-style options held in them are refused",
            line=items[0].product.line,
            found=code,
        )


def cabinet_values(digits: FloatArray, cabinet: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Option prices that are codes for a cabinet value, and that value in money for one contract.

    9999999 is the product's cabinet value, 999nnnn a cabinet value of nnnn hundredths.

    Args:
        digits: Prices of seven digits.
        cabinet: The products' cabinet values, NaN where none is given.

    Source: CME "Type P Record - Expanded", cabinet option value.
    """
    is_cabinet = (digits >= 9_990_000.0) & (digits <= 9_999_999.0)
    return is_cabinet, np.where(digits == 9_999_999.0, cabinet, (digits - 9_990_000.0) / 100.0)
