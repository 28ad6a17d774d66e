"""What positions cost in a business function beside what the same positions would cost under normal clearing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from margin.aggregate.accounts import AccountTables
from margin.model.problem import Problem, Reason, Severity
from margin.model.run import BUSINESS_FUNCTIONS_SCHEMA
from margin.resolve.opted_in import OptedIn


@dataclass(frozen=True)
class Comparison:
    """The positions of one business function, margined there and under normal clearing.

    Attributes:
        positions: The positions.
        here: Accounts as the business function margins these positions alone.
        normal: Accounts as normal clearing would margin them alone.
        problems: What normal clearing would find wrong with them.
    """

    positions: OptedIn
    here: AccountTables
    normal: AccountTables
    problems: tuple[Problem, ...]


def business_function_rows(comparisons: Sequence[Comparison]) -> pl.DataFrame:
    """Frame with `BUSINESS_FUNCTIONS_SCHEMA`; null where normal clearing cannot take all of the positions."""
    frames = [_rows(item) for item in comparisons]
    return pl.concat([BUSINESS_FUNCTIONS_SCHEMA.to_frame(), *frames]).sort("account_index", maintain_order=True)


def _rows(item: Comparison) -> pl.DataFrame:
    here, normal = item.here.accounts, item.normal.accounts
    comparable = pl.Series(item.positions.is_comparable)

    def if_comparable(name: str) -> pl.Series:
        return normal[name].set(~comparable, None)

    organisation = item.positions.organisation
    return pl.DataFrame(
        {
            "account_index": pl.Series(item.positions.account, dtype=pl.Int32),
            "clearing_org": pl.repeat(organisation.code, len(here), eager=True),
            "type": pl.repeat(organisation.business_function, len(here), eager=True, dtype=pl.String),
            "currency": here["currency"],
            "span_risk_here": here["span_risk"],
            "requirement_here": here["maintenance_requirement"],
            "normal_clearing_span_risk": if_comparable("span_risk"),
            "normal_clearing_requirement": if_comparable("maintenance_requirement"),
            "saving": if_comparable("maintenance_requirement") - here["maintenance_requirement"],
        },
        schema=BUSINESS_FUNCTIONS_SCHEMA,
    )


def comparison_problems(comparisons: Sequence[Comparison], known: Sequence[Problem]) -> Iterator[Problem]:
    """Why a figure under normal clearing is missing; warnings, because no requirement depends on it.

    Args:
        comparisons: The comparisons.
        known: Problems of the run, which are not said again.
    """
    said = {(problem.reason, problem.message) for problem in known}
    for item in comparisons:
        code = item.positions.organisation.code
        for problem in item.problems:
            if (problem.reason, problem.message) not in said:
                said.add((problem.reason, problem.message))
                message = f"the comparison of {code} with normal clearing: {problem.message}"
                yield replace(problem, severity=Severity.WARNING, message=message)
        names = item.here.accounts["account"].filter(~pl.Series(item.positions.is_comparable)).to_list()
        if names:
            listed = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
            yield Problem(
                Reason.UNKNOWN_CONTRACT,
                f"normal clearing cannot margin the positions of {code} in account {listed}, because it has a contract "
                "in no commodity or needs long and short where one net quantity is given; the comparison is left out",
                severity=Severity.WARNING,
                attributes={"clearing_org": code, "accounts": names[:20]},
            )
