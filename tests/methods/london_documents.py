"""Random house configurations for London SPAN, and books that hold their contracts."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

Node = dict[str, Any]

PERIODS = (202609, 202612, 202703, 202706)
STRIKES = (95, 100)

HEAD: Node = {
    "format": "margin-parameters",
    "version": 1,
    "clearing_org": "LONDON",
    "business_date": "2026-06-25",
    "currency": "GBP",
    "cap_available_net_option_value": False,
    "currencies": [{"code": "GBP", "decimals": 2}, {"code": "EUR", "decimals": 2}],
    "conversions": [{"from_currency": "EUR", "to_currency": "GBP", "factor": 0.85, "up": 0.04, "down": 0.06}],
    "scenario_grid": {"standard": {"extreme_move": 3, "cover": 0.33}},
}
TIERS = [{"tier": 1, "last_period": 202609}, {"tier": 2, "first_period": 202612}]


def document(random: Random) -> Node:
    """Four commodities: two with spreads between their deltas, two with an offset."""
    commodities = [_commodity(random, code) for code in "ABCD"]
    contracts = [item for node in commodities for item in _contracts(random, node)]
    legs = [
        {"commodity": "A", "tier": random.choice([0, 1, 2]), "side": "A", "ratio": random.choice([1, 2, 0.5])},
        {"commodity": "B", "tier": random.choice([0, 1, 2]), "side": "B", "ratio": random.choice([1, 3])},
    ]
    spreads = [
        {
            "kind": "intercommodity",
            "priority": priority,
            "method": "W",
            "rate": random.choice([0.5, 0.35, 0.8]),
            "legs": legs[::order],
        }
        for priority, order in ((2, 1), (1, -1))
    ]
    offsets = [{"priority": 1, "charge": random.choice([0, 10, 250]), "commodities": ["C", "D"]}]
    return {**HEAD, "commodities": commodities, "contracts": contracts, "spreads": spreads, "offset_spreads": offsets}


def _commodity(random: Random, code: str) -> Node:
    foreign = {"currency": "EUR"} if random.random() < 0.4 else {}
    scale = random.choice([1, 0.1])
    return {
        "code": code,
        "currency": "GBP",
        "groups": [random.choice(["RATES", "METALS"])],
        "weighted_price_risk_method": "NORMAL",
        "products": [
            {"code": code, "type": "FUT", "tick_value": random.choice([12.5, 10, 5]), "delta_scaling_factor": scale},
            {"code": code, "type": "OOF", "value_method": "EQTY", "contract_value_factor": 25, "tick_value": 12.5}
            | foreign,
        ],
        "intracommodity_tiers": TIERS,
        "intercommodity_tiers": TIERS,
        "short_option_minimum": {"method": random.choice(["MAX", "GROSS"]), "rate": random.choice([0, 40.5])},
        "spot_charges": [
            {"period": 202609, "spread_rate": 3.25, "outright_rate": 11, "side": random.choice(["long", "both"])},
            {"period": 202612, "spread_rate": 1.5, "outright_rate": 7, "side": "short"},
        ],
        "strategy_spreads": [_butterfly(2, 202609, 202612, 202703), _butterfly(1, 202612, 202703, 202706)],
        "intracommodity_spreads": [
            {"priority": 1, "method": "F", "rate": 30.5, "legs": _pair({"tier": 1}, {"tier": 2}, 1)},
            {"priority": 3, "method": "F", "rate": 21, "legs": _pair({"period": 202612}, {"period": 202706}, 3)},
            {"priority": 2, "method": "F", "rate": 90, "legs": _pair({"tier": 2}, {"tier": 2}, 1)},
        ],
    }


def _butterfly(priority: int, *periods: int) -> Node:
    legs = [
        {"period": period, "side": side, "ratio": ratio}
        for period, side, ratio in zip(periods, "ABA", (1, 2, 1), strict=True)
    ]
    return {"priority": priority, "charge": 17.5, "legs": legs}


def _pair(one: Node, other: Node, ratio: int) -> list[Node]:
    return [one | {"side": "A", "ratio": 1}, other | {"side": "B", "ratio": ratio}]


def _contracts(random: Random, node: Node) -> list[Node]:
    code = node["code"]
    found: list[Node] = []
    for period in PERIODS:
        size = random.choice([10, 21, 33])
        moves = [0, 0, *(m * size for m in (-1, -1, 1, 1, -2, -2, 2, 2, -3, -3, 3, 3, -3, 3))]
        found.append({"id": f"{code}F{period}", "commodity": code, "product": code, "type": "FUT", "period": period})
        found[-1]["losses"] = moves
        for strike in STRIKES:
            right = random.choice("CP")
            losses = [random.randint(-40, 40) for _ in range(16)]
            found.append(
                {
                    "id": f"{code}O{period}{strike}",
                    "commodity": code,
                    "product": code,
                    "type": "OOF",
                    "period": period,
                    "underlying_period": period,
                    "right": right,
                    "strike": strike,
                    "price": random.choice([1.5, 0.25, 7]),
                    "composite_delta": random.choice([0.4567, 0.25, 0.9]) * (1 if right == "C" else -1),
                    "losses": losses,
                }
            )
    return found


def book(random: Random, contracts: list[Node]) -> dict[str, Fraction]:
    """Positions of one account: whole numbers, some of them none at all."""
    chosen = random.sample(contracts, random.randint(1, 14))
    return {item["id"]: Fraction(random.choice([-7, -3, -2, -1, 1, 2, 4, 9])) for item in chosen}
