"""Values of European options on a lognormal future or spot in many scenarios, at little over the cost of N(d₁), N(d₂).

Formulas are those of `margin.value.models.black_76` and `black_scholes_merton`, written out as
D·(±F·N(±d₁) ∓ K·N(±d₂)). The two terms are each exact to a unit in the last place or two, so that a value is off by
about 1e-15 of the forward or strike, whichever is greater; the models themselves keep their relative precision far
out of the money too, where that is more than the value. Losses need no more than this.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value.pricing_models import PricingModel
from margin.value.shocks import Move, Priced, price_shift, shocked_volatility

MODELS = frozenset({"black_76", "black_scholes_merton"})


class EuropeanLadder:
    """Values and deltas of some contracts at one time to expiry, under any number of moves.

    What moves have in common is worked out once: logarithms by price move, deviations by volatility move.
    """

    def __init__(self, model: PricingModel, priced: Priced, years: FloatArray) -> None:
        """Prepare.

        Args:
            model: The model of the contracts, for those that its formula does not reach.
            priced: The contracts; few enough for their arrays to stay in a processor's cache.
            years: To expiry, not negative.
        """
        self._model, self._priced, self._years = model, priced, years
        self._root = np.sqrt(years)
        self._discount = np.exp(-priced.rate * years)
        self._sign = np.where(priced.is_call, 1.0, -1.0)
        self._signed_strike = self._sign * priced.strike
        self._growth = np.exp((priced.rate - priced.carry) * years) if model.IS_ON_SPOT else None
        self._levels: dict[Move, _Level] = {}
        self._deviations: dict[Move, _Deviation] = {}
        self._buffer = np.empty(len(priced))

    def values(self, price: Move, volatility: Move, out: FloatArray) -> None:
        """Write values to `out`, in price points."""
        level, deviation = self._level(price), self._deviation(volatility)
        second = self._buffer
        with np.errstate(invalid="ignore"):
            np.multiply(level.log_ratio, deviation.signed_inverse, out=out)
            np.add(out, deviation.signed_half, out=out)
            np.subtract(out, deviation.signed, out=second)
            ndtr(out, out=out)
            ndtr(second, out=second)
            np.multiply(out, level.signed_forward, out=out)
            np.multiply(second, self._signed_strike, out=second)
            np.subtract(out, second, out=out)
        np.maximum(out, 0.0, out=out)
        np.multiply(out, self._discount, out=out)
        rows = self._out_of_reach(level, deviation)
        if len(rows):
            out[rows] = self._model.value(
                level.price[rows], deviation.volatility[rows], self._years[rows], self._priced.at(rows).terms
            )

    def deltas(self, price: Move, volatility: Move, out: FloatArray) -> None:
        """Write derivatives of the values by the level to `out`."""
        level, deviation = self._level(price), self._deviation(volatility)
        with np.errstate(invalid="ignore"):
            np.multiply(level.log_ratio, deviation.signed_inverse, out=out)
            np.add(out, deviation.signed_half, out=out)
            ndtr(out, out=out)
        np.multiply(out, self._sign, out=out)
        np.multiply(out, self._discount, out=out)
        if self._growth is not None:
            np.multiply(out, self._growth, out=out)
        rows = self._out_of_reach(level, deviation)
        if len(rows):
            out[rows] = self._model.delta(
                level.price[rows], deviation.volatility[rows], self._years[rows], self._priced.at(rows).terms
            )

    def _level(self, move: Move) -> _Level:
        if move not in self._levels:
            price = self._priced.level + price_shift(self._priced, move)
            forward = price if self._growth is None else price * self._growth
            with np.errstate(divide="ignore", invalid="ignore"):
                log_ratio = np.log(forward / self._priced.strike)
            beyond = (price <= 0.0) | (self._priced.strike <= 0.0)
            self._levels[move] = _Level(price, self._sign * forward, log_ratio, beyond)
        return self._levels[move]

    def _deviation(self, move: Move) -> _Deviation:
        if move not in self._deviations:
            volatility = shocked_volatility(self._priced, move)
            deviation = volatility * self._root
            signed = self._sign * deviation
            with np.errstate(divide="ignore"):
                inverse = 1.0 / signed
            self._deviations[move] = _Deviation(volatility, signed, inverse, 0.5 * signed, deviation <= 0.0)
        return self._deviations[move]

    @staticmethod
    def _out_of_reach(level: _Level, deviation: _Deviation) -> np.ndarray:
        """Contracts that have expired, do not vary, or whose level or strike is not positive."""
        if not (level.has_beyond or deviation.has_still):
            return _NONE
        return np.flatnonzero(level.beyond | deviation.still)


_NONE = np.zeros(0, dtype=np.int64)


class _Level:
    """Contracts at one price."""

    __slots__ = ("beyond", "has_beyond", "log_ratio", "price", "signed_forward")

    def __init__(self, price: FloatArray, signed_forward: FloatArray, log_ratio: FloatArray, beyond: BoolArray) -> None:
        self.price, self.signed_forward, self.log_ratio, self.beyond = price, signed_forward, log_ratio, beyond
        self.has_beyond = bool(beyond.any())


class _Deviation:
    """Contracts at one volatility: volatility × √years with the sign of the option, its inverse and its half."""

    __slots__ = ("has_still", "signed", "signed_half", "signed_inverse", "still", "volatility")

    def __init__(
        self, volatility: FloatArray, signed: FloatArray, inverse: FloatArray, half: FloatArray, still: BoolArray
    ) -> None:
        self.volatility, self.signed, self.signed_inverse, self.signed_half = volatility, signed, inverse, half
        self.still = still
        self.has_still = bool(still.any())
