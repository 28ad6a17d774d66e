"""A parameter set at a glance: where it comes from, how much it holds, and one row per combined commodity."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from margin.model.document import problem_document
from margin.model.house import HousePolicy
from margin.model.parameters import ClearingOrganisation, CombinedCommodity, ParameterSet
from margin.model.scenario import ScenarioGrid
from margin.resolve.contracts import ResolvedContracts, contract_names, resolve_contracts
from margin.resolve.cover import EVERY_PERIOD
from margin.resolve.grids import grid_codes
from margin.resolve.scan_ranges import nearest_price_scan_range
from margin.views.inspect.contract_table import RANGES, contract_table, stated_ranges
from margin.views.inspect.definitions import (
    TIER_KINDS,
    Document,
    grid_documents,
    method_words,
    rates_of,
    session_words,
    spread_document,
)
from margin.views.inspect.refused import Holdable, holdable


def parameters_document(parameters: ParameterSet, house: HousePolicy) -> Document:
    """What a parameter set holds.

    Args:
        parameters: The parameters.
        house: The house policy that a calculation would apply.
    """
    contracts = resolve_contracts(parameters)
    could = holdable(contracts, house)
    return {
        "sources": [asdict(source) for source in parameters.sources],
        "clearing_orgs": [_organisation(item) for item in parameters.clearing_orgs],
        "house": house.name,
        "counts": _counts(parameters, contracts),
        "currencies": [item.code for item in parameters.currencies],
        "account_types": [
            {
                "code": item.code,
                "name": item.name,
                "is_customer": item.is_customer,
                "is_net_margin": item.is_net_margin,
            }
            for item in parameters.account_types
        ],
        "rate_ids": [
            {
                "rate_id": rate_id,
                "contracts": int(np.count_nonzero(arrays.points)),
                "scenarios": int(arrays.points.max(initial=0)),
            }
            for rate_id, arrays in parameters.arrays.items()
        ],
        "commodities": commodity_rows(contracts, could),
        "spreads": [spread_document(spread) for spread in parameters.spreads],
        "scan_ranges": stated_ranges(parameters).to_dicts(),
        "refused": [problem_document(problem) for problem in could.problems],
        "problems": [problem_document(problem) for problem in parameters.problems],
    }


def _organisation(item: ClearingOrganisation) -> Document:
    return {
        "code": item.code,
        "name": item.name,
        "business_date": item.business_date,
        "session": session_words(item),
        "time": item.time,
        "run": item.run,
        "created": item.created,
        "business_function": item.business_function,
        "home_organisations": list(item.home_organisations),
        "is_contract_scale": item.is_contract_scale,
        "rates": rates_of(item),
        "conversions": [
            {"from": rate.from_currency, "to": rate.to_currency, "factor": rate.factor}
            for rate in item.currency_conversions
        ],
        "grids": grid_documents(item.grids),
    }


def _counts(parameters: ParameterSet, contracts: ResolvedContracts) -> Document:
    by_type = Counter(contract_table(parameters)["type"].to_list())
    in_commodity = np.zeros(parameters.contracts.height, dtype=np.bool_)
    in_commodity[contracts.rows] = True
    has_array = np.zeros(parameters.contracts.height, dtype=np.bool_)
    for arrays in parameters.arrays.values():
        has_array |= arrays.points > 0
    return {
        "contracts": parameters.contracts.height,
        "contracts_by_type": dict(sorted(by_type.items())),
        "contracts_without_commodity": int(np.count_nonzero(~in_commodity)),
        "contracts_without_array": int(np.count_nonzero(~has_array)),
        "products": len(parameters.products),
        "commodities": len(parameters.commodities),
        "spreads": len(parameters.spreads),
    }


def commodity_rows(contracts: ResolvedContracts, could: Holdable) -> list[Document]:
    """One row per combined commodity, by clearing organisation and code."""
    between = Counter(
        (spread.clearing_org, code)
        for spread in contracts.parameters.spreads
        for code in {leg.commodity for leg in spread.legs if leg.clearing_org is None}
    )
    grids = commodity_grids(contracts, could)
    counts = _counts_by_commodity(contracts)
    return [
        {
            **_identity(item),
            "products": [
                {"exchange": link.exchange, "product": link.product, "type": link.type} for link in item.product_links
            ],
            **counts[code],
            "front": front_range(contracts, code, could),
            "tier_counts": {kind: len(getattr(item, field)) for kind, field in TIER_KINDS.items()},
            "intracommodity_spreads": len(item.spreads),
            "intercommodity_spreads": between[item.clearing_org, item.code],
            "delivery_periods": len({rate.period for rate in item.spot_rates}),
            "short_option_minimum": _short_option_rates(item),
            "scenarios": len(grids[code]) if code in grids else None,
            "methods": method_words(item),
            "is_refused": bool(could.is_refused[code]),
        }
        for code, item in enumerate(contracts.commodities)
    ]


def _identity(item: CombinedCommodity) -> Document:
    return {
        "clearing_org": item.clearing_org,
        "commodity": item.code,
        "name": item.name,
        "currency": item.currency,
        "groups": list(item.groups),
    }


def _counts_by_commodity(contracts: ResolvedContracts) -> list[Document]:
    """Contracts and their expiries, by commodity code."""
    counted = (
        pl.DataFrame(
            {"code": contracts.commodity, "period": contracts.own_period, "is_option": contracts.is_option},
            schema={"code": pl.Int32, "period": pl.String, "is_option": pl.Boolean},
        )
        .group_by("code")
        .agg(
            pl.len().alias("contracts"),
            pl.col("is_option").sum().alias("options"),
            pl.col("period").filter(pl.col("period") != "").n_unique().alias("periods"),
            pl.col("period").filter(pl.col("period") != "").min().alias("first_period"),
            pl.col("period").max().alias("last_period"),
        )
    )
    rows = {row.pop("code"): row for row in counted.to_dicts()}
    none = {"contracts": 0, "options": 0, "periods": 0, "first_period": None, "last_period": None}
    found = [rows.get(code, none) for code in range(len(contracts.commodities))]
    return [{**row, "last_period": row["last_period"] or None} for row in found]


def front_range(contracts: ResolvedContracts, code: int, could: Holdable) -> Document | None:
    """The scan ranges of the nearest maturity of a commodity; `None` where no contract states any in money."""
    rate_id = could.base.get(code) or next(iter(contracts.parameters.arrays), None)
    found = None if rate_id is None else nearest_price_scan_range(contracts, code, EVERY_PERIOD, rate_id)
    if rate_id is None or found is None:
        return None
    ranges = contracts.parameters.arrays[rate_id].scan_ranges.row(int(contracts.rows[found[0]]), named=True)
    named: dict[str, Any] = {"contract": contract_names(contracts, [found[0]])[0], "rate_id": rate_id}
    return {**named, **{name: ranges[name] for name in RANGES}}


def _short_option_rates(item: CombinedCommodity) -> list[float]:
    """The different short option minimum rates, ascending."""
    return sorted({rate for tier in item.short_option_minimum_tiers for rate in tier.rates.values()})


def commodity_grids(contracts: ResolvedContracts, could: Holdable) -> dict[int, ScenarioGrid]:
    """Scenario grid by code of the commodities that could be margined."""
    grids, of_commodity = grid_codes(contracts, could.base)
    return {code: grids[of_commodity[code]] for code in could.base}
