"""Positions of a business function, there and as normal clearing would take the same positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from margin.model.house import HousePolicy, QuantityUnit
from margin.model.parameters import ClearingOrganisation, ParameterSet
from margin.numeric.arrays import BoolArray, IntArray
from margin.resolve.accounts import AccountTable
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.lines import PositionLines, margined_net, net_positions
from margin.resolve.positions import ResolvedBook

_NOT_CLEARED = -1


@dataclass(frozen=True)
class OptedIn:
    """The positions of one business function, of the accounts that have any.

    Attributes:
        organisation: The business function.
        account: Account code of each account of the books, in the book of all positions; ascending.
        here: The positions as the business function has them.
        normal: The same positions without the opt-in.
        is_comparable: Whether normal clearing can take all of an account's positions: it has every contract, and
            the position says long and short where it is margined gross; shape (accounts,).
    """

    organisation: ClearingOrganisation
    account: IntArray
    here: ResolvedBook
    normal: ResolvedBook
    is_comparable: BoolArray


def opted_in(
    book: ResolvedBook,
    contracts: ResolvedContracts,
    house: HousePolicy,
    unit: QuantityUnit | None,
    currencies: pl.Series,
) -> Iterator[OptedIn]:
    """The positions of each business function that anybody has opted into.

    Args:
        book: All positions.
        contracts: The contracts.
        house: Says what the file counts and how large lots are.
        unit: What the positions count; `None` for what the file counts.
        currencies: Currency that each account of the book reports in, so that both books report in it.
    """
    lines = book.opted_in
    if not len(lines.account):
        return
    places = np.array([item.clearing_org for item in contracts.commodities])[contracts.commodity[lines.contract]]
    normal_code = _normal_codes(contracts)
    for organisation in contracts.parameters.clearing_orgs:
        own = lines.take(places == organisation.code)
        if not len(own.account):
            continue
        account, place = np.unique(own.account, return_inverse=True)
        accounts = replace(
            book.accounts,
            frame=book.accounts.frame.with_columns(currencies.alias("currency"))[account],
            type_code=book.accounts.type_code[account],
        )
        here = replace(own, account=place)
        normal = replace(here, contract=normal_code[own.contract])
        is_known = normal.contract != _NOT_CLEARED
        is_net = margined_net(accounts, contracts, normal.account, np.maximum(normal.contract, 0))
        usable = is_known & (is_net | ~normal.is_signed)
        yield OptedIn(
            organisation=organisation,
            account=account,
            here=_book(here, book, accounts, contracts, house, unit),
            normal=_book(normal.take(usable), book, accounts, contracts, house, unit),
            is_comparable=np.bincount(normal.account[~usable], minlength=len(account)) == 0,
        )


def _normal_codes(contracts: ResolvedContracts) -> IntArray:
    """Code of each contract under normal clearing, −1 where normal clearing has it in no commodity."""
    parameters = contracts.parameters
    home = _home_rows(parameters)[contracts.rows]
    normal = np.flatnonzero(~contracts.is_business_function[contracts.commodity])
    code_of_row = np.full(parameters.contracts.height, _NOT_CLEARED, dtype=np.int64)
    code_of_row[contracts.rows[normal]] = normal
    return code_of_row[home]


def _home_rows(parameters: ParameterSet) -> IntArray:
    """Row of each contract in the family it is a copy from, its own row for all others; shape (contracts,)."""
    rows = np.arange(parameters.contracts.height)
    copies = {i: item for i, item in enumerate(parameters.products) if item.normal_clearing_org is not None}
    if not copies:
        return rows
    index = {
        (item.clearing_org, item.exchange, item.product_id, item.type): i for i, item in enumerate(parameters.products)
    }
    home = {
        i: index[item.normal_clearing_org or "", item.exchange, item.product_id, item.type]
        for i, item in copies.items()
    }
    frame = parameters.contracts.select("product", "contract_id").with_row_index("row")
    known = frame.rename({"row": "home"})
    moved = frame.filter(pl.col("product").is_in(list(home))).with_columns(pl.col("product").replace(home))
    found = moved.join(known, on=["product", "contract_id"], how="inner", maintain_order="left")
    rows[found["row"].to_numpy()] = found["home"].to_numpy()
    return rows


def _book(
    lines: PositionLines,
    book: ResolvedBook,
    accounts: AccountTable,
    contracts: ResolvedContracts,
    house: HousePolicy,
    unit: QuantityUnit | None,
) -> ResolvedBook:
    """Some lines of a book as a book of their own, without balances and problems."""
    net = net_positions(lines, accounts, contracts, house, unit)
    none_set_aside = np.zeros(len(accounts), dtype=np.int64)
    return replace(
        book,
        accounts=accounts,
        account=net.account,
        contract=net.contract,
        quantity=net.quantity,
        gross=net.gross,
        balances=book.balances.clear(),
        held=none_set_aside,
        set_aside=none_set_aside,
        problems=(),
        opted_in=lines.take(np.zeros(len(lines.account), dtype=np.bool_)),
    )
