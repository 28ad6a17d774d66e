"""Underlyings and account types of the CME-like shape, and the state of one build."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from tests.market.dates import ALL_MONTHS, QUARTER_MONTHS
from tests.market.layout import FamilyDraft
from tests.market.model import AccountType
from tests.market.pricing import round_plain
from tests.market.specification import Feature, MarketSpec

INITIAL_FACTOR = 1.1
MINI_SCALE = 0.1

ACCOUNT_TYPES = (
    AccountType("S", "Speculator", True, True, "1", "2"),
    AccountType("H", "Hedger", True, True, "3", "4"),
    AccountType("M", "Member", False, True, "5", "6"),
    AccountType("O", "Omnibus", True, False, "7", "8"),
)
RATES_WITH_INITIAL_FACTOR = frozenset({"2", "8"})


@dataclass(frozen=True)
class Underlying:
    """A combined commodity to be: its main future's level, size and risk."""

    code: str
    exchange: int
    name: str
    group: str
    level: float
    contract_value_factor: float
    volatility: float
    scan: float  # fraction of the level
    price_decimals: int
    months: tuple[int, ...]
    carry: float
    has_mini: bool = False


UNDERLYINGS = (
    Underlying("LX", 0, "Large-Cap 500 Index", "EQUITY", 5_204.25, 50, 0.16, 0.060, 2, QUARTER_MONTHS, 0.035, True),
    Underlying("TX", 0, "Technology 100 Index", "EQUITY", 18_310.5, 20, 0.21, 0.075, 2, QUARTER_MONTHS, 0.035, True),
    Underlying("MZ", 1, "Maize", "AGRICULTURE", 452.25, 50, 0.28, 0.075, 2, (3, 5, 7, 9, 12), 0.02),
    Underlying("SB", 1, "Soya Beans", "AGRICULTURE", 1_148.5, 50, 0.24, 0.065, 2, (1, 3, 5, 7, 8, 9, 11), 0.01),
    Underlying("KO", 2, "Crude Oil", "ENERGY", 71.4, 1_000, 0.36, 0.085, 2, ALL_MONTHS, -0.04, True),
    Underlying("NX", 2, "Natural Gas", "ENERGY", 3.265, 10_000, 0.55, 0.12, 3, ALL_MONTHS, 0.10),
    Underlying("EU", 0, "Euro / US Dollar", "CURRENCY", 1.0842, 125_000, 0.08, 0.022, 5, QUARTER_MONTHS, 0.015),
    Underlying("TN", 1, "Ten-Year Note", "RATES", 110.25, 1_000, 0.07, 0.020, 3, QUARTER_MONTHS, -0.01),
    Underlying("AU", 2, "Gold", "METALS", 2_391.4, 100, 0.15, 0.045, 1, (2, 4, 6, 8, 10, 12), 0.04),
)  # fmt: skip


@dataclass
class Build:
    """The state of one build: drafts so far and the months and drafts of each underlying."""

    spec: MarketSpec
    drafts: list[FamilyDraft]
    scan_factors: dict[str, float]

    def rates(self, amount: float, decimals: int = 0) -> dict[str, float]:
        """A money rate by rate id: wider where the arrays of the rate id are."""
        return {r: rounded(amount * f, decimals) for r, f in self.scan_factors.items()}

    def fractions(self, fraction: float) -> dict[str, float]:
        """A fraction, the same for every rate id."""
        return dict.fromkeys(self.scan_factors, fraction)


@dataclass
class Placed:
    """An underlying with its months and the drafts that belong to it."""

    index: int
    underlying: Underlying
    months: list[dt.date]
    exponent: int
    future: FamilyDraft
    scans: list[float]  # price scan range of each month in points of the main future
    mini: FamilyDraft | None = None
    options: list[tuple[FamilyDraft, float]] | None = None

    @property
    def code(self) -> str:
        return self.underlying.code

    @property
    def periods(self) -> list[str]:
        return [f"{day:%Y%m}" for day in self.months]

    @property
    def scan_money(self) -> float:
        """The nearest month's scan range in units of the arrays."""
        return self.future.scan_money(self.scans[0])


def rounded(value: float, decimals: int) -> float:
    """One value rounded to decimals, ties away from zero."""
    return float(round_plain(np.array([value]), decimals)[0])


def account_types(spec: MarketSpec) -> tuple[AccountType, ...]:
    """Account types; without adjusted rates all share the rate ids that have figures of their own."""
    if spec.has(Feature.ADJUSTED_RATES):
        return ACCOUNT_TYPES
    initial = "2" if spec.has(Feature.INITIAL_ARRAYS) else None
    return tuple(AccountType(k.code, k.name, k.is_customer, k.is_net, "1", initial) for k in ACCOUNT_TYPES)


def listed_underlyings(spec: MarketSpec) -> list[Underlying]:
    """The named underlyings, then as many made-up ones as the specification asks for."""
    made = list(UNDERLYINGS[: spec.underlyings])
    uniform = np.random.Generator(np.random.PCG64(spec.seed)).random((spec.underlyings - len(made), 3))
    for i, (price, risk, calendar) in enumerate(uniform.tolist()):
        volatility = round(0.12 + 0.35 * risk, 2)
        made.append(
            Underlying(
                code=f"{chr(65 + i // 100 % 26)}{i % 100:02d}",
                exchange=i % 3,
                name=f"Commodity {i + 1}",
                group="OTHER",
                level=rounded(20.0 * 100.0**price, 2),
                contract_value_factor=(50.0, 100.0, 1_000.0)[i % 3],
                volatility=volatility,
                scan=round(0.02 + 0.22 * volatility, 3),
                price_decimals=2,
                months=QUARTER_MONTHS if calendar < 0.5 else ALL_MONTHS,
                carry=0.02,
            )
        )
    return made
