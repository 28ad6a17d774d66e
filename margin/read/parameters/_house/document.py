"""The house configuration document: risk parameters written by hand, field by field.

``configs/schema/parameters.schema.json`` is made from these models. What changes a figure is required where
it matters; what may be left out is what a clearing house may leave out.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from margin.read.fields import (
    Entry,
    IsoDate,
    Move,
    Number,
    Period,
    PositiveNumber,
    Text,
    UnsignedNumber,
)
from margin.read.house_policy import PolicyChoices
from margin.read.parameters._house.pricing_fields import PricingFields, TierPricingEntry

ContractType = Literal["FUT", "FWD", "PHY", "EQTY", "DEBT", "OOF", "OOP", "OOE"]
ValueMethod = Literal["FUT", "FUTDA", "FWD", "EQTY"]
Side = Literal["A", "B"]
Ratios = dict[str, PositiveNumber]


class CurrencyEntry(Entry):
    """A currency and the decimals of its minor unit."""

    code: Text = Field(description="ISO 4217 code")
    decimals: int = Field(ge=0, le=6, description="decimals of the minor unit, 2 for USD, 0 for JPY")
    symbol: Text | None = None


class ConversionEntry(Entry):
    """to = from × factor."""

    from_currency: Text = Field(description="currency of the amount")
    to_currency: Text = Field(description="currency of the result")
    factor: PositiveNumber = Field(description="what an amount is multiplied by")
    up: UnsignedNumber | None = Field(
        None, description="London SPAN: fraction by which the factor may rise, such as 0.05"
    )
    down: UnsignedNumber | None = Field(
        None, le=1, description="London SPAN: fraction by which the factor may fall, such as 0.05"
    )


class AccountTypeEntry(Entry):
    """A kind of account."""

    code: Text = Field(description="account type code, such as S speculator, H hedger, M member, O omnibus")
    customer: bool = Field(description="true for customer accounts, false for house accounts")
    net: bool = Field(description="true where long and short offset, false for gross margining")
    name: Text | None = None


class StandardGridEntry(Entry):
    """The standard 16 scenarios."""

    extreme_move: PositiveNumber = Field(description="extreme move as a multiple of the scan range, such as 3")
    cover: float = Field(
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="fraction of the extreme loss that is covered, such as 0.33",
    )


class PointEntry(Entry):
    """One scenario."""

    price_move: Move = Field(description="signed multiple of the price scan range; fractions as text: 1/3")
    volatility_move: Move = Field(description="signed multiple of the volatility scan range")
    weight: float = Field(gt=0, le=1, allow_inf_nan=False, description="cover fraction, 1 for full cover")
    pair: int | None = Field(
        None,
        ge=1,
        description="number of the point with the same price move and the opposite volatility move",
    )


class DeltaPointEntry(Entry):
    """One point of the composite delta."""

    price_move: Move = Field(description="price move, as of the scenarios")
    volatility_move: Move = Field(0.0, description="volatility move, as of the scenarios")
    weight: float = Field(gt=0, le=1, allow_inf_nan=False, description="probability; the weights add up to 1")


class GridEntry(Entry):
    """The scenarios: the standard ones, or a list of points."""

    standard: StandardGridEntry | None = None
    points: list[PointEntry] | None = Field(None, min_length=1, max_length=10_000)
    price_moves_are: Literal["scan_range", "percent", "points"] = Field(
        "scan_range", description="what price moves count: scan ranges, percent of the price, or price points"
    )
    volatility_moves_are: Literal["scan_range", "relative", "absolute"] = Field(
        "scan_range",
        description="what volatility moves count: scan ranges, fractions of the volatility, or volatility itself",
    )
    delta_points: list[DeltaPointEntry] | None = Field(
        None, min_length=1, max_length=1_000, description="points of the composite delta; the standard 7 without them"
    )


class TierEntry(Entry):
    """A range of periods, both ends included; without ends, all periods."""

    tier: int = Field(ge=1, le=1_000_000, description="tier number, from 1")
    first_period: Period | None = None
    last_period: Period | None = None


class MinimumTierEntry(TierEntry):
    """A range of periods and its charge per short option."""

    rate: UnsignedNumber = Field(description="money per short option")


class ShortOptionMinimumEntry(Entry):
    """The least that short options require."""

    method: Literal["GROSS", "MAX"] = Field(description="GROSS: calls and puts; MAX: the greater of the two")
    rate: UnsignedNumber | None = Field(None, description="money per short option")
    tiers: list[MinimumTierEntry] | None = Field(None, min_length=1)


class SpotChargeEntry(Entry):
    """Delivery-month charge of one period."""

    period: Period = Field(description="period in delivery")
    spread_rate: UnsignedNumber = Field(description="money per delta inside spreads")
    outright_rate: UnsignedNumber = Field(description="money per outright delta")
    side: Literal["long", "short", "both"] = Field("both", description="London SPAN: net deltas that are charged")


class CalendarLegEntry(Entry):
    """A leg of a spread inside a commodity: a tier or a period."""

    tier: int | None = Field(None, ge=0, description="intracommodity tier, 0 for the whole commodity")
    period: Period | None = None
    side: Side = Field(description="A or B: opposite sides of the spread")
    ratio: PositiveNumber = Field(description="deltas per spread")


class CalendarSpreadEntry(Entry):
    """A spread inside a commodity."""

    priority: int = Field(ge=0, le=1_000_000, description="lower numbers are formed first")
    method: Literal["F", "W"] = Field(description="F: money per spread; W: fraction of weighted price risk")
    rate: Number = Field(description="method F: charge per spread; method W: credit as a fraction, such as 0.5")
    legs: list[CalendarLegEntry] = Field(min_length=2, description="legs of the spread")


class StrategySpreadEntry(Entry):
    """A strategy spread of London SPAN: formed before all other spreads inside the commodity."""

    priority: int = Field(ge=0, le=1_000_000, description="lower numbers are formed first")
    charge: UnsignedNumber = Field(description="money per spread")
    legs: list[CalendarLegEntry] = Field(min_length=2, description="legs of the spread")


class ProductEntry(PricingFields):
    """A product of a commodity."""

    code: Text = Field(description="product code")
    type: ContractType = Field(description="product type, such as FUT or OOF")
    exchange: Text | None = Field(None, description="exchange code; without it, the document's")
    value_method: ValueMethod | None = Field(None, description="EQTY for premium-style options, FUT for futures-style")
    contract_value_factor: PositiveNumber | None = Field(None, description="money value of one price point")
    delta_scaling_factor: PositiveNumber | None = None
    tick_value: PositiveNumber | None = Field(
        None, description="London SPAN: money value of one tick; losses and price scan ranges are then in ticks"
    )
    currency: Text | None = Field(
        None, description="London SPAN: currency of tick value and price; without it, the commodity's"
    )
    name: Text | None = None


class CommodityEntry(PricingFields):
    """Contracts that are margined together."""

    code: Text = Field(description="combined commodity code")
    name: Text | None = None
    currency: Text | None = Field(None, description="performance bond currency; without it, the document's")
    groups: list[Text] | None = None
    products: list[ProductEntry] | None = None
    scenario_grid: GridEntry | None = Field(None, description="scenarios that differ from the document's")
    cap_available_net_option_value: bool | None = Field(
        None, description="whether long option value pays for this commodity only"
    )
    weighted_price_risk_method: Literal["NORMAL", "SCANRANGE_CAP", "SCANRANGE"] | None = None
    scan_range_tiers: list[TierPricingEntry] | None = Field(
        None, description="scan ranges by period of the price that moves"
    )
    scan_tiers: list[TierEntry] | None = None
    intracommodity_tiers: list[TierEntry] | None = None
    intercommodity_tiers: list[TierEntry] | None = None
    short_option_minimum: ShortOptionMinimumEntry | None = None
    spot_charges: list[SpotChargeEntry] | None = None
    intracommodity_spreads: list[CalendarSpreadEntry] | None = None
    strategy_spreads: list[StrategySpreadEntry] | None = None
    initial_ratios: Ratios | None = Field(None, description="initial over maintenance, by account type")
    adjustment_factors: Ratios | None = Field(None, description="factor on the requirement, by account type")


class LegEntry(Entry):
    """A leg of a spread between commodities."""

    commodity: Text = Field(description="combined commodity code")
    tier: int = Field(0, ge=0, description="intercommodity tier, 0 for the whole commodity")
    side: Side | None = Field(None, description="A or B: opposite sides of a delta-based spread")
    ratio: PositiveNumber = Field(description="deltas per spread")
    rate: Number | None = Field(None, description="the leg's own rate, where legs have separate rates")
    clearing_org: Text | None = Field(None, description="away clearing organisation of an inter-clearing leg")
    target: bool = Field(False, description="the leg that a scanning-based spread merges into")
    required: bool = Field(False, description="a scanning-based spread needs this leg")


class SpreadEntry(Entry):
    """A spread between commodities."""

    kind: Literal["super", "intercommodity", "super_interclearing", "interclearing"] = Field(
        description="when it is formed: super spreads before spreads inside commodities"
    )
    form: Literal["delta", "scanning"] = Field("delta", description="how it is formed")
    priority: int = Field(ge=0, le=1_000_000, description="lower numbers are formed first")
    method: Literal["F", "W"] | None = Field(
        None, description="delta-based: F money per spread, W fraction of weighted price risk"
    )
    rate: Number | None = Field(
        None,
        description="W: credit as a fraction; F: money per spread; scanning: gain allowance as a fraction",
    )
    flat_rate_is: Literal["credit", "charge"] | None = Field(None, description="what a positive flat rate means")
    legs: list[LegEntry] = Field(min_length=2, description="legs of the spread")
    legs_required: int | None = Field(None, ge=1, description="scanning-based: minimum number of present legs")
    target_required: bool = Field(False, description="scanning-based: the target must be present")
    apply_currency_risk: bool = False


class OffsetSpreadEntry(Entry):
    """An offset of London SPAN: commodities scanned together, and what that saves credited to each."""

    priority: int = Field(ge=0, le=1_000_000, description="lower numbers are formed first")
    charge: UnsignedNumber = Field(description="money added to the scan risk of the commodities together")
    commodities: list[Text] = Field(min_length=2, description="combined commodity codes")


class ContractEntry(PricingFields):
    """A contract and its risk: losses of one long contract, a price scan range, or a model and scan ranges."""

    id: Text | None = Field(None, description="identifier that positions may use, unique in the document")
    commodity: Text = Field(description="combined commodity code")
    exchange: Text | None = Field(None, description="exchange code; without it, the document's")
    product: Text | None = Field(None, description="product code; without it, the commodity's")
    type: ContractType = Field(description="contract type, such as FUT or OOF")
    period: Period | None = Field(None, description="expiry, such as 202609 or 2026-09-24")
    underlying_period: Period | None = Field(None, description="expiry of an option's underlying future")
    right: Literal["C", "P"] | None = Field(None, description="call or put")
    strike: Number | None = None
    price: Number | None = None
    volatility: UnsignedNumber | None = Field(None, description="options with a model: a fraction a year")
    time_to_expiry: UnsignedNumber | None = Field(None, description="years, where the period is not the day of expiry")
    contract_value: Number | None = Field(None, description="price × contract value factor")
    contract_value_factor: PositiveNumber | None = Field(None, description="money value of one price point")
    value_method: ValueMethod | None = Field(None, description="EQTY for premium-style options, FUT for futures-style")
    composite_delta: Number | None = Field(None, description="of one long contract; 1 where it is not an option")
    delta_scaling_factor: PositiveNumber | None = Field(None, description="1 where it is not given")
    tick_value: PositiveNumber | None = Field(
        None, description="London SPAN: money value of one tick; losses and price scan range are then in ticks"
    )
    losses: list[Number] | None = Field(
        None, description="loss (+) or gain (−) of one long contract by scenario, in the commodity's currency"
    )


class ContractsFileEntry(Entry):
    """Contracts in a file beside this one, or those that market data quote."""

    file: Text | None = Field(None, description="CSV or Parquet file beside this document")
    quoted: bool = Field(False, description="every contract that market data quote of a listed product is one too")


class DocumentHead(PricingFields):
    """All of a document, with the lists of commodities, contracts and spreads unchecked."""

    format: Literal["margin-parameters"] = Field(description="always margin-parameters")
    version: Literal[1] = Field(description="version of this format, always 1")
    clearing_org: Text = Field(description="clearing organisation code")
    name: Text | None = Field(None, description="name of the clearing organisation")
    business_date: IsoDate = Field(description="date the parameters hold for, such as 2026-06-25")
    exchange: Text | None = Field(None, description="exchange code; without it, the clearing organisation's")
    currency: Text | None = Field(None, description="performance bond currency of commodities without their own")
    currencies: list[CurrencyEntry] | None = None
    conversions: list[ConversionEntry] | None = None
    account_types: list[AccountTypeEntry] | None = None
    scenario_grid: GridEntry = Field(description="scenarios: standard with extreme_move and cover, or points")
    cap_available_net_option_value: bool | None = Field(
        None, description="whether long option value pays for its own commodity only"
    )
    commodities: list[Any] | None = None
    contracts: Any = Field(description="list of contracts, {file: arrays.csv}, or {quoted: true}")
    spreads: list[Any] | None = None
    offset_spreads: list[OffsetSpreadEntry] | None = Field(None, description="offsets of London SPAN")
    house: PolicyChoices | None = Field(None, description="rounding, quantity unit and lot sizes")


class ParametersDocument(DocumentHead):
    """A house configuration document: risk parameters of one clearing organisation and one day."""

    commodities: list[CommodityEntry] | None = Field(
        None, description="all commodities; without the list, those that contracts name"
    )
    contracts: list[ContractEntry] | ContractsFileEntry = Field(
        description="list of contracts, {file: arrays.csv}, or {quoted: true}"
    )
    spreads: list[SpreadEntry] | None = Field(None, description="spreads between commodities")
