"""Implied volatilities of a million quotes, against the bare functions that one evaluation of their prices needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import erfcx

from margin.value.models import bachelier, black_76
from margin.value.models.terms import Terms
from margin.value.volatility.implied import implied_volatility
from tests.benches.measure import Bench, Variant

QUOTES = 1_000_000
_FILE = "quotes.npz"


def make_inputs(folder: Path) -> None:
    """Calls and puts within a few deviations of the money, from a week to three years."""
    rng = np.random.default_rng(1)
    volatility, years = rng.uniform(0.05, 1.2, QUOTES), rng.uniform(0.02, 3.0, QUOTES)
    strike = 100.0 * np.exp(rng.normal(0.0, 1.5, QUOTES) * volatility * np.sqrt(years))
    is_call = strike > 100.0
    terms = Terms(strike, is_call, np.full(QUOTES, 0.05), np.zeros(QUOTES))
    level = np.full(QUOTES, 100.0)
    lognormal = black_76.value(level, volatility, years, terms)
    normal = bachelier.value(level, 100.0 * volatility, years, terms)
    np.savez(folder / _FILE, years=years, strike=strike, is_call=is_call, lognormal=lognormal, normal=normal)


def bare(folder: Path) -> Callable[[], object]:
    """Two scaled error functions, an exponential, a logarithm and a root: a price and its logarithm, once."""
    with np.load(folder / _FILE) as quotes:
        years, strike, price = quotes["years"], quotes["strike"], quotes["lognormal"]
    return lambda: (erfcx(years), erfcx(price), np.exp(-years), np.log(strike), np.sqrt(years))


def lognormal(folder: Path) -> Callable[[], object]:
    """Black's volatilities."""
    return _implied(folder, "black_76", "lognormal")


def normal(folder: Path) -> Callable[[], object]:
    """Bachelier's volatilities."""
    return _implied(folder, "bachelier", "normal")


def _implied(folder: Path, model: str, name: str) -> Callable[[], object]:
    with np.load(folder / _FILE) as quotes:
        years, strike, is_call, price = (quotes[key] for key in ("years", "strike", "is_call", name))
    terms = Terms(strike, is_call, np.full(QUOTES, 0.05), np.zeros(QUOTES))
    return lambda: implied_volatility(model, price, 100.0, years, terms)


BENCHES = (
    Bench(
        "implied",
        f"Implied volatilities of {QUOTES:,} quotes",
        make_inputs,
        (
            Variant("bare functions", bare),
            Variant("implied_volatility, black_76", lognormal, limit=10.0),
            Variant("implied_volatility, bachelier", normal, limit=10.0),
        ),
    ),
)
