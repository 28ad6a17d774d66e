"""A book of accounts as integer-coded arrays: scopes, holdings by asset, positions by market."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from margin.model.account_policy import AccountPolicy
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray
from margin.numeric.schedules import Schedules
from margin.numeric.segments import sums_by_code

PriceOf: TypeAlias = Callable[[CodeArray, CodeArray], FloatArray]
"""Prices by price code and scope, arrays of one shape: what every scope sees a price at."""

NOWHERE = -1
"""The location rule of a balance that no rule fits."""


@dataclass(frozen=True)
class AssetArrays:
    """The policy's rules of the assets that occur, by asset code; shapes (assets,).

    Attributes:
        names: The assets.
        price: Price code.
        maintenance, initial: Weight schedules, by asset code; bounds are values in the reporting asset.
        maintenance_liability, initial_liability: Factors on negative values.
        profit_weight: Factor on unsettled profit.
        size_factor: NaN where size does not matter.
        deposits_from, borrows_from: Values where scaling starts, infinite where totals do not matter.
        deposits, borrows: Units over all accounts of the venue, 0 where totals do not matter.
        value_cap: Infinite where there is none.
        borrow_maintenance, borrow_initial: Rates on loans.
        is_cash_like: Whether the price stays when the market moves.
    """

    names: tuple[str, ...]
    price: CodeArray
    maintenance: Schedules
    initial: Schedules
    maintenance_liability: FloatArray
    initial_liability: FloatArray
    profit_weight: FloatArray
    size_factor: FloatArray
    deposits_from: FloatArray
    borrows_from: FloatArray
    deposits: FloatArray
    borrows: FloatArray
    value_cap: FloatArray
    borrow_maintenance: FloatArray
    borrow_initial: FloatArray
    is_cash_like: BoolArray


@dataclass(frozen=True)
class MarketArrays:
    """The policy's rules of the markets that occur, by market code; shapes (markets,).

    Attributes:
        names: The markets.
        price: Price code of the mark.
        settlement: Asset code.
        is_linear, is_inverse, is_option: Kind; none of them for spot hedges.
        contract_size: Units per contract.
        maintenance: Rate schedules by market code, bounds in the settlement asset.
        maintenance_of_initial: NaN where the maintenance requirement has rates of its own.
        initial: Rate schedules by market code.
        open_interest_scale: Part of the way from the initial rate to 1, within [0, 1].
        closing_fee: Part of notional.
    """

    names: tuple[str, ...]
    price: CodeArray
    settlement: CodeArray
    is_linear: BoolArray
    is_inverse: BoolArray
    is_option: BoolArray
    contract_size: FloatArray
    maintenance: Schedules
    maintenance_of_initial: FloatArray
    initial: Schedules
    open_interest_scale: FloatArray
    closing_fee: FloatArray


@dataclass(frozen=True)
class AccountArrays:
    """All accounts of a book; rows of each level are sorted by the level above.

    Attributes:
        policy: The policy.
        price_names: Names by price code, shape (prices,).
        prices: Today's prices, shape (prices,).
        volatility: One day's relative standard deviation, NaN where not known, shape (prices,).
        beta: Relative move per relative move of the joint factor, shape (prices,).
        is_stale: Whether a price is too old or too uncertain, shape (prices,).
        assets: Rules of assets.
        markets: Rules of markets.
        scope_account: Row of the accounts frame, by scope, ascending.
        scope_name: `margin.model.account.CROSS` or a bucket's id, by scope.
        is_isolated: By scope.
        holding_scope, holding_asset: One holding per scope and asset, sorted by both.
        balance_holding, balance_quantity, balance_location: Balances by holding, location rule (or `NOWHERE`).
        entry_group, entry_quantity, entry_price: Lots by group and entry price; NaN entry where there is none.
        group_scope, group_market, group_holding: One group per scope and market, sorted by both; the holding is that
            of the settlement asset.
        group_quantity: Net quantity of the group's positions.
        group_buys, group_sells: Open orders, both not negative.
        group_leverage: Chosen leverage, NaN for the market's own rate.
        scenario_holding: Holding of the currency that risk from parameters is in.
        scenario_maintenance, scenario_initial: Risk before option value, after the policy's factors; NaN if unknown.
        scenario_value, scenario_available: Net and available net option value.
        call_holding: Holding of the asset of a margin call, by scope; 0 where nothing is called.
        position_rows: The book's positions with a ``group`` column, in the order of groups.
    """

    policy: AccountPolicy
    price_names: tuple[str, ...]
    prices: FloatArray
    volatility: FloatArray
    beta: FloatArray
    is_stale: BoolArray
    assets: AssetArrays
    markets: MarketArrays
    scope_account: CodeArray
    scope_name: pl.Series
    is_isolated: BoolArray
    holding_scope: CodeArray
    holding_asset: CodeArray
    balance_holding: CodeArray
    balance_quantity: FloatArray
    balance_location: CodeArray
    entry_group: CodeArray
    entry_quantity: FloatArray
    entry_price: FloatArray
    group_scope: CodeArray
    group_market: CodeArray
    group_holding: CodeArray
    group_quantity: FloatArray
    group_buys: FloatArray
    group_sells: FloatArray
    group_leverage: FloatArray
    scenario_holding: CodeArray
    scenario_maintenance: FloatArray
    scenario_initial: FloatArray
    scenario_value: FloatArray
    scenario_available: FloatArray
    call_holding: CodeArray
    position_rows: pl.DataFrame

    @property
    def scopes(self) -> int:
        """How many scopes there are."""
        return len(self.scope_account)

    @property
    def holdings(self) -> int:
        """How many holdings there are."""
        return len(self.holding_scope)

    @property
    def groups(self) -> int:
        """How many (scope, market) groups there are."""
        return len(self.group_scope)

    def today(self, codes: CodeArray, scopes: CodeArray) -> FloatArray:
        """Today's prices; a `PriceOf`."""
        return self.prices[codes]

    def at(self, prices: FloatArray) -> PriceOf:
        """Other prices, the same for every scope, shape (prices,)."""
        return lambda codes, scopes: prices[codes]

    def moved(self, factor: FloatArray) -> PriceOf:
        """Today's prices moved with a joint factor, by scope: price × (1 + β·(factor − 1)).

        Prices of cash-like assets have β 0 (see `margin.account.resolve`). Shape of `factor`: (scopes,).
        """
        return lambda codes, scopes: self.prices[codes] * (1.0 + self.beta[codes] * (factor[scopes] - 1.0))

    def by_scope(self, values: FloatArray, scope: CodeArray) -> FloatArray:
        """Sums of rows by scope, in the order of the rows, shape (scopes,)."""
        return sums_by_code(values, scope, self.scopes)

    def by_holding(self, values: FloatArray, holding: CodeArray) -> FloatArray:
        """Sums of rows by holding, in the order of the rows, shape (holdings,)."""
        return sums_by_code(values, holding, self.holdings)
