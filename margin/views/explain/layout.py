"""From nodes to the document: identities, references, the path asked for, and the depth asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from margin.views.explain.node import LEAF, Node, Parameter, Table
from margin.views.explain.rules import REQUIREMENT, Rule

STEPS = frozenset({"net", "risk", "components", "charges", "with_factors"})
"""Keys of steps between a requirement and its components, which do not count as levels."""


def documents(roots: list[Node], why: Collection[str], depth: int | None) -> list[dict[str, Any]]:
    """The trees as dictionaries, lists and scalars.

    A node that stands in several places is laid out where it stands first; its other places have its value,
    no children, and its identity as ``same_as``.

    Args:
        roots: The trees.
        why: Keys of the nodes whose paths are wanted; empty for everything.
        depth: How many levels to lay out below the root, or below each node asked for; `None` for all.
    """
    layout = _Layout(set(why), depth)
    if why:
        roots = [root for root in roots if layout.leads_to_wanted(root)]
    return [layout.document(root, root.key, 0, REQUIREMENT, is_wanted=not why) for root in roots]


def keys(roots: list[Node]) -> Iterator[str]:
    """The keys of all nodes, each once, from the top."""
    seen, found, waiting = set[int](), set[str](), [*roots]
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting.extend(node.children)
        if node.key not in found:
            found.add(node.key)
            yield node.key


class _Layout:
    def __init__(self, why: set[str], depth: int | None) -> None:
        self._why = why
        self._depth = depth
        self._laid_out: dict[int, str] = {}
        self._leads: dict[int, bool] = {}

    def leads_to_wanted(self, node: Node) -> bool:
        """Whether the node, or any below it, is asked for."""
        if id(node) not in self._leads:
            own = node.key in self._why
            below = [self.leads_to_wanted(child) for child in node.children]
            self._leads[id(node)] = own or any(below)
        return self._leads[id(node)]

    def document(self, node: Node, identity: str, level: int, rule: Rule, *, is_wanted: bool) -> dict[str, Any]:
        """A node and what is below it; `rule` is that of the node above."""
        rule = node.rule or rule
        if not is_wanted and node.key in self._why:
            is_wanted, level = True, 0
        first = self._laid_out.get(id(node)) if node.children else None
        children: list[Node] = [] if first is not None else list(node.children)
        omitted = 0
        if not is_wanted:
            shown = [child for child in children if self.leads_to_wanted(child)]
            children, omitted = shown, len(children) - len(shown)
        elif children and self._depth is not None and level >= self._depth:
            children, omitted = [], len(children)
        elif node.children:
            self._laid_out.setdefault(id(node), identity)
        names = _unique([child.key for child in children])
        return {
            "id": identity,
            "key": node.key,
            "label": node.label,
            "value": node.value,
            "currency": node.currency,
            "operation": LEAF if first is not None else node.operation,
            "rule": _rule(rule),
            "parameters": [_parameter(parameter) for parameter in node.parameters],
            "note": node.note,
            "table": _table(node.table),
            "same_as": first,
            "omitted": omitted,
            "children": [
                self.document(child, f"{identity}/{name}", level + (child.key not in STEPS), rule, is_wanted=is_wanted)
                for child, name in zip(children, names, strict=True)
            ],
        }


def _unique(names: list[str]) -> list[str]:
    """Names in which no slash stands and none occurs twice."""
    counts: dict[str, int] = {}
    found = []
    for name in names:
        plain = name.replace("/", "_")
        counts[plain] = counts.get(plain, 0) + 1
        found.append(plain if counts[plain] == 1 else f"{plain} ({counts[plain]})")
    return found


def _rule(rule: Rule) -> dict[str, str]:
    return {"name": rule.name, "section": rule.section, "source": rule.source, "docs": rule.docs}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "value": parameter.value,
        "file": parameter.file,
        "line": parameter.line,
        "path": parameter.path,
    }


def _table(table: Table | None) -> dict[str, Any] | None:
    if table is None:
        return None
    return {"columns": list(table.columns), "rows": [list(row) for row in table.rows]}
