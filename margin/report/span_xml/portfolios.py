"""Accounts as portfolios: clearing organisations, commodities, positions and requirements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

import numpy as np
import polars as pl

from margin.model.problem import Faults, Reason
from margin.model.run import MarginRun, RunInputs
from margin.numeric.arrays import IntArray
from margin.report.span_xml.held import Held
from margin.report.span_xml.rates import DerivedRates, RequirementKey
from margin.report.span_xml.requirements import (
    Row,
    account_requirement,
    derived_requirement,
    gross_requirement,
    net_requirement,
    organisation_requirement,
)
from margin.write.parameters._spn.identifiers import Identifiers
from margin.write.parameters._spn.text import nested, tag, tags

_LARGEST = 2**31 - 1

CommodityKey = tuple[str, str]
"""Clearing organisation and code."""


class Portfolios:
    """Writes the accounts of a run.

    Attributes:
        ids: Ids of the document's families and contracts; set before the first portfolio is written.
    """

    def __init__(self, run: MarginRun, inputs: RunInputs, held: Held) -> None:
        self.ids: Identifiers | None = None
        self._is_first_point = True
        self._run = run
        self._inputs = inputs
        self._held = held
        self._rates = DerivedRates(inputs.parameters)
        self._codes = {(item.clearing_org, item.code): i for i, item in enumerate(inputs.parameters.commodities)}
        self._commodity_of_holding = inputs.holdings["commodity"].to_numpy()
        accounts = len(run.accounts)
        self._holding_bounds = _bounds(inputs.holdings["account_index"], accounts)
        self._commodity_bounds = _bounds(run.commodity_rows["account_index"], accounts)
        self._requirement_bounds = _bounds(run.requirement_rows["account_index"], accounts)
        rows = run.commodity_rows.height
        self._period_bounds = _bounds(run.period_rows["commodity_index"], rows)
        self._tier_bounds = _bounds(run.scan_tier_rows["commodity_index"], rows)

    def __call__(self, orgs: Sequence[str]) -> Iterator[str]:
        """The portfolios of a point in time.

        Args:
            orgs: Codes of its clearing organisations. A portfolio with others too has its totals in none; one
                without positions stands in the first point in time.
        """
        for index, account in enumerate(self._run.accounts.iter_rows(named=True)):
            yield from self._portfolio(index, account, orgs)
        self._is_first_point = False

    @cached_property
    def _position_texts(self) -> pl.Series:
        """The element of each holding, row by row."""
        if self.ids is None:
            raise RuntimeError("the ids of the document are not known yet")
        holdings, parameters = self._inputs.holdings, self._held.parameters
        row = pl.Series(self._held.rows[holdings["contract"].to_numpy()], dtype=pl.UInt32)
        product = parameters.contracts["product"].gather(row)
        exchange = pl.Series([tag("exch", item.exchange) for item in parameters.products], dtype=pl.String)
        family = pl.Series([tag("pfId", number) for number in self.ids.products], dtype=pl.String)
        place = exchange.gather(product) + family.gather(product) + "<cId>" + self.ids.contracts.gather(row) + "</cId>"
        quantity, long, short = (
            holdings[name].cast(pl.Int64).cast(pl.String) for name in ("quantity", "long", "short")
        )
        net = "<np>" + place + "<net>" + quantity + "</net></np>"
        gross = "<gp>" + place + "<long>" + long + "</long><short>" + short + "</short></gp>"
        return pl.select(pl.coalesce(pl.lit(net), pl.lit(gross))).to_series()

    def _portfolio(self, index: int, account: Row, orgs: Sequence[str]) -> Iterator[str]:
        rows = self._rows(index)
        keys = self._keys(index, rows)
        own = [key for key in keys if key[0] in orgs]
        if not own and (keys or not self._is_first_point):
            return
        facts = self._inputs.account_facts.row(index, named=True)
        is_whole = len(own) == len(keys)
        yield "<portfolio>"
        yield _portfolio_head(account, facts, is_whole=is_whole)
        if is_whole and account["complete"]:
            start, stop = self._requirement_bounds[index : index + 2].tolist()
            for row in self._run.requirement_rows[start:stop].iter_rows(named=True):
                if row["span_risk"] is not None:
                    same = [one for one in rows if (one["class"], one["kind"]) == (row["class"], row["kind"])]
                    yield account_requirement(row, same)
        for org, codes in groupby(own, key=lambda key: key[0]):
            yield from nested("ecPort", self._organisation(index, account, facts, org, list(codes), rows))
        yield "</portfolio>"

    def _rows(self, index: int) -> list[Row]:
        """The account's commodity rows, each with its own place in the frame."""
        start, stop = self._commodity_bounds[index : index + 2].tolist()
        frame = self._run.commodity_rows[start:stop].drop("scenario_losses")
        return list(frame.with_row_index("place", offset=start).iter_rows(named=True))

    def _keys(self, index: int, rows: list[Row]) -> list[CommodityKey]:
        """Commodities the account holds or that its positions merge into, by clearing organisation and code."""
        start, stop = self._holding_bounds[index : index + 2].tolist()
        codes = np.unique(self._commodity_of_holding[start:stop]).tolist()
        held = (self._inputs.parameters.commodities[code] for code in codes)
        found = {(item.clearing_org, item.code) for item in held}
        return sorted(found | {(row["clearing_org"], row["commodity"]) for row in rows})

    def _organisation(
        self, index: int, account: Row, facts: Row, org: str, keys: list[CommodityKey], rows: list[Row]
    ) -> Iterator[str]:
        """What stands inside an ``ecPort``."""
        yield tag("ec", org)
        own = [row for row in rows if row["clearing_org"] == org]
        if account["complete"]:
            for _, same in groupby(sorted(own, key=_kind_order), key=_kind_order):
                yield organisation_requirement(list(same))
        for key in keys:
            mine = [row for row in own if row["commodity"] == key[1]]
            yield from nested("ccPort", self._commodity(index, account, facts, self._codes[key], mine))

    def _commodity(self, index: int, account: Row, facts: Row, code: int, rows: list[Row]) -> Iterator[str]:
        """What stands inside a ``ccPort``: option values, requirements where they are known, and positions."""
        commodity = self._inputs.parameters.commodities[code]
        values = rows[0] if rows else {"long_option_value": None, "short_option_value": None}
        yield tags(
            cc=commodity.code,
            currency=commodity.currency,
            lov=values["long_option_value"],
            sov=values["short_option_value"],
        )
        start, stop = self._holding_bounds[index : index + 2].tolist()
        positions = np.flatnonzero(self._commodity_of_holding[start:stop] == code) + start
        is_gross = len(positions) > 0 and self._inputs.holdings["quantity"][int(positions[0])] is None
        for row in rows:
            if row["span_risk"] is not None:
                key = RequirementKey(account["account_type"], facts["is_customer"], row["class"], row["kind"])
                yield self._requirement(row, is_gross=is_gross, is_derived=self._rates.is_derived(commodity, key))
        yield from self._position_texts.gather(positions)

    def _requirement(self, row: Row, *, is_gross: bool, is_derived: bool) -> str:
        if is_derived:
            return derived_requirement(row)
        if is_gross:
            return gross_requirement(row)
        place = row["place"]
        start, stop = self._period_bounds[place : place + 2].tolist()
        periods = self._run.period_rows[start:stop].iter_rows(named=True)
        start, stop = self._tier_bounds[place : place + 2].tolist()
        return net_requirement(row, periods, self._run.scan_tier_rows[start:stop].iter_rows(named=True))


def refuse_fractions(run: MarginRun, inputs: RunInputs) -> None:
    """Refuse quantities that are no whole numbers, which is all that positions in a document can have.

    Raises:
        InputRefused: With every such holding.
    """
    faults = Faults()
    for name in ("quantity", "long", "short"):
        values = inputs.holdings[name]
        wrong = inputs.holdings.filter(((values != values.round(0)) | (values.abs() > _LARGEST)).fill_null(value=False))
        faults.count_unlisted(max(0, wrong.height - 50))
        for row in wrong.head(50).iter_rows(named=True):
            commodity = inputs.parameters.commodities[row["commodity"]].code
            account = run.accounts["account"][row["account_index"]]
            faults.add(
                Reason.UNSUPPORTED_RULE,
                f"account {account} holds {row[name]} of a contract of {commodity}; positions in SPAN XML are whole "
                f"numbers up to {_LARGEST:,}, choose another report format",
                found=row[name],
            )
    faults.refuse_if_any()


def _portfolio_head(account: Row, facts: Row, *, is_whole: bool) -> str:
    """Everything before the requirements; funds that no input states are zero."""
    known = account if is_whole else {"long_option_value": None, "short_option_value": None}
    return tags(
        firm=account["firm"],
        acctId=account["account"],
        acctType=account["account_type"],
        isCust=facts["is_customer"],
        seg=account["segregation"] or None,
        isNew=True,
        currency=account["currency"],
        ledgerBal=facts["ledger_balance"] or 0,
        ote=facts["open_trade_equity"] or 0,
        securities=facts["securities"] or 0,
        lov=known["long_option_value"],
        sov=known["short_option_value"],
    )


def _kind_order(row: Row) -> tuple[str, bool]:
    return row["class"], row["kind"] != "maintenance"


def _bounds(index: pl.Series, length: int) -> IntArray:
    """Where the rows of each entry start, shape (length + 1,)."""
    bounds: IntArray = np.searchsorted(index.to_numpy(), np.arange(length + 1))
    return bounds
