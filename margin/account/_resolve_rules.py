"""The policy's rules of the assets and markets that occur, as arrays by code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from margin.account.arrays import AssetArrays, MarketArrays
from margin.account.concentration import open_interest_position
from margin.model.account_policy import AccountPolicy, AssetPolicy, MarketKind, RateTier, WeightTier
from margin.model.problem import Faults, Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray
from margin.numeric.schedules import Schedules


def asset_arrays(
    names: tuple[str, ...], price_names: tuple[str, ...], policy: AccountPolicy, quoted: pl.DataFrame, faults: Faults
) -> AssetArrays:
    """Rules of assets, by asset code.

    Args:
        names: The assets that occur.
        price_names: Names by price code.
        policy: Names every asset, or says how others count.
        quoted: The quote of each price, by price code.
        faults: Takes venue totals that a rule needs and the market data lack.
    """
    rules = [policy.assets.get(name) or _other(policy) for name in names]
    price = _codes(names, price_names)
    limits = [rule.concentration for rule in rules]
    deposits_from = _column([limit.deposits_from for limit in limits], np.inf)
    borrows_from = _column([limit.borrows_from for limit in limits], np.inf)
    return AssetArrays(
        names=names,
        price=price,
        maintenance=_weights([rule.maintenance_tiers for rule in rules]),
        initial=_weights([rule.initial_tiers for rule in rules]),
        maintenance_liability=_column([rule.maintenance_liability_weight for rule in rules]),
        initial_liability=_column([rule.initial_liability_weight for rule in rules]),
        profit_weight=_column([rule.unsettled_profit_weight for rule in rules]),
        size_factor=_column([limit.size_factor for limit in limits], np.nan),
        deposits_from=deposits_from,
        borrows_from=borrows_from,
        deposits=_totals("deposits", names, price, deposits_from, quoted, faults),
        borrows=_totals("borrows", names, price, borrows_from, quoted, faults),
        value_cap=_column([limit.value_cap for limit in limits], np.inf),
        borrow_maintenance=_column([rule.borrow_maintenance_rate for rule in rules]),
        borrow_initial=_column([rule.borrow_initial_rate for rule in rules]),
        is_cash_like=_flags(rules, lambda rule: rule.is_cash_like),
    )


def _other(policy: AccountPolicy) -> AssetPolicy:
    if policy.other_assets is None:
        raise AssertionError("assets without a rule have been refused")
    return policy.other_assets


def market_arrays(
    names: tuple[str, ...],
    assets: tuple[str, ...],
    price_names: tuple[str, ...],
    policy: AccountPolicy,
    quoted: pl.DataFrame,
    faults: Faults,
) -> MarketArrays:
    """Rules of markets, by market code; arguments as of `asset_arrays`, `assets` being names by asset code."""
    rules = [policy.markets[name] for name in names]
    price = _codes(tuple(rule.price for rule in rules), price_names)
    scales = [rule.open_interest for rule in rules]
    lower = _column([None if scale is None else scale.lower for scale in scales], 0.0)
    upper = _column([None if scale is None else scale.upper for scale in scales], 0.0)
    needed = np.array([np.inf if scale is None else 0.0 for scale in scales])
    interest = _totals("open_interest", names, price, needed, quoted, faults)
    return MarketArrays(
        names=names,
        price=price,
        settlement=_codes(tuple(rule.settlement for rule in rules), assets),
        is_linear=_flags(rules, lambda rule: rule.kind is MarketKind.LINEAR),
        is_inverse=_flags(rules, lambda rule: rule.kind is MarketKind.INVERSE),
        is_option=_flags(rules, lambda rule: rule.kind is MarketKind.OPTION),
        contract_size=_column([rule.contract_size for rule in rules]),
        maintenance=_rates([rule.maintenance_tiers for rule in rules]),
        maintenance_of_initial=_column([rule.maintenance_of_initial for rule in rules], np.nan),
        initial=_rates([rule.initial_tiers for rule in rules]),
        open_interest_scale=open_interest_position(interest, lower, upper),
        closing_fee=_column([rule.closing_fee_rate for rule in rules]),
    )


def _totals(
    column: str, names: tuple[str, ...], price: CodeArray, start: FloatArray, quoted: pl.DataFrame, faults: Faults
) -> FloatArray:
    """Totals over the venue, by code; 0 where no rule needs them."""
    totals: FloatArray = quoted[column].fill_null(float("nan")).to_numpy()[price]
    needed = np.isfinite(start)
    for row in np.flatnonzero(needed & np.isnan(totals)):
        message = (
            f"the account policy scales {names[row]!r} with {column}, which the market data do not say; "
            f"add {column} to its row"
        )
        faults.add(Reason.MISSING_FIELD, message, found=names[row], expected=column)
    return np.where(needed, totals, 0.0)


def _weights(schedules: Sequence[tuple[WeightTier, ...]]) -> Schedules:
    """Weight schedules; tiers are given by their upper bounds."""
    return Schedules.of(
        [
            [
                (lower, tier.weight)
                for lower, tier in zip((0.0, *(tier.upper for tier in tiers[:-1])), tiers, strict=True)
            ]
            for tiers in schedules
        ]
    )


def _rates(schedules: Sequence[tuple[RateTier, ...]]) -> Schedules:
    return Schedules.of([[(tier.lower, tier.rate) for tier in tiers] for tiers in schedules])


def _codes(names: tuple[str, ...], known: tuple[str, ...]) -> CodeArray:
    codes = {name: code for code, name in enumerate(known)}
    return np.array([codes[name] for name in names], dtype=np.int32)


def _column(values: Sequence[float | None], missing: float = np.nan) -> FloatArray:
    return np.array([missing if value is None else value for value in values], dtype=np.float64)


def _flags(rules: Sequence[object], is_so: Callable[..., bool]) -> BoolArray:
    return np.array([is_so(rule) for rule in rules], dtype=np.bool_)
