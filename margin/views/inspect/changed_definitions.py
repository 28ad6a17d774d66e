"""What changed between the definitions of two parameter sets: rates, spreads, tiers, methods, conversions, grids.

Definitions are matched by what they are about (a spread by its legs, a tier by its number), never by their place
in the file or a file's internal ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isclose
from typing import TypeAlias

from margin.model.contract import Product
from margin.model.parameters import (
    WHOLE_COMMODITY,
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    SpreadDefinition,
    SpreadLeg,
)
from margin.views.inspect.definitions import METHODS, Document, spread_words, tiers_of

Value: TypeAlias = float | str | bool | None

SAME_NUMBER = 1e-12
"""Relative difference up to which two numbers are the same, whatever text formats made of them."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What to call clearing organisations and rate ids, so that the same ones are called the same on both sides.

    Attributes:
        organisations: By code; other codes are called what they are.
        rates: By rate id; others are called what they are.
    """

    organisations: Mapping[str, str]
    rates: Mapping[str, str]

    def organisation(self, code: str) -> str:
        """What a clearing organisation is called."""
        return self.organisations.get(code, code)

    def rate(self, rate_id: str) -> str:
        """What a rate id is called."""
        return self.rates.get(rate_id, rate_id)


@dataclass(frozen=True, slots=True)
class Key:
    """What a definition is about.

    Attributes:
        item: What it is: ``commodity``, ``intracommodity spread`` …
        clearing_org: Where.
        commodity: Of which combined commodity; empty for what stands above or between them.
        where: Which of them, in words.
        number: Tells apart those that are about the same thing, in the order of their priority.
    """

    item: str
    clearing_org: str
    commodity: str
    where: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class Definition:
    """The fields of a definition; a rate is a field with its rate id."""

    fields: dict[tuple[str, str | None], Value] = field(default_factory=dict)


Definitions: TypeAlias = dict[Key, Definition]


def definitions_of(parameters: ParameterSet, naming: Naming) -> Definitions:
    """Every definition of a parameter set.

    Args:
        parameters: The parameters.
        naming: What to call clearing organisations and rate ids.
    """
    found: Definitions = {}
    for organisation in parameters.clearing_orgs:
        found.update(_organisation(organisation, naming))
    for product in parameters.products:
        found.setdefault(*_product(product, naming))
    for commodity in parameters.commodities:
        org = naming.organisation(commodity.clearing_org)
        found.update(_commodity(commodity, org, naming))
        found.update(_tiers(commodity, org, naming))
        found.update(_spreads(commodity.spreads, org, commodity.code, naming))
    by_org: dict[str, list[SpreadDefinition]] = {}
    for spread in parameters.spreads:
        by_org.setdefault(naming.organisation(spread.clearing_org), []).append(spread)
    for org, spreads in by_org.items():
        found.update(_spreads(spreads, org, "", naming))
    return found


def changed_fields(before: Definitions, after: Definitions) -> list[Document]:
    """Fields of the definitions on both sides that differ, with their relative change where both are numbers."""
    changes = []
    for key in before.keys() & after.keys():
        one, other = before[key].fields, after[key].fields
        for name in {**one, **other}:
            old, new = one.get(name), other.get(name)
            if not _same(old, new):
                changes.append({**_place(key), "field": name[0], "rate_id": name[1], **change(old, new)})
    return in_order(changes)


def only_in(some: Definitions, others: Definitions) -> list[Document]:
    """The definitions on one side that have no counterpart on the other; parts of such a commodity go with it."""
    lonely = some.keys() - others.keys()
    gone = {(key.clearing_org, key.commodity) for key in lonely if key.item == "commodity"}
    parts = [
        key for key in lonely if key.item in ("commodity", "product") or (key.clearing_org, key.commodity) not in gone
    ]
    return in_order([_place(key) for key in parts])


def in_order(rows: list[Document]) -> list[Document]:
    """By item and clearing organisation, the largest relative change first, then by what they are about."""
    return sorted(rows, key=_order)


def change(old: Value, new: Value) -> Document:
    """Two values and, where both are numbers and the first is not zero, the relative change."""
    relative = None
    if _is_number(old) and _is_number(new) and old:
        relative = float(new) / float(old) - 1.0  # type: ignore[arg-type]  # numbers, as just asked
    return {"before": old, "after": new, "change": relative}


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=SAME_NUMBER)
    return one == other


def _place(key: Key) -> Document:
    return {"item": key.item, "clearing_org": key.clearing_org, "commodity": key.commodity, "where": key.where}


def _order(row: Document) -> tuple[str, str, float, str, str, str, str]:
    size = abs(row["change"]) if row.get("change") is not None else float("inf")
    rest = (row["commodity"], row["where"], row.get("field", ""), row.get("rate_id") or "")
    return row["item"], row["clearing_org"], -size, *rest


def _organisation(item: ClearingOrganisation, naming: Naming) -> Iterator[tuple[Key, Definition]]:
    org = naming.organisation(item.code)
    settings: dict[tuple[str, str | None], Value] = {
        (name, None): getattr(item, name)
        for name in (
            "is_net_margin",
            "is_contract_scale",
            "finalize_method",
            "option_delta_method",
            "cap_available_net_option_value",
            "customer_use_long_option_value",
            "limit_sub_account_offset",
            "cap_risk_array",
            "look_ahead_years",
        )
    }
    yield Key("clearing organisation", org, "", org), Definition(settings)
    for rate in item.currency_conversions:
        where = f"{rate.from_currency} to {rate.to_currency}"
        values: dict[tuple[str, str | None], Value] = {
            ("factor", None): rate.factor,
            ("shift_up", None): rate.shift_up,
            ("shift_down", None): rate.shift_down,
            **{(f"haircut {number}", None): value for number, value in enumerate(rate.haircuts, start=1)},
        }
        yield Key("currency conversion", org, "", where), Definition(values)
    for bond in item.rates:
        kind = "maintenance" if bond.is_maintenance else "initial"
        owner = "customer" if bond.is_customer else "house"
        where = f"{bond.account_type} {owner} {bond.bond_class} {kind}"
        yield Key("rate id", org, "", where), Definition({("rate id", None): naming.rate(bond.rate_id)})


def _product(item: Product, naming: Naming) -> tuple[Key, Definition]:
    org = naming.organisation(item.clearing_org)
    key = Key("product", org, "", f"{item.exchange} {item.code} {item.type}")
    names = ("currency", "value_method", "settlement_method", "exercise", "price_model", "cabinet_value")
    return key, Definition({(name, None): getattr(item, name) for name in names})


def _commodity(item: CombinedCommodity, org: str, naming: Naming) -> Iterator[tuple[Key, Definition]]:
    own: dict[tuple[str, str | None], Value] = {
        ("currency", None): item.currency,
        ("groups", None): ", ".join(item.groups) or None,
        ("risk_exponent", None): float(item.risk_exponent),
        ("cap_available_net_option_value", None): item.cap_available_net_option_value,
        ("customer_use_long_option_value", None): item.customer_use_long_option_value,
        ("limit_arrays_to_16_points", None): item.limit_arrays_to_16_points,
        **{(f"{name} method", None): getattr(item, attribute) for name, attribute in METHODS.items()},
        **{(f"initial ratio of {kind}", None): value for kind, value in item.initial_ratios.items()},
        **{(f"adjustment factor of {kind}", None): value for kind, value in item.adjustment_factors.items()},
        **{
            (f"factor on rate {naming.rate(adjustment.base_rate_id)}", naming.rate(adjustment.rate_id)): (
                adjustment.factor
            )
            for adjustment in item.rate_adjustments
        },
    }
    yield Key("commodity", org, item.code, item.code), Definition(own)
    for link in item.product_links:
        # The delta scaling factor is compared contract by contract: files state parts of it in different places.
        method: dict[tuple[str, str | None], Value] = {("combination_method", None): link.combination_method}
        where = f"{link.exchange} {link.product} {link.type}"
        yield Key("product of commodity", org, item.code, where), Definition(method)
    for spot in item.spot_rates:
        side = "" if spot.side == "both" else f" {spot.side}"
        rate_id = naming.rate(spot.rate_id)
        key = Key("delivery rate", org, item.code, f"{spot.period or 'no expiry'}{side} rate {rate_id}")
        rates: dict[tuple[str, str | None], Value] = {
            ("spread rate", rate_id): spot.spread_rate,
            ("outright rate", rate_id): spot.outright_rate,
        }
        yield key, Definition(rates)


def _tiers(item: CombinedCommodity, org: str, naming: Naming) -> Iterator[tuple[Key, Definition]]:
    """Tiers by kind and number; those of one number by their order."""
    seen: dict[tuple[str, int], int] = {}
    for kind, tier in tiers_of(item):
        seen[kind, tier.number] = seen.get((kind, tier.number), 0) + 1
        values: dict[tuple[str, str | None], Value] = {
            ("first period", None): tier.start,
            ("last period", None): tier.end,
            **{("rate", naming.rate(rate_id)): rate for rate_id, rate in tier.rates.items()},
        }
        is_rate = kind == "short_option_minimum"
        where = f"tier {tier.number}" if is_rate else f"{kind} tier {tier.number}"
        where = "whole commodity" if is_rate and tier.number == WHOLE_COMMODITY else where
        title = "short option minimum" if is_rate else "tier"
        yield Key(title, org, item.code, where, seen[kind, tier.number]), Definition(values)


def _spreads(
    spreads: Iterable[SpreadDefinition], org: str, commodity: str, naming: Naming
) -> Iterator[tuple[Key, Definition]]:
    """Spreads by their legs; those of the same legs by their priority."""
    seen: dict[tuple[str, str], int] = {}
    for spread in sorted(spreads, key=lambda item: item.priority):
        legs = _legs(spread)
        where = spread_words(_with_legs(spread, legs))
        item = f"{spread.kind.replace('_', ' ')} spread"
        seen[item, where] = seen.get((item, where), 0) + 1
        values: dict[tuple[str, str | None], Value] = {
            ("form", None): spread.form,
            ("charge method", None): spread.charge_method,
            ("legs required", None): None if spread.legs_required is None else float(spread.legs_required),
            **{("rate", naming.rate(rate_id)): rate for rate_id, rate in spread.rates.items()},
            **{(f"ratio of leg {n}", None): leg.ratio for n, leg in enumerate(legs, start=1)},
            **{
                (f"rate of leg {n}", naming.rate(rate_id)): rate
                for n, leg in enumerate(legs, start=1)
                for rate_id, rate in leg.rates.items()
            },
        }
        for own_id, months in spread.month_rates.items():
            rate_id = naming.rate(own_id)
            values["rate, flat", rate_id] = months.flat
            values["rate, per month", rate_id] = months.per_month
            values["rate, per spread", rate_id] = months.per_spread
        yield Key(item, org, commodity, where, seen[item, where]), Definition(values)


def _legs(spread: SpreadDefinition) -> list[SpreadLeg]:
    """Legs in one order whatever the file's; which side is called A says nothing, so the first leg's is."""

    def place(leg: SpreadLeg) -> tuple[str, ...]:
        where = (leg.tier, leg.period, leg.relative_number, leg.first_tier, leg.last_tier)
        return leg.commodity, leg.clearing_org or "", leg.kind, *(str(part) for part in where)

    return sorted(spread.legs, key=lambda leg: (place(leg), leg.side))


def _with_legs(spread: SpreadDefinition, legs: list[SpreadLeg]) -> SpreadDefinition:
    """The spread with the side of its first leg called A, and ratios out of its words."""
    first = legs[0].side if legs else "A"
    return replace(spread, legs=tuple(replace(leg, side="A" if leg.side == first else "B", ratio=1.0) for leg in legs))
