"""What unquoted YAML scalars mean: the core schema of YAML 1.2 without its surprises.

Source: YAML 1.2.2, section 10.3.2 "Tag Resolution", without octal and hexadecimal numbers, which stay text.
"""

from __future__ import annotations

import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Whole numbers print back as they were written, so that a code of digits is the same code as text.
_WHOLE = re.compile(r"-?[1-9][0-9]{0,999}|0")
_DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def resolve_scalar(text: str) -> tuple[bool | int | float | str | None, str]:
    """The value of an unquoted scalar, and a complaint where it has none (empty text: no complaint).

    Numbers with leading zeros, underscores, colons, or in other bases are text; whole numbers with a plus
    sign are decimals.
    """
    if text in _NULLS:
        return None, ""
    if text in _BOOLEANS:
        return _BOOLEANS[text], ""
    if _WHOLE.fullmatch(text):
        return int(text), ""
    if _NOT_FINITE.fullmatch(text):
        return None, f"{text} is not a number to calculate with; expected a finite number"
    if not _DECIMAL.fullmatch(text):
        return text, ""
    value = float(text)
    if math.isinf(value):
        return None, f"the number {_short(text)} is too large to calculate with"
    if value == 0.0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        return (
            None,
            f"the number {_short(text)} is too close to zero to be told from it; write 0 if that is meant",
        )
    return value, ""


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
