"""What the oracle says of one account: the components of the requirement, exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.intracommodity import SpreadFormed
from tests.oracle.model import Account


@dataclass(frozen=True)
class ScanTierResult:
    """One scan tier."""

    tier: int
    scan_risk: Fraction
    active_scenario: int
    scenario_losses: list[Fraction]


@dataclass(frozen=True)
class PeriodResult:
    """Original and remaining delta of one period."""

    delta: Fraction
    remaining_delta: Fraction


@dataclass
class CommodityResult:
    """One commodity under one class and kind; `None` where a gross account has no such figure."""

    clearing_org: str
    commodity: str
    currency: str
    bond_class: str
    kind: str
    absorbed_into: str | None = None
    scan_risk: Fraction = Fraction(0)
    active_scenario: int | None = None
    scenario_losses: list[Fraction] | None = None
    time_risk: Fraction | None = None
    volatility_risk: Fraction | None = None
    price_risk: Fraction | None = None
    weighted_futures_price_risk: Fraction | None = None
    net_delta: Fraction = Fraction(0)
    scan_tiers: list[ScanTierResult] = field(default_factory=list)
    periods: dict[str, PeriodResult] = field(default_factory=dict)
    intracommodity_charge: Fraction = Fraction(0)
    delivery_charge: Fraction = Fraction(0)
    intercommodity_credit: Fraction = Fraction(0)
    interclearing_credit: Fraction = Fraction(0)
    short_option_minimum: Fraction = Fraction(0)
    span_risk: Fraction = Fraction(0)
    long_option_value: Fraction = Fraction(0)
    short_option_value: Fraction = Fraction(0)
    net_option_value: Fraction = Fraction(0)
    available_net_option_value: Fraction = Fraction(0)
    requirement: Fraction = Fraction(0)


@dataclass(frozen=True)
class RequirementResult:
    """The account's sums for one class and kind."""

    bond_class: str
    kind: str
    span_risk: Fraction
    available_net_option_value: Fraction
    requirement: Fraction
    additional_requirement: Fraction | None


@dataclass(frozen=True)
class AccountResult:
    """One account; headline figures are those of class CORE."""

    account: Account
    netting: str
    currency: str
    span_risk: Fraction
    net_option_value: Fraction
    available_net_option_value: Fraction
    long_option_value: Fraction
    short_option_value: Fraction
    maintenance_requirement: Fraction
    initial_requirement: Fraction | None
    outright_risk: Fraction
    requirements: list[RequirementResult]
    commodities: list[CommodityResult]
    spreads: list[SpreadFormed]

    def commodity(self, code: str, kind: str = "maintenance", bond_class: str = "CORE") -> CommodityResult:
        """The row of one commodity."""
        return next(
            row for row in self.commodities if (row.commodity, row.kind, row.bond_class) == (code, kind, bond_class)
        )
