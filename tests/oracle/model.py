"""The nouns of the exact SPAN oracle: parameters, positions and policy, every number a `Fraction`."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

Rates = dict[str, Fraction]
"""Value by rate id."""


class OracleError(Exception):
    """The oracle cannot say: an unknown contract, a missing rate, a rule without a public formula."""


def normalise_period(text: str | None) -> str:
    """A period as text: no dashes, no trailing day code ``00``, all zeros is no expiry."""
    period = (text or "").strip().replace("-", "")
    if set(period) <= {"0"}:
        return ""
    if len(period) == 8 and period[6:] == "00":
        return period[:6]
    return period


@dataclass(frozen=True)
class ContractKey:
    """The codes a user knows a contract by; periods are normalised, futures have no right and no strike.

    `clearing_org` is empty under normal clearing; the code of a business function opts into that.
    """

    exchange: str
    product: str
    type: str
    period: str
    underlying_period: str = ""
    right: str = ""
    strike: Fraction | None = None
    clearing_org: str = ""


@dataclass(frozen=True)
class CombinationLeg:
    """One leg of a combination: a contract by (exchange, family id, contract id) and its signed count."""

    reference: tuple[str, str, str]
    quantity: Fraction


@dataclass(frozen=True)
class Contract:
    """One contract; `arrays` are losses (+) and gains (−) of one long, before the risk exponent."""

    key: ContractKey
    reference: tuple[str, str, str]
    value_method: str
    delta_period: str
    price: Fraction | None
    stated_value: Fraction | None
    contract_value_factor: Fraction | None
    own_scaling: Fraction
    maturity_scaling: Fraction
    arrays: dict[str, tuple[Fraction, ...]]
    deltas: Rates
    scan_ranges: dict[str, dict[str, Fraction]]
    legs: tuple[CombinationLeg, ...] = ()

    @property
    def is_option(self) -> bool:
        return self.key.type in {"OOP", "OOF", "OOE", "OOC"}

    @property
    def is_premium_style_option(self) -> bool:
        return self.is_option and self.value_method == "EQTY"


@dataclass(frozen=True)
class Tier:
    """A range of periods, both ends included; `rates` are those of a short option minimum tier."""

    number: int
    start: str | None = None
    end: str | None = None
    rates: Rates = field(default_factory=dict)


@dataclass(frozen=True)
class Leg:
    """One leg of a spread; `kind` is ``tier``, ``period`` or ``relative``."""

    kind: str
    commodity: str
    side: str
    ratio: Fraction
    tier: int = 0
    period: str = ""
    relative_number: int = 0
    first_tier: int | None = None
    last_tier: int | None = None
    rates: Rates = field(default_factory=dict)
    clearing_org: str | None = None
    is_target: bool = False
    is_required: bool = False


@dataclass(frozen=True)
class Spread:
    """A spread definition; `form` is ``delta`` or ``scanning``, `method` is ``F`` or ``W``."""

    kind: str
    form: str
    priority: int
    method: str
    rates: Rates
    legs: tuple[Leg, ...]
    is_target_required: bool = False
    legs_required: int | None = None


@dataclass(frozen=True)
class SpotRate:
    """Delivery-month rates of one period: per delta in spreads and per outright delta."""

    rate_id: str
    period: str
    spread_rate: Fraction
    outright_rate: Fraction


@dataclass(frozen=True)
class ScanPoint:
    """One scenario: moves as multiples of the scan ranges; `pair` is its own number without a partner."""

    number: int
    price_move: Fraction
    volatility_move: Fraction
    pair: int


@dataclass(frozen=True)
class ProductLink:
    """Membership of a product family in a combined commodity."""

    scaling: Fraction
    combination_method: str | None


@dataclass(frozen=True)
class RateAdjustment:
    """requirement(rate_id) = factor × requirement(base)."""

    base: str
    factor: Fraction


@dataclass(frozen=True)
class Commodity:
    """A combined commodity."""

    clearing_org: str
    code: str
    currency: str
    exponent: int
    cap_available_value: bool
    wfpr_method: str
    spot_method: str | None
    som_method: str | None
    combination_method: str | None
    first_sixteen_points_only: bool
    grids: dict[str, tuple[ScanPoint, ...]]
    links: dict[tuple[str, str], ProductLink]
    adjustments: dict[str, RateAdjustment]
    scan_tiers: tuple[Tier, ...]
    intra_tiers: tuple[Tier, ...]
    inter_tiers: tuple[Tier, ...]
    som_tiers: tuple[Tier, ...]
    spreads: tuple[Spread, ...]
    spot_rates: tuple[SpotRate, ...]

    @property
    def multiplier(self) -> Fraction:
        """x = 10 ** riskExponent."""
        return Fraction(10) ** self.exponent


@dataclass(frozen=True)
class BondRate:
    """Which rate id applies to which accounts (``pbRateDef``)."""

    rate_id: str
    is_customer: bool
    account_type: str
    is_maintenance: bool
    bond_class: str


@dataclass(frozen=True)
class ClearingOrg:
    """One clearing organisation at one point in time."""

    code: str
    is_net: bool
    bond_rates: tuple[BondRate, ...]
    conversions: dict[tuple[str, str], Fraction]
    grids: dict[str, tuple[ScanPoint, ...]]
    contracts: dict[tuple[str, str, str], Contract]
    commodities: dict[str, Commodity]
    super_spreads: tuple[Spread, ...]
    super_interclearing_spreads: tuple[Spread, ...]
    inter_spreads: tuple[Spread, ...]
    interclearing_spreads: tuple[Spread, ...]


@dataclass(frozen=True)
class Parameters:
    """Everything read from one or several files."""

    orgs: dict[str, ClearingOrg]
    account_type_nets: dict[tuple[bool, str], bool]

    def merged(self, other: Parameters) -> Parameters:
        """Both sets of clearing organisations."""
        return Parameters(self.orgs | other.orgs, self.account_type_nets | other.account_type_nets)


@dataclass(frozen=True)
class Position:
    """One line of a book: a signed quantity, or long and short counts."""

    key: ContractKey
    quantity: Fraction | None = None
    long: Fraction | None = None
    short: Fraction | None = None


@dataclass(frozen=True)
class Account:
    """Whose positions they are; an unknown customer flag prefers the customer rates."""

    account: str = "A1"
    account_type: str = "S"
    is_customer: bool | None = None
    firm: str = ""
    segregation: str = ""
    currency: str | None = None


@dataclass(frozen=True)
class Rounding:
    """Decimals and mode of one rounding step: ``half_away``, ``half_even``, ``down`` or ``up``."""

    decimals: int
    mode: str = "half_away"


@dataclass(frozen=True)
class Policy:
    """The choices the method leaves open, with the usual defaults; a rounding of `None` keeps a step exact.

    Attributes:
        spot_when: Delivery charge ``after_intra`` or ``after_inter`` spreads.
        inter_leg_netting: ``net`` or ``gross`` deltas of an intercommodity leg.
        series_spreads_first: Spreads between periods before those between tiers, else one sequence.
        overall_wfpr_from_scan_tiers: W of tier 0 from the sums over scan tiers, else from one scan of the
            whole commodity.
        spread_decimals: Decimals the number of spreads is floored to.
        adjustment_factor: Factor on the requirement.
        initial_ratio: Initial over maintenance where the file has no initial rate of its own.
        adjustment_in_initial: Whether the adjustment factor applies to the initial requirement too.
    """

    spot_when: str = "after_intra"
    inter_leg_netting: str = "net"
    series_spreads_first: bool = True
    overall_wfpr_from_scan_tiers: bool = True
    spread_decimals: int | None = None
    adjustment_factor: Fraction = Fraction(1)
    initial_ratio: Fraction | None = None
    adjustment_in_initial: bool = True
    round_delta: Rounding | None = None
    round_scan_risk: Rounding | None = None
    round_risk_components: Rounding | None = None
    round_weighted_price_risk: Rounding | None = None
    round_intracommodity_charge: Rounding | None = None
    round_delivery_charge: Rounding | None = None
    round_intercommodity_credit: Rounding | None = None
    round_short_option_minimum: Rounding | None = None
    round_option_value: Rounding | None = None
    round_maintenance: Rounding | None = None
    round_initial: Rounding | None = None
