"""Account policies: what counts as collateral and at what weight, what positions require, and when an account fails.

Weights and rates are fractions. A schedule of tiers is marginal: each tier's weight or rate applies to the slice of
value between its bounds, so that no figure jumps at a bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from margin.model.account import AccountState
from margin.model.house import Rounding

UNBOUNDED = float("inf")
"""The upper bound of a schedule's last tier."""


@dataclass(frozen=True, slots=True)
class WeightTier:
    """The weight of the slice of an asset's value below `upper` and above the tier before, reporting currency."""

    upper: float
    weight: float


@dataclass(frozen=True, slots=True)
class RateTier:
    """The rate of the slice of notional from `lower` to the next tier, in the settlement asset.

    Published tables give the same as N × rate − deduction, with the deduction that makes it continuous.
    """

    lower: float
    rate: float


FULL_WEIGHT = (WeightTier(UNBOUNDED, 1.0),)


@dataclass(frozen=True, slots=True)
class AssetConcentration:
    """What shrinks an asset's weight, and grows a loan's, with its size; what is `None` does not apply.

    Attributes:
        size_factor: f of asset weight ≤ 1.1 / (1 + f·√units), liability weight ≥ 0.8·w + f·√units.
        deposits_from: Value of all deposits in the venue above which the weight is scaled by this value over theirs.
        borrows_from: Value of all loans in the venue above which the liability weight is scaled by theirs over this.
        value_cap: Value in one account above which the rest counts nothing.
    """

    size_factor: float | None = None
    deposits_from: float | None = None
    borrows_from: float | None = None
    value_cap: float | None = None


@dataclass(frozen=True, slots=True)
class AssetPolicy:
    """How an asset counts.

    Attributes:
        maintenance_tiers: Weights of a positive net value where it meets the maintenance requirement.
        initial_tiers: Likewise, where it meets the initial requirement.
        maintenance_liability_weight: Factor on a negative net value, ≥ 1.
        initial_liability_weight: Likewise.
        unsettled_profit_weight: Factor on profit that is not settled yet, before it is netted.
        concentration: What makes the weights depend on size.
        borrow_maintenance_rate: Part of a loan's value that is added to the maintenance requirement.
        borrow_initial_rate: Likewise, initial.
        is_cash_like: Whether its price does not move with the market, and it is sold first.
        conversion_slippage: Part of its price that is lost when it is sold for another asset.
    """

    maintenance_tiers: tuple[WeightTier, ...] = FULL_WEIGHT
    initial_tiers: tuple[WeightTier, ...] = FULL_WEIGHT
    maintenance_liability_weight: float = 1.0
    initial_liability_weight: float = 1.0
    unsettled_profit_weight: float = 1.0
    concentration: AssetConcentration = AssetConcentration()
    borrow_maintenance_rate: float = 0.0
    borrow_initial_rate: float = 0.0
    is_cash_like: bool = False
    conversion_slippage: float = 0.0


class MarketKind(StrEnum):
    """What a position of a market earns when its price moves from E to P."""

    LINEAR = "linear"  # quantity × contract size × (P − E), in the settlement asset
    INVERSE = "inverse"  # quantity × contract size × (1/E − 1/P), in the settlement asset
    OPTION = "option"  # counts at its market value, quantity × contract size × P
    SPOT_HEDGE = "spot_hedge"  # nothing here: its value is a balance, and it hedges in a scenario set


@dataclass(frozen=True, slots=True)
class OpenInterestScale:
    """Raises the initial rate r to r + (1 − r)·(open interest − lower)/(upper − lower), kept within [r, 1]."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class MarketPolicy:
    """How positions of one market are valued and margined.

    Attributes:
        kind: How profit follows from prices.
        price: Name of its price in the market data.
        settlement: Asset in which profit is paid.
        contract_size: Units of the underlying per contract; for inverse markets quote currency per contract.
        maintenance_tiers: Rates of notional; empty where the requirement comes from elsewhere.
        maintenance_of_initial: Maintenance requirement as a part of the initial one, in place of tiers.
        initial_tiers: Rates of notional; an account's own leverage comes before them.
        max_leverage: The highest an account may choose; `None` for any.
        closing_fee_rate: Part of notional added to both requirements for the fee of closing.
        open_interest: Raises the initial rate with the venue's open interest.
    """

    kind: MarketKind
    price: str
    settlement: str
    contract_size: float = 1.0
    maintenance_tiers: tuple[RateTier, ...] = ()
    maintenance_of_initial: float | None = None
    initial_tiers: tuple[RateTier, ...] = ()
    max_leverage: float | None = None
    closing_fee_rate: float = 0.0
    open_interest: OpenInterestScale | None = None


@dataclass(frozen=True, slots=True)
class LocationRule:
    """How balances held at a place count; the first rule that fits a balance applies, none for in full.

    Attributes:
        venue, chain, custodian: Where; `None` for anywhere.
        weight: Part of a positive balance that counts.
        delay_seconds: How long a transfer to where it is needed takes.
        value_cap: Value of one account there above which the rest counts nothing; `None` for none.
    """

    venue: str | None = None
    chain: str | None = None
    custodian: str | None = None
    weight: float = 1.0
    delay_seconds: float = 0.0
    value_cap: float | None = None


@dataclass(frozen=True, slots=True)
class StateRule:
    """A state and what puts an account into it: any of the conditions that are not `None`; none of them: always.

    Attributes:
        state: The state.
        ratio_at_most: Ratio ≤ this, the bound included.
        ratio_below: Ratio < this, the bound left out.
        health_below: Health < this.
        initial_health_below: Adjusted equity less initial requirement < this.
        equity_below: Equity < this.
        leave_at_ratio: Once in this state or a worse one, an account stays until its ratio is at least this.
    """

    state: AccountState
    ratio_at_most: float | None = None
    ratio_below: float | None = None
    health_below: float | None = None
    initial_health_below: float | None = None
    equity_below: float | None = None
    leave_at_ratio: float | None = None

    @property
    def ratio_bound(self) -> float | None:
        """The ratio at which it begins; `None` where it does not depend on the ratio."""
        bounds = [bound for bound in (self.ratio_at_most, self.ratio_below) if bound is not None]
        return max(bounds, default=None)

    @property
    def is_unconditional(self) -> bool:
        """Whether it always fits."""
        others = (self.health_below, self.initial_health_below, self.equity_below)
        return self.ratio_bound is None and all(bound is None for bound in others)


@dataclass(frozen=True, slots=True)
class ScenarioFactors:
    """Factors on risk that comes from risk parameters.

    Attributes:
        maintenance: Factor on the maintenance risk.
        initial: Factor on the maintenance risk where the parameters give no initial risk; `None`: it is unknown then.
        assets: Assets that stand for a currency of the risk parameters, by the currency's code.
    """

    maintenance: float = 1.0
    initial: float | None = None
    assets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class MarginCallRule:
    """How much is called, and when.

    Attributes:
        requirement: Which requirement, with its flavour of adjusted equity, must be met.
        ratio: Adjusted equity over requirement after the call.
        asset: The asset that is called where an account names none.
        minimum_transfer: Amounts below this are not called, units of the asset by asset.
        round_up_to: Amounts are rounded up to multiples of this, by asset.
    """

    requirement: str = "initial"  # or "maintenance"
    ratio: float = 1.0
    asset: str | None = None
    minimum_transfer: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    round_up_to: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class LiquidationRules:
    """How an account that fails is brought back.

    Attributes:
        target_ratio: Adjusted equity over maintenance requirement at which it stops, τ.
        rule: ``equal_share`` of every position, or ``one_market`` after the other.
        share_step: Shares are rounded up to multiples of this; `None` for exact shares.
        fee_rate: Part of the closed notional that goes to the insurance fund.
        slippage: Part of the closed notional expected to be lost to the market.
        conversion_order: Assets in the order they are sold to fill a deficit; empty for the default order.
        may_borrow: Whether a negative balance may stand.
    """

    target_ratio: float = 1.0
    rule: str = "equal_share"  # or "one_market"
    share_step: float | None = None
    fee_rate: float = 0.0
    slippage: float = 0.0
    conversion_order: tuple[str, ...] = ()
    may_borrow: bool = False


@dataclass(frozen=True, slots=True)
class InsolvencyRules:
    """Who bears a loss that an account leaves behind, once the fund is used up.

    Attributes:
        fund: The insurance fund's balance, reporting currency.
        then: ``adl`` closes positions of the opposite side, ``socialise`` shares the loss.
        socialise_by: ``profit``, ``contracts`` or ``withdrawals``: what the loss is shared in proportion to.
    """

    fund: float = 0.0
    then: str = "adl"
    socialise_by: str = "profit"


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """The rules of cross-margin accounts at one venue or firm.

    Attributes:
        name: File name without ending.
        title: Full name.
        source: Where the rules come from.
        effective_date: ISO date from which they hold.
        reporting_asset: Asset in which all values are reported; its price is 1.
        assets: How assets count, by asset.
        other_assets: How assets count that are not named; `None`: they are refused.
        markets: Markets by name.
        locations: Rules of places, first match first.
        horizon_seconds: Balances that take longer to arrive count nothing; `None` for no limit.
        states: State rules, first match first: worst first.
        scenario: Factors on risk from risk parameters.
        withdrawal_notional_fraction: Part of all notional that equity must exceed after a withdrawal.
        max_price_age_seconds: Older prices are stale; `None` for no limit.
        max_price_confidence: Prices whose confidence is a larger part of them are stale; `None` for no limit.
        requirement_rounding: Rounding of each market's requirements.
        margin_call: How much is called; `None`: nothing is.
        liquidation: How a failing account is brought back; `None` where not stated.
        insolvency: Who bears what is left; `None` where not stated.
    """

    name: str
    title: str
    source: str
    effective_date: str
    reporting_asset: str
    assets: Mapping[str, AssetPolicy]
    states: tuple[StateRule, ...]
    other_assets: AssetPolicy | None = None
    markets: Mapping[str, MarketPolicy] = field(default_factory=lambda: MappingProxyType({}))
    locations: tuple[LocationRule, ...] = ()
    horizon_seconds: float | None = None
    scenario: ScenarioFactors = field(default_factory=ScenarioFactors)
    withdrawal_notional_fraction: float = 0.0
    max_price_age_seconds: float | None = None
    max_price_confidence: float | None = None
    requirement_rounding: Rounding | None = None
    margin_call: MarginCallRule | None = None
    liquidation: LiquidationRules | None = None
    insolvency: InsolvencyRules | None = None
