"""One contract in full: what it is worth, its scan ranges, and what one long contract loses in every scenario."""

from __future__ import annotations

import numpy as np

from margin.model.contract import OPTION_TYPES
from margin.model.parameters import RateId
from margin.resolve.contracts import ResolvedContracts, contract_names
from margin.resolve.grids import grid_codes, scenario_words_by_commodity
from margin.views.inspect.contract_table import RANGES, contract_table
from margin.views.inspect.definitions import Document


def contract_document(contracts: ResolvedContracts, code: int) -> Document:
    """A contract as the parameters have it.

    Losses are positive, of one long contract, in the commodity's currency before its risk exponent, as published.
    """
    parameters = contracts.parameters
    row = int(contracts.rows[code])
    facts = {**contract_table(parameters).row(row, named=True), **parameters.contracts.row(row, named=True)}
    commodity = contracts.commodities[contracts.commodity[code]]
    product = parameters.products[facts["product"]]
    is_option = product.type in OPTION_TYPES
    return {
        "contract": contract_names(contracts, [code])[0],
        "contract_id": facts["contract_id"],
        "clearing_org": commodity.clearing_org,
        "commodity": commodity.code,
        "currency": commodity.currency,
        "risk_exponent": commodity.risk_exponent,
        "exchange": product.exchange,
        "product": product.code,
        "product_name": product.name,
        "type": product.type,
        "product_currency": product.currency,
        "value_method": product.value_method,
        "settlement_method": product.settlement_method,
        "exercise": product.exercise if is_option else None,
        "period": facts["period"] or None,
        "underlying_period": (facts["underlying_period"] or None) if is_option else None,
        "underlying": _name_of_row(contracts, facts["underlying_contract"]),
        "right": facts["right"],
        "strike": facts["strike"],
        "price": facts["price"],
        "contract_value_factor": facts["contract_value_factor"],
        "value": _number(float(contracts.unit_value[code])),
        "delta_scaling_factor": float(contracts.delta_scale[code]),
        "current_delta": facts["current_delta"],
        "volatility": facts["volatility"],
        "time_to_expiry": facts["time_to_expiry"],
        "scan_tier": int(contracts.scan_tier_numbers[contracts.scan_tier[code]]),
        "arrays": [
            _array(contracts, code, rate_id) for rate_id, arrays in parameters.arrays.items() if arrays.points[row] > 0
        ],
        "file": next((s.path for s in parameters.sources if s.clearing_org == commodity.clearing_org), None),
        "line": facts["line"],
    }


def _name_of_row(contracts: ResolvedContracts, row: int | None) -> str | None:
    """Name of the contract in a row of the contract frame; `None` if it is in no commodity."""
    codes = [] if row is None else np.flatnonzero(contracts.rows == row).tolist()
    return contract_names(contracts, codes[:1])[0] if codes else None


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _array(contracts: ResolvedContracts, code: int, rate_id: RateId) -> Document:
    """The risk array of one rate id, scenario by scenario."""
    row, commodity = int(contracts.rows[code]), int(contracts.commodity[code])
    arrays = contracts.parameters.arrays[rate_id]
    grids, codes = grid_codes(contracts, {commodity: rate_id})
    grid = grids[codes[commodity]]
    words = next(iter(scenario_words_by_commodity(contracts, {commodity: grid}).values()))
    losses: list[float] = arrays.losses[row, : int(arrays.points[row])].tolist()
    ranges = arrays.scan_ranges.row(row, named=True)
    ticks = None if arrays.tick_values is None else _number(float(arrays.tick_values[row]))
    return {
        "rate_id": rate_id,
        "composite_delta": float(arrays.composite_delta[row]),
        "tick_value": ticks,
        "scan_range": {name: ranges[name] for name in RANGES},
        "worst_scenario_long": 1 + int(np.argmax(losses)),
        "worst_scenario_short": 1 + int(np.argmin(losses)),
        "scenarios": [
            {
                "scenario": place + 1,
                "words": words[place] if place < len(words) else "",
                "price_move": grid.points[place].price_move if place < len(grid) else None,
                "volatility_move": grid.points[place].volatility_move if place < len(grid) else None,
                "loss": loss,
            }
            for place, loss in enumerate(losses)
        ],
    }
