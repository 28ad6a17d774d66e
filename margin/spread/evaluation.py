"""The order in which spreads form: super, inside commodities, delivery, between commodities, between houses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from margin.model.house import rounded
from margin.model.parameters import SpreadDefinition, SpreadKind
from margin.resolve.contracts import ResolvedContracts
from margin.spread.delivery import charge_delivery
from margin.spread.formed import FormedSpreads
from margin.spread.intercommodity import form_delta_spread
from margin.spread.intracommodity import form_intracommodity_spreads
from margin.spread.measure import Measure
from margin.spread.offset import form_offset
from margin.spread.scanning import form_scanning_spread
from margin.spread.state import CommodityState

_Named = Mapping[str, CommodityState]


def form_spreads(
    states: Mapping[int, CommodityState],
    contracts: ResolvedContracts,
    measure: Measure,
    formed: FormedSpreads | None = None,
) -> FormedSpreads:
    """Form all spreads of all clearing organisations.

    Super spreads come before intracommodity spreads (CME SPAN 09-01). The delivery charge follows where the
    house takes it. Spreads between clearing organisations come last; an away delta is what its own
    organisation's spreads have left, and is used once among the spreads of one home organisation.

    Args:
        states: Commodities by code; deltas are used up and amounts added in place.
        contracts: Gives the definitions.
        measure: Measures commodities as spreads leave them.
        formed: Takes the spreads that form; `None` for a new list.
    """
    formed = FormedSpreads() if formed is None else formed
    formed.begin(states, measure)
    by_organisation: dict[str, dict[str, CommodityState]] = {}
    for state in states.values():
        by_organisation.setdefault(state.commodity.clearing_org, {})[state.commodity.code] = state
    organisations = sorted(by_organisation)
    for organisation in organisations:
        _between(_of_kind(contracts, organisation, "super"), by_organisation[organisation], {}, measure, formed)
    _between_organisations("super_interclearing", by_organisation, contracts, measure, formed)
    for organisation in organisations:
        own = by_organisation[organisation]
        for state in own.values():
            form_intracommodity_spreads(state, measure, formed)
        if measure.switches.delivery_charge_after == "intracommodity":
            _charge_deliveries(own, measure, formed)
        _between(_of_kind(contracts, organisation, "intercommodity"), own, {}, measure, formed)
        if measure.switches.delivery_charge_after == "intercommodity":
            _charge_deliveries(own, measure, formed)
    _between_organisations("interclearing", by_organisation, contracts, measure, formed)
    for state in states.values():
        for name in ("intercommodity_credit", "interclearing_credit"):
            state.amounts[name] = rounded(state.amounts[name], measure.policy.intercommodity_credit)
    return formed


def _of_kind(contracts: ResolvedContracts, organisation: str, kind: SpreadKind) -> list[SpreadDefinition]:
    """Spreads of one list of one clearing organisation, by priority, ties in the order of the file."""
    spreads = [item for item in contracts.parameters.spreads if item.clearing_org == organisation and item.kind == kind]
    return sorted(spreads, key=lambda spread: spread.priority)


def _between_organisations(
    kind: SpreadKind,
    by_organisation: Mapping[str, _Named],
    contracts: ResolvedContracts,
    measure: Measure,
    formed: FormedSpreads,
) -> None:
    """Form one kind of spread between clearing organisations.

    Every organisation sees the others as they stand before any of them forms such a spread, so that their order
    does not matter; it draws on a copy of their deltas.
    """
    spreads = {organisation: _of_kind(contracts, organisation, kind) for organisation in sorted(by_organisation)}
    seen = {
        organisation: {
            (other, code): replace(state, remaining=state.remaining.copy())
            for other, own in by_organisation.items()
            if other != organisation
            for code, state in own.items()
        }
        for organisation, own_spreads in spreads.items()
        if own_spreads
    }
    for organisation, away in seen.items():
        _between(spreads[organisation], by_organisation[organisation], away, measure, formed)


def _between(
    spreads: list[SpreadDefinition],
    own: _Named,
    away: Mapping[tuple[str, str], CommodityState],
    measure: Measure,
    formed: FormedSpreads,
) -> None:
    """Form spreads between commodities by priority; each sees what the ones before it left and merged."""
    for spread in spreads:
        if spread.form == "scanning":
            form_scanning_spread(own, spread, formed)
            continue
        if spread.form == "offset":
            form_offset(own, spread, measure, formed)
            continue
        legs = [
            (leg, own.get(leg.commodity) if leg.clearing_org is None else away.get((leg.clearing_org, leg.commodity)))
            for leg in spread.legs
        ]
        held = [(leg, state) for leg, state in legs if state is not None]
        if len(held) == len(legs):
            form_delta_spread(held, spread, measure, formed)


def _charge_deliveries(own: _Named, measure: Measure, formed: FormedSpreads) -> None:
    for state in own.values():
        formed.charge_delivery(state)
        charge_delivery(state, measure)
