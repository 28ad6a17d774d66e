"""Generate markets and write them as SPAN XML risk parameter files, at any size and always the same."""

from __future__ import annotations

from tests.market import cme, nse
from tests.market.model import Market
from tests.market.specification import (
    ALL_FEATURES,
    CORE_FEATURES,
    NSE_FEATURES,
    Feature,
    MarketSpec,
    cme_spec,
    nse_full_size,
    nse_spec,
)
from tests.market.spn_writer import spn_text, write_spn

__all__ = [
    "ALL_FEATURES",
    "CORE_FEATURES",
    "NSE_FEATURES",
    "Feature",
    "Market",
    "MarketSpec",
    "cme_spec",
    "generate_market",
    "nse_full_size",
    "nse_spec",
    "spn_text",
    "write_spn",
]


def generate_market(spec: MarketSpec) -> Market:
    """The market that a specification describes; a pure function of it.

    Raises:
        ValueError: The specification cannot be met (unknown shape, no expiry, strikes that reach zero).
    """
    builders = {"nse": nse.build, "cme": cme.build}
    if spec.shape not in builders:
        raise ValueError(f"unknown market shape {spec.shape!r}; expected one of {sorted(builders)}")
    if spec.underlyings < 1 or spec.expiries < 1:
        raise ValueError("a market needs at least one underlying and one expiry")
    return builders[spec.shape](spec)
