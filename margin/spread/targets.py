"""Targets of scanning-based spreads that an account may come to hold only through a spread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from margin.model.parameters import RateId
from margin.numeric.arrays import IntArray
from margin.resolve.contracts import ResolvedContracts
from margin.scan.groups import PositionGroups


def possible_targets(contracts: ResolvedContracts, base: Mapping[int, RateId]) -> dict[int, tuple[int, ...]]:
    """Commodities that may merge into each target, by commodity code; also those that come by way of another target."""
    codes = {(item.clearing_org, item.code): code for code, item in enumerate(contracts.commodities)}
    lenders: dict[int, set[int]] = {}
    for spread in contracts.parameters.spreads:
        if spread.form == "scanning":
            legs = {leg.is_target: set[int]() for leg in spread.legs}
            for leg in spread.legs:
                code = codes.get((spread.clearing_org, leg.commodity))
                if code is not None and code in base:
                    legs[leg.is_target].add(code)
            for target in legs.get(True, ()):
                lenders.setdefault(target, set()).update(legs.get(False, ()))
    grown = True
    while grown:
        grown = False
        for own in lenders.values():
            through = set().union(*(lenders.get(code, set()) for code in own)) - own
            grown |= bool(through)
            own |= through
    return {target: tuple(sorted(own - {target})) for target, own in sorted(lenders.items())}


def groups_with_targets(groups: PositionGroups, lenders: Mapping[int, tuple[int, ...]]) -> tuple[IntArray, IntArray]:
    """Account and commodity codes of all groups: those with positions, then one for each target an account may get.

    Args:
        groups: Groups with positions.
        lenders: Commodities that may merge into each target.

    Returns:
        Account codes and commodity codes, shape (groups + possible targets,) each.
    """
    accounts = [groups.group_account.astype(np.int64)]
    commodities = [groups.group_commodity.astype(np.int64)]
    for target, codes in lenders.items():
        lending = groups.group_account[np.isin(groups.group_commodity, codes)]
        holding = groups.group_account[groups.group_commodity == target]
        extra = np.setdiff1d(lending, holding).astype(np.int64)
        accounts.append(extra)
        commodities.append(np.full(len(extra), target, dtype=np.int64))
    return np.concatenate(accounts), np.concatenate(commodities)
