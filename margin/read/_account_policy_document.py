"""Fields of account policies in YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from margin.read.fields import Entry, IsoDate, Move, Text
from margin.read.numbers import LARGEST_NUMBER

PositiveNumber = Annotated[float, Field(gt=0, le=LARGEST_NUMBER, allow_inf_nan=False)]
UnsignedNumber = Annotated[float, Field(ge=0, le=LARGEST_NUMBER, allow_inf_nan=False)]

Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""A fraction from 0 to 1."""

AtLeastOne = Annotated[float, Field(ge=1, le=LARGEST_NUMBER, allow_inf_nan=False)]


class WeightTierEntry(Entry):
    """The weight of a slice of an asset's value."""

    up_to: PositiveNumber | None = Field(None, description="value where the slice ends; only the last has none")
    weight: Part = Field(description="part of the slice that counts, from 0 to 1")


class RateTierEntry(Entry):
    """The rate on a slice of notional."""

    above: UnsignedNumber = Field(description="notional where the slice begins; 0 in the first")
    rate: Part = Field(description="part of the slice that is required, such as 0.004")


class AssetEntry(Entry):
    """How an asset counts as collateral."""

    weight: Part | None = Field(None, description="part of a positive net value that counts; or tiers")
    tiers: list[WeightTierEntry] | None = Field(None, description="weights by slice of value, in place of weight")
    initial_weight: Part | None = Field(None, description="likewise against the initial requirement; default weight")
    initial_tiers: list[WeightTierEntry] | None = Field(None, description="likewise, by slice; default tiers")
    liability_weight: AtLeastOne = Field(1.0, description="factor on a negative net value, at least 1")
    initial_liability_weight: AtLeastOne | None = Field(
        None, description="likewise against the initial requirement; default liability_weight"
    )
    unsettled_profit_weight: Part = Field(1.0, description="part of unrealised profit that counts, before netting")
    size_factor: PositiveNumber | None = Field(None, description="f of weights that shrink with the root of size")
    deposits_from: PositiveNumber | None = Field(
        None, description="value of all deposits in the venue above which the initial weight shrinks"
    )
    borrows_from: PositiveNumber | None = Field(
        None, description="value of all loans in the venue above which the initial liability weight grows"
    )
    value_cap: PositiveNumber | None = Field(None, description="value above which the rest counts nothing")
    borrow_maintenance_rate: Part = Field(0.0, description="part of a loan added to the maintenance requirement")
    borrow_initial_rate: Part = Field(0.0, description="part of a loan added to the initial requirement")
    cash_like: bool = Field(False, description="its price stays when the market moves")
    conversion_slippage: Part = Field(0.0, description="part of its price that selling it costs")


class OpenInterestEntry(Entry):
    """Raises the initial rate towards 1 with open interest."""

    lower: UnsignedNumber = Field(description="open interest where it begins")
    upper: UnsignedNumber = Field(description="open interest where the rate is 1; 0 for never")


class MarketEntry(Entry):
    """How positions of a market are valued and margined."""

    kind: Literal["linear", "inverse", "option", "spot_hedge"] = Field(description="how profit follows from prices")
    price: Text | None = Field(None, description="name of its price in the market data; default its own name")
    settlement: Text = Field(description="asset in which profit is paid")
    contract_size: PositiveNumber = Field(1.0, description="units per contract; inverse: quote currency per contract")
    maintenance_rate: Part | None = Field(None, description="part of notional; or maintenance_tiers")
    maintenance_tiers: list[RateTierEntry] | None = Field(None, description="rates by slice of notional")
    maintenance_of_initial: Part | None = Field(
        None, description="maintenance requirement as a part of the initial one, in place of rates"
    )
    initial_rate: Part | None = Field(None, description="part of notional, where an account chooses no leverage")
    initial_tiers: list[RateTierEntry] | None = Field(None, description="likewise, by slice of notional")
    max_leverage: PositiveNumber | None = Field(None, description="highest leverage that may be chosen")
    closing_fee_rate: Part = Field(0.0, description="part of notional added to both requirements")
    open_interest: OpenInterestEntry | None = Field(None, description="raises the initial rate")


class LocationEntry(Entry):
    """How balances at a place count; the first entry that fits a balance applies."""

    venue: Text | None = Field(None, description="where it is held; anywhere if absent")
    chain: Text | None = Field(None, description="on which chain; any if absent")
    custodian: Text | None = Field(None, description="by whom; anybody if absent")
    weight: Part = Field(1.0, description="part of a positive balance that counts")
    delay_seconds: UnsignedNumber = Field(0.0, description="how long it takes to be here")
    value_cap: PositiveNumber | None = Field(None, description="value in one account above which the rest is nothing")


class StateEntry(Entry):
    """A state and what puts an account into it: any one of the conditions."""

    state: Literal["bankrupt", "liquidate", "restrict", "warn", "normal"] = Field(description="the state")
    ratio_at_most: PositiveNumber | None = Field(None, description="adjusted equity / maintenance ≤ this")
    ratio_below: PositiveNumber | None = Field(None, description="adjusted equity / maintenance < this")
    health_below: Literal[0] | None = Field(None, description="adjusted equity - maintenance < 0")
    initial_health_below: Literal[0] | None = Field(None, description="adjusted equity - initial < 0")
    equity_below: Literal[0] | None = Field(None, description="equity < 0")
    leave_at_ratio: Annotated[Move, Field(gt=0)] | None = Field(
        None, description="an account in this state or a worse one stays until its ratio is at least this"
    )


class ScenarioEntry(Entry):
    """Factors on risk that comes from risk parameters."""

    maintenance: PositiveNumber = Field(1.0, description="factor on the maintenance risk")
    initial: PositiveNumber | None = Field(
        None, description="initial risk over maintenance risk, where the parameters give none"
    )
    assets: dict[str, Text] | None = Field(None, description="asset that stands for a currency code of the parameters")


class RoundingStepEntry(Entry):
    """One rounding step."""

    decimals: int = Field(ge=-12, le=12, description="decimal places kept; negative for tens, hundreds …")
    mode: Literal["half_away", "half_even", "down", "up"] = Field(description="what happens to the rest")


class MarginCallEntry(Entry):
    """How much is called, and when."""

    requirement: Literal["initial", "maintenance"] = Field(description="the requirement that must be met")
    ratio: PositiveNumber = Field(1.0, description="adjusted equity over requirement after the call")
    asset: Text | None = Field(None, description="asset that is called where an account names none")
    minimum_transfer: dict[str, PositiveNumber] | None = Field(
        None, description="smaller amounts are not called, by asset"
    )
    round_up_to: dict[str, PositiveNumber] | None = Field(
        None, description="amounts are rounded up to multiples of this, by asset"
    )


class AccountPolicyDocument(Entry):
    """An account policy file."""

    format: Literal["margin-account-policy"] = Field(description="always margin-account-policy")
    version: Literal[1] = Field(description="version of this format, always 1")
    title: Text = Field(description="the venue's or firm's full name")
    source: Text = Field(description="where the rules come from")
    effective_date: IsoDate = Field(description="date from which the rules hold, such as 2026-06-25")
    reporting_asset: Text = Field(description="asset in which values are reported; its price is 1")
    assets: dict[str, AssetEntry] = Field(description="how assets count")
    other_assets: AssetEntry | None = Field(None, description="how assets count that are not named; else refused")
    markets: dict[str, MarketEntry] | None = Field(None, description="markets by name")
    locations: list[LocationEntry] | None = Field(None, description="how balances at places count")
    horizon_seconds: PositiveNumber | None = Field(None, description="balances that take longer count nothing")
    states: list[StateEntry] = Field(description="states, worst first; the first that fits applies")
    scenario: ScenarioEntry | None = Field(None, description="factors on risk from risk parameters")
    withdrawal_notional_fraction: Part = Field(
        0.0, description="part of notional that equity must exceed after a withdrawal"
    )
    max_price_age_seconds: PositiveNumber | None = Field(None, description="older prices are stale")
    max_price_confidence: PositiveNumber | None = Field(
        None, description="prices whose confidence is a larger part of them are stale"
    )
    requirement_rounding: RoundingStepEntry | None = Field(None, description="of each market's requirements")
    margin_call: MarginCallEntry | None = Field(None, description="how much is called")
