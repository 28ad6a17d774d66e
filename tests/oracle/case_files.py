"""Reads the hand-checkable SPAN cases (``tests/cases/span``) into the oracle's nouns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from tests.oracle.model import (
    BondRate,
    ClearingOrg,
    CombinationLeg,
    Commodity,
    Contract,
    ContractKey,
    Leg,
    Parameters,
    Policy,
    Position,
    ProductLink,
    Rounding,
    SpotRate,
    Spread,
    Tier,
    normalise_period,
)
from tests.oracle.rounding import round_half_away

FOLDER = Path(__file__).parent.parent / "cases" / "span"
RATE = "1"
WHOLE_UNITS = Rounding(0)
HOUSE_OF_CASES = Policy(
    initial_ratio=Fraction(1),
    round_scan_risk=WHOLE_UNITS,
    round_risk_components=WHOLE_UNITS,
    round_weighted_price_risk=Rounding(2),
    round_intracommodity_charge=WHOLE_UNITS,
    round_delivery_charge=WHOLE_UNITS,
    round_intercommodity_credit=WHOLE_UNITS,
    round_short_option_minimum=WHOLE_UNITS,
    round_option_value=WHOLE_UNITS,
    round_maintenance=WHOLE_UNITS,
    round_initial=WHOLE_UNITS,
)
"""Risk figures to whole currency units, W to two decimals, deltas and numbers of spreads exact."""

Node = dict[str, Any]


@dataclass(frozen=True)
class SpanCase:
    """One book of a case file and the figures it must give."""

    name: str
    parameters: Parameters
    positions: list[Position]
    checks: Node


def read_yaml(name: str) -> Node:
    """One case file."""
    node: Node = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return node


def portfolio_cases() -> Iterator[SpanCase]:
    """Every book of every ``kind: portfolio`` file; a file may vary its inputs case by case."""
    for path in sorted(FOLDER.glob("*.yaml")):
        node = read_yaml(path.name)
        if node["kind"] != "portfolio":
            continue
        for variant in node["inputs"].get("cases", [{"checks": node["checks"]}]):
            inputs = node["inputs"] | {key: value for key, value in variant.items() if key != "checks"}
            yield SpanCase(
                f"{path.stem} {variant.get('name', '')}".strip(),
                parameters(inputs),
                [position(inputs, line) for line in inputs["positions"]],
                variant["checks"],
            )


def exact(value: Any, default: str = "0") -> Fraction:
    """A number of a case file: whole, or a decimal in quotes."""
    return Fraction(str(default if value is None else value))


def array(contract: Node) -> tuple[Fraction, ...]:
    """The array given, or that of a future: thirds of the scan range in whole units, extremes 3 × 0.33."""
    if "array" in contract:
        return tuple(exact(value) for value in contract["array"])
    scan_range = exact(contract["psr"])
    cover = Fraction("0.99")
    losses = []
    for move in [0, -1, 1, -2, 2, -3, 3]:
        size = round_half_away(scan_range * abs(move) / 3)
        losses += [Fraction(size if move > 0 else -size)] * 2
    extreme = Fraction(round_half_away(scan_range * cover))
    return (*losses, -extreme, extreme)


def key(contract_id: str, contract: Node) -> ContractKey:
    """A future, or an option told apart by its id."""
    period = normalise_period(str(contract["period"]))
    if contract["kind"] == "FUT":
        return ContractKey("X", contract_id, "FUT", period)
    return ContractKey("X", contract_id, "OOF", period, period, contract["kind"][0], Fraction(100))


def contract(contract_id: str, node: Node, commodity: Node) -> Contract:
    """A contract; options pay their premium up front."""
    codes = key(contract_id, node)
    scan_range = commodity.get("psr_for_wfpr", node.get("psr"))
    return Contract(
        key=codes,
        reference=("X", node["cc"], contract_id),
        value_method="EQTY" if codes.right else "FUT",
        delta_period=codes.period,
        price=exact(node.get("price")),
        stated_value=None,
        contract_value_factor=exact(node.get("cvf"), "1"),
        own_scaling=exact(node.get("dsf"), "1"),
        maturity_scaling=Fraction(1),
        arrays={RATE: array(node)},
        deltas={RATE: exact(node.get("delta"), "1")},
        scan_ranges={} if scan_range is None else {RATE: {"priceScan": exact(scan_range)}},
        legs=tuple(
            CombinationLeg(("X", node["cc"], leg_id), exact(count)) for leg_id, count in node.get("legs", {}).items()
        ),
    )


def tiers(nodes: list[Node]) -> tuple[Tier, ...]:
    """Tiers with their rates, if any."""
    return tuple(
        Tier(
            node["tn"],
            normalise_period(str(node["start"])),
            normalise_period(str(node["end"])),
            {RATE: exact(node["rate"])} if "rate" in node else {},
        )
        for node in nodes
    )


def leg(node: Node, commodity: str = "") -> Leg:
    """A leg on a tier or a period."""
    return Leg(
        kind="period" if "period" in node else "tier",
        commodity=node.get("cc", commodity),
        period=node.get("period", ""),
        clearing_org=node.get("ec"),
        side=node.get("side", "A"),
        ratio=exact(node.get("ratio"), "1"),
        tier=node.get("tier", 0),
        is_target=node.get("target", False),
    )


def spread(kind: str, node: Node, commodity: str = "") -> Spread:
    """A spread; charge method F inside a commodity and W between commodities unless it says otherwise."""
    return Spread(
        kind=kind,
        form="scanning" if node.get("kind") == "scan" else "delta",
        priority=node["priority"],
        method=node.get("method", "F" if kind == "intracommodity" else "W"),
        rates={RATE: exact(node["rate"])},
        legs=tuple(leg(item, commodity) for item in node["legs"]),
        legs_required=node.get("min_legs"),
    )


def commodity(code: str, node: Node) -> Commodity:
    """A combined commodity."""
    som_tiers = tiers(node.get("som_tiers", []))
    if "som_rate" in node:
        som_tiers = (Tier(0, rates={RATE: exact(node["som_rate"])}),)
    return Commodity(
        clearing_org="CH",
        code=code,
        currency=node["currency"],
        exponent=0,
        cap_available_value=False,
        wfpr_method=node.get("wfpr", "NORMAL"),
        spot_method="NORMAL",
        som_method=node.get("som_method"),
        combination_method=node.get("combinations"),
        first_sixteen_points_only=False,
        grids={},
        links={("X", code): ProductLink(Fraction(1), None)},
        adjustments={},
        scan_tiers=tiers(node.get("scan_tiers", [])),
        intra_tiers=tiers(node.get("intra_tiers", [])),
        inter_tiers=tiers(node.get("inter_tiers", [])),
        som_tiers=som_tiers,
        spreads=tuple(spread("intracommodity", item, code) for item in node.get("intra", [])),
        spot_rates=tuple(
            SpotRate(
                RATE,
                normalise_period(str(item["period"])),
                exact(item["spread"]),
                exact(item["outright"]),
            )
            for item in node.get("spot", [])
        ),
    )


def parameters(inputs: Node, org_code: str = "CH") -> Parameters:
    """One clearing organisation with the case's contracts, commodities and spreads."""
    contracts = [
        contract(contract_id, node, inputs["ccs"][node["cc"]]) for contract_id, node in inputs["contracts"].items()
    ]
    org = ClearingOrg(
        code=org_code,
        is_net=True,
        bond_rates=(BondRate(RATE, True, "S", True, "CORE"),),
        conversions={},
        grids={},
        contracts={item.reference: item for item in contracts},
        commodities={
            code: replace(commodity(code, node), clearing_org=org_code) for code, node in inputs["ccs"].items()
        },
        super_spreads=tuple(spread("super", item) for item in inputs.get("supers", [])),
        super_interclearing_spreads=(),
        inter_spreads=tuple(spread("intercommodity", item) for item in inputs.get("inters", [])),
        interclearing_spreads=tuple(spread("interclearing", item) for item in inputs.get("interclears", [])),
    )
    return Parameters({org_code: org}, {})


def position(inputs: Node, line: Node) -> Position:
    """A line of the case's book."""
    codes = key(line["id"], inputs["contracts"][line["id"]])
    if "net" in line:
        return Position(codes, exact(line["net"]))
    return Position(codes, None, exact(line.get("long")), exact(line.get("short")))
