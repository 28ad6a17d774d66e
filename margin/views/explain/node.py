"""The nodes of an explanation: a figure, how its parts combine to it, the rule, and where its numbers come from.

The operation of a node, applied to the values of its children, gives the node's value: `require_adding_up`
holds every tree to that before anyone sees it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isclose, prod
from typing import TypeAlias

import numpy as np

from margin.model.house import Rounding
from margin.views.explain.rules import ROUNDING, Rule

OPERATIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": fsum,
    "difference": lambda values: values[0] - fsum(values[1:]),
    "product": prod,
    "quotient": lambda values: values[0] / values[1],
    "max": max,
    "min": min,
    "absolute": lambda values: abs(values[0]),
}
"""What the children of a node are combined by; ``difference`` is the first less all others."""

LEAF = "leaf"

_TOLERANCE = 1e-9
_RELATIVE_TOLERANCE = 1e-12  # of what is added up: sums of large amounts that offset each other

_MODE_WORDS = {
    "half_away": "half away from zero",
    "half_even": "half to even",
    "down": "towards zero",
    "up": "away from zero",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of an input, and where it stands.

    Attributes:
        name: What it is.
        value: Its value as the input gives it.
        file: The file as the user named it; `None` for a number of a packaged house policy.
        line: Line in the file, 1-based: of the number's element, or of the element that holds it.
        path: Where in the file's or policy's own terms.
    """

    name: str
    value: float | str
    file: str | None
    line: int | None
    path: str


Row: TypeAlias = tuple[float | str | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures beside a node that do not add up to it, such as the losses of all scenarios."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(eq=False, slots=True)
class Node:
    """One figure of an explanation. The same object may stand in several places of a tree.

    Attributes:
        key: Its name among its siblings; for components the name in the JSON report.
        label: In words.
        value: `None` where it could not be computed.
        currency: `None` where it is not money.
        operation: A key of `OPERATIONS`, or `LEAF`.
        children: What it is made of.
        rule: The rule it follows; `None` for the rule of its parent.
        parameters: Numbers of the inputs it takes.
        note: What is to be said about it.
        table: Figures beside it.
    """

    key: str
    label: str
    value: float | None
    currency: str | None = None
    operation: str = LEAF
    children: tuple[Node, ...] = ()
    rule: Rule | None = None
    parameters: tuple[Parameter, ...] = ()
    note: str | None = None
    table: Table | None = None


def combined(
    operation: str,
    key: str,
    label: str,
    children: Sequence[Node],
    *,
    value: float | None = None,
    currency: str | None = None,
    rule: Rule | None = None,
    parameters: tuple[Parameter, ...] = (),
    note: str | None = None,
    table: Table | None = None,
) -> Node:
    """A node made of others; without a value, it has what the operation gives, or none if a child has none."""
    if value is None:
        known = [child.value for child in children if child.value is not None]
        if len(known) == len(children):
            value = float(OPERATIONS[operation](known)) if known else 0.0
    return Node(
        key,
        label,
        value,
        currency,
        operation if children else LEAF,
        tuple(children),
        rule,
        parameters,
        note,
        table,
    )


def rounded_sum(
    key: str,
    label: str,
    children: Sequence[Node],
    value: float,
    step: Rounding | None,
    *,
    currency: str | None = None,
    rule: Rule | None = None,
    note: str | None = None,
    table: Table | None = None,
) -> Node:
    """A sum that a house rounds: the rounding is one more summand, so that the children still add up.

    Args:
        key: Its name.
        label: In words.
        children: What is added up before rounding.
        value: The rounded sum.
        step: The rounding; `None` for none.
        currency: Of the sum.
        rule: The rule.
        note: What is to be said.
        table: Figures beside it.
    """
    exact = fsum(child.value or 0.0 for child in children)
    parts = [*children]
    if step is not None:
        parts.append(_rounding(exact, value, step, currency))
    return combined("sum", key, label, parts, value=value, currency=currency, rule=rule, note=note, table=table)


def _rounding(exact: float, value: float, step: Rounding, currency: str | None) -> Node:
    difference = 0.0 if isclose(exact, value, rel_tol=_RELATIVE_TOLERANCE, abs_tol=_TOLERANCE / 2) else value - exact
    if abs(difference) > 10.0**-step.decimals * (1.0 + _TOLERANCE):
        raise ArithmeticError(f"a rounding to {step.decimals} decimals changed a figure by {difference}")
    places = f"{step.decimals} decimal{'' if step.decimals == 1 else 's'}"
    if step.decimals < 0:
        places = f"multiples of {10**-step.decimals:,}"
    return Node(
        "rounding",
        f"rounded to {places}, {_MODE_WORDS[step.mode]}",
        difference,
        currency,
        rule=ROUNDING,
    )


def number(value: float | np.floating) -> float:
    """A plain float without a negative zero."""
    return float(value) + 0.0


def require_adding_up(root: Node) -> None:
    """Check that the operation of every node gives its value.

    Raises:
        ArithmeticError: It does not, or a value is not finite; the engine and its explanation are at odds.
    """
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting.extend(node.children)
        if node.value is None:
            continue
        if not math.isfinite(node.value):
            raise ArithmeticError(f"{node.label} is {node.value}")
        values = [child.value for child in node.children if child.value is not None]
        if not values:
            continue
        found = OPERATIONS[node.operation](values)
        slack = _TOLERANCE * max(1.0, abs(node.value)) + _RELATIVE_TOLERANCE * fsum(map(abs, values))
        if not isclose(found, node.value, rel_tol=0.0, abs_tol=slack):
            raise ArithmeticError(f"{node.label} is {node.value}, but the {node.operation} of its parts is {found}")
