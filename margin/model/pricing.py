"""How contracts are priced: what a house states of models and scan ranges, and the numbers it comes to per contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Literal, get_args

import polars as pl

from margin.model.contract import period_in_range
from margin.model.house import RoundingMode
from margin.model.market import MarketSource
from margin.numeric.arrays import IntArray

OptionModel = Literal[
    "american",
    "american_future",
    "american_future_lattice",
    "american_lattice",
    "bachelier",
    "black_76",
    "black_scholes_merton",
    "digital",
]
LinearModel = Literal["cost_of_carry", "inverse", "linear"]

PricingModelName = Literal[OptionModel, LinearModel]

OPTION_MODELS: tuple[str, ...] = get_args(OptionModel)
"""Models of options: modules of `margin.value.models`."""

LINEAR_MODELS: tuple[str, ...] = get_args(LinearModel)
"""Models of everything else; without a word of another, a contract that is no option is linear."""

PriceRangeKind = Literal["points", "percent", "money"]
VolatilityRangeKind = Literal["relative", "absolute"]
FloorScope = Literal["up", "all"]


@dataclass(frozen=True, slots=True)
class PriceScanRange:
    """A price scan range, positive.

    Attributes:
        kind: ``points`` of the price that the model moves, ``percent`` of that price, or ``money`` per contract.
    """

    value: float
    kind: PriceRangeKind


@dataclass(frozen=True, slots=True)
class VolatilityScanRange:
    """A volatility scan range, not negative.

    Attributes:
        kind: ``relative``: a fraction of the volatility; ``absolute``: added to it.
    """

    value: float
    kind: VolatilityRangeKind


@dataclass(frozen=True, slots=True)
class TimeScaling:
    """Volatility moves that shrink with time to expiry: times (days / days to expiry) to a power.

    Attributes:
        days: Days to expiry at which moves are as stated; up to them the short power holds, beyond them the long one.
        short_power: Power for options up to `days`.
        long_power: Power for options beyond.
        least_days: Days to expiry count as at least so many.
    """

    days: float
    short_power: float
    long_power: float
    least_days: float


@dataclass(frozen=True, slots=True)
class VolatilityFloor:
    """A shocked volatility is at least `value`: where the shock is ``up``, or in ``all`` scenarios and today."""

    value: float
    scope: FloorScope


@dataclass(frozen=True, slots=True)
class ArrayRounding:
    """The unit that losses are rounded to, and how; composite deltas are not rounded."""

    unit: float
    mode: RoundingMode = RoundingMode.HALF_AWAY


@dataclass(frozen=True, slots=True)
class LookAhead:
    """Time that passes in every scenario, in days or years."""

    value: float
    is_days: bool


@dataclass(frozen=True, slots=True)
class PricingTerms:
    """What a house states of pricing at one place; `None` where it leaves a field to the places around it.

    The innermost statement wins field by field: contract, product, scan range tier, commodity, document. A scan range
    brings its opposite side with it: where it is stated anew, an outer ``*_down`` no longer holds.

    Attributes:
        option_model: One of `OPTION_MODELS`, for options.
        linear_model: One of `LINEAR_MODELS`, for everything else.
        underlying: Market name; without one the commodity's code.
        price_scan_range: Both ways, or up where the other is given.
        price_scan_range_down: Down.
        volatility_scan_range: Both ways, or up where the other is given.
        volatility_scan_range_down: Down.
        rate: Interest rate where market data give none, continuously compounded.
        carry: Yield of the underlying likewise.
    """

    option_model: str | None = None
    linear_model: str | None = None
    underlying: str | None = None
    price_scan_range: PriceScanRange | None = None
    price_scan_range_down: PriceScanRange | None = None
    volatility_scan_range: VolatilityScanRange | None = None
    volatility_scan_range_down: VolatilityScanRange | None = None
    volatility_time_scaling: TimeScaling | None = None
    volatility_floor: VolatilityFloor | None = None
    look_ahead: LookAhead | None = None
    days_per_year: float | None = None
    rate: float | None = None
    carry: float | None = None
    array_rounding: ArrayRounding | None = None

    def inside(self, outer: PricingTerms) -> PricingTerms:
        """These terms, completed by those of the place around them."""
        filled = {
            item.name: getattr(outer, item.name)
            for item in fields(self)
            if getattr(self, item.name) is None and not self._is_replaced(item.name)
        }
        return replace(self, **filled)

    def _is_replaced(self, name: str) -> bool:
        return name.endswith("_down") and getattr(self, name.removesuffix("_down")) is not None


NO_TERMS = PricingTerms()


@dataclass(frozen=True, slots=True)
class TierTerms:
    """Terms of a range of periods, both ends included; `None` for no bound."""

    first_period: str | None
    last_period: str | None
    terms: PricingTerms


@dataclass(frozen=True, slots=True)
class CommodityPricing:
    """Pricing of one commodity.

    Attributes:
        path: The document.
        terms: The commodity's, completed by the document's.
        tiers: By period of the contract that the price moves: a future's own, an option's underlying period.
        products: By (exchange, product code, type).
        line: Line in the document.
    """

    path: str
    terms: PricingTerms
    tiers: tuple[TierTerms, ...] = ()
    products: Mapping[tuple[str, str, str], PricingTerms] = field(default_factory=lambda: MappingProxyType({}))
    line: int | None = None

    def resolved(self, product: tuple[str, str, str], level_period: str, own: PricingTerms) -> PricingTerms:
        """The terms of a contract.

        Args:
            product: Exchange, product code, type.
            level_period: Period of what the price moves: an option's underlying future, else the contract's own.
            own: The contract's own terms.
        """
        terms = own.inside(self.products.get(product, NO_TERMS))
        for tier in self.tiers:
            if period_in_range(level_period, tier.first_period, tier.last_period):
                terms = terms.inside(tier.terms)
                break
        return terms.inside(self.terms)


@dataclass(frozen=True, eq=False)
class PricingRules:
    """What house configurations state of pricing, before market data are known.

    Attributes:
        commodities: By (clearing organisation, commodity code).
        contracts: Contracts' own terms, by row of the contract frame.
        priced: Rows of contracts whose arrays are derived, ascending; all others have losses of their own.
        listed: Number of contracts that were listed; those quoted besides stand behind them.
        take_quoted: Clearing organisations whose contracts are those quoted, besides those listed.
        as_read: The contract frame without what the market says of prices; `None` until arrays are derived.
    """

    commodities: Mapping[tuple[str, str], CommodityPricing]
    contracts: Mapping[int, PricingTerms]
    priced: IntArray
    listed: int
    take_quoted: frozenset[str] = frozenset()
    as_read: pl.DataFrame | None = None


PRICING_SCHEMA = pl.Schema(
    {
        "model": pl.String,  # null where losses were given: nothing can be derived again
        "commodity": pl.Int32,  # row in ParameterSet.commodities
        "underlying": pl.String,  # market name of what the model moves
        "level_period": pl.String,  # its period, "" for the spot
        "level": pl.Float64,  # its price today; null where a scan range in money needs none
        "volatility": pl.Float64,  # today; null where the model needs none
        "years": pl.Float64,  # to expiry, 0 for an expired contract
        "rate": pl.Float64,
        "carry": pl.Float64,
        "price_scan_up": pl.Float64,  # price points of the level, positive
        "price_scan_down": pl.Float64,
        "volatility_scan_up": pl.Float64,  # not negative, already scaled by time
        "volatility_scan_down": pl.Float64,
        "volatility_scale": pl.Float64,  # factor of time scaling on volatility moves, 1 without
        "volatility_is_relative": pl.Boolean,  # the scan range is a fraction of the volatility
        "volatility_floor": pl.Float64,
        "volatility_floor_is_general": pl.Boolean,  # holds in every scenario, not only where volatility rises
        "look_ahead": pl.Float64,  # years
        "multiplier": pl.Float64,  # money per price point of the model's value, risk exponent included
        "rounding_unit": pl.Float64,  # null: losses stay exact
        "rounding_mode": pl.String,
    }
)
"""One row per contract."""


@dataclass(frozen=True, eq=False)
class ContractPricing:
    """The numbers that risk arrays were derived from, so that they can be derived again with others.

    Attributes:
        frame: Frame with `PRICING_SCHEMA`, row by row with `ParameterSet.contracts`.
        market: The market data they came from.
    """

    frame: pl.DataFrame
    market: tuple[MarketSource, ...] = ()
