"""The NSE-like shape: physical, futures and options on the spot per underlying, spreads between periods."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tests.market.dates import long_dated_tuesdays, month_end_tuesdays, weekly_tuesdays, years_between
from tests.market.layout import FamilyDraft, apportion_options, finish_families
from tests.market.model import AccountType, Commodity, Leg, Link, Market, Spread, Tier
from tests.market.pricing import round_plain, standard_grid
from tests.market.specification import Feature, MarketSpec

INDICES = (
    # code, name, spot, volatility, price scan range and volatility scan range as fractions, lot size
    ("LOTUS50", "Lotus 50 Index", 24_050.35, 0.17, 0.093, 0.04, 75),
    ("LOTUSBANK", "Lotus Bank Index", 58_150.35, 0.19, 0.094, 0.05, 35),
    ("LOTUSFIN", "Lotus Financial Services Index", 27_410.60, 0.20, 0.096, 0.05, 65),
    ("LOTUSMID", "Lotus Midcap Select Index", 13_205.15, 0.22, 0.105, 0.05, 140),
)
FIRST_STOCKS = ("DECCANSOFT", "SHAH&SONS", "KAVERIPOWR", "MALABARTEA")
STOCK_STEMS = (
    "ARAVALI", "BANYAN", "CORAL", "DECCAN", "GANGA", "KAVERI", "KONKAN", "MALABAR",
    "MONSOON", "NILGIRI", "SAFFRON", "SAGAR", "THAR", "VINDHYA", "YAMUNA", "ZENITH",
)  # fmt: skip
STOCK_TRADES = (
    "CEM", "STEEL", "SOFT", "POWR", "PHARM", "MOTOR", "TEL", "FIN", "OIL", "RETAIL",
    "TEA", "PORT", "CHEM", "AIR", "LIFE", "PAINT",
)  # fmt: skip

INTEREST_RATE = 0.07
CALENDAR_SPREAD_RATE = 0.0175  # of the future's price, and a tenth of that more for each expiry between
INDEX_SPAN, STOCK_SPAN = 0.12, 0.25
INITIAL_FACTOR = 1.1
RUPEES_PER_LOT = 1_500_000

ACCOUNT_TYPES = (
    AccountType("S", "Speculator", True, True, "1", "2"),
    AccountType("H", "Hedger", True, True, "3", "4"),
    AccountType("M", "Member", True, True, "5", "6"),
    AccountType("O", "Omnibus", True, False, "7", "8"),
    AccountType("Q", "Omnibus hedge", True, False, "9", None),
    AccountType("N", "Clearing", False, True, "10", None),
    AccountType("M", "Clearing member", False, True, "11", None),
)
PLAIN_ACCOUNT_TYPES = tuple(
    AccountType(kind.code, kind.name, kind.is_customer, kind.is_net, "1", None) for kind in ACCOUNT_TYPES
)


@dataclass(frozen=True)
class _Underlying:
    code: str
    name: str
    spot: float
    volatility: float
    price_scan: float  # points
    volatility_scan: float
    lot_size: int
    is_index: bool
    futures: tuple[dt.date, ...]
    options: tuple[dt.date, ...]

    @property
    def expiries(self) -> tuple[dt.date, ...]:
        return tuple(sorted({*self.futures, *self.options}))


def build(spec: MarketSpec) -> Market:
    """The market of an NSE-like specification."""
    grid = standard_grid()
    underlyings = _underlyings(spec)
    drafts = _families(spec, underlyings)
    scan_factors = {"1": 1.0, "2": INITIAL_FACTOR} if spec.has(Feature.INITIAL_ARRAYS) else {"1": 1.0}
    factors = {rate: (1.0 if rate == "1" else INITIAL_FACTOR) for rate in scan_factors}
    commodities = tuple(_commodity(spec, underlying, drafts, factors) for underlying in underlyings)
    adjusted = spec.has(Feature.ADJUSTED_RATES)
    return Market(
        spec=spec,
        grid=grid,
        rate_ids=tuple(scan_factors),
        account_types=ACCOUNT_TYPES if adjusted else PLAIN_ACCOUNT_TYPES,
        families=finish_families(drafts, grid, scan_factors),
        commodities=commodities,
    )


def _stock_codes(number: int) -> list[str]:
    codes = list(FIRST_STOCKS)
    names = (stem + trade for trade in STOCK_TRADES for stem in STOCK_STEMS)
    codes += [name for name in names if name not in FIRST_STOCKS]
    if number > len(codes):
        codes += [f"STOCK{i:04d}" for i in range(number - len(codes))]
    return codes[:number]


def _underlyings(spec: MarketSpec) -> list[_Underlying]:
    indices = min(spec.index_underlyings, spec.underlyings, len(INDICES))
    stocks = _stock_codes(spec.underlyings - indices)
    monthly = month_end_tuesdays(spec.business_date, spec.expiries)
    weekly = weekly_tuesdays(spec.business_date, spec.weekly_expiries)
    long_dated = long_dated_tuesdays(monthly[-1], spec.long_expiries)
    with_options = spec.underlyings - spec.futures_only
    made = [
        _Underlying(
            code, name, spot, volatility, _points(spot * scan), volatility_scan, lot, True,
            tuple(monthly),
            tuple(sorted({*monthly, *weekly, *long_dated})) if i < with_options else (),
        )
        for i, (code, name, spot, volatility, scan, volatility_scan, lot) in enumerate(INDICES[:indices])
    ]  # fmt: skip
    uniform = np.random.Generator(np.random.PCG64(spec.seed)).random((len(stocks), 3))
    for i, (code, (price, risk, width)) in enumerate(zip(stocks, uniform.tolist(), strict=True), start=indices):
        spot = _points(90.0 * 70.0**price)  # 90 to 6,300 rupees, evenly in logarithms
        volatility = round(0.22 + 0.33 * risk, 2)
        scan = 0.11 + 0.25 * volatility * (0.8 + 0.4 * width)
        lot = max(25, round(RUPEES_PER_LOT / spot / 25) * 25)
        made.append(
            _Underlying(
                code, f"{code.title()} Ltd", spot, volatility, _points(spot * scan), 0.10, lot, False,
                tuple(monthly), tuple(monthly) if i < with_options else (),
            )
        )  # fmt: skip
    return made


def _points(value: float) -> float:
    return float(round_plain(np.array([value]), 2)[0])


def _draft(spec: MarketSpec, underlying: _Underlying, id_: int, type_: str, underlying_id: int) -> FamilyDraft:
    return FamilyDraft(
        id=id_,
        exchange=spec.exchanges[0],
        code=underlying.code,
        type=type_,
        name=underlying.name,
        commodity=underlying.code,
        currency=spec.currency,
        contract_value_factor=1.0,
        price_decimals=2,
        strike_decimals=2,
        array_decimals=2,
        value_method="FUT" if type_ == "FUT" else "EQTY",
        interest_rate=INTEREST_RATE,
        lot_size=underlying.lot_size,
        underlying=underlying_id,
        is_spot_model=True,
    )


def _families(spec: MarketSpec, underlyings: list[_Underlying]) -> list[FamilyDraft]:
    """All physicals, then all futures, then all options, as the file groups them."""
    number = len(underlyings)
    physicals, futures, options = [], [], []
    weights = [(4.0 if u.is_index else 1.0) for u in underlyings for _ in u.options]
    sizes = iter(apportion_options(spec, weights))
    for i, underlying in enumerate(underlyings):
        physical = _draft(spec, underlying, i + 1, "PHY", 0)
        _add_linear(spec, physical, underlying, None)
        physicals.append(physical)
        future = _draft(spec, underlying, number + i + 1, "FUT", physical.id)
        for day in underlying.futures:
            _add_linear(spec, future, underlying, day)
        futures.append(future)
        if underlying.options:
            option = _draft(spec, underlying, 2 * number + i + 1, "OOP", physical.id)
            _add_option_series(spec, option, underlying, [next(sizes) for _ in underlying.options])
            if option.count:
                options.append(option)
    return [*physicals, *futures, *options]


def _add_linear(spec: MarketSpec, family: FamilyDraft, underlying: _Underlying, day: dt.date | None) -> None:
    """Add the physical (without a day) or a future."""
    family.add_linear(
        f"{day:%Y%m%d}" if day else "00000000",
        underlying.spot,
        price_scan=underlying.price_scan,
        volatility_scan=underlying.volatility_scan,
        volatility=underlying.volatility,
        years=years_between(spec.business_date, day) if day else 0.0,
        settlement_date=f"{day:%Y%m%d}" if day else "",
        underlying_contract=1 if day else 0,
    )


def _add_option_series(spec: MarketSpec, option: FamilyDraft, underlying: _Underlying, sizes: list[int]) -> None:
    for day, size in zip(underlying.options, sizes, strict=True):
        option.add_series(
            f"{day:%Y%m%d}",
            underlying.spot,
            size,
            span=INDEX_SPAN if underlying.is_index else STOCK_SPAN,
            price_scan=underlying.price_scan,
            volatility_scan=underlying.volatility_scan,
            volatility=underlying.volatility,
            years=years_between(spec.business_date, day),
            settlement_date=f"{day:%Y%m%d}",
            underlying_contract=1,
        )


def _commodity(
    spec: MarketSpec, underlying: _Underlying, drafts: list[FamilyDraft], factors: dict[str, float]
) -> Commodity:
    adjustments: tuple[tuple[str, str, float], ...] = ()
    if spec.has(Feature.ADJUSTED_RATES):
        rates = [rate for kind in ACCOUNT_TYPES for rate in (kind.maintenance_rate, kind.initial_rate) if rate]
        adjustments = tuple((rate, "1", 1.0) for rate in rates if rate not in factors)
    minimum = _points(0.01 * underlying.price_scan) if spec.has(Feature.SHORT_OPTION_MINIMUM) else 0.0
    return Commodity(
        code=underlying.code,
        name=underlying.name,
        currency=spec.currency,
        links=tuple(Link(draft.id) for draft in drafts if draft.commodity == underlying.code),
        cap_option_value=spec.has(Feature.CAPPED_OPTION_VALUE),
        adjustments=adjustments,
        som_tiers=(Tier(0, rates={rate: _points(minimum * f) for rate, f in factors.items()}),),
        spreads=_period_spreads(underlying, factors) if spec.has(Feature.PERIOD_SPREADS) else (),
    )


def _period_spreads(underlying: _Underlying, factors: dict[str, float]) -> tuple[Spread, ...]:
    """Every expiry against every other, neighbours first; n(n−1)/2 spreads for n expiries."""
    periods = [f"{day:%Y%m%d}" for day in underlying.expiries]
    pairs = sorted(combinations(range(len(periods)), 2), key=lambda pair: (pair[1] - pair[0], pair[0]))
    spreads = []
    for priority, (near, far) in enumerate(pairs, start=1):
        charge = CALENDAR_SPREAD_RATE * underlying.spot * (1.0 + 0.1 * (far - near - 1))
        legs = (
            Leg(underlying.code, "A", 1.0, period=periods[near]),
            Leg(underlying.code, "B", 1.0, period=periods[far]),
        )
        rates = {rate: _points(charge * factor) for rate, factor in factors.items()}
        spreads.append(Spread(priority, "F", rates, legs))
    return tuple(spreads)
