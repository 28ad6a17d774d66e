"""Faults of contracts that cannot be priced: one for all contracts of a commodity that lack the same."""

from __future__ import annotations

import numpy as np

from margin.model.problem import Faults, Problem, Reason
from margin.numeric.arrays import BoolArray
from margin.value.derived.facts import Facts

_NAMED = 20
"""Contracts that a message names; all are counted, and as many as this listed in its attributes."""


def report(facts: Facts, wrong: BoolArray, reason: Reason, message: str, advice: str, faults: Faults) -> None:
    """Record a fault for each commodity that has contracts with something wrong.

    Args:
        facts: The contracts.
        wrong: Which of them; shape (contracts,).
        reason: Why.
        message: What was found: ``no volatility``.
        advice: What to try.
        faults: Collector.
    """
    if not wrong.any():
        return
    commodities = facts.frame["commodity"].to_numpy()
    for code in np.unique(commodities[wrong]):
        commodity = facts.parameters.commodities[int(code)]
        indexes = np.flatnonzero(wrong & (commodities == code))
        rules = facts.rules.commodities[commodity.clearing_org, commodity.code]
        names = [facts.name(int(index)) for index in indexes[:_NAMED]]
        more = f" and {len(indexes) - _NAMED:,} more" if len(indexes) > _NAMED else ""
        counted = "1 contract" if len(indexes) == 1 else f"{len(indexes):,} contracts"
        faults.total += 1
        faults.problems.append(
            Problem(
                reason,
                f"{commodity.code}: {message} for {counted}: {', '.join(names)}{more}; {advice}",
                file=rules.path,
                line=facts.frame["line"][int(indexes[0])] or rules.line,
                attributes={"commodity": commodity.code, "contracts": names, "count": len(indexes)},
            )
        )
