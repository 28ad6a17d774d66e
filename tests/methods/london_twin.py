"""London SPAN of one account in plain Python and exact fractions, straight from a house configuration document.

It shares no code with the engine and knows what `tests.methods.london_documents` writes: futures and premium-style
options on futures, the standard scenarios, spreads whose legs do not compete for the same deltas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

Node = dict[str, Any]
Covers = Callable[[str], bool]
ZERO = Fraction(0)
SIGN = {"A": 1, "B": -1}


def exact(value: Any) -> Fraction:
    """A number as it is written in a document."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def away(value: Fraction, decimals: int | None) -> Fraction:
    """Rounded half away from zero; unchanged without decimals."""
    if decimals is None:
        return value
    unit = Fraction(1, 10**decimals)
    whole = floor(abs(value) / unit + Fraction(1, 2)) * unit
    return whole if value >= 0 else -whole


@dataclass
class Commodity:
    """What an account has in one commodity."""

    node: Node
    losses: list[Fraction] = field(default_factory=lambda: [ZERO] * 16)
    original: dict[str, Fraction] = field(default_factory=dict)
    remaining: dict[str, Fraction] = field(default_factory=dict)
    long_value: Fraction = ZERO
    short_value: Fraction = ZERO
    short_calls: Fraction = ZERO
    short_puts: Fraction = ZERO
    only_long_options: bool = True
    scan: Fraction = ZERO
    price_risk_per_delta: Fraction = ZERO
    intra: Fraction = ZERO
    delivery: Fraction = ZERO
    credit: Fraction = ZERO
    minimum: Fraction = ZERO
    risk: Fraction = ZERO

    def pool(self, covers: Covers, sign: int) -> Fraction:
        """Remaining delta of one sign."""
        return sum((max(sign * d, ZERO) for p, d in self.remaining.items() if covers(p)), ZERO)

    def net(self, covers: Covers) -> Fraction:
        """Signed remaining delta."""
        return sum((d for p, d in self.remaining.items() if covers(p)), ZERO)

    def use(self, covers: Covers, sign: int, wanted: Fraction) -> None:
        """Use up delta of one sign, earliest period first."""
        for period in sorted(self.remaining):
            if covers(period):
                taken = min(max(sign * self.remaining[period], ZERO), wanted)
                self.remaining[period] -= sign * taken
                wanted -= taken


class Account:
    """One account, margined as it is made."""

    def __init__(self, document: Node, positions: dict[str, Fraction], *, rounds: bool = True) -> None:
        self.document = document
        self.whole = 0 if rounds else None
        self.delta_decimals = 4 if rounds else None
        self.held: dict[str, Commodity] = {}
        self.nodes = {node["code"]: node for node in document["commodities"]}
        for contract in document["contracts"]:
            quantity = positions.get(contract["id"], ZERO)
            if quantity:
                self.take(contract, quantity)
        for item in self.held.values():
            self.measure(item)
            self.inside(item)
            self.deliver(item)
        self.between()
        for item in self.held.values():
            self.require(item)
        self.requirement = self.total()

    def product(self, contract: Node) -> Node:
        products = self.nodes[contract["commodity"]]["products"]
        return next(p for p in products if (p["code"], p["type"]) == (contract["product"], contract["type"]))

    def rates(self, contract: Node) -> tuple[Fraction, Fraction, Fraction]:
        """Spot, high and low rate of a contract's currency."""
        home = self.nodes[contract["commodity"]]["currency"]
        foreign = self.product(contract).get("currency", home)
        if foreign == home:
            return Fraction(1), Fraction(1), Fraction(1)
        pair = next(
            c for c in self.document["conversions"] if (c["from_currency"], c["to_currency"]) == (foreign, home)
        )
        spot = exact(pair["factor"])
        return spot, spot * (1 + exact(pair["up"])), spot * (1 - exact(pair["down"]))

    def take(self, contract: Node, quantity: Fraction) -> None:
        item = self.held.setdefault(contract["commodity"], Commodity(self.nodes[contract["commodity"]]))
        product = self.product(contract)
        spot, high, low = self.rates(contract)
        tick = exact(contract.get("tick_value", product.get("tick_value", 1)))
        for i, loss in enumerate(contract["losses"]):
            value = quantity * exact(loss) * tick
            item.losses[i] += max(value * high, value * low)
        delta = quantity * exact(contract.get("composite_delta", 1)) * exact(product.get("delta_scaling_factor", 1))
        period = str(contract.get("underlying_period", contract["period"]))
        item.original[period] = item.original.get(period, ZERO) + delta
        if contract["type"] == "OOF":
            value = quantity * exact(contract["price"]) * exact(product["contract_value_factor"]) * spot
            item.long_value += max(value, ZERO)
            item.short_value += max(-value, ZERO)
            shorts = max(-quantity, ZERO) * exact(product.get("delta_scaling_factor", 1))
            if contract["right"] == "C":
                item.short_calls += shorts
            else:
                item.short_puts += shorts
        item.only_long_options &= contract["type"] == "OOF" and quantity > 0

    def measure(self, item: Commodity) -> None:
        a = item.losses
        item.original = {period: away(delta, self.delta_decimals) for period, delta in item.original.items()}
        item.remaining = dict(item.original)
        k = a.index(max(a))
        item.scan = max(away(a[k], self.whole), ZERO)
        time = away((a[0] + a[1]) / 2, self.whole)
        pair = k ^ 1 if k < 14 else k
        volatility = ZERO if pair == k else away((item.scan - a[pair]) / 2, self.whole)
        price = max(item.scan - time - volatility, ZERO) if a[k] >= 0 else ZERO
        delta = abs(sum(item.original.values(), ZERO))
        if price > 0 and delta > 0:
            item.price_risk_per_delta = away(price / delta, self.whole)

    def tiers(self, item: Commodity, section: str, leg: Node) -> Covers:
        if "period" in leg:
            return lambda period: period == str(leg["period"])
        if not leg.get("tier"):
            return lambda period: True
        tier = next(t for t in item.node[section] if t["tier"] == leg["tier"])
        first, last = str(tier.get("first_period", "0")), str(tier.get("last_period", "9"))
        return lambda period: first <= period <= last

    def inside(self, item: Commodity) -> None:
        strategies = sorted(item.node.get("strategy_spreads", []), key=lambda s: s["priority"])
        others = sorted(
            item.node.get("intracommodity_spreads", []),
            key=lambda s: (any("tier" in leg for leg in s["legs"]), s["priority"]),
        )
        for spreads, rate in ((strategies, "charge"), (others, "rate")):
            charge = ZERO
            for spread in spreads:
                legs = [
                    (self.tiers(item, "intracommodity_tiers", leg), SIGN[leg["side"]], exact(leg["ratio"]))
                    for leg in spread["legs"]
                ]
                for way in (1, -1):
                    n = self.cut(min(item.pool(covers, way * sign) / ratio for covers, sign, ratio in legs))
                    charge += n * exact(spread[rate])
                    for covers, sign, ratio in legs:
                        item.use(covers, way * sign, n * ratio)
            item.intra += away(charge, self.whole)

    @staticmethod
    def cut(number: Fraction) -> Fraction:
        return Fraction(floor(number * 10**6), 10**6)

    def deliver(self, item: Commodity) -> None:
        charge = ZERO
        for spot in item.node.get("spot_charges", []):
            period, side = str(spot["period"]), spot.get("side", "both")
            was, left = item.original.get(period, ZERO), item.remaining.get(period, ZERO)
            if side == "both" or (was > 0) == (side == "long"):
                charge += abs(left) * exact(spot["outright_rate"]) + abs(was - left) * exact(spot["spread_rate"])
        item.delivery = away(charge, self.whole)

    def between(self) -> None:
        earned = dict.fromkeys(self.held, ZERO)
        for spread in sorted(self.document.get("spreads", []), key=lambda s: s["priority"]):
            if all(leg["commodity"] in self.held for leg in spread["legs"]):
                self.credit_deltas(spread, earned)
        for code, amount in earned.items():
            self.held[code].credit += away(amount, self.whole)
        for offset in sorted(self.document.get("offset_spreads", []), key=lambda s: s["priority"]):
            if all(code in self.held for code in offset["commodities"]):
                self.credit_scans(offset)

    def credit_deltas(self, spread: Node, earned: dict[str, Fraction]) -> None:
        legs = []
        for leg in spread["legs"]:
            item = self.held[leg["commodity"]]
            legs.append((leg, item, self.tiers(item, "intercommodity_tiers", leg), exact(leg["ratio"])))
        for way in (1, -1):
            n = self.cut(
                min(max(way * SIGN[leg["side"]] * item.net(covers), ZERO) / ratio for leg, item, covers, ratio in legs)
            )
            for leg, item, covers, ratio in legs:
                earned[leg["commodity"]] += item.price_risk_per_delta * ratio * n * exact(spread["rate"])
                item.use(covers, way * SIGN[leg["side"]], n * ratio)

    def credit_scans(self, offset: Node) -> None:
        items = [self.held[code] for code in offset["commodities"]]
        together = max(max(map(sum, zip(*(item.losses for item in items), strict=True))), ZERO)
        separate = sum((item.scan for item in items), ZERO)
        saved = separate - (away(together, self.whole) + exact(offset["charge"]))
        if saved > 0:
            for item in items:
                item.credit += away(item.scan * saved / separate, self.whole)

    def require(self, item: Commodity) -> None:
        minimum = item.node.get("short_option_minimum")
        if minimum:
            greater = max(item.short_calls, item.short_puts)
            count = greater if minimum["method"] == "MAX" else item.short_calls + item.short_puts
            item.minimum = away(count * exact(minimum["rate"]), self.whole)
        before = item.scan + item.intra + item.delivery - item.credit
        risk = max(before, item.minimum, ZERO)
        if item.only_long_options:
            risk = min(risk, item.long_value)
        item.risk = away(risk, self.whole)

    def total(self) -> Fraction:
        groups: dict[str, Fraction] = {}
        for code, item in self.held.items():
            group = item.node.get("groups", [f"commodity {code}"])[0]
            net = item.risk - (item.long_value - item.short_value)
            groups[group] = groups.get(group, ZERO) + net
        return sum((max(net, ZERO) for net in groups.values()), ZERO)
