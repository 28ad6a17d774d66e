"""The health of a book of accounts in order: resolve, evaluate, judge, call, measure distances."""

from __future__ import annotations

from collections.abc import Sequence

from margin.account.distance import thresholds
from margin.account.evaluation import evaluate
from margin.account.health import NO_STATE, STATES, health
from margin.account.margin_call import margin_calls
from margin.account.resolve import previous_states, resolve_accounts
from margin.account.scenario_risk import scenario_requirements
from margin.account.selection import selected
from margin.account.tables import asset_frame, market_frame, position_frame, scope_frame, threshold_frame
from margin.model.account import AccountBook
from margin.model.account_market import AccountMarket
from margin.model.account_policy import AccountPolicy
from margin.model.health import HealthRun, ScenarioInputs
from margin.model.run import MarginRun


def health_run(
    book: AccountBook,
    policy: AccountPolicy,
    market: AccountMarket,
    margined: MarginRun | None = None,
    *,
    version: str,
    only: Sequence[str] | None = None,
    as_of: str | None = None,
    distances: bool = True,
) -> HealthRun:
    """Judge every account of a book.

    Args:
        book: Balances, positions and orders.
        policy: The rules.
        market: Prices.
        margined: Margin of further positions, from risk parameters; `None` for none.
        version: Of the program, which the run names.
        only: Names of accounts to judge; `None` for all.
        as_of: ISO time at which prices are judged for age; `None` for the market's own.
        distances: Whether to measure how far every threshold is.

    Raises:
        InputRefused: Something in the inputs has no rule or no price, or contradicts something else.
    """
    book = book if only is None else selected(book, only)
    requirements, problems = (None, ()) if margined is None else scenario_requirements(margined, book, only)
    arrays = resolve_accounts(book, policy, market, requirements, as_of)
    figures = evaluate(arrays)
    codes = {str(state): code for code, state in enumerate(STATES)}
    judged = health(arrays, figures, previous_states(arrays, book, codes, NO_STATE))
    calls = None if policy.margin_call is None else margin_calls(arrays, figures, policy.margin_call)
    return HealthRun(
        version=version,
        policy=policy.name,
        policy_source=policy.source,
        policy_date=policy.effective_date,
        as_of=as_of or market.time,
        account_sources=book.sources,
        market_sources=market.sources,
        scopes=scope_frame(arrays, book, figures, judged, calls),
        asset_rows=asset_frame(arrays, figures, judged),
        market_rows=market_frame(arrays, figures),
        position_rows=position_frame(arrays, figures),
        threshold_rows=threshold_frame(figures, judged, thresholds(arrays) if distances else ()),
        problem_list=(*book.problems, *(margined.problem_list if margined else ()), *problems),
        scenario=None
        if margined is None
        else ScenarioInputs(margined.method, margined.house, margined.parameter_sources, margined.position_sources),
        currency_decimals={} if margined is None else margined.currency_decimals,
    )
