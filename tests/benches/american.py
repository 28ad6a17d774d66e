"""American options over a scenario grid, against European ones; beside QuantLib where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from margin.model.scenario import standard_grid
from margin.value.american_ladder import AmericanLadder
from margin.value.european_ladder import EuropeanLadder
from margin.value.ladder import CHUNK
from margin.value.pricing_models import pricing_model
from margin.value.shocks import NO_MOVE, Priced, price_move, price_shift, shocked_volatility, volatility_move
from tests.benches.measure import Bench, Variant

CONTRACTS = 100_000
FEW = 1_000
"""Contracts of variants that value them one by one, or by a tree."""

_GRID = standard_grid()
_HAS_QUANTLIB = find_spec("QuantLib") is not None


def make_inputs(folder: Path) -> None:
    """Options on futures: a day to 18 months, strikes about the money, a look-ahead of a day."""
    rng = np.random.default_rng(1)
    level, ones = rng.uniform(50.0, 500.0, CONTRACTS), np.ones(CONTRACTS)
    columns: dict[str, Any] = {
        "level": level,
        "volatility": rng.uniform(0.1, 0.6, CONTRACTS),
        "years": rng.uniform(2 / 365, 1.5, CONTRACTS),
        "look_ahead": ones / 365,
        "price_scan_up": 0.08 * level,
        "price_scan_down": 0.08 * level,
        "volatility_scan_up": 0.2 * ones,
        "volatility_scan_down": 0.2 * ones,
        "volatility_scale": ones,
        "volatility_is_relative": ones > 0.0,
        "volatility_floor": np.nan * ones,
        "volatility_floor_is_general": ones < 0.0,
        "multiplier": ones,
        "rate": rng.uniform(0.01, 0.08, CONTRACTS),
        "carry": 0.0 * ones,
        "strike": level * np.exp(rng.normal(0.0, 0.15, CONTRACTS)),
        "is_call": rng.random(CONTRACTS) < 0.5,
    }
    np.savez(folder / "options.npz", **columns)


def european(folder: Path) -> Callable[[], object]:
    """European options by the closed form."""
    return _by_ladder(EuropeanLadder, "black_76", _options(folder, CONTRACTS))


def american(folder: Path) -> Callable[[], object]:
    """American options by the approximation."""
    return _by_ladder(AmericanLadder, "american_future", _options(folder, CONTRACTS))


def european_few(folder: Path) -> Callable[[], object]:
    """Few European options by the closed form."""
    return _by_ladder(EuropeanLadder, "black_76", _options(folder, FEW))


def american_few(folder: Path) -> Callable[[], object]:
    """Few American options by the approximation."""
    return _by_ladder(AmericanLadder, "american_future", _options(folder, FEW))


def lattice_few(folder: Path) -> Callable[[], object]:
    """Few American options by the tree."""
    options, model = _options(folder, FEW), pricing_model("american_future_lattice")

    def call() -> None:
        model.value(options.level, options.volatility, options.years, options.terms)
        for point in _GRID.points:
            level = options.level + price_shift(options, price_move(point))
            volatility = shocked_volatility(options, volatility_move(point))
            model.value(level, volatility, options.years_after, options.terms)

    return call


def quantlib_few(folder: Path) -> Callable[[], object]:
    """Few American options one by one, by QuantLib's engine of the same approximation; whole days to expiry."""
    import QuantLib  # type: ignore[import-not-found, unused-ignore]

    options = _options(folder, FEW)
    today = QuantLib.Date(2, 1, 2026)
    QuantLib.Settings.instance().evaluationDate = today
    days = QuantLib.Actual365Fixed()
    spot, volatility = QuantLib.SimpleQuote(100.0), QuantLib.SimpleQuote(0.2)
    moves = [(NO_MOVE, NO_MOVE), *((price_move(point), volatility_move(point)) for point in _GRID.points)]
    levels = [options.level + price_shift(options, price) for price, _ in moves]
    volatilities = [shocked_volatility(options, move) for _, move in moves]
    volatility_curve = QuantLib.BlackVolTermStructureHandle(
        QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), QuantLib.QuoteHandle(volatility), days)
    )

    def call() -> None:
        for row in range(FEW):
            flat = QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, float(options.rate[row]), days))
            process = QuantLib.GeneralizedBlackScholesProcess(QuantLib.QuoteHandle(spot), flat, flat, volatility_curve)
            kind = QuantLib.Option.Call if options.is_call[row] else QuantLib.Option.Put
            expiry = today + max(1, round(365 * float(options.years[row])))
            option = QuantLib.VanillaOption(
                QuantLib.PlainVanillaPayoff(kind, float(options.strike[row])),
                QuantLib.AmericanExercise(today, expiry),
            )
            option.setPricingEngine(QuantLib.JuQuadraticApproximationEngine(process))
            for level, shocked in zip(levels, volatilities, strict=True):
                spot.setValue(float(level[row]))
                volatility.setValue(float(shocked[row]))
                option.NPV()

    return call


def _options(folder: Path, count: int) -> Priced:
    with np.load(folder / "options.npz") as columns:
        return Priced(**{name: columns[name][:count] for name in columns.files})


def _by_ladder(ladder: type[EuropeanLadder] | type[AmericanLadder], name: str, options: Priced) -> Callable[[], object]:
    model, out = pricing_model(name), np.empty((1 + len(_GRID), CHUNK))

    def call() -> None:
        for start in range(0, len(options), CHUNK):
            chunk = options.at(slice(start, start + CHUNK))
            ladder(model, chunk, chunk.years).values(NO_MOVE, NO_MOVE, out[0, : len(chunk)])
            after = ladder(model, chunk, chunk.years_after)
            for point, values in zip(_GRID.points, out[1:], strict=True):
                after.values(price_move(point), volatility_move(point), values[: len(chunk)])

    return call


BENCHES = (
    Bench(
        "american",
        f"{CONTRACTS:,} options in {1 + len(_GRID)} scenarios, one thread",
        make_inputs,
        (Variant("European, closed form", european), Variant("American, approximation", american, limit=5.0)),
    ),
    Bench(
        "american few",
        f"{FEW:,} options in {1 + len(_GRID)} scenarios, one thread"
        + ("" if _HAS_QUANTLIB else " (QuantLib is not installed and left out)"),
        make_inputs,
        (
            Variant("European, closed form", european_few, calls=30),
            Variant("American, approximation", american_few, calls=30),
            Variant("American, tree", lattice_few, calls=1),
            *((Variant("American, QuantLib one by one", quantlib_few, calls=1),) if _HAS_QUANTLIB else ()),
        ),
    ),
)
