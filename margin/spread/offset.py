"""Offsets of London SPAN: commodities are scanned together, and each is credited its share of what that saves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from margin.model.house import rounded
from margin.model.parameters import SpreadDefinition
from margin.resolve.cover import EVERY_PERIOD
from margin.spread.formed import FormedSpreads, SpreadBatch
from margin.spread.intercommodity import CREDITS, align
from margin.spread.measure import Measure
from margin.spread.state import CommodityState


def form_offset(
    states: Mapping[str, CommodityState], spread: SpreadDefinition, measure: Measure, formed: FormedSpreads
) -> None:
    """Form one offset, for all accounts that hold every one of its commodities.

    The scenario losses of the commodities are added up, gains in full, and scanned; the charge is added.
    What the commodities' own scan risks have above that, as a fraction of their sum, is the credit on each of
    them, rounded commodity by commodity. Where they have nothing above it no offset forms. No delta is used.
    Source: London SPAN, offset method: (Σ scan − (combined scan + charge)) ÷ Σ scan.

    Args:
        states: Commodities of the clearing organisation by their code.
        spread: The definition; its rates are charges in money.
        measure: Scans the commodities.
        formed: Takes the offsets that form.
    """
    legs = [states.get(leg.commodity) for leg in spread.legs]
    held = [state for state in legs if state is not None]
    if len(held) < len(legs):
        return
    formed.watch(*held)
    accounts, columns = align(held)
    scans = [measure.scan(state, EVERY_PERIOD).take(own) for state, own in zip(held, columns, strict=True)]
    separate = np.sum([scan.scan for scan in scans], axis=0)
    together = np.sum([scan.losses for scan in scans], axis=0).max(axis=1, initial=0.0)
    charge = spread.rates[held[0].rate_id] * held[0].money
    saved = separate - (rounded(together, measure.policy.scan_risk) + charge)
    chosen = np.flatnonzero(saved > 0.0)
    if not len(chosen):
        return
    earned = []
    for state, own, scan in zip(held, columns, scans, strict=True):
        share = scan.scan[chosen] * saved[chosen] / separate[chosen]
        earned.append(rounded(share, measure.policy.intercommodity_credit))
        state.amounts[CREDITS[spread.kind]][own[chosen]] += earned[-1]
    batch = SpreadBatch(
        definition=spread,
        rate_id=held[0].rate_id,
        orientation=0,
        accounts=accounts[chosen],
        groups=held[0].groups[columns[0][chosen]],
        number=np.ones(len(chosen)),
        amount=np.sum(earned, axis=0),
        legs=spread.legs,
        leg_amounts=tuple(earned),
    )
    formed.add(batch, *held)
