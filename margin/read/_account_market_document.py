"""Fields of the prices that accounts are valued at, in a YAML document of market data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from margin.read.fields import Entry, IsoDate, Number, Period, PositiveNumber, Text, UnsignedNumber


class PriceEntry(Entry):
    """A price; entries with an expiry are passed over."""

    underlying: Text = Field(description="an asset, a market, or what a market of the account policy names")
    expiry: Period | None = None
    price: Number | None = None
    bid: Number | None = None
    ask: Number | None = None
    rate: Number | None = None
    carry: Number | None = None
    time_to_expiry: Number | None = None
    time: Text | None = Field(None, description="when it was observed, such as 2026-06-25T16:00:00Z")
    confidence: UnsignedNumber | None = Field(
        None, description="half the width of the interval it is believed to be in"
    )
    daily_volatility: PositiveNumber | None = Field(None, description="standard deviation of one day's relative move")
    deposits: UnsignedNumber | None = Field(None, description="units deposited in the whole venue")
    borrows: UnsignedNumber | None = Field(None, description="units borrowed in the whole venue")
    open_interest: UnsignedNumber | None = Field(None, description="of the market, as the policy's limits count")
    daily_volume: PositiveNumber | None = Field(None, description="traded in one day")
    beta: Number | None = Field(None, description="relative move per relative move of all prices together")


class MarketHead(Entry):
    """Market data of one moment; what is not a price of an underlying is for risk arrays."""

    format: Literal["margin-market"] = Field(description="always margin-market")
    version: Literal[1] = Field(description="version of this format, always 1")
    date: IsoDate | None = None
    time: Text | None = Field(None, description="the moment the prices are of, such as 2026-06-25T16:00:00Z")
    underlyings: list[PriceEntry] | None = Field(None, description="prices")
    quotes: list[Any] | None = None
    volatilities: list[Any] | None = None
    svi: list[Any] | None = None
