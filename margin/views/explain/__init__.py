"""Why an account's requirement is what it is: a tree from the account down to position × scenario.

The engine margins the one account again and takes notes; this view lays its arrays out and has no formula of
its own. Every tree is checked before it is given: the operation of each node gives its value from its children,
and the roots are the figures of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isclose
from typing import TYPE_CHECKING, Any

from margin.model.problem import InputRefused, Problem, Reason

if TYPE_CHECKING:
    from margin.model.run import MarginRun
    from margin.views.explain.inputs import Inputs
    from margin.views.explain.node import Node
    from margin.views.explain.workings import AccountKey, Workings

SCHEMA_VERSION = 1

COMPONENTS = (
    "span_risk",
    "scan_risk",
    "intracommodity_charge",
    "delivery_charge",
    "intercommodity_credit",
    "interclearing_credit",
    "short_option_minimum",
    "available_net_option_value",
    "net_option_value",
    "long_option_value",
    "short_option_value",
    "weighted_futures_price_risk",
    "price_risk",
    "time_risk",
    "volatility_risk",
)
"""Components that an account may be asked about; it may also be asked about a commodity or a contract by name."""

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Explainer:
    """Explains accounts of a run.

    Attributes:
        inputs: What the run was calculated from.
    """

    inputs: Inputs

    def __call__(
        self,
        run: MarginRun,
        account: str,
        *,
        firm: str | None = None,
        account_type: str | None = None,
        segregation: str | None = None,
        why: Sequence[str] = (),
        depth: int | None = None,
    ) -> dict[str, Any]:
        """The explanation of one account; arguments and errors as `MarginRun.explain`."""
        from margin.model.document import problem_document, provenance
        from margin.model.position import ACCOUNT_KEY
        from margin.views.explain.account import requirements
        from margin.views.explain.layout import documents
        from margin.views.explain.node import require_adding_up
        from margin.views.explain.workings import recompute

        key = _account_key(run, account, firm, account_type, segregation)
        work = recompute(self.inputs, key)
        roots = requirements(work)
        for root in roots:
            require_adding_up(root)
        row = _require_the_run_figures(run, key, work)
        _require_known(why, roots, account)
        trees = documents(roots, why, depth)
        return {
            "schema_version": SCHEMA_VERSION,
            "run": provenance(run),
            "account": {
                **dict(zip(ACCOUNT_KEY, key, strict=True)),
                **{name: row[name] for name in ("netting", "currency", "complete", "positions", "set_aside")},
            },
            "why": list(why),
            "decimals": dict(run.currency_decimals),
            "requirement": trees[0],
            "other_requirements": trees[1:],
            "problems": [problem_document(problem) for problem in work.problems],
        }


def _account_key(
    run: MarginRun, account: str, firm: str | None, account_type: str | None, segregation: str | None
) -> AccountKey:
    """The one account that is meant."""
    from margin.model.position import ACCOUNT_KEY

    keys: list[AccountKey] = run.accounts.select(ACCOUNT_KEY).rows()
    named = [key for key in keys if key[1] == account]
    wanted = (firm, None, account_type, segregation)
    fitting = [key for key in named if all(given in (None, own) for given, own in zip(wanted, key, strict=True))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        choices = "; ".join(_key_words(key) for key in fitting)
        message = (
            f"{len(fitting)} accounts are named {account!r}: {choices}; say which by firm, account type or segregation"
        )
    elif named:
        choices = "; ".join(_key_words(key) for key in named)
        message = f"no account {account!r} is of that firm, account type and segregation; there is {choices}"
    else:
        names = sorted({key[1] for key in keys})
        near = get_close_matches(account, names, n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"the run has {_listed(names)}"
        message = f"no account is named {account!r}; {hint}"
    raise InputRefused([Problem(Reason.UNKNOWN_NAME, message, attributes={"found": account})])


def _key_words(key: AccountKey) -> str:
    names = ("firm", "account", "account type", "segregation")
    return ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True) if value and name != "account")


def _listed(names: Sequence[str], most: int = 10) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "") if names else "no accounts"


def _require_the_run_figures(run: MarginRun, key: AccountKey, work: Workings) -> dict[str, Any]:
    """The account's row; the figures of the run and those that were explained are the same.

    Raises:
        ArithmeticError: They are not.
    """
    from margin.model.position import ACCOUNT_KEY

    row = run.accounts.row(run.accounts.select(ACCOUNT_KEY).rows().index(key), named=True)
    again = work.totals.accounts.row(work.account, named=True)
    for name in ("span_risk", "available_net_option_value", "maintenance_requirement", "initial_requirement"):
        one, other = row[name], again[name]
        if one is None or other is None:
            same = one is other
        else:
            same = isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
        if not same:
            raise ArithmeticError(f"{name} of account {key[1]} is {one} in the run and {other} by itself")
    return row


def _require_known(why: Sequence[str], roots: list[Node], account: str) -> None:
    """Refuse what has no node in the account's trees, all of it at once."""
    from margin.views.explain.layout import keys

    found = list(keys(roots))
    problems = []
    for name in why:
        if name in found:
            continue
        if name in COMPONENTS:
            message = f"nothing in the requirement of account {account!r} comes from {name}"
        else:
            near = get_close_matches(name, [*found, *COMPONENTS], n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"components are {', '.join(COMPONENTS)}"
            message = f"account {account!r} has no {name!r} to explain; {hint}"
        problems.append(Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name}))
    if problems:
        raise InputRefused(problems)
