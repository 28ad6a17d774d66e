"""The explanation as lines for people: what to leave out, what to put beside a label, which rules to cite."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum, isclose
from pathlib import PurePath
from typing import Any

from margin.model.money import amount_text

LISTED_CHILDREN = 10
"""How many parts of a sum are shown, the largest of them, unless everything is wanted."""

MISSING = "—"

_STEPS = frozenset({"net", "risk", "components", "charges", "with_factors", "rest"})
"""Steps between components: not worth a line where they have one part of the same value."""

_CUT = "…"
"""Stands beside figures whose parts were not asked for."""

_WORDS = {"max": "the largest of", "min": "the smallest of", "absolute": "without its sign"}
_SIGNS = {"difference": "− ", "product": "× ", "quotient": "÷ "}
"""What stands before the second and every later part."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        label: What the figure is.
        value: The figure as text, with the sign of its operation; empty for lines that have none.
        beside: What may stand beside the label: factors, operation, place in a file, rule.
        is_main: A requirement or a component, rather than a part of one.
        children: The lines below.
        table: Table of the node, if it is to be shown.
        note: What is to be said below the line.
    """

    label: str
    value: str
    beside: tuple[str, ...] = ()
    is_main: bool = False
    children: tuple[Line, ...] = ()
    table: Mapping[str, Any] | None = None
    note: str | None = None


@dataclass
class Outline:
    """Makes lines of nodes.

    Attributes:
        decimals: Decimals of each currency's minor unit.
        why: Keys of nodes that were asked for and are shown whatever they are.
        is_complete: Whether to leave nothing out.
        rules: Rules cited so far, by name, in the order of their numbers.
    """

    decimals: Mapping[str, int]
    why: Collection[str] = ()
    is_complete: bool = False
    rules: dict[str, dict[str, str]] = field(default_factory=dict)

    def line(self, node: dict[str, Any], sign: str = "", rule: str | None = None) -> Line:
        """One node and what is below it.

        Args:
            node: The node.
            sign: What stands before its value.
            rule: Name of the rule of the line above.
        """
        own = node["rule"]["name"]
        beside = [*self._factors(node)]
        if node["omitted"] and not node["children"]:
            beside.append(_CUT)
        if node["operation"] in _WORDS and self._without_steps(node) is node:
            beside.append(_WORDS[node["operation"]])
        beside.extend(_places(node))
        if node["same_as"]:
            beside.append("as above")
        if own != rule:
            self.rules.setdefault(own, node["rule"])
            beside.append(f"[{list(self.rules).index(own) + 1}]")
        return Line(
            label=node["label"],
            value=f"{sign}{self.amount(node['value'], node['currency'])}",
            beside=tuple(beside),
            is_main="_" in node["key"] or node["key"].endswith("requirement"),
            children=tuple(self._below(node, own)),
            table=node["table"] if node["table"] and node["table"]["rows"] else None,
            note=node["note"],
        )

    def amount(self, value: float | None, currency: str | None) -> str:
        """A figure: money in the decimals of its currency, anything else in full."""
        if value is None:
            return MISSING
        return number_text(value) if currency is None else amount_text(value, currency, self.decimals)

    def _below(self, node: dict[str, Any], rule: str | None) -> Iterator[Line]:
        node = self._without_steps(node)
        if self._is_inline(node):
            return
        children = node["children"]
        shown = [child for child in children if self._is_worth_a_line(child)]
        rest: list[dict[str, Any]] = []
        if node["operation"] == "sum" and len(shown) > LISTED_CHILDREN + 1 and not self.is_complete:
            largest = sorted(shown, key=lambda child: -abs(child["value"] or 0.0))[:LISTED_CHILDREN]
            kept = {id(child) for child in largest}
            rest = [child for child in shown if id(child) not in kept]
            shown = [child for child in shown if id(child) in kept]
        for child in shown:
            sign = "" if child is children[0] else _SIGNS.get(node["operation"], "")
            yield self.line(child, sign, rule)
        if rest:
            together = fsum(child["value"] or 0.0 for child in rest)
            yield Line(f"… {len(rest):,} more, together", self.amount(together, node["currency"]))

    def _without_steps(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node whose parts are to be shown: below steps that only pass a value on."""
        while not self.is_complete:
            shown = [child for child in node["children"] if self._is_worth_a_line(child)]
            if len(shown) != 1 or shown[0]["key"] not in _STEPS or not shown[0]["children"]:
                break
            if not _same(shown[0]["value"], node["value"]):
                break
            node = shown[0]
        return node

    def _is_worth_a_line(self, node: dict[str, Any]) -> bool:
        if self.is_complete or node["value"] != 0.0 or node["note"] or node["key"] in self.why:
            return True
        if node["operation"] == "product":
            return False
        return any(self._is_worth_a_line(child) for child in node["children"])

    def _is_inline(self, node: dict[str, Any]) -> bool:
        """Whether a product is shown beside its label: all its factors are plain numbers."""
        return node["operation"] == "product" and all(
            not child["children"] and not child["same_as"] and not child["note"] for child in node["children"]
        )

    def _factors(self, node: dict[str, Any]) -> Iterator[str]:
        if node["children"] and self._is_inline(node):
            yield " × ".join(self._factor(child) for child in node["children"])

    def _factor(self, node: dict[str, Any]) -> str:
        return MISSING if node["value"] is None else number_text(node["value"])


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-12)


def _places(node: dict[str, Any]) -> Iterator[str]:
    """Where the numbers of a node stand: of its own parameters, and of the factors shown beside it."""
    held = [node]
    if node["operation"] == "product" and all(not child["children"] for child in node["children"]):
        held.extend(node["children"])
    places = dict.fromkeys(
        f"{PurePath(parameter['file']).name}:{parameter['line']}"
        if parameter["file"] and parameter["line"]
        else parameter["path"]
        for item in held
        for parameter in item["parameters"]
    )
    yield from places


def number_text(value: float) -> str:
    """A number with thousands separators and as many digits as it has, ten at most: ``-1,234.5``."""
    text = f"{value:z,.10g}"
    return text if "e" not in text else f"{value:.6g}"


def title_words(account: dict[str, Any]) -> str:
    """The title of the explanation: ``FIRM/ACCOUNT (S, CUST) explained, in INR``."""
    name = "/".join(part for part in (account["firm"], account["account"]) if part)
    kind = ", ".join(part for part in (account["account_type"], account["segregation"]) if part)
    words = f"{name} ({kind})" if kind else name
    return f"{words} explained, in {account['currency']}"


def sources_words(run: dict[str, Any]) -> Iterator[str]:
    """What the explanation was computed from, one line each."""
    for source in {item["path"]: item for item in run["parameters"]}.values():
        yield f"{source['path']} · {source['clearing_org']} {source['business_date']} {source['session']}"
    for source in run["positions"]:
        yield f"{source['path']} · {source['rows']:,} rows"
    rounding = "rounded as the house rounds" if run["rounding"] == "house" else "not rounded"
    yield f"{run['method']}, house {run['house']}, {rounding}, margin {run['version']}"


def rule_words(rule: dict[str, str]) -> str:
    """A rule with its source: ``scan risk: CME SPAN, Scan Risk; docs: methodology/scan-risk``."""
    return f"{rule['name']}: {rule['source']}, {rule['section']}; docs {rule['docs']}"
