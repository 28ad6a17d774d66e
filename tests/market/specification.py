"""What a generated market should look like: its shape, size and the features its file makes use of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Feature(StrEnum):
    """A part of the method that a file can make use of; each can be switched on and off alone."""

    PERIOD_SPREADS = "period-spreads"
    TIER_SPREADS = "tier-spreads"
    BUTTERFLIES = "butterflies"
    SHORT_OPTION_MINIMUM = "short-option-minimum"
    FUTURES_STYLE_OPTIONS = "futures-style-options"
    ADJUSTED_RATES = "adjusted-rates"
    DELTA_SCALING = "delta-scaling"
    SPOT_RATES = "spot-rates"
    INTER_SPREADS = "inter-spreads"
    INTER_TIERS = "inter-tiers"
    SUPER_SPREADS = "super-spreads"
    SCANNING_SPREADS = "scanning-spreads"
    RISK_EXPONENT = "risk-exponent"
    INITIAL_ARRAYS = "initial-arrays"
    SCAN_TIERS = "scan-tiers"
    WEIGHTED_INTRA = "weighted-intra"
    CAPPED_OPTION_VALUE = "capped-option-value"
    BUSINESS_FUNCTIONS = "business-functions"


CORE_FEATURES = frozenset(
    {
        Feature.PERIOD_SPREADS,
        Feature.TIER_SPREADS,
        Feature.BUTTERFLIES,
        Feature.SHORT_OPTION_MINIMUM,
        Feature.FUTURES_STYLE_OPTIONS,
        Feature.ADJUSTED_RATES,
        Feature.DELTA_SCALING,
    }
)
"""Features of the CME-like shape unless others are asked for."""

NSE_FEATURES = frozenset({Feature.PERIOD_SPREADS, Feature.ADJUSTED_RATES})
"""Features of the NSE-like shape unless others are asked for."""

ALL_FEATURES = frozenset(Feature)


@dataclass(frozen=True)
class MarketSpec:
    """How large a market is and what its file contains; equal specs give equal markets.

    Attributes:
        shape: ``nse`` (options on a spot, spreads by period, money with two decimals per unit) or ``cme``
            (options on futures, tiers, whole money per contract).
        underlyings: Number of combined commodities.
        expiries: Monthly (NSE) or futures-month (CME) expiries per underlying.
        weekly_expiries: Additional weekly option expiries of the first index underlyings.
        long_expiries: Additional far option expiries of the first index underlyings (NSE only).
        strikes: Strikes per option expiry.
        options: Total number of option contracts; overrides `strikes` where given.
        index_underlyings: How many underlyings are indices.
        futures_only: How many underlyings, at the end of the list, have no options.
        features: What the file makes use of.
    """

    shape: str = "nse"
    seed: int = 1
    business_date: dt.date = dt.date(2026, 6, 25)
    clearing_org: str = "NSCCL"
    exchanges: tuple[str, ...] = ("NSE",)
    currency: str = "INR"
    underlyings: int = 6
    expiries: int = 3
    weekly_expiries: int = 2
    long_expiries: int = 0
    strikes: int = 11
    options: int | None = None
    index_underlyings: int = 2
    futures_only: int = 0
    features: frozenset[Feature] = NSE_FEATURES

    def has(self, feature: Feature) -> bool:
        """Whether the file makes use of a feature."""
        return feature in self.features


def nse_spec(
    *,
    seed: int = 1,
    underlyings: int = 6,
    expiries: int = 3,
    weekly_expiries: int = 2,
    long_expiries: int = 0,
    strikes: int = 11,
    options: int | None = None,
    futures_only: int = 0,
    features: frozenset[Feature] = NSE_FEATURES,
) -> MarketSpec:
    """An NSE-like market: INR, one exchange, options on the spot."""
    return MarketSpec(
        seed=seed,
        underlyings=underlyings,
        expiries=expiries,
        weekly_expiries=weekly_expiries,
        long_expiries=long_expiries,
        strikes=strikes,
        options=options,
        futures_only=futures_only,
        features=features,
    )


def nse_full_size(seed: int = 1, underlyings: int = 239, options: int = 158_713) -> MarketSpec:
    """An NSE-like market of the real file's size: 239 underlyings, 158,713 options, 18 index expiries.

    The counts are those of the clearing house's file of 2026-06-25 as transcribed in public documentation.
    """
    futures_only = round(underlyings * 18 / 239)
    return nse_spec(
        seed=seed,
        underlyings=underlyings,
        weekly_expiries=4,
        long_expiries=11,
        options=options,
        futures_only=futures_only,
    )


def cme_spec(
    *,
    seed: int = 1,
    underlyings: int = 6,
    expiries: int = 4,
    weekly_expiries: int = 2,
    strikes: int = 11,
    options: int | None = None,
    features: frozenset[Feature] = CORE_FEATURES,
) -> MarketSpec:
    """A CME-like market: USD, three exchanges, options on futures."""
    return MarketSpec(
        shape="cme",
        seed=seed,
        clearing_org="CME",
        exchanges=("CME", "CBT", "NYM"),
        currency="USD",
        underlyings=underlyings,
        expiries=expiries,
        weekly_expiries=weekly_expiries,
        strikes=strikes,
        options=options,
        features=features,
    )
