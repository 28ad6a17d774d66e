"""Prices, strikes and contract value factors of contracts, as decimal numbers."""

from __future__ import annotations

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.read.parameters._pa2.arrays import ContractColumns
from margin.read.parameters._pa2.products import PricedProduct, PriceScale, cabinet_values


def or_nan(number: float | None) -> float:
    """A number, NaN where it is not given."""
    return np.nan if number is None else number


def innermost(*values: FloatArray) -> FloatArray:
    """The first value that is given, from the contract outwards."""
    result = values[0]
    for outer in values[1:]:
        result = np.where(np.isnan(result), outer, result)
    return result


def decimals(digits: FloatArray, product: IntArray, scales: list[PriceScale]) -> FloatArray:
    """Decimal numbers from digits that each product writes in its own way."""
    if len(set(scales)) == 1:
        return scales[0].decimal(digits)
    plain = np.array([10.0**scale.decimals if scale.decimals >= 0 else np.nan for scale in scales] or [1.0])
    result: FloatArray = digits / plain[product]
    special = [place for place, scale in enumerate(scales) if scale.decimals < 0 or scale.alignment]
    for place in special:
        rows = np.flatnonzero(product == place)
        result[rows] = scales[place].decimal(digits[rows])
    return result


def prices(
    columns: ContractColumns,
    product: IntArray,
    families: list[PricedProduct],
    is_option: BoolArray,
    factor: FloatArray,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Decimal prices; the value in money of options at a cabinet price; and which those are.

    A price whose digits nobody outside can read is not given, and neither is one of a premium-style option
    without a contract value factor: they are refused when held.
    """
    unreadable = np.array([not item.price.is_convertible for item in families] or [False])
    needs_factor = np.array([item.product.is_option and item.product.is_premium_style for item in families] or [False])
    price = decimals(columns.price, product, [item.price for item in families])
    price[unreadable[product] | (needs_factor[product] & np.isnan(factor))] = np.nan
    is_cabinet = np.zeros(len(columns), dtype=np.bool_)
    value = np.full(len(columns), np.nan)
    candidates = np.flatnonzero(is_option & columns.is_seven_digit_price & (columns.price >= 9_990_000.0))
    if len(candidates):
        cabinet = np.array([or_nan(item.product.cabinet_value) for item in families])
        found, money = cabinet_values(columns.price[candidates], cabinet[product[candidates]])
        rows = candidates[found]
        is_cabinet[rows], price[rows], value[rows] = True, np.nan, money[found]
    return price, value, is_cabinet
