"""One combined commodity in full: its products, tiers, spreads, rates, scan ranges and scenarios."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from margin.model.contract import Product
from margin.model.document import problem_document
from margin.model.parameters import CombinedCommodity, SpreadDefinition
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.grids import scenario_words_by_commodity
from margin.views.inspect.contract_table import stated_ranges
from margin.views.inspect.definitions import (
    Document,
    grid_document,
    spot_document,
    spread_document,
    tier_document,
    tiers_of,
)
from margin.views.inspect.parameters import commodity_grids, commodity_rows
from margin.views.inspect.refused import Holdable


def commodity_documents(contracts: ResolvedContracts, codes: list[int], could: Holdable) -> list[Document]:
    """The combined commodities of some codes in full.

    Args:
        contracts: The contracts.
        codes: Commodity codes.
        could: What the engine would refuse.
    """
    rows = commodity_rows(contracts, could) if codes else []
    return [{**rows[code], **_details(contracts, code, could)} for code in codes]


def _details(contracts: ResolvedContracts, code: int, could: Holdable) -> Document:
    item = contracts.commodities[code]
    parameters = contracts.parameters
    source = next((source.path for source in parameters.sources if source.clearing_org == item.clearing_org), None)
    return {
        "products": _products(contracts, code),
        "risk_exponent": item.risk_exponent,
        "cap_available_net_option_value": item.cap_available_net_option_value,
        "rate_adjustments": [asdict(adjustment) for adjustment in item.rate_adjustments],
        "initial_ratios": dict(item.initial_ratios),
        "adjustment_factors": dict(item.adjustment_factors),
        "tiers": [tier_document(kind, tier) for kind, tier in tiers_of(item)],
        "scan_ranges": stated_ranges(
            parameters, contracts.rows[np.flatnonzero(contracts.commodity == code)]
        ).to_dicts(),
        "spreads": [spread_document(spread) for spread in sorted(item.spreads, key=lambda spread: spread.priority)],
        "between": [spread_document(spread) for spread in parameters.spreads if _takes_part(item, spread)],
        "delivery_rates": [spot_document(rate) for rate in item.spot_rates],
        "grid": _grid(contracts, code, could),
        "refused": [problem_document(problem) for problem in could.problems if _is_about(problem.attributes, item)],
        "file": source,
        "line": item.line,
    }


def _products(contracts: ResolvedContracts, code: int) -> list[Document]:
    """Products of a commodity with their contracts."""
    parameters = contracts.parameters
    own = np.flatnonzero(contracts.commodity == code)
    counted = (
        pl.DataFrame(
            {
                "product": parameters.contracts["product"].gather(contracts.rows[own]),
                "period": contracts.own_period[own],
            }
        )
        .group_by("product")
        .agg(pl.len().alias("contracts"), pl.col("period").filter(pl.col("period") != "").n_unique().alias("periods"))
    )
    counts = {row["product"]: row for row in counted.to_dicts()}
    by_key: dict[tuple[str, str, str, str], int] = {
        (item.clearing_org, item.exchange, item.product_id, item.type): row
        for row, item in enumerate(parameters.products)
    }
    found: list[Document] = []
    commodity = contracts.commodities[code]
    for link in commodity.product_links:
        org = link.clearing_org or commodity.clearing_org
        row = by_key.get((org, link.exchange, link.product_id, link.type))
        product: Product | None = None if row is None else parameters.products[row]
        held = counts.get(row, {"contracts": 0, "periods": 0})
        found.append(
            {
                "exchange": link.exchange,
                "product": link.product,
                "type": link.type,
                "name": product and product.name,
                "currency": product and product.currency,
                "value_method": product and product.value_method,
                "contract_value_factor": product and product.contract_value_factor,
                "delta_scaling_factor": link.delta_scaling_factor,
                "contracts": held["contracts"],
                "periods": held["periods"],
            }
        )
    return found


def _takes_part(item: CombinedCommodity, spread: SpreadDefinition) -> bool:
    """Whether a spread between commodities has a leg in this one, at home or away."""
    return any(
        leg.commodity == item.code and (leg.clearing_org or spread.clearing_org) == item.clearing_org
        for leg in spread.legs
    )


def _grid(contracts: ResolvedContracts, code: int, could: Holdable) -> Document | None:
    grid = commodity_grids(contracts, could).get(code)
    if grid is None:
        return None
    words = scenario_words_by_commodity(contracts, {code: grid})
    document = grid_document(grid)
    for point, said in zip(document["points"], next(iter(words.values())), strict=True):
        point["words"] = said
    return document


def _is_about(attributes: Any, item: CombinedCommodity) -> bool:
    return (attributes.get("clearing_org"), attributes.get("commodity")) == (item.clearing_org, item.code)
