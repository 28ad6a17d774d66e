"""A slow reference for the health of one account: exact fractions, one row after the other, no code of the engine."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from margin.model.account_policy import AccountPolicy, AssetPolicy, MarketKind, RateTier, WeightTier


@dataclass(frozen=True)
class Figures:
    """What an account has and needs."""

    equity: Fraction
    adjusted_maintenance: Fraction
    adjusted_initial: Fraction
    maintenance: Fraction
    initial: Fraction
    notional: Fraction


def exact(value: float) -> Fraction:
    """The decimal that a double was written as."""
    return Fraction(repr(float(value)))


def figures(
    policy: AccountPolicy,
    quotes: dict[str, float],
    balances: list[dict[str, Any]],
    positions: list[dict[str, Any]],
    orders: list[dict[str, Any]],
) -> Figures:
    """The figures of the cross scope of one account."""
    price = {name: exact(quote) for name, quote in quotes.items()} | {policy.reporting_asset: Fraction(1)}
    held: dict[str, Fraction] = defaultdict(Fraction)
    counted: dict[str, Fraction] = defaultdict(Fraction)
    places: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for row in balances:
        places[row["asset"], _place(policy, row)] += exact(row["quantity"])
    totals: dict[int, Fraction] = defaultdict(Fraction)
    for (name, place), quantity in places.items():
        totals[place] += max(quantity, Fraction(0)) * price[name]
    for (name, place), quantity in places.items():
        held[name] += quantity
        part = Fraction(1)
        if place >= 0 and quantity > 0:
            rule = policy.locations[place]
            part = exact(rule.weight)
            if policy.horizon_seconds is not None and rule.delay_seconds > policy.horizon_seconds:
                part = Fraction(0)
            if rule.value_cap is not None and totals[place] > exact(rule.value_cap):
                part *= exact(rule.value_cap) / totals[place]
        counted[name] += quantity * part

    profit: dict[str, Fraction] = defaultdict(Fraction)
    net: dict[str, Fraction] = defaultdict(Fraction)
    buys: dict[str, Fraction] = defaultdict(Fraction)
    sells: dict[str, Fraction] = defaultdict(Fraction)
    leverage: dict[str, float | None] = {}
    for row in positions:
        market = policy.markets[row["market"]]
        contents = exact(row["quantity"]) * exact(market.contract_size)
        entry, mark = exact(row["entry"]), price[market.price]
        gain = contents * (mark - entry) if market.kind is MarketKind.LINEAR else contents * (1 / entry - 1 / mark)
        profit[market.settlement] += gain
        net[row["market"]] += exact(row["quantity"])
        leverage[row["market"]] = row.get("leverage")
    for row in orders:
        quantity = exact(row["quantity"])
        (buys if quantity > 0 else sells)[row["market"]] += abs(quantity)

    equity = sum((held[name] * price[name] for name in held), Fraction(0))
    equity += sum((profit[name] * price[name] for name in profit), Fraction(0))
    adjusted = [Fraction(0), Fraction(0)]
    borrowed = [Fraction(0), Fraction(0)]
    for name in {*held, *profit}:
        rule = policy.assets[name]
        gain = profit[name] * (exact(rule.unsettled_profit_weight) if profit[name] > 0 else 1)
        value = (counted[name] + gain) * price[name]
        adjusted[0] += _weighted(value, rule, rule.maintenance_tiers, rule.maintenance_liability_weight)
        adjusted[1] += _weighted(value, rule, rule.initial_tiers, rule.initial_liability_weight)
        loan = max(-held[name], Fraction(0)) * price[name]
        borrowed[0] += loan * exact(rule.borrow_maintenance_rate)
        borrowed[1] += loan * exact(rule.borrow_initial_rate)

    maintenance, initial, notional = borrowed[0], borrowed[1], Fraction(0)
    for name in {*net, *buys, *sells}:
        market = policy.markets[name]
        unit = exact(market.contract_size)
        mark = price[market.price]
        unit = unit * mark if market.kind is MarketKind.LINEAR else unit / mark
        size = abs(net[name]) * unit
        worst = max(net[name] + buys[name], sells[name] - net[name], Fraction(0)) * unit
        settled = price[market.settlement]
        fee = exact(market.closing_fee_rate)
        chosen = leverage.get(name)
        base = size / exact(chosen) if chosen else _slices(size, market.initial_tiers)
        own = _slices(size, market.maintenance_tiers)
        if market.maintenance_of_initial is not None:
            own = base * exact(market.maintenance_of_initial)
        maintenance += (own + size * fee) * settled
        worst_base = worst / exact(chosen) if chosen else _slices(worst, market.initial_tiers)
        initial += (worst_base + worst * fee) * settled
        notional += size * settled
    return Figures(equity, adjusted[0], adjusted[1], maintenance, initial, notional)


def _place(policy: AccountPolicy, row: dict[str, Any]) -> int:
    for number, rule in enumerate(policy.locations):
        if all(
            wanted is None or wanted == row.get(name)
            for name, wanted in (("venue", rule.venue), ("chain", rule.chain), ("custodian", rule.custodian))
        ):
            return number
    return -1


def _weighted(value: Fraction, rule: AssetPolicy, tiers: tuple[WeightTier, ...], liability: float) -> Fraction:
    if value < 0:
        return value * exact(liability)
    if rule.concentration.value_cap is not None:
        value = min(value, exact(rule.concentration.value_cap))
    total, lower = Fraction(0), Fraction(0)
    for tier in tiers:
        upper = value if tier.upper == float("inf") else min(value, exact(tier.upper))
        total += max(upper - lower, Fraction(0)) * exact(tier.weight)
        lower = max(lower, upper)
    return total


def _slices(size: Fraction, tiers: tuple[RateTier, ...]) -> Fraction:
    """Rates slice by slice: what N·rate − deduction must come to."""
    total = Fraction(0)
    for number, tier in enumerate(tiers):
        upper = exact(tiers[number + 1].lower) if number + 1 < len(tiers) else size
        total += max(min(size, upper) - exact(tier.lower), Fraction(0)) * exact(tier.rate)
    return total
