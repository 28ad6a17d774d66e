"""Fields of market data in YAML: the columns of tables, in one list per kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from margin.read.fields import Entry, IsoDate, Number, Period, Text

_EXPIRY = "expiry, such as 202609 or 2026-09-24"
_TIME = "years to expiry, where the expiry is not a day"


class UnderlyingEntry(Entry):
    """The price of a spot, future or forward, or rates to its expiry."""

    underlying: Text = Field(description="market name, as a house configuration says it")
    expiry: Period | None = Field(None, description="of a future or forward; without it, the spot")
    price: Number | None = Field(None, description="in price points")
    bid: Number | None = None
    ask: Number | None = None
    rate: Number | None = Field(None, description="interest rate, continuously compounded, such as 0.05")
    carry: Number | None = Field(None, description="yield of the underlying, likewise")
    time_to_expiry: Number | None = Field(None, description=_TIME)


class QuoteEntry(Entry):
    """A contract's price or volatility."""

    exchange: Text | None = Field(None, description="exchange code; without it, whichever lists the product")
    product: Text = Field(description="product code")
    type: Text = Field(description="contract type, such as FUT or OOF")
    expiry: Period | None = Field(None, description=_EXPIRY)
    underlying_expiry: Period | None = Field(None, description="options on futures: expiry of the future")
    right: Literal["C", "P"] | None = Field(None, description="call or put")
    strike: Number | None = None
    price: Number | None = Field(None, description="in price points")
    bid: Number | None = None
    ask: Number | None = None
    volatility: Number | None = Field(None, description="a fraction a year, such as 0.145")
    time_to_expiry: Number | None = Field(None, description=_TIME)


class VolatilityEntry(Entry):
    """A point of a volatility surface."""

    underlying: Text = Field(description="market name")
    expiry: Period = Field(description="of the options, such as 202609 or 2026-09-24")
    strike: Number = Field(description="of the options")
    volatility: Number = Field(description="a fraction a year, such as 0.145")
    time_to_expiry: Number | None = Field(None, description=_TIME)


class SviEntry(Entry):
    """Raw SVI parameters of one expiry."""

    underlying: Text = Field(description="market name")
    expiry: Period = Field(description="of the options, such as 202609 or 2026-09-24")
    a: Number = Field(description="level of total variance")
    b: Number = Field(description="slope of the wings")
    rho: Number = Field(description="skew, from -1 to 1")
    m: Number = Field(description="log-moneyness of the vertex")
    sigma: Number = Field(description="width of the vertex")
    time_to_expiry: Number | None = Field(None, description=_TIME)


class DocumentHead(Entry):
    """Market data of one day, entries unchecked."""

    format: Literal["margin-market"] = Field(description="always margin-market")
    version: Literal[1] = Field(description="version of this format, always 1")
    date: IsoDate | None = Field(None, description="the day the data are of, such as 2026-06-25")
    underlyings: list[Any] | None = Field(None, description="prices and rates")
    quotes: list[Any] | None = Field(None, description="contracts' prices and volatilities")
    volatilities: list[Any] | None = Field(None, description="points of volatility surfaces")
    svi: list[Any] | None = Field(None, description="volatility surfaces as SVI parameters")


ENTRIES: Mapping[str, type[Entry]] = MappingProxyType(
    {"underlyings": UnderlyingEntry, "quotes": QuoteEntry, "volatilities": VolatilityEntry, "svi": SviEntry}
)
"""What each list holds."""
