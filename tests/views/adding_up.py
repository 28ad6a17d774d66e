"""Holds explanations to what they promise, by arithmetic of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

OPERATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "difference": lambda values: values[0] - math.fsum(values[1:]),
    "product": math.prod,
    "quotient": lambda values: values[0] / values[1],
    "max": max,
    "min": min,
    "absolute": lambda values: abs(values[0]),
}


def nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node and all below it."""
    yield tree
    for child in tree["children"]:
        yield from nodes(child)


def trees(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The requirements of a document."""
    return [document["requirement"], *document["other_requirements"]]


def all_nodes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a document."""
    for tree in trees(document):
        yield from nodes(tree)


def agree(one: float | None, other: float | None) -> bool:
    """Whether two figures are the same to 1e-9 × max(1, |figure|)."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(1.0, abs(other))


def faults(document: dict[str, Any]) -> Iterator[str]:
    """Nodes whose children do not give them, ids that occur twice, and references to nowhere."""
    seen: dict[str, dict[str, Any]] = {}
    for node in all_nodes(document):
        if node["id"] in seen:
            yield f"{node['id']} occurs twice"
        seen[node["id"]] = node
        values = [child["value"] for child in node["children"] if child["value"] is not None]
        if node["omitted"] or node["value"] is None or not values:
            continue
        found = OPERATIONS[node["operation"]](values)
        if not agree(found, node["value"]):
            yield f"{node['id']}: {node['value']} is not the {node['operation']} of its parts, {found}"
    for node in seen.values():
        if node["same_as"] is not None:
            other = seen.get(node["same_as"])
            if other is None or other["value"] != node["value"] or not other["children"]:
                yield f"{node['id']} is the same as {node['same_as']}, which is not there or differs"
