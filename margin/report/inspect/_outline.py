"""The page of a document, by what the document is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from margin.report.inspect import _books, _changes, _market, _name, _parameters
from margin.report.inspect._blocks import Block, Limits

_PAGES = {
    "parameters": _parameters.blocks,
    "name": _name.blocks,
    "changes": _changes.blocks,
    "positions": _books.position_blocks,
    "market": _market.market_blocks,
    "house": _books.house_blocks,
}


def page_of(document: dict[str, Any], *, is_complete: bool) -> Iterator[Block]:
    """What a page for people shows of a document, from top to bottom.

    Args:
        document: The document.
        is_complete: Whether long lists are shown to their end.
    """
    return _PAGES[document["kind"]](document, Limits(is_complete))
