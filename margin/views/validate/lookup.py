"""What is wrong with positions once they meet the parameters they are to be margined with."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from margin.aggregate.run_problems import differing_dates
from margin.model.house import HousePolicy
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.model.problem import Problem
from margin.resolve.contracts import resolve_contracts
from margin.resolve.positions import resolve_positions


def lookup_problems(
    books: Sequence[PositionBook], parameters: ParameterSet, house: HousePolicy, account_type: str | None
) -> list[Problem]:
    """Positions that would be set aside, account types that would be assumed, and dates that differ.

    Args:
        books: The positions of all inputs, margined together.
        parameters: The parameters.
        house: The house policy.
        account_type: Account type of positions that name none.

    Raises:
        InputRefused: A calculation would refuse the positions: unknown account types, accounts that contradict
            themselves, net positions of gross accounts.
    """
    book = PositionBook(
        parts=tuple(part for book in books for part in book.parts),
        balances=pl.concat([book.balances for book in books]),
    )
    contracts = resolve_contracts(parameters)
    resolved = resolve_positions(book, parameters, contracts, house, account_type=account_type)
    date = max(org.business_date for org in parameters.clearing_orgs)
    return [*differing_dates(book, parameters, date), *resolved.problems]
