"""Spreads: how many formed, from which deltas, and what they charge or credit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from margin.model.parameters import SpreadDefinition, SpreadLeg
from margin.numeric.arrays import FloatArray
from margin.spread.intercommodity import CREDITS, offered
from margin.spread.intracommodity import months_between, spread_pairing
from margin.spread.measure import leg_cover
from margin.spread.pools import SIDES, available, consume
from margin.spread.state import CommodityState
from margin.views.explain.journal import Deltas, Entry, LegEntry, SpreadJournal
from margin.views.explain.node import Node, Row, Table, combined, number
from margin.views.explain.offset import Offset
from margin.views.explain.price_risk import PriceRisks, original_delta
from margin.views.explain.rules import DELTA, INTERCOMMODITY, INTRACOMMODITY, Rule
from margin.views.explain.scan import unit_factor
from margin.views.explain.workings import Workings, at, column_of


@dataclass(frozen=True, eq=False)
class Spreads:
    """Explains the spreads of one run; a spread that several commodities take part in is counted once.

    Attributes:
        work: The account.
        journal: What formed.
        risks: Explains weighted futures price risks.
    """

    work: Workings
    journal: SpreadJournal
    risks: PriceRisks

    def charges(self, state: CommodityState, *, of_strategies: bool) -> list[Node]:
        """Charges of the spreads formed inside a commodity: of London's strategy spreads, or of all others."""
        return [
            self._charge(entry, place)
            for entry, place in self._entries()
            if entry.batch.definition.kind == "intracommodity"
            and entry.legs[0].state is state
            and (entry.batch.definition.form == "strategy") == of_strategies
        ]

    def credits(self, state: CommodityState, credit: str) -> list[Node]:
        """Credits of a commodity's legs in spreads with others.

        Args:
            state: The commodity.
            credit: ``intercommodity_credit`` or ``interclearing_credit``.
        """
        return [
            self._offset(entry, place, index)
            if entry.batch.definition.form == "offset"
            else self._credit(entry, place, index)
            for entry, place in self._entries()
            if entry.batch.definition.form in ("delta", "offset") and CREDITS.get(entry.batch.definition.kind) == credit
            for index, leg in enumerate(entry.batch.legs)
            if leg.clearing_org is None and entry.legs[index].state is state
        ]

    def _offset(self, entry: Entry, place: int, index: int) -> Node:
        offset = Offset(self.work, entry, place)
        others = ", ".join(leg.commodity for other, leg in enumerate(entry.batch.legs) if other != index)
        label = f"offset of priority {entry.batch.definition.priority} with {others}"
        return offset.credit(index, f"{_key(entry)} leg {index + 1}", label)

    def _entries(self) -> Iterator[tuple[Entry, int]]:
        """The batches in which the account formed spreads, and its place in them."""
        for entry in self.journal.entries:
            place = column_of(entry.batch.accounts, self.work.account)
            if place is not None:
                yield entry, place

    def _charge(self, entry: Entry, place: int) -> Node:
        batch = entry.batch
        definition, state = batch.definition, entry.legs[0].state
        column = self._column(state)
        label = f"spread of priority {definition.priority}{_first_side(definition, batch.orientation)}"
        amount = at(batch.amount, place)
        formed = self._number(entry, place)
        currency = state.commodity.currency
        if definition.charge_method == "F":
            factors = [formed, self._rate(definition, state), *unit_factor(self.work, state.code)]
            return combined(
                "product", _key(entry), label, factors, value=amount, currency=currency, rule=INTRACOMMODITY
            )
        if definition.charge_method == "P":
            factors = [formed, self._month_rate(definition, state), *unit_factor(self.work, state.code)]
            return combined(
                "product", _key(entry), label, factors, value=amount, currency=currency, rule=INTRACOMMODITY
            )
        legs = [self._weighted_credit(entry.legs[0], leg, definition, formed, column) for leg in definition.legs]
        credit = combined("sum", "credit", "credit by weighted futures price risk", legs, currency=currency)
        turned = Node("sign", "a credit lowers the charge", -1.0)
        return combined(
            "product", _key(entry), label, (credit, turned), value=amount, currency=currency, rule=INTRACOMMODITY
        )

    def _credit(self, entry: Entry, place: int, index: int) -> Node:
        batch, leg, own = entry.batch, entry.batch.legs[index], entry.legs[index]
        definition, state = batch.definition, own.state
        value = at(batch.leg_amounts[index], place)
        others = ", ".join(dict.fromkeys(item.commodity for item in batch.legs if item is not leg))
        label = f"spread of priority {definition.priority} with {others}: leg {_leg_words(leg)}"
        formed = self._number(entry, place)
        if definition.charge_method == "W":
            credit = self._weighted_credit(own, leg, definition, formed, self._column(state))
            return replace(credit, key=f"{_key(entry)} leg {index + 1}", label=label, value=value)
        homes = [item.commodity for item in batch.legs if item.clearing_org is None]
        share = Node(
            "share",
            "share of this leg: equal shares of the distinct commodities and their legs",
            1.0 / (len(set(homes)) * homes.count(leg.commodity)),
        )
        factors = [formed, self._rate(definition, state), *unit_factor(self.work, state.code), share]
        if not definition.flat_rate_is_credit:
            factors.append(Node("sign", "the file's positive rate is a charge", -1.0))
        return combined(
            "product",
            f"{_key(entry)} leg {index + 1}",
            label,
            factors,
            value=value,
            currency=state.commodity.currency,
            rule=INTERCOMMODITY,
        )

    def _weighted_credit(
        self, own: LegEntry, leg: SpreadLeg, definition: SpreadDefinition, formed: Node, column: int
    ) -> Node:
        """Weighted futures price risk × delta used × rate."""
        if own.measured is None:
            raise RuntimeError("a leg with method W was measured")
        currency = own.state.commodity.currency
        risk = self.risks.weighted(own.measured, column)
        if own.cap_scan is not None and own.cap_delta is not None and at(own.cap_delta, column) != 0.0:
            parts = (
                Node("scan_risk", "scan risk of the commodity", at(own.cap_scan, column), currency),
                Node(
                    "delta", "original delta of the leg, without its sign", abs(at(own.cap_delta, column)), rule=DELTA
                ),
            )
            cap = combined(
                "quotient", "cap", "scan risk per delta, which caps a super spread", parts, currency=currency
            )
            risk = combined("min", "capped", "at most the scan risk per delta", (risk, cap), currency=currency)
        rate = self.work.where.spread_rate(definition, own.state.rate_id, leg)
        factors = [risk, self._used(leg, formed), Node("rate", "rate", float(rate.value), parameters=(rate,))]
        return combined(
            "product",
            f"leg {_leg_words(leg)}",
            f"leg {_leg_words(leg)}",
            factors,
            currency=currency,
            rule=INTERCOMMODITY,
        )

    def _month_rate(self, definition: SpreadDefinition, state: CommodityState) -> Node:
        """Flat part, part per month between the legs, and part per spread."""
        rates, currency = definition.month_rates[state.rate_id], state.commodity.currency
        flat, monthly, each = (
            self.work.where.month_rate(definition, state.rate_id, name, value)
            for name, value in (("val", rates.flat), ("pmRate", rates.per_month), ("psRate", rates.per_spread))
        )
        months = Node("months", "months", float(months_between(*(leg.period or "" for leg in definition.legs))))
        per_month = Node("rate", "per month", rates.per_month, currency, parameters=(monthly,))
        parts = (
            Node("flat", "flat part", rates.flat, currency, parameters=(flat,)),
            combined("product", "by_month", "for the months between the legs", (months, per_month), currency=currency),
            Node("each", "per spread", rates.per_spread, currency, parameters=(each,)),
        )
        return combined("sum", "rate", "rate per spread", parts, currency=currency)

    def _used(self, leg: SpreadLeg, formed: Node) -> Node:
        if leg.ratio == 1.0:
            return formed
        ratio = Node("ratio", "deltas per spread", leg.ratio)
        return combined("product", "delta_used", "delta used", (formed, ratio))

    def _rate(self, definition: SpreadDefinition, state: CommodityState) -> Node:
        rate = self.work.where.spread_rate(definition, state.rate_id)
        return Node("rate", "rate per spread", float(rate.value), state.commodity.currency, parameters=(rate,))

    def _number(self, entry: Entry, place: int) -> Node:
        """How many spreads formed, by what the legs could offer."""
        make = self._inside if entry.batch.definition.kind == "intracommodity" else self._between
        return self.work.once(("number", id(entry), place), lambda: make(entry, place))

    def _inside(self, entry: Entry, place: int) -> Node:
        own, batch = entry.legs[0], entry.batch
        state, column = own.state, self._column(own.state)
        pairing = spread_pairing(state, batch.definition, self.journal.measure)
        if pairing is None:
            raise RuntimeError("a spread formed without deltas")
        limits: list[Node] = []
        rows: list[Row] = []
        for index, (drawn, sign, ratio) in enumerate(pairing.bounds):
            side = batch.orientation * sign
            offer = self._offer(own, column, drawn, side)
            limits.append(_per_spread(f"limit {index + 1}", offer, ratio))
        # The engine serves the legs in this order; a copy of the deltas shows what each of them takes.
        trial = replace(state, remaining=own.before.remaining.copy())
        made = at(batch.number, place)
        for leg in pairing.legs:
            before = trial.remaining.copy()
            side = batch.orientation * leg.sign
            consume(trial, leg.rows, side, np.array([column]), np.array([made * leg.ratio]))
            rows.extend(_taken("", side, leg.ratio, state, before[:, column] - trial.remaining[:, column]))
        return self._formed(limits, made, rows, INTRACOMMODITY)

    def _between(self, entry: Entry, place: int) -> Node:
        batch = entry.batch
        limits: list[Node] = []
        rows: list[Row] = []
        made = at(batch.number, place)
        for index, (leg, own) in enumerate(zip(batch.legs, entry.legs, strict=True)):
            state, column = own.state, self._column(own.state)
            drawn, side = state.rows_in(leg_cover(state, leg)), batch.orientation * SIDES[leg.side]
            limits.append(_per_spread(f"limit {index + 1}", self._leg_offer(leg, own, column, drawn, side), leg.ratio))
            change = own.before.remaining[:, column] - own.after.remaining[:, column]
            taken = np.zeros(len(state.periods))
            taken[list(drawn)] = change[list(drawn)]
            rows.extend(_taken(_leg_words(leg), side, leg.ratio, state, taken))
        return self._formed(limits, made, rows, INTERCOMMODITY)

    def _formed(self, limits: list[Node], made: float, rows: list[Row], rule: Rule) -> Node:
        table = Table(("leg", "side", "deltas per spread", "period", "delta used"), tuple(rows))
        label = "spreads formed"
        exact = min(limit.value for limit in limits if limit.value is not None)
        decimals = self.work.inputs.house.switches.spread_decimals
        if decimals is None:
            return combined("min", "number", label, limits, value=made, rule=rule, table=table)
        least = combined("min", "exact", "what the legs allow", limits, value=exact, rule=rule)
        cut = Node("cut", f"cut to {decimals} decimals", made - exact)
        return combined("sum", "number", label, (least, cut), value=made, rule=rule, table=table)

    def _leg_offer(self, leg: SpreadLeg, own: LegEntry, column: int, drawn: tuple[int, ...], side: int) -> Node:
        measure = self.journal.measure
        if measure.switches.intercommodity_leg_netting == "gross":
            return self._offer(own, column, drawn, side)
        state = replace(own.state, original=own.before.original, remaining=own.before.remaining)
        parts = [
            self._left(own, column, row, at(own.before.remaining[row], column))
            for row in drawn
            if at(own.before.remaining[row], column) != 0.0
        ]
        net = combined("sum", "net", f"net delta of {_leg_words(leg)}", parts, rule=DELTA)
        value = at(offered(state, drawn, side, measure), column)
        return combined("absolute", "offer", f"{_SIDES[side]} delta of {_leg_words(leg)}", (net,), value=value)

    def _offer(self, own: LegEntry, column: int, drawn: tuple[int, ...], side: int) -> Node:
        """Deltas of one side in some periods, not netted against the other."""
        value = at(available(own.before.remaining, drawn, side), column)
        parts = [
            self._on_side(own, column, row, side) for row in drawn if side * at(own.before.remaining[row], column) > 0.0
        ]
        if len(parts) == 1 and parts[0].value == value:
            return parts[0]
        return combined("sum", "offer", f"{_SIDES[side]} deltas", parts, value=value, rule=DELTA)

    def _on_side(self, own: LegEntry, column: int, row: int, side: int) -> Node:
        value = at(own.before.remaining[row], column)
        left = self._left(own, column, row, value)
        if side > 0:
            return left
        return combined("absolute", left.key, f"{left.label}, short", (left,), value=-value, rule=DELTA)

    def _left(self, own: LegEntry, column: int, row: int, value: float) -> Node:
        return delta_left(self.work, own.state, own.before, column, row, value)

    def _column(self, state: CommodityState) -> int:
        column = column_of(state.accounts, self.work.account)
        if column is None:
            raise RuntimeError("the account holds the commodity")
        return column


def delta_left(work: Workings, state: CommodityState, deltas: Deltas, column: int, row: int, value: float) -> Node:
    """What is left of a period's delta at one moment: the original delta less what spreads used before."""
    original = at(deltas.original[row], column)
    period = state.periods[row]
    whole = original_delta(work, state, row, original, is_merged=deltas.is_merged)
    if value == original:
        return whole
    used = Node("used", "used by spreads before", original - value, rule=DELTA)
    label = f"delta of {period or 'contracts without expiry'} that is left"
    return combined("difference", f"delta {period} left", label, (whole, used), value=value, rule=DELTA)


def _per_spread(key: str, offer: Node, ratio: float) -> Node:
    if ratio == 1.0:
        return replace(offer, key=key)
    per = Node("ratio", "deltas per spread", ratio)
    return combined("quotient", key, f"{offer.label}, in spreads", (offer, per))


def _taken(leg: str, side: int, ratio: float, state: CommodityState, taken: FloatArray) -> Iterator[Row]:
    for row in np.flatnonzero(np.abs(taken) > 0.0).tolist():
        yield leg, _SIDES[side], ratio, state.periods[row], number(taken[row])


def _leg_words(leg: SpreadLeg) -> str:
    where = f"{leg.clearing_org} " if leg.clearing_org else ""
    if leg.kind == "period":
        return f"{where}{leg.commodity} {leg.period}"
    return f"{where}{leg.commodity} tier {leg.tier}" if leg.tier else f"{where}{leg.commodity}"


def _first_side(definition: SpreadDefinition, orientation: int) -> str:
    legs = []
    for leg in definition.legs:
        side = _SIDES[orientation * SIDES[leg.side]]
        if leg.kind == "relative":
            what = f"period {leg.relative_number}"
        elif leg.kind == "period":
            what = leg.period or ""
        else:
            what = f"tier {leg.tier}" if leg.tier else "any tier"
        legs.append(f"{side} {what}")
    return f": {' with '.join(legs)}" if len(legs) <= 4 else ""


def _key(entry: Entry) -> str:
    definition = entry.batch.definition
    return f"spread {definition.priority}"


_SIDES = {1: "long", -1: "short"}
