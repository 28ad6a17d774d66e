"""XML text of single elements: names, escaped texts, and numbers in their shortest decimal form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

import numpy as np
import polars as pl

Content = str | int | float | bool | None
"""What an element can hold; `None` leaves the element out."""


def number(value: float) -> str:
    """A number in the shortest decimals that give the same double: no exponent, no needless zeros."""
    text = repr(float(value) + 0.0)  # the sum takes the sign from a negative zero
    return str(np.format_float_positional(value, trim="-")) if "e" in text else text.removesuffix(".0")


def numbers(values: pl.Series) -> pl.Series:
    """Many numbers as `number` writes them; null stays null."""
    texts = values.cast(pl.Float64).cast(pl.String).str.strip_suffix(".0")
    is_negative_zero = (texts == "-0").fill_null(value=False)
    if is_negative_zero.any():
        texts = texts.set(is_negative_zero, "0")
    is_scientific = texts.str.contains("e", literal=True).fill_null(value=False)
    if not is_scientific.any():
        return texts
    plain = pl.Series(
        [number(float(text)) if flag else None for text, flag in zip(texts, is_scientific, strict=True)],
        dtype=pl.String,
    )
    return plain.zip_with(is_scientific, texts)


def tag(name: str, content: Content) -> str:
    """An element, or nothing where the content is `None`; flags become 0 and 1."""
    if content is None:
        return ""
    if isinstance(content, bool):
        text = str(int(content))
    elif isinstance(content, str):
        text = escape(content)
    else:
        text = number(content)
    return f"<{name}>{text}</{name}>"


def tags(**contents: Content) -> str:
    """Elements in the order given, without those whose content is `None`."""
    return "".join(tag(name, content) for name, content in contents.items())


def element(name: str, *parts: str) -> str:
    """An element with elements inside, on one line."""
    return f"<{name}>{''.join(parts)}</{name}>"


def nested(name: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines inside an element whose tags stand on lines of their own."""
    yield f"<{name}>"
    yield from lines
    yield f"</{name}>"


def optional_elements(name: str, texts: pl.Expr) -> pl.Expr:
    """An element around each text of a column that needs no escaping; empty for null."""
    return (pl.lit(f"<{name}>") + texts + pl.lit(f"</{name}>")).fill_null("")
