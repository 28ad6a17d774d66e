"""What a run was calculated from, laid out as frames for reports that repeat it."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.model.position import ACCOUNT_KEY
from margin.model.run import ACCOUNT_FACTS_SCHEMA, HOLDINGS_SCHEMA, RunInputs
from margin.numeric.arrays import CodeArray, FloatArray
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.positions import ResolvedBook

_FUNDS = ("ledger_balance", "open_trade_equity", "securities")


def run_inputs(book: ResolvedBook, contracts: ResolvedContracts) -> RunInputs:
    """The parameters, holdings and account facts of a run."""
    net = _holdings(contracts, book.account, book.contract, quantity=book.quantity)
    gross = _holdings(contracts, book.gross.account, book.gross.contract, long=book.gross.long, short=book.gross.short)
    holdings = net if gross.is_empty() else pl.concat([net, gross]).sort("account_index", maintain_order=True)
    return RunInputs(contracts.parameters, holdings, _account_facts(book))


def _holdings(
    contracts: ResolvedContracts, account: CodeArray, contract: CodeArray, **quantities: FloatArray
) -> pl.DataFrame:
    parameters = contracts.parameters
    place = {(item.clearing_org, item.code): i for i, item in enumerate(parameters.commodities)}
    row = np.array([place[item.clearing_org, item.code] for item in contracts.commodities] or [0], dtype=np.int32)
    columns: dict[str, pl.Series] = {
        "account_index": pl.Series(account, dtype=pl.Int32),
        "commodity": pl.Series(row[contracts.commodity[contract]], dtype=pl.Int32),
        "contract": pl.Series(contracts.rows[contract], dtype=pl.Int32),
    }
    for name in ("quantity", "long", "short"):
        values = quantities.get(name)
        empty = pl.repeat(None, len(account), dtype=pl.Float64, eager=True)
        columns[name] = empty if values is None else pl.Series(values, dtype=pl.Float64)
    return pl.DataFrame(columns, schema=HOLDINGS_SCHEMA)


def _account_facts(book: ResolvedBook) -> pl.DataFrame:
    accounts = book.accounts
    kinds = pl.Series([kind.is_customer for kind in accounts.types], dtype=pl.Boolean)
    stated = book.balances.group_by(ACCOUNT_KEY).agg(
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in _FUNDS
    )
    funds = accounts.frame.select(ACCOUNT_KEY).join(stated, on=ACCOUNT_KEY, how="left", maintain_order="left")
    is_customer = kinds.gather(pl.Series(accounts.type_code, dtype=pl.UInt32))
    return funds.select(is_customer.alias("is_customer"), *_FUNDS).cast(dict(ACCOUNT_FACTS_SCHEMA))  # type: ignore[arg-type]
