"""Contracts and products: what can be held, and how it is named."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

OPTION_TYPES = frozenset({"OOP", "OOF", "OOE", "OOC"})
"""Options on a physical, a future, an equity, a combination."""

PRODUCT_TYPES = frozenset({"PHY", "FUT", "FWD", "CMB", "EQTY", "DEBT", "EDEBT", "IRSWAP", "CDSWAP"}) | OPTION_TYPES

NO_PERIOD = ""
"""The period of a contract that does not expire."""

CONTRACT_SCHEMA = pl.Schema(
    {
        "product": pl.Int32,  # row in ParameterSet.products
        "contract_id": pl.String,  # the file's own id; unique inside its product family only
        "period": pl.String,  # normalised, see `normalise_period`
        "underlying_period": pl.String,  # options: the period of the underlying contract, "" without one
        "right": pl.String,  # options: "C" or "P"
        "strike": pl.Float64,  # options, as a decimal price
        "price": pl.Float64,
        "contract_value": pl.Float64,  # price × contract value factor, where the file states it instead of the price
        "contract_value_factor": pl.Float64,  # innermost of contract, series, family
        "strike_value_factor": pl.Float64,
        "delta_scaling_factor": pl.Float64,  # contract level × series level; 1.0 where the file is silent
        "current_delta": pl.Float64,  # not the composite delta
        "volatility": pl.Float64,
        "time_to_expiry": pl.Float64,  # years
        "price_quality": pl.String,  # the file's price qualifier (cabinet quotes)
        "underlying_contract": pl.Int32,  # row in this frame
        "line": pl.Int32,  # line in the file where the contract starts
    }
)
"""One row per contract, in the order of the file; missing values are null."""

COMBINATION_LEG_SCHEMA = pl.Schema(
    {"contract": pl.Int32, "leg": pl.Int32, "ratio": pl.Float64, "price_flag": pl.String, "price": pl.Float64}
)
"""Legs of combinations: rows of the contract frame, and the signed number of leg contracts per combination."""

SCAN_RANGE_SCHEMA = pl.Schema(
    {
        "price_scan": pl.Float64,
        "price_scan_percent": pl.Float64,
        "volatility_scan": pl.Float64,
        "volatility_scan_percent": pl.Float64,
        "price_scan_down": pl.Float64,
        "price_scan_down_percent": pl.Float64,
        "volatility_scan_down": pl.Float64,
        "volatility_scan_down_percent": pl.Float64,
        "quote_in_option_terms": pl.Boolean,
    }
)
"""Scan ranges of each contract, row by row with the contract frame, as the file states them."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product family: all contracts of one kind on one underlying.

    Attributes:
        clearing_org: Clearing organisation code.
        exchange: Exchange code.
        product_id: The file's own id (``pfId``); changes daily, unique inside one file.
        code: Product code (``pfCode``), the lasting name.
        type: One of `PRODUCT_TYPES`.
        currency: Settlement currency.
        value_method: ``FUT``, ``FUTDA``, ``FWD`` or ``EQTY``; premium style is ``EQTY``.
        contract_value_factor: Money value of one price point of one contract.
        underlying: (exchange, product id) of the underlying family.
        line: Line in the file.
        normal_clearing_org: Where `clearing_org` is a business function with contracts of its own listing: the
            clearing organisation that the family is a copy from.
    """

    clearing_org: str
    exchange: str
    product_id: str
    code: str
    type: str
    currency: str
    value_method: str
    name: str | None = None
    contract_value_factor: float | None = None
    contract_size: float | None = None
    price_method: str | None = None
    settlement_method: str | None = None
    exercise: str | None = None
    price_model: str | None = None
    price_decimals: int | None = None
    strike_decimals: int | None = None
    cabinet_value: float | None = None
    underlying: tuple[tuple[str, str], ...] = ()
    line: int | None = None
    normal_clearing_org: str | None = None

    @property
    def is_option(self) -> bool:
        """Whether contracts of this family are options."""
        return self.type in OPTION_TYPES

    @property
    def is_premium_style(self) -> bool:
        """Whether the premium is paid up front, so that the option has a value at the clearing house."""
        return self.value_method == "EQTY"


def normalise_period(text: str) -> str:
    """A period as this library compares it: text, without dashes and without a trailing day code ``00``.

    ``2026-06-30`` → ``20260630``; ``20260600`` → ``202606``; ``202606W1`` stays; ``000000`` and
    ``00000000`` (a contract without an expiry) → ``""``. Never an integer, never a prefix.
    """
    period = text.strip().replace("-", "")
    if not period.strip("0"):
        return NO_PERIOD
    return period[:6] if len(period) == 8 and period.endswith("00") else period


def period_in_range(period: str, start: str | None, end: str | None) -> bool:
    """Whether a normalised period lies in a tier's range, both ends included.

    A range end given to the month takes in every day and week code of that month.
    """
    if start is not None and period[: len(start)] < start:
        return False
    return end is None or period[: len(end)] <= end


def contract_name(
    exchange: str,
    product: str,
    type_: str,
    period: str,
    underlying_period: str | None,
    right: str | None,
    strike_text: str | None,
) -> str:
    """The identifier a user may write for a contract: its codes separated by blanks.

    ``NSE NIFTY FUT 20260630``, ``NSE NIFTY OOP 20260630 C 24000``, ``CME ES OOF 202606 202609 C 5000``.
    """
    parts = [exchange, product, type_, period, underlying_period, right, strike_text]
    return " ".join(part for part in parts if part)
