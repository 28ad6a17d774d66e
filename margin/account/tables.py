"""From arrays to the frames of a health run: figures by scope, and their parts by asset, market and position."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.account._resolve_checks import call_assets
from margin.account.arrays import AccountArrays
from margin.account.distance import Threshold
from margin.account.equity import lot_profit
from margin.account.evaluation import Evaluation
from margin.account.health import STATES, Health
from margin.account.margin_call import MarginCalls
from margin.account.resolve import QUANTITY_DECIMALS
from margin.model.account import ISOLATED_PREFIX, AccountBook, AccountState
from margin.model.health import (
    ASSETS_SCHEMA,
    CROSS_SCOPE,
    MARKETS_SCHEMA,
    POSITIONS_SCHEMA,
    SCOPES_SCHEMA,
    THRESHOLDS_SCHEMA,
)
from margin.model.position import ACCOUNT_KEY
from margin.numeric.arrays import CodeArray, FloatArray
from margin.numeric.exact import exact_sums_by_code


def scope_frame(
    arrays: AccountArrays, book: AccountBook, figures: Evaluation, judged: Health, calls: MarginCalls | None
) -> pl.DataFrame:
    """The figures of every scope, with `SCOPES_SCHEMA`."""
    account = arrays.scope_account
    incomplete = STATES.index(AccountState.INCOMPLETE)
    keys = book.accounts[account].select(*ACCOUNT_KEY, "previous_state")
    owned, backing, required = figures.owned, figures.backing, figures.required
    unknown = np.full(arrays.scopes, np.nan)
    called = call_assets(book, arrays.policy).gather(account)
    columns: dict[str, FloatArray] = {
        "equity": owned.equity,
        "collateral": owned.collateral,
        "unrealised_profit": owned.unrealised_profit,
        "option_value": owned.option_value,
        "available_option_value": owned.available_option_value,
        "adjusted_equity_maintenance": backing.adjusted_maintenance,
        "adjusted_equity_initial": backing.adjusted_initial,
        "maintenance_margin": required.maintenance,
        "initial_margin": required.initial,
        "scenario_maintenance": required.scenario_maintenance,
        "scenario_initial": required.scenario_initial,
        "borrow_maintenance": required.borrow_maintenance,
        "borrow_initial": required.borrow_initial,
        "health": judged.health,
        "ratio": judged.ratio,
        "usage": judged.usage,
        "available": judged.available,
        "withdrawable": judged.withdrawable,
        "notional": required.notional,
        "leverage": judged.leverage,
        "margin_call_shortfall": unknown if calls is None else np.where(judged.is_stale, np.nan, calls.shortfall),
        "margin_call": unknown if calls is None else np.where(judged.is_stale, np.nan, calls.amount),
    }
    names = [str(state) for state in STATES]
    frame = keys.with_columns(
        pl.when(pl.Series(arrays.is_isolated))
        .then(pl.lit(ISOLATED_PREFIX) + arrays.scope_name)
        .otherwise(pl.lit(CROSS_SCOPE))
        .alias("scope"),
        pl.Series("state", [names[code] for code in judged.state], dtype=pl.String),
        pl.when(pl.Series(~arrays.is_isolated)).then("previous_state").alias("previous_state"),
        pl.Series("complete", judged.state != incomplete),
        pl.lit(arrays.policy.reporting_asset).alias("currency"),
        pl.when(pl.Series(~arrays.is_isolated)).then(called).alias("margin_call_asset"),
        *(_nullable(name, values) for name, values in columns.items()),
    )
    return frame.select(SCOPES_SCHEMA.names()).cast(SCOPES_SCHEMA)


def asset_frame(arrays: AccountArrays, figures: Evaluation, judged: Health) -> pl.DataFrame:
    """The holdings that are not empty, with `ASSETS_SCHEMA`."""
    owned, backing = figures.owned, figures.backing
    scope = arrays.holding_scope
    allowed = judged.withdrawable[scope]
    held = np.minimum(judged.free_balance, np.where(np.isnan(allowed), np.nan, allowed))
    frame = pl.DataFrame(
        [
            pl.Series("scope_index", scope, dtype=pl.Int32),
            _named("asset", arrays.assets.names, arrays.holding_asset),
            _nullable("price", owned.asset_price),
            pl.Series("stale", arrays.is_stale[arrays.assets.price[arrays.holding_asset]]),
            _nullable("balance", owned.balance),
            _nullable("unrealised_profit", owned.profit),
            _nullable("value", owned.balance * owned.asset_price),
            _nullable("net_value", backing.net_value),
            _nullable("maintenance_value", backing.maintenance_value),
            _nullable("initial_value", backing.initial_value),
            _nullable("withdrawable", held / owned.asset_price),
        ]
    )
    is_used = (owned.balance != 0.0) | (owned.profit != 0.0)
    is_used[arrays.balance_holding] = True
    is_used[arrays.group_holding] = True
    is_used[arrays.scenario_holding] = True
    return frame.filter(pl.Series(is_used)).cast(ASSETS_SCHEMA)


def market_frame(arrays: AccountArrays, figures: Evaluation) -> pl.DataFrame:
    """One row per scope and market, with `MARKETS_SCHEMA`."""
    owned, required = figures.owned, figures.required
    price = owned.settlement_price
    columns = [
        pl.Series("scope_index", arrays.group_scope, dtype=pl.Int32),
        _named("market", arrays.markets.names, arrays.group_market),
        _nullable("mark", owned.mark),
        pl.Series("stale", arrays.is_stale[arrays.markets.price[arrays.group_market]]),
        _nullable("quantity", arrays.group_quantity),
        _nullable("buy_orders", arrays.group_buys),
        _nullable("sell_orders", arrays.group_sells),
        _nullable("notional", owned.group_notional * price),
        _nullable("unrealised_profit", owned.group_profit * price),
        _nullable("option_value", owned.group_option_value * price),
        _nullable("maintenance_margin", required.group_maintenance * price),
        _nullable("initial_margin", required.group_initial * price),
    ]
    return pl.DataFrame(columns).cast(MARKETS_SCHEMA)


def position_frame(arrays: AccountArrays, figures: Evaluation) -> pl.DataFrame:
    """One row per position, with `POSITIONS_SCHEMA`; rows without an id are one per entry price."""
    rows = arrays.position_rows.sort("group", "id", "entry", "quantity", nulls_last=False)
    key = rows.select(pl.struct("group", "id", "entry").rle_id()).to_series().to_numpy().astype(np.int64)
    merged = rows[np.flatnonzero(np.diff(key, prepend=-1))] if rows.height else rows
    group = merged["group"].to_numpy().astype(np.int32)
    quantity = exact_sums_by_code(rows["quantity"].to_numpy(), key, merged.height, QUANTITY_DECIMALS)
    held = np.bincount(group, weights=np.abs(quantity), minlength=arrays.groups)[group]
    share = np.abs(quantity) / np.where(held > 0.0, held, 1.0)
    price = figures.owned.settlement_price[group]
    profit = _lots(arrays, figures, group, quantity, merged["entry"].fill_null(float("nan")).to_numpy())
    columns = [
        pl.Series("scope_index", arrays.group_scope[group], dtype=pl.Int32),
        _named("market", arrays.markets.names, arrays.group_market[group]),
        merged["id"],
        _nullable("quantity", quantity),
        merged["entry"],
        _nullable("unrealised_profit", profit * price),
        _nullable("maintenance_margin", figures.required.group_maintenance[group] * share * price),
    ]
    return pl.DataFrame(columns).cast(POSITIONS_SCHEMA)


def _lots(
    arrays: AccountArrays, figures: Evaluation, group: CodeArray, quantity: FloatArray, entry: FloatArray
) -> FloatArray:
    market = arrays.group_market[group]
    return lot_profit(
        arrays.markets.is_linear[market],
        arrays.markets.is_inverse[market],
        quantity * arrays.markets.contract_size[market],
        entry,
        figures.owned.mark[group],
    )


def threshold_frame(figures: Evaluation, judged: Health, distances: tuple[Threshold, ...]) -> pl.DataFrame:
    """One row per scope with a requirement and threshold, worst first, with `THRESHOLDS_SCHEMA`."""
    scopes = np.flatnonzero((figures.required.maintenance > 0.0) & ~judged.is_stale)
    frames = [
        pl.DataFrame(
            [
                pl.Series("scope_index", scopes, dtype=pl.Int32),
                pl.repeat(one.state, len(scopes), dtype=pl.String, eager=True).alias("state"),
                pl.repeat(one.ratio, len(scopes), dtype=pl.Float64, eager=True).alias("ratio"),
                _nullable("fall", one.fall[scopes]),
                _nullable("rise", one.rise[scopes]),
                _nullable("fall_sigmas", one.fall[scopes] / one.volatility[scopes]),
                _nullable("rise_sigmas", one.rise[scopes] / one.volatility[scopes]),
            ]
        )
        for one in distances
    ]
    joined = pl.concat([THRESHOLDS_SCHEMA.to_frame(), *frames])
    return joined.sort("scope_index", maintain_order=True).cast(THRESHOLDS_SCHEMA)


def _nullable(name: str, values: FloatArray) -> pl.Series:
    """Figures as a column, what is not finite as null."""
    return pl.Series(name, values, dtype=pl.Float64).set(pl.Series(~np.isfinite(values)), None)


def _named(name: str, names: tuple[str, ...], codes: CodeArray) -> pl.Series:
    return pl.Series(name, list(names), dtype=pl.String).gather(codes) if names else pl.Series(name, [], pl.String)
