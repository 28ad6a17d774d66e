"""The CME-like shape: futures with several option products, tiers, mini contracts, three exchanges, whole money."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tests.market.business_functions import business_functions
from tests.market.cme_rules import combined_commodity, inter_spreads, super_spreads
from tests.market.cme_underlyings import (
    INITIAL_FACTOR,
    MINI_SCALE,
    Build,
    Placed,
    Underlying,
    account_types,
    listed_underlyings,
    rounded,
)
from tests.market.dates import third_fridays, weekly_fridays, years_between
from tests.market.layout import FamilyDraft, apportion_options, finish_families
from tests.market.model import Market
from tests.market.pricing import standard_grid
from tests.market.specification import Feature, MarketSpec

INTEREST_RATE = 0.04
NO_EXPIRY = "000000"


def build(spec: MarketSpec) -> Market:
    """The market of a CME-like specification."""
    grid = standard_grid()
    scan_factors = {"1": 1.0, "2": INITIAL_FACTOR} if spec.has(Feature.INITIAL_ARRAYS) else {"1": 1.0}
    state = Build(spec, [], scan_factors)
    placed = [_place(state, i, u) for i, u in enumerate(listed_underlyings(spec))]
    _add_options(state, placed)
    order = {"PHY": 0, "FUT": 1, "OOF": 2}
    drafts = [draft for draft in state.drafts if draft.count]
    drafts.sort(key=lambda draft: (spec.exchanges.index(draft.exchange), order[draft.type], draft.id))
    families = finish_families(drafts, grid, scan_factors)
    commodities = tuple(combined_commodity(state, item) for item in placed)
    return Market(
        spec=spec,
        grid=grid,
        rate_ids=tuple(scan_factors),
        account_types=account_types(spec),
        families=families,
        commodities=commodities,
        super_spreads=super_spreads(state, placed),
        inter_spreads=inter_spreads(state, placed),
        business_functions=business_functions(commodities, families, state.scan_factors)
        if spec.has(Feature.BUSINESS_FUNCTIONS)
        else (),
    )


def _place(state: Build, index: int, underlying: Underlying) -> Placed:
    """Draft the physical, the futures and the mini futures of one underlying."""
    spec = state.spec
    exponent = 1 if spec.has(Feature.RISK_EXPONENT) and index % 3 == 0 else 0
    months = third_fridays(spec.business_date, underlying.months, spec.expiries)
    factor = underlying.contract_value_factor
    physical = _draft(state, underlying, underlying.code, "PHY", factor, exponent, 0)
    physical.has_arrays = False
    physical.value_method = "EQTY"
    spot = physical.add_linear(NO_EXPIRY, underlying.level, price_scan=0.0, volatility_scan=0.0)
    future = _draft(state, underlying, underlying.code, "FUT", factor, exponent, physical.id)
    scans = []
    for i in range(len(months)):
        points = underlying.level * underlying.scan * (1.0 - 0.04 * min(i, 8))
        scans.append(future.scan_money(points) / future.money_per_point)
    placed = Placed(index, underlying, months, exponent, future, scans)
    families = [future]
    if underlying.has_mini and spec.has(Feature.DELTA_SCALING):
        placed.mini = _draft(
            state, underlying, f"M{underlying.code}", "FUT", factor * MINI_SCALE, exponent, physical.id
        )
        families.append(placed.mini)
    for family in families:
        for i, month in enumerate(months):
            family.add_linear(
                f"{month:%Y%m}", _level(spec, underlying, month), price_scan=scans[i], volatility_scan=0.04,
                years=years_between(spec.business_date, month), settlement_date=f"{month:%Y%m%d}",
                underlying_contract=spot,
            )  # fmt: skip
    return placed


def _level(spec: MarketSpec, underlying: Underlying, month: dt.date) -> float:
    years = years_between(spec.business_date, month)
    return rounded(underlying.level * (1.0 + underlying.carry * years), underlying.price_decimals)


def _draft(
    state: Build, underlying: Underlying, code: str, type_: str, factor: float, exponent: int, underlying_id: int
) -> FamilyDraft:
    exchanges = state.spec.exchanges
    draft = FamilyDraft(
        id=1_000 + len(state.drafts),
        exchange=exchanges[underlying.exchange % len(exchanges)],
        code=code,
        type=type_,
        name=underlying.name,
        commodity="" if type_ == "PHY" else underlying.code,
        currency=state.spec.currency,
        contract_value_factor=factor,
        price_decimals=underlying.price_decimals,
        strike_decimals=underlying.price_decimals,
        array_decimals=0,
        array_unit=10.0**exponent,
        interest_rate=INTEREST_RATE if type_ == "OOF" else 0.0,
        underlying=underlying_id,
    )
    state.drafts.append(draft)
    return draft


@dataclass(frozen=True)
class _Wanted:
    """An option series still without its number of strikes."""

    family: FamilyDraft
    placed: Placed
    period: str
    expiry: dt.date
    month: int  # index of the underlying future's month


def _add_options(state: Build, placed: list[Placed]) -> None:
    wanted = [series for item in placed for series in _option_series(state, item)]
    sizes = apportion_options(state.spec, [1.0] * len(wanted))
    for series, size in zip(wanted, sizes, strict=True):
        item, underlying = series.placed, series.placed.underlying
        years = years_between(state.spec.business_date, series.expiry)
        series.family.add_series(
            series.period,
            _level(state.spec, underlying, item.months[series.month]),
            size,
            span=1.6 * underlying.scan,
            price_scan=item.scans[series.month],
            volatility_scan=0.03,
            volatility=rounded(underlying.volatility * (1.0 + 0.05 * min(years, 1.0)), 4),
            years=years,
            settlement_date=f"{series.expiry:%Y%m%d}",
            underlying_contract=series.month + 1,
            underlying_period=item.periods[series.month],
        )


def _option_series(state: Build, item: Placed) -> list[_Wanted]:
    """Standard options on each month, weekly ones on the nearest, and standard options on the mini future."""
    spec, underlying = state.spec, item.underlying
    factor = underlying.contract_value_factor
    standard = _draft(state, underlying, f"{item.code}O", "OOF", factor, item.exponent, item.future.id)
    weekly = _draft(state, underlying, f"{item.code}W", "OOF", factor, item.exponent, item.future.id)
    standard.value_method = "EQTY"
    futures_style = spec.has(Feature.FUTURES_STYLE_OPTIONS) and item.index % 2 == 1
    weekly.value_method = "FUT" if futures_style else "EQTY"
    if futures_style:
        weekly.interest_rate = 0.0
    item.options = [(standard, 1.0), (weekly, 1.0)]
    months = list(enumerate(item.months))
    wanted = [_Wanted(standard, item, item.periods[i], day, i) for i, day in months]
    for period, day in weekly_fridays(spec.business_date, spec.weekly_expiries):
        nearest = next((i for i, month in months if month >= day), None)
        if nearest is not None:
            wanted.append(_Wanted(weekly, item, period, day, nearest))
    if item.mini is not None:
        mini = _draft(state, underlying, f"M{item.code}O", "OOF", factor * MINI_SCALE, item.exponent, item.mini.id)
        mini.value_method = "EQTY"
        item.options.append((mini, MINI_SCALE))
        wanted += [_Wanted(mini, item, item.periods[i], day, i) for i, day in months[:1]]
    return wanted
