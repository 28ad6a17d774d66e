"""Scanning risk, its decomposition into time, volatility and price risk, and weighted futures price risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.model import Commodity, OracleError, Policy, ScanPoint, Tier
from tests.oracle.rounding import rounded

ZERO = Fraction(0)
Covers = Callable[[str], bool]
"""Whether a set of periods contains a period."""


def standard_points() -> tuple[ScanPoint, ...]:
    """The standard sixteen points. Source: CME, "Risk Arrays"."""
    third = Fraction(1, 3)
    moves = [ZERO, third, -third, 2 * third, -2 * third, Fraction(1), Fraction(-1)]
    points = []
    for index, price in enumerate(moves):
        up, down = 2 * index + 1, 2 * index + 2
        points.append(ScanPoint(up, price, Fraction(1), down))
        points.append(ScanPoint(down, price, Fraction(-1), up))
    points.append(ScanPoint(15, Fraction(3), ZERO, 15))
    points.append(ScanPoint(16, Fraction(-3), ZERO, 16))
    return tuple(points)


def active_index(losses: list[Fraction]) -> int:
    """The lowest-numbered scenario with the largest loss, counted from 0."""
    return losses.index(max(losses))


def time_points(points: tuple[ScanPoint, ...]) -> tuple[int, int]:
    """Indices of the two points without a price move: (volatility up, volatility down)."""
    up = [i for i, point in enumerate(points) if point.price_move == 0 and point.volatility_move > 0]
    down = [i for i, point in enumerate(points) if point.price_move == 0 and point.volatility_move < 0]
    if not up or not down:
        raise OracleError("the scenario grid has no pair of points without a price move")
    return up[0], down[0]


@dataclass(frozen=True)
class ScanResult:
    """Scan risk of one array; `active` is the 1-based number of the active scenario."""

    losses: list[Fraction]
    scan: Fraction
    active: int
    time: Fraction
    volatility: Fraction
    price: Fraction


def scan_array(losses: list[Fraction], points: tuple[ScanPoint, ...], policy: Policy) -> ScanResult:
    """Scan risk and its parts.

    scan = the largest loss, 0 when every scenario is a gain (then price risk is 0 and volatility risk half the
    difference of the time pair); time = mean of the time pair; volatility = half the difference between the
    active scenario and its paired point; price = what is left, not below 0.
    """
    if len(losses) != len(points):
        raise OracleError(f"array of {len(losses)} losses for a grid of {len(points)} points")
    k = active_index(losses)
    up, down = time_points(points)
    time = rounded((losses[up] + losses[down]) / 2, policy.round_risk_components)
    if losses[k] < 0:
        volatility = rounded((losses[up] - losses[down]) / 2, policy.round_risk_components)
        return ScanResult(losses, ZERO, k + 1, time, volatility, ZERO)
    scan = rounded(losses[k], policy.round_scan_risk)
    volatility = rounded((scan - losses[points[k].pair - 1]) / 2, policy.round_risk_components)
    if points[k].pair == k + 1:
        volatility = ZERO
    return ScanResult(losses, scan, k + 1, time, volatility, max(ZERO, scan - time - volatility))


def in_range(period: str, start: str | None, end: str | None) -> bool:
    """Whether a period lies in a range, ends included; an end given to the month takes in its days."""
    after_start = start is None or period[: len(start)] >= start
    before_end = end is None or period[: len(end)] <= end
    return after_start and before_end


def tier_covers(tiers: tuple[Tier, ...], number: int) -> Covers:
    """The periods of a tier of spreads; tier 0 is the whole commodity."""
    if number == 0:
        return lambda period: True
    matching = [tier for tier in tiers if tier.number == number]
    if not matching:
        raise OracleError(f"no tier {number}")
    return lambda period: any(in_range(period, tier.start, tier.end) for tier in matching)


def partition_tier(tiers: tuple[Tier, ...], period: str) -> int:
    """The scan (or short option minimum) tier a period belongs to.

    Scan tiers are scanned as if they were separate products: a period belongs to the first numbered tier that
    covers it, and to tier 0 where none does.
    """
    for tier in tiers:
        if tier.number != 0 and in_range(period, tier.start, tier.end):
            return tier.number
    return 0


def scan_tiers(
    commodity: Commodity,
    periods: list[str],
    losses_of: Callable[[Covers], list[Fraction]],
    points: tuple[ScanPoint, ...],
    policy: Policy,
) -> dict[int, ScanResult]:
    """The scan of every scan tier that has positions, by tier number."""

    def covers(number: int) -> Covers:
        return lambda period: partition_tier(commodity.scan_tiers, period) == number

    numbers = sorted({partition_tier(commodity.scan_tiers, period) for period in periods}) or [0]
    return {number: scan_array(losses_of(covers(number)), points, policy) for number in numbers}


def combined_scan(tiers: dict[int, ScanResult]) -> ScanResult:
    """The commodity's scan, time and volatility risk, sums over scan tiers; price risk is what is left.

    With several scan tiers there is no active scenario of the commodity (0 here). Where every scenario of
    every tier is a gain there is no price risk.
    """
    if len(tiers) == 1:
        return next(iter(tiers.values()))
    results = list(tiers.values())
    losses = [sum(column, ZERO) for column in zip(*(result.losses for result in results), strict=True)]
    scan = sum((result.scan for result in results), ZERO)
    time = sum((result.time for result in results), ZERO)
    volatility = sum((result.volatility for result in results), ZERO)
    gain_everywhere = all(max(result.losses) < 0 for result in results)
    price = ZERO if gain_everywhere else max(ZERO, scan - time - volatility)
    return ScanResult(losses, scan, 0, time, volatility, price)


def weighted_price_risk(
    method: str, price_risk: Fraction, net_delta: Fraction, scan_range: Callable[[], Fraction], policy: Policy
) -> Fraction:
    """W, weighted futures price risk, from original positions.

    NORMAL: price risk per delta. SCANRANGE_CAP: the same, at most the scan range per delta. SCANRANGE: the
    scan range, whatever the price risk. Without price risk or without delta NORMAL and SCANRANGE_CAP give 0.
    Source: CME, "Combined Commodities" and Chadv10-409.
    """
    if method not in {"NORMAL", "SCANRANGE", "SCANRANGE_CAP"}:
        raise OracleError(f"unknown weighted futures price risk method {method}")
    if method == "SCANRANGE":
        return rounded(scan_range(), policy.round_weighted_price_risk)
    if price_risk <= 0 or net_delta == 0:
        return ZERO
    per_delta = price_risk / abs(net_delta)
    if method == "SCANRANGE_CAP":
        per_delta = min(per_delta, scan_range())
    return rounded(per_delta, policy.round_weighted_price_risk)
