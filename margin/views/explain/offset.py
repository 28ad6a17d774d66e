"""Offsets of London SPAN: each commodity's share of what scanning several commodities together saves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.model.house import rounded
from margin.resolve.cover import EVERY_PERIOD
from margin.views.explain.journal import Entry, LegEntry
from margin.views.explain.node import Node, combined, rounded_sum
from margin.views.explain.rules import OFFSET
from margin.views.explain.scan import loss_in_scenario, tier_scan, unit_factor
from margin.views.explain.workings import Workings, at, column_of


@dataclass(frozen=True, eq=False)
class Offset:
    """One offset that the account formed.

    Attributes:
        work: The account.
        entry: The offset.
        place: The account's place in it.
    """

    work: Workings
    entry: Entry
    place: int

    def credit(self, index: int, key: str, label: str) -> Node:
        """Credit of one of its commodities.

        Args:
            index: Which leg.
            key: Name of the node.
            label: In words.
        """
        scans = self._scans()
        separate = combined("sum", "separate", "scan risks one by one", scans, currency=self._currency)
        share = combined("quotient", "share", "this commodity's share of them", (scans[index], separate))
        saved = self.work.once(("saved", id(self.entry), self.place), self._saved)
        credit = combined("product", "credit", "share of what is saved", (saved, share), currency=self._currency)
        step = self.work.policy.intercommodity_credit
        value = at(self.entry.batch.leg_amounts[index], self.place)
        return rounded_sum(key, label, (credit,), value, step, currency=self._currency, rule=OFFSET)

    @property
    def _currency(self) -> str:
        return self.entry.legs[0].state.commodity.currency

    def _column(self, own: LegEntry) -> int:
        column = column_of(own.state.accounts, self.work.account)
        if column is None:
            raise RuntimeError("the account holds the commodity")
        return column

    def _scans(self) -> list[Node]:
        nodes = []
        for own in self.entry.legs:
            if own.scan is None:
                raise RuntimeError("a leg of an offset was scanned")
            column = self._column(own)
            losses, scan, active = own.scan.losses[column], at(own.scan.scan, column), int(own.scan.active[column])
            nodes.append(tier_scan(self.work, own.state, column, EVERY_PERIOD, own.merges, losses, scan, active))
        return nodes

    def _saved(self) -> Node:
        """Scan risks one by one, less the scan risk together and the charge."""
        currency = self._currency
        separate = combined("sum", "separate", "scan risks one by one", self._scans(), currency=currency)
        parts = (separate, self._together(), self._charge())
        return combined("difference", "saved", "what scanning together saves", parts, currency=currency)

    def _together(self) -> Node:
        currency, step = self._currency, self.work.policy.scan_risk
        legs = [(own, own.scan, self._column(own)) for own in self.entry.legs]
        losses = np.sum([scan.losses[column] for _, scan, column in legs if scan is not None], axis=0)
        worst = int(np.argmax(losses))
        parts = [
            loss_in_scenario(self.work, own.state, column, EVERY_PERIOD, own.merges, worst) for own, _, column in legs
        ]
        loss = combined("sum", "losses", f"losses together in scenario {worst + 1}", parts, currency=currency)
        zero = Node("zero", "not below zero", 0.0, currency)
        floored = combined("max", "combined", "the largest loss together", (loss, zero), currency=currency)
        value = at(rounded(np.maximum(losses[worst : worst + 1], 0.0), step), 0)
        return rounded_sum("together", "scan risk together", (floored,), value, step, currency=currency)

    def _charge(self) -> Node:
        definition, state = self.entry.batch.definition, self.entry.legs[0].state
        rate = self.work.where.spread_rate(definition, state.rate_id)
        factors = (
            Node("rate", "rate", float(rate.value), self._currency, parameters=(rate,)),
            *unit_factor(self.work, state.code),
        )
        return combined("product", "charge", "charge of the offset", factors, currency=self._currency)
