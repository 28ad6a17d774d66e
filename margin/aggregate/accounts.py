"""Account figures: sums over commodities in the account's currency, by class and kind, and against equity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from margin.aggregate.currencies import account_currencies, conversion_factors
from margin.aggregate.tables import CommodityTable, nullable
from margin.model.house import HousePolicy
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Problem, Reason
from margin.model.run import ACCOUNTS_SCHEMA, REQUIREMENTS_SCHEMA
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.numeric.exact import exact_sums_by_code
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.positions import ResolvedBook
from margin.resolve.rates import CORE, HEADLINE, INITIAL, RateTable, RequirementKind

_SUMMED = (
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "long_option_value",
    "short_option_value",
    "outright_risk",
)


@dataclass(frozen=True)
class AccountTables:
    """Account figures, and how commodity rows became part of them.

    Attributes:
        accounts: Frame with `ACCOUNTS_SCHEMA`.
        requirements: Frame with `REQUIREMENTS_SCHEMA`.
        conversion_factor: For each commodity row, the factor from its currency to its account's; null without one.
        problems: Conversions that are missing.
    """

    accounts: pl.DataFrame
    requirements: pl.DataFrame
    conversion_factor: pl.Series
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Sums:
    """Sums of one kind by account: figures in the account's currency, and where they may be shown."""

    values: dict[str, FloatArray]
    requirement: FloatArray
    occurs: BoolArray
    valid: BoolArray


@dataclass(frozen=True)
class _Rows:
    """Commodity rows as they add up to accounts.

    Attributes:
        frame: The commodities frame.
        account: Account code of each row.
        kind: Index of the kind of each row.
        factor: Conversion into the account's currency, NaN where there is none.
        shown: Rows whose figures may be shown in the account's currency.
        floor: Rows of one account with the same number share one floor at zero after option value.
        accounts: Number of accounts.
    """

    frame: pl.DataFrame
    account: IntArray
    kind: IntArray
    factor: FloatArray
    shown: BoolArray
    floor: IntArray
    accounts: int

    def converted(self, name: str, rows: IntArray) -> FloatArray:
        """One figure of some rows in the account's currency; zero where it is not known."""
        amount: FloatArray = self.frame[name].fill_null(0.0).to_numpy()[rows]
        return amount * np.where(self.shown[rows], self.factor[rows], 0.0)

    def sums(self, kind: int, is_given: BoolArray, has_positions: BoolArray) -> _Sums:
        """Add up the rows of one kind; an account without positions owes nothing of every kind it is asked for.

        Args:
            kind: Index of the kind.
            is_given: Whether each account's type has a rate of this kind.
            has_positions: Whether each account holds anything.
        """
        rows = np.flatnonzero(self.kind == kind)
        account, good = self.account[rows], self.shown[rows]
        amounts = {name: self.converted(name, rows) for name in _SUMMED}
        net = amounts["span_risk"] - amounts["available_net_option_value"]
        floors, place = np.unique(account * (self.floor.max(initial=0) + 1) + self.floor[rows], return_inverse=True)
        owed = np.maximum(exact_sums_by_code(net, place, len(floors)), 0.0)
        owner = floors // (self.floor.max(initial=0) + 1)
        has_rows = np.bincount(account, minlength=self.accounts) > 0
        return _Sums(
            values={name: exact_sums_by_code(amount, account, self.accounts) for name, amount in amounts.items()},
            requirement=exact_sums_by_code(owed, owner, self.accounts),
            occurs=np.where(has_positions, has_rows, is_given),
            valid=np.bincount(account[~good], minlength=self.accounts) == 0,
        )

    def exposure_margin(self, kind: int) -> tuple[FloatArray, BoolArray]:
        """Exposure margin of each account, and where every row of a kind states one."""
        rows = np.flatnonzero(self.kind == kind)
        known = self.frame["exposure_margin"].is_not_null().to_numpy()[rows] & self.shown[rows]
        account = self.account[rows]
        total = exact_sums_by_code(self.converted("exposure_margin", rows), account, self.accounts)
        return total, (np.bincount(account[~known], minlength=self.accounts) == 0) & (
            np.bincount(account, minlength=self.accounts) > 0
        )


def account_tables(
    book: ResolvedBook, table: CommodityTable, rates: RateTable, contracts: ResolvedContracts, house: HousePolicy
) -> AccountTables:
    """Add up commodity rows to accounts.

    The maintenance requirement is what must be deposited on top of the option value:
    max(0, Σ span risk − Σ available net option value), the floor at zero taken where the house takes it.
    Equity counts option value once: ledger + open trade equity + securities + available net option value,
    against span risk. Source: CME SPAN, "PB Requirements Report".
    """
    accounts = book.accounts.frame
    currency = account_currencies(accounts["currency"], table.frame, contracts.parameters)
    rows = _rows(table, currency, contracts, house, len(accounts))
    holders = np.concatenate((book.account, book.gross.account))
    has_positions = np.bincount(holders, minlength=len(accounts)) > 0
    is_gross = np.bincount(book.gross.account, minlength=len(accounts)) > 0
    type_code = book.accounts.type_code
    sums = {kind: rows.sums(i, rates.is_given(kind)[type_code], has_positions) for i, kind in enumerate(rates.kinds)}
    head, initial = sums[HEADLINE], sums[RequirementKind(CORE, INITIAL)]
    exposure, has_exposure = rows.exposure_margin(rates.kinds.index(HEADLINE))
    valid = head.valid & (head.occurs | ~has_positions)
    frame = accounts.select(ACCOUNT_KEY).with_columns(
        pl.Series("netting", np.where(is_gross | ~book.accounts.is_net, "gross", "net")),
        currency.alias("currency"),
        pl.Series("complete", valid & (book.set_aside == 0)),
        pl.Series("positions", book.held, dtype=pl.Int64),
        pl.Series("set_aside", book.set_aside, dtype=pl.Int64),
        *(nullable(head.values[name], valid).alias(name) for name in _SUMMED),
        nullable(head.requirement, valid).alias("maintenance_requirement"),
        nullable(initial.requirement, valid & initial.valid & initial.occurs).alias("initial_requirement"),
        nullable(exposure, valid & has_exposure).alias("exposure_margin"),
        _funds(accounts, book.balances).alias("funds"),
    )
    frame = frame.with_columns(equity=pl.col("funds") + pl.col("available_net_option_value"))
    frame = frame.with_columns(excess=pl.col("equity") - pl.col("span_risk"))
    return AccountTables(
        accounts=frame.select(ACCOUNTS_SCHEMA.names()),
        requirements=_requirements(sums, currency),
        conversion_factor=pl.Series("conversion_factor", rows.factor).fill_nan(None),
        problems=_conversion_problems(table, rows.factor, currency, rows.account),
    )


def _rows(
    table: CommodityTable, currency: pl.Series, contracts: ResolvedContracts, house: HousePolicy, accounts: int
) -> _Rows:
    account = table.frame["account_index"]
    factor = conversion_factors(
        table.frame["currency"], currency.gather(account), contracts.parameters, table.frame["clearing_org"]
    )
    return _Rows(
        frame=table.frame,
        account=account.to_numpy().astype(np.int64),
        kind=table.origin["kind_code"].to_numpy(),
        factor=factor,
        shown=table.origin["valid"].to_numpy() & ~np.isnan(factor),
        floor=shared_floors(contracts, house)[table.origin["commodity_code"].to_numpy()],
        accounts=accounts,
    )


def shared_floors(contracts: ResolvedContracts, house: HousePolicy) -> IntArray:
    """Which commodities share one floor at zero, by commodity code: all, those of one group, or each its own.

    A commodity belongs to one group of its clearing organisation (CME, Type 5 record); one without a group
    stands for itself.
    """
    commodities = contracts.commodities
    if house.option_value_floor == "total":
        return np.zeros(max(len(commodities), 1), dtype=np.int64)
    if house.option_value_floor == "commodity":
        return np.arange(max(len(commodities), 1), dtype=np.int64)
    names = [(item.clearing_org, item.groups[:1] or (f"commodity {item.code}",)) for item in commodities]
    order = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([order[name] for name in names] or [0], dtype=np.int64)


def _requirements(sums: dict[RequirementKind, _Sums], currency: pl.Series) -> pl.DataFrame:
    """One row per account and kind that occurs.

    The additional requirement of a class is its span risk above that of class core (SPAN XML ``addlReq``).
    """
    frames = []
    for order, (kind, item) in enumerate(sums.items()):
        own = np.flatnonzero(item.occurs)
        valid = item.valid[own]
        core = sums.get(RequirementKind(CORE, kind.kind), item)
        has_core = valid & (core.valid & core.occurs)[own] & (kind.bond_class != CORE)
        frames.append(
            pl.DataFrame(
                {
                    "account_index": own.astype(np.int32),
                    "currency": currency.gather(pl.Series(own, dtype=pl.UInt32)),
                    "span_risk": nullable(item.values["span_risk"][own], valid),
                    "available_net_option_value": nullable(item.values["available_net_option_value"][own], valid),
                    "requirement": nullable(item.requirement[own], valid),
                    "additional_requirement": nullable(
                        (item.values["span_risk"] - core.values["span_risk"])[own], has_core
                    ),
                }
            ).with_columns(
                pl.lit(kind.bond_class).alias("class"),
                kind=pl.lit(kind.kind),
                order=pl.lit(order),
            )
        )
    return pl.concat(frames).sort("account_index", "order").select(REQUIREMENTS_SCHEMA.names())


def _funds(accounts: pl.DataFrame, balances: pl.DataFrame) -> pl.Series:
    """Ledger balance, open trade equity and securities of each account; null where no input states any."""
    parts = [pl.col(name) for name in ("ledger_balance", "open_trade_equity", "securities")]
    stated = (
        balances.filter(pl.any_horizontal(part.is_not_null() for part in parts))
        .group_by(ACCOUNT_KEY)
        .agg(funds=pl.sum_horizontal(part.sum() for part in parts))
    )
    return accounts.join(stated, on=ACCOUNT_KEY, how="left", maintain_order="left")["funds"]


def _conversion_problems(
    table: CommodityTable, factor: FloatArray, currency: pl.Series, account: IntArray
) -> tuple[Problem, ...]:
    missing = np.flatnonzero(np.isnan(factor))
    if not len(missing):
        return ()
    pairs = (
        pl.DataFrame({"from": table.frame["currency"][missing], "to": currency.gather(pl.Series(account[missing]))})
        .unique()
        .sort("from", "to")
    )
    return tuple(
        Problem(
            Reason.MISSING_CONVERSION,
            f"the parameters give no conversion from {one} to {other}; accounts that report in {other} and hold "
            f"{one} commodities have no total. Give the accounts the currency {one}",
            attributes={"from": one, "to": other},
        )
        for one, other in pairs.iter_rows()
    )
