"""One commodity of the account: its components, their floor and cap, the factors of a class and kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from margin.model.house import Rounding, rounded
from margin.resolve.rates import INITIAL, CommodityRate
from margin.spread.state import CommodityState
from margin.views.explain.amounts import delivery_parts, option_value_parts, short_option_minimum_parts
from margin.views.explain.gross import gross_components
from margin.views.explain.journal import SpreadJournal
from margin.views.explain.node import Node, Parameter, combined, number, rounded_sum
from margin.views.explain.price_risk import PriceRisks
from margin.views.explain.rules import (
    DELIVERY,
    FACTORS,
    FLOOR,
    INTERCOMMODITY,
    INTRACOMMODITY,
    OPTION_VALUE,
    SCANNING,
    SHORT_OPTION_MINIMUM,
    Rule,
)
from margin.views.explain.scan import scan_risk
from margin.views.explain.spreads import Spreads
from margin.views.explain.workings import CommodityRow, Workings, at, column_of

_CHARGES = ("scan_risk", "intracommodity_charge", "delivery_charge")
_CREDITS = ("intercommodity_credit", "interclearing_credit")

_LABELS: dict[str, tuple[str, Rule]] = {
    "intracommodity_charge": ("intracommodity spread charge", INTRACOMMODITY),
    "delivery_charge": ("delivery charge", DELIVERY),
    "intercommodity_credit": ("intercommodity spread credit", INTERCOMMODITY),
    "interclearing_credit": ("interclearing spread credit", INTERCOMMODITY),
    "short_option_minimum": ("short option minimum", SHORT_OPTION_MINIMUM),
    "long_option_value": ("value of long options", OPTION_VALUE),
    "short_option_value": ("value of short options", OPTION_VALUE),
}

_FACTOR_WORDS = {
    "rate_adjustment": "rate adjustment",
    "adjustment_factor": "adjustment factor of the account type",
    "initial_ratio": "initial over maintenance",
    "multiplier": "multiplier of the house",
}


def span_risk(work: Workings, row: CommodityRow) -> Node:
    """SPAN risk of one commodity and kind, in the commodity's currency."""
    item = work.contracts.commodities[row.code]
    label = f"{item.code} · {item.clearing_org}"
    if row.span_risk is None:
        return Node(item.code, label, None, row.currency, rule=FLOOR, note=work.problems_of(row.code))
    if row.absorbed_into is not None:
        note = _absorbed(row.absorbed_into)
        return Node(item.code, label, row.span_risk, row.currency, rule=SCANNING, note=note)
    rate = _rate(work, row)
    risk = work.once(("risk", id(row.run), row.group), lambda: _risk(work, row))
    factors = [_factor(work, row, name, value) for name, value in rate.parts if value != 1.0]
    parts = [risk]
    if factors:
        parts = [
            combined(
                "product",
                "with_factors",
                "with the factors of the account's class",
                (risk, *factors),
                currency=row.currency,
                rule=FACTORS,
            )
        ]
    step = work.policy.initial if row.kind.kind == INITIAL else work.policy.maintenance
    said = f"rates {rate.base}" if len(work.inputs.parameters.arrays) > 1 else None
    return rounded_sum(item.code, label, parts, row.span_risk, step, currency=row.currency, rule=FACTORS, note=said)


def available_option_value(work: Workings, row: CommodityRow, risk: Node) -> Node:
    """Option value of one commodity that may be set against requirements, in the commodity's currency.

    Args:
        work: The account.
        row: The commodity.
        risk: Its SPAN risk, which may cap the value.
    """
    item = work.contracts.commodities[row.code]
    label = f"{item.code} · {item.clearing_org}"
    if row.available_net_option_value is None:
        return Node(item.code, label, None, row.currency, rule=OPTION_VALUE, note=work.problems_of(row.code))
    if row.absorbed_into is not None:
        note = _absorbed(row.absorbed_into)
        return Node(item.code, label, row.available_net_option_value, row.currency, rule=SCANNING, note=note)
    net = work.once(("value", id(row.run), row.group), lambda: _net_option_value(work, row))
    if not work.capped[row.code]:
        return combined(
            "sum",
            item.code,
            label,
            (net,),
            value=row.available_net_option_value,
            currency=row.currency,
            rule=OPTION_VALUE,
        )
    cap = Node("span_risk cap", "at most the commodity's own SPAN risk", risk.value, row.currency)
    return combined(
        "min",
        item.code,
        label,
        (net, cap),
        value=row.available_net_option_value,
        currency=row.currency,
        rule=OPTION_VALUE,
        parameters=(_cap_flag(work, row),),
    )


def _absorbed(target: str) -> str:
    return f"margined inside {target} by a scanning-based spread"


def _cap_flag(work: Workings, row: CommodityRow) -> Parameter:
    item = work.contracts.commodities[row.code]
    return work.where.commodity(item, "cap on available net option value", "1", "capAnov")


def _rate(work: Workings, row: CommodityRow) -> CommodityRate:
    rate = work.rates.rates[int(work.book.accounts.type_code[work.account]), row.kind][row.code]
    if rate is None:
        raise RuntimeError("a commodity with a requirement has a rate")
    return rate


def _factor(work: Workings, row: CommodityRow, name: str, value: float) -> Node:
    item, house = work.contracts.commodities[row.code], work.inputs.house
    kind = work.book.accounts.types[int(work.book.accounts.type_code[work.account])].code
    places: dict[str, Callable[[], Parameter]] = {
        "rate_adjustment": lambda: work.where.commodity(item, "rate adjustment", value, "adjRate"),
        "adjustment_factor": lambda: (
            work.where.commodity(item, "adjustment factor", value, f"adjustment_factors/{kind}")
            if kind in item.adjustment_factors
            else work.where.house("adjustment factor", value, f"adjustment_factors/{kind}")
        ),
        "initial_ratio": lambda: (
            work.where.commodity(item, "initial ratio", value, f"initial_ratios/{kind}")
            if kind in item.initial_ratios
            else work.where.house("initial ratio", value, f"initial_ratios/{kind}")
        ),
        "multiplier": lambda: work.where.house(
            "multiplier",
            value,
            f"commodity_multipliers/{item.code}"
            if item.code in house.commodity_multipliers
            else "requirement_multiplier",
        ),
    }
    return Node(name, _FACTOR_WORDS[name], value, rule=FACTORS, parameters=(places[name](),))


def _risk(work: Workings, row: CommodityRow) -> Node:
    """Risk before the factors of classes and kinds: the components, with their floor and, for long options, cap."""
    components = _components(work, row)
    currency = row.currency
    charges = [components[name] for name in _CHARGES]
    credits_ = [components[name] for name in _CREDITS]
    if any(node.children for node in credits_):
        charged = combined("sum", "charges", "scan risk and charges", charges, currency=currency)
        before = combined(
            "difference",
            "components",
            "scan risk and charges less credits",
            (charged, *credits_),
            currency=currency,
            rule=FLOOR,
        )
    else:
        before = combined(
            "sum", "components", "sum of the components", (*charges, *credits_), currency=currency, rule=FLOOR
        )
    zero = Node("zero", "not below zero", 0.0, currency)
    floored = combined(
        "max",
        "risk",
        "risk before factors",
        (before, components["short_option_minimum"], zero),
        currency=currency,
        rule=FLOOR,
    )
    value = at(row.run.risk, row.group)
    if not row.run.value.only_long_options[row.group]:
        floored.value = value
        return floored
    worth = Node("long_option_value cap", "value of the long options", at(row.run.value.long, row.group), currency)
    return combined(
        "min",
        "only_long_options",
        "long options only: at most what they are worth",
        (floored, worth),
        value=value,
        currency=currency,
        rule=FLOOR,
    )


def _net_option_value(work: Workings, row: CommodityRow) -> Node:
    components = _components(work, row)
    return combined(
        "difference",
        "net_option_value",
        "net option value",
        (components["long_option_value"], components["short_option_value"]),
        value=at(row.run.value.net, row.group),
        currency=row.currency,
        rule=OPTION_VALUE,
    )


def _components(work: Workings, row: CommodityRow) -> dict[str, Node]:
    """Every component by name."""
    return work.once(("components", id(row.run), row.group), lambda: _explained_components(work, row))


def _explained_components(work: Workings, row: CommodityRow) -> dict[str, Node]:
    journal = row.journal
    if journal is None:
        return gross_components(work, row, _LABELS)
    state = journal.states[row.code]
    column = column_of(state.accounts, work.account)
    if column is None:
        raise RuntimeError("a commodity with a requirement has a holder")
    spreads = Spreads(work, journal, PriceRisks(work, row.run))
    amounts = _Amounts(work, journal, spreads)
    values = {
        **{name: getattr(row.run.components, name) for name in (*_CHARGES[1:], *_CREDITS, "short_option_minimum")},
        "long_option_value": row.run.value.long,
        "short_option_value": row.run.value.short,
    }
    found = {name: amounts.whole(name, state, column, at(value, row.group)) for name, value in values.items()}
    return {"scan_risk": scan_risk(work, row, state, column), **found}


@dataclass(frozen=True, eq=False)
class _Amounts:
    """Amounts of a commodity: its own, rounded, and those of commodities that merged into it."""

    work: Workings
    journal: SpreadJournal
    spreads: Spreads

    def whole(self, name: str, state: CommodityState, column: int, value: float | None = None) -> Node:
        """One amount.

        Args:
            name: Component.
            state: The commodity.
            column: The account's column in it.
            value: As the run has it; `None` for a commodity that merged into another.
        """
        label, rule = _LABELS[name]
        currency = state.commodity.currency
        parts = self._own(name, state, column)
        moved = [
            self.whole(name, merge.leg, int(merge.leg_columns[place]))
            for merge in state.merges
            if merge.leg is not None and merge.leg_columns is not None
            for place in np.flatnonzero(merge.columns == column).tolist()
        ]
        moved = [node for node in moved if node.children]
        if name == "intracommodity_charge":
            moved = [*self._strategies(state, label, rule), *moved]
        step = self._step(name)
        key = name
        if value is None:
            key, label = f"{name} of {state.commodity.code}", f"{label} of {state.commodity.code}, merged in"
        if not parts and not moved:
            return Node(key, label, value or 0.0, currency, rule=rule)
        if name in _CREDITS:
            # Credits are rounded once, after everything has merged.
            final = step if value is not None else None
            total = number(np.sum([node.value or 0.0 for node in (*parts, *moved)])) if value is None else value
            return rounded_sum(key, label, (*parts, *moved), total, final, currency=currency, rule=rule)
        own = self._rounded(parts, step)
        if not moved:
            return rounded_sum(key, label, parts, own if value is None else value, step, currency=currency, rule=rule)
        mine = rounded_sum(f"own {name}", f"{label}, its own", parts, own, step, currency=currency, rule=rule)
        return combined(
            "sum", key, label, (*((mine,) if parts else ()), *moved), value=value, currency=currency, rule=rule
        )

    def _own(self, name: str, state: CommodityState, column: int) -> list[Node]:
        work, held = self.work, self.work.holdings(state.code)
        makers: dict[str, Callable[[], list[Node]]] = {
            "intracommodity_charge": lambda: self.spreads.charges(state, of_strategies=False),
            "delivery_charge": lambda: (
                delivery_parts(work, state, self.journal.delivery[state.code], column)
                if state.code in self.journal.delivery
                else []
            ),
            "intercommodity_credit": lambda: self.spreads.credits(state, "intercommodity_credit"),
            "interclearing_credit": lambda: self.spreads.credits(state, "interclearing_credit"),
            "short_option_minimum": lambda: short_option_minimum_parts(work, state.code, state.rate_id, held),
            "long_option_value": lambda: option_value_parts(work, held, state.commodity.currency, is_long=True),
            "short_option_value": lambda: option_value_parts(work, held, state.commodity.currency, is_long=False),
        }
        return makers[name]()

    def _strategies(self, state: CommodityState, label: str, rule: Rule) -> list[Node]:
        """The charge of strategy spreads, which is rounded by itself."""
        parts = self.spreads.charges(state, of_strategies=True)
        if not parts:
            return []
        step = self._step("intracommodity_charge")
        value, currency = self._rounded(parts, step), state.commodity.currency
        return [rounded_sum("strategies", f"{label}, strategies", parts, value, step, currency=currency, rule=rule)]

    def _step(self, name: str) -> Rounding | None:
        policy = self.work.policy
        steps = {
            "intracommodity_charge": policy.intracommodity_charge,
            "delivery_charge": policy.delivery_charge,
            "intercommodity_credit": policy.intercommodity_credit,
            "interclearing_credit": policy.intercommodity_credit,
            "short_option_minimum": policy.short_option_minimum,
            "long_option_value": policy.option_value,
            "short_option_value": policy.option_value,
        }
        return steps[name]

    def _rounded(self, parts: list[Node], step: Rounding | None) -> float:
        return at(rounded(np.array([sum(node.value or 0.0 for node in parts)]), step), 0)
