"""One margin run in order: read, resolve, scan, spread, aggregate. This page states the order and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import margin
from margin.aggregate.accounts import AccountTables, account_tables
from margin.aggregate.business_functions import Comparison, business_function_rows, comparison_problems
from margin.aggregate.details import period_rows, scan_tier_rows, spread_rows
from margin.aggregate.run_problems import differing_dates, missing_rates, unknown_exposures, unusable_contracts
from margin.aggregate.tables import CommodityTable, commodity_table
from margin.methods import DEFAULT_METHOD, margin_method
from margin.methods._span_family import SpanOutcome
from margin.model.house import NO_ROUNDING, HousePolicy, QuantityUnit
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.model.problem import Problem
from margin.model.run import MarginRun
from margin.read.house_policy import house_for_clearing_org, read_house_policy
from margin.read.parameters import read_parameters as _read_parameters
from margin.read.positions import read_positions as _read_positions
from margin.resolve.contracts import resolve_contracts
from margin.resolve.grids import scenario_words_by_commodity
from margin.resolve.opted_in import opted_in
from margin.resolve.positions import ResolvedBook, resolve_positions
from margin.resolve.quantities import unit_description
from margin.resolve.rates import resolve_rates
from margin.views.explain import Explainer
from margin.views.explain.inputs import Inputs

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


def house_of(parameters: ParameterSet, method: str = DEFAULT_METHOD) -> HousePolicy:
    """The house policy that applies when none is named.

    The parameters' own, else that of their clearing organisation, else the method's.

    Raises:
        ValueError: There is no such method.
    """
    default = margin_method(method).DEFAULT_HOUSE
    return parameters.house or house_for_clearing_org(parameters.clearing_orgs[0].code, default)


@dataclass(frozen=True)
class _Margined:
    """What margining some positions gives."""

    outcome: SpanOutcome
    table: CommodityTable
    totals: AccountTables
    problems: tuple[Problem, ...]


def calculate(
    parameters: ParameterSet,
    positions: PositionBook,
    *,
    method: str = DEFAULT_METHOD,
    house: HousePolicy | None = None,
    rounding: Literal["house", "none"] = "house",
    account_type: str | None = None,
    quantity_unit: QuantityUnit | str | None = None,
    only: Sequence[str] | None = None,
    as_of: str | None = None,
    threads: int | None = None,
) -> MarginRun:
    """Margin every account of a position book.

    Args:
        parameters: Risk parameters.
        positions: Positions.
        method: A name of `margin.methods.method_names`.
        house: House policy; `None` for the parameters' own or their clearing organisation's.
        rounding: ``house`` rounds as the house does, ``none`` nowhere.
        account_type: Account type of positions that name none; `None` for the parameters' first customer type.
        quantity_unit: What quantities count; `None` for what the parameter file counts.
        only: Accounts to margin; `None` for all.
        as_of: ISO date of the run; `None` for the parameters' business date.
        threads: Threads to use; `None` for one per processor. The result is the same for any number.

    Raises:
        InputRefused: Positions name unknown account types, contradict themselves or need a lot size.
        ValueError: There is no such method.
    """
    house = margin_method(method).choices(house or house_of(parameters, method))
    policy = house.rounding if rounding == "house" else NO_ROUNDING
    unit = None if quantity_unit is None else QuantityUnit(quantity_unit)
    date = as_of or max(org.business_date for org in parameters.clearing_orgs)

    contracts = resolve_contracts(parameters)
    book = resolve_positions(positions, parameters, contracts, house, account_type=account_type, unit=unit, only=only)
    rates = resolve_rates(contracts, book.accounts.types, house)

    def margined(some: ResolvedBook) -> _Margined:
        outcome = margin_method(method).outcome(some, contracts, rates, house, policy, threads=threads)
        table = commodity_table(list(outcome.rows), outcome.runs, rates, contracts)
        totals = account_tables(some, table, rates, contracts, house)
        problems = (
            *missing_rates(some, rates, contracts),
            *outcome.problems,
            *unusable_contracts(outcome.runs, contracts),
            *unknown_exposures(table, house),
            *totals.problems,
        )
        return _Margined(outcome, table, totals, problems)

    all_positions = margined(book)
    outcome, table, totals = all_positions.outcome, all_positions.table, all_positions.totals
    comparisons = []
    for some in opted_in(book, contracts, house, unit, totals.accounts["currency"]):
        here, normal = margined(some.here), margined(some.normal)
        comparisons.append(Comparison(some, here.totals, normal.totals, normal.problems))
    return MarginRun(
        version=margin.__version__,
        method=method,
        house=house.name,
        rounding=rounding,
        as_of=date,
        quantity_unit=unit_description(house, unit),
        parameter_sources=parameters.sources,
        position_sources=tuple(part.source for part in positions.parts),
        accounts=totals.accounts,
        requirement_rows=totals.requirements,
        commodity_rows=table.frame.with_columns(totals.conversion_factor),
        scan_tier_rows=scan_tier_rows(table),
        period_rows=period_rows(table),
        spread_rows=spread_rows(outcome.runs, outcome.in_headline),
        problem_list=(
            *parameters.problems,
            *differing_dates(positions, parameters, date),
            *book.problems,
            *all_positions.problems,
            *comparison_problems(comparisons, all_positions.problems),
        ),
        scenario_words=scenario_words_by_commodity(contracts, outcome.grids),
        currency_decimals={currency.code: currency.decimals for currency in parameters.currencies},
        business_function_rows=business_function_rows(comparisons),
        explainer=Explainer(Inputs(parameters, positions, contracts, house, policy, account_type, unit, method)),
    )
