"""What a pricing model needs to know of contracts besides their market: one entry per contract."""

from __future__ import annotations

from dataclasses import dataclass, fields

from margin.numeric.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of contracts and the rates that stay still while prices and volatilities move.

    Arrays are of shape (contracts,), or (contracts, 1) where levels are of shape (contracts, scenarios).

    Attributes:
        strike: Options: strike; not read by models of linear contracts.
        is_call: Options: call or put.
        rate: Continuously compounded interest rate of the settlement currency, a fraction a year.
        carry: Continuously compounded yield of the underlying (dividend, coupon, foreign rate), a fraction a year.
    """

    strike: FloatArray
    is_call: BoolArray
    rate: FloatArray
    carry: FloatArray

    def column(self) -> Terms:
        """The same terms as a column, for levels of shape (contracts, scenarios)."""
        return Terms(*(getattr(self, field.name)[:, None] for field in fields(self)))
