"""Values of American options by approximation in many scenarios: one critical price for each volatility move.

Formulas are those of `margin.value.models.american` and `american_future`. A critical price depends on volatility,
time and rates alone, and finding it costs more than all else; price moves share it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.european_ladder import EuropeanLadder
from margin.value.models import _early_exercise, _ju_zhong
from margin.value.models.terms import Terms
from margin.value.pricing_models import PricingModel, pricing_model
from margin.value.shocks import Move, Priced, price_shift, shocked_volatility

MODELS = frozenset({"american", "american_future"})

_Function = Callable[[FloatArray, FloatArray, FloatArray, Terms], FloatArray]
"""`PricingModel.value` or `PricingModel.delta`."""


class AmericanLadder:
    """Values and deltas of some contracts at one time to expiry, under any number of moves."""

    def __init__(self, model: PricingModel, priced: Priced, years: FloatArray) -> None:
        """Prepare; arguments as of `EuropeanLadder`."""
        european = pricing_model("black_scholes_merton" if model.IS_ON_SPOT else "black_76")
        self._european = EuropeanLadder(european, priced, years)
        self._model, self._priced, self._years = model, priced, years
        terms = priced.terms if model.IS_ON_SPOT else _early_exercise.on_future(priced.terms)
        self._rate, self._carry = _early_exercise.put_rates(terms)
        self._has_boundary = (self._rate > 0.0) & (priced.strike > 0.0)
        self._is_between = _early_exercise.may_pay(terms) & (self._rate <= 0.0)
        self._sign = np.where(priced.is_call, 1.0, -1.0)
        self._levels: dict[Move, _Level] = {}
        self._boundaries: dict[Move, tuple[_ju_zhong.Boundary, BoolArray]] = {}

    def values(self, price: Move, volatility: Move, out: FloatArray) -> None:
        """Write values to `out`, in price points."""
        self._european.values(price, volatility, out)
        level, (boundary, is_still) = self._level(price), self._boundary(volatility)
        out += level.scale * boundary.premium(level.log_x)
        np.maximum(out, level.intrinsic, out=out)
        self._others(self._model.value, level, volatility, is_still, out)

    def deltas(self, price: Move, volatility: Move, out: FloatArray) -> None:
        """Write derivatives of the values by the level to `out`."""
        worth = np.empty_like(out)
        self._european.values(price, volatility, worth)
        self._european.deltas(price, volatility, out)
        level, (boundary, is_still) = self._level(price), self._boundary(volatility)
        premium, slope = boundary.premium(level.log_x), boundary.premium_slope(level.log_x)
        out += np.where(self._priced.is_call, premium - slope, slope * np.exp(-level.log_x))
        is_exercised = self._has_boundary & (level.intrinsic > 0.0)
        is_exercised &= worth + level.scale * premium <= level.intrinsic
        np.copyto(out, self._sign, where=is_exercised)
        self._others(self._model.delta, level, volatility, is_still, out)

    def _others(
        self, function: _Function, level: _Level, volatility: Move, is_still: BoolArray, out: FloatArray
    ) -> None:
        """Have the model itself value what is exercised between two prices, does not vary, or has no positive level."""
        rows = np.flatnonzero(self._is_between | is_still | level.is_beyond)
        if len(rows):
            shocked = shocked_volatility(self._priced, volatility)[rows]
            out[rows] = function(level.price[rows], shocked, self._years[rows], self._priced.at(rows).terms)

    def _level(self, move: Move) -> _Level:
        if move not in self._levels:
            self._levels[move] = _Level(self._priced, self._sign, move)
        return self._levels[move]

    def _boundary(self, move: Move) -> tuple[_ju_zhong.Boundary, BoolArray]:
        """Critical prices at shocked volatilities, a premium of 0 where there is none; and what does not vary."""
        if move not in self._boundaries:
            volatility = shocked_volatility(self._priced, move)
            is_still = _early_exercise.is_still(volatility, self._years)
            rows = self._has_boundary & ~is_still
            log_x = np.zeros(int(rows.sum()))
            puts = _early_exercise.Puts(log_x, volatility[rows], self._years[rows], self._rate[rows], self._carry[rows])
            found = _ju_zhong.boundary_of(puts)
            self._boundaries[move] = (found if rows.all() else found.among(rows)), is_still
        return self._boundaries[move]


class _Level:
    """Contracts at one price: what their puts of strike 1 need to know of it."""

    __slots__ = ("intrinsic", "is_beyond", "log_x", "price", "scale")

    def __init__(self, priced: Priced, sign: FloatArray, move: Move) -> None:
        self.price = priced.level + price_shift(priced, move)
        self.is_beyond = (self.price <= 0.0) | (priced.strike <= 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.log_x = np.where(self.is_beyond, 0.0, -sign * np.log(self.price / priced.strike))
        self.scale = np.where(priced.is_call, self.price, priced.strike)
        self.intrinsic = np.maximum(sign * (self.price - priced.strike), 0.0)
