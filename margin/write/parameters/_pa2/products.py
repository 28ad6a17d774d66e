"""Record P: product families, with the decimals of their prices and strikes and their contract value factors."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.model.contract import Product
from margin.numeric.arrays import BoolArray, FloatArray
from margin.write.parameters._pa2.commodities import CURRENCY_LETTERS
from margin.write.parameters._pa2.figures import Figures
from margin.write.parameters._pa2.record import Record
from margin.write.parameters._pa2.series_block import scaled_factors
from margin.write.parameters._pa2.subject import Subject


def product_factors(subject: Subject, contracts: pl.DataFrame) -> FloatArray:
    """Contract value factor that each product's record states, NaN for none; shape (products,).

    A family without one states that of its contracts, where they all have the same.

    Args:
        subject: What is written.
        contracts: Its contracts with the names that records use.
    """
    products = subject.parameters.products
    stated = np.array([np.nan if (factor := one.contract_value_factor) is None else factor for one in products])
    silent = np.flatnonzero(np.isnan(stated))
    if len(silent):
        factors = contracts["contract_value_factor"].fill_null(np.nan).to_numpy()
        product = contracts["product"].to_numpy()
        for row in silent.tolist():
            own = np.unique(factors[product == row])
            if len(own) == 1:
                stated[row] = own[0]
    return stated


def product_record(
    subject: Subject, row: int, figures: Figures, factors: FloatArray, has_own_factors: BoolArray
) -> Record:
    """The record of one product family."""
    product = subject.parameters.products[row]
    record = Record("P", f"{product.type}[{product.code}]", subject.limits, product.line)
    record.text("exchange", product.exchange, "/exch")
    record.text("product", product.code, "/pfCode")
    record.text("type", product.type)
    record.words("short_name", (product.name or "")[:15], "names of products")
    _put_locator(record, "price_locator", int(figures.price_decimals[row]))
    _put_locator(record, "strike_locator", int(figures.strike_decimals[row]) if product.is_option else 0)
    _put_factor(record, float(factors[row]))
    record.number("cabinet_value", product.cabinet_value, "cabinet values, written to 2 decimals", "/cab")
    record.text("currency", product.currency, "/currency")
    record.text("currency_code", CURRENCY_LETTERS.get(product.currency))
    record.words("price_method", product.price_method, "price quotation methods")
    record.words("exercise", product.exercise, "exercise styles")
    record.words("name", product.name, "names of products")
    record.text("value_method", product.value_method, "/valueMeth")
    record.words("settlement_method", product.settlement_method, "settlement methods")
    record.text("variable_tick", "1" if has_own_factors[row] else "")
    _leave_out(subject, product)
    return record


def _put_locator(record: Record, name: str, decimals: int) -> None:
    record.text(name, f"-{-decimals:02d}" if decimals < 0 else f"{decimals:03d}")


def _put_factor(record: Record, factor: float) -> None:
    if np.isnan(factor):
        return
    digits, exponent, difference = scaled_factors(np.array([factor]))
    record.whole("contract_value_factor", -float(digits[0]) if factor < 0 else float(digits[0]), "/cvf")
    record.whole("value_factor_exponent", float(exponent[0]), "/cvf")
    if difference[0] > 0.0:
        record.limits.differ(
            "contract value factors, written to 14 digits", f"{record.element}/cvf", float(difference[0])
        )


def _leave_out(subject: Subject, product: Product) -> None:
    if product.contract_size is not None:
        subject.limits.leave_out("contract sizes")
    if product.price_model is not None and len(product.price_model) > 2:
        subject.limits.leave_out("pricing models")
