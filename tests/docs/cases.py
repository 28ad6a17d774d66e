"""Worked cases of the documentation: a small house configuration, positions, and the figures they must give.

A block ``yaml margin-case`` holds ``parameters`` (a house configuration without the head that
``docs/methodology/index.md`` shows in its block ``yaml margin-preamble``), ``positions`` by account and contract
id, and ``expect``, a part of the JSON report by account. ``house`` holds the house's choices, ``method``, ``rounding``
and ``account_type`` what `margin.calculate` takes under these names, ``account_types`` the types of single accounts;
``away`` is a second clearing organisation.
``also`` lists other choices with what they give, ``steps`` the sums that the text writes out.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import margin
from tests.docs.markdown import METHODOLOGY, page

Node = dict[str, Any]
OPTIONS = ("method", "rounding", "account_type")


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one page."""

    name: str
    node: Node


def preamble() -> Node:
    """The head that all cases share."""
    (block,) = [b for b in page(METHODOLOGY / "index.md").blocks("yaml") if "margin-preamble" in b.words]
    node: Node = yaml.safe_load(block.text)
    return node


def cases_of(path: Path) -> Iterator[Case]:
    """All cases of a page; every entry of ``also`` is a case of its own."""
    source = page(path)
    for block in source.blocks("yaml"):
        if "margin-case" in block.words:
            node = yaml.safe_load(block.text)
            name = f"{source.name}:{block.line}"
            variants = node.pop("also", [])
            yield Case(name, node)
            for number, variant in enumerate(variants, start=1):
                yield Case(f"{name} also {number}", {**node, **variant})


def run_case(case: Case, folder: Path) -> Node:
    """Calculate a case; its JSON report."""
    paths = []
    for key in ("parameters", "away"):
        if key in case.node:
            path = folder / f"{key}.yaml"
            choices = {"house": case.node["house"]} if key == "parameters" and "house" in case.node else {}
            path.write_text(yaml.safe_dump({**preamble(), **case.node[key], **choices}, sort_keys=False), "utf-8")
            paths.append(path)
    book = folder / "positions.csv"
    book.write_text(_position_table(case.node["positions"], case.node.get("account_types", {})), "utf-8")
    options = {name: case.node[name] for name in OPTIONS if name in case.node}
    return margin.calculate(margin.read_parameters(paths), margin.read_positions(book), **options).to_dict()


def _position_table(positions: Node, account_types: Node) -> str:
    lines = [
        "account_type,account,contract,quantity,long,short" if account_types else "account,contract,quantity,long,short"
    ]
    for name, held in positions.items():
        account = f"{account_types[name]},{name}" if account_types else name
        for contract, quantity in held.items():
            if isinstance(quantity, dict):
                lines.append(f"{account},{contract},,{quantity['long']},{quantity['short']}")
            else:
                lines.append(f"{account},{contract},{quantity},,")
    return "\n".join(lines) + "\n"


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Where a report is not as expected; what is not mentioned may be anything."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key in actual:
                yield from differences(value, actual[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}: not there"
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} items, found {len(actual)}: {actual}"
        for number, (one, other) in enumerate(zip(expected, actual, strict=False), start=1):
            yield from differences(one, other, f"{path}[{number}]")
    elif _is_number(expected) and _is_number(actual):
        if abs(expected - actual) > 1e-9 * max(1.0, abs(expected)):
            yield f"{path}: expected {expected}, found {actual}"
    elif expected != actual:
        yield f"{path}: expected {expected!r}, found {actual!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def by_name(report: Node) -> Node:
    """Accounts of a report by their name, with their maintenance commodities of class core by code."""
    return {
        account["account"]: {
            **account,
            "commodities": {
                row["commodity"]: row
                for row in account["commodities"]
                if (row["class"], row["kind"]) == ("CORE", "maintenance")
            },
        }
        for account in report["accounts"]
    }


def numbers_in(node: Any) -> Iterator[float]:
    """Every number of a case, without its sign."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from numbers_in(key)
            yield from numbers_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from numbers_in(value)
    elif _is_number(node):
        yield abs(float(node))
    elif isinstance(node, str) and node.replace(".", "", 1).isdigit():
        yield float(node)


_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def value_of(expression: str) -> float:
    """The value of a sum as the text writes it: numbers, the four operations and brackets."""
    return _evaluated(ast.parse(expression, mode="eval").body)


def _evaluated(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluated(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        result: float = _OPERATORS[type(node.op)](_evaluated(node.left), _evaluated(node.right))
        return result
    raise ValueError(f"{ast.unparse(node)} is more than a sum")
