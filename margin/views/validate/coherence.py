"""What a parameter set says that cannot all be meant: rules that would be refused, names that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from margin.model.house import HousePolicy
from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition
from margin.model.problem import Problem, Reason, Severity
from margin.read.validated import did_you_mean
from margin.resolve.accounts import STANDARD_ACCOUNT_TYPES
from margin.resolve.contracts import ResolvedContracts, contract_names, resolve_contracts
from margin.resolve.rates import resolve_rates
from margin.views.inspect.refused import holdable

_UNDERLYING = "PHY"


def incoherences(parameters: ParameterSet, house: HousePolicy) -> list[Problem]:
    """Everything that a calculation would refuse if it were held, and what certainly has no effect.

    Raises:
        InputRefused: No calculation could begin: rate adjustments run in a circle.
    """
    contracts = resolve_contracts(parameters)
    resolve_rates(contracts, parameters.account_types or STANDARD_ACCOUNT_TYPES, house)
    empty = _codes_without_contracts(contracts)
    without = {contracts.commodities[code].code for code in empty}
    return [
        *(item for item in holdable(contracts, house).problems if item.attributes.get("commodity") not in without),
        *_commodities_without_contracts(contracts, empty),
        *_products_without_commodity(contracts),
        *_legs_of_unknown_commodities(parameters),
        *_legs_without_contracts(contracts),
        *_expired_contracts(contracts),
    ]


def _problem(
    reason: Reason, message: str, parameters: ParameterSet, clearing_org: str, line: int | None, **attributes: object
) -> Problem:
    file = next((source.path for source in parameters.sources if source.clearing_org == clearing_org), None)
    about = {"clearing_org": clearing_org, **attributes}
    return Problem(reason, message, Severity.WARNING, file=file, line=line, attributes=about)


def _codes_without_contracts(contracts: ResolvedContracts) -> list[int]:
    """Commodities that no contract belongs to, but for those that others may merge into."""
    held = set(np.unique(contracts.commodity).tolist())
    parameters = contracts.parameters
    targets = {
        (spread.clearing_org, leg.commodity) for spread in parameters.spreads for leg in spread.legs if leg.is_target
    }
    return [
        code
        for code, item in enumerate(contracts.commodities)
        if code not in held and (item.clearing_org, item.code) not in targets
    ]


def _commodities_without_contracts(contracts: ResolvedContracts, codes: list[int]) -> Iterator[Problem]:
    for item in (contracts.commodities[code] for code in codes):
        yield _problem(
            Reason.UNKNOWN_NAME,
            f"commodity {item.code} has no contracts: none of its product links leads to a product with contracts; "
            "nothing can be held in it",
            contracts.parameters,
            item.clearing_org,
            item.line,
            commodity=item.code,
        )


def _products_without_commodity(contracts: ResolvedContracts) -> Iterator[Problem]:
    """Products whose contracts no combined commodity takes in; underlyings are there for their prices."""
    parameters = contracts.parameters
    product = parameters.contracts["product"].to_numpy()
    listed = np.bincount(product, minlength=len(parameters.products))
    margined = np.bincount(product[contracts.rows], minlength=len(parameters.products))
    for row in np.flatnonzero((listed > 0) & (margined == 0)).tolist():
        item = parameters.products[row]
        if item.type == _UNDERLYING:
            continue
        yield _problem(
            Reason.UNKNOWN_NAME,
            f"product {item.exchange} {item.code} {item.type} belongs to no combined commodity; positions in its "
            f"{listed[row]:,} contract{'' if listed[row] == 1 else 's'} would be set aside",
            parameters,
            item.clearing_org,
            item.line,
            product=item.code,
        )


def _legs_of_unknown_commodities(parameters: ParameterSet) -> Iterator[Problem]:
    known: dict[str, set[str]] = {}
    for item in parameters.commodities:
        known.setdefault(item.clearing_org, set()).add(item.code)
    for spread in parameters.spreads:
        own = known.get(spread.clearing_org, set())
        names = dict.fromkeys(leg.commodity for leg in spread.legs if leg.clearing_org is None)
        for name in [name for name in names if name not in own]:
            yield _problem(
                Reason.UNKNOWN_NAME,
                f"{spread.kind} spread {spread.priority} has a leg in commodity {name}, which {spread.clearing_org} "
                f"does not have; the spread can never form{did_you_mean(name, own)}",
                parameters,
                spread.clearing_org,
                spread.line,
                commodity=name,
            )


def _legs_without_contracts(contracts: ResolvedContracts) -> Iterator[Problem]:
    """Legs on a single period in which their commodity has no contract; one warning per commodity and period."""
    periods: dict[tuple[str, str], set[str]] = {}
    for code, period in zip(contracts.slot_commodity.tolist(), contracts.slot_periods, strict=True):
        item = contracts.commodities[code]
        periods.setdefault((item.clearing_org, item.code), set()).add(period)
    absent: dict[tuple[str, str, str], list[SpreadDefinition]] = {}
    within = [spread for item in contracts.commodities for spread in item.spreads]
    for spread in (*within, *contracts.parameters.spreads):
        for leg in spread.legs:
            key = (spread.clearing_org, leg.commodity)
            if leg.kind == "period" and leg.clearing_org is None and key in periods and leg.period not in periods[key]:
                absent.setdefault((*key, leg.period or ""), []).append(spread)
    for (organisation, commodity, period), spreads in absent.items():
        number = len({id(spread) for spread in spreads})
        yield _problem(
            Reason.UNKNOWN_NAME,
            f"{number:,} spread{' has' if number == 1 else 's have'} a leg in period {period} of commodity "
            f"{commodity}, which has no contract in it; the leg can never be filled",
            contracts.parameters,
            organisation,
            spreads[0].line,
            commodity=commodity,
            period=period,
        )


def _expired_contracts(contracts: ResolvedContracts) -> Iterator[Problem]:
    """Contracts that expired, by their own day, before the business date; one warning per commodity."""
    dates = {org.code: org.business_date.replace("-", "") for org in contracts.parameters.clearing_orgs}
    today = np.array([dates.get(item.clearing_org, "") for item in contracts.commodities] or [""])
    period, dated = contracts.own_period, pl.Series(today[contracts.commodity], dtype=pl.String)
    expired = (period.str.contains(r"^[0-9]{8}$") & (period < dated)).fill_null(False).to_numpy()
    count = np.bincount(contracts.commodity[expired], minlength=len(contracts.commodities))
    for code in np.flatnonzero(count).tolist():
        item: CombinedCommodity = contracts.commodities[code]
        example = int(np.flatnonzero(expired & (contracts.commodity == code))[0])
        yield _problem(
            Reason.DATE_MISMATCH,
            f"{count[code]:,} contract{'' if count[code] == 1 else 's'} of commodity {item.code} expired before the "
            f"business date {today[code]}, such as {contract_names(contracts, [example])[0]}",
            contracts.parameters,
            item.clearing_org,
            contracts.parameters.contracts["line"][int(contracts.rows[example])],
            commodity=item.code,
            contracts=int(count[code]),
        )
