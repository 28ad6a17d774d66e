"""SPAN (Standard Portfolio Analysis of Risk), in its order of evaluation.

Methodology: CME SPAN as published in CME's risk-management pages, advisories and XML schema (``spanrisk.xsd``):
scan; super spreads; spreads inside each commodity; delivery charge; spreads between commodities and between
clearing organisations; then the requirement with its short option minimum and option value.
"""

from __future__ import annotations

from collections.abc import Callable

from margin.methods._span_family import SpanOutcome, Variant, margin_book
from margin.model.house import HousePolicy, RoundingPolicy
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.london_rules import LONDON_ONLY
from margin.resolve.positions import ResolvedBook
from margin.resolve.rates import RateTable
from margin.resolve.span_rules import RULES
from margin.spread.formed import FormedSpreads
from margin.value.published import base_arrays

DEFAULT_HOUSE = "none"
"""The house policy where neither the parameters nor their clearing organisation have one."""

_SPAN = Variant(rules=(*RULES, *LONDON_ONLY), arrays=base_arrays, price_risk_by_tier=True)


def choices(house: HousePolicy) -> HousePolicy:
    """The house's choices; SPAN leaves all of them to the house."""
    return house


def outcome(
    book: ResolvedBook,
    contracts: ResolvedContracts,
    rates: RateTable,
    house: HousePolicy,
    policy: RoundingPolicy,
    *,
    threads: int | None = None,
    record: Callable[[], FormedSpreads] = FormedSpreads,
) -> SpanOutcome:
    """Margin a book by SPAN; arguments as `margin.methods.MarginMethod.outcome` has them."""
    return margin_book(_SPAN, book, contracts, rates, house, policy, threads=threads, record=record)
