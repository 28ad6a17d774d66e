"""Amounts of money as people read them."""

from __future__ import annotations

from collections.abc import Mapping

USUAL_DECIMALS = 2


def amount_text(amount: float, currency: str | None, decimals: Mapping[str, int]) -> str:
    """An amount with thousands separators and the decimals of its currency: ``-1,234.50``.

    Args:
        amount: The amount; for display it is rounded to the currency's decimals, and never shown as ``-0``.
        currency: The currency's code.
        decimals: Decimals by currency code; two for a currency that is not named.
    """
    places = decimals.get(currency or "", USUAL_DECIMALS)
    return f"{amount:z,.{max(places, 0)}f}"
