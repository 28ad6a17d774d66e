"""Risk arrays of a million options by Black's model, over the standard 16 scenarios.

The limit is what no implementation of the formula does without: one logarithm, one exponential and two normal
distribution functions for each option and scenario, by NumPy and SciPy in chunks that stay in the cache. A second
bench sets a well-known pricing library beside it, called option by option, where it is installed (QuantLib).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from margin.model.scenario import standard_grid
from margin.value.ladder import CHUNK, composite_deltas, scenario_losses
from margin.value.shocks import Priced
from tests.benches.measure import Bench, Variant

_OPTIONS, _FEWER_OPTIONS = 1_000_000, 20_000
_SEED = 20_260_625
_GRID = standard_grid(3.0, 0.33)
_WIDEST = 1.4


def _options(count: int) -> Priced:
    """Options from a week to 18 months, struck up to some 50 % from the money."""
    random = np.random.default_rng(_SEED)
    level = 100.0 * np.exp(random.normal(0.0, 0.1, count))
    years = random.uniform(0.02, 1.5, count)
    volatility = random.uniform(0.1, 0.9, count)
    width = np.minimum(random.normal(0.0, 1.0, count) * volatility * np.sqrt(years), _WIDEST)
    one, nothing = np.ones(count), np.zeros(count)
    return Priced(
        level=level,
        volatility=volatility,
        years=years,
        look_ahead=np.full(count, 1.0 / 365.0),
        price_scan_up=0.1 * level,
        price_scan_down=0.1 * level,
        volatility_scan_up=np.full(count, 0.2),
        volatility_scan_down=np.full(count, 0.2),
        volatility_scale=one,
        volatility_is_relative=one > 0.0,
        volatility_floor=np.full(count, np.nan),
        volatility_floor_is_general=nothing > 0.0,
        multiplier=np.full(count, 100.0),
        rate=np.full(count, 0.03),
        carry=nothing,
        strike=level * np.exp(width),
        is_call=random.random(count) < 0.5,
    )


def no_inputs(folder: Path) -> None:
    """Inputs are made where they are used."""


def functions_alone(folder: Path) -> Callable[[], object]:
    """The functions of the formula on as many numbers, with arguments as they occur, on one thread."""
    random = np.random.default_rng(_SEED)
    count = CHUNK * len(_GRID)
    ratio, standard = random.uniform(0.5, 2.0, count), random.normal(0.0, 1.0, count)
    out = np.empty(count)

    def call() -> None:
        for _ in range(-(-_OPTIONS // CHUNK)):
            np.log(ratio, out=out)
            np.exp(standard, out=out)
            ndtr(standard, out=out)
            ndtr(standard, out=out)

    return call


def losses(folder: Path, threads: int = 1) -> Callable[[], object]:
    """Losses of all options in all scenarios, on one thread."""
    return _derivation(_OPTIONS, threads, with_deltas=False)


def losses_and_deltas(folder: Path) -> Callable[[], object]:
    """The same with composite deltas, at their 7 points."""
    return _derivation(_OPTIONS, 1, with_deltas=True)


def fewer_losses(folder: Path) -> Callable[[], object]:
    """Losses of as many options as the pricing library is given."""
    return _derivation(_FEWER_OPTIONS, 1, with_deltas=False)


def _derivation(count: int, threads: int, *, with_deltas: bool) -> Callable[[], object]:
    options = _options(count)
    rows = np.arange(count)

    def call() -> None:
        result, deltas = np.empty((count, len(_GRID))), np.empty(count)
        scenario_losses("black_76", options.at, rows, _GRID, result, threads)
        if with_deltas:
            composite_deltas("black_76", options.at, rows, _GRID, deltas, threads)

    return call


def library(folder: Path) -> Callable[[], object]:
    """QuantLib's ``blackFormula``, called for one option and scenario after the other."""
    import QuantLib as library  # noqa: N813  its own spelling

    options = _options(_FEWER_OPTIONS)
    after = options.years_after
    call_type, put_type, formula = library.Option.Call, library.Option.Put, library.blackFormula

    def call() -> None:
        for i in range(_FEWER_OPTIONS):
            kind = call_type if options.is_call[i] else put_type
            level, strike, scan = float(options.level[i]), float(options.strike[i]), float(options.price_scan_up[i])
            discount = float(np.exp(-options.rate[i] * after[i]))
            root, volatility = float(np.sqrt(after[i])), float(options.volatility[i])
            for point in _GRID.points:
                deviation = volatility * (1.0 + 0.2 * point.volatility_move) * root
                formula(kind, strike, level + point.price_move * scan, deviation, discount)

    return call


BENCHES = (
    Bench(
        name="arrays",
        title="Risk arrays: 1,000,000 options x 16 scenarios, one thread",
        make_inputs=no_inputs,
        variants=(
            Variant("log, exp and two ndtr, as often", functions_alone),
            Variant("losses", losses, limit=2.0),
            Variant("losses and composite deltas", losses_and_deltas),
        ),
    ),
    Bench(
        name="arrays-library",
        title="Risk arrays: 20,000 options x 16 scenarios, one thread",
        make_inputs=no_inputs,
        variants=(
            Variant("losses", fewer_losses),
            *((Variant("QuantLib, option by option", library),) if find_spec("QuantLib") else ()),
        ),
    ),
)
