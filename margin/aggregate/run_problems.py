"""What a finished run must say out loud: figures that are missing, accounts that could not be margined, dates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from margin.aggregate.figures import SpanFigures
from margin.aggregate.tables import CommodityTable
from margin.model.house import HousePolicy
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.model.problem import Problem, Reason, Severity
from margin.resolve.contracts import ResolvedContracts, contract_names
from margin.resolve.positions import ResolvedBook
from margin.resolve.rates import HEADLINE, RateTable


def unusable_contracts(runs: tuple[SpanFigures, ...], contracts: ResolvedContracts) -> Iterator[Problem]:
    """Held contracts that have no risk array or, as premium options, no price."""
    codes = sorted({int(code) for figures in runs for code in figures.unusable})
    parameters = contracts.parameters
    for code, name in zip(codes, contract_names(contracts, codes), strict=True):
        commodity = contracts.commodities[contracts.commodity[code]]
        has_price = not contracts.is_premium_option[code] or np.isfinite(contracts.unit_value[code])
        what = "no risk array" if has_price else "no risk array or no price"
        yield Problem(
            Reason.MISSING_RATE,
            f"contract {name} has {what} in the parameters; commodity {commodity.code} is not margined "
            "in the accounts that hold it",
            line=parameters.contracts["line"][int(contracts.rows[code])],
            file=next((s.path for s in parameters.sources if s.clearing_org == commodity.clearing_org), None),
            attributes={
                "contract": name,
                "commodity": commodity.code,
                "clearing_org": commodity.clearing_org,
            },
        )


def missing_rates(book: ResolvedBook, rates: RateTable, contracts: ResolvedContracts) -> Iterator[Problem]:
    """Kinds of requirement for which an account type has no rate in a commodity it holds.

    A kind that has no rate in any of them is not asked of the account type at all, unless it is the
    maintenance requirement itself.
    """
    contract = np.concatenate((book.contract, book.gross.contract))
    types = book.accounts.type_code[np.concatenate((book.account, book.gross.account))]
    for type_code, account_type in enumerate(book.accounts.types):
        held = np.unique(contracts.commodity[contract[types == type_code]])
        for kind in rates.kinds:
            by_commodity = rates.rates[type_code, kind]
            without = [contracts.commodities[code].code for code in held if by_commodity[code] is None]
            if without and (kind == HEADLINE or len(without) < len(held)):
                yield Problem(
                    Reason.MISSING_RATE,
                    f"the parameters give account type {account_type.code} no {kind.kind} rate of class "
                    f"{kind.bond_class} with arrays for {', '.join(without)}; that requirement is left out",
                    severity=Severity.ERROR if kind == HEADLINE else Severity.WARNING,
                    attributes={
                        "account_type": account_type.code,
                        "kind": kind.kind,
                        "class": kind.bond_class,
                    },
                )


def unknown_exposures(table: CommodityTable, house: HousePolicy) -> Iterator[Problem]:
    """Commodities whose exposure margin the house asks and that lack a price for it."""
    if not house.exposure_margin:
        return
    unknown = table.frame.filter(pl.Series(table.origin["valid"]) & pl.col("exposure_margin").is_null())
    for organisation, code in unknown.select("clearing_org", "commodity").unique().sort(pl.all()).iter_rows():
        yield Problem(
            Reason.MISSING_RATE,
            f"the exposure margin of commodity {code} is not known: a contract that is held, or its underlying, "
            "has no price in the parameters; it is left out of the accounts that hold it",
            severity=Severity.WARNING,
            attributes={"clearing_org": organisation, "commodity": code},
        )


def differing_dates(book: PositionBook, parameters: ParameterSet, as_of: str) -> Iterator[Problem]:
    """Positions, or an as-of date, that do not belong to the parameters' business date."""
    dates = {org.business_date for org in parameters.clearing_orgs}
    known = ", ".join(sorted(dates))
    if as_of not in dates:
        yield _date_warning(f"the parameters are of {known}, not of {as_of}", None, as_of)
    for part in book.parts:
        if "business_date" not in part.frame.columns:
            continue
        column = part.frame["business_date"].drop_nulls().unique()
        for date in column.filter(~column.is_in(list(dates))).sort():
            yield _date_warning(f"positions of {date} meet parameters of {known}", part.source.path, date)


def _date_warning(message: str, file: str | None, found: str) -> Problem:
    return Problem(Reason.DATE_MISMATCH, message, severity=Severity.WARNING, file=file, attributes={"found": found})
