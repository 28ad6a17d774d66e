"""One file per margin method: the steps of the engine in the order of that method; its name is the method's.

A method module has ``outcome(book, contracts, rates, house, policy)``, which margins a book; ``choices(house)``,
the house's choices as the method takes them; and ``DEFAULT_HOUSE``. Nothing registers a method: the modules of this
folder are the methods, ``london_span.py`` being ``london-span``; what begins with an underscore is shared by some.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from margin.methods._span_family import SpanOutcome
    from margin.model.house import HousePolicy, RoundingPolicy
    from margin.resolve.contracts import ResolvedContracts
    from margin.resolve.positions import ResolvedBook
    from margin.resolve.rates import RateTable
    from margin.spread.formed import FormedSpreads

DEFAULT_METHOD = "span"


class MarginMethod(Protocol):
    """What a module of this folder provides."""

    DEFAULT_HOUSE: str

    def choices(self, house: HousePolicy) -> HousePolicy:
        """The house's choices, those that the method makes itself in place of the house's."""

    def outcome(
        self,
        book: ResolvedBook,
        contracts: ResolvedContracts,
        rates: RateTable,
        house: HousePolicy,
        policy: RoundingPolicy,
        *,
        threads: int | None = None,
        record: Callable[[], FormedSpreads] = ...,
    ) -> SpanOutcome:
        """Margin a book.

        Args:
            book: Net and gross positions by account and contract.
            contracts: The contracts.
            rates: Rates of each account type, class and kind.
            house: The house's choices as `choices` gave them.
            policy: Rounding of every step.
            threads: Threads for the scenario sums; `None` for one per processor.
            record: Makes what takes the spreads of each run as they form.
        """


@cache
def method_names() -> tuple[str, ...]:
    """Names of all methods, sorted; imports none of them."""
    modules = (module.name for module in iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in modules if not name.startswith("_")))


def margin_method(name: str) -> MarginMethod:
    """The method of this name.

    Raises:
        ValueError: There is none; the message names those there are.
    """
    if name not in method_names():
        near = get_close_matches(name, method_names(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{name!r} is not a method{hint} (methods: {', '.join(method_names())})")
    return cast(MarginMethod, import_module(f"{__name__}.{name.replace('-', '_')}"))
