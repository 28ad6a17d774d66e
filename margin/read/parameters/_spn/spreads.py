"""Spread definitions of a SPAN XML file (``dSpread``, ``sSpread``, ``clearSpread``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from margin.model.parameters import (
    WHOLE_COMMODITY,
    ChargeMethod,
    LegKind,
    MonthRates,
    RateId,
    Side,
    SpreadDefinition,
    SpreadKind,
    SpreadLeg,
    UnsupportedElement,
)
from margin.model.problem import Reason
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.reading import Fields, Reading

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_CHARGE_METHODS = ("F", "P", "W")
_LEGS = ("tLeg", "pLeg", "rpLeg")
CONTAINERS: dict[str, SpreadKind] = {
    "superSpreads": "super",
    "superInterClearSpreads": "super_interclearing",
    "interSpreads": "intercommodity",
    "interClearSpreads": "interclearing",
}
"""Lists of spreads between commodities, and what kind of spreads they hold."""
SPREADS = ("dSpread", "sSpread", "clearSpread")
"""Spreads that are read. Others are refused for the commodities that they name, if one is held."""


def read_spreads_between_commodities(org: Element, code: str, reading: Reading) -> list[SpreadDefinition]:
    """Super, inter-commodity and inter-clearing spreads of one clearing organisation, in file order."""
    spreads = []
    for container in org.all(*CONTAINERS):
        kind = CONTAINERS[container.name]
        for child in container.children:
            label = f"{container.name}/{child.name}[{child.text_of('spread')}]"
            fields = Fields(reading, child, label)
            if child.name == "dSpread":
                spreads.append(read_delta_spread(fields, kind, code))
            elif child.name == "sSpread":
                spreads.append(_read_scanning_spread(fields, kind, code))
            elif child.name == "clearSpread":
                spreads.append(_read_clearing_spread(fields, kind, code))
            else:
                reading.warn_once(
                    Reason.UNSUPPORTED_RULE,
                    f"elements <{child.name}> of {container.name} are not known; they form no spread, and the "
                    "commodities that they name are not margined",
                    line=child.line,
                )
    return spreads


def read_delta_spread(fields: Fields, kind: SpreadKind, clearing_org: str) -> SpreadDefinition:
    """A spread of deltas. A positive flat rate is a charge, as everywhere in SPAN XML.

    Source: CME SPAN XML schema, ``dSpread``.
    """
    element = fields.element
    method = fields.require_text("chargeMeth")
    legs = tuple(_read_leg(leg, fields) for leg in element.all(*_LEGS))
    if len(legs) < 2:
        _refuse_legs(fields, len(legs))
    return SpreadDefinition(
        kind=kind,
        form="delta",
        clearing_org=clearing_org,
        priority=fields.require_integer("spread"),
        charge_method=cast(ChargeMethod, method),
        legs=legs,
        rates=fields.rates("rate"),
        month_rates=_month_rates(fields),
        flat_rate_is_credit=False,
        unsupported=tuple(_unsupported_in_delta_spread(fields, method)),
        line=element.line,
    )


def _unsupported_in_delta_spread(fields: Fields, method: str) -> list[UnsupportedElement]:
    element = fields.element
    found = [fields.unsupported(child) for child in element.all("volRate", "dSpread")]
    found.extend(
        fields.unsupported(child) for child in element.all("spreadType") if child.text.upper() not in ("", "DEFAULT")
    )
    if method not in _CHARGE_METHODS:
        found.extend(fields.unsupported(child) for child in element.all("chargeMeth"))
    return found


def _month_rates(fields: Fields) -> Mapping[RateId, MonthRates]:
    """The parts of a charge per month and per spread by rate id. Source: CME SPAN XML schema, ``pmpsRate``."""
    found = {}
    for element in fields.element.all("pmpsRate"):
        own = Fields(fields.reading, element, f"{fields.label}/pmpsRate")
        # The schema types pmRate as a string: what is no number there leaves the spread without a rate, not the
        # file without a reader.
        if _PLAIN_NUMBER.fullmatch(own.require_text("pmRate")):
            parts = (own.require_number(name) for name in ("val", "pmRate", "psRate"))
            found[own.require_text("r")] = MonthRates(*parts)
    return MappingProxyType(found)


def _read_leg(element: Element, spread: Fields) -> SpreadLeg:
    fields = Fields(spread.reading, element, f"{spread.label}/{element.name}")
    kinds: dict[str, LegKind] = {"tLeg": "tier", "pLeg": "period", "rpLeg": "relative"}
    kind = kinds[element.name]
    return SpreadLeg(
        kind=kind,
        commodity=fields.require_text("cc"),
        side=_read_side(fields),
        ratio=fields.positive("i"),
        tier=fields.require_integer("tn") if kind == "tier" else None,
        period=fields.require_period("pe") if kind == "period" else None,
        relative_number=fields.require_integer("rpNum") if kind == "relative" else None,
        first_tier=fields.integer("btNum") if kind == "relative" else None,
        last_tier=fields.integer("etNum") if kind == "relative" else None,
        rates=fields.rates("rate"),
    )


def _read_side(fields: Fields) -> Side:
    word = fields.require_text("rs").upper()
    element = fields.element.first("rs")
    if word not in ("A", "B") and word and element is not None:
        fields.invalid(element, "A or B")
    return "B" if word == "B" else "A"


def _refuse_legs(fields: Fields, found: int) -> None:
    element = fields.element
    fields.invalid(Element("legs", str(found), element.line, element.row), "two or more legs")


def _read_scanning_spread(fields: Fields, kind: SpreadKind, clearing_org: str) -> SpreadDefinition:
    """A scanning-based spread: the legs' arrays merge into a target; its rate is the allowance for gains.

    Source: CME SPAN XML schema, ``sSpread``.
    """
    element = fields.element
    unsupported = [fields.unsupported(child) for child in element.all("sPointDef")]
    if fields.flag("apportionRisk"):
        unsupported.extend(fields.unsupported(child) for child in element.all("apportionRisk"))
    return SpreadDefinition(
        kind=kind,
        form="scanning",
        clearing_org=clearing_org,
        priority=fields.require_integer("spread"),
        charge_method="W",
        legs=tuple(_read_scanning_leg(leg, fields) for leg in element.all("sLeg")),
        rates=fields.rates("rate"),
        is_target_required=bool(fields.flag("isTargetReq")),
        legs_required=fields.integer("numLegsReq"),
        apply_currency_risk=bool(fields.flag("applyFxRisk")),
        unsupported=tuple(unsupported),
        line=element.line,
    )


def _read_scanning_leg(element: Element, spread: Fields) -> SpreadLeg:
    fields = Fields(spread.reading, element, f"{spread.label}/sLeg")
    return SpreadLeg(
        kind="tier",
        commodity=fields.require_text("cc"),
        side="A",
        ratio=fields.positive("i") if fields.text("i") is not None else 1.0,
        tier=WHOLE_COMMODITY,
        rates=fields.rates("rate"),
        is_target=fields.require_flag("isTarget"),
        is_required=bool(fields.flag("isRequired")),
    )


def _read_clearing_spread(fields: Fields, kind: SpreadKind, clearing_org: str) -> SpreadDefinition:
    """A spread between clearing organisations: only the home legs carry rates.

    Source: CME SPAN XML schema, ``clearSpread``.
    """
    element = fields.element
    legs = tuple(_read_clearing_leg(leg, fields) for leg in element.all("homeLeg", "awayLeg"))
    if len(legs) < 2:
        _refuse_legs(fields, len(legs))
    return SpreadDefinition(
        kind=kind,
        form="delta",
        clearing_org=clearing_org,
        priority=fields.require_integer("spread"),
        charge_method="W",
        legs=legs,
        line=element.line,
    )


def _read_clearing_leg(element: Element, spread: Fields) -> SpreadLeg:
    fields = Fields(spread.reading, element, f"{spread.label}/{element.name}")
    return SpreadLeg(
        kind="tier",
        commodity=fields.require_text("cc"),
        side=_read_side(fields),
        ratio=fields.positive("i"),
        tier=fields.require_integer("tn"),
        rates=fields.rates("rate"),
        clearing_org=fields.require_text("ec") if element.name == "awayLeg" else None,
    )
