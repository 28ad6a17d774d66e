"""From drafts of product families (which contracts exist, on what terms) to families with values and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.market.model import BoolArray, Contracts, Family, FloatArray, Grid, Series
from tests.market.pricing import Terms, composite_deltas, risk_arrays, round_plain, smile, value_and_delta
from tests.market.specification import MarketSpec

NICE_STEPS = (1.0, 2.0, 5.0)


@dataclass
class FamilyDraft:
    """A product family before valuation; the lists grow contract by contract or series by series."""

    id: int
    exchange: str
    code: str
    type: str
    name: str
    commodity: str
    currency: str
    contract_value_factor: float
    price_decimals: int
    strike_decimals: int
    array_decimals: int
    array_unit: float = 1.0  # money of one unit of the arrays: 10 to the risk exponent
    value_method: str = "FUT"
    interest_rate: float = 0.0
    lot_size: int = 1
    underlying: int = 0
    is_spot_model: bool = False
    has_arrays: bool = True
    series: list[Series] = field(default_factory=list)
    blocks: list[_Block] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of contracts so far."""
        return self.blocks[-1].stop if self.blocks else 0

    @property
    def money_per_point(self) -> float:
        """Units of the arrays of one price point of one contract."""
        return self.contract_value_factor / self.array_unit

    def scan_money(self, price_scan: float) -> float:
        """A price scan range in points, as the file states it: units of the arrays, at their decimals."""
        return float(round_plain(np.array([price_scan * self.money_per_point]), self.array_decimals)[0])

    def add_linear(
        self,
        period: str,
        level: float,
        *,
        price_scan: float,
        volatility_scan: float,
        volatility: float = 0.0,
        years: float = 0.0,
        settlement_date: str = "",
        underlying_contract: int = 0,
    ) -> int:
        """Add a future or physical; returns its contract id."""
        one = np.ones(1)
        self.blocks.append(
            _Block(
                self.count, period, "", underlying_contract, level, price_scan, volatility_scan, years, settlement_date,
                strike=0.0 * one, is_call=np.zeros(1, dtype=bool), volatility=volatility * one,
            )
        )  # fmt: skip
        return self.count

    def add_series(
        self,
        period: str,
        level: float,
        options: int,
        *,
        span: float,
        price_scan: float,
        volatility_scan: float,
        volatility: float,
        years: float,
        settlement_date: str,
        underlying_contract: int,
        underlying_period: str = "",
    ) -> None:
        """Add an option series of `options` contracts: call and put of each strike, strikes around the level."""
        if options == 0:
            return
        strikes = strike_ladder(level, (options + 1) // 2, span, self.strike_decimals)
        strike = np.repeat(strikes, 2)[:options]
        is_call = (np.arange(options) % 2) == 0
        base = np.full(options, volatility)
        start = self.count
        self.blocks.append(
            _Block(
                start, period, underlying_period, underlying_contract, level, price_scan, volatility_scan, years,
                settlement_date, strike, is_call, smile(base, np.full(options, level), strike),
            )
        )  # fmt: skip
        self.series.append(
            Series(period, underlying_contract, start, start + options, volatility, years, settlement_date)
        )


@dataclass(frozen=True)
class _Block:
    """Contracts of one family that share everything but strike, right and volatility."""

    start: int
    period: str
    underlying_period: str
    underlying_contract: int
    level: float
    price_scan: float
    volatility_scan: float
    years: float
    settlement_date: str
    strike: FloatArray
    is_call: BoolArray
    volatility: FloatArray

    @property
    def stop(self) -> int:
        return self.start + len(self.strike)


def strike_ladder(level: float, number: int, span: float, decimals: int) -> FloatArray:
    """Evenly spaced strikes around the level, over about ±`span` (a fraction), at a step of 1, 2 or 5 × 10ⁿ."""
    width = 2.0 * span * level / number
    magnitude = 10.0 ** np.floor(np.log10(width))
    step = max([nice for nice in NICE_STEPS if nice * magnitude <= width * (1 + 1e-9)]) * magnitude
    step = max(step, 10.0**-decimals)
    centre = np.rint(level / step)
    strikes = round_plain((centre + np.arange(number) - number // 2) * step, decimals)
    if strikes[0] <= 0.0:
        raise ValueError(f"{number} strikes around {level} reach zero; ask for fewer strikes")
    return strikes


def apportion_options(spec: MarketSpec, weights: Sequence[float]) -> list[int]:
    """Number of options in each series: twice `spec.strikes`, or `spec.options` shared out by weight, exactly."""
    if spec.options is None:
        return [2 * spec.strikes] * len(weights)
    if not weights:
        raise ValueError("options are asked for, but no underlying has option expiries")
    pairs = (spec.options + 1) // 2
    share = np.asarray(weights) / np.sum(weights) * pairs
    counts = np.floor(share).astype(np.int64)
    counts[: pairs - counts.sum()] += 1
    options = 2 * counts
    options[np.argmax(options)] -= spec.options % 2
    return [int(number) for number in options]


def finish_families(drafts: Sequence[FamilyDraft], grid: Grid, scan_factors: Mapping[str, float]) -> tuple[Family, ...]:
    """Value all contracts of all families at once and cut the result up again.

    Args:
        drafts: The families in file order.
        grid: Scenario and delta points.
        scan_factors: By rate id, the factor on the price scan range of its arrays.
    """
    terms = _terms(drafts)
    value, delta = value_and_delta(terms, terms.level, terms.volatility, terms.years)
    arrays = {rate: risk_arrays(terms, grid, factor) for rate, factor in scan_factors.items()}
    composite = {rate: round_plain(composite_deltas(terms, grid, factor), 4) for rate, factor in scan_factors.items()}
    families, start = [], 0
    for draft in drafts:
        rows = slice(start, start + draft.count)
        start = rows.stop
        families.append(_family(draft, terms, rows, value, delta, arrays, composite, scan_factors))
    return tuple(families)


def _terms(drafts: Sequence[FamilyDraft]) -> Terms:
    def by_block(pick: str) -> FloatArray:
        values = [getattr(block, pick) for draft in drafts for block in draft.blocks]
        return np.repeat(np.array(values, dtype=np.float64), sizes)

    def by_family(values: Sequence[float | bool]) -> FloatArray:
        return np.repeat(np.array(values, dtype=np.float64), [draft.count for draft in drafts])

    def joined(pick: str) -> FloatArray:
        return np.concatenate([getattr(block, pick) for draft in drafts for block in draft.blocks])

    sizes = [len(block.strike) for draft in drafts for block in draft.blocks]
    return Terms(
        level=by_block("level"),
        strike=joined("strike"),
        is_call=joined("is_call").astype(bool),
        is_option=by_family([bool(draft.series) for draft in drafts]).astype(bool),
        is_spot_model=by_family([draft.is_spot_model for draft in drafts]).astype(bool),
        volatility=joined("volatility"),
        years=by_block("years"),
        rate=by_family([draft.interest_rate for draft in drafts]),
        price_scan=by_block("price_scan"),
        volatility_scan=by_block("volatility_scan"),
        contract_value_factor=by_family([draft.money_per_point for draft in drafts]),
    )


def _family(
    draft: FamilyDraft,
    terms: Terms,
    rows: slice,
    value: FloatArray,
    delta: FloatArray,
    arrays: Mapping[str, FloatArray],
    composite: Mapping[str, FloatArray],
    scan_factors: Mapping[str, float],
) -> Family:
    def spread(pick: str) -> list[str]:
        return [getattr(block, pick) for block in draft.blocks for _ in range(len(block.strike))]

    scan = terms.price_scan[rows] * draft.money_per_point
    contracts = Contracts(
        period=tuple(spread("period")),
        underlying_period=tuple(spread("underlying_period")),
        underlying_contract=np.array(spread("underlying_contract"), dtype=np.int64),
        strike=terms.strike[rows],
        is_call=terms.is_call[rows],
        price=round_plain(value[rows], draft.price_decimals),
        volatility=terms.volatility[rows],
        years=terms.years[rows],
        settlement_date=tuple(spread("settlement_date")),
        current_delta=round_plain(delta[rows], 4) if draft.series else np.ones(draft.count),
        volatility_scan=terms.volatility_scan[rows],
        price_scan={r: round_plain(scan * f, draft.array_decimals) for r, f in scan_factors.items()}
        if draft.has_arrays
        else {},
        losses={r: round_plain(a[rows], draft.array_decimals) for r, a in arrays.items()} if draft.has_arrays else {},
        composite_delta={r: d[rows] for r, d in composite.items()} if draft.has_arrays else {},
    )
    return Family(
        id=draft.id,
        exchange=draft.exchange,
        code=draft.code,
        type=draft.type,
        name=draft.name,
        commodity=draft.commodity,
        currency=draft.currency,
        contract_value_factor=draft.contract_value_factor,
        value_method=draft.value_method,
        price_decimals=draft.price_decimals,
        strike_decimals=draft.strike_decimals,
        array_decimals=draft.array_decimals,
        interest_rate=draft.interest_rate,
        lot_size=draft.lot_size,
        underlying=draft.underlying,
        contracts=contracts,
        series=tuple(draft.series),
        is_spot_model=draft.is_spot_model,
    )
