"""Account figures: sums over commodities in the account's currency, by class and kind, and against equity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from margin.aggregate.currencies import account_currencies, conversion_factors
from margin.aggregate.tables import CommodityTable, nullable
from margin.model.parameters import ParameterSet
from margin.model.position import ACCOUNT_KEY
from margin.model.problem import Problem, Reason
from margin.model.run import ACCOUNTS_SCHEMA, REQUIREMENTS_SCHEMA
from margin.numeric.arrays import BoolArray, FloatArray, IntArray
from margin.numeric.segments import sums_by_code
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
    """Frames with `ACCOUNTS_SCHEMA` and `REQUIREMENTS_SCHEMA`, and the problems found in adding up."""

    accounts: pl.DataFrame
    requirements: pl.DataFrame
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Sums:
    """Sums of one kind by account: figures in the account's currency, and where they may be shown."""

    values: dict[str, FloatArray]
    occurs: BoolArray
    valid: BoolArray

    @property
    def requirement(self) -> FloatArray:
        return np.maximum(self.values["span_risk"] - self.values["available_net_option_value"], 0.0)


def account_tables(
    book: ResolvedBook, table: CommodityTable, rates: RateTable, parameters: ParameterSet
) -> AccountTables:
    """Add up commodity rows to accounts.

    The maintenance requirement is what must be deposited on top of the option value:
    max(0, Σ span risk − Σ available net option value). Equity counts option value once:
    ledger + open trade equity + securities + available net option value, against span risk.
    Source: CME SPAN, "PB Requirements Report".
    """
    accounts = book.accounts.frame
    currency = account_currencies(accounts["currency"], table.frame, parameters)
    account = table.frame["account_index"].to_numpy()
    factor = conversion_factors(table.frame["currency"], currency.gather(table.frame["account_index"]), parameters)
    kind = table.origin["kind_code"].to_numpy()
    shown = table.origin["valid"].to_numpy() & ~np.isnan(factor)
    holders = np.concatenate((book.account, book.gross.account))
    has_positions = np.bincount(holders, minlength=len(accounts)) > 0
    is_gross = np.bincount(book.gross.account, minlength=len(accounts)) > 0
    sums = {
        item: _sums(
            table, factor, shown, account, kind == i, rates.is_given(item)[book.accounts.type_code], has_positions
        )
        for i, item in enumerate(rates.kinds)
    }
    head, initial = sums[HEADLINE], sums[RequirementKind(CORE, INITIAL)]
    valid = head.valid & (head.occurs | ~has_positions)
    complete = valid & (book.set_aside == 0)
    frame = accounts.select(ACCOUNT_KEY).with_columns(
        pl.Series("netting", np.where(is_gross | ~book.accounts.is_net, "gross", "net")),
        currency.alias("currency"),
        pl.Series("complete", complete),
        pl.Series("positions", book.held, dtype=pl.Int64),
        pl.Series("set_aside", book.set_aside, dtype=pl.Int64),
        *(nullable(head.values[name], valid).alias(name) for name in _SUMMED),
        nullable(head.requirement, valid).alias("maintenance_requirement"),
        nullable(initial.requirement, valid & initial.valid & initial.occurs).alias("initial_requirement"),
        _funds(accounts, book.balances).alias("funds"),
    )
    frame = frame.with_columns(equity=pl.col("funds") + pl.col("available_net_option_value"))
    frame = frame.with_columns(excess=pl.col("equity") - pl.col("span_risk"))
    return AccountTables(
        accounts=frame.select(ACCOUNTS_SCHEMA.names()),
        requirements=_requirements(sums, currency),
        problems=_conversion_problems(table, factor, currency, account),
    )


def _sums(
    table: CommodityTable,
    factor: FloatArray,
    shown: BoolArray,
    account: IntArray,
    of_kind: BoolArray,
    is_given: BoolArray,
    has_positions: BoolArray,
) -> _Sums:
    """Add up the rows of one kind; an account without positions owes nothing of every kind it is asked for."""
    rows = np.flatnonzero(of_kind)
    good = shown[rows]
    who = account[rows]
    accounts = len(is_given)
    values = {}
    for name in _SUMMED:
        amount = table.frame[name].fill_null(0.0).to_numpy()[rows] * np.where(good, factor[rows], 0.0)
        values[name] = sums_by_code(amount, who, accounts)
    has_rows = np.bincount(who, minlength=accounts) > 0
    return _Sums(
        values=values,
        occurs=np.where(has_positions, has_rows, is_given),
        valid=np.bincount(who[~good], minlength=accounts) == 0,
    )


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
