"""Risk parameters as a clearing house publishes them, the same for every file format.

A `ParameterSet` says what the file says and decides nothing: what the engine cannot do is refused later,
and only for a commodity that is held.

Sign convention: losses of one long contract are positive, gains negative. Money is in the performance-bond
currency of the combined commodity, before its risk exponent is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import polars as pl

from margin.model.contract import Product
from margin.model.problem import Problem
from margin.model.scenario import ScenarioGrid
from margin.model.session import PointInTime
from margin.numeric.arrays import CodeArray, FloatArray

if TYPE_CHECKING:
    from margin.model.house import HousePolicy
    from margin.model.pricing import ContractPricing, PricingRules

T = TypeVar("T")

RateId = str
"""Identifies one set of rates and arrays of a file (``r``)."""

WHOLE_COMMODITY = 0
"""The tier number that means the whole combined commodity."""

ChargeMethod = Literal["F", "P", "W"]
LegKind = Literal["tier", "period", "relative"]
SpreadKind = Literal["intracommodity", "super", "intercommodity", "super_interclearing", "interclearing"]
SpreadForm = Literal["delta", "scanning", "strategy", "offset"]
Side = Literal["A", "B"]
PositionSide = Literal["long", "short", "both"]

NO_RATES: Mapping[RateId, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ParameterSource:
    """Where parameters came from.

    Attributes:
        path: The file as the user named it.
        sha256: Digest of the file's bytes as they lie on disk (compressed files: of the compressed bytes).
        format: ``spn``, ``pa2``, ``house`` …
        clearing_org: Clearing organisation code of this point in time.
        business_date: ISO date.
        session: ``settlement`` or ``intraday``, with the file's qualifier (``final``, ``early``, ``complete``).
        revision: The file's own run or creation mark, as text.
    """

    path: str
    sha256: str
    format: str
    clearing_org: str
    business_date: str
    session: str
    revision: str


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of the file: code, symbol and the number of decimals of its minor unit."""

    code: str
    symbol: str | None = None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class CurrencyConversion:
    """``to = from × factor``; `haircuts` are the file's additional factors (``hfactor``).

    Attributes:
        shift_up: Fraction by which London SPAN lets the rate rise in its scenarios; `None` where none is stated.
        shift_down: Fraction by which it lets the rate fall.
    """

    from_currency: str
    to_currency: str
    factor: float
    haircuts: tuple[float, ...] = ()
    shift_up: float | None = None
    shift_down: float | None = None


@dataclass(frozen=True, slots=True)
class AccountType:
    """A kind of account (``acctTypeDef``): ``S`` speculator, ``H`` hedger, ``M`` member, ``O`` omnibus and so on."""

    code: str
    is_customer: bool
    name: str | None = None
    is_net_margin: bool = True
    priority: int = 0


@dataclass(frozen=True, slots=True)
class PerformanceBondRate:
    """Which rate id applies to whom (``pbRateDef``).

    Attributes:
        rate_id: The rate id.
        is_customer: Customer or house accounts.
        account_type: Account type code.
        is_maintenance: Maintenance (true) or initial (false).
        bond_class: ``CORE`` or ``RESERVE``.
    """

    rate_id: RateId
    is_customer: bool
    account_type: str
    is_maintenance: bool
    bond_class: str


@dataclass(frozen=True, slots=True)
class UnsupportedElement:
    """An element of the file that changes a number in a way for which no public formula exists."""

    path: str
    value: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ClearingOrganisation:
    """One clearing organisation at one point in time, or a business function: an exchange complex of its own.

    A business function (``businessFunction``) has commodities and spreads over products that other clearing
    organisations clear; a position is margined there only if it says so.

    Attributes:
        business_function: ``XM`` (cross-margin), ``MOS`` (mutual offset), ``CLR`` or ``MBR``; `None` for normal
            clearing.
        home_organisations: Clearing organisations whose products a business function links, in the file's order.
        created: When the file was made, in its own words.
    """

    code: str
    business_date: str
    name: str | None = None
    is_settlement: bool = True
    session_qualifier: str | None = None
    time: str | None = None
    run: str | None = None
    is_net_margin: bool = True
    is_contract_scale: bool | None = None
    finalize_method: str | None = None
    option_delta_method: str | None = None
    cap_available_net_option_value: bool = False
    customer_use_long_option_value: bool = True
    limit_sub_account_offset: bool = False
    cap_risk_array: bool = False
    look_ahead_years: float | None = None
    currency_conversions: tuple[CurrencyConversion, ...] = ()
    rates: tuple[PerformanceBondRate, ...] = ()
    grids: Mapping[RateId, ScenarioGrid] = field(default_factory=lambda: MappingProxyType({}))
    unsupported: tuple[UnsupportedElement, ...] = ()
    business_function: str | None = None
    home_organisations: tuple[str, ...] = ()
    created: str | None = None

    @property
    def point_in_time(self) -> PointInTime:
        """When its parameters were made."""
        return PointInTime(
            self.business_date, self.is_settlement, self.session_qualifier, self.time, self.run, self.created
        )


@dataclass(frozen=True, slots=True)
class ProductLink:
    """A product family's membership of a combined commodity (``pfLink``).

    Attributes:
        clearing_org: The family's clearing organisation where it is not the commodity's own.
    """

    exchange: str
    product_id: str
    product: str
    type: str
    delta_scaling_factor: float = 1.0
    combination_method: str | None = None
    option_delta_method: str | None = None
    line: int | None = None
    clearing_org: str | None = None


@dataclass(frozen=True, slots=True)
class RateAdjustment:
    """A derived rate id (``adjRate``): requirement(rate_id) = factor × requirement(base_rate_id)."""

    rate_id: RateId
    base_rate_id: RateId
    factor: float


@dataclass(frozen=True, slots=True)
class Tier:
    """A range of periods; scan, intracommodity, intercommodity, rate and short-option tiers are separate name spaces.

    Attributes:
        number: Tier number; 0 is the whole commodity.
        start: First period, normalised; `None` for no bound.
        end: Last period, normalised, included; `None` for no bound.
        rates: Rate by rate id (short option minimum: money per short option).
        is_relative: The bounds are given as positions in the list of periods, which this library does not resolve.
    """

    number: int
    start: str | None = None
    end: str | None = None
    rates: Mapping[RateId, float] = field(default_factory=lambda: NO_RATES)
    is_relative: bool = False
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SpotRate:
    """Delivery-month charge rates of one period: per delta inside spreads and per outright delta.

    `side` restricts the charge to long or to short net deltas of the period (London SPAN).
    """

    rate_id: RateId
    period: str
    spread_rate: float
    outright_rate: float
    line: int | None = None
    side: PositionSide = "both"


@dataclass(frozen=True, slots=True)
class SpreadLeg:
    """One leg of a spread.

    Attributes:
        kind: ``tier`` (`tier` is set), ``period`` (`period` is set) or ``relative``
            (the `relative_number`-th period in tiers `first_tier`…`last_tier`).
        commodity: Combined commodity code.
        side: ``A`` or ``B``: all A legs have one sign, all B legs the other, either way round.
        ratio: Deltas of this leg per spread, positive.
        rates: The leg's own rate by rate id, where the file gives separate rates per leg.
        clearing_org: The away clearing organisation of an inter-clearing leg; `None` for a leg at home.
        is_target: The leg is the target of a scanning-based spread.
        is_required: The scanning-based spread needs this leg.
        is_counted: The leg counts among the present legs that a scanning-based spread needs; not so a target that
            stands outside the list of legs.
    """

    kind: LegKind
    commodity: str
    side: Side
    ratio: float
    tier: int | None = None
    period: str | None = None
    relative_number: int | None = None
    first_tier: int | None = None
    last_tier: int | None = None
    rates: Mapping[RateId, float] = field(default_factory=lambda: NO_RATES)
    clearing_org: str | None = None
    is_target: bool = False
    is_required: bool = False
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class MonthRates:
    """The three parts of a charge per month and per spread (``pmpsRate``): flat, per month, per spread."""

    flat: float
    per_month: float
    per_spread: float


@dataclass(frozen=True, slots=True)
class SpreadDefinition:
    """A spread that the clearing house recognises.

    Attributes:
        kind: Which list of the file it stands in.
        form: ``delta`` (deltas pair up) or ``scanning`` (scenario arrays merge into a target); in London SPAN
            also ``strategy`` (deltas inside a commodity pair up before all others, priced separately) or
            ``offset`` (commodities are scanned together, and what that saves is credited).
        priority: Lower numbers are formed first.
        charge_method: ``F`` flat per spread, ``W`` weighted futures price risk, ``P`` per month and per spread.
        rates: Rate by rate id. Method W: a fraction (0.5), whatever the file's format writes; a positive
            rate is a credit. Method F: money per spread; positive is a charge inside a commodity. Between
            commodities the sign follows the file's format and `flat_rate_is_credit` says which. Form offset:
            money added to the scan risk of the commodities together.
        month_rates: Parts of the charge of method P by rate id.
        legs: Two or more legs.
        legs_required: Minimum number of present legs of a scanning-based spread.
        unsupported: Elements of the definition without a public formula.
    """

    kind: SpreadKind
    form: SpreadForm
    clearing_org: str
    priority: int
    charge_method: ChargeMethod
    legs: tuple[SpreadLeg, ...]
    rates: Mapping[RateId, float] = field(default_factory=lambda: NO_RATES)
    month_rates: Mapping[RateId, MonthRates] = field(default_factory=lambda: MappingProxyType({}))
    flat_rate_is_credit: bool = False
    is_target_required: bool = False
    legs_required: int | None = None
    apply_currency_risk: bool = False
    unsupported: tuple[UnsupportedElement, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class CombinedCommodity:
    """Products that are margined together, in one performance-bond currency (``ccDef``).

    Method fields hold the file's own words (`None` where the file is silent).
    """

    clearing_org: str
    code: str
    currency: str
    name: str | None = None
    groups: tuple[str, ...] = ()
    risk_exponent: int = 0
    cap_available_net_option_value: bool | None = None
    customer_use_long_option_value: bool | None = None
    procedure_method: str | None = None
    weighted_price_risk_method: str | None = None
    spot_method: str | None = None
    short_option_minimum_method: str | None = None
    combination_method: str | None = None
    margin_method: str | None = None
    limit_arrays_to_16_points: bool = False
    grids: Mapping[RateId, ScenarioGrid] = field(default_factory=lambda: MappingProxyType({}))
    product_links: tuple[ProductLink, ...] = ()
    rate_adjustments: tuple[RateAdjustment, ...] = ()
    scan_tiers: tuple[Tier, ...] = ()
    intracommodity_tiers: tuple[Tier, ...] = ()
    intercommodity_tiers: tuple[Tier, ...] = ()
    rate_tiers: tuple[Tier, ...] = ()
    short_option_minimum_tiers: tuple[Tier, ...] = ()
    spreads: Sequence[SpreadDefinition] = ()
    spot_rates: tuple[SpotRate, ...] = ()
    initial_ratios: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    adjustment_factors: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    unsupported: tuple[UnsupportedElement, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class RateArrays:
    """Risk arrays of one rate id, row by row with the contract frame.

    Attributes:
        losses: Loss (+) or gain (−) of one long contract by scenario; shape (contracts, points), C-contiguous.
            Rows of commodities with fewer scenarios than the widest are filled with zeros on the right.
        composite_delta: Composite delta of one long contract; shape (contracts,).
        points: Number of scenarios each row really has, 0 where the contract has no array; shape (contracts,).
        scan_ranges: Frame with `SCAN_RANGE_SCHEMA`, as published.
        tick_values: Money value of one tick in the product's currency, of contracts whose losses are in ticks;
            NaN where losses are money. `None` where all are.
    """

    losses: FloatArray
    composite_delta: FloatArray
    points: CodeArray
    scan_ranges: pl.DataFrame
    tick_values: FloatArray | None = None


@dataclass(frozen=True)
class ParameterSet:
    """Everything a clearing house publishes for one or several points in time.

    Attributes:
        sources: The files this set was read from.
        products: Product families; `CONTRACT_SCHEMA`'s ``product`` column points into it.
        contracts: Frame with `CONTRACT_SCHEMA`.
        combination_legs: Frame with `COMBINATION_LEG_SCHEMA`.
        arrays: Risk arrays by rate id.
        commodities: Combined commodities of all clearing organisations.
        spreads: Spreads between commodities: super, inter-commodity and inter-clearing.
        house: Policies that came with the parameters (house configuration), which win over packaged ones.
        problems: Warnings found while reading; faults are raised instead.
        pricing_rules: What a house configuration states of contracts whose arrays are to be derived from market data.
        pricing: The numbers that arrays were derived from.
        overrides: Changes that were made to what the files say, as the user wrote them.
        derived: What was worked out from this set, by name; not part of its value.
    """

    sources: tuple[ParameterSource, ...]
    clearing_orgs: tuple[ClearingOrganisation, ...]
    currencies: tuple[Currency, ...]
    account_types: tuple[AccountType, ...]
    products: tuple[Product, ...]
    contracts: pl.DataFrame
    combination_legs: pl.DataFrame
    arrays: Mapping[RateId, RateArrays]
    commodities: tuple[CombinedCommodity, ...]
    spreads: tuple[SpreadDefinition, ...] = ()
    house: HousePolicy | None = None
    problems: tuple[Problem, ...] = ()
    pricing_rules: PricingRules | None = None
    pricing: ContractPricing | None = None
    overrides: tuple[str, ...] = ()
    derived: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def lacks_arrays(self) -> bool:
        """Whether contracts have no arrays yet that are to be derived, or are still to be taken from market data."""
        rules = self.pricing_rules
        if rules is None or self.pricing is not None:
            return False
        return bool(rules.take_quoted) or any((item.points[rules.priced] == 0).any() for item in self.arrays.values())

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` works out from this set alone: made when first asked for, then kept under `name`."""
        if name not in self.derived:
            self.derived[name] = make()
        made: T = self.derived[name]
        return made
