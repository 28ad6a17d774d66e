"""How large a number may be that figures are made of."""

from __future__ import annotations

LARGEST_NUMBER = 1e18
"""No price, rate, factor or loss is larger, in any currency; products of a few such numbers still fit into a double.

Without a bound a damaged exponent would pass as a number and turn figures infinite.
"""
