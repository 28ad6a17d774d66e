"""What must hold inside spread definitions of a house configuration, and between them and their commodities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from margin.model.problem import Faults, Reason
from margin.read.parameters._house.document import (
    CalendarSpreadEntry,
    CommodityEntry,
    LegEntry,
    SpreadEntry,
    StrategySpreadEntry,
    TierEntry,
)
from margin.read.parameters._house.draft import Draft, Placed
from margin.read.parameters._house.reporting import check_unique, report_at
from margin.read.strict_yaml import TreePath
from margin.read.validated import did_you_mean

_INTERCLEARING = frozenset({"interclearing", "super_interclearing"})


def check_calendar_spreads(draft: Draft, placed: Placed[CommodityEntry], faults: Faults) -> None:
    """Report everything wrong with the spreads inside one commodity."""
    for name in ("strategy_spreads", "intracommodity_spreads"):
        _check_calendar_list(draft, placed, name, faults)


def _check_calendar_list(draft: Draft, placed: Placed[CommodityEntry], name: str, faults: Faults) -> None:
    section = (*placed.path, name)
    spreads: list[CalendarSpreadEntry | StrategySpreadEntry] = getattr(placed.entry, name) or []
    priorities = [((*section, i), spread.priority) for i, spread in enumerate(spreads)]
    check_unique(draft.tree, (name,), priorities, "priority", faults)
    for i, spread in enumerate(spreads):
        path = (*section, i)
        if isinstance(spread, CalendarSpreadEntry) and spread.method == "W":
            _check_fraction(draft, (*path, "rate"), spread.rate, -1.0, faults)
        if len({leg.side for leg in spread.legs}) < 2:
            report_at(draft.tree, (*path, "legs"), "all legs are on one side; a spread has A and B legs", faults)
        for j, leg in enumerate(spread.legs):
            where = (*path, "legs", j)
            if (leg.tier is None) == (leg.period is None):
                report_at(draft.tree, where, "give either tier or period", faults)
            if leg.tier is not None:
                tiers = placed.entry.intracommodity_tiers
                _check_tier(draft, (*where, "tier"), leg.tier, tiers, "intracommodity_tiers", faults)


def check_spreads(draft: Draft, known: frozenset[str], faults: Faults) -> None:
    """Report everything wrong with the spreads between commodities.

    Args:
        draft: The document.
        known: Codes of all commodities.
        faults: Collector of the document's file.
    """
    priorities = [(placed.path, (placed.entry.kind, placed.entry.priority)) for placed in draft.spreads]
    check_unique(draft.tree, ("spreads",), priorities, "priority", faults)
    for placed in draft.spreads:
        if placed.entry.form == "delta":
            _check_delta_based(draft, placed, faults)
        else:
            _check_scanning_based(draft, placed, faults)
        _check_legs(draft, placed, known, faults)
    _check_offsets(draft, known, faults)


def _check_offsets(draft: Draft, known: frozenset[str], faults: Faults) -> None:
    offsets = draft.head.offset_spreads or []
    priorities = [(("offset_spreads", i), offset.priority) for i, offset in enumerate(offsets)]
    check_unique(draft.tree, ("offset_spreads",), priorities, "priority", faults)
    for i, offset in enumerate(offsets):
        for j, code in enumerate(offset.commodities):
            where = ("offset_spreads", i, "commodities", j)
            if code in offset.commodities[:j]:
                report_at(draft.tree, where, f"{code} stands there twice; keep one", faults, Reason.DUPLICATE_KEY)
            elif code not in known:
                hint = did_you_mean(code, known) or "; list it under commodities"
                report_at(draft.tree, where, f"unknown commodity {code!r}{hint}", faults, Reason.UNKNOWN_NAME)


def commodities_with_weighted_price_risk(draft: Draft) -> dict[str, TreePath]:
    """Commodities whose weighted price risk enters a spread, and the spread that asks for it first."""
    asked: dict[str, TreePath] = {}
    for placed in draft.commodities:
        for i, spread in enumerate(placed.entry.intracommodity_spreads or ()):
            if spread.method == "W":
                asked.setdefault(placed.entry.code, (*placed.path, "intracommodity_spreads", i))
    for between in draft.spreads:
        if between.entry.form == "delta" and between.entry.method == "W":
            for leg in between.entry.legs:
                if leg.clearing_org is None:
                    asked.setdefault(leg.commodity, between.path)
    return asked


def _check_fraction(draft: Draft, path: TreePath, rate: float, least: float, faults: Faults) -> None:
    if not least <= rate <= 1.0:
        message = f"found {rate!r}, expected a fraction from {least:g} to 1, such as 0.55 for 55 %"
        report_at(draft.tree, path, message, faults)


def _check_tier(
    draft: Draft, path: TreePath, tier: int, tiers: list[TierEntry] | None, section: str, faults: Faults
) -> None:
    known = {entry.tier for entry in tiers or ()}
    if tier != 0 and tier not in known:
        listed = ", ".join(map(str, sorted(known))) or "none"
        message = f"unknown tier {tier}; the commodity's {section} are {listed}, and 0 is the whole commodity"
        report_at(draft.tree, path, message, faults, Reason.UNKNOWN_NAME)


def _check_delta_based(draft: Draft, placed: Placed[SpreadEntry], faults: Faults) -> None:
    spread, path = placed.entry, placed.path
    # Separate rates on every leg make the spread's own superfluous.
    separate = all(leg.rate is not None for leg in _home_legs(spread))
    if spread.method is None:
        _missing(draft, path, "method", "write F or W", faults)
    if spread.rate is None and not separate:
        _missing(draft, path, "rate", "give it here or on every leg", faults)
    if spread.method == "F" and spread.flat_rate_is is None:
        _missing(draft, path, "flat_rate_is", "write credit or charge, because houses differ", faults)
    if spread.method == "W":
        for where, rate in _rates(spread, path):
            _check_fraction(draft, where, rate, -1.0, faults)
        if spread.flat_rate_is is not None:
            report_at(draft.tree, (*path, "flat_rate_is"), "belongs to method F, but the method is W", faults)
    _refuse_other_form(draft, spread, path, ("legs_required", "target_required", "apply_currency_risk"), faults)
    for i, leg in enumerate(spread.legs):
        where = (*path, "legs", i)
        if leg.side is None:
            _missing(draft, where, "side", "write A or B", faults)
        _refuse_other_form(draft, leg, where, ("target", "required"), faults)
    sides = {leg.side for leg in spread.legs}
    if len(sides) < 2 and None not in sides:
        report_at(draft.tree, (*path, "legs"), "all legs are on one side; a spread has A and B legs", faults)


def _missing(draft: Draft, path: TreePath, name: str, advice: str, faults: Faults) -> None:
    message = f"the field {name!r} is missing; {advice}"
    report_at(draft.tree, path, message, faults, Reason.MISSING_FIELD)


def _refuse_other_form(
    draft: Draft, entry: SpreadEntry | LegEntry, path: TreePath, names: Iterable[str], faults: Faults
) -> None:
    """Refuse fields that mean something only for scanning-based spreads."""
    for name in names:
        if getattr(entry, name):
            report_at(draft.tree, (*path, name), "belongs to form scanning, but the form is delta", faults)


def _check_scanning_based(draft: Draft, placed: Placed[SpreadEntry], faults: Faults) -> None:
    spread, path = placed.entry, placed.path
    for name in ("method", "flat_rate_is"):
        if getattr(spread, name) is not None:
            report_at(draft.tree, (*path, name), "belongs to form delta, but the form is scanning", faults)
    if spread.kind in _INTERCLEARING:
        report_at(draft.tree, (*path, "form"), "spreads between clearing organisations are delta-based", faults)
    for where, rate in _rates(spread, path):
        _check_fraction(draft, where, rate, 0.0, faults)
    merged = [leg for leg in spread.legs if not leg.target]
    if spread.rate is None and any(leg.rate is None for leg in merged):
        _missing(draft, path, "rate", "give the gain allowance, here or on every leg", faults)
    targets = len(spread.legs) - len(merged)
    if targets != 1:
        message = f"found {targets} legs with target: true, expected one that the others merge into"
        report_at(draft.tree, (*path, "legs"), message, faults)
    for i, leg in enumerate(spread.legs):
        if leg.side is not None:
            where = (*path, "legs", i, "side")
            report_at(draft.tree, where, "belongs to form delta, but the form is scanning", faults)


def _rates(spread: SpreadEntry, path: TreePath) -> Iterator[tuple[TreePath, float]]:
    if spread.rate is not None:
        yield (*path, "rate"), spread.rate
    for i, leg in enumerate(spread.legs):
        if leg.rate is not None:
            yield (*path, "legs", i, "rate"), leg.rate


def _home_legs(spread: SpreadEntry) -> list[LegEntry]:
    return [leg for leg in spread.legs if leg.clearing_org is None]


def _check_legs(draft: Draft, placed: Placed[SpreadEntry], known: frozenset[str], faults: Faults) -> None:
    spread, path = placed.entry, placed.path
    commodities = {item.entry.code: item.entry for item in draft.commodities}
    for i, leg in enumerate(spread.legs):
        where = (*path, "legs", i)
        if leg.clearing_org is not None:
            if spread.kind not in _INTERCLEARING:
                message = f"belongs to interclearing spreads, but the kind is {spread.kind}"
                report_at(draft.tree, (*where, "clearing_org"), message, faults)
            continue
        if leg.commodity not in known:
            hint = did_you_mean(leg.commodity, known) or "; list it under commodities"
            message = f"unknown commodity {leg.commodity!r}{hint}"
            report_at(draft.tree, (*where, "commodity"), message, faults, Reason.UNKNOWN_NAME)
        elif leg.commodity in commodities or draft.commodity_codes is None:
            own = commodities.get(leg.commodity)
            tiers = own.intercommodity_tiers if own else None
            _check_tier(draft, (*where, "tier"), leg.tier, tiers, "intercommodity_tiers", faults)
    if spread.kind in _INTERCLEARING:
        home = _home_legs(spread)
        if not home or len(home) == len(spread.legs):
            message = "an interclearing spread has legs at home and legs with a clearing_org"
            report_at(draft.tree, (*path, "legs"), message, faults)
