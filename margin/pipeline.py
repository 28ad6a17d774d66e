"""One margin run in order: read, resolve, scan, spread, aggregate. This page states the order and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import margin
from margin.aggregate.accounts import account_tables
from margin.aggregate.details import period_rows, scan_tier_rows, spread_rows
from margin.aggregate.run_problems import differing_dates, missing_rates, unknown_exposures, unusable_contracts
from margin.aggregate.tables import commodity_table
from margin.methods.span import span
from margin.model.house import NO_ROUNDING, HousePolicy, QuantityUnit
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.model.run import MarginRun
from margin.read.house_policy import house_for_clearing_org, read_house_policy
from margin.read.parameters import read_parameters as _read_parameters
from margin.read.positions import read_positions as _read_positions
from margin.resolve.contracts import resolve_contracts
from margin.resolve.grids import scenario_words_by_commodity
from margin.resolve.positions import resolve_positions
from margin.resolve.quantities import unit_description
from margin.resolve.rates import resolve_rates

Paths = str | Path | Sequence[str | Path]


def _several(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)


def read_parameters(paths: Paths) -> ParameterSet:
    """Read risk parameters of any supported format; several files merge.

    Raises:
        InputRefused: With every fault of every file.
    """
    return _read_parameters(_several(paths))


def read_positions(paths: Paths, *, input_format: str | None = None, stdin: BinaryIO | None = None) -> PositionBook:
    """Read positions of any supported format; several files concatenate, ``-`` is `stdin`.

    Raises:
        InputRefused: With every fault of every file.
    """
    return _read_positions(_several(paths), input_format=input_format, stdin=stdin)


def read_house(name_or_path: str | Path) -> HousePolicy:
    """Read a house policy: a packaged one by its name, or a file.

    Raises:
        InputRefused: With every fault of the file, or if there is no such house.
    """
    return read_house_policy(name_or_path)


def house_of(parameters: ParameterSet) -> HousePolicy:
    """The house policy that applies when none is named: the parameters' own, else the clearing organisation's."""
    return parameters.house or house_for_clearing_org(parameters.clearing_orgs[0].code)


def calculate(
    parameters: ParameterSet,
    positions: PositionBook,
    *,
    house: HousePolicy | None = None,
    rounding: Literal["house", "none"] = "house",
    account_type: str | None = None,
    quantity_unit: QuantityUnit | str | None = None,
    only: Sequence[str] | None = None,
    as_of: str | None = None,
    threads: int | None = None,
) -> MarginRun:
    """Margin every account of a position book by SPAN.

    Args:
        parameters: Risk parameters.
        positions: Positions.
        house: House policy; `None` for the parameters' own or their clearing organisation's.
        rounding: ``house`` rounds as the house does, ``none`` nowhere.
        account_type: Account type of positions that name none; `None` for the parameters' first customer type.
        quantity_unit: What quantities count; `None` for what the parameter file counts.
        only: Accounts to margin; `None` for all.
        as_of: ISO date of the run; `None` for the parameters' business date.
        threads: Threads to use; `None` for one per processor. The result is the same for any number.

    Raises:
        InputRefused: Positions name unknown account types, contradict themselves or need a lot size.
    """
    house = house or house_of(parameters)
    policy = house.rounding if rounding == "house" else NO_ROUNDING
    unit = None if quantity_unit is None else QuantityUnit(quantity_unit)
    date = as_of or max(org.business_date for org in parameters.clearing_orgs)

    contracts = resolve_contracts(parameters)
    book = resolve_positions(positions, parameters, contracts, house, account_type=account_type, unit=unit, only=only)
    rates = resolve_rates(contracts, book.accounts.types, house)
    outcome = span(book, contracts, rates, house, policy, threads=threads)
    table = commodity_table(list(outcome.rows), outcome.runs, rates, contracts)
    totals = account_tables(book, table, rates, contracts, house)
    return MarginRun(
        version=margin.__version__,
        method="span",
        house=house.name,
        rounding=rounding,
        as_of=date,
        quantity_unit=unit_description(house, unit),
        parameter_sources=parameters.sources,
        position_sources=tuple(part.source for part in positions.parts),
        accounts=totals.accounts,
        requirement_rows=totals.requirements,
        commodity_rows=table.frame,
        scan_tier_rows=scan_tier_rows(table),
        period_rows=period_rows(table),
        spread_rows=spread_rows(outcome.runs, outcome.in_headline),
        problem_list=(
            *parameters.problems,
            *differing_dates(positions, parameters, date),
            *book.problems,
            *missing_rates(book, rates, contracts),
            *outcome.problems,
            *unusable_contracts(outcome.runs, contracts),
            *unknown_exposures(table, house),
            *totals.problems,
        ),
        scenario_words=scenario_words_by_commodity(contracts, outcome.grids),
        currency_decimals={currency.code: currency.decimals for currency in parameters.currencies},
    )
