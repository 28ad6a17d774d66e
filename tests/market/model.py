"""The nouns of a generated market: product families, combined commodities, spreads, all plain data.

Field names follow the library's vocabulary; the order of families is the order in which they stand in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    from tests.market.specification import MarketSpec

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
    """One scenario or delta point: price move = mult × numerator ÷ denominator scan ranges."""

    number: int
    multiplier: int
    numerator: int
    denominator: int
    volatility: int
    weight: float
    paired: int = 0

    @property
    def price_move(self) -> float:
        """Price move as a multiple of the scan range, signed."""
        return self.multiplier * self.numerator / self.denominator


@dataclass(frozen=True)
class Grid:
    """Scenario points and composite-delta points of a clearing organisation."""

    scenarios: tuple[Point, ...]
    deltas: tuple[Point, ...]


@dataclass(frozen=True)
class AccountType:
    """An account type, with netting and the rate ids of its maintenance and initial requirement."""

    code: str
    name: str
    is_customer: bool
    is_net: bool
    maintenance_rate: str
    initial_rate: str | None


@dataclass(frozen=True)
class Series:
    """An option series: all strikes of one expiry, rows `start` to `stop` of its family."""

    period: str
    underlying_contract: int
    start: int
    stop: int
    volatility: float
    years: float
    settlement_date: str


@dataclass(frozen=True)
class Contracts:
    """Columns of a family's contracts, row by row in file order.

    Attributes:
        period: Contract period as written (``20260630``, ``202609``, ``202607W2``); zeros for a physical.
        underlying_period: Options on futures: the future's period, else ``""``.
        underlying_contract: Contract id in the underlying family, 0 for none.
        price: Settlement price at the family's price decimals.
        years: Time to expiry in years of 365 days.
        price_scan: Price scan range by rate id, in money of one contract over the risk exponent (the unit of
            the arrays).
        losses: Loss (+) or gain (−) of one long contract by rate id, shape (contracts, scenarios), in the
            file's unit; a family without arrays has an empty mapping.
        composite_delta: Composite delta by rate id, shape (contracts,).
    """

    period: tuple[str, ...]
    underlying_period: tuple[str, ...]
    underlying_contract: IntArray
    strike: FloatArray
    is_call: BoolArray
    price: FloatArray
    volatility: FloatArray
    years: FloatArray
    settlement_date: tuple[str, ...]
    current_delta: FloatArray
    volatility_scan: FloatArray
    price_scan: Mapping[str, FloatArray] = field(default_factory=dict)
    losses: Mapping[str, FloatArray] = field(default_factory=dict)
    composite_delta: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.period)


@dataclass(frozen=True)
class Family:
    """A product family with its contracts; contract ids are 1, 2, … inside it.

    Attributes:
        id: Product family id, unique inside the file.
        commodity: Code of its combined commodity, ``""`` where it belongs to none.
        contract_value_factor: Money value of one price point of one contract.
        lot_size: Quantity unit in which the product trades; not part of the file.
        underlying: Family id of the underlying, 0 for none.
    """

    id: int
    exchange: str
    code: str
    type: str
    name: str
    commodity: str
    currency: str
    contract_value_factor: float
    value_method: str
    price_decimals: int
    strike_decimals: int
    array_decimals: int
    interest_rate: float
    lot_size: int
    underlying: int
    contracts: Contracts
    series: tuple[Series, ...] = ()
    is_spot_model: bool = False

    @property
    def is_option(self) -> bool:
        """Whether contracts of this family are options."""
        return self.type in {"OOP", "OOF"}


@dataclass(frozen=True)
class Tier:
    """A range of periods with a rate by rate id; number 0 is the whole commodity."""

    number: int
    start: str | None = None
    end: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Leg:
    """A spread leg by tier or period, or a commodity of a scanning-based spread."""

    commodity: str
    side: str = "A"
    ratio: float = 1.0
    tier: int | None = None
    period: str | None = None
    is_target: bool = False
    is_required: bool = False


@dataclass(frozen=True)
class Spread:
    """A spread definition; ``method`` is F or W, or ``""`` for a scanning-based spread."""

    priority: int
    method: str
    rates: Mapping[str, float]
    legs: tuple[Leg, ...]
    is_target_required: bool = False
    legs_required: int = 2


@dataclass(frozen=True)
class SpotRate:
    """Delivery-month rates of one period, per delta in spreads and per outright delta."""

    rate_id: str
    period: str
    spread_rate: float
    outright_rate: float


@dataclass(frozen=True)
class Link:
    """Membership of a product family in a combined commodity."""

    family: int
    delta_scaling_factor: float = 1.0


@dataclass(frozen=True)
class Commodity:
    """A combined commodity; `adjustments` holds (rate id, base rate id, factor)."""

    code: str
    name: str
    currency: str
    links: tuple[Link, ...]
    risk_exponent: int = 0
    cap_option_value: bool = False
    weighted_price_risk_method: str = "NORMAL"
    short_option_minimum_method: str = "GROSS"
    group: str = ""
    adjustments: tuple[tuple[str, str, float], ...] = ()
    scan_tiers: tuple[Tier, ...] = ()
    intra_tiers: tuple[Tier, ...] = ()
    inter_tiers: tuple[Tier, ...] = ()
    som_tiers: tuple[Tier, ...] = ()
    spreads: tuple[Spread, ...] = ()
    spot_rates: tuple[SpotRate, ...] = ()


OwnArrays = Mapping[str, tuple[tuple[float, ...], float]]
"""Losses and composite delta by rate id."""


@dataclass(frozen=True)
class BusinessFunction:
    """A cross-margin (``XM``) or mutual offset (``MOS``) agreement: commodities over families cleared normally.

    Attributes:
        listed: By family id, the contracts that alone take part, by contract id with arrays of their own; families
            that are not named take part as a whole.
    """

    type: str
    code: str
    name: str
    commodities: tuple[Commodity, ...]
    inter_spreads: tuple[Spread, ...] = ()
    cap_option_value: bool = False
    listed: Mapping[int, Mapping[int, OwnArrays]] = field(default_factory=dict)


@dataclass(frozen=True)
class Market:
    """Everything a generated parameter file says, before it is written."""

    spec: MarketSpec
    grid: Grid
    rate_ids: tuple[str, ...]
    account_types: tuple[AccountType, ...]
    families: tuple[Family, ...]
    commodities: tuple[Commodity, ...]
    super_spreads: tuple[Spread, ...] = ()
    inter_spreads: tuple[Spread, ...] = ()
    business_functions: tuple[BusinessFunction, ...] = ()

    @cached_property
    def contracts(self) -> pl.DataFrame:
        """All contracts in file order, one row each, with the columns a position file names a contract by.

        ``expiry``, ``underlying_expiry``, ``right`` and ``strike`` are null where they do not apply;
        ``family`` is the family id and ``contract_id`` the id inside it.
        """
        frames = [_contract_frame(family) for family in self.families]
        return pl.concat(frames).with_row_index("row")

    def losses(self, rate_id: str = "1") -> FloatArray:
        """Losses of one long contract, rows as in `contracts`, in the file's unit; zeros without an array."""
        blank = len(self.grid.scenarios)
        return np.vstack([f.contracts.losses.get(rate_id, np.zeros((len(f.contracts), blank))) for f in self.families])

    def composite_delta(self, rate_id: str = "1") -> FloatArray:
        """Composite delta of one long contract, rows as in `contracts`; zeros without an array."""
        parts = [f.contracts.composite_delta.get(rate_id, np.zeros(len(f.contracts))) for f in self.families]
        return np.concatenate(parts)

    def family(self, id_: int) -> Family:
        """The family with this id."""
        return self._families_by_id[id_]

    @cached_property
    def _families_by_id(self) -> dict[int, Family]:
        return {family.id: family for family in self.families}


def _contract_frame(family: Family) -> pl.DataFrame:
    contracts = family.contracts
    count = len(contracts)
    dated = family.type != "PHY"
    rights = np.where(contracts.is_call, "C", "P") if family.is_option else np.full(count, "")
    return pl.DataFrame(
        {
            "commodity": pl.repeat(family.commodity, count, eager=True),
            "exchange": pl.repeat(family.exchange, count, eager=True),
            "product": pl.repeat(family.code, count, eager=True),
            "type": pl.repeat(family.type, count, eager=True),
            "expiry": pl.Series(contracts.period if dated else [None] * count, dtype=pl.String),
            "underlying_expiry": pl.Series([period or None for period in contracts.underlying_period], dtype=pl.String),
            "right": pl.Series([right or None for right in rights.tolist()], dtype=pl.String),
            "strike": pl.Series(contracts.strike if family.is_option else [None] * count, dtype=pl.Float64),
            "price": contracts.price,
            "currency": pl.repeat(family.currency, count, eager=True),
            "family": pl.repeat(family.id, count, eager=True, dtype=pl.Int64),
            "contract_id": np.arange(1, count + 1),
            "lot_size": pl.repeat(family.lot_size, count, eager=True, dtype=pl.Int64),
        }
    )
