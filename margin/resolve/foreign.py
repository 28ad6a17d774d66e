"""Contracts whose risk arrays are in another currency than their commodity is margined in (London SPAN)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from margin.model.parameters import CurrencyConversion, RateId
from margin.numeric.arrays import FloatArray, IntArray
from margin.resolve.contracts import ResolvedContracts


@dataclass(frozen=True)
class ForeignContracts:
    """How contract money becomes money of the commodity, by contract code; 1 for contracts at home.

    Attributes:
        spot: Rate that option values are converted at.
        high: Rate risen by its shift: what losses are converted at.
        low: Rate fallen by its shift: what gains are converted at.
    """

    spot: FloatArray
    high: FloatArray
    low: FloatArray


def tick_values(contracts: ResolvedContracts, rate_id: RateId) -> FloatArray:
    """Money value of one tick by contract code, in the product's currency; NaN where losses are money."""
    values = contracts.parameters.arrays[rate_id].tick_values
    return np.full(len(contracts), np.nan) if values is None else values[contracts.rows]


def has_ticks(contracts: ResolvedContracts) -> bool:
    """Whether any contract may have losses in ticks."""
    return any(arrays.tick_values is not None for arrays in contracts.parameters.arrays.values())


def foreign_currencies(contracts: ResolvedContracts, commodity: int) -> dict[str, IntArray]:
    """Contracts of a commodity with losses in ticks of a currency that is not the commodity's.

    Returns:
        Contract codes, ascending, by currency.
    """
    if not has_ticks(contracts):
        return {}
    parameters = contracts.parameters
    codes = np.flatnonzero(contracts.commodity == commodity)
    in_ticks = np.any(
        [
            ~np.isnan(arrays.tick_values[contracts.rows[codes]])
            for arrays in parameters.arrays.values()
            if arrays.tick_values is not None
        ],
        axis=0,
    )
    codes = codes[in_ticks]
    product = parameters.contracts["product"].to_numpy()[contracts.rows[codes]]
    currency = np.array([item.currency for item in parameters.products])[product]
    home = contracts.commodities[commodity].currency
    return {str(code): codes[currency == code] for code in np.unique(currency) if code != home}


def conversion_of(contracts: ResolvedContracts, commodity: int, currency: str) -> CurrencyConversion | None:
    """The conversion from a currency into a commodity's own, if its clearing organisation states one."""
    home = contracts.commodities[commodity]
    return next(
        (
            item
            for org in contracts.parameters.clearing_orgs
            if org.code == home.clearing_org
            for item in org.currency_conversions
            if (item.from_currency, item.to_currency) == (currency, home.currency)
        ),
        None,
    )


def foreign_contracts(contracts: ResolvedContracts) -> ForeignContracts:
    """Conversion of every contract; commodities without a conversion that they need are refused elsewhere.

    Source: London SPAN: scenario values at the worse of rate × (1 + up) and rate × (1 − down), option value at
    the rate itself.
    """
    spot, high, low = (np.ones(len(contracts)) for _ in range(3))
    for commodity in range(len(contracts.commodities)) if has_ticks(contracts) else ():
        for currency, own in foreign_currencies(contracts, commodity).items():
            conversion = conversion_of(contracts, commodity, currency)
            if conversion is not None and conversion.shift_up is not None and conversion.shift_down is not None:
                spot[own] = conversion.factor
                high[own] = conversion.factor * (1.0 + conversion.shift_up)
                low[own] = conversion.factor * (1.0 - conversion.shift_down)
    return ForeignContracts(spot, high, low)
