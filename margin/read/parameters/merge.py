"""Several parameter sets as one: clearing organisations side by side, rows renumbered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import polars as pl

from margin.model.contract import COMBINATION_LEG_SCHEMA, CONTRACT_SCHEMA, SCAN_RANGE_SCHEMA
from margin.model.parameters import AccountType, Currency, ParameterSet, RateArrays
from margin.model.pricing import PricingRules
from margin.model.problem import Faults, Reason
from margin.read.parameters._revisions import newest_revisions

_Item = TypeVar("_Item", Currency, AccountType)


def merge_parameter_sets(sets: Sequence[ParameterSet]) -> ParameterSet:
    """Put sets of different clearing organisations together, and newer revisions in the place of older ones.

    The sets stand in the order of their clearing organisations' codes, so that the order in which they are given
    changes no figure. Products and contracts keep their order, set by set; arrays are padded to the widest
    scenario grid.

    Raises:
        InputRefused: Two sets have the same clearing organisation and are no revisions of each other; two define a
            currency or account type differently; or two bring a house policy.
    """
    if len(sets) == 1:
        return sets[0]
    faults = Faults()
    sets, warnings = newest_revisions(sets, faults)
    sets = sorted(sets, key=lambda s: [org.code for org in s.clearing_orgs])
    currencies = _united("currency", [(s, c, c.code) for s in sets for c in s.currencies], faults)
    account_types = _united(
        "account type", [(s, a, (a.is_customer, a.code)) for s in sets for a in s.account_types], faults
    )
    houses = [s.house for s in sets if s.house is not None]
    if len(houses) > 1:
        names = ", ".join(house.name for house in houses)
        faults.add(Reason.DUPLICATE_KEY, f"{len(houses)} files bring a house policy ({names}), expected one")
    faults.refuse_if_any()
    return ParameterSet(
        sources=tuple(source for s in sets for source in s.sources),
        clearing_orgs=tuple(org for s in sets for org in s.clearing_orgs),
        currencies=currencies,
        account_types=account_types,
        products=tuple(product for s in sets for product in s.products),
        contracts=_merged_contracts(sets),
        combination_legs=_merged_legs(sets),
        arrays=_merged_arrays(sets),
        commodities=tuple(commodity for s in sets for commodity in s.commodities),
        spreads=tuple(spread for s in sets for spread in s.spreads),
        house=houses[0] if houses else None,
        problems=(*warnings, *(problem for s in sets for problem in s.problems)),
        pricing_rules=_merged_rules(sets),
    )


def _united(what: str, items: Iterable[tuple[ParameterSet, _Item, object]], faults: Faults) -> tuple[_Item, ...]:
    """Items of all sets once each; the same key must mean the same everywhere."""
    united: dict[object, _Item] = {}
    for s, item, key in items:
        known = united.setdefault(key, item)
        if known != item:
            path = s.sources[0].path if s.sources else "a file"
            faults.add(
                Reason.DUPLICATE_KEY,
                f"{path} defines {what} {item.code} as {item}, another file as {known}, expected the same; "
                "calculate with the files one by one",
                found=item.code,
            )
    return tuple(united.values())


def _starts(counts: Iterable[int]) -> list[int]:
    """Where each set's rows begin once they are put together."""
    return [0, *accumulate(counts)][:-1]


def _merged_contracts(sets: Sequence[ParameterSet]) -> pl.DataFrame:
    products = _starts(len(s.products) for s in sets)
    contracts = _starts(s.contracts.height for s in sets)
    frames = [
        s.contracts.with_columns(pl.col("product") + product, pl.col("underlying_contract") + contract)
        for s, product, contract in zip(sets, products, contracts, strict=True)
    ]
    return pl.concat(frames).cast(dict(CONTRACT_SCHEMA))  # type: ignore[arg-type]


def _merged_legs(sets: Sequence[ParameterSet]) -> pl.DataFrame:
    starts = _starts(s.contracts.height for s in sets)
    frames = [
        s.combination_legs.with_columns(pl.col("contract") + start, pl.col("leg") + start)
        for s, start in zip(sets, starts, strict=True)
    ]
    return pl.concat(frames).cast(dict(COMBINATION_LEG_SCHEMA))  # type: ignore[arg-type]


def _merged_arrays(sets: Sequence[ParameterSet]) -> Mapping[str, RateArrays]:
    rate_ids = dict.fromkeys(rate_id for s in sets for rate_id in s.arrays)
    return MappingProxyType({rate_id: _merged_rate(sets, rate_id) for rate_id in rate_ids})


def _merged_rate(sets: Sequence[ParameterSet], rate_id: str) -> RateArrays:
    heights = [s.contracts.height for s in sets]
    width = max(s.arrays[rate_id].losses.shape[1] for s in sets if rate_id in s.arrays)
    losses = np.zeros((sum(heights), width))
    composite_delta = np.zeros(sum(heights))
    points = np.zeros(sum(heights), dtype=np.int32)
    tick_values = np.full(sum(heights), np.nan)
    ranges = []
    for s, start in zip(sets, _starts(heights), strict=True):
        rate = s.arrays.get(rate_id)
        stop = start + s.contracts.height
        if rate is None:
            ranges.append(_no_scan_ranges(s.contracts.height))
            continue
        losses[start:stop, : rate.losses.shape[1]] = rate.losses
        composite_delta[start:stop] = rate.composite_delta
        points[start:stop] = rate.points
        if rate.tick_values is not None:
            tick_values[start:stop] = rate.tick_values
        ranges.append(rate.scan_ranges)
    has_ticks = not np.isnan(tick_values).all()
    return RateArrays(losses, composite_delta, points, pl.concat(ranges), tick_values if has_ticks else None)


def _merged_rules(sets: Sequence[ParameterSet]) -> PricingRules | None:
    starts = _starts(s.contracts.height for s in sets)
    placed = [(s.pricing_rules, start) for s, start in zip(sets, starts, strict=True) if s.pricing_rules is not None]
    if not placed:
        return None
    return PricingRules(
        commodities=MappingProxyType({key: item for rules, _ in placed for key, item in rules.commodities.items()}),
        contracts=MappingProxyType(
            {row + start: terms for rules, start in placed for row, terms in rules.contracts.items()}
        ),
        priced=np.concatenate([rules.priced + start for rules, start in placed]),
        listed=sum(s.contracts.height for s in sets),
        take_quoted=frozenset().union(*(rules.take_quoted for rules, _ in placed)),
    )


def _no_scan_ranges(height: int) -> pl.DataFrame:
    return pl.DataFrame({name: [None] * height for name in SCAN_RANGE_SCHEMA}, schema=SCAN_RANGE_SCHEMA)
