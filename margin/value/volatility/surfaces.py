"""Volatilities of options read off the surfaces of market data.

An option whose period has points takes its volatility from them, else from the SVI parameters of its period, else
from the expiries of its underlying around it, see `margin.value.volatility.expiries`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from margin.model.market import MarketData
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.volatility import grid, svi
from margin.value.volatility.expiries import CalendarArbitrage, falling_variance, volatility_between

EXPIRY_SCHEMA = pl.Schema({"underlying": pl.String, "period": pl.String, "years": pl.Float64, "forward": pl.Float64})
"""Time to expiry and forward of expiries of underlyings; null where they are not known."""

OPTION_SCHEMA = pl.Schema(EXPIRY_SCHEMA | {"strike": pl.Float64, "is_normal": pl.Boolean})
"""Options that volatilities are sought for; `is_normal` for models in price units, such as Bachelier's."""

_FARTHEST = 3.0
"""Log-moneyness to which expiries with SVI parameters are compared: strikes from 5 % to 20 times the forward."""

_FAULTS = {
    svi.Soundness.NEGATIVE_VARIANCE: "gives negative variances",
    svi.Soundness.STEEP_WING: "has a wing steeper than any distribution allows, b·(1 + |rho|) above 2",
    svi.Soundness.BUTTERFLY_ARBITRAGE: "allows butterflies of a negative price",
}


@dataclass(frozen=True, eq=False)
class SurfaceVolatilities:
    """Volatilities of options, shape (options,).

    Attributes:
        volatility: NaN where no surface has one.
        problems: Warnings of arbitrage in the surfaces that were used, and of options beyond all of their expiries.
        unplaced: By underlying, periods of surfaces without a time or a forward, wherever options between the expiries
            have no volatility for that reason.
    """

    volatility: FloatArray
    problems: tuple[Problem, ...]
    unplaced: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class _Slice:
    """One expiry of one underlying.

    Attributes:
        years: Time to expiry; NaN where it is not known.
        forward: NaN where it is not known.
        origin: Forward that options of this very period are measured against; `None` for their own. At one expiry
            points need none: volatilities between strikes are the same whatever the forward.
        volatility: Volatilities by moneyness.
        places: Moneynesses at which slices are compared.
    """

    period: str
    years: float
    forward: float
    origin: float | None
    volatility: Callable[[FloatArray], FloatArray]
    places: FloatArray

    @property
    def is_placed(self) -> bool:
        """Whether it can be looked at beside others."""
        return self.years > 0.0 and bool(np.isfinite(self.forward))


def surface_volatilities(
    options: pl.DataFrame, market: MarketData, expiries: pl.DataFrame | None = None
) -> SurfaceVolatilities:
    """Read volatilities off the surfaces of market data.

    Args:
        options: Frame with `OPTION_SCHEMA`: ``years`` and ``forward`` are the option's own.
        market: The surfaces; their periods take time and forward from options of the same period, unless the
            market says them.
        expiries: Frame with `EXPIRY_SCHEMA`: times and forwards of other periods of the surfaces, without which
            options between them have no volatility.

    Raises:
        InputRefused: Two expiries of a surface that is used are at one time.
    """
    faults = Faults(market.sources[0].path if len(market.sources) == 1 else None)
    unplaced: dict[str, tuple[str, ...]] = {}
    volatility = np.full(options.height, np.nan)
    problems: list[Problem] = []
    known = _known_expiries(options, market, expiries)
    strike, forward, years = (options[name].fill_null(np.nan).to_numpy() for name in ("strike", "forward", "years"))
    groups = options.with_row_index("row").group_by("underlying", "is_normal", maintain_order=True)
    for (underlying, is_normal), members in groups:
        slices = _slices(str(underlying), bool(is_normal), market, known)
        if not slices:
            continue
        rows = members["row"].to_numpy()
        _add_equal_times(str(underlying), slices, faults)
        volatility[rows] = _looked_up(
            slices, members["period"].to_numpy(), years[rows], strike[rows], forward[rows], is_normal=bool(is_normal)
        )
        problems += _warnings(str(underlying), slices, market)
        carried = _carried(slices, members["period"], years[rows])
        if carried:
            message = (
                f"{carried:,} of the options on {underlying} expire before or after all expiries of its volatility "
                "surface and take the volatility of the nearest; add their expiries"
            )
            problems.append(_warning(message, market, None))
        lost = tuple(sorted(one.period for one in slices if not one.is_placed))
        is_between = ~members["period"].is_in([one.period for one in slices]).to_numpy()
        if lost and np.isnan(volatility[rows[is_between]]).any():
            unplaced[str(underlying)] = tuple(sorted({*unplaced.get(str(underlying), ()), *lost}))
    faults.refuse_if_any()
    problems += _unsound(options["underlying"].unique(), market)
    # Options of both kinds of moneyness may share a surface.
    said = {problem.message: problem for problem in problems}
    return SurfaceVolatilities(volatility, tuple(said.values()), unplaced)


def _add_equal_times(underlying: str, slices: Sequence[_Slice], faults: Faults) -> None:
    """Report neighbouring expiries at one time, between which no order and no volatility is right; once a pair."""
    for near, far in pairwise(slices):
        message = (
            f"the volatility surface of {underlying} has two expiries at one time, {near.period} and {far.period}, "
            f"both {near.years:.15g} years away; correct their time_to_expiry, or leave out one of them"
        )
        if near.years == far.years > 0.0 and message not in {problem.message for problem in faults.problems}:
            periods = [near.period, far.period]
            faults.add(Reason.INVALID_VALUE, message, underlying=underlying, periods=periods)


def _moneyness(strike: FloatArray, forward: FloatArray | float, *, is_normal: bool) -> FloatArray:
    """ln(strike / forward), or strike − forward; NaN where there is none."""
    if is_normal:
        return np.asarray(strike - forward)
    forward = np.asarray(forward, dtype=np.float64)
    lives = (strike > 0.0) & (forward > 0.0)
    return np.where(lives, np.log(np.where(lives, strike, 1.0) / np.where(lives, forward, 1.0)), np.nan)


def _known_expiries(
    options: pl.DataFrame, market: MarketData, expiries: pl.DataFrame | None
) -> Mapping[tuple[str, str], tuple[float, float]]:
    """Years and forward by underlying and period; of several statements the market's, then the given, then options'."""
    columns = list(EXPIRY_SCHEMA)
    surfaces = (market.volatility_points, market.svi)
    stated = [
        *(frame.select("underlying", "period", years="time_to_expiry") for frame in surfaces),
        market.underlyings.select("underlying", "period", years="time_to_expiry", forward="price").filter(
            pl.col("period") != ""
        ),
        *([] if expiries is None else [expiries.select(columns)]),
        options.select(columns),
    ]
    known = pl.concat(stated, how="diagonal").group_by("underlying", "period", maintain_order=True)
    first = known.agg(pl.col(name).drop_nulls().drop_nans().first() for name in ("years", "forward"))
    return {
        (underlying, period): (np.nan if years is None else years, np.nan if forward is None else forward)
        for underlying, period, years, forward in first.select(columns).iter_rows()
    }


def _slices(
    underlying: str, is_normal: bool, market: MarketData, known: Mapping[tuple[str, str], tuple[float, float]]
) -> list[_Slice]:
    """The expiries of an underlying, by time; without the SVI parameters of periods that have points."""
    found: dict[str, _Slice] = {}
    points = market.volatility_points.filter(pl.col("underlying") == underlying)
    for (period,), rows in points.group_by("period", maintain_order=True):
        years, forward = known.get((underlying, str(period)), (np.nan, np.nan))
        nowhere = 0.0 if is_normal else 1.0
        origin = forward if np.isfinite(forward) and (is_normal or forward > 0.0) else nowhere
        moneyness = _moneyness(rows["strike"].to_numpy(), origin, is_normal=is_normal)
        usable = np.isfinite(moneyness)
        if usable.any():
            surface = grid.grid_of(np.ones(usable.sum()), moneyness[usable], rows["volatility"].to_numpy()[usable])
            at = surface.moneyness
            found[str(period)] = _Slice(str(period), years, forward, origin, _of_points(surface), at)
    parameters = market.svi.filter((pl.col("underlying") == underlying) & ~pl.lit(is_normal))
    quoted = set(points["period"])
    for row in parameters.iter_rows(named=True):
        years, forward = known.get((underlying, row["period"]), (np.nan, np.nan))
        if row["period"] not in quoted:
            places = svi.places_of(row["m"], row["sigma"])
            places = np.unique(np.clip(places, -_FARTHEST, _FARTHEST))
            found[row["period"]] = _Slice(row["period"], years, forward, None, _of_svi(row, years), places)
    return sorted(found.values(), key=lambda one: (np.isnan(one.years), one.years, one.period))


def _of_points(surface: grid.VolatilityGrid) -> Callable[[FloatArray], FloatArray]:
    return lambda moneyness: grid.volatility_of(surface, 1.0, moneyness)


def _of_svi(row: Mapping[str, Any], years: float) -> Callable[[FloatArray], FloatArray]:
    if not years > 0.0:
        return lambda moneyness: np.full(moneyness.shape, np.nan)
    surface = svi.SviSurface(*(np.array([value]) for value in (years, *(row[name] for name in svi.PARAMETERS))))
    return lambda moneyness: svi.volatility_of(surface, years, moneyness)


def _looked_up(
    slices: Sequence[_Slice],
    periods: np.ndarray,
    years: FloatArray,
    strike: FloatArray,
    forward: FloatArray,
    *,
    is_normal: bool,
) -> FloatArray:
    """Volatilities of one underlying's options: of their own period, else between those around it."""
    volatility = np.full(len(years), np.nan)
    is_left: BoolArray = np.isfinite(years)
    for one in slices:
        own = periods == one.period
        moneyness = _moneyness(strike[own], forward[own] if one.origin is None else one.origin, is_normal=is_normal)
        volatility[own] = np.where(np.isfinite(moneyness), one.volatility(np.nan_to_num(moneyness)), np.nan)
        is_left &= ~own
    times = np.array([one.years for one in slices])
    if is_left.any() and all(one.is_placed for one in slices) and (np.diff(times) > 0.0).all():
        moneyness = _moneyness(strike, forward, is_normal=is_normal)
        is_left &= np.isfinite(moneyness)
        volatility[is_left] = volatility_between(
            times, years[is_left], moneyness[is_left], lambda expiry, places: slices[expiry].volatility(places) ** 2
        )
    return volatility


def _carried(slices: Sequence[_Slice], periods: pl.Series, years: FloatArray) -> int:
    """How many options have a volatility of an expiry that is not around them."""
    times = [one.years for one in slices]
    if not all(one.is_placed for one in slices):
        return 0
    is_other = ~periods.is_in([one.period for one in slices]).to_numpy()
    return int(np.sum(is_other & ((years < min(times)) | (years > max(times)))))


def _warnings(underlying: str, slices: Sequence[_Slice], market: MarketData) -> list[Problem]:
    """Neighbouring expiries between which total variance falls."""
    placed = [one for one in slices if one.is_placed]
    problems = []
    for near, far in pairwise(placed):
        places = _compared(near.places, far.places)
        totals = [one.years * one.volatility(places) ** 2 for one in (near, far)]
        fall = falling_variance(near.years, far.years, places, *totals)
        if fall is not None:
            problems.append(_warning(_calendar_message(underlying, near, far, fall), market, None))
    return problems


def _compared(near: FloatArray, far: FloatArray) -> FloatArray:
    """Places at which two expiries are compared: those that both reach, because beyond them nothing is quoted."""
    places = np.union1d(near, far)
    common = (places >= max(near[0], far[0])) & (places <= min(near[-1], far[-1]))
    return places[common] if common.any() else places


def _calendar_message(underlying: str, near: _Slice, far: _Slice, fall: CalendarArbitrage) -> str:
    return (
        f"the volatility surface of {underlying}: total variance falls from {near.period} to {far.period}, most at "
        f"moneyness {fall.moneyness:.4g} (from {fall.near_variance:.4g} to {fall.far_variance:.4g}), so that "
        "a calendar spread has a negative price; check the volatilities"
    )


def _unsound(underlyings: pl.Series, market: MarketData) -> list[Problem]:
    """SVI parameters of the underlyings that allow arbitrage."""
    problems = []
    for row in market.svi.filter(pl.col("underlying").is_in(underlyings.implode())).iter_rows(named=True):
        surface = svi.SviSurface(np.ones(1), *(np.array([row[name]]) for name in svi.PARAMETERS))
        code = svi.Soundness(svi.soundness(surface)[0])
        if code is not svi.Soundness.SOUND:
            message = f"the SVI parameters of {row['underlying']} {row['period']} {_FAULTS[code]}; check them"
            problems.append(_warning(message, market, row["line"]))
    return problems


def _warning(message: str, market: MarketData, line: int | None) -> Problem:
    is_one = len(market.sources) == 1
    path = market.sources[0].path if is_one else None
    return Problem(Reason.INVALID_VALUE, message, Severity.WARNING, file=path, line=line if is_one else None)
