"""Fields of accounts in YAML: the columns of tables, listed account by account."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from margin.read.fields import Entry, Number, PositiveNumber, Text

_SCOPE = "cross, or isolated: and the id of a bucket; default cross"


class BalanceEntry(Entry):
    """A balance; several of one asset add up."""

    asset: Text = Field(description="an asset of the account policy")
    quantity: Number = Field(description="units of the asset, negative for a loan")
    scope: Text | None = Field(None, description=_SCOPE)
    venue: Text | None = Field(None, description="where it is held")
    chain: Text | None = Field(None, description="on which chain")
    custodian: Text | None = Field(None, description="by whom")


class PositionEntry(Entry):
    """A position that the account policy's markets margin."""

    id: Text | None = Field(None, description="unique in the account")
    market: Text = Field(description="a market of the account policy")
    quantity: Number = Field(description="contracts, negative for short")
    entry: PositiveNumber | None = Field(None, description="average entry price; needed where profit is reckoned")
    leverage: PositiveNumber | None = Field(None, description="chosen by the account, in place of the market's rates")
    scope: Text | None = Field(None, description=_SCOPE)


class OrderEntry(Entry):
    """An open order."""

    id: Text | None = Field(None, description="unique among the account's orders")
    market: Text = Field(description="a market of the account policy")
    quantity: Number = Field(description="contracts still open, negative to sell")
    limit_price: PositiveNumber = Field(description="price of the order")
    scope: Text | None = Field(None, description=_SCOPE)


class AccountEntry(Entry):
    """One account."""

    firm: Text | None = Field(None, description="without it, accounts of whatever firm")
    account: Text = Field(description="its name")
    account_type: Text | None = Field(None, description="without it, accounts of whatever type")
    segregation: Text | None = Field(None, description="likewise")
    call_asset: Text | None = Field(None, description="asset in which margin is called; default the policy's")
    previous_state: Literal["normal", "warn", "restrict", "liquidate", "bankrupt"] | None = Field(
        None, description="its state before, for states that are left later than they are entered"
    )
    balances: list[BalanceEntry] | None = None
    positions: list[PositionEntry] | None = None
    orders: list[OrderEntry] | None = None


class AccountsDocument(Entry):
    """An accounts file."""

    format: Literal["margin-accounts"] = Field(description="always margin-accounts")
    version: Literal[1] = Field(description="version of this format, always 1")
    accounts: list[AccountEntry] = Field(description="the accounts")
