"""The account's requirements: SPAN risk less option value, commodity by commodity, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from margin.model.problem import Reason
from margin.resolve.rates import CORE, HEADLINE, INITIAL, RequirementKind
from margin.views.explain.commodity import available_option_value, span_risk
from margin.views.explain.node import Node, combined
from margin.views.explain.rules import CONVERSION, POSITIONS, REQUIREMENT
from margin.views.explain.workings import CommodityRow, Workings

_SET_ASIDE = frozenset({Reason.UNKNOWN_CONTRACT, Reason.AMBIGUOUS_CONTRACT})


def requirements(work: Workings) -> list[Node]:
    """One tree for each class and kind that is asked of the account, the headline requirement first."""
    frame = work.totals.requirements.filter(pl.col("account_index") == work.account)
    stated = {RequirementKind(row["class"], row["kind"]): row for row in frame.iter_rows(named=True)}
    if not stated:
        note = _missing(work)
        return [Node(_key(HEADLINE), "maintenance requirement", None, work.currency, rule=REQUIREMENT, note=note)]
    return [_requirement(work, kind, row) for kind, row in sorted(stated.items(), key=lambda item: item[0] != HEADLINE)]


def _missing(work: Workings) -> str:
    return "; ".join(map(str, work.problems)) or "nothing is asked of the account"


def _key(kind: RequirementKind) -> str:
    name = "initial_requirement" if kind.kind == INITIAL else "maintenance_requirement"
    return name if kind.bond_class == CORE else f"{kind.bond_class.lower()}_{name}"


def _requirement(work: Workings, kind: RequirementKind, stated: dict[str, Any]) -> Node:
    rows = list(work.rows(kind))
    risks = [span_risk(work, row) for row in rows]
    values = [available_option_value(work, row, risk) for row, risk in zip(rows, risks, strict=True)]
    risks = [_converted(work, row, node) for row, node in zip(rows, risks, strict=True)]
    values = [_converted(work, row, node) for row, node in zip(rows, values, strict=True)]
    floors = sorted({int(work.floors[row.code]) for row in rows})
    aside = _set_aside(work) if kind == HEADLINE else []
    label = " ".join(part for part in ("" if kind.bond_class == CORE else kind.bond_class, kind.kind) if part)
    label = f"{label} requirement"
    key, value = _key(kind), stated["requirement"]
    if len(floors) <= 1:
        root = _floored(work, key, label, risks, values, stated, aside)
    else:
        parts = []
        for floor in floors:
            own = [i for i, row in enumerate(rows) if work.floors[row.code] == floor]
            names = ", ".join(dict.fromkeys(work.contracts.commodities[rows[i].code].code for i in own))
            what = f"requirement of {names}"
            parts.append(_floored(work, what, what, [risks[i] for i in own], [values[i] for i in own], {}, []))
        note = f"house {work.inputs.house.name} takes the floor at zero by {work.inputs.house.option_value_floor}"
        root = combined(
            "sum", key, label, (*parts, *aside), value=value, currency=work.currency, rule=REQUIREMENT, note=note
        )
    root.value = value
    if value is None and root.note is None:
        root.note = "a commodity could not be margined"
    return root


def _floored(
    work: Workings,
    key: str,
    label: str,
    risks: Sequence[Node],
    values: Sequence[Node],
    stated: dict[str, Any],
    aside: Sequence[Node],
) -> Node:
    """max(0, SPAN risk − available option value) over some commodities.

    Args:
        work: The account.
        key: Its name.
        label: In words.
        risks: SPAN risk by commodity, in the account's currency.
        values: Available option value by commodity.
        stated: The account's own figures, where these are all its commodities.
        aside: Positions that were set aside.
    """
    currency = work.currency
    risk = combined(
        "sum",
        "span_risk",
        "SPAN risk",
        (*risks, *aside),
        value=stated.get("span_risk") if stated else _total(risks),
        currency=currency,
        rule=REQUIREMENT,
    )
    value = combined(
        "sum",
        "available_net_option_value",
        "available net option value",
        values,
        value=stated.get("available_net_option_value") if stated else _total(values),
        currency=currency,
        rule=REQUIREMENT,
    )
    net = combined(
        "difference", "net", "SPAN risk less option value", (risk, value), currency=currency, rule=REQUIREMENT
    )
    zero = Node("zero", "not below zero", 0.0, currency)
    return combined("max", key, label, (net, zero), currency=currency, rule=REQUIREMENT)


def _total(nodes: Sequence[Node]) -> float | None:
    known = [node.value for node in nodes if node.value is not None]
    return sum(known) if len(known) == len(nodes) else None


def _converted(work: Workings, row: CommodityRow, node: Node) -> Node:
    """A commodity's figure in the account's currency."""
    if row.currency == work.currency:
        return node
    factor, item = row.conversion, work.contracts.commodities[row.code]
    if factor is None:
        note = f"the parameters give no conversion from {row.currency} to {work.currency}"
        return combined("product", node.key, node.label, (node,), currency=work.currency, rule=CONVERSION, note=note)
    parameter = work.where.conversion(row.currency, work.currency, item.clearing_org)
    rate = Node(
        "conversion",
        f"{row.currency} in {work.currency}",
        factor,
        rule=CONVERSION,
        parameters=() if parameter is None else (parameter,),
    )
    own = Node(
        f"{node.key} in {row.currency}",
        f"in {row.currency}",
        node.value,
        node.currency,
        node.operation,
        node.children,
        node.rule,
        node.parameters,
        node.note,
        node.table,
    )
    return combined("product", node.key, node.label, (own, rate), currency=work.currency, rule=CONVERSION)


def _set_aside(work: Workings) -> list[Node]:
    """Positions without a contract: no value, and what was said of them."""
    return [
        Node(
            f"set aside {number}",
            f"set aside: {problem.attributes.get('contract', '')}",
            None,
            None,
            rule=POSITIONS,
            note=str(problem),
        )
        for number, problem in enumerate(
            (problem for problem in work.problems if problem.reason in _SET_ASIDE), start=1
        )
    ]
