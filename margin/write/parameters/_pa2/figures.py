"""Prices, strikes, arrays and deltas of all contracts as digits, with the implied decimals of each product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.write.parameters._pa2.limits import OTHER_FORMAT, Limits
from margin.write.parameters._pa2.precision import (
    MOST_DECIMALS,
    decimals_needed,
    decimals_that_fit,
    largest_by_group,
    written,
)
from margin.write.parameters._pa2.subject import POINTS, Subject

SHORT_DIGITS = 5
LONG_DIGITS = 8
PRICE_DIGITS = 7
LONG_PRICE_DIGITS = 14
FIRST_CABINET_PRICE = 9_990_000
"""Seven digits from here on do not mean a price but the product's cabinet value, or a cabinet price of its own."""

_OWN_CABINET = 9_999_999
_STRIKE_DIGITS = 7
_MOST_ARRAY_DECIMALS = 9
_DELTA_DECIMALS = 4
_LARGEST_DELTA = 99_999


@dataclass(frozen=True)
class Column:
    """Digits of one field: signed, zero where not `given`; shape (contracts,) each."""

    digits: IntArray
    given: BoolArray


@dataclass(frozen=True)
class Figures:
    """Digits of all contracts, in the order of the contract frame.

    Attributes:
        price: Prices, or digits that stand for a cabinet value.
        is_cabinet: Which prices do.
        strike: Signed digits.
        losses: Signed digits, shape (contracts, 16).
        has_array: Whether a contract has an array.
        composite_delta: Signed, 4 decimals.
        volatility, current_delta: With 6 and 4 decimals; not given where they do not fit.
        price_decimals, strike_decimals, array_decimals: Implied decimals by product row.
        is_long: Whether a product's arrays take the records with 8 digits, by product row.
    """

    price: Column
    is_cabinet: BoolArray
    strike: IntArray
    losses: IntArray
    has_array: BoolArray
    composite_delta: IntArray
    volatility: Column
    current_delta: Column
    price_decimals: CodeArray
    strike_decimals: CodeArray
    array_decimals: CodeArray
    is_long: BoolArray


@dataclass(frozen=True)
class _Contracts:
    """The contract frame as arrays, and words for its rows."""

    subject: Subject

    @property
    def limits(self) -> Limits:
        return self.subject.limits

    @property
    def count(self) -> int:
        """Number of products."""
        return len(self.subject.parameters.products)

    @cached_property
    def product(self) -> IntArray:
        return self.subject.parameters.contracts["product"].to_numpy().astype(np.int64)

    def numbers(self, name: str) -> FloatArray:
        """A column, NaN where not given."""
        values = self.subject.parameters.contracts[name].cast(pl.Float64).fill_null(np.nan)
        return np.array(values.to_numpy(), dtype=np.float64)

    def name(self, row: int) -> str:
        """A contract in words."""
        contract = self.subject.parameters.contracts.row(row, named=True)
        product = self.subject.parameters.products[contract["product"]]
        parts = [product.exchange, product.code, product.type, contract["period"], contract["underlying_period"]]
        strike = contract["strike"]
        parts += [contract["right"], None if strike is None else f"{strike:.12g}"]
        return " ".join(part for part in parts if part)

    def differ(self, what: str, difference: FloatArray) -> None:
        """Note rows whose figures are written less exactly."""
        rows = np.flatnonzero(difference)
        if len(rows):
            worst = int(rows[np.argmax(difference[rows])])
            self.limits.differ(what, self.name(worst), float(difference[worst]), len(rows))

    def refuse(self, which: BoolArray, element: str, found: FloatArray, why: str, hint: str) -> None:
        """Refuse rows by the first of them."""
        rows = np.flatnonzero(which)
        if len(rows):
            first = int(rows[0])
            self.limits.refuse(
                f"{element} of {self.name(first)}", float(found[first]), why, f"{hint}, {OTHER_FORMAT}",
                line=self.subject.parameters.contracts["line"][first], number=len(rows),
            )  # fmt: skip


def figures_of(subject: Subject) -> Figures:
    """All mass figures of a subject as digits; what does not fit is refused, what is rounded noted."""
    contracts = _Contracts(subject)
    price, is_cabinet, price_decimals = _prices(contracts)
    strike, strike_decimals = _strikes(contracts)
    losses, array_decimals, is_long = _losses(contracts)
    return Figures(
        price=price,
        is_cabinet=is_cabinet,
        strike=strike,
        losses=losses,
        has_array=subject.arrays.points > 0,
        composite_delta=_deltas(contracts),
        volatility=_descriptive(contracts, "volatility", 6, 0, 10**LONG_DIGITS - 1),
        current_delta=_descriptive(contracts, "current_delta", _DELTA_DECIMALS, -_LARGEST_DELTA, _LARGEST_DELTA),
        price_decimals=price_decimals,
        strike_decimals=strike_decimals,
        array_decimals=array_decimals,
        is_long=is_long,
    )


def _stated(contracts: _Contracts, name: str) -> npt.NDArray[np.int64]:
    """Decimals that products state, below any that can be where they are silent."""
    values = [getattr(product, name) for product in contracts.subject.parameters.products]
    return np.array([-MOST_DECIMALS - 2 if value is None else value for value in values], dtype=np.int64)


def _by_product(contracts: _Contracts, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Decimals that a product's values need, and the largest magnitude; shape (products,) each."""
    given = np.nan_to_num(values, nan=0.0)
    flat = given if given.ndim == 1 else np.abs(given).max(axis=1, initial=0.0)
    needed = decimals_needed(given)
    needed = needed if needed.ndim == 1 else needed.max(axis=1, initial=0)
    return (
        largest_by_group(needed, contracts.product, contracts.count),
        largest_by_group(np.abs(flat), contracts.product, contracts.count),
    )


def _decimals(contracts: _Contracts, values: FloatArray, stated: str, digits: int) -> CodeArray:
    """Decimals of each product: what it states if that is exact and fits, else what its values need, else what fits."""
    needed, largest = _by_product(contracts, values)
    fit = decimals_that_fit(largest, digits)
    chosen = np.minimum(np.minimum(needed, MOST_DECIMALS), fit)
    own = _stated(contracts, stated)
    usable = (own <= fit) & (own >= -MOST_DECIMALS)
    _, difference = written(values, np.where(usable, own, 0)[contracts.product])
    inexact = largest_by_group(difference, contracts.product, contracts.count) > 0.0
    return np.where(usable & ~inexact, own, chosen).astype(np.int32)


def _prices(contracts: _Contracts) -> tuple[Column, BoolArray, CodeArray]:
    """Digits of prices, which of them stand for a cabinet value, and decimals by product.

    A contract whose value is given instead of its price has a price of value ÷ contract value factor, or an option's
    value is written as a cabinet value.
    """
    price, value = contracts.numbers("price"), contracts.numbers("contract_value")
    from_value = np.isnan(price) & ~np.isnan(value)
    cabinet = _cabinet_digits(contracts, np.where(from_value, value, np.nan))
    is_cabinet = cabinet > 0
    from_value &= ~is_cabinet
    factor = np.nan_to_num(contracts.numbers("contract_value_factor"), nan=1.0)
    usable = from_value & (factor != 0.0)
    price[usable] = value[usable] / factor[usable]
    contracts.refuse(
        from_value & ~usable, "val", value, "it has a price, and the contract value factor is zero", "state a price"
    )
    decimals = _decimals(contracts, price, "price_decimals", LONG_PRICE_DIGITS)
    digits, difference = written(price, decimals[contracts.product])
    contracts.differ("settlement prices, written to the decimals that fit", difference)
    contracts.refuse(
        np.abs(digits) >= 10**LONG_PRICE_DIGITS, "p", price, f"it has {LONG_PRICE_DIGITS} digits", "correct the price"
    )
    return Column(np.where(is_cabinet, cabinet, digits), ~np.isnan(price) | is_cabinet), is_cabinet, decimals


def _cabinet_digits(contracts: _Contracts, value: FloatArray) -> IntArray:
    """Seven digits that mean an option's value: the product's own cabinet value, or up to 99.98; 0 for others."""
    products = contracts.subject.parameters.products
    own = np.array([np.nan if (cabinet := one.cabinet_value) is None else cabinet for one in products])
    is_option = np.array([product.is_option for product in products], dtype=np.bool_)[contracts.product]
    cents, difference = written(value, np.full(len(value), 2))
    fits = is_option & (value >= 0.0) & (difference == 0.0) & (cents < _OWN_CABINET - FIRST_CABINET_PRICE)
    digits: IntArray = np.where(fits, FIRST_CABINET_PRICE + cents, 0)
    digits[is_option & (value == own[contracts.product])] = _OWN_CABINET
    return digits


def _strikes(contracts: _Contracts) -> tuple[IntArray, CodeArray]:
    strike = contracts.numbers("strike")
    decimals = _decimals(contracts, strike, "strike_decimals", _STRIKE_DIGITS)
    digits, difference = written(strike, decimals[contracts.product])
    contracts.refuse(
        (difference > 0.0) | (np.abs(digits) >= 10**_STRIKE_DIGITS), "k", strike,
        f"strikes of a product have {_STRIKE_DIGITS} digits at one decimal locator, and rounded they would be others",
        "take such strikes out",
    )  # fmt: skip
    return digits, decimals


def _losses(contracts: _Contracts) -> tuple[IntArray, CodeArray, BoolArray]:
    """Arrays in 5 digits where these say all, else in 8 at the most decimals that fit; decimals; who needs 8 digits."""
    subject = contracts.subject
    losses = np.zeros((len(contracts.product), POINTS))
    width = min(POINTS, subject.arrays.losses.shape[1])
    usable = subject.arrays.points > 0
    losses[:, :width] = np.where(usable[:, None], subject.arrays.losses[:, :width], 0.0)
    needed, largest = _by_product(contracts, losses)
    fit_short = np.minimum(decimals_that_fit(largest, SHORT_DIGITS), _MOST_ARRAY_DECIMALS)
    fit_long = np.minimum(decimals_that_fit(largest, LONG_DIGITS), _MOST_ARRAY_DECIMALS)
    is_long = needed > fit_short
    decimals = np.where(needed > fit_long, fit_long, needed).astype(np.int32)
    digits, difference = written(losses, decimals[contracts.product])
    contracts.differ(
        "risk arrays, in money before the risk exponent, written to the decimals that fit",
        difference.max(axis=1, initial=0.0),
    )
    contracts.refuse(
        (decimals < -_MOST_ARRAY_DECIMALS)[contracts.product], "ra/a", np.abs(losses).max(axis=1, initial=0.0),
        f"a loss has {LONG_DIGITS} digits and {_MOST_ARRAY_DECIMALS} zeros", "use a higher risk exponent",
    )  # fmt: skip
    return digits, decimals, is_long


def _deltas(contracts: _Contracts) -> IntArray:
    delta = np.where(contracts.subject.arrays.points > 0, contracts.subject.arrays.composite_delta, 0.0)
    digits, difference = written(delta, np.full(len(delta), _DELTA_DECIMALS))
    contracts.differ(f"composite deltas, written to {_DELTA_DECIMALS} decimals", difference)
    contracts.refuse(
        np.abs(digits) > _LARGEST_DELTA, "ra/d", delta, "the largest composite delta is 9.9999",
        "move a factor into the delta scaling factor",
    )  # fmt: skip
    return digits


def _descriptive(contracts: _Contracts, name: str, decimals: int, least: int, most: int) -> Column:
    """A column that no margin figure follows from: left out where it does not fit."""
    values = contracts.numbers(name)
    digits, difference = written(values, np.full(len(values), decimals))
    given = ~np.isnan(values) & (digits >= least) & (digits <= most)
    words = name.replace("_", " ")
    contracts.differ(f"{words} of contracts, written to {decimals} decimals", np.where(given, difference, 0.0))
    if unfit := int(np.sum(~np.isnan(values) & ~given)):
        contracts.limits.leave_out(f"{words} of contracts", unfit)
    return Column(np.where(given, digits, 0), given)
