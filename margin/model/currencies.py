"""How many decimals the minor unit of a currency has (ISO 4217)."""

from __future__ import annotations

_NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
    *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DECIMALS = {**dict.fromkeys(_NO_DECIMALS, 0), **dict.fromkeys(_THREE_DECIMALS, 3)}


def minor_unit_decimals(currency: str) -> int:
    """Decimals of a currency's minor unit, for formats that do not state them; 2 for most."""
    return _DECIMALS.get(currency, 2)
