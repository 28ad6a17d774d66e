"""Names to codes: a book of accounts, a policy and prices become arrays; every name without a meaning is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from margin.account._resolve_checks import (
    call_assets,
    check_buckets,
    check_initial_rates,
    check_names,
    check_positions,
)
from margin.account._resolve_rules import asset_arrays, market_arrays
from margin.account.arrays import NOWHERE, AccountArrays
from margin.model.account import CROSS, REQUIREMENT_SCHEMA, AccountBook
from margin.model.account_market import AccountMarket
from margin.model.account_policy import AccountPolicy
from margin.model.position import MAX_QUANTITY_DECIMALS
from margin.model.problem import Faults, Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.exact import exact_sums_by_code
from margin.read.validated import did_you_mean

QUANTITY_DECIMALS = MAX_QUANTITY_DECIMALS
_SCOPE = ("account_index", "scope")


def resolve_accounts(
    book: AccountBook,
    policy: AccountPolicy,
    market: AccountMarket,
    requirements: pl.DataFrame | None = None,
    as_of: str | None = None,
) -> AccountArrays:
    """Look everything up.

    Args:
        book: The accounts.
        policy: Their rules.
        market: Prices.
        requirements: Frame with `REQUIREMENT_SCHEMA`: risk of positions margined from risk parameters.
        as_of: ISO time at which prices are judged for age; `None` for the market's own.

    Returns:
        The accounts as arrays, in an order that depends on their content alone.

    Raises:
        InputRefused: With every asset or market that has no rule, every price that is missing, every position that
            its market cannot margin, and every bucket without margin.
        ValueError: `as_of` says no offset.
    """
    faults = Faults()
    scenario = REQUIREMENT_SCHEMA.to_frame() if requirements is None else requirements
    currency = pl.col("currency").replace(dict(policy.scenario.assets))
    # Without a currency there is no figure either; what is not known is not known in any asset.
    scenario = scenario.with_columns(asset=currency.fill_null(policy.reporting_asset))
    check_names(book, policy, scenario, faults)
    check_buckets(book, faults)
    faults.refuse_if_any()
    check_positions(book, policy, faults)

    tables = _tables(book, policy, scenario)
    market_names = tuple(tables.groups["market"].unique().sort())
    asset_names = tuple(tables.holdings["asset"].unique().sort())
    names = tuple(sorted({*asset_names, *(policy.markets[name].price for name in market_names)}))
    quoted = _quotes(names, asset_names, policy, market, faults)
    assets = asset_arrays(asset_names, names, policy, quoted, faults)
    markets = market_arrays(market_names, asset_names, names, policy, quoted, faults)
    is_stale = _stale(quoted, names, policy, as_of or market.time, faults)
    check_initial_rates(tables.groups, markets, faults)
    faults.refuse_if_any()

    cash = np.isin(np.arange(len(names)), assets.price[assets.is_cash_like])
    beta = quoted["beta"].fill_null(1.0).to_numpy()
    return AccountArrays(
        policy=policy,
        price_names=names,
        prices=quoted["price"].to_numpy(),
        volatility=quoted["volatility"].fill_null(float("nan")).to_numpy(),
        beta=np.where(cash | (np.array(names) == policy.reporting_asset), 0.0, beta),
        is_stale=is_stale,
        assets=assets,
        markets=markets,
        scope_account=_codes(tables.scopes["account_index"]),
        scope_name=tables.scopes["scope"],
        is_isolated=(tables.scopes["scope"] != CROSS).to_numpy(),
        holding_scope=_codes(tables.holdings["scope_code"]),
        holding_asset=_codes(_coded(tables.holdings["asset"], asset_names)),
        **_balance_columns(tables),
        **_position_columns(tables, market_names),
        scenario_holding=_codes(tables.scenario["holding"]),
        scenario_maintenance=_floats(tables.scenario["maintenance"]) * policy.scenario.maintenance,
        scenario_initial=_initial_risk(tables.scenario, policy),
        scenario_value=_floats(tables.scenario["net_option_value"]),
        scenario_available=_floats(tables.scenario["available_net_option_value"]),
        call_holding=_codes(tables.scopes["call_holding"]),
        position_rows=tables.positions,
    )


@dataclass(frozen=True)
class _Tables:
    """The rows of every level, sorted, with the codes of the level above."""

    scopes: pl.DataFrame  # account_index, scope, call_holding
    holdings: pl.DataFrame  # scope_code, asset
    groups: pl.DataFrame  # scope_code, market, holding, buys, sells, leverage
    balances: pl.DataFrame  # holding, place, quantity
    positions: pl.DataFrame  # group and the columns as read
    scenario: pl.DataFrame  # holding and the columns of `REQUIREMENT_SCHEMA`


def _tables(book: AccountBook, policy: AccountPolicy, scenario: pl.DataFrame) -> _Tables:
    cross = book.accounts.select(
        account_index=pl.int_range(pl.len(), dtype=pl.Int32), scope=pl.lit(CROSS, dtype=pl.String)
    )
    own = (frame.select(_SCOPE) for frame in (book.balances, book.positions, book.orders))
    scopes = pl.concat([cross, *own]).unique().sort(_SCOPE).with_row_index("scope_code")
    scopes = scopes.with_columns(pl.col("scope_code").cast(pl.Int32))
    calls = _calls(book, policy, scopes)

    def scoped(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(scopes, on=_SCOPE, how="left", maintain_order="left")

    settlement = pl.DataFrame(
        {"market": list(policy.markets), "asset": [one.settlement for one in policy.markets.values()]},
        schema={"market": pl.String, "asset": pl.String},
    )
    balances, positions, orders = scoped(book.balances), scoped(book.positions), scoped(book.orders)
    risks = scoped(scenario.with_columns(scope=pl.lit(CROSS, dtype=pl.String)))
    groups = pl.concat([positions.select("scope_code", "market"), orders.select("scope_code", "market")]).unique()
    groups = groups.join(settlement, on="market", how="left").sort("scope_code", "market").with_row_index("group")
    holdings = pl.concat([frame.select("scope_code", "asset") for frame in (balances, groups, risks, calls)]).unique()
    holdings = holdings.sort("scope_code", "asset").with_row_index("holding")

    def held(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(holdings, on=("scope_code", "asset"), how="left", maintain_order="left")

    def grouped(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(groups.select("scope_code", "market", "group"), on=("scope_code", "market"), how="left")

    positions = grouped(positions).sort("group", "entry", "quantity", "id", "file", "line", nulls_last=False)
    called = scopes.join(
        held(calls).select("scope_code", "holding"), on="scope_code", how="left", maintain_order="left"
    )
    return _Tables(
        scopes=called.with_columns(pl.col("holding").fill_null(0).alias("call_holding")),
        holdings=holdings,
        groups=_with_orders(held(groups), grouped(orders), positions),
        balances=held(balances).with_columns(_place(policy).alias("place")),
        positions=positions,
        scenario=held(risks).sort("holding", "maintenance", "initial", "net_option_value"),
    )


def _calls(book: AccountBook, policy: AccountPolicy, scopes: pl.DataFrame) -> pl.DataFrame:
    """The asset of the margin call of every cross scope."""
    assets = call_assets(book, policy).alias("asset")
    called = pl.DataFrame([pl.int_range(len(assets), dtype=pl.Int32, eager=True).alias("account_index"), assets])
    cross = scopes.filter(pl.col("scope") == CROSS)
    return cross.join(called.drop_nulls(), on="account_index", how="inner", maintain_order="left")


def _with_orders(groups: pl.DataFrame, orders: pl.DataFrame, positions: pl.DataFrame) -> pl.DataFrame:
    """Groups with the sizes of their open orders and the leverage their positions have chosen."""
    count, group = groups.height, orders["group"].to_numpy()
    quantity = orders["quantity"].to_numpy()
    leverage = positions.group_by("group").agg(pl.col("leverage").max())
    return groups.join(leverage, on="group", how="left", maintain_order="left").with_columns(
        pl.Series("buys", exact_sums_by_code(np.maximum(quantity, 0.0), group, count, QUANTITY_DECIMALS)),
        pl.Series("sells", exact_sums_by_code(np.maximum(-quantity, 0.0), group, count, QUANTITY_DECIMALS)),
    )


def _place(policy: AccountPolicy) -> pl.Expr:
    """The location rule of each balance: the first that fits, else `NOWHERE`."""
    place: pl.Expr = pl.lit(NOWHERE, dtype=pl.Int32)
    for number, rule in reversed(list(enumerate(policy.locations))):
        wanted = {"venue": rule.venue, "chain": rule.chain, "custodian": rule.custodian}
        fits = pl.lit(True)
        for column, value in wanted.items():
            if value is not None:
                fits = fits & pl.col(column).eq_missing(pl.lit(value))
        place = pl.when(fits).then(pl.lit(number, dtype=pl.Int32)).otherwise(place)
    return place


def _balance_columns(tables: _Tables) -> dict[str, Any]:
    """Balances added up by holding and place, so that how they were split is forgotten."""
    holding = tables.balances["holding"].to_numpy().astype(np.int64)
    place = tables.balances["place"].to_numpy().astype(np.int64)
    both, which = np.unique(np.stack([holding, place]), axis=1, return_inverse=True)
    quantity = tables.balances["quantity"].to_numpy()
    return {
        "balance_holding": both[0].astype(np.int32),
        "balance_location": both[1].astype(np.int32),
        "balance_quantity": exact_sums_by_code(quantity, which.reshape(-1), both.shape[1], QUANTITY_DECIMALS),
    }


def _position_columns(tables: _Tables, market_names: tuple[str, ...]) -> dict[str, Any]:
    """Positions added up by group and entry price, and groups by net quantity."""
    positions, groups = tables.positions, tables.groups
    group = positions["group"].to_numpy().astype(np.int64)
    quantity, entry = positions["quantity"].to_numpy(), _floats(positions["entry"])
    lots = positions.select("group", "entry").with_columns(lot=pl.struct("group", "entry").rle_id())
    lot = lots["lot"].to_numpy().astype(np.int64)
    first = np.flatnonzero(np.r_[True, lot[1:] != lot[:-1]]) if len(lot) else lot
    return {
        "entry_group": group[first].astype(np.int32),
        "entry_quantity": exact_sums_by_code(quantity, lot, len(first), QUANTITY_DECIMALS),
        "entry_price": entry[first],
        "group_scope": _codes(groups["scope_code"]),
        "group_market": _codes(_coded(groups["market"], market_names)),
        "group_holding": _codes(groups["holding"]),
        "group_quantity": exact_sums_by_code(quantity, group, groups.height, QUANTITY_DECIMALS),
        "group_buys": groups["buys"].to_numpy(),
        "group_sells": groups["sells"].to_numpy(),
        "group_leverage": _floats(groups["leverage"]),
    }


def _initial_risk(scenario: pl.DataFrame, policy: AccountPolicy) -> FloatArray:
    """Initial risk as the parameters give it, else the maintenance risk times the policy's factor, else NaN."""
    own = _floats(scenario["initial"])
    factor = np.nan if policy.scenario.initial is None else policy.scenario.initial
    return np.where(np.isnan(own), _floats(scenario["maintenance"]) * factor, own)


def _quotes(
    names: tuple[str, ...], assets: tuple[str, ...], policy: AccountPolicy, market: AccountMarket, faults: Faults
) -> pl.DataFrame:
    """The row of each price; the reporting asset is worth 1 whatever is quoted."""
    wanted = pl.DataFrame({"name": list(names)}, schema={"name": pl.String})
    rows = wanted.join(market.prices, on="name", how="left", maintain_order="left")
    reporting = pl.col("name") == policy.reporting_asset
    quoted = rows.filter(reporting & pl.col("price").is_not_null() & (pl.col("price") != 1.0))
    for price in quoted["price"]:
        message = (
            f"{policy.reporting_asset} has the price {price:g}, but it is the reporting asset, whose price is 1; "
            "quote other prices in it, or report in another asset"
        )
        faults.add(Reason.INVALID_VALUE, message, found=price, expected=1)
    rows = rows.with_columns(price=pl.when(reporting).then(1.0).otherwise("price"))
    for name in rows.filter(pl.col("price").is_null())["name"]:
        known = market.prices["name"].to_list()
        what = "asset" if name in assets else "market"
        message = f"there is no price of the {what} {name!r} in the market data; add it{did_you_mean(name, known)}"
        faults.add(Reason.MISSING_FIELD, message, found=name)
    return rows


def _stale(
    quoted: pl.DataFrame, names: tuple[str, ...], policy: AccountPolicy, now: str | None, faults: Faults
) -> BoolArray:
    """Prices that are older, or less certain, than the policy allows; one that does not say is, too."""
    stale = np.zeros(len(names), dtype=np.bool_)
    if policy.max_price_age_seconds is not None:
        if now is None:
            message = (
                "the account policy limits the age of prices, but the market data say no time; "
                "add time to them, or say the time with as_of"
            )
            faults.add(Reason.MISSING_FIELD, message, expected="time")
            return stale
        moment = datetime.fromisoformat(now)
        if moment.tzinfo is None:
            raise ValueError(f"as_of is {now!r}, expected a time with its offset, such as 2026-06-25T16:00:00Z")
        age = (
            moment.timestamp()
            - quoted["time"].dt.epoch("us").cast(pl.Float64).fill_null(float("-inf")).to_numpy() / 1e6
        )
        stale |= age > policy.max_price_age_seconds
    if policy.max_price_confidence is not None:
        part = quoted["confidence"].fill_null(float("inf")).to_numpy() / quoted["price"].fill_null(1.0).to_numpy()
        stale |= part > policy.max_price_confidence
    is_reporting = np.array([name == policy.reporting_asset for name in names], dtype=np.bool_)
    return stale & ~is_reporting


def _coded(names: pl.Series, known: tuple[str, ...]) -> pl.Series:
    codes = dict(zip(known, range(len(known)), strict=True))
    return names.replace_strict(codes, return_dtype=pl.Int32) if len(names) else pl.Series(names.name, [], pl.Int32)


def _codes(column: pl.Series) -> CodeArray:
    return column.to_numpy().astype(np.int32)


def _floats(column: pl.Series) -> FloatArray:
    return column.fill_null(float("nan")).to_numpy()


def previous_states(arrays: AccountArrays, book: AccountBook, codes: dict[str, int], none: int) -> IntArray:
    """Each scope's state before, by code; isolated buckets have none."""
    known = book.accounts["previous_state"].replace_strict(codes, default=none, return_dtype=pl.Int64).fill_null(none)
    return np.where(arrays.is_isolated, none, known.to_numpy()[arrays.scope_account])
