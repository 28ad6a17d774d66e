"""One margin run in order: read, resolve, scan, spread, aggregate. This page states the order and computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal

import margin
from margin.account.run import health_run
from margin.aggregate.accounts import AccountTables, account_tables
from margin.aggregate.business_functions import Comparison, business_function_rows, comparison_problems
from margin.aggregate.details import period_rows, scan_tier_rows, spread_rows
from margin.aggregate.run_inputs import run_inputs
from margin.aggregate.run_problems import differing_dates, missing_rates, unknown_exposures, unusable_contracts
from margin.aggregate.tables import CommodityTable, commodity_table
from margin.methods import DEFAULT_METHOD, margin_method
from margin.methods._span_family import SpanOutcome
from margin.model.account import AccountBook
from margin.model.account_market import AccountMarket
from margin.model.account_policy import AccountPolicy
from margin.model.health import HealthRun
from margin.model.house import NO_ROUNDING, HousePolicy, QuantityUnit
from margin.model.market import MarketData
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.model.price_history import PriceHistory
from margin.model.problem import Problem
from margin.model.run import MarginRun
from margin.model.scan_range import RuleBook, ScanRangeRule, ScanRangeStudy
from margin.read.account_market import read_account_market as _read_account_market
from margin.read.account_policy import read_account_policy as _read_account_policy
from margin.read.accounts import read_accounts as _read_accounts
from margin.read.house_policy import house_for_clearing_org, read_house_policy
from margin.read.parameters import read_parameters as _read_parameters
from margin.read.parameters._cache.folder import cache_info as cache_info
from margin.read.parameters._cache.folder import clear_cache as clear_cache
from margin.read.positions import read_positions as _read_positions
from margin.resolve.contracts import resolve_contracts
from margin.resolve.grids import scenario_words_by_commodity
from margin.resolve.opted_in import opted_in
from margin.resolve.positions import ResolvedBook, resolve_positions
from margin.resolve.quantities import unit_description
from margin.resolve.rates import resolve_rates
from margin.views.explain import Explainer
from margin.views.explain.inputs import Inputs
from margin.views.inspect import (
    compared_parameters,
    inspected_house,
    inspected_market,
    inspected_name,
    inspected_parameters,
    inspected_positions,
)
from margin.views.inspect.lookup import find_commodity, find_contract, find_name
from margin.views.risk_arrays import RiskArrayTable, risk_array_table
from margin.write import parameters as parameter_writers
from margin.write import positions as position_writers
from margin.write.document import choose_format, save

Paths = str | Path | Sequence[str | Path]


def _several(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)


def read_parameters(
    paths: Paths, *, session: str | None = None, cache: bool = True, market: MarketData | None = None
) -> ParameterSet:
    """Read risk parameters of any supported format; several files merge.

    Risk arrays that a house configuration leaves to pricing models are derived.

    Args:
        paths: One file or several.
        session: Which point in time of a file is read: ``settlement``, ``intraday``, or its number in the order of
            the file, from 1; `None` for the only one, or the only settlement.
        cache: Whether what was parsed before is used again, and what is parsed now is kept.
        market: Market data that risk arrays are derived from; `None` for none.

    Raises:
        InputRefused: With every fault of every file, or with all contracts that market data do not suffice for.
    """
    parameters = _read_parameters(_several(paths), session=session, cache=cache)
    return derive_arrays(parameters, market) if market is not None or parameters.lacks_arrays else parameters


def read_market(paths: Paths) -> MarketData:
    """Read market data of any supported format; several files go together.

    Raises:
        InputRefused: With every fault of every file.
    """
    from margin.read.market import read_market as read

    return read(_several(paths))


def derive_arrays(
    parameters: ParameterSet, market: MarketData | None = None, *, threads: int | None = None
) -> ParameterSet:
    """Derive the risk arrays that house configurations leave to models, again where they have been derived before.

    Args:
        parameters: Risk parameters.
        market: Market data; `None` for none.
        threads: Threads to use; `None` for one per processor. The figures are the same for any number.

    Raises:
        InputRefused: With all contracts that lack a price, volatility, rate or scan range, or whose model cannot take a
            price.
    """
    # SciPy is not loaded for parameters that bring their arrays.
    from margin.value.derived import derive_arrays as derive

    return derive(parameters, market, threads=threads)


def risk_arrays(parameters: ParameterSet) -> RiskArrayTable:
    """The risk arrays of all contracts as a table, with the numbers they were derived from."""
    return risk_array_table(parameters)


def with_overrides(
    parameters: ParameterSet, overrides: Mapping[str, str | float], *, threads: int | None = None
) -> ParameterSet:
    """The parameters with some numbers changed; risk arrays that follow from them are derived again.

    Args:
        parameters: Risk parameters.
        overrides: By ``COMMODITY.FIELD``, the new number, ``+10%``, ``-10%`` or ``*1.5``. Fields:
            ``price_scan_range`` (money per contract), ``volatility_scan_range``, ``extreme_move``, ``cover``,
            ``look_ahead`` (years), ``short_option_minimum``, ``intracommodity_spread[PRIORITY]``; and by clearing
            organisation ``intercommodity_spread[PRIORITY]``, ``super_spread[PRIORITY]``. ``*`` is every commodity.
        threads: Threads to use; `None` for one per processor.

    Raises:
        InputRefused: A name or a value means nothing, or arrays were given without a model that could give others.
    """
    from margin.value.derived.overrides import with_overrides as overridden

    return overridden(parameters, overrides, threads=threads)


def read_price_history(path: str | Path, *, stdin: BinaryIO | None = None) -> PriceHistory:
    """Read daily prices of underlyings: a CSV or Parquet file, ``-`` is `stdin`.

    Raises:
        InputRefused: With every fault of the file.
    """
    from margin.read.history import read_price_history as read

    return read(path, stdin=stdin)


def read_scan_range_rule(path: str | Path) -> RuleBook:
    """Read how price scan ranges follow from a history of prices.

    Raises:
        InputRefused: With every fault of the file.
    """
    from margin.read.scan_range_rule import read_scan_range_rule as read

    return read(path)


def study_scan_ranges(
    history: PriceHistory, rules: RuleBook | ScanRangeRule, *, as_of: str | date | None = None
) -> ScanRangeStudy:
    """Price scan ranges of every underlying of a history, and how they would have held.

    Args:
        history: Daily prices.
        rules: A rule, or the rules of several underlyings.
        as_of: Day of the study, or its ISO text; `None` for the last day of the history.

    Raises:
        InputRefused: With every underlying whose history is not enough for its rule.
    """
    from margin.value.scan_range import study_scan_ranges as study

    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    return study(history, RuleBook(rules) if isinstance(rules, ScanRangeRule) else rules, day)


def read_positions(
    paths: Paths,
    *,
    input_format: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    stdin: BinaryIO | None = None,
) -> PositionBook:
    """Read positions of any supported format; several files concatenate, ``-`` is `stdin`.

    Args:
        paths: One file or several.
        input_format: Name of their format; `None` to tell it by content.
        decimal: What text tables write before decimals; `None` to tell it by content.
        stdin: Stream that ``-`` means; `None` for the process's standard input.

    Raises:
        InputRefused: With every fault of every file.
    """
    return _read_positions(_several(paths), input_format=input_format, decimal=decimal, stdin=stdin)


def read_house(name_or_path: str | Path) -> HousePolicy:
    """Read a house policy: a packaged one by its name, or a file.

    Raises:
        InputRefused: With every fault of the file, or if there is no such house.
    """
    return read_house_policy(name_or_path)


def write_parameters(
    parameters: ParameterSet,
    destination: str | Path | BinaryIO,
    format: str | None = None,  # noqa: A002  the option's name
) -> tuple[Problem, ...]:
    """Write risk parameters to a file, which is replaced only once it is complete, or to a stream of bytes.

    Args:
        parameters: The risk parameters.
        destination: The file or stream.
        format: A name of `margin.write.parameters.format_names`; `None` to go by the ending of the file.

    Returns:
        Warnings: what the format says less exactly.

    Raises:
        InputRefused: With everything that the format cannot say; nothing is written.
        ValueError: There is no such format, or the ending tells none.
    """
    chosen = choose_format(destination, format, parameter_writers.format_names(), parameter_writers.writer)
    written = parameter_writers.writer(chosen).write(parameters)
    save(written, destination)
    return (*written.problems, *parameter_writers.left_out(parameters))


def write_positions(
    positions: PositionBook,
    destination: str | Path | BinaryIO,
    format: str | None = None,  # noqa: A002  the option's name
) -> tuple[Problem, ...]:
    """Write positions to a file, which is replaced only once it is complete, or to a stream of bytes.

    Args:
        positions: The positions, of all inputs they were read from.
        destination: The file or stream.
        format: A name of `margin.write.positions.format_names`; `None` to go by the ending of the file.

    Returns:
        Warnings: what the format says less exactly.

    Raises:
        InputRefused: With everything that the format cannot say; nothing is written.
        ValueError: There is no such format, or the ending tells none.
    """
    chosen = choose_format(destination, format, position_writers.format_names(), position_writers.writer)
    written = position_writers.writer(chosen).write(positions)
    save(written, destination)
    return written.problems


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
        market_sources=parameters.pricing.market if parameters.pricing else (),
        overrides=parameters.overrides,
        explainer=Explainer(Inputs(parameters, positions, contracts, house, policy, account_type, unit, method)),
        inputs=run_inputs(book, contracts),
    )


def inspect(
    subject: ParameterSet | PositionBook | MarketData | HousePolicy,
    name: str | None = None,
    *,
    commodity: str | None = None,
    contract: str | None = None,
) -> dict[str, Any]:
    """What risk parameters, positions, market data or a house policy hold, as a document that JSON can write.

    Args:
        subject: What was read.
        name: Of parameters, only what this means: a combined commodity, a contract as a position names it, or
            the commodities of a product.
        commodity: Only the combined commodity of this code.
        contract: Only this contract.

    Raises:
        InputRefused: A name means nothing in the parameters; the message says what is near it.
        TypeError: More than one of the three is given, or one of them for other than parameters.
    """
    wanted = [
        (text, find)
        for text, find in ((name, find_name), (commodity, find_commodity), (contract, find_contract))
        if text is not None
    ]
    if len(wanted) > 1 or (wanted and not isinstance(subject, ParameterSet)):
        raise TypeError("name, commodity and contract exclude each other, and are of parameters")
    if isinstance(subject, PositionBook):
        return inspected_positions(subject)
    if isinstance(subject, MarketData):
        return inspected_market(subject)
    if isinstance(subject, HousePolicy):
        return inspected_house(subject)
    if wanted:
        return inspected_name(subject, house_of(subject), *wanted[0])
    return inspected_parameters(subject, house_of(subject))


def compare_parameters(before: ParameterSet, after: ParameterSet) -> dict[str, Any]:
    """What changed from one parameter set to another, of any formats, as a document that JSON can write.

    Contracts are matched by their codes, definitions by what they are about, never by a file's internal ids.
    """
    return compared_parameters(before, after)


def read_accounts(paths: Paths, *, stdin: BinaryIO | None = None) -> AccountBook:
    """Read cross-margin accounts, their balances, positions and orders; several files go together.

    Raises:
        InputRefused: With every fault of every file.
    """
    return _read_accounts(_several(paths), stdin=stdin)


def read_account_market(paths: Paths, *, stdin: BinaryIO | None = None) -> AccountMarket:
    """Read the prices that accounts are valued at: the spot rows of market data.

    Raises:
        InputRefused: With every fault of every file.
    """
    return _read_account_market(_several(paths), stdin=stdin)


def read_account_policy(name_or_path: str | Path) -> AccountPolicy:
    """Read an account policy: a packaged one by its name, or a file.

    Raises:
        InputRefused: With every fault of the file, or if there is no such policy.
    """
    return _read_account_policy(name_or_path)


def health(
    accounts: AccountBook,
    policy: AccountPolicy,
    market: AccountMarket | None = None,
    margined: MarginRun | None = None,
    *,
    only: Sequence[str] | None = None,
    as_of: str | None = None,
    distances: bool = True,
) -> HealthRun:
    """Judge every cross-margin account: equity, collateral, requirements, health, state, and what is called.

    Args:
        accounts: Balances, positions and orders.
        policy: What counts as collateral, what positions require, and when an account fails.
        market: Prices; `None` where everything is in the reporting asset.
        margined: What `calculate` returned for further positions of these accounts; `None` for none.
        only: Names of accounts to judge; `None` for all.
        as_of: ISO time at which prices are judged for age; `None` for the market data's own.
        distances: Whether to measure how far every threshold is.

    Raises:
        InputRefused: Something in the inputs has no rule or no price, or contradicts something else.
    """
    return health_run(
        accounts,
        policy,
        market or AccountMarket(),
        margined,
        version=margin.__version__,
        only=only,
        as_of=as_of,
        distances=distances,
    )
