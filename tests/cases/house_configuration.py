"""Writes the inputs of a SPAN case file as a house configuration and a positions file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Node = dict[str, Any]

WHOLE_UNITS = {"decimals": 0, "mode": "half_away"}
ROUNDING: Node = {
    "scan_risk": WHOLE_UNITS,
    "risk_components": WHOLE_UNITS,
    "weighted_price_risk": {"decimals": 2, "mode": "half_away"},
    "intracommodity_charge": WHOLE_UNITS,
    "delivery_charge": WHOLE_UNITS,
    "intercommodity_credit": WHOLE_UNITS,
    "short_option_minimum": WHOLE_UNITS,
    "option_value": WHOLE_UNITS,
    "maintenance": WHOLE_UNITS,
    "initial": WHOLE_UNITS,
}
"""Risk figures to whole currency units, half away from zero; deltas and numbers of spreads exact."""

TIER_LISTS = {
    "scan_tiers": "scan_tiers",
    "intra_tiers": "intracommodity_tiers",
    "inter_tiers": "intercommodity_tiers",
}


def number(value: object) -> float:
    """A number of a case file: whole, or a decimal in quotes."""
    return float(str(value))


def tiers(nodes: list[Node]) -> list[Node]:
    """Ranges of periods, with a rate where they have one."""
    return [
        {"tier": node["tn"], "first_period": str(node["start"]), "last_period": str(node["end"])}
        | ({"rate": number(node["rate"])} if "rate" in node else {})
        for node in nodes
    ]


def calendar_leg(node: Node) -> Node:
    """A leg on a tier or a period of its commodity."""
    place = {"period": str(node["period"])} if "period" in node else {"tier": node["tier"]}
    return place | {"side": node["side"], "ratio": number(node.get("ratio", 1))}


def commodity(code: str, node: Node) -> Node:
    """A combined commodity."""
    entry: Node = {
        "code": code,
        "currency": node["currency"],
        "weighted_price_risk_method": node.get("wfpr", "NORMAL"),
        "intracommodity_spreads": [
            {
                "priority": spread["priority"],
                "method": spread.get("method", "F"),
                "rate": number(spread["rate"]),
                "legs": [calendar_leg(leg) for leg in spread["legs"]],
            }
            for spread in node.get("intra", [])
        ],
        "spot_charges": [
            {
                "period": str(item["period"]),
                "spread_rate": number(item["spread"]),
                "outright_rate": number(item["outright"]),
            }
            for item in node.get("spot", [])
        ],
    }
    entry |= {name: tiers(node[ours]) for ours, name in TIER_LISTS.items() if ours in node}
    if "som_method" in node:
        rates = {"tiers": tiers(node["som_tiers"])} if "som_tiers" in node else {"rate": number(node["som_rate"])}
        entry["short_option_minimum"] = {"method": node["som_method"], **rates}
    return entry


def contract(contract_id: str, node: Node, commodity_node: Node) -> Node:
    """A contract; an option with a price is paid for up front, one without has no value."""
    is_option = node["kind"] != "FUT"
    entry: Node = {
        "id": contract_id,
        "commodity": node["cc"],
        "product": contract_id,
        "type": "OOP" if is_option else "FUT",
        "period": str(node["period"]),
        "delta_scaling_factor": number(node.get("dsf", 1)),
    }
    scan_range = node.get("psr", None if is_option else commodity_node.get("psr_for_wfpr"))
    if scan_range is not None:
        entry["price_scan_range"] = number(scan_range)
    if "array" in node:
        entry["losses"] = [number(loss) for loss in node["array"]]
    if is_option:
        entry |= {"right": node["kind"][0], "composite_delta": number(node.get("delta", 1)), "value_method": "FUT"}
    if "price" in node:
        entry |= {"price": number(node["price"]), "contract_value_factor": number(node["cvf"]), "value_method": "EQTY"}
    return entry


def spread(kind: str, node: Node) -> Node:
    """A spread between commodities, by deltas or by scenario losses."""
    is_scanning = node.get("kind") == "scan"
    entry: Node = {"kind": kind, "priority": node["priority"], "rate": number(node["rate"])}
    entry |= {"form": "scanning"} if is_scanning else {"method": node.get("method", "W")}
    if "min_legs" in node:
        entry["legs_required"] = node["min_legs"]
    entry["legs"] = [
        {"commodity": leg["cc"], "ratio": number(leg.get("ratio", 1)), "target": leg.get("target", False)}
        | {name: leg[name] for name in ("tier", "side") if name in leg}
        for leg in node["legs"]
    ]
    return entry


def document(inputs: Node, house: Mapping[str, Any] | None = None) -> Node:
    """The parameters of a case; `house` replaces the choices that cases make where they name none."""
    codes = inputs["ccs"]
    return {
        "format": "margin-parameters",
        "version": 1,
        "clearing_org": "CH",
        "business_date": "2026-01-02",
        "account_types": [{"code": "S", "customer": True, "net": True}],
        "cap_available_net_option_value": False,
        "scenario_grid": {"standard": {"extreme_move": 3, "cover": 0.33}},
        "commodities": [commodity(code, node) for code, node in codes.items()],
        "contracts": [contract(name, node, codes[node["cc"]]) for name, node in inputs["contracts"].items()],
        "spreads": [
            spread(kind, node)
            for name, kind in (("supers", "super"), ("inters", "intercommodity"))
            for node in inputs.get(name, [])
        ],
        "house": {"rounding": ROUNDING} if house is None else dict(house),
    }


def positions(lines: list[Node]) -> str:
    """Positions as CSV text, of account ``A`` where a line names none."""
    columns = ("net", "long", "short")
    rows = [
        ",".join([line.get("account", "A"), line["id"], *(str(line.get(name, "")) for name in columns)])
        for line in lines
    ]
    return "\n".join(["account,contract,quantity,long,short", *rows]) + "\n"


def write_case(folder: Path, inputs: Node, house: Mapping[str, Any] | None = None) -> tuple[Path, Path]:
    """Write ``parameters.yaml`` (JSON is YAML) and ``positions.csv``, and return their paths."""
    parameters, book = folder / "parameters.yaml", folder / "positions.csv"
    parameters.write_text(json.dumps(document(inputs, house), indent=1), "utf-8")
    book.write_text(positions(inputs["positions"]), "utf-8")
    return parameters, book
